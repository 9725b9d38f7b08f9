-- severity: warning
-- sentence: In {n} {sources|source} of contacts the usual handling time cannot be one in seconds: it is under 15 of them, over four hours, or under a tenth of the length of a call.
-- advice: In which unit is it exported? The option duration_unit = "min" reads minutes, "h" hours, "ms" milliseconds, "d" days, as workbooks keep a time.
-- Usual is what more than half of the contacts have; they are counted, as a median of many millions is slow. Means are
-- taken of the sources that are told only.
with unlikely as (
    select _source
    from (
        select
            _source,
            count(*) as contacts,
            sum((handle_s < 15)::int) as short,
            sum((handle_s > 14400)::int) as long,
            sum((channel = 'voice' and ended_at > started_at)::int) as calls,
            sum((channel = 'voice' and handle_s * 10000000 < epoch_us(ended_at) - epoch_us(started_at))::int) as beside
        from staging.landed_interaction
        where handle_s > 0
        group by _source
    )
    where contacts >= 10 and (2 * short > contacts or 2 * long > contacts or (calls >= 10 and 2 * beside > calls))
)

select
    _source,
    count(*) as contacts,
    avg(handle_s) as mean_handle_s,
    avg(epoch(ended_at) - epoch(started_at)) filter (where channel = 'voice' and ended_at > started_at) as mean_call_s
from unlikely
join staging.landed_interaction using (_source)
where handle_s > 0
group by _source
