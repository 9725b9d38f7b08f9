-- All persons in the directories and the crosswalk.
select distinct person_id
from (
    select person_id from staging.directory
    union all
    select person_id from staging.crosswalk
)
