"""Interaction-weighted, extended two-way, stacked and the foils against statsmodels and against refits."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

from analysis import EstimationError, Panel, estimate, ladder
from analysis.estimators.cell_families import CellFamilies
from analysis.estimators.extended_twfe import ExtendedTwfe
from analysis.estimators.naive.bacon import bacon
from analysis.estimators.stacked import Ranking, SelectionRule, Stacked
from analysis.panel.panel import NEVER

#: Absorbed or collapsed computation against a dense regression.
DUMMIES = 1e-9
#: Replicates against estimating again.
REFIT = 1e-9
#: One Newton step without a cluster against the full refit, relative.
NEWTON = 0.03

Rollout = Callable[..., pl.DataFrame]
ToPanel = Callable[..., Panel]


def columns(codes: np.ndarray, drop_first: bool) -> np.ndarray:
    return (codes[:, None] == np.unique(codes)[None, int(drop_first) :]).astype(float)


def clustered(fit: sm.regression.linear_model.RegressionResults, frame: pl.DataFrame, parameters: int) -> np.ndarray:
    """(k, k) covariance with fixest's factor for ``parameters`` counted."""
    groups = frame["team"].to_numpy()
    plain = fit.get_robustcov_results("cluster", groups=groups, use_correction=False, df_correction=False)
    n_rows, n_groups = float(frame.height), np.unique(groups).size
    return plain.cov_params() * (n_rows - 1) / (n_rows - parameters) * n_groups / (n_groups - 1)


@pytest.fixture(scope="module")
def frame(make_rollout: Rollout) -> pl.DataFrame:
    return make_rollout(seed=21, teams=12, size=3, weeks=14, first=5, gap=2, waves=3, never=3, missing=0.15)


