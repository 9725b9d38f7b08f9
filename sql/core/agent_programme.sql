-- Planned and completed training of each agent. With complete = "any" the first completed treatment course makes an
-- agent trained, with "all" the last one.
with per_course as (
    select
        training.agent_key,
        training.course_id,
        min(training.planned_on) filter (where training.status = 'planned' or training.planned_on is not null)
            as planned_on,
        min_by(training.planned_wave, training.planned_on) filter (where training.planned_wave is not null)
            as planned_wave,
        min(training.started_on) as started_on,
        min(training.completed_on) filter (where training.status = 'completed') as completed_on
    from core.training as training
    inner join staging.course as course on course.course_id = training.course_id
    where course.is_treatment
    group by training.agent_key, training.course_id
),

treatments as (
    select count(*) as courses from staging.course where is_treatment
),

per_agent as (
    select
        per_course.agent_key,
        count(per_course.completed_on) as courses_completed,
        min(per_course.completed_on) as first_completed_on,
        max(per_course.completed_on) as last_completed_on,
        min(per_course.planned_on) as first_planned_on,
        max(per_course.planned_on) as last_planned_on,
        min_by(per_course.planned_wave, per_course.planned_on) as planned_wave
    from per_course
    group by per_course.agent_key
),

decided as (
    select
        per_agent.*,
        case
            when parameter.complete = 'any' then per_agent.first_completed_on
            when per_agent.courses_completed = treatments.courses then per_agent.last_completed_on
        end as trained_on,
        case
            when parameter.complete = 'any' then per_agent.first_planned_on else per_agent.last_planned_on
        end as scheduled_on
    from per_agent
    cross join treatments
    cross join staging.parameter as parameter
)

select
    agent_key,
    trained_on,
    cast(date_trunc('week', trained_on) as date) as trained_week,
    scheduled_on,
    cast(date_trunc('week', scheduled_on) as date) as scheduled_week,
    planned_wave,
    cast(courses_completed as integer) as courses_completed
from decided
