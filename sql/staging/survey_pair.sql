-- Invitations that were answered, where one export lists whom was asked and another who answered: an invitation without an
-- answer, and an answer of another source about the same contact, are one survey. Of several of a contact, in their order.
with invitations as (
    select
        _source, response_id, interaction_id, invited_at,
        row_number() over (partition by interaction_id order by invited_at, _source, response_id) as place
    from staging.landed_survey_response
    where answered_at is null and interaction_id is not null
),

answers as (
    select
        _source, response_id, interaction_id,
        row_number() over (partition by interaction_id order by answered_at, _source, response_id) as place
    from staging.landed_survey_response
    where answered_at is not null and interaction_id is not null
)

select
    answers._source,
    answers.response_id,
    invitations._source as invitation_source,
    invitations.response_id as invitation_id,
    invitations.invited_at
from answers
inner join invitations
    on invitations.interaction_id = answers.interaction_id
    and invitations.place = answers.place
    and invitations._source <> answers._source
