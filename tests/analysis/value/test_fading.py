"""Fading that was measured, and when a refresher pays."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.value.assumptions import Assumptions, Stated
from analysis.value.fading import refresher_weeks, with_measured
from analysis.words.numbers import WEEKS_PER_MONTH


def course(
    state: str = "fading", half: tuple[float | None, float, float | None] = (10.0, 20.0, 40.0)
) -> dict[str, object]:
    low, middle, high = half
    ends = {"half_life_low": low, "half_life": middle, "half_life_high": high}
    return {"state": state, **ends}


def test_a_measured_half_life_stands_among_the_assumptions_with_its_range_and_source() -> None:
    made = with_measured(
        Assumptions(), [course(), course(half=(16.0, 30.0, 60.0)), course("cannot_tell", (1.0, 2.0, 3.0))]
    )
    half, lasting = made.stated["half_life_months"], made.stated["lasting_share"]
    assert [x * WEEKS_PER_MONTH for x in (half.low, half.likely, half.high)] == pytest.approx([10.0, 30.0, 60.0])
    assert (lasting.low, lasting.likely, lasting.high) == (0.0, 0.0, 0.0)
    assert half.source == "measured"


@pytest.mark.parametrize(
    "rows", [[], [course("lasting")], [course(half=(10.0, 20.0, 41.0))], [course(half=(10.0, math.inf, None))]]
)
def test_what_cannot_be_told_is_not_assumed(rows: list[dict[str, object]]) -> None:
    assert with_measured(Assumptions(), rows) == Assumptions()


def test_what_is_stated_stays() -> None:
    stated = Assumptions(stated={"half_life_months": Stated(1, 2, 3), "lasting_share": Stated(0.5, 0.5, 0.5)})
    assert with_measured(stated, [course()]) is stated


@pytest.mark.parametrize(("benefit", "cost", "half", "floor"), [(10, 50, 20, 0.0), (4, 30, 30, 0.3), (50, 20, 6, 0.1)])
def test_the_refresher_is_where_a_search_of_the_mean_gain_finds_it(
    benefit: float, cost: float, half: float, floor: float
) -> None:
    weeks = np.arange(0.5, 400, 0.05)
    kept = benefit * (1 - floor) * half / math.log(2) * (1 - 2.0 ** (-weeks / half))
    assert refresher_weeks(benefit, cost, half, floor) == pytest.approx(
        weeks[((kept - cost) / weeks).argmax()], abs=0.1
    )


def test_a_refresher_never_pays_where_it_costs_more_than_all_that_fades() -> None:
    assert refresher_weeks(1.0, 29.0, 20.0, 0.0) == math.inf
    assert math.isfinite(refresher_weeks(1.0, 28.0, 20.0, 0.0))
