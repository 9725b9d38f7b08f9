"""Event study of every course on a skill, all courses together: before, and by time since each was completed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from analysis.effects.course_instruments import course_effects
from analysis.inference import jackknife_influence
from analysis.panel.panel import Panel

Floats = NDArray[np.float64]

SPANS = ((-8, 0), (0, 4), (4, 13), (13, 10_000))
"""Weeks since completion, half open, that share an effect; the weeks before the first span are what they are held
against. The first span lies before the course, where there should be nothing."""

REFRESHERS = "(refreshers)"
"""Stands for all refreshers among the courses: they are estimated beside the courses that they renew."""


@dataclass(frozen=True)
class CourseEvent:
    """One course in one span of weeks.

    Attributes
    ----------
    course
        Id.
    from_week, to_week
        Span since completion, half open; the last has no end, which is -1.
    estimate, std_error, ci_low, ci_high
        Effect on the skill beside those of all other courses; NaN where they came together.
    stands_out
        Whether it is beyond luck, allowing for all spans of all courses (Bonferroni).
    n_agents
        Agents seen in it.
    """

    course: str
    from_week: int
    to_week: int
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    stands_out: bool
    n_agents: int


def course_events(panel: Panel, doses: Mapping[str, Floats], ci_level: float = 0.95) -> list[CourseEvent]:
    """Effects of all courses by span of weeks since completion, from one regression.

    Parameters
    ----------
    panel
        The skill.
    doses
        Course to (A, T) array, 1 from the week of completion.
    ci_level
        Level of the intervals.

    Returns
    -------
    list of CourseEvent
        Spans with an observed week; an effect that the others already explain has no number.

    Notes
    -----
    Two-way fixed effects over all weeks with one indicator per course and span. Assumptions: 1. the time at which an
    agent takes a course has nothing to do with how the skill would have moved (the span before it looks at that);
    2. effects of courses add up, and are the same for all agents: with courses at few dates they are compared with
    agents who had them earlier. Errors: every team left out in turn, t with teams - 1.

    Source: Sun, Abraham (2021), doi:10.1016/j.jeconom.2020.09.006, for what such coefficients can and cannot say.
    """
    weeks = np.arange(panel.n_periods)[None, :]
    spans: list[tuple[str, int, int, Floats]] = []
    for course, dose in doses.items():
        done = dose > 0
        since = weeks - np.where(done.any(axis=1), done.argmax(axis=1), 10 * panel.n_periods)[:, None]
        for first, last in SPANS:
            inside = ((since >= first) & (since < last)).astype(np.float64)
            if (inside * panel.observed).any():
                spans.append((course, first, last if last < SPANS[-1][1] else -1, inside))
    if not spans:
        return []
    theta, without = course_effects(panel, [span[-1] for span in spans])
    active = np.zeros(panel.n_clusters, dtype=bool)
    active[panel.cluster_ix[panel.observed.any(axis=1)]] = True
    psi = jackknife_influence(without, theta, active)
    error = np.sqrt(np.einsum("ck,ck->k", psi, psi))
    df, alpha = max(int(active.sum()) - 1, 1), 1 - ci_level
    half, wide = (float(stdtrit(df, 1 - part / 2)) for part in (alpha, alpha / len(spans)))
    return [
        CourseEvent(
            course=course,
            from_week=first,
            to_week=last,
            estimate=float(theta[k]) if np.isfinite(error[k]) else float("nan"),
            std_error=float(error[k]),
            ci_low=float(theta[k] - half * error[k]),
            ci_high=float(theta[k] + half * error[k]),
            stands_out=bool(abs(theta[k]) > wide * error[k]),
            n_agents=int((inside * panel.observed).any(axis=1).sum()),
        )
        for k, (course, first, last, inside) in enumerate(spans)
    ]
