"""The value model: reference numbers of fading, returns and shrinkage, break-even values, coverage and calibration."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from analysis.value.appraisal import appraise
from analysis.value.assumptions import AssumptionError, Assumptions, Stated, check_range
from analysis.value.horizon import horizon_factor, monthly_factors
from analysis.value.model import Worth, model
from analysis.value.returns import benefit_cost_ratio, payback_months, roi_percent
from analysis.value.sensitivity import tornado
from analysis.value.shrinkage import shrink
from tests.analysis.worlds import words

EXACT = 1e-9
"""Relative; the reference values are given to four decimals of amounts around 10,000."""
REFERENCE = [
    ((12, math.inf, 0.0, 0.0), 12_000.0),
    ((12, 6.0, 0.4, 0.10), 8_520.3462),
    ((24, 6.0, 0.4, 0.10), 13_566.0125),
]


def part(name: str = "escalation_rate", **changes: Any) -> Worth:
    plain: dict[str, Any] = {
        "kpi": words(id=name, label=name),
        "effect": -0.01,
        "std_error": 0.002,
        "effect_low": -0.014,
        "effect_high": -0.006,
        "volume_per_month": 10_000.0,
        "volume_to_date": 60_000.0,
        "volume_per_month_everybody": 25_000.0,
    }
    return Worth(**{**plain, **changes})


def assumed(**changes: Stated) -> Assumptions:
    plain = {
        "value.escalation_rate": Stated(8.0, 11.0, 15.0),
        "cost.seat_per_agent": Stated(20.0, 25.0, 40.0),
        "cost.off_phone_hours_per_agent": Stated(4.0, 6.0, 8.0),
        "cost.loaded_wage_per_hour": Stated(20.0, 24.0, 30.0),
        "cost.backfill_per_hour": Stated(0.0, 4.0, 8.0),
        "cost.trainers": Stated(500.0, 800.0, 1_200.0),
    }
    return Assumptions(12, stated={**plain, **{key.replace("__", "."): value for key, value in changes.items()}})


@pytest.mark.parametrize(("given", "expected"), REFERENCE)
def test_fading_and_discounting_match_the_reference(given: tuple[Any, ...], expected: float) -> None:
    months, half_life, lasting, discount = given

    closed = 1000 * float(horizon_factor(months, half_life, lasting, discount))
    assert closed == pytest.approx(expected, abs=5e-5)
    summed = 1000 * sum(
        (lasting + (1 - lasting) * 2 ** (-(t - 1) / half_life)) / (1 + discount) ** (t / 12)
        for t in range(1, months + 1)
    )
    assert closed == pytest.approx(summed, rel=EXACT)
    assert 1000 * monthly_factors(months, half_life, lasting, discount).sum() == pytest.approx(summed, rel=EXACT)


def test_nothing_fades_is_the_limit_of_slow_fading() -> None:
    for rate in (0.0, 1e-12, 1e-7):
        slow = float(horizon_factor(12, 1e12, 0.3, rate))
        assert slow == pytest.approx(float(horizon_factor(12, math.inf, 1.0, rate)), rel=EXACT)


def test_returns_follow_their_definitions() -> None:
    assert roi_percent(150_000, 120_000) == pytest.approx(25.0, rel=EXACT)
    assert benefit_cost_ratio(150_000, 120_000) == pytest.approx(1.25, rel=EXACT)
    assert payback_months(np.full(12, 12_500.0), 120_000) == pytest.approx(120_000 / 150_000 * 12, rel=EXACT)
    assert math.isnan(roi_percent(1.0, 0.0))
    assert math.isinf(payback_months(np.full(120, -5.0), 100.0))


def test_the_full_cost_has_every_part() -> None:
    made = model([part()], assumed(), n_trained=40, n_everybody=100)
    everybody = model([part()], assumed(), population="everybody", n_trained=40, n_everybody=100)

    assert float(made.cost(made.likely())) == pytest.approx(40 * (25 + 6 * (24 + 4)) + 800)
    assert float(everybody.cost(everybody.likely())) == pytest.approx(100 * (25 + 6 * (24 + 4)) + 800 * 100 / 40)


def test_so_far_and_everybody_are_two_numbers() -> None:
    answers = {
        who: appraise(model([part()], assumed(), population=who, n_trained=40, n_everybody=100), draws=2_000)
        for who in ("to_date", "trained", "everybody")
    }

    assert answers["to_date"].benefit.mid == pytest.approx(0.01 * 60_000 * 11)
    assert answers["trained"].benefit.mid == pytest.approx(0.01 * 10_000 * 12 * 11)
    assert answers["everybody"].benefit.mid == pytest.approx(0.01 * 25_000 * 12 * 11)


def test_at_its_break_even_value_an_assumption_leaves_nothing() -> None:
    fading = {"lasting_share": Stated(0.2, 0.4, 0.6), "half_life_months": Stated(3.0, 6.0, 12.0)}
    made = model(
        [part(volume_per_month=8_000.0)],
        assumed(**fading, discount_rate=Stated(0.02, 0.05, 0.1)),
        n_trained=40,
        n_everybody=100,
    )
    points, likely = made.points(), made.likely()
    swings = tornado(made)

    assert [s.size for s in swings] == sorted((s.size for s in swings), reverse=True)
    found = 0
    for swing in swings:
        if math.isnan(swing.break_even):
            continue
        found += 1
        moved = (
            (np.array([swing.break_even]), likely)
            if swing.kind == "effect"
            else (points, {**likely, swing.key: swing.break_even})
        )
        assert float(made.net(*moved)) == pytest.approx(0.0, abs=1e-6)
    assert found >= 5
    worth = next(s for s in swings if s.key == "value.escalation_rate")
    months = float(made.factor(likely))
    assert -worth.break_even == pytest.approx(float(made.cost(likely)) / (0.01 * 8_000 * months), rel=EXACT)


def test_two_bars_say_where_the_range_comes_from() -> None:
    sure = Stated(11.0, 11.0, 11.0)
    priced = Assumptions(12, stated={"value.escalation_rate": sure, "cost.programme": Stated(900.0, 900.0, 900.0)})
    answer = appraise(model([part()], priced, n_trained=40, n_everybody=100))

    assert answer.from_assumptions.low == pytest.approx(answer.from_assumptions.high)
    assert (answer.from_effects.low, answer.from_effects.high) == pytest.approx((answer.net.low, answer.net.high))


def test_only_what_is_clear_is_a_choice() -> None:
    unsure = part("repeat", state="cant_tell_yet", effect=0.0, effect_low=-0.01, effect_high=0.01)
    stated = assumed(value__repeat=Stated(1.0, 2.0, 3.0))
    clear = part(state="clear")

    assert [p.kpi.id for p in model([clear, unsure], stated).used] == ["escalation_rate", "repeat"]
    assert [p.kpi.id for p in model([clear, unsure], stated, clear_only=True).used] == ["escalation_rate"]


@pytest.mark.parametrize(
    ("key", "ends", "says"),
    [
        ("value.x", (3.0, 2.0, 1.0), "must rise"),
        ("value.x", (1.0, math.nan, 3.0), "must all be numbers"),
        ("cost.trainers", (-1.0, 2.0, 3.0), "not below zero"),
        ("lasting_share", (0.1, 0.5, 40.0), "between 0 and 1"),
        ("half_life_months", (0.0, 1.0, 2.0), "above zero"),
        ("value.x", (1.0, 2.0, 1e13), "slip"),
    ],
)
def test_a_range_that_cannot_be_used_is_refused_in_words(key: str, ends: tuple[float, ...], says: str) -> None:
    with pytest.raises(AssumptionError, match=says):
        check_range(key, *ends)


def test_without_a_cost_there_is_no_return_on_it() -> None:
    free = Assumptions(12, stated={"value.escalation_rate": Stated(8.0, 11.0, 15.0), "cost.programme": Stated(0, 0, 0)})
    answer = appraise(model([part()], free, n_trained=40, n_everybody=100))

    assert not answer.roi.known
    assert not answer.ratio.known
    assert answer.payback == 0.0
    assert answer.net.known


def test_shrinkage_with_equal_errors_is_james_stein() -> None:
    rng = np.random.default_rng(4)
    for _ in range(20):
        x = rng.normal(2.0, 1.5, 9)
        s = float(np.sum((x - x.mean()) ** 2))
        keep = max(0.0, 1 - 6 * 0.64 / s)
        made = shrink(x, np.full(9, 0.8))
        assert made.estimates == pytest.approx(x.mean() + keep * (x - x.mean()), rel=1e-8)


def test_shrinkage_takes_more_from_what_is_less_sure_and_needs_six() -> None:
    x, errors = np.array([-1.0, 0.0, 1.0, 2.0, 3.0, 6.0]), np.array([0.3, 0.3, 0.5, 0.5, 1.0, 2.0])
    made = shrink(x, errors)

    assert made.applied
    assert np.all(np.diff(made.kept) <= 0)
    assert abs(made.estimates.sum()) < abs(x.sum())
    few = shrink(x[:5], errors[:5])
    assert not few.applied
    assert few.estimates == pytest.approx(x[:5])


def test_shrinkage_lowers_the_error_of_the_picked() -> None:
    """200 worlds of eight programmes: the sum of the three best overstates, shrunk it does not."""
    rng = np.random.default_rng(11)
    raw, drawn = [], []
    for _ in range(200):
        truth = rng.normal(1.0, 0.5, 8)
        errors = rng.uniform(0.4, 1.2, 8)
        x = truth + errors * rng.standard_normal(8)
        best = np.argsort(x)[-3:]
        raw.append(float(np.sum(x[best] - truth[best])))
        drawn.append(float(np.sum(shrink(x, errors).estimates[best] - truth[best])))

    assert np.mean(raw) > 1.0
    assert abs(np.mean(drawn)) < 0.4 * np.mean(raw)




def test_the_range_of_the_net_holds_the_truth_in_simulated_worlds() -> None:
    """The small version of benchmarks/value.py: with true coverage 95%, 18 or fewer of 24 happens once in 3,000."""
    from benchmarks.value import run

    line = run(24, seed=3, draws=1_000)
    assert line.coverage * line.worlds >= 19
    assert 0.2 < line.share_gain < 0.8
