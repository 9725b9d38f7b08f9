-- severity: warning
-- sentence: {n} contact {ids are|id is} in several sources of contacts; {these contacts count|this contact counts} once for each, and what names {them|it} went to the contact of the agent it names, else to the first source by name.
-- advice: Are they the same contacts? Name the sources under [identity] same_contacts, or load each contact from one system.
select interaction_id, taken, other from staging.shared_contact
