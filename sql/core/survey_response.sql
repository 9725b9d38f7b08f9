-- Survey invitations and answers, with agent, team, channel, queue and week of their contact. Scales are converted to 0
-- (worst) to 1 (best). An invitation answered in another export gives its time to the answer (staging.survey_pair) and
-- has no row of its own.
with surveys as (
    select response.* replace (coalesce(response.invited_at, pair.invited_at) as invited_at)
    from staging.landed_survey_response as response
    left join staging.survey_pair as pair
        on pair._source = response._source and pair.response_id = response.response_id
    anti join staging.survey_pair as answered
        on answered.invitation_source = response._source and answered.invitation_id = response.response_id
),

linked as (
    select
        response.*,
        own.agent_key as own_agent_key,
        own.place_ix as own_place_ix,
        cast(
            coalesce(response.invited_at, response.answered_at) + to_seconds(coalesce(own.offset_s, 0)) as date
        ) as own_date,
        contact.contact_source,
        contact.leg,
        contact.agent_key as contact_agent_key,
        contact.place_ix as contact_place_ix,
        contact.local_date as contact_date,
        contact.channel,
        contact.queue
    from surveys as response
    left join staging.id_place as own
        on own.source = response._source
        and own.source_agent_id = response.source_agent_id
        and own.from_at <= coalesce(response.invited_at, response.answered_at)
        and coalesce(response.invited_at, response.answered_at) < own.to_at
    left join staging.contact_link as contact
        on contact.interaction_id = response.interaction_id
    qualify row_number() over (
        partition by response._source, response.response_id
        order by
            (contact.agent_key = own.agent_key) desc nulls last, contact.is_first desc nulls last,
            contact.contact_source, contact.leg
    ) = 1
)

select
    linked._source,
    linked.response_id,
    linked.contact_source,
    linked.interaction_id,
    linked.leg,
    coalesce(linked.contact_agent_key, linked.own_agent_key) as agent_key,
    linked.invited_at,
    linked.answered_at,
    linked.csat_raw,
    linked.scale_min,
    linked.scale_max,
    (linked.csat_raw - linked.scale_min) / (linked.scale_max - linked.scale_min) as csat_norm,
    linked.felt_heard,
    (linked.felt_heard - linked.felt_heard_min) / (linked.felt_heard_max - linked.felt_heard_min) as felt_heard_norm,
    linked.nps,
    coalesce(linked.contact_place_ix, linked.own_place_ix) as place_ix,
    case when linked.contact_place_ix is null then linked.own_date else linked.contact_date end as local_date,
    cast(
        date_trunc('week', case when linked.contact_place_ix is null then linked.own_date else linked.contact_date end)
        as date
    ) as week,
    linked.channel,
    linked.queue,
    linked._file_id,
    linked._line,
    parameter.run_id as _run_id
from linked
cross join staging.parameter as parameter
