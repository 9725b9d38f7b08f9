-- Skill scores by agent and month: count, sum and sum of squares, without calibration rounds.
with scores as (
    select agent_key, place_ix, local_date, 'empathy_score' as skill, empathy_score as score
    from core.qa_evaluation where not calibration
    union all
    select agent_key, place_ix, local_date, 'active_listening' as skill, active_listening as score
    from core.qa_evaluation where not calibration
    union all
    select agent_key, place_ix, local_date, 'personalisation' as skill, personalisation as score
    from core.qa_evaluation where not calibration
    union all
    select agent_key, place_ix, local_date, 'probing_questions' as skill, probing_questions as score
    from core.qa_evaluation where not calibration
    union all
    select agent_key, place_ix, local_date, 'perspective_taking' as skill, perspective_taking as score
    from core.qa_evaluation where not calibration
    union all
    select agent_key, place_ix, local_date, 'trigger_free_language' as skill, trigger_free_language as score
    from core.qa_evaluation where not calibration
)

select
    scores.agent_key,
    cast(date_trunc('month', scores.local_date) as date) as month,
    place.team_id,
    place.site,
    scores.skill,
    count(*) as n,
    cast(sum(cast(scores.score as decimal(18, 6))) as double) as score_sum,
    cast(sum(cast(scores.score as decimal(18, 6)) * cast(scores.score as decimal(18, 6))) as double) as score_sq
from scores
inner join core.place as place on place.place_ix = scores.place_ix
where scores.score is not null
group by scores.agent_key, date_trunc('month', scores.local_date), place.team_id, place.site, scores.skill
order by scores.agent_key, month, place.team_id, place.site, scores.skill
