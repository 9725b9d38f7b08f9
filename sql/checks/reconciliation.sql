-- severity: error
-- sentence: {n} relations do not reconcile with the files they come from.
select relation, "rows", from_files, difference
from meta.reconciliation
where difference <> 0
