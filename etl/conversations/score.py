"""Count the hits of rules in each contact's landed turns; no text is kept after this step.

Leaves in ``staging``:

- ``conversation_count``: one row per transcript and leg (``_source, interaction_id, leg``) with its turns by speaker,
  the hits of each skill, interruptions, and why it is not scored, where it is not;
- ``conversation_rule``: hits by transcript, leg and rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import duckdb

from etl.conversations.measures import (
    BACKCHANNEL_WORDS,
    INTERRUPTS_MS,
    mark_names,
    mark_paraphrases,
    open_questions,
    questions,
)
from etl.conversations.remembered import key_of, recall, remember
from etl.conversations.rules import SKILLS, RuleSet, languages, load_rules
from etl.conversations.spans import count_hits, hit_columns
from etl.sql_text import literal

READABLE_WORDS, READABLE_SHARE = 12, 0.15
"""Fewest words, and share of function words among them, for agents' text to count as being in the language."""

LOOKED_AT = 800
"""Characters of the agent's text of a contact from which its language is identified."""

FIRST_LOOKED_AT = 300
"""Characters of them checked first; in most texts these hold enough function words."""

BEGINNING = 200
"""Most characters of one turn among them."""

WORD = "\\S+"
"""A word, for counts of words."""

SPOKEN = r"^(?:[^\pL\[]|\[[^\]]*\])*(?:\pL|\[[^\]]*$)"
"""A letter outside brackets; brackets mark redacted text: ``[PII]``."""

LONGEST_SCORED = 20_000
"""Most characters of a spoken turn; a longer one is a document and its contact is not scored."""

_COUNTS = (
    "_source varchar, interaction_id varchar, leg bigint, _file_id varchar, _line bigint, turns bigint, "
    "agent_turns bigint, customer_turns bigint, redacted boolean, language varchar, interruptions bigint, "
    f"questions bigint, open_questions bigint, {', '.join(f'{skill}_hits bigint' for skill in SKILLS)}, "
    "not_scored varchar, rules_sha256 varchar"
)
_RULE_HITS = (
    "_source varchar, interaction_id varchar, leg bigint, skill varchar, rule varchar, polarity varchar, hits bigint"
)
_NOWHERE: Mapping[str, Path] = MappingProxyType({})


def score(con: duckdb.DuckDBPyConnection, language: str, landed_in: Mapping[str, Path] = _NOWHERE) -> None:
    """Score the transcripts of ``staging.landed_utterance``.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With ``staging.landed_utterance`` and ``staging.landed_interaction``.
    language : str
        Language of turns without one.
    landed_in : mapping of str to Path
        Landing folders by the ids of their files, in which hits are kept for the next build.

    Raises
    ------
    etl.conversations.rules.RuleError
        When the rules of a language are wrong.
    """
    if con.execute("select 1 from staging.landed_utterance limit 1").fetchone() is None:
        con.execute(f"create or replace table staging.conversation_count ({_COUNTS})")
        con.execute(f"create or replace table staging.conversation_rule ({_RULE_HITS})")
        return
    _place_turns(con, language)
    found = con.execute("select distinct language from staging.spoken").fetchall()
    rules = {spoken: load_rules(spoken) for (spoken,) in found if spoken in languages()}
    con.execute(
        "create or replace temp table heard "
        "(turn_id bigint, skill varchar, rule varchar, polarity varchar, hits bigint)"
    )
    recalled = _recall(con, landed_in, rules)
    for spoken, known in rules.items():
        of_agent = f"turn.speaker = 'agent' and turn.language = {literal(spoken)}"
        fresh = "table" if recalled else "view"  # a pattern would be searched before turns are left out
        left_out = "anti join recalled using (turn_id)" if recalled else ""
        con.execute(
            f"create or replace temp {fresh} agent_turn as "
            f"select turn.* from staging.spoken as turn {left_out} where {of_agent}"
        )
        con.execute(
            "create or replace temp view answer as "
            "select turn.turn_id, turn.text, customer.text as previous_text from agent_turn as turn "
            "inner join before using (turn_id) "
            "inner join staging.spoken as customer on customer.turn_id = before.customer_turn_id"
        )
        count_hits(con, "agent_turn", known, "heard", by=("turn_id",))
        con.execute(f"create or replace temp table measured ({hit_columns('bigint')})")
        mark_paraphrases(con, "answer", known, "measured")
        con.execute("insert into heard select turn_id, skill, rule, polarity, count(*) from measured group by all")
        con.execute("drop view answer")
        con.execute(f"drop {fresh} agent_turn")
        con.execute("drop table measured")
    _ask(con, rules, recalled)
    if landed_in:
        remember(con, landed_in, key_of(rules), recalled=recalled)
    _add_names(con, rules)
    _count(con, rules)
    for table in ("heard", "asked", "agent_said", "recalled", "before", "talk", "staging.placed", "staging.spoken"):
        con.execute(f"drop table if exists {table}")


