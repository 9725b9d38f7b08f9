-- severity: warning
-- sentence: {n} {systems named in the crosswalk are|system named in the crosswalk is} no source of the configuration.
-- advice: Write there the name that the source has in empathy.toml.
select identity_source, count(*) as lines
from landing.agent_identity as line
left join staging.system as system
    on system.source = line.identity_source or system.system = 'format:' || line.identity_source
where system.source is null
group by identity_source
