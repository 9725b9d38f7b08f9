-- severity: warning
-- sentence: In {n} {sources|source} of contacts the usual handling time cannot be one in seconds: it is under 15 of them, over four hours, or under a tenth of the length of a call.
-- advice: In which unit is it exported? The option duration_unit = "min" reads minutes, "h" hours, "ms" milliseconds, "d" days, as workbooks keep a time.
select
    _source,
    count(*) as contacts,
    median(handle_s) as usual_handle_s,
    median(epoch(ended_at) - epoch(started_at)) filter (where channel = 'voice') as usual_call_s
from staging.landed_interaction
where handle_s > 0
group by _source
having count(*) >= 10
    and (
        median(handle_s) < 15
        or median(handle_s) > 14400
        or median(handle_s) filter (where channel = 'voice' and ended_at > started_at)
        < 0.1 * median(epoch(ended_at) - epoch(started_at)) filter (where channel = 'voice' and ended_at > started_at)
    )
