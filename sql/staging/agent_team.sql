-- Exported team spells with their person.
select
    identity.agent_key,
    spell.valid_from,
    coalesce(spell.valid_to, cast(spell.last_day + 1 as date)) as valid_to,
    spell.team_id,
    supervisor.agent_key as supervisor_key,
    spell.site,
    spell._source,
    spell._file_id,
    spell._line
from staging.landed_agent_team as spell
inner join staging.identity as identity
    on identity.source = spell._source
    and identity.source_agent_id = spell.source_agent_id
    and identity.valid_from <= cast(spell.valid_from as timestamp)
    and cast(spell.valid_from as timestamp) < identity.valid_to
left join staging.identity as supervisor
    on supervisor.source = spell._source
    and supervisor.source_agent_id = spell.source_supervisor_id
    and supervisor.valid_from <= cast(spell.valid_from as timestamp)
    and cast(spell.valid_from as timestamp) < supervisor.valid_to
