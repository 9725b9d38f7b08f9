-- severity: warning
-- sentence: {n} {exports of outcomes name|export of outcomes names} a loaded contact in fewer than half of the rows; what share of contacts ended so is unknown, not zero.
-- advice: Map interaction_id to the column that holds the id of the contact, written as in the export of contacts.
select relation, source, row_count from staging.coverage where not is_tied
