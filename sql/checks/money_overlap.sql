-- severity: warning
-- sentence: {n} {amounts of money may hold|amount of money may hold} what another amount brings too; it would be counted twice.
-- advice: Write the amount without it and add contains = [] under [value.kpis], or leave one of the two out.
select kpi, often_holds, counted_by
from staging.money_overlap
