"""Sums over programmes: shrinkage before anything is added, ranges that hold, nothing unknown taken for zero."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.errors import EstimationError
from analysis.value.appraisal import appraise
from analysis.value.assumptions import Assumptions, Stated
from analysis.value.model import Worth, model
from analysis.value.programmes import ProgrammeSum, together
from analysis.value.shrinkage import shrink
from benchmarks.value import held_sums
from tests.analysis.worlds import words

UNIT, COST = Stated(8.0, 11.0, 15.0), Stated(800.0, 1_000.0, 1_200.0)


def programme(effect: float, volume: float = 10_000.0, error: float = 0.002, unit: Stated = UNIT) -> ProgrammeSum:
    part = Worth(
        kpi=words(id="escalation_rate"),
        effect=effect,
        std_error=error,
        effect_low=effect - 2 * error,
        effect_high=effect + 2 * error,
        volume_per_month=volume,
    )
    stated = Assumptions(12, stated={part.key: unit, "cost.programme": COST})
    return ProgrammeSum(f"P{effect}", model([part], stated, n_trained=40, n_everybody=90), (part,), np.eye(1))


def test_few_programmes_are_summed_as_they_were_measured() -> None:
    given = [programme(-0.01), programme(0.004), programme(-0.002)]
    found = together(given)
    own = [appraise(one.made, correlation=one.correlation).net for one in given]

    assert list(found.measured) == list(found.each) == own
    for end in ("mid", "low", "high"):
        assert getattr(found.net, end) == pytest.approx(sum(getattr(one, end) for one in own), rel=1e-12)
    assert not found.drawn_together
    assert found.net.low < found.apart.low < found.apart.mid == found.net.mid < found.apart.high < found.net.high


def test_from_six_programmes_on_effects_are_drawn_together_first() -> None:
    effects = [-0.001, -0.002, -0.003, -0.004, -0.005, -0.006]  # in errors of 0.001 the example of the docstring
    volumes = [10_000.0 * (k + 1) for k in range(6)]
    given = [programme(e, v, 0.001) for e, v in zip(effects, volumes, strict=True)]
    found = together(given)
    drawn = shrink(np.array(effects), np.full(6, 0.001)).estimates

    assert found.drawn_together == ("escalation_rate",)
    expected = [-e * v * 12 * 11 - 1_000 for e, v in zip(drawn, volumes, strict=True)]
    assert [one.mid for one in found.each] == pytest.approx(expected, rel=1e-12)
    assert found.net.mid == pytest.approx(sum(expected), rel=1e-12)
    assert found.net.mid < sum(one.mid for one in found.measured), "the largest volumes had the luckiest effects"
    assert not together(given[:5]).drawn_together


def test_a_kpi_of_fewer_programmes_stays_as_it_was_measured() -> None:
    shared = [programme(-0.001 * (k + 1), error=0.001) for k in range(6)]
    extra = replace(shared[0].worths[0], kpi=words(id="hold", label="hold"), effect=-0.5, std_error=0.1)
    stated = replace(shared[0].made.assumptions, stated={**shared[0].made.assumptions.stated, extra.key: UNIT})
    worths = (*shared[0].worths, extra)
    shared[0] = ProgrammeSum("first", model(worths, stated, n_trained=40, n_everybody=90), worths, np.eye(2))
    found = together(shared)

    assert found.drawn_together == ("escalation_rate",)
    drawn = shrink(np.array([-0.001 * (k + 1) for k in range(6)]), np.full(6, 0.001)).estimates[0]
    assert found.each[0].mid == pytest.approx((0.5 - drawn) * 10_000 * 12 * 11 - 1_000, rel=1e-12)


def test_an_assumption_stated_alike_is_one_assumption() -> None:
    """Two sure effects of one uncertain unit value go together; two unit values do not."""
    alike = together([programme(-0.01, error=1e-12), programme(-0.01, error=1e-12)])
    apart = together([programme(-0.01, error=1e-12), programme(-0.01, error=1e-12, unit=Stated(8.0, 11.0, 15.001))])

    assert alike.apart.high - alike.apart.low == pytest.approx(alike.net.high - alike.net.low, rel=0.02)
    assert apart.apart.high - apart.apart.low < 0.8 * (apart.net.high - apart.net.low)


def test_what_is_not_known_is_not_zero() -> None:
    unknown = replace(programme(-0.01), made=replace(programme(-0.01).made, used=()))
    with pytest.raises(EstimationError, match="what is not known is not zero"):
        together([programme(-0.01), unknown])
    with pytest.raises(EstimationError, match="two or more"):
        together([programme(-0.01)])


def test_the_sum_holds_the_truth() -> None:
    """Small; ``python -m benchmarks.value --programmes`` makes more worlds."""
    held, kept = held_sums(worlds=60, n=8, between=0.002, draws=500)

    assert 0.85 <= held <= 1.0
    assert kept >= held
