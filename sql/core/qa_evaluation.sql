-- Evaluations, with the agent evaluated; channel, queue and week are those of the contact where it was this agent's. An
-- evaluation that names another agent's contact counts at the time of the evaluation.
with named as (
    select
        evaluation.*,
        contact.contact_source,
        contact.leg,
        contact.channel,
        contact.queue,
        contact.is_first,
        coalesce(contact.agent_key = own.agent_key, false) as is_own_contact,
        case
            when contact.agent_key <> own.agent_key then evaluation.evaluated_at
            else coalesce(contact.started_at, evaluation.evaluated_at)
        end as happened_at
    from staging.landed_qa_evaluation as evaluation
    left join staging.contact_link as contact
        on contact.interaction_id = evaluation.interaction_id
    left join staging.id_place as own
        on own.source = evaluation._source
        and own.source_agent_id = evaluation.source_agent_id
        and own.from_at <= contact.started_at
        and contact.started_at < own.to_at
),

candidates as (
    select
        named.*,
        place.agent_key,
        place.place_ix,
        place.offset_s
    from named
    left join staging.id_place as place
        on place.source = named._source
        and place.source_agent_id = named.source_agent_id
        and place.from_at <= named.happened_at
        and named.happened_at < place.to_at
),

linked as (
    select
        *,
        cast(happened_at + to_seconds(coalesce(offset_s, 0)) as date) as local_date
    from candidates
    qualify row_number() over (
        partition by _source, evaluation_id
        order by is_own_contact desc, is_first desc nulls last, contact_source, leg
    ) = 1
)

select
    linked._source,
    linked.evaluation_id,
    linked.agent_key,
    case when linked.is_own_contact then linked.contact_source end as contact_source,
    linked.interaction_id,
    case when linked.is_own_contact then linked.leg end as leg,
    evaluator.evaluator_key,
    linked.form_version,
    linked.evaluated_at,
    coalesce(
        linked.empathy_score,
        (
            linked.active_listening + linked.personalisation + linked.probing_questions + linked.perspective_taking
            + linked.trigger_free_language
        ) / 5
    ) as empathy_score,
    linked.active_listening,
    linked.personalisation,
    linked.probing_questions,
    linked.perspective_taking,
    linked.trigger_free_language,
    linked.critical_fail,
    coalesce(linked.calibration, false) as calibration,
    linked.place_ix,
    linked.local_date,
    cast(date_trunc('week', linked.local_date) as date) as week,
    case when linked.is_own_contact then linked.channel end as channel,
    case when linked.is_own_contact then linked.queue end as queue,
    linked._file_id,
    linked._line,
    parameter.run_id as _run_id
from linked
cross join staging.parameter as parameter
left join staging.evaluator as evaluator
    on evaluator.source = linked._source and evaluator.source_evaluator_id = linked.source_evaluator_id
