-- Training attempts and plans, with the completion day in the time zone of the agent's site.
select
    training._source,
    identity.agent_key,
    training.course_id,
    training.attempt,
    training.status,
    training.assigned_at,
    training.planned_wave,
    training.planned_on,
    training.started_at,
    training.completed_at,
    cast(training.started_at + to_seconds(coalesce(place.offset_s, 0)) as date) as started_on,
    cast(training.completed_at + to_seconds(coalesce(place.offset_s, 0)) as date) as completed_on,
    training.score,
    training._file_id,
    training._line,
    parameter.run_id as _run_id
from staging.landed_training as training
cross join staging.parameter as parameter
left join staging.identity as identity
    on identity.source = training._source
    and identity.source_agent_id = training.source_agent_id
    and identity.valid_from <= coalesce(
        training.completed_at, training.started_at, training.assigned_at, cast(training.planned_on as timestamp),
        timestamp '9999-12-30'
    )
    and coalesce(
        training.completed_at, training.started_at, training.assigned_at, cast(training.planned_on as timestamp),
        timestamp '9999-12-30'
    ) < identity.valid_to
left join core.agent_place as place
    on place.agent_key = identity.agent_key
    and place.from_at <= coalesce(training.completed_at, training.started_at)
    and coalesce(training.completed_at, training.started_at) < place.to_at
