"""A claim holds wherever it stands: what was looked at together, who answers, and tables that must agree."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from analysis.comparison.compare import Comparison
from analysis.comparison.setting import Setting
from analysis.design import Situation, choose
from analysis.panel.slices import EVERYTHING, Slice
from analysis.study.averages import study_of
from analysis.study.family import judged_together
from analysis.study.kpi_study import Judgement
from analysis.study.request import Request
from analysis.study.run import estimate_all, judged_alone
from analysis.words.numbers import Reader
from benchmarks import coverage_claims
from benchmarks.claim_worlds import answering_world
from benchmarks.worlds_kept import worlds as kept_worlds
from etl.configuration.kpis import load
from etl.configuration.programme import Assignment
from tests.analysis.worlds import catalogue, configuration, warehouse

CATALOGUE = load()
CLAIMS = ("clear", "clear_but_small")


def setting(**more: Any) -> Setting:
    design = choose(Assignment(mode="team_waves", unit="team"), Situation(True, 1, 1, 0.0, False))
    roster = SimpleNamespace(situation=lambda: Situation(True, 1, 1, 0.0, False))
    return Setting(design, roster, Reader(), 0.95, kpis=dict(CATALOGUE.items()), **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def moved() -> Any:
    """Satisfied customers answer more; nobody is more satisfied."""
    world = answering_world(302, rate_satisfied=0.36)
    comparison = Comparison.of(world.outcome, answering=world.answering)
    return study_of(comparison, Request(CATALOGUE["csat_top2"], thorough=True), setting())


def test_where_answering_moved_everything_rests_on_the_bounds(moved: Any) -> None:
    plain = study_of(
        Comparison.of(answering_world(302, rate_satisfied=0.36).outcome), Request(CATALOGUE["csat_top2"]), setting()
    )
    assert plain.verdict.state == "clear"

    assert moved.verdict.state == "cant_tell_yet"
    assert "Training moved who answers (survey response rate +" in moved.verdict.sentence
    assert not moved.verdict.believed
    row = moved.effect_rows()[0]
    assert row["ci_low"] < 0 < row["ci_high"]
    assert moved.p_value > 0.05 > plain.p_value
    assert row["estimate"] == plain.headline.estimate
    check = next(c for c in moved.checks if c.check == "who_answers")
    assert "Weighted by each agent's answer rate" in check.sentence


def test_a_response_rate_that_rose_has_no_good_side(moved: Any) -> None:
    world = answering_world(302, rate_satisfied=0.36)
    made = study_of(Comparison.of(world.answering), Request(CATALOGUE["survey_response_rate"]), setting())

    assert (made.verdict.state, made.verdict.direction) == ("clear", "unknown")


def with_p(made: Any, kpi: str, estimate: float, slice_: Slice = EVERYTHING) -> Any:
    """The same study of another KPI or part with an interval of t width one around an estimate."""
    headline = made.headline
    half = 2.0 * 0.01
    ends = {"ci_low": estimate - half, "ci_high": estimate + half}
    found = replace(headline, estimate=estimate, std_error=0.01, df=1e6, **ends)
    context = Judgement(
        CATALOGUE[kpi], setting(n_values={"site": 4, "week": 50}), (), 20, 20, 20.0, 20.0, "", answers=None
    )
    return replace(made, request=Request(CATALOGUE[kpi], slice_), headline=found, context=context)


def test_what_is_no_goal_is_judged_for_how_many_stand_beside_it(moved: Any) -> None:
    others = [kpi for kpi in CATALOGUE.values() if kpi.role == "secondary"]
    studies = [with_p(moved, kpi.id, 0.022 if kpi.id == "felt_heard" else 0.001) for kpi in others]
    at = [kpi.id for kpi in others].index("felt_heard")
    alone = judged_together([studies[at]], 0.95)[0]
    among = judged_together(studies, 0.95)

    assert alone.verdict.state in CLAIMS
    assert not any(made.verdict.state in CLAIMS for made in among)
    assert f"{len(others)} KPIs were tested together" in among[at].verdict.sentence
    together = judged_together([with_p(moved, kpi.id, 0.022) for kpi in others], 0.95)
    assert all(made.verdict.state in CLAIMS for made in together), "what moves together is no chance"


def test_parts_of_the_programme_are_judged_together(moved: Any) -> None:
    channels = [Slice.of("channel", name) for name in ("A", "B", "C", "D", "E")]
    studies = [with_p(moved, "csat_top2", 0.022 if i == 0 else 0.0, part) for i, part in enumerate(channels)]

    made = judged_together([with_p(moved, "csat_top2", 0.022), *studies], 0.95)
    assert made[0].verdict.state in CLAIMS, "the whole is not one of the channels"
    assert made[1].verdict.state == "cant_tell_yet"
    assert "5 KPIs by channel were tested together" in made[1].verdict.sentence


def test_a_site_is_claimed_only_where_the_whole_programme_is(moved: Any) -> None:
    site = Slice.of("site", "Madrid")
    part = with_p(moved, "csat_top2", 0.06, site)

    alone = judged_together([with_p(moved, "csat_top2", 0.001), part], 0.95)[1]
    assert alone.verdict.state == "cant_tell_yet"
    assert "parts of it are claimed only where the whole does" in alone.verdict.sentence
    assert judged_together([with_p(moved, "csat_top2", 0.05), part], 0.95)[1].verdict.state in CLAIMS


def test_where_nothing_moved_a_goal_is_seldom_claimed_anywhere() -> None:
    """29 KPIs in nine parts: over 600 worlds about 3% (docs/coverage.md); 4 or more of 16 would be one in 1,000."""
    worlds = [coverage_claims.everything_at_once(seed) for seed in range(16)]

    assert sum(world.claim for world in worlds) <= 3
    assert sum(world.without for world in worlds) >= 15


def test_a_live_selection_is_one_of_those_that_could_have_been_chosen(moved: Any) -> None:
    site = Slice(site=("Madrid",))
    n_goals = len(CATALOGUE.primary())
    enough, too_little = 0.036, 0.030  # t of 3.6 and 3.0

    assert judged_alone(with_p(moved, "csat_top2", enough, site)).verdict.state in CLAIMS
    assert judged_alone(with_p(moved, "csat_top2", too_little)).verdict.state in CLAIMS
    made = judged_alone(with_p(moved, "csat_top2", too_little, site))
    assert f"{4 * n_goals} KPIs by site were tested together" in made.verdict.sentence
    period = Slice(start=date(2024, 1, 1))
    assert judged_alone(with_p(moved, "csat_top2", enough, period)).verdict.state == "cant_tell_yet"


def test_the_tables_of_leaving_claim_what_the_goal_claims(tmp_path: Path) -> None:
    for seed, ratio in ((7, 1.0), (7, 0.5)):
        con = warehouse(seed, teams=32, hazard_ratio=ratio)
        frames = estimate_all(con, configuration(tmp_path), catalogue(("agent_attrition",)))
        goal = frames["effect"].filter((pl.col("role") == "headline") & (pl.col("slice_kind") == "overall"))
        every = frames["hazard"].filter(pl.col("leave_type") == "any")
        assert (goal["verdict"][0] in CLAIMS) == (every["verdict"][0] in CLAIMS)
        assert ((every["ci_low"][0] > 1) or (every["ci_high"][0] < 1)) == bool(
            np.sign(goal["ci_low"][0]) == np.sign(goal["ci_high"][0])
        )


def test_of_worlds_that_are_kept_the_first_and_the_last_are_drawn_again(tmp_path: Path) -> None:
    drawn: list[int] = []

    def judge(seed: int) -> coverage_claims.Outcome:
        drawn.append(seed)
        return coverage_claims.Outcome(float("nan"), bool(np.True_), seed > 1)

    part = kept_worlds(judge, coverage_claims.Outcome, "A row, 5%", range(3), keep=tmp_path)
    whole = kept_worlds(judge, coverage_claims.Outcome, "A row, 5%", range(4), keep=tmp_path)
    counted = kept_worlds(judge, coverage_claims.Outcome, "A row, 5%", range(1), keep=tmp_path, draw=False)

    assert drawn[:3] == [0, 1, 2]
    assert sorted(drawn[3:5]) == [0, 2]
    assert drawn[5:] == [3]
    assert [o.without for o in whole] == [False, False, True, True] == [o.without for o in counted]
    assert len(part) == 3
