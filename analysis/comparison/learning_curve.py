"""Remove the learning curve of new agents, who improve without any training.

New agents improve fast in their first year. They are spread unevenly over trained and untrained weeks (only agents
hired before a wave are trained in it), so their learning would be credited to training. The linear part of tenure is
the same week by week for everybody and is absorbed by agent and week effects; only its curvature remains, and is
estimated here.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.panel.panel import NEVER, Panel
from analysis.solver.layout import Layout
from analysis.solver.two_way import fit_two_way

KNOTS_WEEKS = (4.0, 13.0, 26.0, 52.0)
"""Weeks of tenure at which the slope of the learning curve may change; beyond the last it is linear, and absorbed."""
MIN_NEW_CELLS = 200
"""Fewest untrained agent-weeks of agents in their first year for which the curve is estimated."""


def without_learning_curve(panel: Panel, hired: NDArray[np.int64], anticipation: int = 0) -> Panel:
    """Subtract the curvature of the learning curve, estimated from untrained weeks.

    Parameters
    ----------
    panel
        Agents x weeks.
    hired
        (A,) panel week in which each agent was hired (negative before the window); NEVER when not known, taken as long
        ago.
    anticipation
        Weeks before training that do not count as untrained.

    Returns
    -------
    Panel
        Same weights; outcomes less ``sum_k gamma_k * (min(tenure, knot_k) - knot_k)``, so that agents past the last
        knot keep theirs. The panel itself when there are too few new agents.

    Notes
    -----
    ``gamma`` is least squares of the outcome on the hinges, agent effects and week effects over untrained cells
    (Frisch-Waugh). Assumptions: 1. the curve is the same for everybody and does not depend on training (not checked);
    2. apart from their level, new agents who leave early learn like those who stay (not checked). The sampling error of
       the curve is not part of the interval; docs/coverage.md shows that coverage holds without it.
    """
    known = hired != NEVER
    if not known.any():
        return panel
    weeks = np.arange(panel.n_periods)[None, :]
    tenure = np.where(known[:, None], weeks - np.where(known, hired, 0)[:, None], KNOTS_WEEKS[-1]).astype(np.float64)
    tenure = np.maximum(tenure, 0.0)
    before = weeks < np.where(panel.cohort_ix == NEVER, NEVER, panel.cohort_ix - anticipation)[:, None]
    used = panel.observed & before
    if int((used & (tenure < KNOTS_WEEKS[-1])).sum()) < MIN_NEW_CELLS:
        return panel
    layout = Layout.of(panel)
    order = layout.order
    weight, tenure = (panel.den * before)[order], tenure[order]
    new = np.flatnonzero(((tenure < KNOTS_WEEKS[-1]) & (weight > 0)).any(axis=1))
    fit = fit_two_way(layout, weight, panel.y[order])
    rows, means = weight[new], fit.unit_total[new]
    hinges = np.stack([np.minimum(tenure[new], knot) - knot for knot in KNOTS_WEEKS])
    centre = np.einsum("at,kat->ka", rows, hinges) / means
    week_sums = np.einsum("at,kat->kt", rows, hinges) - np.einsum("at,ka->kt", rows, centre)
    week_effects = fit.solve(week_sums.T).T
    level = np.einsum("at,kt->ka", rows, week_effects) / means
    residual = hinges - centre[:, :, None] - week_effects[:, None, :] + level[:, :, None]
    outcome = panel.y[order][new] - np.nan_to_num(fit.unit_effects)[new, None] - np.nan_to_num(fit.week_effects)
    weighted = hinges * rows
    gram = np.einsum("kat,lat->kl", weighted, residual)
    gamma = np.linalg.lstsq(gram, np.einsum("kat,at->k", weighted, outcome), rcond=1e-8)[0]
    curve = np.zeros_like(panel.den)
    young = (tenure < KNOTS_WEEKS[-1]).any(axis=1)
    curve[order[young]] = sum(
        g * (np.minimum(tenure[young], knot) - knot) for g, knot in zip(gamma, KNOTS_WEEKS, strict=True)
    )
    adjusted = panel.with_outcome(panel.y - curve, panel.outcome)
    return replace(adjusted, notes=(*panel.notes, "Learning in the first year of employment is taken out."))
