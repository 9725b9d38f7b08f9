-- Orders that an accepted plan could have drawn: the only ones that randomisation inference may draw again.
select
    plan_id,
    accepted_at,
    order_ix,
    waves
from staging.accepted_order
