-- Transcripts, one row per contact and leg: counts of detected phrases, with agent, team and site of the contact.
-- Transcripts that are not scored are kept with the reason; no version holds the text.
with candidates as (
    select
        counted.*,
        contact.contact_source,
        contact.place_ix,
        contact.agent_key,
        contact.local_date,
        contact.channel,
        contact.queue
    from staging.conversation_count as counted
    left join staging.contact_link as contact
        on contact.interaction_id = counted.interaction_id
        and contact.leg = counted.leg
    qualify row_number() over (
        partition by counted._source, counted.interaction_id, counted.leg
        order by contact.place_ix is not null desc, contact.contact_source
    ) = 1
)

select
    candidates._source,
    candidates.interaction_id,
    candidates.leg,
    candidates.contact_source,
    candidates.agent_key,
    candidates.turns,
    candidates.agent_turns,
    candidates.customer_turns,
    candidates.language,
    candidates.redacted,
    coalesce(
        candidates.not_scored,
        case
            when candidates.contact_source is null then 'no contact of that id'
            when candidates.place_ix is null then 'no agent of the contact'
        end
    ) as not_scored,
    candidates.active_listening_hits,
    candidates.personalisation_hits,
    candidates.probing_questions_hits,
    candidates.perspective_taking_hits,
    candidates.trigger_free_language_hits as trigger_hits,
    candidates.sympathy_hits,
    candidates.interruptions,
    candidates.questions,
    candidates.open_questions,
    candidates.rules_sha256,
    candidates.place_ix,
    candidates.local_date,
    cast(date_trunc('week', candidates.local_date) as date) as week,
    candidates.channel,
    candidates.queue,
    candidates._file_id,
    candidates._line,
    parameter.run_id as _run_id
from candidates
cross join staging.parameter as parameter