def _recall(con: duckdb.DuckDBPyConnection, landed_in: Mapping[str, Path], rules: Mapping[str, RuleSet]) -> bool:
    """Create ``agent_said``, agents' turns with hashes of their text, and fill ``heard`` with the hits kept of them."""
    if not landed_in:
        return False
    spoken = ", ".join(literal(language) for language in rules) or "NULL"
    con.execute(
        f"""
        create or replace temp table agent_said as
        select turn.turn_id, turn._file_id, turn._line, turn.leg, turn.turn,
            hash(turn.text_hash, turn.language, customer.text_hash) as said
        from staging.spoken as turn
        inner join before using (turn_id)
        left join staging.spoken as customer on customer.turn_id = before.customer_turn_id
        where turn.language in ({spoken})
        """
    )
    if not recall(con, landed_in, key_of(rules)):
        return False
    con.execute(
        "insert into heard select turn_id, part[1], part[2], part[3], hits "
        "from (select turn_id, string_split(entry.key, ' ') as part, entry.value as hits "
        "from (select turn_id, unnest(map_entries(hits)) as entry from recalled))"
    )
    return True


def _ask(con: duckdb.DuckDBPyConnection, rules: Mapping[str, RuleSet], recalled: bool) -> None:
    """Create ``asked``: numbers of questions and open questions of agents' turns that have any."""
    opened = " ".join(f"when {literal(spoken)} then {open_questions('text', item)}" for spoken, item in rules.items())
    left_out = "anti join recalled using (turn_id)" if recalled else ""
    con.execute(
        f"""
        create or replace temp table asked as
        select turn_id, {questions("text")} as questions,
            case language {opened or "when null then 0"} end as open_questions
        from staging.spoken {left_out}
        where speaker = 'agent' and contains(text, '?')
        """
    )
    if recalled:
        con.execute(
            "insert into asked select turn_id, questions, open_questions from recalled where questions is not null"
        )


def _add_names(con: duckdb.DuckDBPyConnection, rules: Mapping[str, RuleSet]) -> None:
    """Add uses of the customer's name to ``heard``."""
    con.execute(f"create or replace temp table named ({hit_columns('bigint')})")
    for spoken, known in rules.items():
        turns = f"(select * from staging.spoken where speaker = 'agent' and language = {literal(spoken)})"
        mark_names(con, turns, known, "named")
    con.execute("insert into heard select turn_id, skill, rule, polarity, count(*) from named group by all")
    con.execute("drop table named")


