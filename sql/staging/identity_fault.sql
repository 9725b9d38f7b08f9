-- Ids without a known person, and why. The id itself is left out: it may be a name, and is in the file.
with ambiguous as (
    select
        choice.source,
        choice.source_agent_id,
        string_agg(distinct left(person_key.agent_key, 8), ', ' order by left(person_key.agent_key, 8)) as candidates
    from staging.identity_choice as choice
    inner join staging.person_key as person_key on person_key.person_id = choice.person_id
    where choice.is_ambiguous
    group by choice.source, choice.source_agent_id
)

select
    ids.source,
    ids.source_agent_id,
    case when ambiguous.candidates is null then 'unknown' else 'ambiguous' end as fault,
    case
        when ambiguous.candidates is null
            then 'source_agent_id: "***" is unknown: no rule of [identity] match names anybody; add the id of this line '
                || 'to the crosswalk, or name it under no_agent where it is nobody (a queue, the menu)'
        else 'source_agent_id: "***" is ambiguous: it could be agent ' || ambiguous.candidates || '; say in the crosswalk which'
    end as reason
from (
    select distinct source, source_agent_id
    from staging.source_id
    where table_name not in ('supervisor', 'evaluator')
) as ids
left join ambiguous
    on ambiguous.source = ids.source and ambiguous.source_agent_id = ids.source_agent_id
left join staging.identity as identity
    on identity.source = ids.source and identity.source_agent_id = ids.source_agent_id
where identity.agent_key is null
