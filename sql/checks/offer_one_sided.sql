-- severity: warning
-- sentence: {n} {sources|source} of offers {tell|tells} what was sold and not what was offered: all of at least 30 offers were accepted, or nearly every contact has one.
-- advice: Export the offers that were declined too; until then hide offer_rate and offer_acceptance, as [kpis.offer_rate] hidden = true does.
with spans as (
    select _source as source, min(made_at) as first_at, max(made_at) as last_at, count(*) as offers,
        count(distinct interaction_id) as contacts, count(*) filter (where accepted) as accepted
    from core.offer
    group by _source
),

handled as (
    select spans.source, sum(contact.agent_contacts) as contacts
    from spans
    inner join staging.contact_quarter as contact
        on make_timestamp(900000000 * contact.quarter) between date_trunc('hour', spans.first_at) and spans.last_at
    group by spans.source
)

select spans.source, spans.offers, spans.accepted, handled.contacts
from spans
left join handled
    on handled.source = spans.source
where spans.offers >= 30 and (spans.accepted = spans.offers or spans.contacts >= 0.99 * handled.contacts)
