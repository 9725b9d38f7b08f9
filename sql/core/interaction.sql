-- Contacts, one row per leg, with agent, team and site at their start. A contact that reached no agent is kept without
-- a place: it is counted, and is part of no agent's KPI. An outcome is NULL, not false, on days that the exports do not
-- cover (staging.known). Only places in force during the contacts are joined.
with reach as (
    select min(happened_at) as first_at, max(happened_at) as last_at from staging.moment
),

place as (
    select
        id_place.source,
        id_place.source_agent_id,
        id_place.agent_key,
        id_place.place_ix,
        id_place.offset_s,
        id_place.from_at,
        id_place.to_at
    from staging.id_place as id_place
    cross join reach
    where id_place.from_at <= reach.last_at and reach.first_at < id_place.to_at
),

placed as (
    select
        contact.*,
        place.agent_key,
        place.place_ix,
        cast(contact.started_at + to_seconds(coalesce(place.offset_s, 0)) as date) as local_date
    from staging.landed_interaction as contact
    left join place
        on place.source = contact._source
        and place.source_agent_id = contact.source_agent_id
        and place.from_at <= contact.started_at
        and contact.started_at < place.to_at
)

select
    contact._source,
    contact.interaction_id,
    contact.leg,
    contact.agent_key,
    customer.pseudonym as customer_key,
    contact.started_at,
    contact.ended_at,
    contact.channel,
    contact.queue,
    contact.reason,
    contact.handle_s,
    contact.transferred,
    contact.hostile,
    coalesce(contact.eligible, true) as eligible,
    contact.parent_id,
    case
        when contact.local_date between known.escalations_from and known.escalations_to then coalesce(outcome.escalated, false)
    end as escalated,
    case
        when contact.local_date between known.offers_from and known.offers_to then coalesce(outcome.offered, false)
    end as offered,
    case
        when contact.local_date between known.upsells_from and known.upsells_to then coalesce(outcome.upsell_sold, false)
    end as upsell_sold,
    case
        when contact.local_date between known.cross_sells_from and known.cross_sells_to then coalesce(outcome.cross_sell_sold, false)
    end as cross_sell_sold,
    case
        when contact.local_date between known.offers_from and known.offers_to and not coalesce(outcome.has_unknown_amount, false)
            then coalesce(outcome.sold_amount, 0)
    end as sold_amount,
    coalesce(contact.local_date between known.complaints_from and known.complaints_to, false) as complaints_known,
    coalesce(contact.local_date between known.evaluations_from and known.evaluations_to, false) as evaluations_known,
    coalesce(contact.local_date between known.transcripts_from and known.transcripts_to, false) as transcripts_known,
    contact.place_ix,
    contact.local_date,
    cast(date_trunc('week', contact.local_date) as date) as week,
    contact._file_id,
    contact._line,
    parameter.run_id as _run_id
from placed as contact
cross join staging.parameter as parameter
cross join staging.known as known
left join staging.contact_outcome as outcome
    on outcome.contact_source = contact._source
    and outcome.interaction_id = contact.interaction_id
    and outcome.leg = contact.leg
left join staging.customer_key as customer
    on customer.identifier = contact.source_customer_id
