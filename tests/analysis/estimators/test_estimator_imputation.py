"""Imputation: against dummy regressions, against brute-force refits, and where it must refuse."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm

from analysis import Panel, estimate
from analysis.estimators.imputation import Imputation

#: Absorbed fit against a dense dummy regression.
DUMMIES = 1e-9
#: Leave-one-out by one linear system against estimating again without the cluster.
REFIT = 1e-9
#: The same numbers from contacts and from cells.
COLLAPSED = 1e-9

KINDS = ("simple", "event_time", "cohort", "calendar_time")

Rollout = Callable[..., pl.DataFrame]
ToPanel = Callable[..., Panel]


def dummies(codes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return (codes[:, None] == labels[None, :]).astype(float)


def imputed(frame: pl.DataFrame) -> pl.DataFrame:
    """Trained rows with their effect from a dummy regression on the untrained rows."""
    before = frame.filter((pl.col("week") < pl.col("trained_week")).fill_null(True))
    after = frame.filter((pl.col("week") >= pl.col("trained_week")).fill_null(False))
    agents, weeks = np.unique(before["agent"].to_numpy()), np.unique(before["week"].to_numpy())
    after = after.filter(pl.col("agent").is_in(agents) & pl.col("week").is_in(weeks))

    def design(rows: pl.DataFrame) -> np.ndarray:
        return np.column_stack([dummies(rows["agent"].to_numpy(), agents), dummies(rows["week"].to_numpy(), weeks[1:])])

    fit = sm.WLS(before["y"].to_numpy(), design(before), weights=before["n"].to_numpy().astype(float)).fit()
    return after.with_columns(effect=after["y"].to_numpy() - fit.predict(design(after)))


def weighted(rows: pl.DataFrame) -> float:
    return float((rows["effect"] * rows["n"]).sum() / rows["n"].sum())


@pytest.mark.parametrize("mixed", [0.0, 0.3])
def test_every_average_is_the_dummy_regression(make_rollout: Rollout, to_panel: ToPanel, mixed: float) -> None:
    frame = make_rollout(seed=1, teams=12, size=3, weeks=16, first=5, gap=2, mixed=mixed)
    truth = imputed(frame)
    study = estimate(to_panel(frame), "imputation")
    assert study.aggregate("simple").overall.estimate == pytest.approx(weighted(truth), abs=DUMMIES)
    keys = {
        "event_time": pl.col("week") - pl.col("trained_week"),
        "cohort": pl.col("trained_week"),
        "calendar_time": pl.col("week"),
    }
    for kind, key in keys.items():
        parts = study.aggregate(kind).parts.filter(pl.col("estimate").is_not_null())
        if kind == "event_time":
            parts = parts.filter(pl.col("key") >= 0)
        assert parts.height > 2
        for row in parts.iter_rows(named=True):
            rows = truth.filter(key == row["key"])
            assert row["estimate"] == pytest.approx(weighted(rows), abs=DUMMIES)
            assert row["n_contacts"] == rows["n"].sum()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mixed", [0.0, 0.3])
def test_the_jackknife_is_estimating_again_without_each_team(
    make_rollout: Rollout, to_panel: ToPanel, kind: str, mixed: float
) -> None:
    frame = make_rollout(seed=2, mixed=mixed)
    study = estimate(to_panel(frame), "imputation", variance="jackknife", leads=0).aggregate(kind)
    keys = study.parts["key"].to_list()
    replicates, parts = [], []
    for team in range(14):
        rest = to_panel(frame.filter(pl.col("team") != team))
        replicates.append(estimate(rest, "imputation").aggregate(kind).overall.estimate)
        found = dict(zip(*Imputation(rest, 0).point(kind)[:2], strict=True))
        parts.append([found.get(key, np.nan) for key in keys])
    scale = 13 / 14
    expected = np.sqrt(scale * np.sum((np.array(replicates) - study.overall.estimate) ** 2))
    assert study.overall.std_error == pytest.approx(expected, abs=REFIT)
    points = study.parts["estimate"].to_numpy()
    expected_parts = np.sqrt(scale * np.sum((np.array(parts) - points) ** 2, axis=0))
    ours = study.parts["std_error"].to_numpy()
    assert np.isfinite(ours).mean() > 0.6
    np.testing.assert_allclose(ours[np.isfinite(ours)], expected_parts[np.isfinite(ours)], atol=REFIT)


def test_the_jackknife_refits_when_a_team_is_the_only_comparison(make_rollout: Rollout, to_panel: ToPanel) -> None:
    frame = make_rollout(seed=3, teams=6, never=1, waves=3, missing=0.1)
    study = estimate(to_panel(frame), "imputation", variance="jackknife").aggregate("simple").overall
    replicates = np.array(
        [
            estimate(to_panel(frame.filter(pl.col("team") != team)), "imputation").aggregate("simple").overall.estimate
            for team in range(6)
        ]
    )
    expected = np.sqrt(5 / 6 * np.sum((replicates - study.estimate) ** 2))
    assert study.std_error == pytest.approx(expected, abs=REFIT)


def test_analytic_and_jackknife_errors_agree_with_many_clusters(make_rollout: Rollout, to_panel: ToPanel) -> None:
    panel = to_panel(make_rollout(seed=4, teams=160, size=3, weeks=16, never=40, first=6, gap=2))
    analytic = estimate(panel, "imputation", variance="analytic").aggregate("simple").overall
    jackknife = estimate(panel, "imputation", variance="jackknife").aggregate("simple").overall
    assert jackknife.std_error == pytest.approx(analytic.std_error, rel=0.06)
    assert jackknife.std_error > analytic.std_error


def test_the_analytic_error_is_equation_8_written_out(make_rollout: Rollout, to_panel: ToPanel) -> None:
    """Weights of the estimator on every row by dense algebra; effects centred by cohort and week with squared team
    weights; scores summed by team."""
    frame = make_rollout(seed=14, teams=12, size=3, weeks=14, first=5, gap=2, waves=3, mixed=0.2)
    truth = imputed(frame)
    before = frame.filter((pl.col("week") < pl.col("trained_week")).fill_null(True))
    agents, weeks = np.unique(before["agent"].to_numpy()), np.unique(before["week"].to_numpy())

    def design(rows: pl.DataFrame) -> np.ndarray:
        return np.column_stack([dummies(rows["agent"].to_numpy(), agents), dummies(rows["week"].to_numpy(), weeks[1:])])

    z0, z1 = design(before), design(truth)
    w0 = before["n"].to_numpy().astype(float)
    v1 = truth["n"].to_numpy() / truth["n"].sum()
    v0 = -w0 * (z0 @ np.linalg.solve(z0.T @ (z0 * w0[:, None]), z1.T @ v1))
    residual = before["y"].to_numpy() - z0 @ np.linalg.solve(
        z0.T @ (z0 * w0[:, None]), z0.T @ (w0 * before["y"].to_numpy())
    )
    cells = truth.with_columns(v=pl.Series(v1), ve=pl.Series(v1) * pl.col("effect"))
    by_team = cells.group_by("trained_week", "week", "team").agg(pl.col("v").sum(), pl.col("ve").sum())
    centre = by_team.group_by("trained_week", "week").agg(
        centre=(pl.col("v") * pl.col("ve")).sum() / (pl.col("v") ** 2).sum()
    )
    scores = cells.join(centre, on=["trained_week", "week"]).select(
        "team", score=pl.col("v") * (pl.col("effect") - pl.col("centre"))
    )
    rest = pl.DataFrame({"team": before["team"], "score": v0 * residual})
    total = pl.concat([scores, rest]).group_by("team").agg(pl.col("score").sum())
    expected = float(np.sqrt((total["score"] ** 2).sum()))
    ours = estimate(to_panel(frame), "imputation", variance="analytic").aggregate("simple").overall
    assert ours.std_error == pytest.approx(expected, abs=DUMMIES)


def test_few_clusters_show_the_jackknife_and_their_number(make_rollout: Rollout, to_panel: ToPanel) -> None:
    overall = estimate(to_panel(make_rollout(seed=5)), "imputation").aggregate("simple").overall
    assert overall.variance == "jackknife"
    assert (overall.n_clusters, overall.n_trained_clusters) == (14, 11)
    assert 6 < overall.df < 13  # three clusters are never trained and carry the comparison
    analytic = estimate(to_panel(make_rollout(seed=5)), "imputation", variance="analytic").aggregate("simple").overall
    assert overall.std_error > analytic.std_error


def test_contacts_and_cells_give_the_same_numbers(make_rollout: Rollout, to_panel: ToPanel) -> None:
    """Each contact as its own row of an agent-week cannot enter a panel, so contacts are summed first; the dummy
    regression at the level of contacts must agree with the collapsed estimate."""
    draw = np.random.default_rng(11)
    cells = make_rollout(seed=6, teams=6, size=3, weeks=12, first=4, gap=2, contacts=6)
    rows = np.repeat(np.arange(cells.height), cells["n"].to_numpy())
    contacts = cells[rows].with_columns(n=pl.lit(1))
    contacts = contacts.with_columns(y=contacts["y"] + draw.normal(size=contacts.height))
    collapsed = contacts.group_by("agent", "team", "week", "trained_week").agg(y=pl.col("y").mean(), n=pl.len())
    expected = weighted(imputed(contacts))
    ours = estimate(to_panel(collapsed), "imputation").aggregate("simple").overall
    assert ours.estimate == pytest.approx(expected, abs=COLLAPSED)
    assert ours.n_contacts == contacts.height


def test_equal_agents_is_another_estimand(make_rollout: Rollout, to_panel: ToPanel) -> None:
    frame = make_rollout(seed=7)
    per_agent = estimate(to_panel(frame).equal_agents(), "imputation").aggregate("simple").overall
    plain = estimate(to_panel(frame, weight=None), "imputation").aggregate("simple").overall
    assert per_agent.estimate == pytest.approx(plain.estimate, abs=COLLAPSED)
    assert per_agent.estimate != pytest.approx(
        estimate(to_panel(frame), "imputation").aggregate("simple").overall.estimate, abs=1e-4
    )


def test_the_truth_is_found_without_noise(make_rollout: Rollout, to_panel: ToPanel) -> None:
    frame = make_rollout(seed=8, team_week_sd=0.0)
    agent, week = frame["agent"].to_numpy(), frame["week"].to_numpy()
    level = np.sin(agent) + 0.1 * week**1.3
    exact = frame.with_columns(y=level + frame["tau"].to_numpy())
    study = estimate(to_panel(exact), "imputation")
    events = study.aggregate("event_time").parts
    after = events.filter((pl.col("key") >= 0) & pl.col("estimate").is_not_null())
    np.testing.assert_allclose(after["estimate"], 0.5 + 0.02 * after["key"], atol=DUMMIES)
    before = events.filter(pl.col("key") < 0)
    np.testing.assert_allclose(before["estimate"], 0.0, atol=DUMMIES)
    assert estimate(to_panel(exact), "twfe").aggregate("simple").overall.estimate < 0.7


def test_leads_are_the_regression_on_untrained_weeks(make_rollout: Rollout, to_panel: ToPanel) -> None:
    frame = make_rollout(seed=9, teams=8, size=4, weeks=18, first=7, gap=2)
    before = frame.filter((pl.col("week") < pl.col("trained_week")).fill_null(True))
    since = (before["week"] - before["trained_week"]).fill_null(-99).to_numpy()
    agents, weeks = np.unique(before["agent"].to_numpy()), np.unique(before["week"].to_numpy())
    leads = np.arange(-3, 0)
    design = np.column_stack(
        [
            dummies(since, leads),
            dummies(before["agent"].to_numpy(), agents),
            dummies(before["week"].to_numpy(), weeks[1:]),
        ]
    )
    expected = sm.WLS(before["y"].to_numpy(), design, weights=before["n"].to_numpy().astype(float)).fit()
    plain = expected.get_robustcov_results(
        "cluster", groups=before["team"].to_numpy(), use_correction=False, df_correction=False
    )
    parts = (
        estimate(to_panel(frame), "imputation", leads=3, variance="analytic")
        .aggregate("event_time")
        .parts.filter(pl.col("key") < 0)
    )
    np.testing.assert_array_equal(parts["key"], leads)
    np.testing.assert_allclose(parts["estimate"], expected.params[:3], atol=DUMMIES)
    np.testing.assert_allclose(parts["std_error"], plain.bse[:3], atol=DUMMIES)


def test_anticipation_weeks_are_neither_before_nor_after(make_rollout: Rollout, to_panel: ToPanel) -> None:
    frame = make_rollout(seed=10)
    waiting = (pl.col("week") >= pl.col("trained_week") - 2) & (pl.col("week") < pl.col("trained_week"))
    without = to_panel(frame.filter(~waiting.fill_null(False)))
    spoiled = to_panel(frame.with_columns(y=pl.when(waiting).then(99.0).otherwise(pl.col("y"))))
    study = estimate(spoiled, "imputation", anticipation=2)
    expected = estimate(without, "imputation").aggregate("simple").overall
    ours = study.aggregate("simple").overall
    assert ours.estimate == pytest.approx(expected.estimate, abs=DUMMIES)
    assert ours.std_error == pytest.approx(expected.std_error, abs=DUMMIES)
    events = study.aggregate("event_time").parts
    assert events.filter(pl.col("key") == -2)["estimate"].item() > 90
    assert events.filter(pl.col("key") == -3)["estimate"].item() < 2


def test_weeks_without_anybody_untrained_are_not_extrapolated(make_rollout: Rollout, to_panel: ToPanel) -> None:
    panel = to_panel(make_rollout(seed=11, never=0))
    study = estimate(panel, "imputation")
    calendar = study.aggregate("calendar_time").parts
    last = calendar.filter(pl.col("key") >= 22)
    assert last["estimate"].null_count() == last.height
    assert last["reason"].unique().to_list() == ["no valid comparison"]
    overall = study.aggregate("simple").overall
    assert np.isfinite(overall.estimate)
    assert overall.share_identified < 1
    assert any("no valid comparison" in note for note in overall.notes)


def test_a_disconnected_panel_is_detected(make_rollout: Rollout, to_panel: ToPanel) -> None:
    """Teams 0-6 are only seen early, teams 7-13 only late: nobody links the weeks, so the early teams' later weeks
    cannot be compared with the late teams."""
    frame = make_rollout(seed=12, missing=0.0)
    early = frame.filter((pl.col("team") < 7) & (pl.col("week") < 12))
    late = frame.filter((pl.col("team") >= 7) & (pl.col("week") >= 12))
    lonely = frame.filter((pl.col("agent") == 24) & (pl.col("week") >= 12))
    panel = to_panel(pl.concat([early, late, lonely]))
    model = Imputation(panel, 0)
    assert np.unique(model.fit.week_component[model.fit.week_component >= 0]).size == 2
    assert np.all(model.trained_weights[model.fit.unit_component == model.fit.week_component[0], 12:] == 0)
    assert estimate(panel, "imputation").aggregate("simple").overall.share_identified < 1


def test_att_gt_averages_to_the_overall_number(make_rollout: Rollout, to_panel: ToPanel) -> None:
    panel = to_panel(make_rollout(seed=13, missing=0.0, contacts=0), weight=None)
    study = estimate(panel, "imputation")
    cells = study.att_gt.filter(pl.col("estimate").is_not_nan())
    mean = float((cells["estimate"] * cells["n_agents"]).sum() / cells["n_agents"].sum())
    assert study.aggregate("simple").overall.estimate == pytest.approx(mean, abs=DUMMIES)
    assert cells.columns == ["cohort", "time", "estimate", "std_error", "n_agents", "ci_low", "ci_high"]
