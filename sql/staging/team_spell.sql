-- Exported team spells, each with its fault and its repaired end. Repair rule: etl/marts/history.py.
with spells as (
    select
        agent_key,
        valid_from,
        valid_to,
        team_id,
        supervisor_key,
        site,
        _source,
        _file_id,
        _line,
        valid_to is not null as has_end,
        coalesce(valid_to <= valid_from, false) as is_reversed
    from staging.agent_team
),

starts as (
    select
        agent_key,
        valid_from,
        lead(valid_from) over (partition by agent_key order by valid_from) as next_start
    from (select distinct agent_key, valid_from from spells)
),

histories as (
    select _source, bool_or(has_end) as records_ends
    from spells
    group by _source
),

judged as (
    select
        spells.*,
        starts.next_start,
        histories.records_ends,
        not spells.has_end and starts.next_start is not null as is_unclosed,
        not spells.has_end and bool_or(spells.has_end and not spells.is_reversed) over (
            partition by spells.agent_key, spells.valid_from, spells.team_id
        ) as is_closed_elsewhere
    from spells
    inner join starts
        on starts.agent_key = spells.agent_key and starts.valid_from = spells.valid_from
    inner join histories
        on histories._source = spells._source
)

select
    agent_key,
    valid_from,
    valid_to,
    team_id,
    supervisor_key,
    site,
    _source,
    _file_id,
    _line,
    case
        when is_reversed or not has_end then coalesce(next_start, date '9999-12-31')
        else valid_to
    end as believed_to,
    is_reversed,
    is_unclosed and records_ends as is_open_with_successor,
    has_end and not is_reversed and valid_to > next_start is true as is_overlapping,
    row_number() over (
        partition by agent_key, valid_from
        order by is_reversed or is_unclosed or is_closed_elsewhere, valid_to desc nulls first, _file_id desc, _line desc
    ) as preference
from judged
