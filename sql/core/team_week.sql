-- Members of a team when the week began, and how many of them were trained by then.
select
    team_id,
    week,
    count(*) as members,
    count(*) filter (where is_trained) as trained
from core.team_member_week
group by team_id, week
