-- severity: warning
-- sentence: {n} {customers have|customer has} an implausible share of the contacts; repeats of {theirs|its own} are counted as one person's.
-- advice: Is the id a switchboard's, or does it stand for nobody? Name such ids under [identity] nobody.
-- Over 2% of the contacts with a known customer, and at least 50.
with counted as (
    select customer_key, count(*) as contacts from core.customer_contact group by customer_key
)

select customer_key, contacts
from counted
where contacts >= 50 and contacts > 0.02 * (select sum(contacts) from counted)
