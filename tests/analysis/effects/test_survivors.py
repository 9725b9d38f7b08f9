"""Who is left to be measured: bounds and weights against arithmetic by hand, and against worlds with a known answer."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from analysis import Panel, estimate
from analysis.checks import composition
from analysis.effects import survivors as module
from analysis.effects.survivors import Staying, survivors
from analysis.estimators.imputation import Imputation
from analysis.words import survivors as words
from analysis.words.numbers import Reader
from dashboard.privacy.redaction import without_few_leavers
from dashboard.views.attrition import on_whom
from etl.configuration.kpis import load
from tests.analysis.conftest import rollout
from tests.analysis.worlds import words as kpi_words

READER = Reader()


@pytest.fixture(scope="module")
def panel() -> Panel:
    """Agents of whom the third with the largest effects leaves never, and of the others half leaves after training."""
    frame = rollout(3, teams=16, size=8, weeks=30, missing=0.0)
    gain = (frame["agent"] % 3 == 0).cast(pl.Float64)
    gone = (frame["agent"] % 3 != 0) & (frame["agent"] % 2 == 0) & (frame["week"] > frame["trained_week"] + 3)
    frame = frame.with_columns(y=pl.col("y") + gain * (pl.col("tau") != 0)).filter(~gone.fill_null(value=False))
    return Panel.from_frame(frame, "agent", "week", "trained_week", "y", weight="n", cluster="team")


def staying(ratio: float, panel: Panel, error: float = 0.1) -> Staying:
    psi = np.full(panel.n_clusters, error / math.sqrt(panel.n_clusters))
    return Staying(math.log(ratio), error, panel.n_clusters - 1.0, panel.clusters, psi, moved=True)


def test_other_weights_of_trained_weeks_give_what_a_fit_without_each_team_gives(panel: Panel) -> None:
    """The closed form of the jackknife against fits from scratch, with weights that change from week to week."""
    weights = panel.den * (1 + (np.arange(panel.n_units) % 3)[:, None] + np.arange(panel.n_periods)[None, :] / 10)
    theta, _ = Imputation(panel, 0).weighing(weights).replicates("simple")
    for cluster in (0, panel.n_clusters - 1):
        kept = panel.cluster_ix != cluster
        again = Imputation(panel.take(kept), 0).weighing(weights[kept]).point("simple")[1]
        assert theta[cluster, 0] == pytest.approx(again[0], abs=1e-10)
    alike = Imputation(panel, 0).weighing(panel.den).point("simple")[1]
    assert alike[0] == pytest.approx(Imputation(panel, 0).point("simple")[1][0], abs=1e-12)


def test_the_trimmed_mean_is_that_of_the_sorted_values() -> None:
    values, weights = np.array([3.0, 1.0, 2.0, 4.0]), np.array([1.0, 1.0, 1.0, 1.0])
    rise, speed = module._trimmed(values, weights, 0.25)
    assert rise == pytest.approx(3.0 - 2.5)
    half_of_two = module._trimmed(values, weights, 0.375)[0]
    assert half_of_two == pytest.approx((0.5 * 2 + 3 + 4) / 2.5 - 2.5)
    moved = (module._trimmed(values, weights, 0.37501)[0] - half_of_two) / 0.00001
    assert module._trimmed(values, weights, 0.375)[1] == pytest.approx(moved, rel=1e-3)
    assert speed > 0


def test_without_an_effect_on_leaving_nothing_is_trimmed(panel: Panel) -> None:
    study = estimate(panel)
    found = survivors(study, staying(1.0, panel))
    assert found is not None
    assert found.excess == pytest.approx(0.0)
    assert found.bounds.low == found.bounds.high == found.headline.estimate


@pytest.mark.parametrize("ratio", [0.5, 2.0])
def test_the_more_training_moves_leaving_the_wider_the_bounds(panel: Panel, ratio: float) -> None:
    study = estimate(panel)
    near, far = (survivors(study, staying(r, panel)) for r in (1 + (ratio - 1) / 2, ratio))
    assert near is not None
    assert far is not None
    assert far.bounds.low < near.bounds.low < near.headline.estimate < near.bounds.high < far.bounds.high
    assert far.bounds.ci_low < far.bounds.low
    assert np.sign(far.excess) == np.sign(1 - ratio)


def test_weights_undo_that_agents_who_gain_more_stay(panel: Panel) -> None:
    """Leaving is by kind of agent, which the level before training does not tell here: handed in as thirds, it does."""
    panel = panel.equal_agents()
    kind = np.where(panel.units % 3 == 0, 2, 0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_thirds", lambda *_: kind)
        factor = module._weights(panel, module._last_week(panel, None), 0)
    there = panel.trained_cells & panel.observed & (panel.cohort_ix < panel.n_periods)[:, None]
    since = np.where(there, np.arange(panel.n_periods)[None, :] - panel.cohort_ix[:, None], -1)
    late = since == 8
    share = {group: factor[late & (kind == group)[:, None]].sum() for group in (0, 2)}
    began = since == 0
    expected = {group: panel.den[began & (kind == group)[:, None]].sum() for group in (0, 2)}
    assert share[0] / share[2] == pytest.approx(expected[0] / expected[2], rel=1e-6)


def test_the_check_and_the_verdict_say_so(panel: Panel) -> None:
    study, kpi = estimate(panel), kpi_words(unit="score", better="higher", per="answer", label="Satisfaction")
    found = survivors(study, staying(0.4, panel))
    assert found is not None
    left = found.measured(0.05)
    assert words.state(left) == "matters"
    said = words.remark(left, kpi, READER)
    assert said.startswith("Trained agents stayed longer, so this is measured on different people: ")
    stay = estimate(composition.stayers(panel)).aggregate("simple")
    check = composition.check(panel, study.aggregate("simple"), kpi, 9.0, READER, of_stayers=stay, survivors=found)
    assert check.status == "informational"
    assert "are seen only because training kept the agent" in check.sentence
    quiet = replace(found, staying=replace(found.staying, moved=False)).measured(0.05)
    assert words.state(quiet) == "same_people"
    assert words.remark(quiet, kpi, READER) == ""


@pytest.mark.parametrize(("left", "hidden"), [([6, 8, 14], []), ([2, 8, 10], [0, 1]), ([2, 3, 5], [0, 1])])
def test_a_wave_with_few_leavers_is_not_told_by_the_others(left: list[int], hidden: list[int]) -> None:
    rows = pl.DataFrame({"wave": [1, 2, None], "n_agents": [20, 20, 40], "n_left": left, "share_left": [0.1, 0.2, 0.3]})
    shown = without_few_leavers(rows, 5)
    assert [i for i, value in enumerate(shown["n_left"].to_list()) if value is None] == hidden
    assert [i for i, value in enumerate(shown["share_left"].to_list()) if value is None] == hidden
    assert shown["n_agents"].to_list() == [20, 20, 40]


def test_a_small_wave_is_not_told_by_the_sizes_of_the_others() -> None:
    rows = pl.DataFrame({"wave": [1, 2, None], "n_agents": [3, 20, 23], "n_left": [0, 8, 8]})
    assert without_few_leavers(rows, 5)["n_agents"].to_list() == [None, None, 23]


def test_who_left_a_wave_is_withheld_and_never_called_unknown() -> None:
    rows = {"wave": [date(2024, 6, 17), date(2024, 7, 22), None], "n_agents": [56, 60, 203]} | {
        "n_left": [3, 20, 39],
        "share_left": [0.05, 0.3, 0.19],
    }
    expected = {
        "share_expected": [0.08, 0.3, 0.24],
        "expected_low": [0.05, 0.2, 0.15],
        "expected_high": [0.13, 0.4, 0.36],
    }
    of_kpis = pl.DataFrame(
        {"kpi": ["escalation_rate"], "state": ["same_people"], "verdict": ["clear"], "hazard_ratio": [0.8]}
        | {name: [-0.02] for name in ("estimate", "weighted")}
        | {"ci_low": [-0.03], "ci_high": [-0.01], "bound_low": [-0.03], "bound_high": [-0.01]}
    )
    shown = without_few_leavers(pl.DataFrame(rows | expected), 5)
    found = on_whom(shown, of_kpis, [load()["escalation_rate"]], READER)

    assert found is not None
    first, _, together = found.waves
    assert (first["n_agents"], first["left"], first["expected"]) == (56, "not shown", "not shown")
    assert (together["left"], together["expected"]) == ("19%", "24% (15% to 36%)")
