-- severity: warning
-- sentence: {n} {times another programme|time another programme} ran across a training wave.
-- advice: It is a concurrent treatment: where the trained took it and others did not, the two cannot be told apart.
with waves as (
    select agent_key, coalesce(scheduled_week, trained_week) as wave
    from mart.agent
),

taken as (
    select training.agent_key, other.programme, min(training.completed_on) as completed_on
    from core.training as training
    inner join core.other_programme as other
        on other.course_id = training.course_id
    where training.status = 'completed'
    group by training.agent_key, other.programme
),

across as (
    select taken.programme, waves.wave, count(*) as trained
    from waves
    inner join taken
        on taken.agent_key = waves.agent_key
    where taken.completed_on between waves.wave - 28 and waves.wave + 91
    group by taken.programme, waves.wave
)

select
    across.programme,
    across.wave as week,
    across.trained,
    count(others.agent_key) as untrained
from across
left join taken
    on taken.programme = across.programme
    and taken.completed_on between across.wave - 28 and across.wave + 91
left join waves as others
    on others.agent_key = taken.agent_key
    and (others.wave is null or others.wave > across.wave)
group by across.programme, across.wave, across.trained
