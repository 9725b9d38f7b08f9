-- severity: warning
-- sentence: {n} accepted {offers have|offer has} no amount, or one in another currency than the project's; {their contacts are|its contact is} left out of revenue.
-- advice: Export amounts in the project's currency.
select offer._source, offer.offer_id, offer.currency
from core.offer as offer
cross join staging.parameter as parameter
where offer.is_sold and (offer.amount is null or offer.currency <> parameter.currency)
