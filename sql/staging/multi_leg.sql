-- Contacts with a leg other than 1: the first leg that reached an agent represents the contact.
select
    _source,
    interaction_id,
    coalesce(min(leg) filter (where source_agent_id is not null), min(leg)) as first_leg
from staging.landed_interaction
where interaction_id in (select interaction_id from staging.landed_interaction where leg <> 1)
group by _source, interaction_id