def saturated(frame: pl.DataFrame, leads: bool) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Dummies for every cohort-week: all but the week before training, or only the trained weeks."""
    cohort = frame["trained_week"].fill_null(-1).to_numpy()
    week = frame["week"].to_numpy()
    cells = sorted({(int(g), int(t)) for g, t in zip(cohort, week, strict=True) if g >= 0})
    cells = [(g, t) for g, t in cells if (t != g - 1 if leads else t >= g)]
    return np.column_stack([((cohort == g) & (week == t)).astype(float) for g, t in cells]), cells


def test_interaction_weighted_is_the_saturated_regression(frame: pl.DataFrame, to_panel: ToPanel) -> None:
    extra, cells = saturated(frame, leads=True)
    design = np.column_stack(
        [extra, columns(frame["agent"].to_numpy(), False), columns(frame["week"].to_numpy(), True)]
    )
    fit = sm.WLS(frame["y"].to_numpy(), design, weights=frame["n"].to_numpy().astype(float)).fit()
    mass = extra.T @ frame["n"].to_numpy()
    after = np.array([t >= g for g, t in cells])
    share = np.where(after, mass, 0.0) / mass[after].sum()
    covariance = clustered(fit, frame, extra.shape[1] + frame["week"].n_unique())[: len(cells), : len(cells)]
    study = estimate(to_panel(frame), "interaction_weighted", variance="analytic")
    overall = study.aggregate("simple").overall
    assert overall.estimate == pytest.approx(float(fit.params[: len(cells)] @ share), abs=DUMMIES)
    assert overall.std_error == pytest.approx(float(np.sqrt(share @ covariance @ share)), abs=DUMMIES)
    ours = {(row["cohort"], row["time"]): row for row in study.att_gt.iter_rows(named=True)}
    for k, cell in enumerate(cells):
        assert ours[cell]["estimate"] == pytest.approx(fit.params[k], abs=DUMMIES)


def test_extended_twfe_is_the_saturated_regression(frame: pl.DataFrame, to_panel: ToPanel) -> None:
    extra, cells = saturated(frame, leads=False)
    design = np.column_stack(
        [extra, columns(frame["agent"].to_numpy(), False), columns(frame["week"].to_numpy(), True)]
    )
    fit = sm.WLS(frame["y"].to_numpy(), design, weights=frame["n"].to_numpy().astype(float)).fit()
    mass = extra.T @ frame["n"].to_numpy()
    share = mass / mass.sum()
    covariance = clustered(fit, frame, extra.shape[1] + frame["week"].n_unique())[: len(cells), : len(cells)]
    overall = estimate(to_panel(frame), "extended_twfe", variance="analytic").aggregate("simple").overall
    assert overall.estimate == pytest.approx(float(fit.params[: len(cells)] @ share), abs=DUMMIES)
    assert overall.std_error == pytest.approx(float(np.sqrt(share @ covariance @ share)), abs=DUMMIES)


@pytest.mark.parametrize("family", ["poisson", "logit"])
def test_extended_glm_is_the_saturated_model_with_average_marginal_effects(
    frame: pl.DataFrame, to_panel: ToPanel, family: str
) -> None:
    rate = 1 / (1 + np.exp(-(frame["y"].to_numpy() / 4 - 1)))
    rows = frame.with_columns(y=pl.Series(rate))
    extra, _ = saturated(rows, leads=False)
    cohort = rows["trained_week"].fill_null(-1).to_numpy()
    base = np.column_stack([columns(cohort, False), columns(rows["week"].to_numpy(), True)])
    n = rows["n"].to_numpy().astype(float)
    kind = sm.families.Poisson() if family == "poisson" else sm.families.Binomial()
    fit = sm.GLM(rate, np.column_stack([extra, base]), family=kind, var_weights=n).fit(tol=1e-13, maxiter=200)
    trained = extra.sum(axis=1) > 0
    without = fit.predict(np.column_stack([np.zeros_like(extra), base]))
    gap = (fit.fittedvalues - without)[trained]
    expected = float(np.average(gap, weights=n[trained]))
    overall = estimate(to_panel(rows), "extended_twfe", family=family).aggregate("simple").overall
    assert overall.estimate == pytest.approx(expected, abs=DUMMIES)
    # Delta method on the same model, clustered without small-sample factor.
    design = np.column_stack([extra, base])
    slope = (lambda mean: mean) if family == "poisson" else (lambda mean: mean * (1 - mean))
    share = (n / n[trained].sum())[trained]
    gradient = (design[trained] * slope(fit.fittedvalues[trained])[:, None] * share[:, None]).sum(axis=0)
    counterfactual = np.column_stack([np.zeros_like(extra), base])[trained]
    gradient -= (counterfactual * slope(without[trained])[:, None] * share[:, None]).sum(axis=0)
    scores = design * (n * (rate - fit.fittedvalues))[:, None]
    teams = rows["team"].to_numpy()
    by_team = np.array([scores[teams == team].sum(axis=0) for team in np.unique(teams)])
    bread = np.linalg.inv(design.T @ (design * (n * slope(fit.fittedvalues))[:, None]))
    expected_error = float(np.sqrt(gradient @ bread @ by_team.T @ by_team @ bread @ gradient))
    from analysis.estimators.extended_glm import ExtendedGlm

    analytic = estimate(to_panel(rows), "extended_twfe", family=family, variance="analytic").aggregate("simple").overall
    factor = float(np.sqrt(ExtendedGlm(to_panel(rows), 0, family).factor))
    assert analytic.std_error / factor == pytest.approx(expected_error, rel=1e-6)


@pytest.mark.parametrize("family", ["poisson", "logit"])
def test_extended_glm_leaves_clusters_out_to_one_newton_step(
    frame: pl.DataFrame, to_panel: ToPanel, family: str
) -> None:
    rows = frame.with_columns(y=1 / (1 + (1 - pl.col("y") / 4).exp()))
    study = estimate(to_panel(rows), "extended_twfe", family=family, variance="jackknife").aggregate("simple").overall
    replicates = np.array(
        [
            estimate(to_panel(rows.filter(pl.col("team") != team)), "extended_twfe", family=family)
            .aggregate("simple")
            .overall.estimate
            for team in range(12)
        ]
    )
    expected = np.sqrt(11 / 12 * np.sum((replicates - study.estimate) ** 2))
    assert study.std_error == pytest.approx(expected, rel=NEWTON)


def test_extended_glm_refuses_outcomes_outside_its_range(frame: pl.DataFrame, to_panel: ToPanel) -> None:
    with pytest.raises(EstimationError, match="never negative"):
        estimate(to_panel(frame), "extended_twfe", family="poisson")
    with pytest.raises(EstimationError, match="between 0 and 1"):
        estimate(to_panel(frame.with_columns(y=pl.col("y").abs() + 2)), "extended_twfe", family="logit")
    with pytest.raises(EstimationError, match="family 'probit' is not known"):
        estimate(to_panel(frame), "extended_twfe", family="probit")


def test_extended_twfe_is_imputation_on_a_balanced_panel(make_rollout: Rollout, to_panel: ToPanel) -> None:
    panel = to_panel(make_rollout(seed=25, missing=0.0, contacts=0, weeks=16, first=6, gap=2), weight=None)
    expected = estimate(panel, "imputation", variance="jackknife").aggregate("cohort")
    regression = ExtendedTwfe(panel, 0)
    for variance in ("analytic", "jackknife"):
        families = CellFamilies(panel, 0, variance)
        for cells in regression.cells(variance):
            families.add(cells)
        full = families.family("cohort", float(np.sqrt(regression.factor)))
        quick = regression.family("cohort", variance)
        assert full.overall == pytest.approx(expected.overall.estimate, abs=DUMMIES)
        np.testing.assert_allclose(full.overall_influence, quick.overall_influence, atol=REFIT)


@pytest.mark.parametrize(
    "estimator", ["interaction_weighted", "stacked", "extended_twfe", "twfe", "trained_vs_untrained"]
)
def test_the_jackknife_is_estimating_again_without_each_team(
    make_rollout: Rollout, to_panel: ToPanel, estimator: str
) -> None:
    rows = make_rollout(seed=22, never=4)
    ours = estimate(to_panel(rows), estimator, variance="jackknife").aggregate("simple").overall
    replicates = np.array(
        [
            estimate(to_panel(rows.filter(pl.col("team") != team)), estimator).aggregate("simple").overall.estimate
            for team in range(14)
        ]
    )
    assert ours.std_error == pytest.approx(np.sqrt(13 / 14 * np.sum((replicates - ours.estimate) ** 2)), abs=REFIT)


def test_interaction_weighted_without_never_trained_uses_the_last_cohort(
    make_rollout: Rollout, to_panel: ToPanel
) -> None:
    rows = make_rollout(seed=23, never=0)
    overall = estimate(to_panel(rows), "interaction_weighted").aggregate("simple").overall
    cut = rows.filter(pl.col("week") < 22).with_columns(
        trained_week=pl.when(pl.col("trained_week") < 22).then("trained_week")
    )
    expected = estimate(to_panel(cut), "interaction_weighted").aggregate("simple").overall
    assert overall.estimate == pytest.approx(expected.estimate, abs=DUMMIES)
    assert any("last cohort (22)" in note for note in overall.notes)
    assert overall.share_identified < 1


def test_before_after_is_statsmodels_on_rows(frame: pl.DataFrame, to_panel: ToPanel) -> None:
    rows = frame.filter(pl.col("trained_week").is_not_null())
    after = (rows["week"] >= rows["trained_week"]).cast(pl.Float64).to_numpy()
    weights = rows["n"].to_numpy().astype(float)
    fit = sm.WLS(rows["y"].to_numpy(), sm.add_constant(after), weights=weights).fit()
    error = float(np.sqrt(clustered(fit, rows, 2)[1, 1]))
    overall = estimate(to_panel(frame), "before_after", variance="analytic").aggregate("simple").overall
    assert overall.estimate == pytest.approx(fit.params[1], abs=DUMMIES)
    assert overall.df == overall.n_trained_clusters - 1
    assert overall.std_error == pytest.approx(error, abs=DUMMIES)


def test_trained_vs_untrained_is_statsmodels_with_week_dummies(frame: pl.DataFrame, to_panel: ToPanel) -> None:
    trained = (frame["week"] >= frame["trained_week"]).fill_null(False).cast(pl.Float64).to_numpy()
    design = np.column_stack([trained, columns(frame["week"].to_numpy(), False)])
    fit = sm.WLS(frame["y"].to_numpy(), design, weights=frame["n"].to_numpy().astype(float)).fit()
    error = float(np.sqrt(clustered(fit, frame, design.shape[1])[0, 0]))
    overall = estimate(to_panel(frame), "trained_vs_untrained", variance="analytic").aggregate("simple").overall
    assert overall.estimate == pytest.approx(fit.params[0], abs=DUMMIES)
    assert overall.std_error == pytest.approx(error, abs=DUMMIES)


def test_same_rule_controls_are_the_worst_of_groups_not_started() -> None:
    y = np.tile(np.array([5.0, 4.0, 3.0, 2.0]), 3)[:, None] + np.zeros((12, 10))
    y[4:8, 6:] = 0.0
    panel = Panel(
        num=y,
        den=np.ones((12, 10)),
        cohort_ix=np.array([6, 6, NEVER, NEVER, 8, 8, NEVER, NEVER, *[NEVER] * 4], dtype=np.int64),
        cluster_ix=np.repeat(np.arange(3), 4),
        units=np.arange(12),
        times=np.arange(10),
        clusters=np.arange(3),
    )
    rule = SelectionRule(share=0.5, lookback=4)
    assert np.flatnonzero(rule.picked(panel, 6)).tolist() == [0, 1, 4, 5, 8, 9]
    low = SelectionRule(share=0.25, lookback=4, worst="low")
    assert np.flatnonzero(low.picked(panel, 6)).tolist() == [3, 7, 11]
    made = Stacked(panel, 0, rule).experiment(6)
    assert made is not None
    part, _ = made
    assert part.units.tolist() == [0, 1, 4, 5, 8, 9]
    assert part.observed[2:4].sum(axis=1).tolist() == [8, 8]
    assert part.observed[4:].all()


def test_a_slice_keeps_who_was_picked_and_when_groups_started() -> None:
    """Of three groups of four the slice holds the second and third agent: one picked, one not, in every group."""
    y = np.tile(np.array([5.0, 4.0, 3.0, 2.0]), 3)[:, None] + np.zeros((12, 10))
    whole = Panel(
        num=y,
        den=np.ones((12, 10)),
        cohort_ix=np.array([6, 6, NEVER, NEVER, 8, NEVER, NEVER, NEVER, *[NEVER] * 4], dtype=np.int64),
        cluster_ix=np.repeat(np.arange(3), 4),
        units=np.arange(12),
        times=np.arange(10),
        clusters=np.arange(3),
    )
    inside = np.array([1, 2, 5, 6, 9, 10])
    part = whole.take(inside, start=1)
    ranking = Ranking(whole, groups=whole.cluster_ix, rows=inside, offset=1)
    rule = SelectionRule(share=0.5, lookback=4, groups=whole.cluster_ix[inside], ranking=ranking)
    assert np.flatnonzero(rule.picked(part, 5)).tolist() == [0, 2, 4]
    starts = Stacked(part, 0, rule).group_start
    assert starts.tolist() == [5, 5, 7, 7, NEVER, NEVER], "the second group's trained agent is not in the slice"
    made = Stacked(part, 0, rule).experiment(5)
    assert made is not None
    assert made[0].units.tolist() == [1, 5, 9]
    assert made[0].observed.sum(axis=1).tolist() == [9, 7, 9]


def test_the_rule_undoes_selection_on_a_bad_patch() -> None:
    """Nobody is affected by training, but the worst half of the last four weeks is picked. Compared with anybody, the
    picked seem to improve; compared with those the rule would also have picked, they do not."""
    plain, ruled = [], []
    for seed in range(25):
        draw = np.random.default_rng(seed)
        teams, size, weeks, week = 30, 12, 36, 20
        patch = np.zeros((teams * size, weeks))
        for t in range(1, weeks):
            patch[:, t] = 0.8 * patch[:, t - 1] + draw.normal(size=teams * size)
        y = patch + 0.5 * draw.normal(size=patch.shape)
        panel = Panel(
            num=y,
            den=np.ones_like(y),
            cohort_ix=np.full(teams * size, NEVER, dtype=np.int64),
            cluster_ix=np.repeat(np.arange(teams), size),
            units=np.arange(teams * size),
            times=np.arange(weeks),
            clusters=np.arange(teams),
        )
        rule = SelectionRule(share=0.5, lookback=4)
        picked = rule.picked(panel, week) & (panel.cluster_ix < 15)
        rolled_out = panel.with_cohorts(np.where(picked, week, NEVER))
        plain.append(estimate(rolled_out, "imputation").aggregate("simple").overall.estimate)
        ruled.append(estimate(rolled_out, "stacked", rule=rule).aggregate("simple").overall.estimate)
    assert np.mean(plain) < -0.15
    assert abs(np.mean(ruled)) < 0.05


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"share": 0.0, "lookback": 4}, "rule.share must lie between 0 and 1"),
        ({"share": 0.5, "lookback": 0}, "rule.lookback must be at least one week"),
        ({"share": 0.5, "lookback": 4, "worst": "big"}, "rule.worst is 'high' or 'low'"),
    ],
)
def test_an_impossible_rule_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(EstimationError, match=message):
        SelectionRule(**options)  # type: ignore[arg-type]


def test_bacon_adds_up_on_balanced_panels_and_says_when_it_does_not(make_rollout: Rollout, to_panel: ToPanel) -> None:
    balanced = bacon(to_panel(make_rollout(seed=24, missing=0.0, contacts=0), weight=None))
    assert balanced.exact
    assert abs(balanced.gap) < 1e-10
    assert balanced.comparisons["weight"].sum() == pytest.approx(1, abs=1e-12)
    ragged = bacon(to_panel(make_rollout(seed=24, missing=0.2)))
    assert not ragged.exact
    assert ragged.gap != 0
    with pytest.raises(EstimationError, match="at least two groups"):
        bacon(to_panel(make_rollout(seed=24, never=0, waves=1)))


def test_the_ladder_has_one_row_per_rung(frame: pl.DataFrame, to_panel: ToPanel) -> None:
    rungs = ladder(to_panel(frame))
    assert rungs.columns == ["estimator", "estimate", "std_error", "ci_low", "ci_high", "note"]
    assert rungs["estimator"].to_list() == [
        "before_after",
        "trained_vs_untrained",
        "twfe",
        "group_time",
        "imputation",
    ]
    assert rungs["estimate"].null_count() == 0
    assert (rungs["ci_low"] < rungs["ci_high"]).all()
