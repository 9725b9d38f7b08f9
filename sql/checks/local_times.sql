-- severity: warning
-- sentence: {n} {records have|record has} a local time that does not exist or exists twice (clocks changed).
-- advice: Is the timezone of the source right? Exports with offsets or in UTC have no such hours.
select 'interaction' as relation, _source, _file_id, _line, _time_flag from landing.interaction where _time_flag is not null
union all
select 'training', _source, _file_id, _line, _time_flag from landing.training where _time_flag is not null
union all
select 'survey_response', _source, _file_id, _line, _time_flag from landing.survey_response where _time_flag is not null
union all
select 'escalation', _source, _file_id, _line, _time_flag from landing.escalation where _time_flag is not null
union all
select 'offer', _source, _file_id, _line, _time_flag from landing.offer where _time_flag is not null
union all
select 'qa_evaluation', _source, _file_id, _line, _time_flag from landing.qa_evaluation where _time_flag is not null
union all
select 'customer_event', _source, _file_id, _line, _time_flag from landing.customer_event where _time_flag is not null
union all
select 'agent_identity', _source, _file_id, _line, _time_flag from landing.agent_identity where _time_flag is not null
