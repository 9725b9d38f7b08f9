-- Corrections of entries about people, without the person and the value: who made it, when, why, and its outcome.
select
    correction._source,
    correction.table_name,
    correction.corrected_source,
    correction.action,
    correction.field,
    correction.corrected_by,
    correction.corrected_at,
    correction.why,
    effect.status,
    effect.entries,
    correction._file_id,
    correction._line,
    parameter.run_id as _run_id
from staging.landed_correction as correction
cross join staging.parameter as parameter
left join staging.correction_effect as effect
    on effect._file_id = correction._file_id and effect._line = correction._line
