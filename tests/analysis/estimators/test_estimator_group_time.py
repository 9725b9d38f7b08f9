"""Group-time effects by hand, on unbalanced weighted panels, and by brute-force refits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from analysis import EstimationError, Panel, estimate
from analysis.estimators.group_time import GroupTime
from analysis.panel.panel import NEVER

#: Sums in another order.
ROUNDING = 1e-10
#: Replicates against estimating again.
REFIT = 1e-9

Rollout = Callable[..., pl.DataFrame]
ToPanel = Callable[..., Panel]


def by_hand(panel: Panel, cohort: int, week: int, base: int, control: str) -> float:
    """Weighted mean change of the cohort minus that of its controls, agents seen in both weeks."""
    seen = panel.observed[:, week] & panel.observed[:, base]
    weight = panel.den.sum(axis=1) / np.maximum(panel.observed.sum(axis=1), 1)
    change = panel.y[:, week] - panel.y[:, base]
    trained = seen & (panel.cohort_ix == cohort)
    if control == "never_trained":
        others = seen & (panel.cohort_ix >= panel.n_periods)
    else:
        others = seen & (panel.cohort_ix > max(week, base)) & (panel.cohort_ix != cohort)
    return float(np.average(change[trained], weights=weight[trained])) - float(
        np.average(change[others], weights=weight[others])
    )


@pytest.mark.parametrize("control", ["never_trained", "not_yet_trained"])
@pytest.mark.parametrize("base", ["varying", "universal"])
@pytest.mark.parametrize("missing", [0.0, 0.3])
def test_every_cell_by_hand(make_rollout: Rollout, to_panel: ToPanel, control: str, base: str, missing: float) -> None:
    panel = to_panel(make_rollout(seed=1, weeks=18, first=6, gap=2, missing=missing))
    model = GroupTime(panel, control, base=base)
    checked = 0
    for cells in model.cells():
        for week, b in enumerate(model.base_weeks(cells.cohort)):
            if b < 0 or not np.isfinite(cells.att[week]):
                continue
            assert b == (cells.cohort - 1 if base == "universal" or week >= cells.cohort else week - 1)
            expected = by_hand(panel, cells.cohort, week, int(b), control)
            assert cells.att[week] == pytest.approx(expected, abs=ROUNDING)
            checked += 1
    assert checked > 40


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_a_constant_covariate_changes_nothing(make_rollout: Rollout, to_panel: ToPanel, missing: float) -> None:
    """With covariates every cell is computed agent by agent; a covariate unrelated to anything leaves the plain path's
    influence as the yardstick."""
    frame = make_rollout(seed=2, weeks=14, first=5, gap=2, missing=missing).with_columns(z=pl.lit(0.0))
    panel = to_panel(frame)
    plain = GroupTime(panel, "never_trained")
    from analysis.estimators.two_by_two import two_by_two

    for cells in plain.cells():
        order = plain.layout.order
        y, seen = panel.y[order], panel.observed[order]
        week, base = cells.cohort + 1, cells.cohort - 1
        both = seen[:, week] & seen[:, base]
        treated = panel.cohort_ix[order] == cells.cohort
        use = both & (treated | (panel.cohort_ix[order] >= panel.n_periods))
        made = two_by_two(
            y[use, week] - y[use, base],
            treated[use].astype(float),
            np.ones((int(use.sum()), 1)),
            plain.unit_weight[use],
            "reg",
        )
        assert made is not None
        assert made[0] == pytest.approx(cells.att[week], abs=ROUNDING)
        column = np.zeros(use.size)
        column[use] = made[1]
        np.testing.assert_allclose(plain.layout.by_pair(column[:, None])[:, 0], cells.influence[:, week], atol=ROUNDING)


@pytest.mark.parametrize("method", ["reg", "ipw", "dr"])
def test_covariates_remove_a_trend_that_follows_them(make_rollout: Rollout, to_panel: ToPanel, method: str) -> None:
    frame = make_rollout(seed=3, teams=60, size=5, never=25, weeks=12, first=5, gap=2, waves=2, missing=0.0)
    frame = frame.with_columns(
        x=pl.col("x") + pl.col("trained_week").is_not_null().cast(pl.Float64),
    ).with_columns(y=pl.col("y") + 0.4 * pl.col("x") * pl.col("week"))
    panel = to_panel(frame, weight=None)
    plain = estimate(panel, "group_time").aggregate("simple").overall
    adjusted = estimate(panel, "group_time", covariates=["x"], method=method).aggregate("simple").overall
    truth = float(frame.filter(pl.col("week") >= pl.col("trained_week"))["tau"].mean())
    assert plain.ci_low > truth + 0.5
    assert adjusted.ci_low < truth < adjusted.ci_high


@pytest.mark.parametrize("kind", ["simple", "event_time", "cohort", "calendar_time"])
@pytest.mark.parametrize("mixed", [0.0, 0.3])
def test_the_jackknife_is_estimating_again_without_each_team(
    make_rollout: Rollout, to_panel: ToPanel, kind: str, mixed: float
) -> None:
    frame = make_rollout(seed=4, mixed=mixed, missing=0.1)
    ours = estimate(to_panel(frame), "group_time", variance="jackknife").aggregate(kind).overall
    replicates = np.array(
        [
            estimate(to_panel(frame.filter(pl.col("team") != team)), "group_time").aggregate(kind).overall.estimate
            for team in range(14)
        ]
    )
    assert ours.variance == "jackknife"
    assert ours.std_error == pytest.approx(np.sqrt(13 / 14 * np.sum((replicates - ours.estimate) ** 2)), abs=REFIT)


def test_already_trained_agents_never_serve_as_controls(make_rollout: Rollout, to_panel: ToPanel) -> None:
    frame = make_rollout(seed=5, never=0, missing=0.0)
    spoiled = frame.with_columns(
        y=pl.when((pl.col("trained_week") == 10) & (pl.col("week") >= 10)).then(1e6).otherwise(pl.col("y"))
    )
    panel = to_panel(spoiled)
    for control in ("not_yet_trained", "never_trained"):
        cells = estimate(panel, "group_time", control).att_gt.filter(pl.col("cohort") != 10)
        finite = cells.filter(pl.col("estimate").is_finite())
        assert finite["estimate"].abs().max() is None or finite["estimate"].abs().max() < 100
        if control == "not_yet_trained":
            assert finite.height > 10
        else:
            assert finite.height == 0


def test_anticipation_moves_the_base_week_back_and_the_controls_away(make_rollout: Rollout, to_panel: ToPanel) -> None:
    panel = to_panel(make_rollout(seed=6))
    model = GroupTime(panel, "not_yet_trained", anticipation=2)
    assert model.base_weeks(10)[10:].tolist() == [7] * 20
    spoiled = panel.y.copy()
    waiting = (np.arange(30)[None, :] >= panel.cohort_ix[:, None] - 2) & ~panel.trained_cells
    spoiled[waiting] = 1e6
    att = estimate(panel.with_outcome(spoiled, "y"), "group_time", anticipation=2).aggregate("simple").overall
    assert abs(att.estimate) < 10


def test_agents_trained_after_the_window_are_controls(make_rollout: Rollout, to_panel: ToPanel) -> None:
    panel = to_panel(make_rollout(seed=7))
    later = panel.with_cohorts(np.where(panel.cohort_ix == NEVER, panel.n_periods + 3, panel.cohort_ix))
    assert later.cohorts.tolist() == panel.cohorts.tolist()
    for control in ("never_trained", "not_yet_trained"):
        expected = estimate(panel, "group_time", control).aggregate("simple").overall
        ours = estimate(later, "group_time", control).aggregate("simple").overall
        assert ours.estimate == pytest.approx(expected.estimate, abs=ROUNDING)


def test_unknown_options_are_refused(make_rollout: Rollout, to_panel: ToPanel) -> None:
    panel = to_panel(make_rollout(seed=8))
    with pytest.raises(EstimationError, match="method 'ols' is not known"):
        estimate(panel, "group_time", method="ols")
    with pytest.raises(EstimationError, match="base 'first' is not known"):
        estimate(panel, "group_time", base="first")
