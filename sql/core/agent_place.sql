-- Where an agent was, in UTC, with the offset to local time: team spells split where the clocks of their site change,
-- and periods without a team filled with 'unknown', so that every instant of an agent is in exactly one row. place_ix
-- identifies agent, team and site together.
with spells as (
    select agent_key, valid_from, coalesce(valid_to, date '9999-12-31') as valid_to, team_id, site
    from core.agent_team
),

edges as (
    select agent_key, max(valid_to) as last_to
    from spells
    group by agent_key
),

between_spells as (
    select
        agent_key,
        valid_to as gap_from,
        lead(valid_from) over (partition by agent_key order by valid_from) as gap_to
    from spells
),

complete as (
    select agent_key, valid_from, team_id, site from spells
    union all
    select agent_key, date '0001-01-01', null, null from edges
    union all
    select agent_key, last_to, null, null from edges where last_to < date '9999-12-31'
    union all
    select agent_key, gap_from, null, null from between_spells where gap_to > gap_from
    union all
    select agent.agent_key, date '0001-01-01', null, null
    from core.agent as agent
    left join edges on edges.agent_key = agent.agent_key
    where edges.agent_key is null
),

placed as (
    select
        complete.agent_key,
        complete.valid_from,
        complete.team_id is not null as is_in_team,
        coalesce(complete.team_id, 'unknown') as team_id,
        coalesce(complete.site, agent.site, 'unknown') as site
    from complete
    inner join core.agent as agent on agent.agent_key = complete.agent_key
),

zoned as (
    select placed.*, coalesce(site_zone.zone, parameter.default_zone) as zone
    from placed
    left join staging.site_zone as site_zone on site_zone.site = placed.site
    cross join staging.parameter as parameter
),

-- A period begins at midnight of its own site and lasts until the next one begins, so that an agent who moves to a site
-- in another time zone is in one place at any instant, and nowhere twice.
begun as (
    select
        zoned.agent_key,
        zoned.valid_from,
        min(
            greatest(zone_offset.from_at, cast(zoned.valid_from as timestamp) - to_seconds(zone_offset.offset_s))
        ) as begins_at
    from zoned
    inner join staging.zone_offset as zone_offset on zone_offset.zone = zoned.zone
    where cast(zoned.valid_from as timestamp) - to_seconds(zone_offset.offset_s) < zone_offset.to_at
    group by zoned.agent_key, zoned.valid_from
),

lasting as (
    select
        agent_key,
        valid_from,
        begins_at,
        lead(begins_at, 1, timestamp '9999-12-31') over (partition by agent_key order by valid_from) as ends_at
    from begun
),

cut as (
    select
        zoned.agent_key,
        zoned.is_in_team,
        zoned.team_id,
        zoned.site,
        greatest(zone_offset.from_at, lasting.begins_at) as from_at,
        least(zone_offset.to_at, lasting.ends_at) as to_at,
        zone_offset.offset_s
    from zoned
    inner join lasting
        on lasting.agent_key = zoned.agent_key and lasting.valid_from = zoned.valid_from
    inner join staging.zone_offset as zone_offset on zone_offset.zone = zoned.zone
)

select
    cast(dense_rank() over (order by agent_key, team_id, site) - 1 as integer) as place_ix,
    agent_key,
    team_id,
    site,
    is_in_team,
    from_at,
    to_at,
    offset_s
from cut
where from_at < to_at
