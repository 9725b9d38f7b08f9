-- The days each source of outcomes covers. They begin and end where the configuration or the names of its files say,
-- else at its first and last row: time before the first row counts as not covered if no row in it would have a
-- probability under 1% at the later rate of rows per contact; likewise time after the last. The rate leaves out the row
-- that set the end of the span, which was not chosen at random. Within a week that is cut, days count from Monday
-- unless they too are improbably empty. is_tied: at least half of the rows that should name a contact name a loaded
-- one.
with outcomes as (
    select
        'escalation' as relation, _source, cast("at" as date) as day, kind <> 'complaint' as needs_contact,
        contact_source
    from core.escalation
    union all
    select 'offer', _source, cast(made_at as date), true, contact_source from core.offer
    union all
    select 'customer_event', _source, cast("at" as date), false, null from core.customer_event
    union all
    select 'qa_evaluation', _source, local_date, false, null from core.qa_evaluation
    union all
    select 'utterance', _source, local_date, false, null from core.conversation
),

spans as (
    select
        relation,
        _source,
        count(*) as row_count,
        min(day) as first_day,
        max(day) as last_day,
        count(*) filter (where needs_contact) as untied_at_most,
        count(*) filter (where needs_contact and contact_source is not null) as tied
    from outcomes
    where day is not null
    group by relation, _source
),

days as (
    select cast(make_timestamp(900000000 * quarter) as date) as day, sum(agent_contacts) as contacts
    from staging.contact_quarter
    group by day
),

exposed as (
    select
        spans.relation,
        spans._source,
        coalesce(sum(days.contacts) filter (where days.day < spans.first_day), 0) as before,
        coalesce(sum(days.contacts) filter (where days.day >= spans.first_day), 0) as from_first,
        coalesce(sum(days.contacts) filter (where days.day > spans.last_day), 0) as after,
        coalesce(sum(days.contacts) filter (where days.day <= spans.last_day), 0) as to_last,
        coalesce(sum(days.contacts) filter (
            where days.day < spans.first_day and days.day >= date_trunc('week', spans.first_day)
        ), 0) as before_in_week,
        coalesce(sum(days.contacts) filter (
            where days.day > spans.last_day and days.day < date_trunc('week', spans.last_day) + interval 7 day
        ), 0) as after_in_week
    from spans
    cross join days
    group by spans.relation, spans._source
),

rated as (
    select
        spans.*,
        exposed.* exclude (relation, _source),
        exp(-(spans.row_count - 1) * exposed.before / greatest(exposed.from_first, 1)) < 0.01 as begins_late,
        exp(-(spans.row_count - 1) * exposed.after / greatest(exposed.to_last, 1)) < 0.01 as ends_early
    from spans
    left join exposed on exposed.relation = spans.relation and exposed._source = spans._source
),

-- An export cut at one end has a higher rate than contacts beyond that end make it seem: the other end is asked again.
rates as (
    select
        *,
        (row_count - 1) / greatest(case when ends_early then from_first - after else from_first end, 1) as later_rate,
        (row_count - 1) / greatest(case when begins_late then to_last - before else to_last end, 1) as sooner_rate
    from rated
),

chances as (
    select
        *,
        exp(-later_rate * before) as empty_before,
        exp(-sooner_rate * after) as empty_after,
        exp(-later_rate * before_in_week) as empty_in_first_week,
        exp(-sooner_rate * after_in_week) as empty_in_last_week
    from rates
)

select
    chances.relation,
    chances._source as source,
    chances.row_count,
    chances.first_day,
    chances.last_day,
    case
        when declared.begins is not null then declared.begins
        when chances.empty_before < 0.01 and chances.empty_in_first_week < 0.01 then chances.first_day
        when chances.empty_before < 0.01 then cast(date_trunc('week', chances.first_day) as date)
    end as known_from,
    case
        when declared.ends is not null then declared.ends
        when chances.empty_after < 0.01 and chances.empty_in_last_week < 0.01 then chances.last_day
        when chances.empty_after < 0.01 then cast(date_trunc('week', chances.last_day) + interval 6 day as date)
    end as known_to,
    case
        when declared.begins is not null then declared.begins_by
        when chances.empty_before < 0.01 then 'first row'
    end as from_by,
    case
        when declared.ends is not null then declared.ends_by
        when chances.empty_after < 0.01 then 'last row'
    end as to_by,
    chances.tied * 2 >= chances.untied_at_most as is_tied
from chances
left join staging.declared_span as declared on declared.source = chances._source
