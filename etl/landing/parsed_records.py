"""Statements over JSON records that were read into one structure of texts, so that no record is parsed twice.

A typed reader reads the structure; files that do not fit it are read as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from etl.configuration.model import Source
from etl.landing import compile as compiler
from etl.landing import json_structure
from etl.landing.compile import Statement
from etl.sources.plan import JsonShape, Plan


@dataclass(frozen=True)
class Parsed:
    """Statements over records that were parsed into one structure.

    Attributes
    ----------
    records : Statement
    elements : tuple of (str, Statement)
        By canonical table.
    structure : str
        SQL type of the column :data:`etl.landing.json_fields.PARSED`.
    """

    records: Statement
    elements: tuple[tuple[str, Statement], ...]
    structure: str


def parsed(plan: Plan, source: Source, zone: str) -> Parsed | None:
    """Compile the statements of a plan over records that were parsed into one structure; None where none gives all.

    Parameters
    ----------
    plan, source, zone
        As in :func:`etl.landing.compile.records`.
    """
    wanted: dict[str, Any] = {}
    parts = [table_map for table_map in plan.tables if table_map.each]
    if not parts or not isinstance(plan.shape, JsonShape):
        return None
    try:
        found = tuple((table_map.table, compiler.elements(table_map, source, zone, wanted)) for table_map in parts)
        return Parsed(compiler.records(plan, source, zone, parsed=wanted), found, json_structure.sql_type(wanted))
    except json_structure.CannotError:
        return None
