-- severity: warning
-- sentence: {n} {courses|course} of [[programme.courses]] {appear|appears} in no training record.
-- advice: Is the course id written as in the export?
select course.course_id, course.is_treatment
from staging.course as course
left join core.training as training on training.course_id = course.course_id
where training.course_id is null
