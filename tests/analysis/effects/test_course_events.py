"""Courses by time since completion, all together: against least squares with dummies, and nothing before a course."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

from analysis import Panel
from analysis.effects.course_events import REFRESHERS, course_events
from analysis.effects.spans import SPANS


def made(noise: float) -> tuple[Panel, dict[str, np.ndarray]]:
    """Course A lifts the skill by 0.3 at once and by 0.5 from the fourth week on; B, taken by other dates, by 0.2."""
    draw = np.random.default_rng(3)
    agents, weeks = 60, 40
    team = np.arange(agents) // 5
    at = {"A": draw.integers(10, 30, agents), "B": draw.integers(10, 30, agents)}
    at["B"][::4] = 999
    week = np.arange(weeks)[None, :]
    dose = {course: (week >= start[:, None]).astype(float) for course, start in at.items()}
    effect = 0.3 * dose["A"] + 0.2 * (week >= at["A"][:, None] + 4) + 0.2 * dose["B"]
    y = draw.normal(size=agents)[:, None] + draw.normal(size=weeks)[None, :] + effect
    y = y + noise * draw.normal(size=y.shape)
    agent, at_week = (grid.ravel() for grid in np.mgrid[:agents, :weeks])
    frame = pl.DataFrame({"agent": agent, "week": at_week, "team": team[agent], "y": y.ravel()})
    frame = frame.with_columns(start=pl.lit(None, pl.Int64))
    return Panel.from_frame(frame, "agent", "week", "start", "y", cluster="team"), dose


def test_without_noise_every_span_has_its_effect_and_there_is_none_before() -> None:
    panel, dose = made(0.0)
    found = {(event.course, event.from_week): event.estimate for event in course_events(panel, dose)}
    truth = {"A": (0.0, 0.3, 0.5, 0.5), "B": (0.0, 0.2, 0.2, 0.2)}
    for course, values in truth.items():
        assert [found[course, first] for first, _ in SPANS] == pytest.approx(values, abs=1e-8)


def test_the_effects_are_those_of_least_squares_with_dummies() -> None:
    panel, dose = made(0.5)
    events = course_events(panel, dose)
    agents, weeks = panel.den.shape
    columns = [np.kron(np.eye(agents), np.ones((weeks, 1))), np.kron(np.ones((agents, 1)), np.eye(weeks))[:, 1:]]
    for course in dose:
        since = (
            np.arange(weeks)[None, :] - np.where(dose[course].any(axis=1), dose[course].argmax(axis=1), 999)[:, None]
        )
        columns += [((since >= first) & (since < last)).astype(float).reshape(-1, 1) for first, last in SPANS]
    fitted = sm.OLS(panel.y.ravel(), np.hstack(columns)).fit()
    assert [event.estimate for event in events] == pytest.approx(fitted.params[-len(events) :].tolist(), abs=1e-8)
    told = {(event.course, event.from_week): event.stands_out for event in events}
    assert told["A", 4]
    assert not told["A", -8]


def test_courses_that_came_together_have_no_number() -> None:
    panel, dose = made(0.5)
    assert all(np.isnan(event.estimate) for event in course_events(panel, {"A": dose["A"], "C": dose["A"]}))
    assert course_events(panel, {}) == []


def test_what_a_refresher_brings_back_is_told_apart_from_what_the_course_lost() -> None:
    """A course gives 0.5 and loses half of it in its thirteenth week; a refresher for every other agent gives 0.2."""
    agents, weeks = 60, 60
    agent, week = np.arange(agents), np.arange(weeks)[None, :]
    start = (10 + agent % 5)[:, None]
    again = np.where(agent // 5 % 2 == 0, start[:, 0] + 20 + agent % 3, 999)[:, None]
    dose = {"A": (week >= start).astype(float), REFRESHERS: (week >= again).astype(float)}
    effect = 0.5 * dose["A"] - 0.25 * (week >= start + 13) + 0.2 * dose[REFRESHERS]
    rows, at = (grid.ravel() for grid in np.mgrid[:agents, :weeks])
    y = (effect + np.sin(agent)[:, None] + np.cos(week)).ravel()
    frame = pl.DataFrame({"agent": rows, "week": at, "team": rows // 5, "y": y})
    panel = Panel.from_frame(
        frame.with_columns(start=pl.lit(None, pl.Int64)), "agent", "week", "start", "y", cluster="team"
    )
    found = {(event.course, event.from_week): event.estimate for event in course_events(panel, dose)}

    assert [found[REFRESHERS, first] for first, _ in SPANS] == pytest.approx([0.0, 0.2, 0.2, 0.2], abs=1e-8)
    assert found["A", 13] == pytest.approx(0.25, abs=1e-8)
