-- Courses of other programmes of the same people, from the configuration.
select
    programme,
    course_id
from staging.other_programme
