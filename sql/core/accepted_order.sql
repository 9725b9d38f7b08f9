-- Orders of waves that an accepted plan could have drawn; randomisation inference permutes over these only.
select
    plan_id,
    accepted_at,
    order_ix,
    waves
from staging.accepted_order
