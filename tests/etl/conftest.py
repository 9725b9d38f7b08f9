"""Landing tables written by hand, so that transforms can be tested without files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl.configuration import kpis
from etl.configuration.model import Config, parse
from etl.contracts.tables import CONTRACTS, PROVENANCE
from etl.marts import transform

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def make_config(folder: Path, **sections: Any) -> Config:
    """A configuration with sources ``hr``, ``calls`` and ``lms`` and one course."""
    sources = {name: {"format": "tabular", "path": f"{name}.csv", "table": "agent"} for name in ("hr", "calls", "lms")}
    document = {
        "project": {"timezone": "Europe/Madrid"},
        "sources": sources,
        "programme": {"courses": [{"id": "EMP101"}]},
        "privacy": {"demo": True},
    }
    return parse({**document, **sections}, folder / "empathy.toml")


def attach_landing(con: duckdb.DuckDBPyConnection, rows: Rows) -> None:
    """The catalogue ``landing`` as extraction leaves it, holding these rows."""
    con.execute("attach ':memory:' as landing")
    con.execute("create table landing.file_order (file_id varchar, position integer)")
    unsaid = "file_id varchar, source varchar, table_name varchar, field varchar"
    con.execute(f"create table landing.unsaid_field ({unsaid})")
    con.execute("create table landing.file_manifest (file_id varchar, source varchar, path varchar)")
    con.execute("create table landing.named_word (source varchar, setting varchar, word varchar, met boolean)")
    for name, contract in CONTRACTS.items():
        columns = (*contract.columns, *PROVENANCE)
        con.execute(
            f"create table landing.{name} (" + ", ".join(f'"{item.name}" {item.sql_type}' for item in columns) + ")"
        )
        for line, given in enumerate(rows.get(name, ()), start=1):
            defaults = {item.name: item.default.strip("'") for item in contract.columns if item.default != "NULL"}
            row = {**defaults, "_source": "hr", "_file_id": f"file-{name}", "_line": line, "_run_id": "r1", **given}
            names = ", ".join(f'"{key}"' for key in row)
            marks = ", ".join("?" * len(row))
            con.execute(f"insert into landing.{name} ({names}) values ({marks})", list(row.values()))


@dataclass
class Built:
    """A transformed world: its connection, what was done, and what was refused."""

    con: duckdb.DuckDBPyConnection
    done: transform.Transformed
    refused: list[tuple[str, int, str]]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self.con.execute(query).fetchall()

    def one(self, query: str) -> Any:
        """The first value of a query."""
        row = self.con.execute(query).fetchone()
        return row[0] if row else None


@pytest.fixture
def build_rows(tmp_path: Path) -> Callable[..., Built]:
    """Transform landing rows; keyword arguments are sections of the configuration."""

    def run(rows: Rows, catalogue: kpis.Catalogue | None = None, as_of: Any = None, **sections: Any) -> Built:
        con = duckdb.connect(":memory:")
        con.execute("set timezone = 'UTC'")
        for schema in ("core", "mart", "meta"):
            con.execute(f"create schema {schema}")
        attach_landing(con, rows)
        refused: list[tuple[str, int, str]] = []

        def refuse(table: str, relation: str, *, dropped: bool = False) -> None:
            refused.extend(
                (table, line, reason)
                for line, reason in con.execute(f"select _line, reason from {relation} order by all").fetchall()
            )

        done = transform.transform(
            con,
            make_config(tmp_path, **sections),
            catalogue or kpis.load(),
            run_id="r1",
            secret=b"a key for tests only",
            refuse=refuse,
            as_of=as_of,
        )
        return Built(con, done, refused)

    return run
