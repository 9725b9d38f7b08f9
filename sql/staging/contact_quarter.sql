-- Contacts by quarter of an hour: every zone offset is a multiple of it, so days of any zone can be counted from these.
select
    _source,
    epoch_us(started_at) // 900000000 as quarter,
    count(*) as contacts,
    count(source_agent_id) as agent_contacts
from staging.landed_interaction
group by _source, quarter
