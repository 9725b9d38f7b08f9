-- The weeks (Mondays) that the data cover, with the first and last covered day of each.
with bounds as (
    select first_day, last_day, cast(date_trunc('week', first_day) as date) as first_week
    from staging.window
    where first_day is not null
)

select
    cast(first_week + 7 * step.week_ix as date) as week,
    step.week_ix,
    greatest(first_day, cast(first_week + 7 * step.week_ix as date)) as first_day,
    least(last_day, cast(first_week + 7 * step.week_ix + 6 as date)) as last_day
from bounds
cross join (select cast(unnest(range(0, 5000)) as integer) as week_ix) as step
where first_week + 7 * step.week_ix <= last_day
