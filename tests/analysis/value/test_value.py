"""Money: signs, scenarios, joint uncertainty, no money counted twice."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from analysis.value.assumptions import Assumptions, Stated
from analysis.value.model import Worth
from analysis.value.money import value_frame
from analysis.words.numbers import Reader
from etl.configuration.kpis import load
from tests.analysis.worlds import words

READER = Reader("en_GB", "EUR")
UNIT = Stated(8.0, 11.0, 15.0)
COST = Stated(10_000.0, 20_000.0, 30_000.0)
SIMULATION_ERROR = 0.02
"""20,000 draws: two digits of a quantile."""


def worth(**changes: Any) -> Worth:
    plain: dict[str, Any] = {
        "kpi": words(),
        "effect": -0.01,
        "std_error": 0.002,
        "effect_low": -0.014,
        "effect_high": -0.006,
        "volume_per_month": 1_000_000.0 / 12,
    }
    return Worth(**{**plain, **changes})


def money(parts: list[Worth], cost: Stated | None, unit: Stated = UNIT) -> pl.DataFrame:
    """Rows over twelve months, every KPI at the same unit value."""
    stated = {part.key: unit for part in parts} | ({} if cost is None else {"cost.programme": cost})
    return value_frame(parts, Assumptions(12, stated=stated), reader=READER, n_trained=100, n_everybody=250)


def amounts(frame: pl.DataFrame, kpi: str, scenario: str) -> tuple[float, float, float]:
    row = frame.filter((pl.col("kpi") == kpi) & (pl.col("scenario") == scenario)).row(0, named=True)
    return row["amount"], row["amount_low"], row["amount_high"]


def test_fewer_of_a_bad_thing_is_money_gained() -> None:
    frame = money([worth()], COST)

    assert amounts(frame, "escalation_rate", "likely")[0] == pytest.approx(110_000)
    assert amounts(frame, "escalation_rate", "low")[0] == pytest.approx(80_000)
    assert amounts(frame, "net", "likely")[0] == pytest.approx(90_000)
    assert amounts(frame, "net", "low")[0] == pytest.approx(50_000)


def test_more_of_a_bad_thing_is_money_lost() -> None:
    frame = money([worth(effect=0.01, effect_low=0.006, effect_high=0.014)], None)

    assert amounts(frame, "total", "likely")[0] == pytest.approx(-110_000)
    assert set(frame["kpi"]) == {"escalation_rate", "total"}


def test_a_cost_may_be_written_with_or_without_its_sign() -> None:
    signed = Stated(-15.0, -11.0, -8.0)
    plain, minus = (money([worth()], COST, unit) for unit in (UNIT, signed))
    for name in ("escalation_rate", "total", "net"):
        for scenario in ("low", "likely", "high"):
            assert amounts(plain, name, scenario)[0] == pytest.approx(amounts(minus, name, scenario)[0])
    assert amounts(minus, "total", "low")[0] < amounts(minus, "total", "high")[0]


def test_the_range_of_the_sum_carries_effect_and_unit_value() -> None:
    """Against the exact variance of a product of independent variables."""
    frame = money([worth()], None)
    _, low, high = amounts(frame, "total", "likely")
    mean = (8 + 11 + 15) / 3
    variance = (8**2 + 11**2 + 15**2 - 8 * 11 - 8 * 15 - 11 * 15) / 18
    sd = math.sqrt(0.01**2 * variance + 0.002**2 * mean**2 + 0.002**2 * variance) * 1e6

    assert (high - low) / (2 * 1.96 * sd) == pytest.approx(1.0, abs=3 * SIMULATION_ERROR)
    assert amounts(frame, "escalation_rate", "likely")[1:] == pytest.approx((low, high))
    assert "at €11.00 each (€8.00 to €15.00)" in frame.filter(pl.col("kpi") == "escalation_rate")["sentence"][1]


def test_a_certain_unit_value_leaves_the_range_of_the_effect() -> None:
    frame = money([worth()], None, Stated(-11.0, -11.0, -11.0))
    _, low, high = amounts(frame, "escalation_rate", "likely")
    fixed = amounts(frame, "escalation_rate", "low")

    assert (low, high) == pytest.approx(fixed[1:], rel=3 * SIMULATION_ERROR)
    assert " each is " in frame.filter(pl.col("kpi") == "escalation_rate")["sentence"][1]


def test_correlated_effects_widen_the_sum() -> None:
    one = np.array([0.001, -0.001, 0.0014])
    other = {"kpi": words(id="repeat_contact_7d", label="Repeats")}
    apart = money(
        [worth(influence=one), worth(**other, influence=np.array([0.001, 0.001, 0.0]))],
        None,
    )
    together = money([worth(influence=one), worth(**other, influence=one)], None)

    def width(frame: pl.DataFrame) -> float:
        _, low, high = amounts(frame, "total", "high")
        return high - low

    assert width(together) / width(apart) == pytest.approx(math.sqrt(2), rel=2 * SIMULATION_ERROR)


def test_the_same_money_is_counted_once() -> None:
    parts = [
        worth(
            kpi=words(id="upsell_conversion", label="Upsell", better="higher"),
            effect=0.01,
            effect_low=0.0,
            effect_high=0.02,
            money_group="sales",
            money_rank=2,
        ),
        worth(
            kpi=words(id="upsell_revenue", label="Revenue", better="higher"),
            effect=0.02,
            effect_low=0.0,
            effect_high=0.04,
            money_group="sales",
        ),
        worth(kpi=words(id="praise", label="Praise", better="higher"), effect=0.001),
        worth(kpi=words(id="thanks", label="Thanks", better="higher"), effect=0.001),
    ]
    frame = money(parts, None)

    assert amounts(frame, "total", "likely")[0] == pytest.approx((0.02 + 0.001 + 0.001) * 1e6 * 11)
    assert "same money as upsell_revenue" in frame.filter(pl.col("kpi") == "upsell_conversion")["sentence"][0]


def test_the_catalogue_says_what_is_the_same_money() -> None:
    money_groups: dict[str, list[str]] = {}
    for kpi in sorted(load().values(), key=lambda k: k.money_rank):
        money_groups.setdefault(kpi.money_group, []).append(kpi.id)

    assert money_groups["sales"] == [
        "upsell_revenue",
        "upsell_conversion",
        "cross_sell_conversion",
        "offer_acceptance",
        "offer_rate",
    ]
    assert money_groups["contacts repeated"] == ["repeat_contact_7d", "fcr_7d"]
    assert money_groups["contacts handed on"][0] == "escalation_rate"
    assert load()["aht_seconds"].counts_contacts
    assert not load()["upsell_conversion"].counts_contacts, "only eligible contacts"


def test_a_result_that_is_not_safe_brings_no_money() -> None:
    frame = money([worth(usable=False)], COST)

    assert math.isnan(amounts(frame, "total", "likely")[0])
    assert "No money is claimed" in frame.filter(pl.col("kpi") == "total")["sentence"][0]
    assert "cannot be said" in frame.filter(pl.col("kpi") == "net")["sentence"][0]


def handling(**changes: Any) -> Worth:
    kpi = load()["aht_seconds"]
    return worth(**{"kpi": kpi, "effect": 4.0, "effect_low": -1.0, "effect_high": 9.0, "std_error": 2.5, **changes})


def test_a_cost_that_may_not_be_used_blocks_the_sum() -> None:
    """Left out of the sum, it would leave a programme that pays by what it does not count."""
    unit = Stated(0.01, 0.01, 0.01)
    frame = money([worth(), handling(usable=False)], COST, unit)
    said = {row["kpi"]: row["sentence"] for row in frame.filter(pl.col("scenario") == "likely").iter_rows(named=True)}

    assert math.isnan(amounts(frame, "total", "likely")[0])
    assert math.isnan(amounts(frame, "net", "likely")[0])
    assert said["net"].startswith("Whether it pays cannot be said: Handling time may have cost money")
    assert "its result may not be used" in said["total"]
    assert math.isfinite(amounts(frame, words().id, "likely")[0])
    for fine in (handling(), handling(usable=False, effect=-5.0, effect_low=-9.0, effect_high=-1.0)):
        assert math.isfinite(amounts(money([worth(), fine], COST, unit), "net", "likely")[0])


def test_a_goal_that_may_not_be_used_is_left_out() -> None:
    other = worth(kpi=load()["csat_top2"], usable=False, money_group="")

    assert math.isfinite(amounts(money([worth(), other], COST), "net", "likely")[0])


def test_a_sure_loss_has_no_payback() -> None:
    """At the estimate a lasting benefit would pay back in year six; the range over a year is a loss all the same."""
    small = worth(effect=-0.0001, effect_low=-0.00012, effect_high=-0.00008, std_error=0.00001)
    frame = money([small], Stated(50_000.0, 60_000.0, 70_000.0), Stated(10.0, 10.0, 10.0))
    row = frame.filter((pl.col("kpi") == "net") & (pl.col("scenario") == "likely")).row(0, named=True)

    assert row["amount_high"] < 0
    assert row["sentence"].endswith("A loss has no payback.")
    assert "pays back" not in row["sentence"]


def test_no_loss_is_claimed_while_a_goal_is_not_counted() -> None:
    small = worth(effect=-0.0001, effect_low=-0.00012, effect_high=-0.00008, std_error=0.00001)
    unknown = worth(kpi=load()["csat_top2"], usable=False, money_group="")
    frame = money([small, unknown], Stated(50_000.0, 60_000.0, 70_000.0), Stated(10.0, 10.0, 10.0))
    row = frame.filter((pl.col("kpi") == "net") & (pl.col("scenario") == "likely")).row(0, named=True)

    assert row["amount_high"] < 0
    assert row["sentence"].startswith("We can't tell whether the programme pays: not every goal")


def test_the_sentence_names_the_payback() -> None:
    frame = money([worth()], COST)
    assert (
        "pays back after about 3 months"
        in frame.filter((pl.col("kpi") == "net") & (pl.col("scenario") == "likely"))["sentence"][0]
    )


def test_who_cannot_say_whether_it_pays_does_not_say_when() -> None:
    unsure = worth(effect_low=-0.05, effect_high=0.01, std_error=0.02)
    frame = money([unsure], COST)
    net = frame.filter((pl.col("kpi") == "net") & (pl.col("scenario") == "likely")).row(0, named=True)
    assert net["amount_low"] < 0 < net["amount_high"]
    assert "We can't tell yet whether the programme pays" in net["sentence"]
    assert "pay" not in net["sentence"].partition(";")[2]


def test_the_same_input_gives_the_same_money() -> None:
    first, second = (money([worth()], COST) for _ in range(2))

    assert first.equals(second)


def test_nothing_valued_gives_no_rows() -> None:
    assert money([], None).is_empty()


def test_money_is_never_said_to_come_from_nothing() -> None:
    leaving = words(unit="hazard", better="lower", per="agent-week")
    part = worth(kpi=leaving, effect=-0.0002, std_error=0.001, effect_low=-0.0022, effect_high=0.0018)
    sentence = money([part], None)["sentence"][1]

    assert not sentence.startswith("0 ")
    assert "0.1 leavers" in sentence


def test_money_that_may_be_lost_or_won_is_not_told_as_won() -> None:
    """At a net of 10,000 between a loss and a gain nobody can say that the programme pays."""
    unsure = worth(effect=-0.003, effect_low=-0.008, effect_high=0.002, std_error=0.0025)
    frame = money([unsure], COST)
    words = frame.filter((pl.col("kpi") == "net") & (pl.col("scenario") == "likely"))["sentence"][0]
    assert words.startswith("We can't tell yet whether the programme pays: after its cost, anything from −€")
    sure = money([worth()], COST)
    assert sure.filter(pl.col("kpi") == "net")["sentence"][1].startswith("After its cost, the programme leaves €")
