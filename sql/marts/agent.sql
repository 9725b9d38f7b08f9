-- One row per agent: employment, team at assignment, programme, and the weeks in which the agent is observed.
with seen as (
    select agent_key, min(week) as first_week, max(week) as last_week
    from mart.agent_week
    group by agent_key
),

assigned as (
    select
        agent.agent_key,
        coalesce(
            case
                when programme.scheduled_week < seen.first_week then seen.first_week
                else programme.scheduled_week
            end,
            seen.first_week,
            agent.hired_on
        ) as assigned_on
    from core.agent as agent
    left join seen on seen.agent_key = agent.agent_key
    left join core.agent_programme as programme on programme.agent_key = agent.agent_key
),

in_force as (
    select assigned.agent_key, team.team_id, team.site
    from assigned
    inner join core.agent_team as team
        on team.agent_key = assigned.agent_key
        and team.valid_from <= assigned.assigned_on
        and assigned.assigned_on < coalesce(team.valid_to, date '9999-12-31')
),

edges as (
    select
        agent_key,
        min_by(team_id, valid_from) as first_team,
        min_by(site, valid_from) as first_site
    from core.agent_team
    group by agent_key
)

select
    agent.agent_ix,
    agent.agent_key,
    agent.hired_on,
    agent.left_on,
    agent.leave_type,
    coalesce(in_force.site, edges.first_site, agent.site, 'unknown') as site,
    agent.role,
    agent.employment,
    coalesce(in_force.team_id, edges.first_team, 'unknown') as team_id,
    programme.trained_on,
    programme.trained_week,
    programme.scheduled_week,
    programme.planned_wave,
    coalesce(programme.courses_completed, 0) as courses_completed,
    seen.first_week,
    seen.last_week
from core.agent as agent
left join seen on seen.agent_key = agent.agent_key
left join core.agent_programme as programme on programme.agent_key = agent.agent_key
left join in_force on in_force.agent_key = agent.agent_key
left join edges on edges.agent_key = agent.agent_key
where agent.is_agent
order by agent.agent_ix
