-- severity: error
-- sentence: {n} {relations do|relation does} not reconcile with the files {they come|it comes} from.
select relation, "rows", from_files, difference
from meta.reconciliation
where difference <> 0
