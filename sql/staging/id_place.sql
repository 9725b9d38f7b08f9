-- Place of the person behind an id: one row per id and period, in UTC.
select
    identity.source,
    identity.source_agent_id,
    place.agent_key,
    place.place_ix,
    place.team_id,
    place.site,
    place.offset_s,
    greatest(place.from_at, identity.valid_from) as from_at,
    least(place.to_at, identity.valid_to) as to_at
from staging.identity as identity
inner join core.agent_place as place
    on place.agent_key = identity.agent_key
    and place.from_at < identity.valid_to
    and identity.valid_from < place.to_at
