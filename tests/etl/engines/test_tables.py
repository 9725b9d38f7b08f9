"""Contacts in a table of another engine, from the configuration to the published version; a second DuckDB plays it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl import build as building
from etl.build import BuildReport
from etl.configuration.model import ConfigError, load
from etl.engines import spark
from etl.engines.spark import EngineError
from etl.engines.tables import TableError
from etl.errors import EmpathyError, StopRuleError

CONTACTS = """
    select
        'c' || n as interaction_id, cast(1 as bigint) as leg, 'a' || n % 4 as source_agent_id,
        'k' || n % 17 as source_customer_id,
        timestamp '2026-01-05 09:00:00' + interval (n * 7) hour as started_at,
        timestamp '2026-01-05 09:05:00' + interval (n * 7) hour as ended_at,
        case when n % 3 = 0 then 'chat' else 'voice' end as channel, 'sales' as queue, 'fault' as reason,
        cast(n % 50 as double) as handle_s, n % 5 = 0 as transferred, n % 9 = 0 as hostile,
        cast(null as boolean) as eligible, cast(null as varchar) as parent_id, cast(null as timestamp) as row_version,
        'calls' as _source
    from range(200) as contact(n)
"""

CONFIG = """
[project]
timezone = "Europe/Madrid"
[privacy]
demo = true
[programme]
courses = [{{ id = "EMP101" }}]
[sources.hr]
format = "tabular"
path = "hr.csv"
table = "agent"
[sources.calls]
format = "tabular"
path = "calls*.csv"
table = "interaction"
optional = true
{engine}
"""

LAKE = '[engine]\nkind = "spark"\n[engine.tables]\ninteraction = "{table}"\n'


@pytest.fixture
def build_lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, second_duckdb) -> Callable[..., BuildReport]:
    """Build with the rows of a query in a Parquet file that the engine reads."""
    monkeypatch.setattr(spark, "session", lambda url: url)
    monkeypatch.setattr(spark, "Spark", lambda opened: second_duckdb())

    def run(contacts: str = CONTACTS) -> BuildReport:
        folder = tmp_path / "lake"
        folder.mkdir()
        with duckdb.connect() as con:
            con.sql(contacts).write_parquet(str(folder / "contacts.parquet"))
        return building.build(load(_project(folder, LAKE.format(table=folder / "contacts.parquet"))))

    return run


def _project(folder: Path, engine: str) -> Path:
    people = "".join(f"a{n},a{n},2020-01-01,Lyon\n" for n in range(4))
    (folder / "hr.csv").write_text("source_agent_id,employee_number,hired_on,site\n" + people, encoding="utf-8")
    (folder / "empathy.toml").write_text(CONFIG.format(engine=engine), encoding="utf-8")
    return folder / "empathy.toml"


def _ask(report: BuildReport, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(report.warehouse), read_only=True) as con:
        return con.execute(query).fetchall()


def test_a_version_says_the_same_without_its_contacts(build_lake, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    with duckdb.connect() as con:
        calls = con.sql(f"select * exclude (_source, eligible, parent_id, row_version) from ({CONTACTS})")
        calls.write_csv(str(folder / "calls.csv"), header=True)
    files = building.build(load(_project(folder, "")))
    lake = build_lake()

    every = "select * from {} order by all"
    for relation in ("mart.agent_week", "mart.agent", "mart.agent_spell", "core.agent_place", "meta.reconciliation"):
        assert _ask(lake, every.format(relation)) == _ask(files, every.format(relation)), relation
    assert len(_ask(lake, "select 1 from mart.agent_week")) > 20
    tables = {name for (name,) in _ask(lake, "select table_name from duckdb_tables() where schema_name = 'core'")}
    assert "agent_place" in tables
    assert not tables & {"interaction", "customer_contact", "escalation", "offer", "survey_response"}
    counted = "select source, format, read, loaded, rejected from meta.file_manifest where source = 'calls'"
    (manifest,) = _ask(lake, counted)
    assert manifest == ("calls", "table", 200, 200, 0)


@pytest.mark.parametrize(
    ("contacts", "fault", "said"),
    [
        (f"select * exclude (queue, leg) from ({CONTACTS})", TableError, 'the table lacks "leg", "queue"'),
        (f"select * replace (cast(started_at as varchar) as started_at) from ({CONTACTS})", TableError,
         "started_at is string and must be a date and time"),
        (f"select * replace (case when leg = 1 and interaction_id <> 'c7' then channel else 'fax' end as channel) "
         f"from ({CONTACTS})", StopRuleError, "1 rows in which channel is none of voice, chat"),
        (f"select * replace ('c1' as interaction_id) from ({CONTACTS})", StopRuleError,
         "1 keys (_source, interaction_id"),
        (f"select * replace ('phones' as _source) from ({CONTACTS})", StopRuleError, 'does not have: "phones"'),
    ],
)  # fmt: skip
def test_a_table_that_breaks_its_contract_publishes_nothing(
    build_lake, tmp_path: Path, contacts: str, fault: type[EmpathyError], said: str
) -> None:
    with pytest.raises(fault) as told:
        build_lake(contacts)
    assert said in str(told.value)
    assert str(told.value).endswith("Nothing was published.")
    assert "\n" not in str(told.value)
    assert not list((tmp_path / "lake" / "warehouse").glob("warehouse-*.duckdb"))


def test_an_engine_that_is_lost_on_the_way_publishes_nothing(
    build_lake, tmp_path: Path, second_duckdb, monkeypatch
) -> None:
    class Lost(second_duckdb):
        def define(self, relation: str, query: str, *, kept: bool) -> None:
            if relation == "core.customer_contact":
                raise EngineError("Spark stopped at core.customer_contact: the session is gone. Nothing was published.")
            super().define(relation, query, kept=kept)

    monkeypatch.setattr(spark, "Spark", lambda opened: Lost())
    with pytest.raises(EngineError, match="the session is gone"):
        build_lake()
    assert not list((tmp_path / "lake" / "warehouse").glob("*.duckdb"))


@pytest.mark.parametrize(
    ("engine", "said"),
    [
        ('[engine]\nkind = "spark"', "needs [engine.tables] interaction"),
        ('[engine.tables]\ninteraction = "lake.contact"', 'are read by kind = "spark"'),
        (LAKE.format(table="lake.contact") + "[conversations]\nread = true", "needs [engine] kind"),
    ],
)
def test_a_configuration_that_cannot_be_meant_is_refused(tmp_path: Path, engine: str, said: str) -> None:
    with pytest.raises(ConfigError) as told:
        load(_project(tmp_path, engine))
    assert said in str(told.value)


def test_letting_go_of_a_lost_session_tells_nothing_new() -> None:
    class Lost:
        def unpersist(self) -> None:
            raise ConnectionError("the session is gone")

    lost = spark.Spark(None)
    lost._kept = {"core.interaction": Lost()}
    lost.close()
    assert lost._kept == {}
