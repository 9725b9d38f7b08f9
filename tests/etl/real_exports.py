"""Small exports written into a folder, read and transformed as a build does, without a version being published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import duckdb

from etl.configuration.kpis import load as load_kpis
from etl.configuration.model import load
from etl.landing.extract import extract
from etl.marts import quality
from etl.marts.fill import fill
from etl.marts.kpi_coverage import KpiCoverage
from tests.etl.conftest import ParsedOnce

STAFF = (
    "id,employeeNumber,workEmail,hireDate,terminationDate,terminationReason,location,jobTitle,lastChanged\n"
    + "".join(f"{n},E{n},e{n}@example.com,2024-01-08,0000-00-00,,Lyon,Agent,2025-06-01T00:00:00Z\n" for n in (1, 2, 3))
)
JOBS = "employeeId,date,department,location,jobTitle,reportsTo\n" + "".join(
    f"{n},2024-01-08,Team {'A' if n < 3 else 'B'},Lyon,Agent,\n" for n in (1, 2, 3)
)
HEAD = """
[project]
timezone = "Europe/Paris"
[sites."Lyon"]
timezone = "Europe/Paris"
[privacy]
demo = true
[[programme.courses]]
id = "EMP101"
"""
STAFF_SOURCE = """
[sources.staff]
format = "bamboohr"
path = ["employees.csv", "jobs.csv"]
timezone = "UTC"
"""
CONTACTS_SOURCE = """
[sources.contacts]
format = "tabular"
table = "interaction"
path = "contacts.csv"
timezone = "Europe/Paris"
columns = { interaction_id = "Contact ID", source_agent_id = "Agent", started_at = "Started", channel = "Channel" }
"""


def contacts(days: int = 28, a_day: int = 3, first: str = "2025-03-03") -> str:
    """Contacts ``c0, c1, ...`` at ten of the agents E1, E2, E3 in turn, so many a day."""
    import datetime as dt

    start = dt.date.fromisoformat(first)
    rows = [
        f"c{day * a_day + n},E{1 + n % 3},{start + dt.timedelta(days=day)} 1{n % 10}:00:00,voice"
        for day in range(days)
        for n in range(a_day)
    ]
    return "\n".join(["Contact ID,Agent,Started,Channel", *rows, ""])


@dataclass
class Read:
    """What exports came to: a connection with landing, staging, core, mart and meta, and what checks found."""

    con: duckdb.DuckDBPyConnection
    checks: Mapping[str, quality.DataCheckResult]
    stops: tuple[str, ...]
    kpis: Mapping[str, KpiCoverage]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self.con.execute(query).fetchall()

    def total(self, kpi: str) -> tuple[float | None, float | None]:
        """Sum of a KPI's numerators and denominators."""
        (row,) = self.rows(f"select sum({kpi}_num), sum({kpi}_den) from mart.agent_week")
        return row

    def weekly(self, kpi: str) -> dict[str, tuple[float | None, float | None]]:
        """The same by week."""
        rows = self.rows(
            f"select cast(week as varchar), sum({kpi}_num), sum({kpi}_den) from mart.agent_week group by 1 order by 1"
        )
        return {week: (num, den) for week, num, den in rows}

    def warned(self) -> set[str]:
        """Names of the checks that failed."""
        return {name for name, result in self.checks.items() if result.status == "failed"}

    def reasons(self) -> list[str]:
        """Reasons of open rejects, each once."""
        rows = self.rows(
            "select distinct unnest(reasons) as reason from landing.reject where status = 'open' order by 1"
        )
        return [reason for (reason,) in rows]


def read(folder: Path, files: Mapping[str, str | bytes], toml: str, staff: bool = True, utc: bool = False) -> Read:
    """Write files and a configuration into a folder, and read them; with the usual staff, in the usual zone or UTC."""
    given: dict[str, str | bytes] = {"employees.csv": STAFF, "jobs.csv": JOBS, **files} if staff else dict(files)
    for name, content in given.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    text = HEAD.replace("Europe/Paris", "UTC") if utc else HEAD
    (folder / "empathy.toml").write_text(text + (STAFF_SOURCE if staff else "") + toml, encoding="utf-8")
    config = load(folder / "empathy.toml")
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'; set preserve_insertion_order = false")
    for schema in ("core", "mart", "meta"):
        con.execute(f"create schema {schema}")
    report = extract(config, None, con, enforce=False)
    parsing = cast(duckdb.DuckDBPyConnection, ParsedOnce(con))
    filled = fill(parsing, config, load_kpis(), report, run_id="r", secret=b"a key for tests only")
    assert [relation for relation in filled.reconciliation if relation.difference] == []
    results = {result.check: result for result in filled.checks}
    assert [r for r in results.values() if r.severity == "error" and r.status == "failed"] == []
    return Read(con, results, report.ledger.stop_reasons(con), {found.kpi: found for found in filled.kpis})
