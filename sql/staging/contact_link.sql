-- The contact of each escalation, survey, offer, evaluation or transcript.
with linked as (
    select interaction_id from staging.landed_escalation where interaction_id is not null
    union
    select interaction_id from staging.landed_survey_response where interaction_id is not null
    union
    select interaction_id from staging.landed_offer where interaction_id is not null
    union
    select interaction_id from staging.landed_qa_evaluation where interaction_id is not null
    union
    select interaction_id from staging.conversation_count
)

select
    contact._source as contact_source,
    contact.interaction_id,
    contact.leg,
    coalesce(multi_leg.first_leg, contact.leg) = contact.leg as is_first,
    contact.started_at,
    contact.channel,
    contact.queue,
    place.place_ix,
    place.agent_key,
    cast(contact.started_at + to_seconds(coalesce(place.offset_s, 0)) as date) as local_date
from staging.landed_interaction as contact
semi join linked on linked.interaction_id = contact.interaction_id
left join staging.multi_leg as multi_leg
    on multi_leg._source = contact._source and multi_leg.interaction_id = contact.interaction_id
left join staging.id_place as place
    on place.source = contact._source
    and place.source_agent_id = contact.source_agent_id
    and place.from_at <= contact.started_at
    and contact.started_at < place.to_at
