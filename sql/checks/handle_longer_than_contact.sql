-- severity: warning
-- sentence: In {n} {sources|source} of contacts handling takes more than twice the time from start to end in over 5% of the contacts that have both.
-- advice: In which unit is it exported? The option duration_unit = "ms" reads milliseconds.
-- Ten extra minutes are allowed for after-contact work.
select
    _source,
    count(*) as contacts,
    avg(handle_s) as mean_handle_s,
    avg(epoch(ended_at) - epoch(started_at)) as mean_length_s
from staging.landed_interaction
where ended_at is not null and handle_s is not null
group by _source
having count(*) filter (where handle_s > 2 * (epoch(ended_at) - epoch(started_at)) + 600) > 0.05 * count(*)
