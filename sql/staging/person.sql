-- Everybody that the directories and the crosswalk speak of.
select distinct person_id
from (
    select person_id from staging.directory
    union all
    select person_id from staging.crosswalk
)
