-- The crosswalk: person and period of each id. A line without an end lasts until the id's next line; a given end is
-- kept, so that overlapping persons are detected.
with known as (
    select lower(email) as email, employee_number from landing.agent
    where email is not null and employee_number is not null
    union
    select lower(email) as email, employee_number from landing.agent_identity
    where email is not null and employee_number is not null
),

lines as (
    select
        identity_source,
        source_agent_id,
        employee_number,
        lower(email) as email,
        coalesce(valid_from, timestamp '0001-01-01') as valid_from,
        valid_to
    from landing.agent_identity
),

starts as (
    select
        identity_source,
        source_agent_id,
        valid_from,
        lead(valid_from, 1, timestamp '9999-12-31') over (
            partition by identity_source, source_agent_id order by valid_from
        ) as next_from
    from (select distinct identity_source, source_agent_id, valid_from from lines)
)

select distinct
    lines.identity_source,
    lines.source_agent_id,
    lines.valid_from,
    coalesce(lines.valid_to, starts.next_from) as valid_to,
    case
        when lines.employee_number is not null then 'number:' || lines.employee_number
        when known.employee_number is not null then 'number:' || known.employee_number
        else 'email:' || lines.email
    end as person_id
from lines
inner join starts
    on starts.identity_source = lines.identity_source
    and starts.source_agent_id = lines.source_agent_id
    and starts.valid_from = lines.valid_from
left join known
    on lines.employee_number is null and known.email = lines.email
