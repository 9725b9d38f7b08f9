-- severity: warning
-- sentence: {n} {surveys name|survey names} a contact that is not among the contacts loaded (or is another agent's); {they count|it counts} without channel and queue, or not at all.
-- advice: Does the export of contacts begin later or end sooner, or name contacts otherwise?
select _source, response_id, interaction_id
from core.survey_response
where interaction_id is not null and contact_source is null
