-- severity: warning
-- sentence: {n} {events fall|event falls} within a week of a training wave.
-- advice: An event that touched only the trained cannot be told apart from training; the example says whom it touched.
select
    event.label,
    touched.wave as week,
    case when touched.touched_others then 'trained and untrained alike' else 'trained only' end as touched
from mart.event_wave as touched
inner join core.event as event
    on event.event_id = touched.event_id
where touched.on_wave
