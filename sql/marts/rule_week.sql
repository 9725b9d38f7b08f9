-- Number of contacts with a phrase of each rule, by agent and week.
select
    place.agent_ix,
    conversation.week,
    heard.skill,
    heard.rule,
    heard.polarity,
    count(*) as contacts,
    cast(sum(heard.hits) as bigint) as hits
from staging.conversation_rule as heard
inner join core.conversation as conversation
    on conversation._source = heard._source
    and conversation.interaction_id = heard.interaction_id
    and conversation.leg = heard.leg
inner join core.place as place on place.place_ix = conversation.place_ix
where conversation.not_scored is null
group by place.agent_ix, conversation.week, heard.skill, heard.rule, heard.polarity
order by place.agent_ix, conversation.week, heard.skill, heard.rule, heard.polarity
