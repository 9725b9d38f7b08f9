-- Employments of a person in order: agents who leave and come back have two. Records of several systems or times are
-- one employment unless the person had left before the later one began; of these the record with the highest priority
-- counts, and records with a leaving day before others. over_on: the first day no longer employed. Where a record gives
-- only the first hiring day beside a later one, the employment between ended some day after the person was last seen at
-- work.
with believed as (
    select
        record.*,
        bool_or(record.says_who_left) over (partition by record.agent_key) as anybody_says
    from staging.person_record as record
),

dated as (
    select *
    from believed
    where hired_on is not null and (says_who_left or not anybody_says)
    qualify row_number() over (partition by agent_key, hired_on order by preference) = 1
),

followed as (
    select
        *,
        max(coalesce(left_on, date '9999-12-31')) over (
            partition by agent_key order by hired_on rows between unbounded preceding and 1 preceding
        ) as over_before
    from dated
),

numbered as (
    select
        *,
        sum(case when over_before is null or hired_on > over_before then 1 else 0 end) over (
            partition by agent_key order by hired_on rows unbounded preceding
        ) as spell
    from followed
),

spells as (
    select agent_key, hired_on, left_on, leave_type, false as end_is_unknown
    from numbered
    qualify row_number() over (partition by agent_key, spell order by preference) = 1
),

returned as (
    select dated.agent_key, min(dated.first_hired_on) as first_hired_on, min(spells.hired_on) as hired_on
    from dated
    inner join spells on spells.agent_key = dated.agent_key
    group by dated.agent_key
    having min(dated.first_hired_on) < min(spells.hired_on)
),

seen as (
    select returned.agent_key, cast(max(contact.started_at) as date) as last_seen
    from staging.landed_interaction as contact
    inner join staging.identity as identity
        on identity.source = contact._source and identity.source_agent_id = contact.source_agent_id
        and identity.valid_from <= contact.started_at and contact.started_at < identity.valid_to
    inner join returned on returned.agent_key = identity.agent_key and contact.started_at < returned.hired_on
    group by returned.agent_key
),

undated as (
    select agent_key, left_on, leave_type
    from believed
    where hired_on is null and agent_key not in (select agent_key from dated)
    qualify row_number() over (partition by agent_key order by preference) = 1
)

select agent_key, hired_on, left_on, leave_type, cast(left_on + 1 as date) as over_on from spells
union all
select
    returned.agent_key, returned.first_hired_on, null, null,
    coalesce(cast(seen.last_seen + 1 as date), returned.first_hired_on)
from returned
left join seen on seen.agent_key = returned.agent_key
union all
select agent_key, null, left_on, leave_type, cast(left_on + 1 as date) from undated
