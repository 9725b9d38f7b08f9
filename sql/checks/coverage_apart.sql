-- severity: warning
-- sentence: {n} {exports of outcomes begin or end|export of outcomes begins or ends} while another of the same kind goes on; the KPI changes there because the exports do.
-- advice: Export both for the same time; where one system replaced the other, this is right.
select coverage.relation, coverage.source, coverage.known_from, coverage.known_to, other.source as other_source
from staging.coverage as coverage
inner join staging.coverage as other
    on other.relation = coverage.relation
    and other.source <> coverage.source
    and (
        coverage.known_from between coalesce(other.known_from, date '0001-01-01') + 14
            and coalesce(other.known_to, date '9999-12-31') - 14
        or coverage.known_to between coalesce(other.known_from, date '0001-01-01') + 14
            and coalesce(other.known_to, date '9999-12-31') - 14
    )
cross join staging.window as bounds
where coverage.known_from > bounds.first_day or coverage.known_to < bounds.last_day
