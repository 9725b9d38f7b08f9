"""Measures beyond patterns: paraphrases, the customer's name, interruptions, open and closed questions.

Their hits are stored with those of rules, under the ids of :data:`MEASURES`.
"""

from __future__ import annotations

import duckdb

from etl.conversations.rules import RuleSet
from etl.sql_text import literal

MEASURES = {
    "paraphrase": "Content words of the customer's last turn given back, turned to the customer.",
    "customer_name": "The customer's name, as the contact knows it, used in a turn.",
}
"""Measures that count as hits of a skill, with their definitions."""

SHORTEST, STEM = 4, 5
"""Shortest words compared, in letters; only their first letters are compared, so that "charged" equals "charges"."""

SHARED_WORDS = 2
SHORTEST_SHARED = SHARED_WORDS * SHORTEST + SHARED_WORDS - 1
"""Fewest characters that a text with that many words can have."""
SHARED_SHARE = 0.3
"""A paraphrase shares at least this many content words with the customer's last turn, and this share of its own."""

INTERRUPTS_MS = 300
"""Overlap from which a turn interrupts: shorter ones are backchannels, or errors of the recogniser's clock."""

BACKCHANNEL_WORDS = 3
"""Most words of an overlapping turn ("mm-hm", "yes, I see") that is a backchannel, not an interruption."""


def beginnings(text: str) -> str:
    """SQL of the first letters of each longer word of a text (most of its content words), with repetitions."""
    return f"regexp_extract_all(lower({text}), '\\b\\pL\\pL\\pL\\pL\\pL?')"


def mark_paraphrases(con: duckdb.DuckDBPyConnection, turns: str, rules: RuleSet, target: str) -> None:
    """Add a hit for every turn that paraphrases the customer's turn before.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    turns : str
        Relation of ``turn_id, text, previous_text``: the customer's turn before, or NULL.
    rules : RuleSet
    target : str
        Table of :func:`etl.conversations.spans.mark_hits`.
    """
    stops = "[" + ", ".join(literal(word[:STEM]) for word in rules.function_words if len(word) >= SHORTEST) + "]"
    con.execute(
        f"""
        insert into {target}
        with turn as (
            select turn_id, length(text) as size, {beginnings("text")} as own, lower(previous_text) as before
            from {turns}
            where length(previous_text) >= {SHORTEST_SHARED} and length(text) >= {SHORTEST_SHARED}
                and regexp_matches(text, {literal(rules.turned_to_customer)})
        ),
        met as (  -- most turns are told apart without cutting up the customer's
            select *, list_filter(own, lambda w: contains(before, w)) as met from turn
        ),
        compared as (
            select turn_id, size, own, list_intersect(met, {beginnings("before")}) as shared
            from met
            where case when length(met) >= {SHARED_WORDS} then {_told("list_distinct(met)", stops)} end
        )
        select turn_id, 'active_listening', 'paraphrase', 'shows', 0, size
        from compared
        where {_told("shared", stops, f"greatest({SHARED_WORDS}, {SHARED_SHARE} * list_unique(own))")}
        """
    )


def _told(words: str, stops: str, least: str = str(SHARED_WORDS)) -> str:
    """SQL of whether a list has at least ``least`` words that are no function words."""
    return f"length(list_filter({words}, lambda w: not list_contains({stops}, w))) >= {least}"


def mark_names(con: duckdb.DuckDBPyConnection, turns: str, rules: RuleSet, target: str) -> None:
    """Add a hit for every turn that uses the customer's name; the name itself is not kept.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    turns : str
        Relation of ``turn_id, text, customer_name``: the name, as the contact knows it, or NULL.
    rules : RuleSet
    target : str
        Table of :func:`etl.conversations.spans.mark_hits`.
    """
    owners = literal(f"(?i)\\b{rules.name_owners}[\\s,]+(?:mrs?|ms|dr)?\\.?\\s*$")
    con.execute(
        f"""
        insert into {target}
        with part as (
            select turn_id, lower(text) as said, length(text) as size,
                unnest(list_filter(
                    regexp_extract_all(lower(customer_name), '[\\pL''’-]+'),
                    lambda p: length(p) > 1 and not list_contains(['mr', 'mrs', 'ms', 'miss', 'dr', 'prof', 'sir'], p)
                )) as part
            from {turns}
            where customer_name is not null
        ),
        at_place as (
            select turn_id, said, part, instr(said, part) as place from part where contains(said, part)
        )
        select turn_id, 'personalisation', 'customer_name', 'shows', min(place) - 1, min(place) - 1 + max(length(part))
        from at_place
        where not regexp_matches(substr(said, place - 1, 1), '\\pL') or place = 1
        group by turn_id
        having bool_or(not regexp_matches(substr(said, place + length(part), 1), '\\pL')
            and not regexp_matches(substr(said, 1, place - 1), {owners}))
        """
    )


_QUESTION = r"[^.?!\s]\s*\?"
"""The end of a question: a question mark after some text."""


def open_questions(text: str, rules: RuleSet) -> str:
    """SQL of the number of open questions in a text.

    Parameters
    ----------
    text : str
        Expression of the text. A question ends with its sign; speech without punctuation has none.
    rules : RuleSet
        Holds the words with which open questions of its language begin.

    Examples
    --------
    >>> import duckdb
    >>> from etl.conversations.rules import load_rules
    >>> said = "'Okay. What happened first? Is it plugged in? Could you tell me more about it?'"
    >>> english = load_rules("en")
    >>> with duckdb.connect() as con:
    ...     con.sql(f"select {open_questions(said, english)}, {questions(said)}").fetchall()
    [(2, 3)]
    """
    begins = r"(?:^|[.?!;:,…–-])\s*(?:(?:so|and|but|okay|ok|well|um|y|und|also|bueno)\s+)*"
    pattern = rf"(?i){begins}(?:{rules.open_question})(?:[^\pL.?!][^.?!]*)?\?"
    return f"length(regexp_extract_all({text}, {literal(pattern)}))"


def questions(text: str) -> str:
    """SQL of the number of questions in a text, by question marks."""
    return f"length(regexp_extract_all({text}, {literal(_QUESTION)}))"
