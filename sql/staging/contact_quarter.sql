-- Contacts by quarters of an hour, since every zone's offset is a whole number of those: to count them by the days of any
-- zone without looking at each again.
select
    _source,
    epoch_us(started_at) // 900000000 as quarter,
    count(*) as contacts,
    count(source_agent_id) as agent_contacts
from staging.landed_interaction
group by _source, quarter
