-- severity: warning
-- sentence: {n} contact {ids are|id is} in several sources of contacts; {these contacts count|this contact counts} once per source, and outcomes that name {them|it} go to the contact of the agent they name, else to the first source by name.
-- advice: Effects on contacts are not claimed until this is settled. Are they the same contacts? Name the sources under [identity] same_contacts; if their ids are the same by chance, under separate_contacts.
select interaction_id, taken, other from staging.shared_contact
