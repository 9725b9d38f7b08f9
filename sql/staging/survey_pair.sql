-- Answered invitations, where one export lists invitations and another answers: an invitation without an answer, and an
-- answer of another export about the same contact, are one survey; several of one contact are paired in order. "Another
-- export" is another source or, within a source, a file of answers only beside a file of invitations only; a file with
-- both shows itself which of its surveys were answered.
with files as (
    select _source, _file_id, count(*) as surveys, count(answered_at) as answers
    from staging.landed_survey_response
    group by _source, _file_id
),

invitations as (
    select
        response._source, response.response_id, response.interaction_id, response.invited_at,
        files.answers = 0 as is_list,
        row_number() over (
            partition by response.interaction_id
            order by response.invited_at, response._source, response.response_id
        ) as place
    from staging.landed_survey_response as response
    inner join files
        on files._source = response._source and files._file_id = response._file_id
    where response.answered_at is null and response.interaction_id is not null
),

answers as (
    select
        response._source, response.response_id, response.interaction_id,
        files.answers = files.surveys as is_list,
        row_number() over (
            partition by response.interaction_id
            order by response.answered_at, response._source, response.response_id
        ) as place
    from staging.landed_survey_response as response
    inner join files
        on files._source = response._source and files._file_id = response._file_id
    where response.answered_at is not null and response.interaction_id is not null
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
    and (invitations._source <> answers._source or (invitations.is_list and answers.is_list))
