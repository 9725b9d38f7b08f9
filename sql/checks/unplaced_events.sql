-- severity: warning
-- sentence: {n} {escalations, surveys or offers|escalation, survey or offer} could not be given to any agent and {take|takes} part in no KPI.
-- advice: {Do they|Does it} name a contact or an agent that the exports do not have?
select 'escalation' as relation, _source, escalation_id as id from core.escalation where place_ix is null
union all
select 'survey_response', _source, response_id from core.survey_response where place_ix is null
union all
select 'offer', _source, offer_id from core.offer where place_ix is null
