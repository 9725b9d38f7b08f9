-- severity: warning
-- sentence: In {n} {columns|column} of numbers every dot stands before exactly three digits; 1.230 was read as 1.23, and may be 1,230.
-- advice: Say which it is for the source: the option decimal = "," reads thousands, decimal = "." reads decimals.
-- One number of the source that cannot be a thousand (1.5) shows the format of all.
with sources as (
    select source, bool_or(met and form = '1.5') as has_decimals
    from staging.number_form
    group by source
)

select form.source, form.column_name
from staging.number_form as form
inner join sources
    on sources.source = form.source and not sources.has_decimals
group by form.source, form.column_name
having bool_or(form.met and form.form = '1.230') and not bool_or(form.met and form.form = '1230')
