-- severity: warning
-- sentence: {n} {days have|day has} less than half or more than twice the contacts usual for {their|its} weekday.
-- advice: Is a file missing, or loaded twice under two names?
-- Days are in the project's time zone for all sites, because exports are cut by one clock.
with timed as (
    select _source, make_timestamp(900000000 * quarter) as began_at, contacts from staging.contact_quarter
),

days as (
    select
        timed._source,
        cast(timed.began_at + to_seconds(zone_offset.offset_s) as date) as local_date,
        sum(timed.contacts) as contacts
    from timed
    cross join staging.parameter as parameter
    inner join staging.zone_offset as zone_offset
        on zone_offset.zone = parameter.default_zone
        and zone_offset.from_at <= timed.began_at
        and timed.began_at < zone_offset.to_at
    group by timed._source, local_date
),

calendar as (
    select sources._source, cast(week.week + step.offset_days as date) as local_date
    from (select _source, min(local_date) as first_day, max(local_date) as last_day from days group by _source) as sources
    cross join core.week as week
    cross join (select cast(unnest(range(0, 7)) as integer) as offset_days) as step
    where week.week + step.offset_days between sources.first_day + 1 and sources.last_day - 1
),

complete as (
    select calendar._source, calendar.local_date, coalesce(days.contacts, 0) as contacts
    from calendar
    left join days on days._source = calendar._source and days.local_date = calendar.local_date
),

usual as (
    select
        *,
        median(contacts) over (partition by _source, isodow(local_date)) as usual_contacts,
        count(*) over (partition by _source, isodow(local_date)) as same_weekdays
    from complete
)

select _source, local_date, contacts, usual_contacts
from usual
where same_weekdays >= 4 and usual_contacts >= 20
    and (contacts < 0.5 * usual_contacts or contacts > 2 * usual_contacts)
