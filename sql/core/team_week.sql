-- Members of each team at the beginning of the week, and how many of them were trained.
select
    team_id,
    week,
    count(*) as members,
    count(*) filter (where is_trained) as trained
from core.team_member_week
group by team_id, week
