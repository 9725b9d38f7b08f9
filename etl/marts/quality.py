"""Data checks of sql/checks, and reconciliation of every relation's rows with the files.

A check is a SELECT of violating rows. Its file begins with comments giving severity, meaning and, where possible,
advice: ``-- severity: error|warning``, ``-- sentence: {n} {agents have|agent has} ...`` and ``-- advice: ...``, where
``{n}`` is the number of violations, and plural and singular forms are separated by a bar. A violated ``error`` stops
publication.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from etl.configuration.kpis import SQL_FOLDER, Catalogue
from etl.contracts.tables import CONTRACTS
from etl.marts import agent_week
from etl.marts.history import Repairs
from etl.scrubbing import mask_value

Severity = Literal["error", "warning"]
Status = Literal["passed", "failed"]
SAMPLE_ROWS = 5
"""Violating rows kept as an example, values masked."""

SAME_TOTAL = 1e-9
"""Relative tolerance for two sums of the same numbers in different order, as a share of the sum of absolute values."""

_EITHER = re.compile(r"\{([^{}|]*)\|([^{}|]*)\}")
_HEADER = re.compile(r"--\s*(severity|sentence|advice):\s*(.+)")


@dataclass(frozen=True)
class DataCheck:
    """One file of sql/checks."""

    name: str
    severity: Severity
    sentence: str
    query: str
    advice: str = ""


@dataclass(frozen=True)
class DataCheckResult:
    """Result of a data check.

    Attributes
    ----------
    check, severity
        Its name and severity.
    status : {"passed", "failed"}
    violations : int
        Violating rows.
    sentence : str
        The result in words, with advice where there are violations.
    sample : str
        Up to :data:`SAMPLE_ROWS` of them as JSON, masked.
    """

    check: str
    severity: Severity
    status: Status
    violations: int
    sentence: str
    sample: str


@dataclass(frozen=True)
class Reconciliation:
    """Comparison of a relation's rows with the rows loaded from files.

    Attributes
    ----------
    relation : str
    rows : int
        Rows of the relation, or exported rows accounted for where its grain differs.
    from_files : int
        Rows of loaded records, less refused and later ones.
    difference : int
        Unexplained rows; anything but 0 stops publication.
    sentence : str
    """

    relation: str
    rows: int
    from_files: int
    difference: int
    sentence: str


def checks(folder: Path = SQL_FOLDER / "checks") -> tuple[DataCheck, ...]:
    """Read every check.

    Parameters
    ----------
    folder : Path

    Raises
    ------
    ValueError
        When a file lacks its severity or sentence.
    """
    found = []
    for path in sorted(folder.glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        header = dict(_HEADER.findall(text))
        severity = header.get("severity")
        if severity not in ("error", "warning") or "{n}" not in header.get("sentence", ""):
            raise ValueError(f"{path}: begins with -- severity: error|warning and -- sentence: ... {{n}} ...")
        grave: Severity = "error" if severity == "error" else "warning"
        found.append(DataCheck(path.stem, grave, header["sentence"], text, header.get("advice", "")))
    return tuple(found)


def run_checks(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> tuple[DataCheckResult, ...]:
    """Run every check on a draft.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        A draft with core, mart, staging and landing, and the meta tables that checks read.
    catalogue : Catalogue
        For the check that every KPI's numbers are possible.

    Returns
    -------
    tuple of DataCheckResult
    """
    generated = (_possible_numbers(catalogue), _same_totals(con))
    return tuple(_run(con, check) for check in (*checks(), *generated))


def _possible_numbers(catalogue: Catalogue) -> DataCheck:
    """Yes/no KPIs: 0 <= numerator <= denominator; others: a positive number of squares; all: numbers, and finite."""
    ids, cells = [], []
    for kpi in catalogue.values():
        num, den, squared = f"{kpi.id}_num", f"{kpi.id}_den", f"{kpi.id}_sq"
        condition = f"{den} < 0 or {num} < 0 or {num} > {den}" if kpi.binary else f"{den} < 0 or {squared} < 0"
        for column in (num, den) if kpi.binary else (num, den, squared):
            condition += f" or not isfinite(cast({column} as double))"
        ids.append(f"'{kpi.id}'")
        cells.append(f"count(case when {condition} then 1 end)")
    return DataCheck(
        "kpi_possible",
        "error",
        "{n} {KPIs have|KPI has} cells with impossible numbers, such as more successes than cases, or a "
        "value that is no number.",
        f"select * from (select unnest([{', '.join(ids)}]) as kpi, unnest([{', '.join(cells)}]) as cells "
        "from mart.agent_week) where cells > 0",
    )


def _same_totals(con: duckdb.DuckDBPyConnection) -> DataCheck:
    """Every sum of agent_week equals that of the weekly rows it is joined from."""
    summed: dict[str, list[str]] = {}
    for relation, column in con.execute(
        """
        select table_name, column_name
        from duckdb_columns()
        where database_name = 'staging' and regexp_matches(table_name, '_by(_agent)?_week$')
            and regexp_matches(column_name, '_(num|den|sq)$')
        order by table_name, column_index
        """
    ).fetchall():
        summed.setdefault(relation, []).append(column)
    compared = []
    for relation, columns in summed.items():
        totals = ", ".join(f"coalesce(sum({column}), 0) as {column}" for column in columns)
        sizes = ", ".join(f"coalesce(sum(abs({column})), 0) as size_of_{column}" for column in columns)
        named = ", ".join(f"'{column}'" for column in columns)
        found, expected, size = (
            ", ".join(f"{side}{column}" for column in columns) for side in ("mart.", "weekly.", "weekly.size_of_")
        )
        compared.append(
            f"select unnest([{named}]) as kpi_column, unnest([{found}]) as total, unnest([{expected}]) as of_rows, "
            f"unnest([{size}]) as size from (select {totals} from mart.agent_week) as mart cross join ("
            f"select {totals}, {sizes} from staging.{relation} as row "
            f"semi join (select place_ix from core.place where is_agent) as place on place.place_ix = row.place_ix "
            f"semi join core.week as calendar on calendar.week = row.week) as weekly"
        )
    every = "\nunion all\n".join(compared) or "select '' as kpi_column, 0 as total, 0 as of_rows, 0 as size where false"
    return DataCheck(
        "agent_week_totals",
        "error",
        "{n} {sums of agent_week differ|sum of agent_week differs} from the rows {they are|it is} made of.",
        f"select * exclude (size) from ({every}) where abs(total - of_rows) > {SAME_TOTAL!r} * size",
    )


def _run(con: duckdb.DuckDBPyConnection, check: DataCheck) -> DataCheckResult:
    row = con.execute(f"select count(*) from ({check.query})").fetchone()
    violations = int(row[0]) if row else 0
    sample = "[]"
    if violations:
        cursor = con.execute(f"select * from ({check.query}) order by all limit {SAMPLE_ROWS}")
        names = [column[0] for column in cursor.description or ()]
        rows = [dict(zip(names, map(_shown, row), strict=True)) for row in cursor.fetchall()]
        sample = json.dumps(rows)
    said = f"{check.sentence} {check.advice}".rstrip() if violations else check.sentence
    status: Status = "failed" if violations else "passed"
    return DataCheckResult(check.name, check.severity, status, violations, counted(said, violations), sample)


def example(sample: str) -> str:
    """Return the first violating row of a sample in words, such as ``For example: course_id EMP150.``

    Parameters
    ----------
    sample : str
        As in :class:`DataCheckResult`.
    """
    rows = json.loads(sample)
    if not rows:
        return ""
    named = [f"{name.removeprefix('_')} {value}" for name, value in rows[0].items() if value is not None]
    return f"For example: {', '.join(named)}."


def counted(sentence: str, n: int) -> str:
    """Fill a number into a sentence, with the plural or singular form.

    Parameters
    ----------
    sentence : str
        With ``{n}`` for the number and ``{many|one}`` where words depend on it.
    n : int
    """
    return _EITHER.sub(lambda words: words[2 if n == 1 else 1], sentence).replace("{n}", f"{n:,}")


def _shown(value: object) -> str | None:
    return None if value is None else mask_value(str(value))


def reconcile(
    con: duckdb.DuckDBPyConnection, repairs: Repairs, left_out: Mapping[str, int]
) -> tuple[Reconciliation, ...]:
    """Reconcile the rows of every core relation with the files they come from.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        A draft with core, staging and landing.
    repairs : Repairs
        Repairs of the team history, whose spells are not one to one.
    left_out : mapping of str to int
        Rows per table after ``as_of``, without those of refused records.
    """
    results = []
    some_refused = _count(con, "staging.refused") > 0
    for table in CONTRACTS:
        loaded = _count(con, f"landing.{table}")
        refused = 0
        if some_refused and loaded:
            refused = _count(con, f"landing.{table} semi join staging.refused using (_file_id, _line)")
        later = left_out.get(table, 0)
        same = _count(con, "staging.same_contact") if table == "interaction" else 0
        expected = loaded - refused - later - same
        given = counted("{n} {rows|row} from files", loaded)
        if refused:
            given += f", less {refused:,} of refused records"
        if later:
            given += f", less {later:,} after the day asked for"
        if same:
            given += f", less {same:,} that another source of the same contacts has"
        if table == "agent_identity":
            held = _count(con, _USED_LINES)
            ids = counted("{n} {ids|id}", _count(con, "core.agent_identity"))
            sentence = f"{given}, used to match {ids}."
            results.append(Reconciliation("core.agent_identity", held, loaded, held - loaded, sentence))
        elif table == "agent":
            held = _count(con, "staging.person_record")
            people = counted("{n} {people|person}", _count(con, "core.agent"))
            sentence = f"{given}, describing {people} with an id in use."
            results.append(Reconciliation("core.agent", held, expected, held - expected, sentence))
        elif table == "agent_team":
            held = repairs.rows_in
            spells = counted("{n} {spells|spell}", repairs.rows_out)
            sentence = f"{given}, repaired to {spells} without overlap or gap."
            results.append(Reconciliation("core.agent_team", held, expected, held - expected, sentence))
        elif table == "survey_response":
            met = _count(con, "staging.survey_pair")
            held = _count(con, "core.survey_response") + met
            sentence = f"{given}, {met:,} of them invitations whose answer is in another export."
            sentence = sentence if met else f"{given}."
            results.append(Reconciliation("core.survey_response", held, expected, held - expected, sentence))
        elif table == "event":
            held = _count(con, "core.event", "count(_source)")
            stated = _count(con, "core.event") - held
            sentence = f"{given}, beside {stated:,} that the configuration states." if stated else f"{given}."
            results.append(Reconciliation("core.event", held, expected, held - expected, sentence))
        elif table == "utterance":
            held = _count(con, "core.conversation", "coalesce(sum(turns), 0)")
            transcripts = counted("{n} {transcripts|transcript}", _count(con, "core.conversation"))
            sentence = f"{given}, turns of {transcripts}."
            results.append(Reconciliation("core.conversation", held, expected, held - expected, sentence))
        else:
            held = agent_week.contacts(con) if table == "interaction" else _count(con, f"core.{table}")
            results.append(Reconciliation(f"core.{table}", held, expected, held - expected, f"{given}."))
    return tuple(results)


_USED_LINES = """landing.agent_identity as line
    semi join staging.crosswalk as used
        on used.identity_source = line.identity_source
        and used.source_agent_id = line.source_agent_id
        and used.valid_from = coalesce(line.valid_from, timestamp '0001-01-01')"""
"""Lines of the crosswalk that identities are looked up in; identical lines are one there."""


def _count(con: duckdb.DuckDBPyConnection, relation: str, counted: str = "count(*)") -> int:
    row = con.execute(f"select {counted} from {relation}").fetchone()
    return int(row[0]) if row else 0
