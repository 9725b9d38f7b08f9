-- severity: warning
-- sentence: {n} {transcripts are|transcript is} not scored, for the reason in core.conversation.
-- advice: Set the language of the transcripts ([conversations] language, or the column), or add rules for it; a second transcript of a contact is left out rightly.
select _source, interaction_id, leg, not_scored
from core.conversation
where not_scored is not null and not_scored not in ('no contact of that id', 'a second transcript of the contact')
