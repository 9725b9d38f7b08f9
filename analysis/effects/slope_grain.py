"""Choose the cells a slope is estimated on: agent-weeks, agent-months or team-months.

Shorter cells keep more variation within agents, but hold fewer scores, so more of the variation is sampling noise. The
finest cells with reliable scores are used.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.effects.sampling_noise import single_values, squares_of
from analysis.effects.within_slope import Regressor, WithinSlope, no_slope, within_slope
from analysis.panel.panel import Panel
from analysis.solver.layout import sum_by
from analysis.solver.ratio import ratio

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

READABLE = 0.3
"""Least reliability within agents and weeks: below it the noise correction would more than triple the slope."""
WEEKS_PER_BLOCK = 4
GRAINS = ("agent_week", "agent_month", "team_month")
"""Finest first; a month is four weeks."""
GRAIN_WORDS = {
    "agent_week": "an agent's weeks",
    "agent_month": "an agent's blocks of four weeks",
    "team_month": "a team's blocks of four weeks",
}


def slope_at_readable_grain(
    outcome: Panel,
    skills: Sequence[Panel],
    controls: Sequence[Floats],
    anticipation: int,
    error_correlation: Floats | None,
) -> tuple[str, WithinSlope, tuple[str, ...]]:
    """The slope of an outcome on skills at the finest grain at which every skill is readable.

    Parameters
    ----------
    outcome, skills : Panel
        The same agents, weeks and clusters.
    controls : sequence of (A, T) arrays
    anticipation : int
        Weeks before training that do not count as untrained.
    error_correlation : (K, K) array or None
        Of the noise of two skills.

    Returns
    -------
    str, WithinSlope, tuple of str
        The grain (the most reliable one where none is reliable enough), the slope, and notes about unknown sampling
        noise.
    """
    weeks = np.arange(outcome.n_periods)[None, :]
    far = outcome.cohort_ix >= outcome.n_periods + anticipation
    before = weeks < np.where(far, outcome.n_periods, outcome.cohort_ix - anticipation)[:, None]
    notes = [
        f"The sampling noise of {panel.outcome} is not known, so it is taken as measured without error; if it is not, "
        "the slope and the indirect effect are too small."
        for panel in skills
        if squares_of(panel) is None
    ]
    tried: tuple[str, WithinSlope] = (GRAINS[0], no_slope(outcome.n_clusters, len(skills)))
    for grain in GRAINS:
        if grain == "team_month" and outcome.n_clusters == outcome.n_units:
            break
        y, y_known, clusters = _cells(outcome, before, grain)
        measured = [_cells(panel, before, grain) for panel in skills]
        known = [squares_of(panel) is None or there for panel, (_, there, _) in zip(skills, measured, strict=True)]
        if not all(known):
            continue  # no cell holds two scores, so the variance of single scores is unknown
        found = within_slope(
            y,
            [cells for cells, _, _ in measured],
            clusters,
            outcome.n_clusters,
            controls=[_block_means(values, outcome.den * before, outcome, grain) for values in controls],
            outcome_noise_known=y_known,
            error_correlation=error_correlation,
        )
        still = bool((found.reliability == 0).any())  # what moves in blocks of weeks is then which weeks they hold
        if still or (found.readable and _worst(found) >= READABLE):
            tried = grain, found
            break
        if _worst(found) > _worst(tried[1]):
            tried = grain, found
    return (*tried, tuple(notes))


def _worst(found: WithinSlope) -> float:
    """The reliability of the least reliable skill; minus infinity where there are too few cells."""
    return float(np.min(found.reliability)) if np.isfinite(found.reliability).all() else -np.inf


def _folded(values: Floats, panel: Panel, grain: str) -> Floats:
    """(A, T) sums to the cells of a grain."""
    if grain == "agent_week":
        return values
    starts = np.arange(0, panel.n_periods, WEEKS_PER_BLOCK)
    folded = np.add.reduceat(values, starts, axis=1)
    return folded if grain == "agent_month" else sum_by(panel.cluster_ix, folded, panel.n_clusters)


def _cells(panel: Panel, before: NDArray[np.bool_], grain: str) -> tuple[Regressor, bool, Ints]:
    """Means, counts and noise of the untrained cells at a grain; whether the noise is known; cluster of every row."""
    kept = before & panel.observed
    num, den = (_folded(np.where(kept, values, 0.0), panel, grain) for values in (panel.num, panel.den))
    squares = squares_of(panel)
    mean = ratio(num, den, 0.0)
    clusters = np.arange(panel.n_clusters) if grain == "team_month" else panel.cluster_ix
    if squares is None:
        return Regressor.exact(mean, den), False, clusters
    one = single_values(num, den, _folded(np.where(kept, squares, 0.0), panel, grain), clusters, panel.n_clusters)
    if one is None:
        return Regressor.exact(mean, den), False, clusters
    return Regressor(mean, den, one.variance, one.without), True, clusters


def _block_means(values: Floats, weight: Floats, panel: Panel, grain: str) -> Floats:
    known = np.isfinite(values)
    top = _folded(np.where(known, values, 0.0) * weight, panel, grain)
    return ratio(top, _folded(np.where(known, weight, 0.0), panel, grain))
