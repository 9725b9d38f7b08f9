-- severity: warning
-- sentence: In {n} {sources|source} of surveys the answers do not fit the configured scale: none of at least 30 is in its best fifth, or more than half are the worst possible.
-- advice: The constants of the source say which scale it is: scale_max = 3 for 1 to 3; scale_min = 5 and scale_max = 1 where 1 is the best.
with answers as (
    select _source as source, 'csat_raw' as item, (csat_raw - scale_min) / (scale_max - scale_min) as norm
    from staging.landed_survey_response
    where csat_raw is not null
    union all
    select _source, 'felt_heard', (felt_heard - felt_heard_min) / (felt_heard_max - felt_heard_min)
    from staging.landed_survey_response
    where felt_heard is not null
)

select source, item, count(*) as answers, avg(norm) as usual_share_of_the_scale
from answers
group by source, item
having count(*) >= 30 and (max(norm) < 0.8 or count(*) filter (where norm = 0) > 0.5 * count(*))
