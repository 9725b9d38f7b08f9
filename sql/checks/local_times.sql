-- severity: warning
-- sentence: {n} {records have|record has} a local time that does not exist or exists twice (clocks changed).
-- advice: Is the timezone of the source right? Exports with offsets or in UTC have no such hours.
with flagged as (
    select 'interaction' as relation, _file_id, _line, _time_flag from landing.interaction where _time_flag is not null
    union all
    select 'training', _file_id, _line, _time_flag from landing.training where _time_flag is not null
    union all
    select 'survey_response', _file_id, _line, _time_flag from landing.survey_response where _time_flag is not null
    union all
    select 'escalation', _file_id, _line, _time_flag from landing.escalation where _time_flag is not null
    union all
    select 'offer', _file_id, _line, _time_flag from landing.offer where _time_flag is not null
    union all
    select 'qa_evaluation', _file_id, _line, _time_flag from landing.qa_evaluation where _time_flag is not null
    union all
    select 'utterance', _file_id, _line, _time_flag from landing.utterance where _time_flag is not null
    union all
    select 'customer_event', _file_id, _line, _time_flag from landing.customer_event where _time_flag is not null
    union all
    select 'agent_identity', _file_id, _line, _time_flag from landing.agent_identity where _time_flag is not null
    union all
    select 'correction', _file_id, _line, _time_flag from landing.correction where _time_flag is not null
)

select flagged.relation, manifest.path, flagged._line as line, flagged._time_flag as time_flag
from flagged
left join meta.file_manifest as manifest on manifest.file_id = flagged._file_id
