-- severity: warning
-- sentence: {n} {offers name|offer names} no contact; {they are|it is} missing from the share of contacts that sold.
-- advice: Does the export have a column with the id of the contact?
select _source, offer_id, kind
from core.offer
where interaction_id is null
