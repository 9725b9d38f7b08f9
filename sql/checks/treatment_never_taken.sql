-- severity: warning
-- sentence: {n} treatment {courses|course} of [[programme.courses]] {appear|appears} in no training record.
-- advice: Is the course id written as in the export?
select course.course_id
from staging.course as course
left join core.training as training on training.course_id = course.course_id
where course.is_treatment and training.course_id is null
