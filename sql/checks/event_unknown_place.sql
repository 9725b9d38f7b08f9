-- severity: warning
-- sentence: {n} {events name|event names} a site or team that no agent is in.
-- advice: Write it in [[events]] as the exports do.
select event.label, event.site, event.team_id
from core.event as event
where (event.site is not null and event.site not in (select site from mart.agent where site is not null))
    or (event.team_id is not null and event.team_id not in (select team_id from mart.agent where team_id is not null))
