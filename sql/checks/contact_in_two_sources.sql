-- severity: warning
-- sentence: {n} contact {ids|id} that escalations, surveys, offers or evaluations name {are|is} in several sources of contacts; what names {them|it} went to the contact of the agent it names, else to the first source by name.
-- advice: Load each contact from one system only.
select interaction_id, min(contact_source) as taken, max(contact_source) as other
from staging.contact_link
group by interaction_id
having min(contact_source) <> max(contact_source)
