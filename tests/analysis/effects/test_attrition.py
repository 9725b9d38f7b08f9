"""Hazards of leaving: recovered truth, immortal time, agreement with statsmodels."""

from __future__ import annotations

import warnings
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
import statsmodels.api as sm
from statsmodels.duration.hazard_regression import PHReg
from statsmodels.duration.survfunc import SurvfuncRight

from analysis.effects.hazard import TENURE_EDGES_WEEKS, hazard_ratio, person_weeks, survival
from analysis.panel.agent_weeks import WarehouseWeeks
from analysis.panel.slices import Slice
from analysis.study.leaving import hazard_words, spell_weeks
from analysis.words.numbers import Reader

START = date(2024, 1, 1)
TEAMS, AGENTS, WEEKS = 40, 1200, 80
TRUE_RATIO = 0.6
GLM_TOLERANCE = 1e-6
"""Same likelihood, two ways of adding up: only rounding and the stopping rule differ."""


def lives(seed: int, ratio: float, agents: int = AGENTS) -> pl.DataFrame:
    """Spells of agents whose teams are trained in waves; weekly hazards fall with tenure."""
    rng = np.random.default_rng(seed)
    wave = rng.permutation(np.repeat([20, 32, 44, 9_999], TEAMS // 4))
    frailty = rng.normal(0, 0.2, TEAMS)
    rows = []
    for i in range(agents):
        team = i % TEAMS
        joined = int(rng.integers(-60, WEEKS - 10))
        week = max(joined, 0)
        trained_at = int(wave[team]) if wave[team] > week or joined < wave[team] else 9_999
        left = False
        while week < WEEKS and not left:
            tenure = week - joined
            base = 0.030 if tenure < 13 else 0.015 if tenure < 52 else 0.008
            left = bool(rng.random() < base * np.exp(frailty[team]) * (ratio if week >= trained_at else 1.0))
            week += 1
        parts = [(max(joined, 0), min(week, trained_at), False), (max(trained_at, joined, 0), week, True)]
        for first, last, trained in parts:
            if last <= first:
                continue
            gone = left and last == week
            rows.append(
                (
                    i,
                    f"a{i}",
                    f"t{team:02d}",
                    "Madrid",
                    7 * (first - joined),
                    7 * (last - joined),
                    START + timedelta(weeks=first),
                    trained,
                    gone,
                    "voluntary" if gone else None,
                )
            )
    names = [
        "agent_ix",
        "agent_key",
        "team_id",
        "site",
        "entry_day",
        "exit_day",
        "start_on",
        "trained",
        "left",
        "leave_type",
    ]
    return pl.DataFrame(rows, schema=names, orient="row")


@pytest.fixture(scope="module")
def weeks() -> pl.DataFrame:
    return person_weeks(lives(1, TRUE_RATIO))


def test_person_weeks_keep_every_day_and_every_leaver() -> None:
    spells = lives(3, 1.0, 200)
    cut = person_weeks(spells)

    assert cut["days"].sum() == (spells["exit_day"] - spells["entry_day"]).sum()
    assert cut["left"].sum() == spells["left"].sum()


def test_the_true_ratio_is_inside_the_interval_and_no_effect_is_not(weeks: pl.DataFrame) -> None:
    found = hazard_ratio(weeks)

    assert found.ci_low < TRUE_RATIO < found.ci_high < 1.0
    assert found.effect < 0
    assert found.baseline > 0
    assert found.n_clusters == TEAMS


def test_intervals_cover_in_repeated_worlds() -> None:
    """24 small worlds: at 95% fewer than 20 covered would happen once in 5,000."""
    covered = 0
    for seed in range(24):
        found = hazard_ratio(person_weeks(lives(100 + seed, 0.8, 360)))
        covered += found.ci_low <= 0.8 <= found.ci_high

    assert covered >= 20


def test_comparing_ever_trained_with_never_trained_is_wrong() -> None:
    """Training does nothing here, yet those who were ever trained 'leave' far less: they had to stay to be trained."""
    spells = lives(7, 1.0)
    honest = hazard_ratio(person_weeks(spells))
    ever = spells.filter("trained")["agent_ix"].unique().to_list()
    immortal = hazard_ratio(person_weeks(spells.with_columns(trained=pl.col("agent_ix").is_in(ever))))

    assert honest.ci_low < 1.0 < honest.ci_high
    assert immortal.ci_high < 1.0
    assert immortal.hazard_ratio < 0.8


def skipping(seed: int, agents: int = 1600) -> pl.DataFrame:
    """``mart.agent_spell`` of a world where training does nothing, and whoever leaves within four months of the
    planned week did not go; the others complete one to five weeks late."""
    rng = np.random.default_rng(seed)
    wave = rng.permutation(np.repeat([20, 32, 44, 9_999], TEAMS // 4))
    rows = []
    for i in range(agents):
        team = i % TEAMS
        due = int(wave[team])
        joined = int(rng.integers(-60, WEEKS - 10))
        first, gone = max(joined, 0), int(rng.geometric(0.012))
        stop = min(first + gone, WEEKS)
        left = first + gone <= WEEKS
        skips = left and stop <= due + 16
        done = 9_999 if skips or joined >= due else due + int(rng.integers(1, 6))
        due = 9_999 if joined >= due else due
        edges = sorted({first, stop, *(c for c in (due, done) if first < c < stop)})
        for start, end in pairwise(edges):
            end_of_all = left and end == stop
            rows.append(
                {
                    "agent_ix": i,
                    "agent_key": f"a{i}",
                    "team_id": f"t{team:02d}",
                    "site": "Madrid",
                    "entry_day": 7 * (start - joined),
                    "exit_day": 7 * (end - joined),
                    "start_on": START + timedelta(weeks=start),
                    "trained": start >= done,
                    "scheduled": start >= due,
                    "left": end_of_all,
                    "leave_type": "voluntary" if end_of_all else None,
                }
            )
    return pl.DataFrame(rows, schema_overrides={"leave_type": pl.String}, infer_schema_length=None)


def weeks_by(timing: str, spells: pl.DataFrame) -> pl.DataFrame:
    """Person-weeks as the product reads them from a warehouse under a design's timing."""
    with duckdb.connect() as con:
        con.execute("create schema mart")
        con.register("spells", spells.to_arrow())
        con.execute("create table mart.agent_spell as select * from spells")
        setting: Any = SimpleNamespace(design=SimpleNamespace(timing=timing))
        found = spell_weeks(WarehouseWeeks(con), Slice(), setting)
    assert found is not None
    return found


def test_leavers_who_skip_training_do_not_make_it_look_protective() -> None:
    """Training does nothing; counted from completion it 'keeps' agents, counted from the planned week it does not."""
    spells = skipping(3)
    completed = hazard_ratio(weeks_by("trained", spells))
    planned = hazard_ratio(weeks_by("scheduled", spells))

    assert completed.ci_high < 1.0
    assert completed.hazard_ratio < 0.8
    assert planned.ci_low < 1.0 < planned.ci_high
    assert "planned week" in hazard_words(planned, Reader(), timing="scheduled")[1]


def test_a_split_that_does_not_count_leaves_no_trace() -> None:
    """Splitting at the planned week too does not change the weeks of a design that counts from completion."""
    spells = skipping(4, 200)
    merged = spells.group_by("agent_ix", "agent_key", "team_id", "site", "trained").agg(
        pl.col("entry_day").min(),
        pl.col("exit_day").max(),
        pl.col("start_on").min(),
        pl.col("left").any(),
        pl.col("leave_type").max(),
    )
    columns = ["agent_ix", "tenure_week", "on", "trained", "left", "days"]

    found, expected = (w.select(columns).sort(columns) for w in (weeks_by("trained", spells), person_weeks(merged)))
    assert found.equals(expected)


def test_point_agrees_with_an_ungrouped_statsmodels_fit(weeks: pl.DataFrame) -> None:
    found = hazard_ratio(weeks)
    edges = np.array(TENURE_EDGES_WEEKS)
    band = (weeks["tenure_week"].to_numpy()[:, None] >= edges).sum(axis=1)
    columns = [weeks["trained"].cast(pl.Float64).to_numpy(), np.ones(weeks.height)]
    for codes in (band, weeks["period"].to_numpy()):
        present = [c for c in np.unique(codes) if weeks["left"].to_numpy()[codes == c].any()]
        assert len(present) == len(np.unique(codes)), "a level without leavers would be merged"
        columns += [(codes == c).astype(float) for c in present[1:]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = sm.GLM(
            weeks["left"].cast(pl.Float64).to_numpy(),
            np.column_stack(columns),
            family=sm.families.Binomial(link=sm.families.links.CLogLog()),
            offset=np.log(weeks["days"].to_numpy() / 7),
        ).fit(tol=1e-10)

    assert found.log_ratio == pytest.approx(fit.params[0], abs=GLM_TOLERANCE)


def test_error_is_near_the_clustered_error_of_statsmodels(weeks: pl.DataFrame) -> None:
    """Not the same formula (jackknife against sandwich), so within 25%."""
    found = hazard_ratio(weeks)
    spells = lives(1, TRUE_RATIO)
    entry = spells["entry_day"].to_numpy() + 1e-9
    fit = PHReg(
        spells["exit_day"].to_numpy().astype(float),
        spells["trained"].cast(pl.Float64).to_numpy()[:, None],
        status=spells["left"].cast(pl.Int64).to_numpy(),
        entry=entry,
        ties="efron",
    ).fit(groups=spells["team_id"].rank("dense").to_numpy())

    assert found.std_error == pytest.approx(fit.bse[0], rel=0.25)
    assert found.log_ratio == pytest.approx(fit.params[0], abs=0.2)


def test_phreg_counts_a_row_at_risk_at_its_own_entry_unless_nudged() -> None:
    """Why entry + 1e-9: (start, stop] intervals meet at the same day, and at that day only one of them is at risk."""
    spells = lives(1, TRUE_RATIO, 400)
    x, status = spells["trained"].cast(pl.Float64).to_numpy()[:, None], spells["left"].cast(pl.Int64).to_numpy()
    stop, start = spells["exit_day"].to_numpy().astype(float), spells["entry_day"].to_numpy().astype(float)
    plain = PHReg(stop, x, status=status, entry=start).fit().params[0]
    nudged = PHReg(stop, x, status=status, entry=start + 1e-9).fit().params[0]

    assert plain != pytest.approx(nudged, abs=1e-6)


def test_curves_agree_with_statsmodels_kaplan_meier(weeks: pl.DataFrame) -> None:
    curves = survival(weeks).filter(pl.col("leave_type") == "any")
    for arm, trained in (("trained", True), ("untrained", False)):
        curve = curves.filter(pl.col("arm") == arm).sort("tenure_week")
        start = int(curve["tenure_week"][0])
        rows = weeks.filter((pl.col("trained") == trained) & (pl.col("tenure_week") >= start))
        entry = rows["tenure_week"].to_numpy() + 1e-9
        table = SurvfuncRight(rows["tenure_week"].to_numpy() + 1.0, rows["left"].cast(pl.Int64).to_numpy(), entry=entry)
        theirs = dict(zip(table.surv_times.round().astype(int).tolist(), table.surv_prob.tolist(), strict=True))
        for row in curve.iter_rows(named=True):
            if row["tenure_week"] in theirs:
                assert row["survival"] == pytest.approx(theirs[row["tenure_week"]], abs=1e-12)


def test_curves_start_together_at_one_and_never_rise(weeks: pl.DataFrame) -> None:
    curves = survival(weeks)
    for _, curve in curves.group_by("arm", "leave_type"):
        levels = curve.sort("tenure_week")["survival"].to_numpy()
        assert levels[0] == 1.0
        assert np.all(np.diff(levels) <= 0)
    assert (curves["ci_low"] <= curves["survival"]).all()
    assert (curves["survival"] <= curves["ci_high"]).all()


def test_too_few_leavers_give_a_reason_and_no_number() -> None:
    spells = lives(5, 1.0, 60).with_columns(left=pl.lit(False), leave_type=pl.lit(None, dtype=pl.String))
    found = hazard_ratio(person_weeks(spells))

    assert np.isnan(found.hazard_ratio)
    assert "at least 5" in found.reason
    assert hazard_words(found, Reader())[0] == "cant_tell_yet"


def test_words_for_a_clear_ratio(weeks: pl.DataFrame) -> None:
    state, sentence = hazard_words(hazard_ratio(weeks), Reader())

    assert state == "clear"
    assert "less likely to leave in a given week (likely between" in sentence


def test_a_large_ratio_is_said_in_times(weeks: pl.DataFrame) -> None:
    found = replace(hazard_ratio(weeks), hazard_ratio=8.0, ci_low=4.0, ci_high=16.0)
    assert hazard_words(found, Reader())[1] == (
        "Trained agents are an estimated 8 times as likely to leave in a given week (likely between 4 and 16 times)."
    )
    found = replace(found, hazard_ratio=1.5, ci_low=1.2, ci_high=1.9)
    assert "50% more likely to leave in a given week (likely between 20% and 90%)" in hazard_words(found, Reader())[1]


def test_where_agents_chose_themselves_no_ratio_is_clear(weeks: pl.DataFrame) -> None:
    state, sentence = hazard_words(hazard_ratio(weeks), Reader(), limited=True)

    assert state == "cant_tell_yet"
    assert "not assigned by a plan" in sentence


def test_an_unknown_kind_of_leaving_is_refused(weeks: pl.DataFrame) -> None:
    with pytest.raises(ValueError, match="voluntary"):
        hazard_ratio(weeks, leave_type="sacked")
