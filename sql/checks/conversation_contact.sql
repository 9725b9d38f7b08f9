-- severity: warning
-- sentence: {n} {transcripts are|transcript is} tied to no contact and counted nowhere.
-- advice: The id of the contact in the transcripts must be the one in the contact records; see docs/conversations.md.
select _source, interaction_id, leg from core.conversation where not_scored = 'no contact of that id'
