"""Loads a small export the way a build does, and hands back rows, rejects and the count of every file."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl.landing import land_file

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Loaded:
    """What landed: rows by table, one dict per file of the manifest, one per rejected record."""

    con: duckdb.DuckDBPyConnection
    manifest: list[dict[str, Any]]
    rejects: list[dict[str, Any]]

    def rows(self, table: str, order: str = "_line") -> list[dict[str, Any]]:
        """Rows of a landing table, without provenance and without empty columns."""
        found = self.con.execute(f"SELECT * FROM landing.{table} ORDER BY {order}")
        names = [column[0] for column in found.description]
        return [
            {name: value for name, value in zip(names, row, strict=True) if value is not None and name[0] != "_"}
            for row in found.fetchall()
        ]

    def reasons(self) -> dict[int, list[str]]:
        """Line to reasons of what was refused."""
        return {reject["line"]: reject["reasons"] for reject in self.rejects}

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Records read, loaded, rejected, duplicate, over all files."""
        return tuple(sum(file[name] for file in self.manifest) for name in ("read", "loaded", "rejected", "duplicate"))


def toml_of(value: object) -> str:
    """Return a value as TOML, tables inline."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(str(key))} = {toml_of(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_of(item) for item in value) + "]"
    return json.dumps(value)


def _dicts(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    found = con.execute(sql)
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Loaded]:
    """Load files of one format: ``load("moodle", "completion-emp101.csv", timezone="Europe/Madrid")``.

    Conservation is asserted for every file, whatever the test is about, and that the database plans no join where the
    order of rows gives their lines: after a join it would keep no order, and only sometimes would that be seen.
    """
    copy = land_file._copy

    def copy_checked(con: duckdb.DuckDBPyConnection, query: str, target: Path) -> int:
        (plan,) = con.execute(f"EXPLAIN (FORMAT json) {query}").fetchall()
        assert "ORDER BY _line" in query or "JOIN" not in plan[1]
        return copy(con, query, target)

    monkeypatch.setattr(land_file, "_copy", copy_checked)

    def run(name: str, files: str | Path | Sequence[str | Path], **section: object) -> Loaded:
        from etl.configuration.model import load as read_config
        from etl.landing.extract import extract

        named = [files] if isinstance(files, str | Path) else list(files)
        section = {"format": name, "path": [str(DATA / file) for file in named], "max_reject_share": 1.0, **section}
        lines = ["[privacy]", "demo = true", "[sources.s]", *(f"{key} = {toml_of(it)}" for key, it in section.items())]
        config_path = tmp_path / "empathy.toml"
        config_path.write_text("\n".join(lines), encoding="utf-8")
        con = duckdb.connect()
        extract(read_config(config_path), tmp_path / "work", con, None)
        manifest = _dicts(con, "SELECT * FROM landing.file_manifest ORDER BY path")
        for file in manifest:
            assert file["read"] == file["loaded"] + file["rejected"] + file["duplicate"], file
        return Loaded(con, manifest, _dicts(con, "SELECT * FROM landing.reject ORDER BY path, line"))

    return run
