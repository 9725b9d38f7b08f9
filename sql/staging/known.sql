-- Days for which the exports cover each kind of outcome: a contact on these days without the outcome had none. Both
-- ends are NULL where no export covers it, or where few of its rows name a loaded contact. Sources of one kind are
-- combined.
with spoken as (
    select distinct 'escalations' as outcome, 'escalation' as relation, _source
    from core.escalation
    where kind in ('tier2', 'supervisor')
    union all
    select distinct 'complaints', 'escalation', _source from core.escalation where kind = 'complaint'
    union all
    select distinct 'offers', 'offer', _source from core.offer
    union all
    select distinct 'upsells', 'offer', _source from core.offer where kind = 'upsell'
    union all
    select distinct 'cross_sells', 'offer', _source from core.offer where kind = 'cross_sell'
    union all
    select distinct 'churn', 'customer_event', _source from core.customer_event where kind = 'churn'
    union all
    select distinct 'referrals', 'customer_event', _source from core.customer_event where kind = 'referral'
    union all
    select distinct 'evaluations', 'qa_evaluation', _source from core.qa_evaluation where not calibration
    union all
    select distinct 'transcripts', 'utterance', _source from core.conversation where not_scored is null
),

reach as (
    select
        spoken.outcome,
        min(coalesce(coverage.known_from, date '0001-01-01')) as known_from,
        max(coalesce(coverage.known_to, date '9999-12-31')) as known_to
    from spoken
    inner join staging.coverage as coverage
        on coverage.relation = spoken.relation and coverage.source = spoken._source
    where coverage.is_tied or spoken.outcome = 'complaints'
    group by spoken.outcome
)

select
    max(known_from) filter (where outcome = 'escalations') as escalations_from,
    max(known_to) filter (where outcome = 'escalations') as escalations_to,
    max(known_from) filter (where outcome = 'complaints') as complaints_from,
    max(known_to) filter (where outcome = 'complaints') as complaints_to,
    max(known_from) filter (where outcome = 'offers') as offers_from,
    max(known_to) filter (where outcome = 'offers') as offers_to,
    max(known_from) filter (where outcome = 'upsells') as upsells_from,
    max(known_to) filter (where outcome = 'upsells') as upsells_to,
    max(known_from) filter (where outcome = 'cross_sells') as cross_sells_from,
    max(known_to) filter (where outcome = 'cross_sells') as cross_sells_to,
    max(known_from) filter (where outcome = 'churn') as churn_from,
    max(known_from) filter (where outcome = 'referrals') as referrals_from,
    max(known_from) filter (where outcome = 'evaluations') as evaluations_from,
    max(known_to) filter (where outcome = 'evaluations') as evaluations_to,
    max(known_from) filter (where outcome = 'transcripts') as transcripts_from,
    max(known_to) filter (where outcome = 'transcripts') as transcripts_to
from reach
