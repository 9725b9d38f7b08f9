-- Ids with a known person: one row per id and period, without overlaps.
with periods as (
    select
        choice.source,
        choice.source_agent_id,
        choice.valid_from,
        max(choice.valid_to) as valid_to,
        any_value(choice.person_id) as person_id,
        min(choice.method) as method
    from staging.identity_choice as choice
    where not choice.is_ambiguous
    group by choice.source, choice.source_agent_id, choice.valid_from
)

select
    periods.source,
    periods.source_agent_id,
    periods.valid_from,
    least(
        periods.valid_to,
        lead(periods.valid_from, 1, timestamp '9999-12-31') over (
            partition by periods.source, periods.source_agent_id order by periods.valid_from
        )
    ) as valid_to,
    person_key.agent_key,
    periods.person_id,
    periods.method
from periods
inner join staging.person_key as person_key on person_key.person_id = periods.person_id
