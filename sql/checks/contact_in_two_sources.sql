-- severity: warning
-- sentence: {n} contact {ids are|id is} in several sources of contacts; {these contacts count|this contact counts} once for each, and what names {them|it} went to the contact of the agent it names, else to the first source by name.
-- advice: No claim rests on contacts until this is settled. Are they the same contacts? Name the sources under [identity] same_contacts; if their ids are the same by chance, under separate_contacts.
select interaction_id, taken, other from staging.shared_contact
