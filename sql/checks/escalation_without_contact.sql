-- severity: warning
-- sentence: {n} {escalations name|escalation names} no contact; {they are|it is} missing from the share of contacts that are escalated.
-- advice: Does the export have a column with the id of the contact?
select _source, escalation_id, kind
from core.escalation
where interaction_id is null and kind <> 'complaint'
