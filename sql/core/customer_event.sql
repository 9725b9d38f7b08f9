-- Later events of customers (such as leaving or buying again), by pseudonym.
select
    event._source,
    event.event_id,
    customer.pseudonym as customer_key,
    event.kind,
    event.at,
    event._file_id,
    event._line,
    parameter.run_id as _run_id
from staging.landed_customer_event as event
cross join staging.parameter as parameter
inner join staging.customer_key as customer
    on customer.identifier = event.source_customer_id