def _place_turns(con: duckdb.DuckDBPyConnection, language: str) -> None:
    """Assign turns to legs of their contact, and find the customer's turn before each.

    ``talk`` numbers transcripts; ``staging.spoken`` has their turns as they landed, numbered too; in ``staging.placed``
    are turns by their numbers, at the leg in whose time they lie; ``before`` has, for turns of agents, the customer's
    turn before, when that ended, and how much of the agent's was said before it. No text is joined or sorted.
    """
    tags = con.execute("select distinct language from staging.landed_utterance where language is not null").fetchall()
    names = {tag: tag.replace("_", "-").split("-")[0].lower() for (tag,) in tags}
    cases = " ".join(f"when {literal(tag)} then {literal(name)}" for tag, name in names.items())
    default = literal(language.replace("_", "-").split("-")[0].lower())
    spoken = f"case turn.language {cases} else {default} end" if cases else default
    con.execute(
        """
        create or replace temp table talk as
        select row_number() over () as talk, _source, interaction_id, leg
        from (select distinct _source, interaction_id, leg from staging.landed_utterance)
        """
    )
    con.execute(
        f"""
        create or replace table staging.spoken as
        select row_number() over () as turn_id, _source, interaction_id, leg, turn, _file_id, _line, speaker, text,
            length(text) as size, hash(text) as text_hash, customer_name, started_ms, ended_ms, redacted, "at",
            {spoken} as language
        from staging.landed_utterance as turn
        """
    )
    con.execute(
        """
        create or replace table staging.placed as
        with several as (
            select interaction_id, leg, started_at,
                coalesce(lead(started_at) over (partition by interaction_id order by started_at, leg),
                    timestamp '9999-12-30') as until,
                min(started_at) over (partition by interaction_id) as opened_at
            from staging.landed_interaction
            where interaction_id in (select interaction_id from talk)
            qualify count(*) over (partition by interaction_id) > 1
        ),
        timed as (
            select turn.* exclude (_source, interaction_id, leg, text, text_hash, customer_name, "at"), talk.talk,
                turn.interaction_id, turn.leg as own_leg, first.interaction_id is not null as is_parted,
                coalesce(turn."at", first.opened_at + to_milliseconds(cast(turn.started_ms as bigint))) as spoken_at
            from staging.spoken as turn
            inner join talk
                on talk._source = turn._source and talk.interaction_id = turn.interaction_id and talk.leg = turn.leg
            left join (select distinct interaction_id, opened_at from several) as first
                on first.interaction_id = turn.interaction_id
        )
        select timed.* exclude (interaction_id, own_leg, spoken_at), coalesce(several.leg, timed.own_leg) as leg
        from timed
        left join several
            on several.interaction_id = timed.interaction_id
            and several.started_at <= timed.spoken_at and timed.spoken_at < several.until
        """
    )
    con.execute(
        f"""
        create or replace temp table before as
        with turn as (
            select turn_id, talk, leg, speaker, turn, is_parted, started_ms,
                case when speaker = 'customer' and size is not null then turn_id end as customer_turn_id,
                case when speaker = 'customer' then ended_ms end as ended_ms,
                case when speaker = 'agent' then least(size, {BEGINNING}) + 1 end as size
            from staging.placed
        ),
        told as (
            select turn_id, talk, leg, speaker, turn, is_parted, started_ms,
                last_value(customer_turn_id ignore nulls) over talk as customer_turn_id,
                last_value(ended_ms ignore nulls) over talk as previous_ended_ms,
                coalesce(sum(size) over talk, 0) as said
            from turn
            window talk as (partition by talk order by turn rows between unbounded preceding and 1 preceding)
        )
        select turn_id, talk, leg, turn, started_ms, customer_turn_id, previous_ended_ms,
            is_parted or said <= {LOOKED_AT} as is_early
        from told
        where speaker = 'agent'
        """
    )


