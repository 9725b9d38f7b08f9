"""Courses per agent and week, the effect per course, and both under a selection rule."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest

from analysis import Panel, Slice, estimate
from analysis.effects.completion import completion_effect, dose_effect
from analysis.estimators.stacked import Ranking
from analysis.panel.doses import courses_by_week, refreshed_by_week
from analysis.panel.panel import NEVER
from analysis.study.request import LADDER, WEEKLY, Request
from analysis.study.run import estimate_all, setting_of, study
from tests.analysis.estimators.test_stacked_leads import RULE, picked_world
from tests.analysis.worlds import ORIGIN, catalogue, configuration, warehouse

#: Two routes to the same number.
SAME = 1e-9


def training(con: duckdb.DuckDBPyConnection, rows: list[tuple[str | None, str, str, date | None]]) -> None:
    con.execute("create schema if not exists core")
    columns = "agent_key varchar, course_id varchar, status varchar, completed_on date, score double"
    con.execute(f"create table core.training ({columns})")
    con.executemany("insert into core.training values (?, ?, ?, ?, null)", rows)


def panel(agents: int = 3, weeks: int = 6) -> Panel:
    return Panel(
        num=np.ones((agents, weeks)),
        den=np.ones((agents, weeks)),
        cohort_ix=np.full(agents, 2, dtype=np.int64),
        cluster_ix=np.arange(agents),
        units=np.array([f"k{i}" for i in range(agents)]),
        times=np.array([ORIGIN + timedelta(weeks=k) for k in range(weeks)], dtype=object),
        clusters=np.arange(agents),
    )


def test_every_course_counts_once_from_the_week_it_was_completed() -> None:
    with duckdb.connect() as con:
        monday = ORIGIN
        training(
            con,
            [
                ("k0", "A", "completed", monday + timedelta(days=13)),  # the Sunday of week 1
                ("k0", "A", "completed", monday + timedelta(days=30)),  # again: the first one counts
                ("k0", "B", "completed", monday + timedelta(days=21)),  # the Monday of week 3
                ("k1", "A", "completed", monday - timedelta(days=40)),  # before the data begin
                ("k1", "B", "failed", monday + timedelta(days=1)),
                ("k1", "C", "completed", monday + timedelta(days=1)),  # no treatment
                ("k2", "A", "completed", monday + timedelta(days=400)),  # after they end
                ("k9", "A", "completed", monday),  # not in this panel
                (None, "A", "completed", monday),
                ("k2", "B", "completed", None),
            ],
        )
        dose = courses_by_week(con, panel(), ("A", "B"))
        assert dose is not None
        assert dose.tolist() == [[0, 1, 1, 2, 2, 2], [1] * 6, [0] * 6]
        every = courses_by_week(con, panel(), ())
        assert every is not None
        assert every[1].tolist() == [2] * 6
        assert courses_by_week(con, panel(), ("A",)) is None, "one course at most: completion says it all"


def test_without_training_records_there_is_no_dose() -> None:
    with duckdb.connect() as con:
        assert courses_by_week(con, panel(), ()) is None
        assert refreshed_by_week(con, panel(), ()) is None


def test_a_refresher_is_a_course_repeated_after_weeks_or_one_that_is_marked_as_such() -> None:
    with duckdb.connect() as con:
        monday = ORIGIN
        training(
            con,
            [
                ("k0", "A", "completed", monday - timedelta(days=1)),
                ("k0", "A", "completed", monday + timedelta(days=26)),  # 27 days: another attempt
                ("k0", "A", "completed", monday + timedelta(days=28)),  # the Monday of week 4
                ("k0", "A", "failed", monday + timedelta(days=7)),
                ("k1", "A", "completed", monday),
                ("k1", "R", "completed", monday + timedelta(days=14)),
                ("k2", "A", "completed", monday),
                ("k2", "C", "completed", monday - timedelta(days=90)),  # repeated, but no treatment
                ("k2", "C", "completed", monday + timedelta(days=1)),
                ("k9", "R", "completed", monday),  # not in this panel
                (None, "R", "completed", monday),
            ],
        )
        found = refreshed_by_week(con, panel(), ("A",), ("R",))
        assert found is not None
        assert found.tolist() == [[0, 0, 0, 0, 1, 1], [0, 0, 1, 1, 1, 1], [0] * 6]
        assert refreshed_by_week(con, panel(), ("B",), ("S",)) is None
        every = refreshed_by_week(con, panel(), (), ())
        assert every is not None
        assert every[2].tolist() == [1] * 6


def test_the_effect_per_course_is_stored_beside_the_effect_of_completion(tmp_path: Path) -> None:
    """Every scheduled agent completes two courses, so one course is worth half of both."""
    con = warehouse(5, teams=24, effect_scale=2.0)
    agents = con.execute("select agent_key, trained_week from mart.agent where trained_week is not null").fetchall()
    both = [(key, course, "completed", week) for key, week in agents for course in ("EMP101", "EMP102")]
    training(con, both)
    extra = '[[programme.courses]]\nid = "EMP102"\ntreatment = true\n'
    frames = estimate_all(con, configuration(tmp_path, extra=extra), catalogue(["escalation_rate"]))
    stored = {row["role"]: row for row in frames["effect"].filter(pl.col("slice_kind") == "overall").to_dicts()}

    assert set(stored) == {"headline", "second_opinion", "completion", "dose"}
    assert stored["dose"]["estimate"] == pytest.approx(stored["completion"]["estimate"] / 2, abs=SAME)
    assert stored["dose"]["estimand"] == "effect per course of those the schedule moved"
    assert stored["dose"]["verdict"] is None


def test_what_a_course_does_is_found_where_agents_take_one_to_three() -> None:
    """Each course adds 0.4; being scheduled adds nothing by itself."""
    draw = np.random.default_rng(8)
    found = []
    for seed in range(12):
        made = whole_teams(seed)
        weeks = np.arange(made.n_periods)[None, :]
        done = np.zeros(made.num.shape)
        for extra in range(3):
            takes = made.trained_units & (draw.random(made.n_units) < (0.9, 0.6, 0.4)[extra])
            done += (weeks >= np.where(takes, made.cohort_ix + 2 * extra, NEVER)[:, None]) * 1.0
        found.append(dose_effect(made.with_outcome(made.y + 0.4 * done, "y"), done).per_unit)

    points = np.array([one.estimate for one in found])
    assert abs(points.mean() - 0.4) < 3 * points.std() / np.sqrt(points.size)
    assert sum(one.ci_low < 0.4 < one.ci_high for one in found) >= 9


def whole_teams(seed: int) -> Panel:
    """Nobody is affected; two thirds of thirty teams start in two waves."""
    made = picked_world(seed)
    group = made.cluster_ix % 3
    return made.with_cohorts(np.where(group == 0, 16, np.where(group == 1, 24, NEVER)))


def test_any_slice_gets_its_ladder_on_request(tmp_path: Path) -> None:
    con = warehouse(5, teams=24, effect_scale=2.0)
    config, kpis = configuration(tmp_path), catalogue(["escalation_rate"])
    part = Slice(site=("Madrid",), channel=("VOICE",))
    setting, request = setting_of(con, config, kpis), Request(kpis["escalation_rate"], part)
    plain = study(con, request, setting).frames()
    asked = study(con, replace(request, tables=WEEKLY | LADDER), setting).frames()

    assert plain["ladder"].is_empty()
    rungs = {row["estimator"]: row for row in asked["ladder"].to_dicts()}
    assert {"before_after", "trained_vs_untrained", "twfe", "group_time", "imputation"} <= set(rungs)
    head = asked["effect"].filter(pl.col("role") == "headline").to_dicts()[0]
    assert rungs["imputation"]["estimate"] == pytest.approx(head["estimate"], abs=SAME)
    assert rungs["before_after"]["estimate"] != pytest.approx(head["estimate"], abs=1e-4)
    assert (rungs["twfe"]["slice_kind"], rungs["twfe"]["slice_value"]) == (head["slice_kind"], head["slice_value"])
    assert {name for name in plain if not plain[name].equals(asked[name])} == {"ladder"}


def no_shows(seed: int) -> tuple[Panel, np.ndarray]:
    """Training does nothing; three of four of the picked come."""
    made = picked_world(seed)
    comes = np.random.default_rng(seed).random(made.n_units) < 0.75
    return made, np.where(made.trained_units & comes, made.cohort_ix, NEVER)


def test_the_effect_of_completion_is_not_fooled_by_the_low_point_either() -> None:
    plain, ruled = [], []
    for seed in range(15):
        made, completed = no_shows(seed)
        plain.append(completion_effect(made, completed).per_unit.estimate)
        ruled.append(completion_effect(made, completed, rule=RULE).per_unit.estimate)

    assert np.mean(plain) < -0.2
    assert abs(np.mean(ruled)) < 3 * np.std(ruled) / np.sqrt(len(ruled))


def test_with_a_rule_being_scheduled_is_the_headline_and_the_ratio_its_quotient() -> None:
    made, completed = no_shows(3)
    result = completion_effect(made, completed, rule=RULE)
    headline = estimate(made, "stacked", rule=RULE).aggregate("simple").overall

    assert result.scheduled.estimate == pytest.approx(headline.estimate, abs=SAME)
    assert result.scheduled.std_error == pytest.approx(headline.std_error, abs=SAME)
    assert result.scheduled.estimator == "stacked"
    assert result.uptake.estimate == pytest.approx(0.75, abs=0.1)
    assert result.per_unit.estimate == pytest.approx(result.scheduled.estimate / result.uptake.estimate, abs=SAME)


def test_the_dose_is_compared_with_the_agents_picked_on_the_outcome() -> None:
    """Some agents of other teams take a course of their own accord: who serves as comparison decides what is found."""
    made, completed = no_shows(6)
    weeks = np.arange(made.n_periods)[None, :]
    alone = np.random.default_rng(1).random(made.n_units)[:, None] < 0.4
    dose = ((weeks >= completed[:, None]) | (alone & (weeks >= 22))).astype(float)
    ranking = Ranking(made, made.cluster_ix, np.arange(made.n_units), 0)
    rule = replace(RULE, groups=made.cluster_ix, ranking=ranking)
    expected = estimate(made.with_outcome(dose, "dose"), "stacked", rule=rule).aggregate("simple").overall
    result = dose_effect(made, dose, rule=RULE)

    assert result.uptake.estimate == pytest.approx(expected.estimate, abs=SAME)
    wrong = estimate(made.with_outcome(dose, "dose"), "stacked", rule=RULE).aggregate("simple").overall
    assert abs(wrong.estimate - expected.estimate) > 0.01


def test_agents_trained_before_the_data_begin_leave_the_rule_in_step() -> None:
    made, completed = no_shows(4)
    early = np.where(np.arange(made.n_units) < 5, 0, made.cohort_ix)
    rule = replace(RULE, groups=made.cluster_ix)
    result = completion_effect(made.with_cohorts(early), completed, rule=rule)
    rest = np.arange(made.n_units) >= 5
    expected = completion_effect(
        made.with_cohorts(early).take(rest), completed[rest], rule=replace(RULE, groups=made.cluster_ix[rest])
    )

    assert result.per_unit.estimate == pytest.approx(expected.per_unit.estimate, abs=SAME)
    assert estimate(made.with_cohorts(early), "stacked", rule=rule).aggregate("simple").overall.available


def test_a_dose_that_hangs_on_one_team_says_so() -> None:
    made, completed = no_shows(5)
    only = np.where(made.cluster_ix == 0, made.cohort_ix, NEVER)
    result = dose_effect(made.with_cohorts(only), (np.arange(40)[None, :] >= completed[:, None]).astype(float))

    assert not result.per_unit.available
    assert result.per_unit.reason
