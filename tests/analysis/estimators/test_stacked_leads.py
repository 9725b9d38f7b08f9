"""The weeks before training among agents picked by one rule: nothing to see when the teams were on one path."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis import Panel, estimate
from analysis.checks import estimator_gap, pre_trends
from analysis.comparison.compare import Comparison
from analysis.comparison.setting import Setting
from analysis.design import Situation, choose
from analysis.estimators.imputation import Imputation
from analysis.estimators.stacked import SelectionRule, Stacked
from analysis.panel.panel import NEVER
from analysis.study.averages import study_of
from analysis.study.request import Request
from analysis.words.numbers import Reader
from etl.configuration.kpis import load
from etl.configuration.programme import Assignment, AssignmentRule
from tests.analysis.worlds import flat_world, panel_of, words

RULE = SelectionRule(share=0.5, lookback=4)
#: Two routes to the same number.
SAME = 1e-12


def picked_world(seed: int, waves: tuple[int, ...] = (20, 26), teams: int = 30, size: int = 10) -> Panel:
    """Nobody is affected. Ten teams start, then five, then none; of each the worst half of four weeks is trained."""
    draw = np.random.default_rng(seed)
    weeks = 40
    patch = np.zeros((teams * size, weeks))
    for t in range(1, weeks):
        patch[:, t] = 0.8 * patch[:, t - 1] + draw.normal(size=teams * size)
    y = patch + 0.5 * draw.normal(size=patch.shape)
    team = np.repeat(np.arange(teams), size)
    panel = Panel(
        num=y,
        den=np.ones_like(y),
        cohort_ix=np.full(team.size, NEVER, dtype=np.int64),
        cluster_ix=team,
        units=np.arange(team.size),
        times=np.arange(weeks),
        clusters=np.arange(teams),
    )
    cohorts = np.full(team.size, NEVER, dtype=np.int64)
    for k, week in enumerate(waves):
        begins = team % 6 == 5 if k else team % 6 < 2
        cohorts[RULE.picked(panel, week) & begins] = week
    return panel.with_cohorts(cohorts)


def leads(panel: Panel, estimator: str, **options: object) -> np.ndarray:
    parts = estimate(panel, estimator, **options).aggregate("event_time").columns  # type: ignore[arg-type]
    keys = np.asarray(parts["key"])
    return np.asarray(parts["estimate"])[keys < 0]


def test_one_experiment_has_the_leads_of_imputation_inside_it() -> None:
    panel = picked_world(1, waves=(20,))
    made = Stacked(panel, 0, RULE).experiment(20)
    assert made is not None
    inside = Imputation(made[0], 0).family("event_time", "jackknife")
    before = np.asarray(inside.keys) < 0
    events = estimate(panel, "stacked", rule=RULE, variance="jackknife").aggregate("event_time")
    keys = np.asarray(events.columns["key"])

    np.testing.assert_array_equal(keys[keys < 0], np.asarray(inside.keys)[before])
    np.testing.assert_allclose(np.asarray(events.columns["estimate"])[keys < 0], inside.theta[before], atol=SAME)
    np.testing.assert_allclose(events.influence[:, keys < 0], inside.influence[:, before], atol=SAME)


def test_several_experiments_are_averaged_by_the_trained_behind_each_lead() -> None:
    panel = picked_world(2)
    model = Stacked(panel, 0, RULE)
    parts = [(cohort, inside.family("event_time", "analytic")) for cohort, inside, _ in model.models]
    last = [(int((panel.cohort_ix == cohort).sum()), f.theta[list(f.keys).index(-1)]) for cohort, f in parts]
    expected = np.average([theta for _, theta in last], weights=[n for n, _ in last])
    found = estimate(panel, "stacked", rule=RULE).aggregate("event_time").parts

    assert found.filter(found["key"] == -1)["estimate"].item() == pytest.approx(expected, abs=SAME)


def test_agents_picked_for_low_results_are_level_with_others_so_picked() -> None:
    """Against everybody the picked stand out before training; against those the same rule picks they do not."""
    anybody, alike = [], []
    for seed in range(20):
        panel = picked_world(seed)
        anybody.append(leads(panel, "imputation")[-4:].mean())
        alike.append(leads(panel, "stacked", rule=RULE)[-4:].mean())

    assert np.mean(anybody) > 0.5
    assert abs(np.mean(alike)) < 3 * np.std(alike) / np.sqrt(len(alike))


def test_teams_on_another_path_fail_the_pre_trend_among_the_picked() -> None:
    """Only the teams that start rise before training, by four points in twelve weeks: no rule explains that."""
    panel = panel_of(flat_world(3, teams=40, seats=12, weeks=48, assignment="lowest_performers", effect_scale=0.0))
    rule = SelectionRule(share=0.5, lookback=4)
    reader, kpi = Reader("en_GB", "EUR"), words()
    quiet = pre_trends.check(estimate(panel, "stacked", rule=rule).aggregate("event_time"), kpi, 0.005, reader)
    starts = np.full(panel.n_clusters, NEVER, dtype=np.int64)
    np.minimum.at(starts, panel.cluster_ix, panel.cohort_ix)
    start = starts[panel.cluster_ix][:, None]
    since = np.where(start == NEVER, -100, np.arange(panel.n_periods)[None, :] - np.minimum(start, 10**6))
    drift = np.where(since > -100, 0.04 / 12 * np.clip(since + 12, 0, 12), 0.0)
    drifting = replace(panel, num=panel.num + drift * panel.den)
    found = pre_trends.check(estimate(drifting, "stacked", rule=rule).aggregate("event_time"), kpi, 0.005, reader)

    assert quiet.status != "failed"
    assert "No usable weeks" not in quiet.sentence
    assert found.status == "failed"
    assert "drifting apart before training" in found.sentence


def test_what_the_picked_regain_is_no_disagreement_between_estimators() -> None:
    panel = picked_world(7, teams=90)
    pair = [
        estimate(panel, name, **options).aggregate("simple")
        for name, options in (("stacked", {"rule": RULE}), ("imputation", {}))
    ]
    reader, kpi = Reader("en_GB", "EUR"), words(unit="seconds")
    plain = estimator_gap.check(pair[0], pair[1], kpi, 0.1, reader)
    found = estimator_gap.check(pair[0], pair[1], kpi, 0.1, reader, same_rule=True)

    assert plain.status == "failed"
    assert found.status == "informational"
    assert "regain part of that by themselves" in found.sentence


def test_with_a_rule_the_whole_study_leans_on_nobody_at_another_level() -> None:
    """No check fails for the low point that the rule looked for, and none draws on the comparison it spoils."""
    panel = panel_of(flat_world(8, teams=40, seats=12, weeks=48, assignment="lowest_performers", effect_scale=1.0))
    recorded = AssignmentRule(kpi="escalation_rate", lookback_weeks=4, share=0.5)
    assignment = Assignment(mode="lowest_performers", unit="team", rule=recorded)
    nobody: Any = None
    design = choose(assignment, Situation(True, 1, 1, 0.5, False))
    setting = Setting(design=design, roster=nobody, reader=Reader("en_GB", "EUR"), ci_level=0.95)
    made = study_of(Comparison.of(panel, RULE), Request(load()["escalation_rate"], thorough=True), setting)
    status = {found.check: found.status for found in made.checks}

    assert "failed" not in status.values()
    assert status["estimator_gap"] == status["sensitivity"] == "informational"
    assert {"pre_trends", "placebo_in_time", "selection_dip"} <= set(status)
    assert "picked at a low point" in next(f.sentence for f in made.checks if f.check == "sensitivity")
    assert {row["event_time"] for row in made.tables["event_time"]} >= set(range(-12, 10))
