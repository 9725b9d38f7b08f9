-- severity: warning
-- sentence: {n} {stretches|stretch} inside an export of outcomes {have|has} no row where many would be expected; contacts in {them|it} count as without outcome.
-- advice: Is a file missing?
select relation, source, last_seen, next_seen, contacts
from staging.coverage_gap
