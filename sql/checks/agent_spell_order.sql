-- severity: error
-- sentence: {n} survival {episodes are empty or overlap|episode is empty or overlaps another}.
select agent_key, entry_day, exit_day, next_entry
from (
    select
        agent_key,
        entry_day,
        exit_day,
        lead(entry_day) over (partition by agent_key order by entry_day) as next_entry
    from mart.agent_spell
)
where exit_day <= entry_day or next_entry < exit_day
