-- severity: warning
-- sentence: {n} {exports of outcomes cover|export of outcomes covers} a part of the time of the contacts only; KPIs that rest on {them|it} are unknown outside it.
-- advice: Export the rest; or, where nothing happened in that time, give the days the export covers: begins and ends of its section.
select
    coverage.relation,
    coverage.source,
    coverage.known_from,
    coverage.from_by,
    coverage.known_to,
    coverage.to_by
from staging.coverage as coverage
cross join staging.window as bounds
where coverage.known_from > bounds.first_day or coverage.known_to < bounds.last_day
