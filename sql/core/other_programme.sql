-- Courses of other programmes of the same people, as the configuration states them.
select
    programme,
    course_id
from staging.other_programme
