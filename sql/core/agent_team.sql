-- Team of each agent over time: half-open periods without overlap or gap. Repair rule: etl/marts/history.py.
with kept as (
    select *
    from staging.team_spell
    where preference = 1 and believed_to > valid_from
),

boundaries as (
    select agent_key, valid_from as day from kept
    union
    select agent_key, believed_to as day from kept
),

intervals as (
    select
        agent_key,
        day as from_day,
        lead(day) over (partition by agent_key order by day) as to_day
    from boundaries
),

covered as (
    select
        intervals.from_day,
        intervals.to_day,
        kept.*,
        row_number() over (
            partition by intervals.agent_key, intervals.from_day
            order by kept.valid_from desc
        ) as position,
        count(*) over (partition by intervals.agent_key, intervals.from_day) > 1 as is_contested
    from intervals
    inner join kept
        on kept.agent_key = intervals.agent_key
        and kept.valid_from <= intervals.from_day
        and kept.believed_to >= intervals.to_day
),

without_gaps as (
    select
        *,
        lead(from_day, 1, to_day) over (partition by agent_key order by from_day) as until_day,
        lag(valid_from) over (partition by agent_key order by from_day) is distinct from valid_from as is_new_spell
    from covered
    where position = 1
),

numbered as (
    select
        *,
        sum(case when is_new_spell then 1 else 0 end) over (
            partition by agent_key order by from_day rows unbounded preceding
        ) as spell_no
    from without_gaps
)

select
    agent_key,
    min(from_day) as valid_from,
    nullif(max(until_day), date '9999-12-31') as valid_to,
    any_value(team_id) as team_id,
    any_value(supervisor_key) as supervisor_key,
    any_value(site) as site,
    nullif(
        concat_ws(
            ',',
            case when bool_or(is_reversed) then 'reversed' end,
            case when bool_or(is_open_with_successor) then 'open_with_successor' end,
            case when bool_or(is_contested) then 'overlap' end,
            case when bool_or(until_day > to_day) then 'gap' end
        ),
        ''
    ) as repaired,
    any_value(_source) as _source,
    any_value(_file_id) as _file_id,
    any_value(_line) as _line,
    any_value(parameter.run_id) as _run_id
from numbered
cross join staging.parameter as parameter
group by agent_key, spell_no
