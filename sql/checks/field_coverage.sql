-- severity: warning
-- sentence: {n} {fields on which KPIs rest are|field on which a KPI rests is} missing from exports or mostly empty; results that need {them|it} are unknown there.
-- advice: Export {these columns|this column}, or map {them|it}.
select source, relation, field, "rows", filled
from meta.field_coverage
where sentence <> ''
