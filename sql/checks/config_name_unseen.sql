-- severity: warning
-- sentence: {n} {names|name} of the configuration {occur|occurs} nowhere in the data; results that use {them|it} are empty.
-- advice: Is it written as in the export?
select setting, name
from staging.named_in_config
where not met