def _count(con: duckdb.DuckDBPyConnection, rules: Mapping[str, RuleSet]) -> None:
    known = "[" + ", ".join(literal(spoken) for spoken in rules) + "]::varchar[]"
    sums = ", ".join(
        f"cast(coalesce(sum(hits) filter (skill = {literal(skill)}), 0) as bigint) as {skill}_hits" for skill in SKILLS
    )
    zeros = ", ".join(f"coalesce(hits.{skill}_hits, 0) as {skill}_hits" for skill in SKILLS)
    readable = " ".join(f"when {literal(spoken)} then {_function_words(item)}" for spoken, item in rules.items())
    function_words = f"(case language {readable or 'when null then 0'} else 0 end)"
    early = function_words.replace("agent_text", f"left(agent_text, {FIRST_LOOKED_AT})")  # its last word may be cut
    words = f"length(regexp_extract_all(agent_text, {literal(WORD)}))"
    hashes = " ".join(f"when {literal(spoken)} then {literal(item.sha256)}" for spoken, item in rules.items())
    con.execute(
        f"""
        create or replace table staging.conversation_count as
        with hits as (
            select talk, leg, {sums} from heard inner join staging.placed using (turn_id) group by talk, leg
        ),
        overlapping as (
            select talk, leg, count(case when previous_ended_ms - started_ms > {INTERRUPTS_MS}
                then nullif(length(regexp_extract_all(spoken.text, {literal(WORD)})) > {BACKCHANNEL_WORDS}, false) end)
                as interruptions
            from (select * from before where started_ms is not null and previous_ended_ms is not null) as timed
            left join (
                select turn_id, text from staging.spoken where turn_id in (
                    select turn_id from before where previous_ended_ms - started_ms > {INTERRUPTS_MS}
                )
            ) as spoken using (turn_id)
            group by talk, leg
        ),
        begun as (
            select before.talk, before.leg,
                left(string_agg(left(text, {BEGINNING}), ' ' order by before.turn), {LOOKED_AT}) as agent_text
            from (select * from before where is_early) as before
            inner join staging.spoken using (turn_id)
            group by before.talk, before.leg
        ),
        mixed as (  -- that of most turns; of several, the one spoken first
            select talk, leg, first(language order by turns desc, begun) as language
            from (
                select talk, leg, language, count(*) as turns, min(turn) as begun
                from staging.placed
                where speaker = 'agent' and talk in (
                    select talk from staging.placed group by talk having min(language) <> max(language)
                )
                group by talk, leg, language
            )
            group by talk, leg
        ),
        counted as (
            select talk, leg,
                min(_file_id) as _file_id, min(_line) as _line,
                count(*) as turns,
                count(*) filter (speaker = 'agent') as agent_turns,
                count(*) filter (speaker = 'customer') as customer_turns,
                min(language) filter (speaker = 'agent') as language,
                coalesce(bool_or(redacted), false) as redacted,
                coalesce(max(size) filter (speaker = 'agent'), 0) as longest
            from staging.placed
            group by talk, leg
        ),
        questioned as (
            select talk, leg, cast(sum(questions) as bigint) as questions,
                cast(coalesce(sum(open_questions), 0) as bigint) as open_questions
            from asked
            inner join staging.placed using (turn_id)
            group by talk, leg
        ),
        gathered as (
            select talk._source, talk.interaction_id, counted.* exclude (talk, language),
                coalesce(mixed.language, counted.language) as language, begun.agent_text, overlapping.interruptions,
                coalesce(questioned.questions, 0) as questions,
                coalesce(questioned.open_questions, 0) as open_questions, {zeros}
            from counted
            inner join talk on talk.talk = counted.talk
            left join hits on hits.talk = counted.talk and hits.leg = counted.leg
            left join overlapping on overlapping.talk = counted.talk and overlapping.leg = counted.leg
            left join questioned on questioned.talk = counted.talk and questioned.leg = counted.leg
            left join begun on begun.talk = counted.talk and begun.leg = counted.leg
            left join mixed on mixed.talk = counted.talk and mixed.leg = counted.leg
        ),
        judged as (
            select *, {_most_words("agent_text")} as most_words,
                row_number() over (
                    partition by interaction_id, leg order by redacted desc, agent_turns desc, _source
                ) as twin
            from gathered
        )
        select * exclude (agent_text, longest, twin, most_words),
            case
                when agent_turns = 0 then 'no turn of an agent'
                when not coalesce(regexp_matches(agent_text, {literal(SPOKEN)}), false) then 'no words of an agent'
                when twin > 1 then 'a second transcript of the contact'
                when not list_contains({known}, language) then 'no rules for its language'
                when longest > {LONGEST_SCORED} then 'a turn too long to be said'
                when most_words >= {READABLE_WORDS} and {early} - 1 < {READABLE_SHARE} * most_words
                    and {function_words} < {READABLE_SHARE} * most_words
                    and {words} >= {READABLE_WORDS} and {function_words} < {READABLE_SHARE} * {words}
                    then 'not in its language'
            end as not_scored,
            case language {hashes or "when null then ''"} end as rules_sha256
        from judged
        """
    )
    con.execute(
        """
        create or replace table staging.conversation_rule as
        select talk._source, talk.interaction_id, counted.* exclude (talk)
        from (
            select talk, leg, skill, rule, polarity, cast(sum(hits) as bigint) as hits
            from heard
            inner join staging.placed using (turn_id)
            group by all
        ) as counted
        inner join talk on talk.talk = counted.talk
        """
    )


def _most_words(text: str) -> str:
    """SQL of an upper bound of the words of a text, quick to compute: its separators plus one."""
    blank = f"regexp_matches({text}, '[\\t\\n\\f\\r]')"
    return f"case when {blank} then length({text}) else length(string_split({text}, ' ')) end"


def _function_words(rules: RuleSet) -> str:
    words = "|".join(sorted({word.replace("'", "['’]?") for word in rules.function_words}))
    pattern = r"(?:^|[^\pL])(?:" + words + r")\b"
    return f"length(regexp_extract_all(lower(agent_text), {literal(pattern)}))"
