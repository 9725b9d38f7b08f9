"""The chain from training to money: links are counted from records, and effects are those of their own studies."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from analysis.study.chain_tables import CHAIN_TABLES, LINKS
from analysis.study.run import estimate_all
from etl.configuration.kpis import Catalogue, load
from tests.analysis import worlds

SKILL = "empathy_score"


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pl.DataFrame]:
    """Results of a world in which escalations follow a skill by -0.4 a point, scored twice a week by four raters."""
    con = worlds.warehouse(5, teams=24, seats=6, weeks=36, pre_weeks=14)
    draw = np.random.default_rng(5)
    cells = con.sql(
        "select agent_ix, agent_key, week, week_ix, scheduled_week from mart.agent_week where channel = 'VOICE' "
        "order by agent_ix, week_ix"
    ).pl()
    trained = (cells["week"] >= cells["scheduled_week"]).fill_null(False).to_numpy()
    drift = draw.normal(size=cells.height)
    score = 0.6 + 0.05 * drift + 0.06 * trained
    twice = pl.DataFrame(
        {
            "evaluation_id": np.arange(2 * cells.height),
            "agent_key": pl.concat([cells["agent_key"]] * 2),
            "week": pl.concat([cells["week"]] * 2),
            "evaluator_key": [f"rater-{k}" for k in draw.integers(0, 4, 2 * cells.height)],
            "form_version": ["v1"] * (2 * cells.height),
            "calibration": [False] * (2 * cells.height),
            SKILL: np.concatenate([score, score]) + 0.04 * draw.normal(size=2 * cells.height),
        }
    )
    for name in ("active_listening", "personalisation", "probing_questions", "perspective_taking"):
        twice = twice.with_columns(pl.lit(None, pl.Float64).alias(name))
    twice = twice.with_columns(pl.lit(None, pl.Float64).alias("trigger_free_language"))
    sums = twice.group_by("agent_key", "week").agg(n=pl.len(), s=pl.col(SKILL).sum(), q=(pl.col(SKILL) ** 2).sum())
    moved = cells.select("agent_key", "week").with_columns(more=pl.Series(-0.02 * drift))
    con.register("twice", twice.to_arrow())
    con.register("sums", sums.to_arrow())
    con.register("moved", moved.to_arrow())
    con.execute("create table core.qa_evaluation as select * from twice")
    con.execute(
        "create or replace table mart.agent_week as select w.* replace (w.escalation_rate_num + w.escalation_rate_den "
        "* moved.more as escalation_rate_num), case when channel = 'VOICE' then sums.s end as empathy_score_num, "
        "case when channel = 'VOICE' then sums.n end as empathy_score_den, case when channel = 'VOICE' then sums.q end "
        "as empathy_score_sq from mart.agent_week w left join sums using (agent_key, week) "
        "left join moved using (agent_key, week)"
    )
    records(con)
    whole = load()
    catalogue = Catalogue([whole[name] for name in ("escalation_rate", SKILL)])
    return estimate_all(con, worlds.configuration(tmp_path_factory.mktemp("chain")), catalogue)


def records(con: duckdb.DuckDBPyConnection) -> None:
    """Everybody scheduled completes the course but one agent in ten; the score is 0.8 for all."""
    con.execute(
        "create table core.training as select agent_key, 'EMP101' as course_id, 'completed' as status, "
        "trained_week as completed_on, 0.8 as score from mart.agent where scheduled_week is not null"
    )
    con.execute("update core.training set status = 'assigned', completed_on = null where agent_key like '%0'")
    con.execute(
        "insert into core.training select agent_key, course_id, status, completed_on + 42, score from core.training "
        "where agent_key like '%1' or agent_key like '%2' or agent_key like '%3'"
    )


def test_refreshers_are_read_in_goals_and_in_the_skill(frames: dict[str, pl.DataFrame]) -> None:
    """Courses taken again six weeks later changed nothing in this world."""
    found = frames["refresher"]
    after = found.filter(pl.col("from_week") == 0)

    assert set(found["kpi"]) == {"escalation_rate", SKILL}
    assert after["n_agents"].min() > 10  # type: ignore[operator]
    assert not found["stands_out"].any()
    assert (after["ci_low"] < 0).all()
    assert (after["ci_high"] > 0).all()


def link(frames: dict[str, pl.DataFrame], name: str, wave: str = "", about: str | None = None) -> dict[str, object]:
    rows = frames["chain"].filter((pl.col("link") == name) & (pl.col("wave") == wave) & (pl.col("course") == ""))
    return rows.filter(pl.col("about") == about).row(0, named=True) if about else rows.row(0, named=True)


def test_every_table_is_there_with_links_in_their_order(frames: dict[str, pl.DataFrame]) -> None:
    assert set(CHAIN_TABLES) <= set(frames)
    whole = frames["chain"].filter((pl.col("wave") == "") & (pl.col("course") == ""))
    assert whole["position"].is_sorted()
    assert [name for name in LINKS if name in set(whole["link"])] == [
        "planned",
        "completed",
        "learned",
        "applied",
        "kpi",
    ]


def test_records_are_counted(frames: dict[str, pl.DataFrame]) -> None:
    planned = frames["effect"].filter((pl.col("kpi") == SKILL) & (pl.col("slice_kind") == "overall"))[
        "n_trained_agents"
    ]
    assert link(frames, "planned")["n"] == planned[0]
    learned = link(frames, "learned")
    assert learned["value"] == pytest.approx(0.8)
    assert 0.85 * planned[0] < learned["n"] < planned[0]  # type: ignore[operator]
    course = frames["chain"].filter(pl.col("course") == "EMP101")
    assert course.filter(pl.col("link") == "planned")["n"][0] == planned[0]
    waves = frames["chain"].filter((pl.col("wave") != "") & (pl.col("link") == "planned"))
    assert waves["n"].sum() == planned[0]


def test_effects_in_the_chain_are_those_of_their_studies(frames: dict[str, pl.DataFrame]) -> None:
    for kpi, name in ((SKILL, "applied"), ("escalation_rate", "kpi")):
        row = link(frames, name, about=kpi)
        effect = (
            frames["effect"]
            .filter((pl.col("kpi") == kpi) & (pl.col("slice_kind") == "overall") & (pl.col("role") == "headline"))
            .row(0, named=True)
        )
        assert [row[k] for k in ("value", "ci_low", "ci_high", "verdict", "sentence")] == [
            effect[k] for k in ("estimate", "ci_low", "ci_high", "verdict", "sentence")
        ]


def test_the_slope_of_the_world_is_found_and_read(frames: dict[str, pl.DataFrame]) -> None:
    row = frames["mechanism"].row(0, named=True)
    assert (row["kpi"], row["skill"], row["state"]) == ("escalation_rate", SKILL, "consistent")
    assert row["slope_low"] < -0.4 < row["slope_high"]
    assert row["effect_on_skill"] == pytest.approx(0.06, abs=0.015)
    assert row["indirect"] + row["direct"] == pytest.approx(row["total"], abs=1e-12)
    assert "shared shock" in row["sentence"]


def test_raters_are_listed_and_checked(frames: dict[str, pl.DataFrame]) -> None:
    assert frames["rater"].filter(pl.col("kind") == "rater").height == 4
    checked = frames["check"].filter((pl.col("check") == "raters") & (pl.col("kpi") == SKILL))
    assert checked["status"].to_list() == ["passed"]


def test_without_evaluations_and_records_there_is_no_chain_but_its_effects(tmp_path: Path) -> None:
    found = estimate_all(
        worlds.warehouse(3, teams=12, seats=4, weeks=24),
        worlds.configuration(tmp_path),
        worlds.catalogue(["escalation_rate"]),
    )

    assert found["mechanism"].is_empty()
    assert found["rater"].is_empty()
    assert set(found["chain"]["link"]) == {"planned", "completed", "kpi"}
    assert date.fromisoformat(found["chain"].filter(pl.col("wave") != "")["wave"][0]) - worlds.ORIGIN > timedelta(0)
