-- severity: warning
-- sentence: {n} {kinds of data end|kind of data ends} more than 14 days before the contacts do.
-- advice: Is the newest export missing?
with ends as (
    select 'escalation' as relation, cast(max("at") as date) as last_day from core.escalation
    union all
    select 'survey_response', cast(max(coalesce(answered_at, invited_at)) as date) from core.survey_response
    union all
    select 'offer', cast(max(made_at) as date) from core.offer
    union all
    select 'qa_evaluation', cast(max(evaluated_at) as date) from core.qa_evaluation
    union all
    select 'customer_event', cast(max("at") as date) from core.customer_event
    union all
    select 'agent_day', max(day) from core.agent_day
)

select ends.relation, ends.last_day, bounds.last_day as data_end
from ends
cross join (select max(last_day) as last_day from core.week) as bounds
where ends.last_day < bounds.last_day - 14
