"""Numbers beside an estimate that rest on a part of its agents are told where neither part is few."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from analysis.checks import composition, estimator_gap, who_answers
from analysis.estimators import estimate
from analysis.study.result_tables import table
from dashboard.data import beside_estimates
from dashboard.data.beside_estimates import MOST_OF_FEW, Weeks, beside_as_told, seconded, stayed
from dashboard.data.cohorts import gains
from dashboard.data.published_estimates import by_week, estimated
from dashboard.data.queries import Queries
from dashboard.privacy.viewer import READER, seen_by
from dashboard.state import Filters
from tests.analysis.conftest import as_panel
from tests.dashboard.privacy.conftest import NEW_HIRE, Corners
from tests.dashboard.privacy.test_twin_worlds import twin

KPI = "escalation_rate"
MINIMUM = 5
BEGIN, N_WEEKS, N_TRAINED = 5, 9, 12


def wave(uneven: float, away: int = 1) -> pl.DataFrame:
    """Twelve agents trained in week 5 and twelve never; some of the first were not seen in the week before."""
    rng = np.random.default_rng(4)
    agent, week = (each.ravel() for each in np.meshgrid(np.arange(2 * N_TRAINED), np.arange(N_WEEKS), indexing="ij"))
    n = np.round(20 * np.exp(uneven * rng.normal(size=agent.size))) + 1
    rows = pl.DataFrame({"agent": agent, "week": week, "n": n, "y": rng.normal(size=agent.size), "team": agent % 6})
    rows = rows.with_columns(pl.when(pl.col("agent") < N_TRAINED).then(BEGIN).otherwise(None).alias("trained_week"))
    return rows.filter((pl.col("agent") >= away) | (pl.col("week") != BEGIN - 1))


def apart(rows: pl.DataFrame) -> NDArray[np.float64]:
    """How the estimate less the second opinion moves with every trained week, by estimating again."""

    def difference(y: NDArray[np.float64]) -> float:
        panel = as_panel(rows.with_columns(y=y))
        first, second = (
            estimate(panel, name, "not_yet_trained", 0).aggregate("simple").overall.estimate
            for name in ("imputation", "group_time")
        )
        return float(first - second)

    y = rows["y"].to_numpy()
    trained = np.flatnonzero((rows["agent"] < N_TRAINED) & (rows["week"] >= BEGIN))
    start = difference(y)
    moved = []
    for k in trained:
        more = y.copy()
        more[k] += 1.0
        moved.append(difference(more) - start)
    return np.array(moved)


@pytest.mark.parametrize(("uneven", "away", "told"), [(0.0, 1, 0.85), (0.0, 4, 0.6), (0.6, 1, 0.0), (0.6, 0, 0.0)])
def test_an_estimate_less_its_second_opinion_is_about_who_was_away(uneven: float, away: int, told: float) -> None:
    """As much as two estimates say, found by moving every week of every agent by itself."""
    rows = wave(uneven, away)
    after = rows.filter(pl.col("agent") < N_TRAINED, pl.col("week") >= BEGIN)
    moved, few = apart(rows), (after["agent"] < away).to_numpy()
    n = after["n"].to_numpy()
    shares = [float(part[few].sum() / part.sum()) if part.sum() else 0.0 for part in (moved**2 / n, moved**2)]
    trained = rows.filter(pl.col("agent") < N_TRAINED)
    unit, time = trained["agent"].to_numpy(), trained["week"].to_numpy()
    found = Weeks.of(unit, time, time - BEGIN, trained["n"].to_numpy()).second_opinion_tells(-1, MINIMUM)
    assert found == pytest.approx(max(shares), abs=1e-6)
    assert (found > MOST_OF_FEW) == (told > MOST_OF_FEW)
    assert found >= told


def frames(kpi: str) -> dict[str, pl.DataFrame]:
    """Tables of one KPI and everybody, with every number that is looked at here."""
    stayers = "Among agents who stayed throughout, the estimate is +3 points; 90% of the trained were still there."
    checks = [(estimator_gap.ID, "The second opinion says +4 points."), (who_answers.ID, "Response rate: +1 point.")]
    checks += [(composition.ID, stayers), ("balance", "Alike.")]
    effect = [{"kpi": kpi, "role": "headline", "estimate": 0.03, "n_trained_agents": 90}]
    effect += [{"kpi": kpi, "role": "second_opinion", "estimate": 0.04, "n_trained_agents": 90}]
    rungs = [{"kpi": kpi, "estimator": name, "estimate": 0.04} for name in ("before_after", "group_time")]
    return {
        "effect": table("effect", effect),
        "ladder": table("ladder", rungs),
        "check": table("check", [{"kpi": kpi, "check": name, "sentence": words} for name, words in checks]),
        "survivor": table("survivor", [{"kpi": kpi, "excess_share": 0.2, "bound_low": 0.01}]),
    }


@pytest.fixture
def _many_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """One agent of this world came after the first training: alone among those who did not stay."""
    monkeypatch.setattr(beside_estimates, "stayed", lambda queries, kpi: ~nobody(queries, kpi))


def told(corners: Corners, kpi: str = KPI, **changes: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    with seen_by(READER), corners.shared.queries.pinned():
        return beside_as_told(corners.shared.queries, kpi, Filters(), frames(kpi) | changes)


def nobody(queries: Queries, kpi: str) -> NDArray[np.bool_]:
    return np.zeros_like(estimated(queries, kpi))


@pytest.mark.usefixtures("_many_left")
def test_all_is_told_where_parts_are_many(corners: Corners) -> None:
    made = told(corners)
    assert all(made[name].equals(rows) for name, rows in frames(KPI).items() if name != "check")
    assert made["check"]["check"].equals(frames(KPI)["check"]["check"])


def test_a_second_opinion_on_few_is_told_nowhere(corners: Corners, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside_estimates, "seconded", nobody)
    made = told(corners)
    assert made["effect"]["estimate"].to_list() == [0.03, None]
    assert made["ladder"]["estimator"].to_list() == ["before_after"]
    assert estimator_gap.ID not in made["check"]["check"]


def test_the_effect_among_those_who_stayed_is_not_told_where_few_left(
    corners: Corners, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beside_estimates, "stayed", nobody)
    assert composition.ID not in told(corners)["check"]["check"]


@pytest.mark.usefixtures("_many_left")
@pytest.mark.parametrize(("share", "there"), [(0.2, True), (0.04, False)])
def test_bounds_that_leave_out_few_are_not_told(corners: Corners, share: float, there: bool) -> None:
    rows = frames(KPI)["survivor"].with_columns(excess_share=share)  # of 90 trained agents
    made = told(corners, survivor=rows)
    assert made["survivor"].is_empty() != there
    assert (composition.ID in made["check"]["check"]) == there


def test_why_people_answer_is_told_where_the_share_that_answers_is(
    corners: Corners, monkeypatch: pytest.MonkeyPatch
) -> None:
    kpi, asked = "csat_top2", "survey_response_rate"
    assert corners.shared.settings.catalogue[kpi].answered_by == asked
    assert who_answers.ID in told(corners, kpi)["check"]["check"]
    publishes = type(corners.shared.queries).publishes
    monkeypatch.setattr(
        type(corners.shared.queries), "publishes", lambda self, name, f: name != asked and publishes(self, name, f)
    )
    assert who_answers.ID not in told(corners, kpi)["check"]["check"]


@pytest.mark.parametrize(("gone", "there"), [(0, True), (3, False)])
def test_few_who_left_are_found_in_the_weeks(corners: Corners, tmp_path: Path, gone: int, there: bool) -> None:
    """Trained agents of Lisbon who are not seen in the last weeks."""
    agents = (
        f"(select distinct agent_ix from mart.agent_week where site = 'Lisbon' and trained_week is not null "
        f"order by agent_ix desc limit {gone})"
    )
    changes = [
        f"delete from mart.agent_week where agent_ix = {NEW_HIRE}",
        f"delete from mart.agent_week where week_ix >= 32 and agent_ix in {agents}",
    ]
    queries = twin(corners, tmp_path, changes).queries
    with seen_by(READER), queries.pinned():
        assert estimated(queries, KPI)[0]
        assert bool(stayed(queries, KPI)[0]) == there


def test_cells_are_chosen_where_nobody_was_trained(corners: Corners, tmp_path: Path) -> None:
    queries = twin(corners, tmp_path, ["update mart.agent_week set trained_week = null, scheduled_week = null"]).queries
    with seen_by(READER), queries.pinned():
        assert seconded(queries, KPI).shape == stayed(queries, KPI).shape == estimated(queries, KPI).shape
        assert by_week(queries, KPI) == {}


# -- levels, and words that give an estimate again ---------------------------------------------------------------------

NEW_TO_CHAT = (
    "(select min(agent_ix) from mart.agent_week where site = 'Porto' and trained_week = "
    "(select min(trained_week) from mart.agent_week where site = 'Porto'))"
)


def test_levels_of_channels_leave_out_nobody_who_was_new_to_one(corners: Corners, tmp_path: Path) -> None:
    """Sites compared within every channel: after times volume, less that of all channels, was one agent's chats."""
    changes = [
        f"delete from mart.agent_week where agent_ix = {NEW_TO_CHAT} and channel = 'chat' and week < trained_week",
        *(f"delete from result.{name}" for name in ("effect", "event_time", "check")),
    ]
    queries = twin(corners, tmp_path, changes).queries
    kpi, told = queries.settings.catalogue[KPI], []
    for channel in ("chat", "voice", ""):
        one = f"and channel = '{channel}'" if channel else ""
        sql = (
            f"select sum({KPI}_num), sum({KPI}_den) from mart.agent_week "
            f"where site = 'Porto' and week >= trained_week {one}"
        )
        with seen_by(READER), queries.pinned():
            num, den = queries.frame(sql).row(0)
            filters = Filters(channel=(channel,)) if channel else Filters()
            row = gains(queries, kpi, "site", filters).rows.filter(name="Porto").row(0, named=True)
        assert row["estimate"] is not None
        assert row["after"] == pytest.approx(num / den)
        told.append(row["after"] * den)
    assert told[0] + told[1] == pytest.approx(told[2])


