"""Event study of all courses on a skill in one regression: before completion, and by time since completion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from analysis.effects.course_instruments import course_effects
from analysis.effects.spans import SpanEffect, spans_of
from analysis.inference import jackknife_influence
from analysis.panel.panel import Panel

Floats = NDArray[np.float64]

REFRESHERS = "(refreshers)"
"""Id under which all refreshers together are estimated, beside the courses that they renew."""


@dataclass(frozen=True, kw_only=True)
class CourseEvent(SpanEffect):
    """One course in one span of weeks since it was completed, beside all other courses.

    Attributes
    ----------
    course
        Id.
    """

    course: str


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
        Spans with an observed week; NaN for an effect that is collinear with the others.

    Notes
    -----
    Two-way fixed effects over all weeks with one indicator per course and span. Assumptions: 1. when an agent takes a
    course is unrelated to how the skill would have changed (checked by the span before completion); 2. effects of
    courses add up, and are the same for all agents: with few course dates the comparison includes agents who took the
    course earlier. Standard errors: leave-one-team-out, t with teams - 1.

    Source: Sun, Abraham (2021), doi:10.1016/j.jeconom.2020.09.006, for the interpretation of such coefficients.
    """
    spans = [(course, *span) for course, dose in doses.items() for span in spans_of(dose, panel.observed)]
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
