-- One row per person: first hiring day, last leaving day (core.employment), and other attributes from the directory row
-- with the highest priority. leaving_known: an export with this person has a column for the leaving day. known_on: when
-- such an export last changed the person's row.
with people as (
    select distinct identity.agent_key
    from staging.identity as identity
    inner join staging.source_id as ids
        on ids.source = identity.source and ids.source_agent_id = identity.source_agent_id
    where ids.table_name not in ('supervisor', 'evaluator')
),

best as (
    select * from staging.person_record where preference = 1
),

employed as (
    select
        agent_key,
        min(hired_on) as hired_on,
        arg_max_null(left_on, coalesce(hired_on, date '0001-01-01')) as left_on,
        arg_max_null(leave_type, coalesce(hired_on, date '0001-01-01')) as leave_type
    from core.employment
    group by agent_key
),

gaps_filled as (
    select
        agent_key,
        min_by(site, preference) filter (where site is not null) as site,
        min_by(role, preference) filter (where role is not null) as role,
        min_by(employment, preference) filter (where employment is not null) as employment,
        bool_or(says_who_left) as leaving_known,
        cast(max(row_version) filter (where says_who_left) as date) as known_on
    from staging.person_record
    group by agent_key
)

select
    cast(row_number() over (order by people.agent_key) - 1 as integer) as agent_ix,
    people.agent_key,
    employed.hired_on,
    employed.left_on,
    case when employed.left_on is not null then employed.leave_type end as leave_type,
    gaps_filled.site,
    gaps_filled.role,
    gaps_filled.employment,
    evidence.agent_key is not null as is_agent,
    coalesce(gaps_filled.leaving_known, false) as leaving_known,
    gaps_filled.known_on,
    best._source,
    best._file_id,
    best._line,
    parameter.run_id as _run_id
from people
cross join staging.parameter as parameter
left join best on best.agent_key = people.agent_key
left join employed on employed.agent_key = people.agent_key
left join gaps_filled on gaps_filled.agent_key = people.agent_key
left join staging.agent_evidence as evidence on evidence.agent_key = people.agent_key
