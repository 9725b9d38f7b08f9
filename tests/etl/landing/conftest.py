"""A project to extract from: files and an empathy.toml written into a temporary folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl.configuration.model import Config, load
from etl.landing.extract import ExtractReport, extract
from tests.etl.conftest import emptied


@dataclass
class Workspace:
    """A folder with exports and a configuration, and a connection to extract into."""

    folder: Path
    con: duckdb.DuckDBPyConnection
    report: ExtractReport | None = None
    told: list[str] = field(default_factory=list)

    def write(self, name: str, content: str | bytes) -> Path:
        """Write a file of the project."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def config(self, toml: str) -> Config:
        """Write and load empathy.toml."""
        return load(self.write("empathy.toml", toml))

    def extract(self, toml: str, **options: Any) -> ExtractReport:
        """Extract, by default without stop-rules, and keep the report."""
        options.setdefault("enforce", False)
        self.told = []
        scratch = self.folder / "scratch"
        self.report = extract(self.config(toml), scratch, self.con, self.told.append, run_id="run-1", **options)
        return self.report

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Query the connection."""
        return self.con.execute(sql).fetchall()

    def books(self) -> dict[str, tuple[int, int, int, int]]:
        """Read, loaded, rejected, duplicate of every file."""
        rows = self.rows('SELECT path, "read", loaded, rejected, duplicate FROM landing.file_manifest')
        return {path: (read, loaded, rejected, duplicate) for path, read, loaded, rejected, duplicate in rows}

    def reasons(self) -> dict[int, list[str]]:
        """Reasons by line, of all files."""
        return dict(self.rows("SELECT line, reasons FROM landing.reject ORDER BY line"))


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A fresh project, and a connection set up as a build sets it up: not keeping the order of rows."""
    with emptied() as con:
        con.execute("SET threads = 2")
        con.execute("SET preserve_insertion_order = false")
        yield Workspace(tmp_path, con)


@pytest.fixture
def tabular() -> Callable[..., str]:
    """A configuration with one tabular source."""

    def make(path: str, table: str, extra: str = "", zone: str = "UTC") -> str:
        return (
            f'[project]\ntimezone = "{zone}"\n[sources.data]\nformat = "tabular"\npath = "{path}"\n'
            f'table = "{table}"\nmax_reject_share = 1.0\n{extra}\n'
        )

    return make
