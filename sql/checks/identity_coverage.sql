-- severity: warning
-- sentence: In {n} {sources|source} fewer than 98% of the rows that name an agent were matched to a person.
-- advice: `empathy rejects list` names the lines with such ids; add the ids to the crosswalk or to the export of employees.
select source, "rows", rows_matched, ambiguous, unknown
from meta.identity_coverage
where rows_matched < 0.98 * "rows"
