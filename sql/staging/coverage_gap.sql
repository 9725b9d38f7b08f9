-- Improbable gaps inside an export of outcomes: over all gaps of a source, an empty stretch had a probability under 1%.
with outcomes as (
    select 'escalation' as relation, _source as source, cast("at" as date) as day from core.escalation
    union all
    select 'offer', _source, cast(made_at as date) from core.offer
),

seen as (
    select relation, source, day, count(*) as row_count
    from outcomes
    where day is not null
    group by relation, source, day
),

contacts as (
    select cast(make_timestamp(900000000 * quarter) as date) as day, sum(agent_contacts) as contacts
    from staging.contact_quarter
    group by day
),

so_far as (
    select day, sum(contacts) over (order by day) as until_day, contacts from contacts
),

stretches as (
    select
        seen.relation,
        seen.source,
        lag(seen.day) over (partition by seen.relation, seen.source order by seen.day) as last_seen,
        seen.day as next_seen,
        so_far.until_day - so_far.contacts
            - lag(so_far.until_day) over (partition by seen.relation, seen.source order by seen.day) as contacts,
        sum(seen.row_count) over (partition by seen.relation, seen.source) as row_count,
        count(*) over (partition by seen.relation, seen.source) as days_seen,
        max(so_far.until_day) over (partition by seen.relation, seen.source)
            - min(so_far.until_day) over (partition by seen.relation, seen.source) as all_contacts
    from seen
    inner join so_far on so_far.day = seen.day
)

select relation, source, last_seen, next_seen, contacts
from stretches
where all_contacts > 0 and days_seen > 2
    and exp(-row_count * contacts / all_contacts) < 0.01 / days_seen
