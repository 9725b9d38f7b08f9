"""Statements of DuckDB said in the SQL of other engines: each rewrite by itself, and every file of sql/."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import sqlglot

from etl.configuration import kpis
from etl.engines import rewriting
from etl.engines.rewriting import DIALECTS, Dialect, Rewrite, RewriteError, parsed, rewritten
from etl.marts import agent_week
from etl.marts.relations import every_relation

SQL = Path(__file__).resolve().parents[3] / "sql"
FILES = sorted(SQL.rglob("*.sql"))

WORLD = """
create table contact as select * from (values
    (1, timestamp '2026-03-02 23:59:30', 3600, true, 'a', 2),
    (1, timestamp '2026-03-08 00:00:00', -3600, false, null, 1),
    (2, timestamp '2026-03-09 12:00:00.5', 0, null, 'b', null),
    (2, null, null, true, 'c', 3)
) as contact(agent, happened, offset_s, hostile, queue, n)
"""

SAME_IN_DUCKDB: tuple[tuple[Rewrite, str], ...] = (
    (rewriting.seconds_as_timestamp_add, "select happened + to_seconds(coalesce(offset_s, 60)) as t from contact"),
    (rewriting.seconds_as_timestamp_add, "select cast(happened - to_seconds(offset_s + 1) as date) as t from contact"),
    (rewriting.truth_as_coalesce, "select n from contact where hostile is true"),
    (rewriting.truth_as_coalesce, "select n from contact where hostile is not true"),
    (rewriting.truth_as_coalesce, "select n, not (hostile is false) as t from contact"),
    (rewriting.extremes_by_known_value, "select agent, min_by(queue, n) as q from contact group by agent"),
    (
        rewriting.extremes_by_known_value,
        "select agent, max_by(queue, n) filter (where happened is not null) as q from contact group by agent",
    ),
    (rewriting.rows_of_a_range, "select cast(unnest(range(0, 5)) as integer) as step"),
    (rewriting.rows_of_a_range, "select n, s.step from contact cross join (select unnest(range(2, 4)) as step) as s"),
    (rewriting.group_by_expressions, "select n // 2 as half, count(*) as rows from contact group by half"),
    (rewriting.unknown_last_by_flag, "select n, row_number() over (order by n) as place from contact"),
    (rewriting.unknown_last_by_flag, "select n, row_number() over (order by n desc nulls first) as place from contact"),
)


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect(":memory:")
    made.execute(WORLD)
    return made


@pytest.mark.parametrize(("rewrite", "query"), SAME_IN_DUCKDB)
def test_a_rewrite_changes_the_words_and_not_the_rows(
    con: duckdb.DuckDBPyConnection, rewrite: Rewrite, query: str
) -> None:
    changed = rewrite(parsed(query)).sql("duckdb")

    assert changed != parsed(query).sql("duckdb")
    ordered = "select * from ({}) order by all"
    assert con.execute(ordered.format(changed)).fetchall() == con.execute(ordered.format(query)).fetchall()


@pytest.mark.parametrize(
    ("dialect", "said"),
    [
        ("spark", "SELECT DATE_ADD(SECOND, -(n), made_at) FROM contact"),
        ("snowflake", "SELECT TIMESTAMPADD(SECOND, -(n), made_at) FROM contact"),
        ("bigquery", "SELECT TIMESTAMP_ADD(made_at, INTERVAL -(n) SECOND) FROM contact"),
        ("trino", "SELECT DATE_ADD('SECOND', CAST(-(n) AS BIGINT), made_at) FROM contact"),
    ],
)
def test_seconds_are_added_by_the_function_of_the_engine(dialect: Dialect, said: str) -> None:
    assert rewritten("select made_at - to_seconds(n) from contact", dialect) == said


def test_seconds_that_stand_alone_are_refused() -> None:
    with pytest.raises(RewriteError, match="can only be added"):
        rewritten("select to_seconds(n) from contact", "spark")


def test_what_is_no_statement_is_refused_in_one_line() -> None:
    with pytest.raises(RewriteError) as told:
        rewritten("select from where", "trino")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("dialect", ["bigquery", "trino"])
def test_the_greatest_of_known_values_where_null_would_win(dialect: Dialect) -> None:
    assert rewritten("select greatest(a, b) from t", dialect) == "SELECT COALESCE(GREATEST(a, b), a, b) FROM t"


@pytest.mark.parametrize("a", ["1", "5", "null"])
@pytest.mark.parametrize("b", ["2", "null"])
@pytest.mark.parametrize("c", ["3", "null"])
def test_the_extreme_of_pairs_is_that_of_all(con: duckdb.DuckDBPyConnection, a: str, b: str, c: str) -> None:
    """DuckDB leaves NULL aside; the pairs are asked of an engine that does not, played by a CASE."""
    query = f"select least({a}, {b}, {c}) as found"
    changed = rewriting.extremes_of_known(parsed(query))
    strict = "case when x is not null and y is not null then least(x, y) end"
    con.execute(f"create or replace macro strict(x, y) as {strict}")
    said = changed.sql("duckdb").replace("LEAST(", "strict(")

    assert con.execute(said).fetchall() == con.execute(query).fetchall()


def test_the_last_value_may_be_unknown() -> None:
    said = rewritten("select arg_max_null(left_on, hired_on) as x, max_by(left_on, hired_on) as y from t", "spark")
    assert said == (
        "SELECT MAX_BY(left_on, hired_on) AS x, MAX_BY(left_on, hired_on) FILTER(WHERE NOT left_on IS NULL) AS y FROM t"
    )


def test_microseconds_of_each_engine() -> None:
    said = {dialect: rewritten("select epoch_us(made_at) // 900 from t", dialect) for dialect in DIALECTS}
    assert said["spark"] == "SELECT UNIX_MICROS(CAST(made_at AS TIMESTAMP_LTZ)) DIV 900 FROM t"
    assert "UNIX_MICROS(" in said["bigquery"].upper()
    assert "EPOCH_MICROSECOND" in said["snowflake"].upper()
    assert "TO_UNIXTIME(" in said["trino"].upper()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (
            "select landed.* replace (upper(landed.queue) as queue) from t as landed",
            "SELECT landed.* EXCEPT (queue), UPPER(landed.queue) AS queue FROM t AS landed",
        ),
        (
            "select regexp_replace(a, '^(sips?|tel):', '', 'i') as x from t",
            "SELECT REGEXP_REPLACE(a, '(?i)^(sips?|tel):', '') AS x FROM t",
        ),
        ("select strlen(a) as n from t", "SELECT OCTET_LENGTH(a) AS n FROM t"),
    ],
)
def test_what_spark_writes_differently_is_rewritten(query: str, said: str) -> None:
    assert rewritten(query, "spark") == said


def test_relations_become_views_that_stand_in_no_schema() -> None:
    said = rewritten("select week from core.week semi join staging.refused as r using (week)", "spark", flat=True)
    assert "core__week AS week" in said
    assert "staging__refused AS r" in said
    assert "." not in said.replace("week.week", "")


def test_weeks_begin_on_monday_everywhere() -> None:
    assert "WEEK(MONDAY)" in rewritten("select date_trunc('week', day) as week from t", "bigquery")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_file_can_be_said_in_the_sql_of_every_engine(dialect: Dialect) -> None:
    run_there = [path for path in FILES if dialect == "spark" or path.parent.name != "checks"]
    for path in run_there:
        said = rewritten(path.read_text(encoding="utf-8"), dialect)
        assert sqlglot.parse_one(said, read=dialect), path
        assert "TO_SECONDS" not in said.upper(), path


@pytest.mark.parametrize("dialect", DIALECTS)
def test_agent_week_can_be_said_in_the_sql_of_every_engine(dialect: Dialect) -> None:
    for query in _agent_week().values():
        assert sqlglot.parse_one(rewritten(query, dialect), read=dialect)


def test_the_files_that_are_tested_are_there() -> None:
    assert len(FILES) > 70
    assert {"core.interaction", "staging.identity"} <= set(every_relation())


def _agent_week() -> dict[str, str]:
    """The generated SELECTs, over core relations without rows but with every KPI counted."""
    catalogue = kpis.load()
    passes: dict[tuple[str, bool], list[agent_week.Measure]] = {("interaction", True): []}
    for kpi in catalogue.values():
        for relation, expression, column in (
            (kpi.base, kpi.numerator, f"{kpi.id}_num"), (kpi.exposed_to, kpi.denominator, f"{kpi.id}_den"),
        ):  # fmt: skip
            measure = agent_week.Measure(column, f"cast(sum(cast({expression} as decimal(18, 6))) as double)")
            passes.setdefault((relation, kpi.by_contact), []).append(measure)
    streams = tuple(agent_week.Stream(*key, tuple(measures)) for key, measures in passes.items())
    return {
        **{stream.name: stream.sql() for stream in streams},
        "mart.agent_week": agent_week._together(streams, catalogue),
    }
