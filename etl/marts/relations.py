"""The SELECTs of sql/, by relation, and their order by dependency."""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from etl.configuration.kpis import SQL_FOLDER

_REFERENCE = re.compile(r"\b(staging|core|mart)\.([a-z][a-z0-9_]*)")
_COMMENT = re.compile(r"--[^\n]*")
IDENTITY = frozenset(
    ("directory", "crosswalk", "person", "identity_candidate", "identity_choice", "identity", "identity_fault")
)
"""Relations of staging that :mod:`etl.marts.identity` builds before the others."""


def every_relation(folder: Path = SQL_FOLDER) -> dict[str, str]:
    """Every relation with the SELECT of its file, those of :mod:`etl.marts.identity` included."""
    matching = {
        f"staging.{name}": (folder / "staging" / f"{name}.sql").read_text(encoding="utf-8")
        for name in sorted(IDENTITY)
    }
    return {**matching, **relations(folder)}


def relations(folder: Path = SQL_FOLDER) -> dict[str, str]:
    """Every relation with the SELECT of its file; the generated ``mart.agent_week`` is represented by a placeholder.

    Parameters
    ----------
    folder : Path
        The SQL folder.
    """
    found = {}
    for schema, name in (("staging", "staging"), ("core", "core"), ("mart", "marts")):
        for path in sorted((folder / name).glob("*.sql")):
            if schema == "staging" and path.stem in IDENTITY:
                continue
            found[f"{schema}.{path.stem}"] = path.read_text(encoding="utf-8")
    found["mart.agent_week"] = " ".join(f"core.{name}" for name in _counted(found))
    return found


def _counted(found: Mapping[str, str]) -> list[str]:
    return sorted(relation.removeprefix("core.") for relation in found if relation.startswith("core."))


def ordered(queries: Mapping[str, str]) -> list[tuple[str, str]]:
    """Relations with their SELECTs, each after those it reads; among equals by name.

    Parameters
    ----------
    queries : mapping
        Relation to SELECT. Relations that are read but are no key are assumed to exist.

    Raises
    ------
    ValueError
        When relations read each other in a circle.
    """
    reads = {
        relation: {
            f"{schema}.{name}" for schema, name in _REFERENCE.findall(_COMMENT.sub("", query))
        }.intersection(queries)
        - {relation}
        for relation, query in queries.items()
    }
    sorter = TopologicalSorter(reads)
    try:
        sorter.prepare()
    except CycleError as error:
        circle = sorted(set(error.args[1]))
        raise ValueError(f"these relations read each other in a circle: {', '.join(circle)}") from None
    result: list[tuple[str, str]] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        result += [(relation, queries[relation]) for relation in ready]
        sorter.done(*ready)
    return result
