-- severity: warning
-- sentence: {n} {courses|course} in the training records {are|is} not listed in [[programme.courses]] and {do|does} not count.
-- advice: List {them|it} there if {they belong|it belongs} to the programme.
select training.course_id, count(*) as records
from core.training as training
left join staging.course as course on course.course_id = training.course_id
where course.course_id is null
group by training.course_id
