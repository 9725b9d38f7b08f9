"""Severity of raters and forms against statsmodels, leaks that show, and skills that keep their effect."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from statsmodels.regression.mixed_linear_model import MixedLM

from analysis import Panel, estimate, mechanism
from analysis.effects.raters import leakage, rater_model
from analysis.effects.skills import corrected_skill
from analysis.panel.evaluations import Evaluations


def scored(seed: int = 0, groups: int = 40, each: int = 4, raters: int = 8, sd: float = 0.5) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), each)
    rater = draw.integers(0, raters, group.size)
    form = (draw.random(group.size) < 0.5).astype(int)
    severity = sd * draw.normal(size=raters)
    score = draw.normal(size=groups)[group] + severity[rater] - 0.4 * form + 0.6 * draw.normal(size=group.size)
    return pd.DataFrame({"group": group, "rater": rater, "form": form, "score": score, "severity": severity[rater]})


def model_of(table: pd.DataFrame) -> object:
    labels = (table["rater"].astype(str).to_numpy(), table["form"].astype(str).to_numpy())
    return rater_model(table["score"].to_numpy(), table["group"].to_numpy(), *labels)


def test_it_is_the_mixed_model_of_statsmodels() -> None:
    table = scored()

    made = model_of(table)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        design = np.column_stack([pd.get_dummies(table["group"]).to_numpy(float), table["form"].to_numpy(float)])
        fitted = MixedLM(table["score"], design, groups=table["rater"]).fit(reml=True, method="lbfgs")
    assert made.sd_between**2 == pytest.approx(float(np.asarray(fitted.cov_re)[0, 0]), rel=2e-4)
    assert made.sd_within**2 == pytest.approx(float(fitted.scale), rel=2e-4)
    assert made.form_effect[1] == pytest.approx(float(np.asarray(fitted.fe_params)[-1]), abs=1e-4)
    theirs = [float(np.asarray(fitted.random_effects[k])[0]) for k in range(8)]
    np.testing.assert_allclose(made.severity, theirs, atol=2e-4)


def test_raters_and_forms_are_taken_out_and_the_mean_stays() -> None:
    table = scored(groups=800)

    made = model_of(table)

    left = made.adjusted - table["score"] + table["severity"] - 0.4 * table["form"]
    assert left.std() < 0.05
    assert made.adjusted.mean() == pytest.approx(table["score"].mean(), abs=1e-12)


def test_raters_alike_are_left_alone() -> None:
    table = scored(sd=0.0, groups=300)

    made = model_of(table)

    assert made.sd_between < 0.06
    assert np.abs(made.severity).max() < 0.06


@pytest.mark.parametrize("what", ["one rater and one form", "one evaluation a month", "nothing scored"])
def test_nothing_to_compare_takes_nothing_out(what: str) -> None:
    table = scored()
    if what == "one rater and one form":
        table["rater"], table["form"] = 0, 0
    elif what == "one evaluation a month":
        table["group"] = np.arange(len(table))
    else:
        table["score"] = np.nan

    made = model_of(table)

    np.testing.assert_array_equal(made.adjusted, table["score"].to_numpy())
    assert not made.severity.any()


def roll_out(seed: int, *, leak: float = 0.0, leaking: int = 0, swap: bool = False) -> tuple[Panel, Evaluations]:
    """48 agents, 30 weeks, half trained from week 15 by 0.06; three evaluations a fortnight by six raters."""
    draw = np.random.default_rng(seed)
    agents, weeks = 96, 30
    team = np.arange(agents) // 6
    start = np.where(team % 2 == 0, 15, 99)
    severity = np.array([-0.06, -0.03, -0.01, 0.01, 0.03, 0.06])
    agent, week = (np.repeat(grid.ravel(), 2) for grid in np.mgrid[:agents, :weeks])
    rater = draw.integers(0, 6, agent.size)
    trained = week >= start[agent]
    if swap:  # the trained are scored by the lenient half
        rater = np.where(trained, draw.integers(3, 6, agent.size), draw.integers(0, 3, agent.size))
        rater = np.where(draw.random(agent.size) < 0.2, draw.integers(0, 6, agent.size), rater)
    score = 0.6 + 0.05 * draw.normal(size=agents)[agent] + 0.06 * trained + severity[rater]
    score = score + leak * (trained & (rater < leaking)) + 0.08 * draw.normal(size=agent.size)
    monday = np.datetime64("2024-01-01") + 7 * week
    evaluations = Evaluations(
        agent.astype(str), monday, np.char.add("r", rater.astype(str)), np.full(agent.size, "v1"), {"skill": score}
    )
    frame = pd.DataFrame({"agent": agent.astype(str), "week": monday, "skill": score}).groupby(["agent", "week"])
    cells = frame["skill"].agg(["mean", "size"]).reset_index()
    index = cells["agent"].astype(int).to_numpy()
    cells["team"] = team[index]
    cells["start"] = [None if s == 99 else np.datetime64("2024-01-01") + 7 * s for s in start[index].tolist()]
    cells["start"] = pd.to_datetime(cells["start"])
    return Panel.from_frame(cells, "agent", "week", "start", "mean", weight="size", cluster="team"), evaluations


def test_a_change_of_who_scores_is_taken_out_of_the_effect() -> None:
    panel, evaluations = roll_out(1, swap=True)

    skill = corrected_skill(panel, panel, evaluations, "skill")

    plain = estimate(panel).aggregate("simple").overall.estimate
    corrected = estimate(skill.panel).aggregate("simple").overall.estimate
    assert plain > 0.09
    assert corrected == pytest.approx(0.06, abs=0.015)
    assert skill.leak.shift > 0.03


def test_raters_who_leak_show_and_honest_ones_do_not() -> None:
    honest = [corrected_skill(*twice(roll_out(s)), "skill").leak for s in range(8)]
    leaky = corrected_skill(*twice(roll_out(2, leak=0.08, leaking=2)), "skill").leak

    assert min(leak.p_value for leak in honest) > 0.001
    assert leaky.p_value < 1e-4
    assert leaky.spread == pytest.approx(0.04, abs=0.02)


def twice(made: tuple[Panel, Evaluations]) -> tuple[Panel, Panel, Evaluations]:
    return made[0], made[0], made[1]


def test_all_raters_leaking_alike_do_not_show() -> None:
    assert corrected_skill(*twice(roll_out(3, leak=0.08, leaking=6)), "skill").leak.p_value > 0.001


def test_the_corrected_panel_keeps_counts_and_knows_its_noise() -> None:
    panel, evaluations = roll_out(4)

    skill = corrected_skill(panel, panel, evaluations, "skill")

    np.testing.assert_array_equal(skill.panel.den, panel.den)
    np.testing.assert_array_equal(skill.panel.cohort_ix, panel.cohort_ix)
    assert skill.panel.sq is not None
    spread = (skill.panel.sq - skill.panel.num**2 / np.maximum(skill.panel.den, 1))[panel.observed].mean()
    assert spread == pytest.approx(0.08**2, rel=0.06)
    assert skill.n_evaluations == evaluations.n
    assert mechanism(panel, {"skill": skill.panel}).notes == ()


def test_evaluations_outside_the_panel_do_not_count() -> None:
    panel, evaluations = roll_out(5)
    part = panel.take(np.arange(panel.n_units) < 30, start=3)

    skill = corrected_skill(part, part, evaluations, "skill")

    np.testing.assert_array_equal(skill.panel.den, part.den)


def test_too_few_evaluations_on_one_side_compare_nobody() -> None:
    _, evaluations = roll_out(6)
    model = rater_model(
        evaluations.scores["skill"], np.zeros(evaluations.n, dtype=int), evaluations.rater, evaluations.form
    )
    few = np.zeros(evaluations.n, dtype=bool)
    few[:5] = True

    found = leakage(
        model,
        evaluations.scores["skill"],
        np.zeros(evaluations.n),
        evaluations.rater,
        few,
        np.zeros(evaluations.n, dtype=int),
    )

    assert found.n_raters == 0
    assert np.isnan(found.p_value)
