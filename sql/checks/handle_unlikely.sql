-- severity: warning
-- sentence: In {n} {sources|source} of contacts the usual handling time cannot be one in seconds: it is under 15 of them, over four hours, or under a tenth of the length of a call.
-- advice: In which unit is it exported? The option duration_unit = "min" reads minutes, "h" hours, "ms" milliseconds, "d" days, as workbooks keep a time.
-- "Usual" means more than half of the contacts; counting is faster than a median over many millions.
with handled as (
    select
        _source,
        handle_s,
        case when channel = 'voice' and ended_at > started_at then epoch(ended_at) - epoch(started_at) end as call_s
    from staging.landed_interaction
    where handle_s > 0
)

select _source, count(*) as contacts, avg(handle_s) as mean_handle_s, avg(call_s) as mean_call_s
from handled
group by _source
having count(*) >= 10
    and (
        2 * count(*) filter (where handle_s < 15) > count(*)
        or 2 * count(*) filter (where handle_s > 14400) > count(*)
        or (count(call_s) >= 10 and 2 * count(*) filter (where handle_s < 0.1 * call_s) > count(call_s))
    )
