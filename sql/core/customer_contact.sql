-- Contacts of known customers, one row per contact, with the customer's later contacts and events. A contact counts for
-- the first agent who took it. A contact that continues another (a transfer with its own id) is part of that one,
-- unless it is the first that reached an agent (a call abandoned in the queue and called back). Outcomes whose time
-- window is not over by the last contact of the data are unknown; the last day may be incomplete. A contact without a
-- reason is repeated by any later contact.
with contacts as (
    select
        interaction._source,
        interaction.interaction_id,
        interaction.customer_key,
        interaction.reason,
        interaction.started_at,
        interaction.transferred,
        interaction.channel,
        interaction.queue,
        interaction.agent_key,
        interaction.place_ix,
        interaction.local_date,
        interaction.week
    from core.interaction as interaction
    left join staging.multi_leg as multi_leg
        on multi_leg._source = interaction._source and multi_leg.interaction_id = interaction.interaction_id
    left join staging.first_answer as first_answer
        on first_answer._source = interaction._source and first_answer.interaction_id = interaction.interaction_id
    where interaction.customer_key is not null
        and (interaction.parent_id is null or first_answer.interaction_id is not null)
        and interaction.leg = coalesce(multi_leg.first_leg, interaction.leg)
),

followed as (
    select
        *,
        lead(started_at) over (
            partition by customer_key, reason order by started_at, _source, interaction_id
        ) as next_same_reason_at
    from contacts
),

unexplained as (
    select distinct customer_key from contacts where reason is null
),

followed_by_any as (
    select
        contacts._source,
        contacts.interaction_id,
        contacts.reason,
        lead(contacts.started_at) over (
            partition by contacts.customer_key
            order by contacts.started_at, contacts._source, contacts.interaction_id
        ) as next_at
    from contacts
    semi join unexplained on unexplained.customer_key = contacts.customer_key
),

churn as (
    select customer_key, min("at") as churned_at
    from core.customer_event
    where kind = 'churn'
    group by customer_key
),

referrals as (
    select
        event.event_id,
        contacts._source,
        contacts.interaction_id
    from core.customer_event as event
    inner join contacts
        on contacts.customer_key = event.customer_key
        and contacts.started_at <= event.at
        and event.at <= contacts.started_at + interval 90 day
    where event.kind = 'referral'
    qualify row_number() over (
        partition by event._source, event.event_id
        order by contacts.started_at desc, contacts._source, contacts.interaction_id
    ) = 1
),

referred as (
    select distinct _source, interaction_id from referrals
),

ends as (
    select max(happened_at) as last_at from staging.moment
)

select
    followed._source,
    followed.interaction_id,
    followed.customer_key,
    followed.agent_key,
    followed.started_at,
    followed.reason,
    followed.transferred,
    case
        when followed.started_at + interval 7 day <= ends.last_at
            then coalesce(
                coalesce(any_reason.next_at, followed.next_same_reason_at) <= followed.started_at + interval 7 day, false
            )
    end as repeated_7d,
    case
        when known.churn_from is null or followed.local_date < known.churn_from then null
        when churn.churned_at <= followed.started_at then null
        when followed.started_at + interval 90 day > ends.last_at then null
        else coalesce(churn.churned_at <= followed.started_at + interval 90 day, false)
    end as churned_90d,
    case
        when followed.local_date >= known.referrals_from and followed.started_at + interval 90 day <= ends.last_at
            then referred.interaction_id is not null
    end as referred_90d,
    followed.place_ix,
    followed.local_date,
    followed.week,
    followed.channel,
    followed.queue
from followed
cross join staging.known as known
cross join ends
left join followed_by_any as any_reason
    on any_reason.reason is null
    and any_reason._source = followed._source and any_reason.interaction_id = followed.interaction_id
left join churn on churn.customer_key = followed.customer_key
left join referred
    on referred._source = followed._source and referred.interaction_id = followed.interaction_id
