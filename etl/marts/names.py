"""Normalise names in exports: ids that mean no customer, and spellings of the same site, team or queue.

Callers who withhold their number share an id such as "anonymous", which identifies nobody. Sites, teams and queues are
compared after case folding, Unicode NFKC and trimming, without zero-width characters: equal ones get one name, that of
``[sites]`` if it is among them, else the most frequent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import duckdb

from etl.reading.header_names import folded
from etl.sql_text import insert_rows, quoted

if TYPE_CHECKING:
    from etl.configuration.model import Config

NOBODY = frozenset(
    (
        "", "-", "--", "?", "anonymous", "anonymous caller", "anonymous user", "anonym", "anónimo", "anonimo",
        "anonyme", "anônimo", "restricted", "restringido", "restrito", "riservato", "unavailable",
        "not available", "no disponible", "indisponible", "nicht verfügbar", "withheld", "number withheld",
        "unterdrückt", "masqué", "oculto", "nascosto", "private", "private number", "privat", "privado",
        "privé", "privato", "confidencial", "unknown", "unknown caller", "unbekannt", "desconocido",
        "desconhecido", "inconnu", "sconosciuto", "blocked", "no caller id", "no number", "caller id blocked",
        "none", "null", "nil", "n/a", "na", "n.a", "nan", "nat", "undefined", "not set", "not provided", "blank",
        "empty", "missing", "nobody", "guest", "invalid", "k.a", "n.v", "keine angabe", "keine", "leer", "ohne",
        "sin datos", "s/d", "s/n", "vacío", "vide", "néant", "n.d", "vazio", "sem dados", "vuoto", "\\n",
        "266696687",
    )
)  # fmt: skip
"""Ids that mean no particular customer, in lower case; the number spells "anonymous" on a keypad."""

_AROUND = " .,;:'\"()[]{}<>#*_"
"""Characters ignored around such a word: (null), #N/A, k.A."""

_ZEROS = re.compile(r"\+?[0\s-]*0")

FOLDED = (("site", "agent", "site"), ("site", "agent_team", "site"), ("team", "agent_team", "team_id"),
          ("queue", "interaction", "queue"))  # fmt: skip
"""Kind of name, landing table and column of names that are compared."""


def is_nobody(identifier: str, more: Iterable[str] = ()) -> bool:
    """Whether an id means no particular customer.

    Parameters
    ----------
    identifier : str
        As exported, with the name space of its source or without.
    more : iterable of str
        Further words.

    Examples
    --------
    >>> is_nobody("ANONYMOUS"), is_nobody("sip:anonymous@anonymous.invalid"), is_nobody("0000"), is_nobody("K1")
    (True, True, True, False)
    >>> is_nobody("(null)"), is_nobody("#N/A"), is_nobody("crm:k.A."), is_nobody("#31")
    (True, True, True, False)
    """
    words = NOBODY | {folded(word) for word in more}
    plain = folded(identifier)
    spoken = re.sub(r"^(sips?|tel):", "", plain).split("@")[0]
    last = plain.rpartition(":")[2]
    said = {form for text in (plain, spoken, last) for form in (text, text.strip(_AROUND))}
    return any(text in words or _ZEROS.fullmatch(text) is not None for text in said)


def leave_out_nobody(con: duckdb.DuckDBPyConnection, config: Config) -> int:
    """Remove ids that mean no customer from ``staging.customer_key``, so that their contacts have no known customer.

    SQL preselects candidates, so that :func:`is_nobody` tests few of millions of ids: known words in any case, ids of
    zeros only, ids that begin or end with another character than a letter or digit, and ids with a space or a non-ASCII
    character.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    config : Config

    Returns
    -------
    int
        Number of ids removed.
    """
    more = tuple(config.identity.nobody)
    words = sorted({*NOBODY, *(folded(word) for word in more)})
    rows = con.execute(
        """
        with words as (select unnest(?::varchar[]) as word),

        ids as (
            select
                identifier,
                lower(identifier) as plain,
                lower(split_part(regexp_replace(identifier, '^(sips?|tel):', '', 'i'), '@', 1)) as spoken,
                lower(split_part(identifier, ':', -1)) as last_part
            from staging.customer_key
        )

        select identifier from ids semi join words on words.word = ids.plain
        union select identifier from ids semi join words on words.word = ids.spoken
        union select identifier from ids semi join words on words.word = ids.last_part
        union select identifier from ids where not regexp_matches(last_part, '[1-9a-z]')
        union select identifier from ids where regexp_matches(last_part, '^[^0-9a-z+]|[^0-9a-z]$')
        union select identifier from ids where contains(identifier, ' ') or strlen(identifier) <> length(identifier)
        """,
        [words],
    ).fetchall()
    gone = [str(text) for (text,) in rows if is_nobody(str(text), more)]
    if gone:
        con.execute("delete from staging.customer_key where list_contains(?, identifier)", [gone])
    return len(gone)


def canonical(counts: Mapping[str, int], preferred: Sequence[str] = ()) -> dict[str, str]:
    """Return the names to be replaced, with their canonical name.

    Parameters
    ----------
    counts : mapping of str to int
        Name to number of occurrences.
    preferred : sequence of str
        Names preferred whatever their frequency.

    Examples
    --------
    >>> canonical({"Lyon": 5, "LYON ": 2, "Paris": 1})
    {'LYON ': 'Lyon'}
    """
    chosen: dict[str, str] = {folded(name): name for name in preferred}
    for name in sorted(counts, key=lambda name: (-counts[name], name)):
        chosen.setdefault(folded(name), name)
    return {name: chosen[folded(name)] for name in sorted(counts) if chosen[folded(name)] != name}


def fold(con: duckdb.DuckDBPyConnection, config: Config) -> dict[str, dict[str, str]]:
    """Create ``staging.folded`` (kind, written, name), and return SQL for the normalised columns of each landing table.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With the landing tables attached, and ``staging``.
    config : Config

    Returns
    -------
    dict of str to dict of str to str
        Landing table to column to SQL; empty where nothing is to be folded.
    """
    con.execute("create or replace table staging.folded (kind varchar, written varchar, name varchar)")
    replaced: dict[str, dict[str, str]] = {}
    for kind in dict.fromkeys(kind for kind, _, _ in FOLDED):
        counts: dict[str, int] = {}
        for _, table, column in (item for item in FOLDED if item[0] == kind):
            for name, number in con.execute(
                f"select {quoted(column)}, count(*) from landing.{table} "
                f"where {quoted(column)} is not null group by all"
            ).fetchall():
                counts[str(name)] = counts.get(str(name), 0) + int(number)
        found = canonical(counts, tuple(config.sites) if kind == "site" else ())
        if not found:
            continue
        insert_rows(con, "staging.folded", [(kind, *pair) for pair in found.items()])
        for _, table, column in (item for item in FOLDED if item[0] == kind):
            sql = (
                f"coalesce((select any_value(folded.name) from staging.folded as folded "
                f"where folded.kind = '{kind}' and folded.written = landed.{quoted(column)}), landed.{quoted(column)})"
            )
            replaced.setdefault(table, {})[column] = sql
    return replaced
