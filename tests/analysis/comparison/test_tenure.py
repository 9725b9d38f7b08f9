"""The learning curve is taken out as a dummy regression would, and only where there is one."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from analysis import Panel, estimate
from analysis.comparison.learning_curve import KNOTS_WEEKS, without_learning_curve
from analysis.panel.panel import NEVER
from sample_data.panel import PanelWorld, simulate_panel
from sample_data.parameters import Parameters
from tests.analysis.worlds import panel_of

DUMMY_TOLERANCE = 1e-10
"""The same least squares, absorbed and written out: rounding only."""


def world(seed: int, **changes: int) -> PanelWorld:
    """Turnover and a learning curve, as in a real centre."""
    plain = {"teams": 12, "seats_per_team": 6, "weeks": 40, "pre_weeks": 16, "contacts_per_week": 100}
    return simulate_panel(Parameters(seed=seed, **{**plain, **changes}))


def hired(made: PanelWorld, panel: Panel) -> np.ndarray:
    weeks = dict(made.frame.select("agent", "hired_week").unique().iter_rows())
    return np.array([weeks[agent] for agent in panel.units.tolist()], dtype=np.int64)


def test_it_agrees_with_a_dummy_regression() -> None:
    made = world(1)
    panel = panel_of(made)
    start = hired(made, panel)
    adjusted = without_learning_curve(panel, start)

    weeks = np.arange(panel.n_periods)[None, :]
    tenure = np.maximum(weeks - start[:, None], 0)
    agent, week = np.nonzero(panel.observed & (weeks < panel.cohort_ix[:, None]))
    hinges = [np.minimum(tenure, knot) - knot for knot in KNOTS_WEEKS]
    agents = np.unique(agent)
    design = np.column_stack(
        [h[agent, week] for h in hinges]
        + [(agent == a).astype(float) for a in agents]
        + [(week == t).astype(float) for t in range(1, panel.n_periods)]
    )
    fit = sm.WLS(panel.y[agent, week], design, weights=panel.den[agent, week]).fit()
    curve = sum(g * h for g, h in zip(fit.params[: len(hinges)], hinges, strict=True))

    assert np.allclose((panel.y - adjusted.y)[panel.observed], curve[panel.observed], atol=DUMMY_TOLERANCE)
    assert "taken out" in adjusted.notes[-1]


def test_agents_past_the_curve_keep_their_outcomes() -> None:
    made = world(2)
    panel = panel_of(made)
    start = hired(made, panel)
    adjusted = without_learning_curve(panel, start)
    old = np.arange(panel.n_periods)[None, :] - start[:, None] >= KNOTS_WEEKS[-1]

    assert np.allclose(adjusted.y[old & panel.observed], panel.y[old & panel.observed], atol=1e-14)


def test_a_panel_without_new_agents_is_returned_unchanged() -> None:
    panel = panel_of(world(3))

    assert without_learning_curve(panel, np.full(panel.n_units, NEVER)) is panel
    assert without_learning_curve(panel, np.full(panel.n_units, -500)) is panel


def test_learning_is_not_credited_to_training() -> None:
    """No effect, steep learning, hires throughout: the estimate of a null programme comes nearer to zero."""
    plain, adjusted = [], []
    for seed in range(60):  # the two estimates of one world share its errors, so their difference is told from few
        made = simulate_panel(
            Parameters(
                seed=seed, teams=30, seats_per_team=8, weeks=52, pre_weeks=20, contacts_per_week=100.0, effect_scale=0.0
            )
        )
        panel = panel_of(made)
        # Agents hired into a team after its wave are untrained beside trained mates: not a clean comparison.
        start = np.full(panel.n_clusters, NEVER)
        np.minimum.at(start, panel.cluster_ix, panel.cohort_ix)
        panel = panel.take((panel.cohort_ix < NEVER) | (start[panel.cluster_ix] == NEVER))
        plain.append(estimate(panel).aggregate("simple").overall.estimate)
        moved = without_learning_curve(panel, hired(made, panel))
        adjusted.append(estimate(moved).aggregate("simple").overall.estimate)

    closer = np.subtract(adjusted, plain)
    assert closer.mean() > 2 * closer.std() / np.sqrt(closer.size)
    assert abs(np.mean(adjusted)) < abs(np.mean(plain))
    assert np.mean(plain) == pytest.approx(-0.0015, abs=0.0015)
