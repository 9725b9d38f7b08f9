-- Which kinds of outcome the exports speak of at all: where they do, a contact without one had none.
select
    exists (select 1 from staging.landed_escalation where kind in ('tier2', 'supervisor')) as escalations,
    exists (select 1 from staging.landed_offer) as offers,
    exists (select 1 from staging.landed_offer where kind = 'upsell') as upsells,
    exists (select 1 from staging.landed_offer where kind = 'cross_sell') as cross_sells
