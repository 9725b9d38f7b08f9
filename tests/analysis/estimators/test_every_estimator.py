"""What every estimator must do alike, on panels made by hand whose answer is known without arithmetic.

Outcomes are agent level + week level + 2 in every trained week, without noise, so an estimator with a valid comparison
finds exactly 2, and whoever uses a forbidden one does not.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from analysis import Panel, PanelError, estimate
from analysis.estimators import ESTIMATORS
from analysis.estimators.extended_glm import ExtendedGlm
from analysis.estimators.extended_twfe import ExtendedTwfe
from analysis.estimators.group_time import GroupTime
from analysis.estimators.imputation import Imputation
from analysis.estimators.interaction_weighted import InteractionWeighted
from analysis.estimators.naive.before_after import before_after
from analysis.estimators.naive.trained_vs_untrained import trained_vs_untrained
from analysis.estimators.naive.twfe import twfe
from analysis.estimators.stacked import Stacked
from analysis.panel.panel import NEVER
from tests.analysis.worlds import flat_world, panel_of

#: Sums of a few hundred numbers of size ten, solved exactly.
EXACT = 1e-8
EFFECT = 2.0
FOILS = {"twfe", "before_after", "trained_vs_untrained"}
STAGGERED = sorted(set(ESTIMATORS) - FOILS)
WEEKS = 14


def made(cohorts: list[int], *, size: int = 3, weeks: int = WEEKS, noise: float = 0.0, seed: int = 1) -> Panel:
    """One team per entry, trained in that week (NEVER: not at all); agents and weeks of different levels."""
    team = np.repeat(np.arange(len(cohorts)), size)
    start = np.asarray(cohorts, dtype=np.int64)[team]
    week = np.arange(weeks)
    y = np.sin(np.arange(team.size))[:, None] + 0.3 * week[None, :] ** 1.2
    y = y + EFFECT * (week[None, :] >= start[:, None])
    y = y + noise * np.random.default_rng(seed).normal(size=y.shape)
    den = np.ones_like(y)
    return Panel(
        num=y * den,
        den=den,
        cohort_ix=start,
        cluster_ix=team,
        units=np.arange(team.size),
        times=week,
        clusters=np.arange(len(cohorts)),
    )


MIXED = [5, 5, 5, 9, 9, 9, NEVER, NEVER, NEVER]


def without(panel: Panel, cells: np.ndarray) -> Panel:
    """The panel with some agent-weeks not observed."""
    return replace(panel, num=np.where(cells, 0.0, panel.num), den=np.where(cells, 0.0, panel.den))


@pytest.mark.parametrize("estimator", STAGGERED)
def test_a_known_effect_is_found_exactly(estimator: str) -> None:
    study = estimate(made(MIXED), estimator)
    for kind in study.kinds:
        assert study.aggregate(kind).overall.estimate == pytest.approx(EFFECT, abs=EXACT), kind


@pytest.mark.parametrize("estimator", STAGGERED)
def test_weeks_without_anybody_untrained_have_no_number(estimator: str) -> None:
    """Everybody is trained by week 9: later weeks, and the last wave, compare with nobody."""
    study = estimate(made([5, 5, 5, 9, 9, 9]), estimator)
    overall = study.aggregate("simple").overall
    weeks = study.aggregate("calendar_time").parts
    cohorts = study.aggregate("cohort").parts

    assert overall.estimate == pytest.approx(EFFECT, abs=EXACT)
    assert overall.share_identified == pytest.approx(12 / 42)
    assert any("no valid" in note for note in overall.notes)
    assert weeks.filter(pl.col("key") >= 9)["estimate"].drop_nulls().is_empty()
    assert cohorts.filter(pl.col("key") == 9)["estimate"].drop_nulls().is_empty()
    assert cohorts.filter(pl.col("key") == 5)["estimate"].item() == pytest.approx(EFFECT, abs=EXACT)
    assert study.att_gt.filter((pl.col("time") >= 9) & pl.col("estimate").is_finite()).is_empty()


@pytest.mark.parametrize("cohort", [0, -4])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_agents_trained_before_the_data_begin_are_dropped_and_counted(estimator: str, cohort: int) -> None:
    """Their weeks hold nonsense that any use would show."""
    panel = made([*MIXED, cohort, cohort], noise=0.1)
    spoiled = replace(panel, num=np.where((panel.cohort_ix == cohort)[:, None], 1e6, panel.num))
    ours = estimate(spoiled, estimator).aggregate("simple").overall
    theirs = estimate(made(MIXED, noise=0.1), estimator).aggregate("simple").overall

    assert ours.estimate == pytest.approx(
        estimate(spoiled.take(spoiled.cohort_ix > 0), estimator).aggregate("simple").overall.estimate, abs=EXACT
    )
    assert abs(ours.estimate - theirs.estimate) < 1
    assert any("6 agents already trained" in note for note in ours.notes)
    assert estimate(spoiled, estimator).panel.n_always_trained == 6


@pytest.mark.parametrize("estimator", STAGGERED)
def test_halves_that_nothing_links_are_not_compared(estimator: str) -> None:
    """The first nine teams are seen to week 9, the other six from week 10; there everybody is trained in week 13."""
    panel = made([*MIXED[:3], *[NEVER] * 6, *[13] * 6], weeks=20)
    week = np.arange(20)[None, :]
    late = (panel.cluster_ix >= 9)[:, None]
    apart = without(panel, np.where(late, week < 10, week >= 10))
    wrong = replace(apart, num=np.where(late & (week >= 13), 1e6, apart.num) * apart.observed)
    study = estimate(wrong, estimator)
    overall = study.aggregate("simple").overall

    assert overall.estimate == pytest.approx(EFFECT, abs=EXACT)
    assert overall.share_identified < 1
    assert study.aggregate("cohort").parts.filter(pl.col("key") == 13)["estimate"].drop_nulls().is_empty()


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_weeks_of_anticipation_are_neither_before_nor_after(estimator: str) -> None:
    panel = made(MIXED, noise=0.1)
    weeks = np.arange(WEEKS)[None, :]
    start = np.where(panel.cohort_ix == NEVER, 10**6, panel.cohort_ix)[:, None]
    waiting = (weeks >= start - 2) & (weeks < start)
    spoiled = replace(panel, num=np.where(waiting, 1e6, panel.num))
    ours = estimate(spoiled, estimator, anticipation=2).aggregate("simple").overall
    theirs = estimate(without(panel, waiting), estimator, anticipation=2).aggregate("simple").overall

    assert ours.estimate == pytest.approx(theirs.estimate, abs=EXACT)
    assert abs(estimate(spoiled, estimator).aggregate("simple").overall.estimate) > 1e3


@pytest.mark.parametrize("variance", ["analytic", "jackknife"])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_weight_of_three_is_three_agents(estimator: str, variance: str) -> None:
    """Weights that do not change over weeks: an agent of weight k and k agents who do the same are one number."""
    panel = made(MIXED, noise=0.5)
    weight = 1 + np.arange(panel.n_units) % 3
    weighted = replace(panel, num=panel.num * weight[:, None], den=panel.den * weight[:, None])
    rows = np.repeat(np.arange(panel.n_units), weight)
    repeated = replace(panel.take(rows), units=np.arange(rows.size))
    made_of = [estimate(given, estimator, variance=variance).aggregate("simple") for given in (weighted, repeated)]
    ours, theirs = (found.overall for found in made_of)

    assert ours.estimate == pytest.approx(theirs.estimate, abs=EXACT)
    if variance == "jackknife":
        assert ours.std_error == pytest.approx(theirs.std_error, rel=1e-6)
    else:  # fixest's (N - 1) / (N - K) counts rows, of which there are more: every cluster's part by the same factor
        mine, other = (found.overall_influence for found in made_of)
        used = np.abs(other) > 1e-9
        np.testing.assert_allclose(mine[used] / other[used], ours.std_error / theirs.std_error, rtol=1e-6)
        assert 1 - 1e-9 <= ours.std_error / theirs.std_error < 1.1
    assert ours.estimate != pytest.approx(estimate(panel, estimator).aggregate("simple").overall.estimate, abs=1e-4)


def sparse(seed: int) -> Panel:
    """A few teams, some of whose agents are seen in a third of the weeks, or on one side of a gap only."""
    draw = np.random.default_rng(seed)
    teams, size, weeks = int(draw.integers(4, 9)), int(draw.integers(1, 4)), int(draw.integers(5, 12))
    team = np.repeat(np.arange(teams), size)
    start = np.where(draw.random(teams) < 0.4, NEVER, draw.integers(2, weeks, teams))[team]
    shape = (team.size, weeks)
    seen = draw.random(shape) < draw.choice([0.35, 0.85])
    if seed % 2:
        first, last = sorted(draw.integers(1, weeks, 2))
        early = draw.random(team.size) < 0.5
        seen[early, first:] = False
        seen[~early, :last] = False
        seen[int(draw.integers(team.size))] = draw.random(weeks) < 0.5
    den = np.where(seen, draw.integers(1, 9, shape), 0).astype(float)
    y = draw.normal(size=shape)
    return Panel(
        num=y * den,
        den=den,
        cohort_ix=start.astype(np.int64),
        cluster_ix=team,
        units=np.arange(team.size),
        times=np.arange(weeks),
        clusters=np.arange(teams),
    )


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_leaving_a_team_out_is_estimating_without_it(estimator: str) -> None:
    """On panels that fall apart without one of their teams too: then there is no error, and no made-up one."""
    compared = 0
    for seed in (*range(12), 31, 36, 93):
        study = estimate(sparse(seed), estimator, variance="jackknife")
        overall = study.aggregate("simple").overall
        if study.source is None or not np.isfinite(study.source.family("simple", "analytic").overall):
            continue
        panel, point = study.panel, study.source.family("simple", "analytic").overall
        without = []
        for team in range(panel.n_clusters):
            part = estimate(panel.take(panel.cluster_ix != team), estimator, variance="analytic")
            left = np.nan if part.source is None else part.source.family("simple", "analytic").overall
            without.append(left)
        moved = np.array(without) - point
        counted = moved[np.abs(moved) > EXACT] if np.isfinite(moved).all() else np.array([np.nan])
        # A team that moves nothing counts among the G of (G - 1) / G for some estimators and not for others.
        shares = [(g - 1) / g for g in range(2, panel.n_clusters + 1)]
        expected = [float(np.sqrt(share * np.sum(counted**2))) for share in shares]
        if np.isnan(expected).any():
            assert estimator == "before_after" or not overall.available
        elif overall.available:
            compared += 1
            assert min(abs(overall.std_error - value) for value in expected) < 1e-6 * (1 + overall.std_error)
    assert compared >= 3


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_values_that_are_not_finite_give_no_number(estimator: str, bad: float) -> None:
    panel = made(MIXED)
    num = panel.num.copy()
    num[4, 3] = bad
    study = estimate(replace(panel, num=num), estimator)
    for kind in study.kinds:
        overall = study.aggregate(kind).overall
        assert not overall.available
        assert overall.reason == "the outcome or its weight is not finite in some agent-week"


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_everybody_trained_before_the_data_begin_gives_no_number(estimator: str) -> None:
    overall = estimate(made([0, -1, -3, 0]), estimator).aggregate("simple").overall

    assert not overall.available
    assert overall.reason == "everybody was already trained when the data begin"


def rows_of(panel: Panel) -> pl.DataFrame:
    agent, week = np.indices(panel.num.shape)
    cohort = np.where(panel.cohort_ix == NEVER, -1, panel.cohort_ix)
    return pl.DataFrame(
        {
            "agent": agent.ravel(),
            "week": week.ravel(),
            "trained_week": np.repeat(cohort, panel.n_periods),
            "team": np.repeat(panel.cluster_ix, panel.n_periods),
            "y": panel.num.ravel(),
        }
    ).with_columns(pl.when(pl.col("trained_week") >= 0).then("trained_week"))


REFUSED = {
    "duplicate agent-weeks": (lambda rows: pl.concat([rows, rows.head(1)]), "occur more than once"),
    "infinite values": (lambda rows: rows.with_columns(y=pl.col("y") / 0.0), "infinite"),
    "a cohort before the first week": (
        lambda rows: rows.with_columns(week=pl.col("week") + 8),
        "before the first 'week'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_no_estimator_ever_sees_such_rows(estimator: str, case: str) -> None:
    damage, message = REFUSED[case]
    with pytest.raises(PanelError, match=message):
        estimate(
            Panel.from_frame(damage(rows_of(made(MIXED))), "agent", "week", "trained_week", "y", cluster="team"),
            estimator,
        )


def test_before_and_after_needs_no_untrained_but_waves() -> None:
    """It compares with nobody, so it takes the rise of the weeks for effect; one wave of all it cannot even pretend."""
    waves = estimate(made([5] * 4 + [9] * 4, noise=0.1), "before_after").aggregate("simple").overall
    at_once = estimate(made([5] * 8, noise=0.1), "before_after").aggregate("simple").overall

    assert waves.control == "the same agents before, no other agents"
    assert waves.estimate > EFFECT + 1
    assert not at_once.available
    assert "everybody is trained in the same week" in str(at_once.reason)


DOCUMENTED: dict[str, list[Any]] = {
    "imputation": [Imputation],
    "group_time": [GroupTime],
    "interaction_weighted": [InteractionWeighted],
    "stacked": [Stacked],
    "extended_twfe": [ExtendedTwfe, ExtendedGlm],
    "twfe": [twfe],
    "before_after": [before_after],
    "trained_vs_untrained": [trained_vs_untrained],
}


def test_every_estimator_says_what_it_computes_assumes_and_follows() -> None:
    """Formula, numbered assumptions, each with whether it is checked, and the source with its DOI."""
    assert set(DOCUMENTED) == set(ESTIMATORS)
    for made in (thing for things in DOCUMENTED.values() for thing in things):
        text = inspect.getdoc(made) or ""
        assumptions = text.split("-----------\n", 1)[1].split("\n\n", 1)[0]
        numbered = re.split(r"(?m)^\d+\. ", assumptions)[1:]

        assert re.search(r"``[^`]*[=/][^`]*``", text), f"{made.__name__}: no formula"
        assert re.search(r"Source: .*doi:10\.\d{4,}/", text, re.DOTALL), f"{made.__name__}: no source"
        assert numbered, f"{made.__name__}: no assumptions"
        for assumption in numbered:
            assert re.search(r"[Cc]heck|Not true", assumption), f"{made.__name__}: {assumption}"


def test_intervals_of_cohort_weeks_use_t_with_the_clusters_there_are() -> None:
    panel = panel_of(flat_world(8, teams=12, seats=3, weeks=20, pre_weeks=8))
    for name in STAGGERED:
        cells = estimate(panel, name).att_gt.filter(pl.col("std_error") > 0)
        half = ((cells["ci_high"] - cells["ci_low"]) / 2 / cells["std_error"]).to_numpy()

        assert cells.height > 0
        np.testing.assert_allclose(half, stats.t.ppf(0.975, panel.n_clusters - 1), rtol=1e-9)
