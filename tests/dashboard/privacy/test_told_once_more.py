"""Numbers that say an estimate, or a share, once more: in the steps of the first time, or made of what is told."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import duckdb
import polars as pl
import pytest

from analysis.words.refreshers import Fading
from dashboard.data import attrition, effects_again, plan, refreshers, value
from dashboard.data.attrition import expected_as_told
from dashboard.privacy.imprecision import step_of
from dashboard.privacy.viewer import READER, seen_by

ERROR, FEWEST = 0.01, 80.0


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Queries with one KPI whose headline has a standard error, and is told as +0.04."""
    monkeypatch.setattr(effects_again, "comparison_of", lambda *_: (SimpleNamespace(fewest=FEWEST), {}))
    return SimpleNamespace(
        frame=lambda _: pl.DataFrame({"kpi": ["csat_top2"], "estimate": [0.04165], "std_error": [ERROR]}),
        settings=SimpleNamespace(min_group=5, catalogue={"csat_top2": SimpleNamespace(smallest_effect=0.02)}),
        headline=lambda *_: {"estimate": 0.04},
    )


def survivors(**numbers: float) -> pl.DataFrame:
    row = {"kpi": "csat_top2", "estimate": 0.04165, "weighted": 0.042327, "bound_low": 0.031, "bound_high": 0.049}
    row |= {"weighted_low": 0.021, "weighted_high": 0.063, "ci_low": 0.022, "ci_high": 0.061}
    return pl.DataFrame([row | {"hazard_ratio": 0.784865, "sentence": "+4.2327 points"} | numbers])


def test_what_leaving_does_to_an_estimate_is_told_in_its_steps(steps: Any) -> None:
    step = float(f"{step_of(pl.Series([ERROR]).to_numpy(), pl.Series([FEWEST]).to_numpy(), 5)[0]:.1e}")
    told = attrition._survivor_as_told(steps, "csat_top2", survivors())
    near = attrition._survivor_as_told(steps, "csat_top2", survivors(weighted=0.0424, hazard_ratio=0.7801))

    assert told.row(0, named=True)["estimate"] == 0.04, "the number of the Effects page, not a second rounding of it"
    for name in ("weighted", "bound_low", "bound_high"):
        assert told[name].item() == pytest.approx(round(told[name].item() / step) * step), name
    assert told.equals(near)
    assert told["sentence"].item() is None


def test_nothing_is_told_beside_a_headline_without_an_error(steps: Any) -> None:
    steps.frame = lambda _: pl.DataFrame({"kpi": [], "estimate": [], "std_error": []})
    assert effects_again.in_steps_of_headline(steps, "csat_top2", survivors(), ["weighted"])["weighted"].item() is None


def test_the_share_expected_to_have_left_tells_no_leaver_more() -> None:
    """With the exact share and a ratio told beside it, only 39 or 40 leavers of 203 fitted."""
    told = {"wave": [None], "n_agents": [205], "n_left": [40], "share_left": [0.195]}
    hazards = pl.DataFrame({"leave_type": ["any"], "hazard_ratio": [0.78], "ci_low": [0.48], "ci_high": [1.3]})
    names = ("share_expected", "expected_low", "expected_high")
    exact = [pl.DataFrame(told | {name: [share] for name in names}) for share in (0.238006, 0.2412)]
    made = [expected_as_told(rows, hazards) for rows in exact]
    assert made[0].equals(made[1])
    row = made[0].row(0, named=True)
    assert row["share_expected"] == pytest.approx(1 - 0.805 ** (1 / 0.78))
    assert row["expected_low"] < row["share_expected"] < row["expected_high"]
    blank = hazards.with_columns(pl.lit(None, pl.Float64).alias(name) for name in ("hazard_ratio", "ci_low", "ci_high"))
    assert expected_as_told(made[0], blank)["share_expected"].item() is None


def test_ratios_are_told_as_their_sentence_gives_them() -> None:
    """"28% more likely" stood above a chart that said 30% more."""
    rows = pl.DataFrame({"hazard_ratio": [0.784865], "ci_low": [0.4812], "ci_high": [1.2812], "p_value": [0.31234]})
    assert attrition.ratios_as_told(rows).row(0) == (0.78, 0.48, 1.28, 0.31)


@pytest.mark.parametrize(("trained", "told"), [(100, True), (84, False)])
def test_what_refreshers_brought_is_told_in_steps_where_enough_had_none(
    monkeypatch: pytest.MonkeyPatch, trained: int, told: bool
) -> None:
    def brought(estimate: float) -> float | None:
        with duckdb.connect() as con:
            con.execute("create schema result; create schema mart")
            con.execute(f"create table mart.agent as select date '2026-01-05' as trained_week from range({trained})")
            con.execute(
                f"create table result.refresher as select 'empathy_score' as kpi, 0::bigint as from_week, "
                f"{estimate}::double as estimate, 0.005::double as std_error, {estimate - 0.01}::double as ci_low, "
                f"{estimate + 0.01}::double as ci_high, true as stands_out, 80::bigint as n_agents"
            )
            queries: Any = SimpleNamespace(
                settings=SimpleNamespace(min_group=5), has=lambda _: True, publishes=lambda *_: True,
                kpis=lambda: [SimpleNamespace(id="empathy_score", better="higher")], headline=lambda *_: None,
                decision=lambda _: SimpleNamespace(allowed=True), ask=lambda _, make: make(con.cursor()),
            )  # fmt: skip
            with seen_by(READER):
                found = refreshers.refreshed(queries)
        return found.found["empathy_score"].rise if found is not None else None

    if told:
        assert brought(0.02) == brought(0.0201)
    else:
        assert brought(0.02) is None


def test_fading_is_told_to_two_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A half-life to all digits is the weeks that it was fitted to, more finely than in steps."""
    monkeypatch.setattr(plan, "stored_fading", lambda *_: [Fading("csat_top2", "fading", 20.123456, 12.3456, math.inf)])
    goals = [SimpleNamespace(id="csat_top2", role="primary")]
    course = {"kpi": "csat_top2", "state": "fading", "half_life": 20.1234, "half_life_low": 12.3456}
    course |= {"half_life_high": 33.3333, "floor": 0.0, "size": 0.0412345}
    taken: list[Any] = []
    monkeypatch.setattr(value, "from_config", lambda _: "stated")
    monkeypatch.setattr(value, "with_measured", lambda _, rows: taken.extend(rows) or "measured")
    queries: Any = SimpleNamespace(
        goals=lambda: goals, kpis=lambda: goals, publishes=lambda *_: True, has=lambda _: True,
        ask=lambda key, make: pl.DataFrame([course]) if key == ("courses",) else make(None),
        settings=SimpleNamespace(config=None),
    )  # fmt: skip
    with seen_by(READER):
        assert plan.fading(queries) == [Fading("csat_top2", "fading", 20.0, 12.0, math.inf)]
        assert value.configured(queries) == "measured"
    assert taken[0]["half_life_low"] == 12.0
    assert plan.fading(queries)[0].half_life == 20.123456, "on one's own machine all of it is known"


def test_the_number_of_agents_is_in_no_end_of_a_sum() -> None:
    """Where agents are the clusters, degrees of freedom are their number; a sum drawn with a fixed seed shows them."""
    head = {"estimate": 1.0, "std_error": 0.2, "ci_low": 0.6, "ci_high": 1.4, "df": None}
    queries: Any = SimpleNamespace(headline=lambda *_, **__: head)
    with seen_by(READER):
        assert math.isnan(value._told(queries, {"kpi": "csat_top2", "df": 181.0})["df"])
