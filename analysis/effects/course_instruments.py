"""Slope of a KPI on a skill, with courses taken at different weeks as instruments for the skill.

Every course changes the skill and the KPI by some amount. If courses affect the KPI only through the skill, the change
of the KPI is the same multiple of the change of the skill for every course, whatever shocks both share in a week. With
two courses or more this can be tested: courses that change the KPI without changing the skill contradict it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import fdtrc, fdtri

from analysis.effects.within_slope import Regressor, within_slope
from analysis.inference import jackknife_influence
from analysis.panel.panel import Panel

Floats = NDArray[np.float64]

WEAK_F = 10.0
"""Below this first-stage F the courses are too weak as instruments."""


@dataclass(frozen=True)
class CourseInstruments:
    """Instrumental-variable slope of the KPI on the skill, and whether the courses agree on it.

    Attributes
    ----------
    slope : float
    ci_low, ci_high : float
        Interval by test inversion, valid for weak instruments; infinite where unbounded.
    first_stage_f : float
        Whether the courses move the skill.
    overidentification_p : float
        p-value that all courses give the same slope; NaN with one course.
    n_courses, n_clusters : int
    reason : str or None
        Why there is none.
    """

    slope: float = np.nan
    ci_low: float = -np.inf
    ci_high: float = np.inf
    first_stage_f: float = np.nan
    overidentification_p: float = np.nan
    n_courses: int = 0
    n_clusters: int = 0
    reason: str | None = None

    def supports(self, slope: float, alpha: float = 0.05) -> bool:
        """Whether strong instruments that agree with each other give a slope of the same sign, significantly."""
        outside = self.ci_low > 0 or self.ci_high < 0
        agree = self.overidentification_p >= alpha
        return bool(self.reason is None and outside and agree and np.sign(self.slope) == np.sign(slope))


def course_instruments(
    outcome: Panel, skill: Panel, doses: Sequence[Floats], ci_level: float = 0.95
) -> CourseInstruments:
    """Slope of the outcome on the skill, with the courses as instruments.

    Parameters
    ----------
    outcome, skill : Panel
        The same agents and weeks in the same order, same clusters.
    doses : sequence of J (A, T) arrays
        1 from the week in which each agent completed the course.
    ci_level : float

    Returns
    -------
    CourseInstruments

    Notes
    -----
    Effects of all courses together on skill and on outcome by two-way fixed effects over all weeks, each on its own
    cells; then the slope at which ``effects on outcome - slope x effects on skill`` is smallest in the metric of its
    own clustered covariance (continuously updated minimum distance, insensitive to weak instruments).

    Assumptions: 1. a course reaches the KPI through this skill alone: tested only as far as courses differ (a direct
    effect in proportion to the effect on the skill passes); 2. when an agent takes a course is unrelated to how skill
    and KPI would have changed: the design's assumption; 3. effects on both fade at the same rate.

    Source: Hansen, Heaton, Yaron (1996), doi:10.1080/07350015.1996.10524656; Stock, Wright (2000),
    doi:10.1111/1468-0262.00151.
    """
    moved = [dose for dose in doses if float((dose * outcome.observed).sum()) > 0]
    distinct: list[Floats] = []
    for dose in moved:
        if not any(np.array_equal(dose, other) for other in distinct):
            distinct.append(dose)
    clusters = np.unique(outcome.cluster_ix[outcome.observed.any(axis=1)])
    n_courses, n_clusters = len(distinct), int(clusters.size)
    if n_courses < 2:
        return CourseInstruments(n_courses=n_courses, reason="fewer than two courses came at different weeks")
    if n_clusters < 2 * n_courses + 2:
        return CourseInstruments(n_courses=n_courses, n_clusters=n_clusters, reason="too few teams for so many courses")
    parts = [course_effects(panel, distinct) for panel in (outcome, skill)]
    theta = np.concatenate([part[0] for part in parts])
    replicates = np.column_stack([part[1] for part in parts])
    if not (np.isfinite(theta).all() and np.isfinite(replicates).all()):
        return CourseInstruments(
            n_courses=n_courses, n_clusters=n_clusters, reason="the courses cannot be told apart: they came together"
        )
    active = np.zeros(outcome.n_clusters, dtype=bool)
    active[clusters] = True
    psi = jackknife_influence(replicates, theta, active)
    covariance = psi.T @ psi
    on_outcome, on_skill = theta[:n_courses], theta[n_courses:]
    of_skill = covariance[n_courses:, n_courses:]
    small = (n_clusters - n_courses) / (n_clusters - 1)
    first_f = float(on_skill @ np.linalg.pinv(of_skill, hermitian=True) @ on_skill) / n_courses * small
    if not first_f >= WEAK_F:
        return CourseInstruments(
            first_stage_f=first_f,
            n_courses=n_courses,
            n_clusters=n_clusters,
            reason="the courses, apart from each other, move the skill too little",
        )

    def distance(slope: float) -> float:
        gap = on_outcome - slope * on_skill
        both = np.hstack([np.eye(n_courses), -slope * np.eye(n_courses)])
        return float(gap @ np.linalg.pinv(both @ covariance @ both.T, hermitian=True) @ gap)

    start = float(on_skill @ on_outcome / (on_skill @ on_skill))
    scale = float(np.sqrt(np.trace(covariance[:n_courses, :n_courses]) / (on_skill @ on_skill)))
    grid = start + scale * np.linspace(-12, 12, 97)
    values = np.array([distance(b) for b in grid])
    best = int(values.argmin())
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, grid.size - 1)]
    slope = float(optimize.minimize_scalar(distance, bounds=(low, high), method="bounded").x)
    least = distance(slope)
    df2 = n_clusters - n_courses
    allowed = float(fdtri(1, df2, ci_level)) / small
    inside = np.append(grid, slope)[np.append(values, least) - least <= allowed]
    ends = [float(inside.min()), float(inside.max())]
    step = grid[1] - grid[0]
    bounds = [-np.inf if ends[0] <= grid[0] else ends[0] - step, np.inf if ends[1] >= grid[-1] else ends[1] + step]
    for i, end in enumerate(bounds):
        if np.isfinite(end) and distance(end) - least > allowed:
            bounds[i] = float(optimize.brentq(lambda b: distance(b) - least - allowed, end, ends[i]))
    j = least * small / (n_courses - 1)
    return CourseInstruments(
        slope=slope,
        ci_low=float(bounds[0]),
        ci_high=float(bounds[1]),
        first_stage_f=first_f,
        overidentification_p=float(fdtrc(n_courses - 1, df2, j)),
        n_courses=n_courses,
        n_clusters=n_clusters,
    )


def course_effects(panel: Panel, doses: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Coefficients of all courses together, (J,), and without each cluster, (C, J)."""
    outcome = Regressor.exact(panel.y, panel.den)
    known = [Regressor.exact(dose, np.ones_like(dose)) for dose in doses]
    found = within_slope(outcome, known, panel.cluster_ix, panel.n_clusters, outcome_noise_known=False)
    return found.slope, found.replicates
