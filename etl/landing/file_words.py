"""What a file lacks and has: fields on which KPIs rest, and words that the configuration names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import duckdb

from etl.contracts.tables import CONTRACTS
from etl.landing.compile import WATCHED
from etl.reading.opened import Reading
from etl.sources.plan import Plan

_IDENTIFIER = re.compile(r'"((?:[^"]|"")+)"')


def words_met(
    con: duckdb.DuckDBPyConnection, rows: str, watched: Sequence[str], plan: Plan
) -> tuple[tuple[str, str, bool], ...]:
    """Return the words that the configuration names: the setting, the word, and whether any record has it.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    rows : str
        FROM clause of the records as landed.
    watched : sequence of str
        Their columns of bits, as :class:`etl.landing.compile.Statement` names them.
    plan : Plan
    """
    if not watched:
        return ()
    row = con.execute(f"SELECT {', '.join(f'coalesce(bit_or({name}), 0)' for name in watched)} FROM {rows}").fetchone()
    bits = [int(value) for value in row or ()]
    return tuple(
        (word.setting, word.word, bool(bits[place // WATCHED] >> place % WATCHED & 1))
        for place, word in enumerate(plan.named)
    )


def fields_lacking(plan: Plan, reading: Reading) -> Iterator[tuple[str, str]]:
    """Yield table and field on which a KPI rests and which the plan does not fill, or from columns the file lacks.

    Parameters
    ----------
    plan : Plan
    reading : Reading
        The file, opened.
    """
    for table_map in plan.tables:
        for item in CONTRACTS[table_map.table]:
            if not item.needed_for:
                continue
            mapped = table_map.fields.get(item.name)
            named = set(_IDENTIFIER.findall(mapped.sql)) if mapped and reading.columns else set()
            if mapped is None or (named and not named & set(reading.columns)):
                yield table_map.table, item.name
