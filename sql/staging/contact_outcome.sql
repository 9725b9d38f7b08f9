-- Outcomes of contacts, from the escalations and offers that name them.
with escalations as (
    select
        contact_source,
        interaction_id,
        leg,
        bool_or(kind in ('tier2', 'supervisor')) as escalated,
        cast(null as boolean) as offered,
        cast(null as boolean) as upsell_sold,
        cast(null as boolean) as cross_sell_sold,
        cast(null as decimal(18, 2)) as sold_amount,
        false as has_unknown_amount
    from core.escalation
    where contact_source is not null
    group by contact_source, interaction_id, leg
),

offers as (
    select
        offer.contact_source,
        offer.interaction_id,
        offer.leg,
        cast(null as boolean) as escalated,
        true as offered,
        bool_or(offer.is_sold and offer.kind = 'upsell') as upsell_sold,
        bool_or(offer.is_sold and offer.kind = 'cross_sell') as cross_sell_sold,
        cast(coalesce(sum(offer.amount) filter (where offer.is_sold), 0) as decimal(18, 2)) as sold_amount,
        bool_or(
            offer.is_sold and (offer.amount is null or offer.currency <> parameter.currency)
        ) as has_unknown_amount
    from core.offer as offer
    cross join staging.parameter as parameter
    where offer.contact_source is not null
    group by offer.contact_source, offer.interaction_id, offer.leg
),

both_kinds as (
    select * from escalations
    union all
    select * from offers
)

select
    contact_source,
    interaction_id,
    leg,
    bool_or(escalated) as escalated,
    bool_or(offered) as offered,
    bool_or(upsell_sold) as upsell_sold,
    bool_or(cross_sell_sold) as cross_sell_sold,
    sum(sold_amount) as sold_amount,
    bool_or(has_unknown_amount) as has_unknown_amount
from both_kinds
group by contact_source, interaction_id, leg
