-- The candidates of the first rule that finds any, and whether they contradict each other.
with ranked as (
    select
        candidate.*,
        rule.position,
        min(rule.position) over (partition by candidate.source, candidate.source_agent_id) as first_position
    from staging.identity_candidate as candidate
    inner join staging.identity_rule as rule on rule.rule = candidate.method
),

chosen as (
    select source, source_agent_id, valid_from, valid_to, person_id, method
    from ranked
    where position = first_position
)

select
    chosen.*,
    bool_or(other.person_id is not null) over (
        partition by chosen.source, chosen.source_agent_id
    ) as is_ambiguous
from chosen
left join chosen as other
    on other.source = chosen.source
    and other.source_agent_id = chosen.source_agent_id
    and other.person_id <> chosen.person_id
    and other.valid_from < chosen.valid_to
    and chosen.valid_from < other.valid_to
