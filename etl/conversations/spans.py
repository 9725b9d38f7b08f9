"""Hits of rules: each with its rule and its place in the turn.

One RE2 alternation a skill is searched in every turn; only turns that match are searched again, to mark places and skip
exempted passages. Text in quotation marks, in HTML tags or in the quoted part of a mail is skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import duckdb

from etl.conversations.rules import EXEMPT_SIGN, SKILLS, RuleSet
from etl.sql_text import literal

OPENS, CLOSES = "\x01", "\x02"
"""Signs put around hits; they are first removed from the text, so that they are unambiguous."""

_CLEAN = (
    f"case when contains(text, {literal(OPENS)}) or contains(text, {literal(CLOSES)}) "
    f"then translate(text, {literal(OPENS + CLOSES)}, '  ') else text end"
)

EDGE = " .?!:;,…–-\n\r\t"
"""Characters at the beginning of a span that belong to the end of the sentence before."""


def mark_hits(
    con: duckdb.DuckDBPyConnection, turns: str, rules: RuleSet, target: str, skills: Sequence[str] = SKILLS
) -> None:
    """Find every hit of every rule.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    turns : str
        Relation of ``turn_id`` and ``text``: agents' turns.
    rules : RuleSet
    target : str
        Table to create: ``turn_id, skill, rule, polarity, start_at, end_at``; places count characters from 0, the end
        is not included.
    skills : sequence of str
        Which skills to look for.
    """
    key = con.execute(f"select typeof(turn_id) from {turns} limit 1").fetchone()
    con.execute(f"create or replace temp table {target} ({hit_columns(key[0] if key else 'varchar')})")
    for skill in skills:
        _mark(con, turns, rules, skill, target)


def hit_columns(key: str) -> str:
    """SQL of the columns of a table of hits, whose turns have ids of the type ``key``."""
    return f"turn_id {key}, skill varchar, rule varchar, polarity varchar, start_at integer, end_at integer"


def count_hits(
    con: duckdb.DuckDBPyConnection,
    turns: str,
    rules: RuleSet,
    target: str,
    by: Sequence[str],
    skills: Sequence[str] = SKILLS,
) -> None:
    """Count the hits that :func:`mark_hits` would mark, without their places, which takes half of the time.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    turns : str
        Relation of ``text`` and the columns of ``by``.
    rules : RuleSet
    target : str
        Table to add to: the columns of ``by``, then ``skill, rule, polarity, hits``.
    by : sequence of str
        Columns by which hits are grouped.
    skills : sequence of str
        Which skills to look for.
    """
    keys = ", ".join(by)
    for skill in skills:
        spans = _by_signs(rules, skill, lambda pattern: f"regexp_extract_all(text, {pattern})")
        con.execute(
            f"""
            create or replace temp table marked_span as
            select {keys}, span, count(*) as hits
            from (
                select {keys}, unnest({spans}) as span
                from (select {keys}, {_CLEAN} as text from {turns} where {_found(rules, skill)})
            )
            where span <> ''
            group by all
            """
        )
        _name_spans(con, rules, skill)
        con.execute(
            f"""
            insert into {target}
            select {keys}, {literal(skill)}, named.rule, named.polarity, sum(hits)
            from marked_span
            inner join named_span as named using (span)
            where named.polarity <> 'exempts'
            group by all
            """
        )
        con.execute("drop table marked_span")
        con.execute("drop table named_span")


def _found(rules: RuleSet, skill: str) -> str:
    """SQL of whether a turn may have a hit of a skill: quicker than searching places in every turn."""
    return f"regexp_matches(text, {literal(rules.alternation(skill, exempting=False))})"


def _by_signs(rules: RuleSet, skill: str, searched: Callable[[str], str]) -> str:
    """SQL of a search that passes over exempted words in the turns that have a sign of them, and is quicker in others.

    ``searched`` gives the SQL of the search for a pattern.
    """
    plain = searched(literal(rules.alternation(skill, passing_over=False)))
    exempting = searched(literal(rules.alternation(skill)))
    return f"case when regexp_matches(text, {literal(EXEMPT_SIGN)}) then {exempting} else {plain} end"


def _mark(con: duckdb.DuckDBPyConnection, turns: str, rules: RuleSet, skill: str, target: str) -> None:
    marked = f"{literal(OPENS)} || '\\0' || {literal(CLOSES)}"
    spans = _by_signs(rules, skill, lambda pattern: f"regexp_replace(text, {pattern}, {marked}, 'g')")
    con.execute(
        f"""
        create or replace temp table marked_span as
        with found as (
            select turn_id, string_split({spans}, {literal(OPENS)}) as pieces
            from (
                select turn_id, {_CLEAN} as text
                from {turns}
                where {_found(rules, skill)}
            )
        ),
        piece as (
            select turn_id, unnest(pieces) as piece, generate_subscripts(pieces, 1) as piece_no from found
        ),
        placed as (
            select turn_id, piece_no, string_split(piece, {literal(CLOSES)})[1] as span,
                sum(length(piece) - (piece_no > 1)::integer) over (
                    partition by turn_id order by piece_no rows between unbounded preceding and 1 preceding
                ) as before
            from piece
        )
        select turn_id, span, before::integer as start_at from placed where piece_no > 1 and span <> ''
        """
    )
    _name_spans(con, rules, skill)
    con.execute(
        f"""
        insert into {target}
        select marked.turn_id, {literal(skill)}, named.rule, named.polarity,
            marked.start_at + length(marked.span) - length(ltrim(marked.span, {literal(EDGE)})),
            marked.start_at + length(rtrim(marked.span))
        from marked_span as marked
        inner join named_span as named using (span)
        where named.polarity <> 'exempts'
        """
    )
    con.execute("drop table marked_span")
    con.execute("drop table named_span")


def _name_spans(con: duckdb.DuckDBPyConnection, rules: RuleSet, skill: str) -> None:
    """Create ``named_span``: the first rule that matches each distinct span; always exempted spans have no row."""
    known = rules.of(skill)
    tests = " ".join(
        f"when regexp_full_match(span, {literal('(?im)' + rules.re2(rule))}) then {number}"
        for number, rule in enumerate(known)
    )
    names = "[" + ", ".join(literal(rule.id) for rule in known) + "]::varchar[]"
    kinds = "[" + ", ".join(literal(rule.polarity) for rule in known) + "]::varchar[]"
    con.execute(
        f"""
        create or replace temp table named_span as
        with tested as (
            select span, case {tests or "when false then 0"} end as rule_no
            from (select distinct span from marked_span)
        )
        select span, ({names})[rule_no + 1] as rule, ({kinds})[rule_no + 1] as polarity
        from tested where rule_no is not null
        """
    )