def test_checks_give_no_other_estimate_again(corners: Corners, tmp_path: Path) -> None:
    """Who answers is judged by another KPI's change, which a statistic over its error gave to two digits; the second
    opinion's own row is in steps."""
    tables = [f"delete from result.{name}" for name in ("effect", "event_time", "check")]
    queries = twin(corners, tmp_path, tables).queries
    kpi, n = "csat_top2", 0
    for filters in (Filters(), Filters(channel=("chat",)), Filters(channel=("voice",)), Filters(site=("Porto",))):
        with queries.pinned():
            own = {row["check"]: row for row in queries.study(kpi, filters)["check"].iter_rows(named=True)}
        with seen_by(READER), queries.pinned():
            shown = {row["check"]: row for row in queries.study(kpi, filters)["check"].iter_rows(named=True)}
        for name in {who_answers.ID, estimator_gap.ID} & set(shown):
            assert own[name]["statistic"] is not None
            assert any(character.isdigit() for character in own[name]["sentence"])
            assert shown[name]["statistic"] is None
            assert not any(character.isdigit() for character in shown[name]["sentence"])
            n += 1
    assert n >= 6


@pytest.mark.parametrize(("n_exposed", "told"), [(8, False), (9, True), (None, True)])
def test_what_team_mates_catch_is_not_told_of_few(corners: Corners, n_exposed: int | None, told: bool) -> None:
    """Spillover is about untrained agents beside trained team-mates: most of it may not lie in a smallest group."""
    queries = corners.shared.queries
    exposed = pl.DataFrame({"n_exposed_agents": [n_exposed]}, schema={"n_exposed_agents": pl.Int64})
    shown = {"effect": corners.own.queries.study("escalation_rate", Filters())["effect"], "spillover": exposed}
    with seen_by(READER), queries.pinned():
        found = beside_as_told(queries, "escalation_rate", Filters(), shown)["spillover"]
    assert found.is_empty() != told
