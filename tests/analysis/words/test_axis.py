"""What stands beside an axis of levels: the number, with its unit once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from analysis.words.numbers import Reader

READER = Reader("en_GB", "EUR")


@pytest.mark.parametrize(
    ("unit", "value", "beside", "measure"),
    [
        ("share", 0.118, "11.8%", "%"),
        ("seconds", 361.2, "361", "seconds"),
        ("score", 4.123, "4.12", ""),
        ("points", 0.31, "31.0", "points"),
        ("per_1000", 0.0042, "4.2", "per 1,000 contacts"),
        ("currency", 2.5, "€2.50", "€"),
    ],
)
def test_an_axis_says_its_unit_once(unit: str, value: float, beside: str, measure: str) -> None:
    kpi = SimpleNamespace(id="x", label="X", unit=unit, better="lower", per="contact")
    assert (READER.on_axis(value, kpi), READER.level_unit(kpi)) == (beside, measure)
