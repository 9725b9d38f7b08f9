"""Fields used by KPIs that a file lacks, and configured words that it contains."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from etl.contracts.tables import CONTRACTS
from etl.hints import did_you_mean, listed
from etl.landing.compile import WATCHED
from etl.reading.opened import Reading
from etl.sources.format import SourceError
from etl.sources.plan import Plan

if TYPE_CHECKING:
    from etl.landing.land_file import LandedFile

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


def refuse_columns_of_no_file(folder: Path, files: Sequence[LandedFile]) -> None:
    """Refuse mapped columns that no file of their source has; some files may lack one.

    Parameters
    ----------
    folder : Path
        To which the paths of the files are relative.
    files : sequence of LandedFile
        Of all sources.

    Raises
    ------
    SourceError
        Naming every such column, with the nearest one there is.
    """
    faults = []
    for source in dict.fromkeys(file.source for file in files):
        members = [file for file in files if file.source == source]
        nowhere = set(members[0].lacking).intersection(*(file.lacking for file in members))
        for setting, name in sorted(nowhere):
            first = members[0]
            counted = "" if len(members) == 1 else f" (nor in the {len(members) - 1:,} other files of the source)"
            faults.append(
                f'{folder / first.path}, line 1: there is no column "{name}"{counted}.'
                f"{did_you_mean(name, first.columns)} The columns are: {listed(first.columns)}. "
                f"Correct {setting} in empathy.toml."
            )
    if faults:
        raise SourceError("\n".join(faults))
