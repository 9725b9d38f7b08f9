"""The stop-rule of a source counts what was lost among what was wanted."""

from __future__ import annotations

from typing import Any

import pytest

from etl.landing.ledger import SourceCount


def count(**changes: Any) -> SourceCount:
    plain = {
        "source": "calls", "files": 1, "read": 100, "loaded": 48, "rejected": 52, "duplicate": 0, "dropped": 50,
        "max_reject_share": 0.02,
    }  # fmt: skip
    return SourceCount(**(plain | changes))


@pytest.mark.parametrize(
    ("changes", "share", "stops"),
    [
        ({}, 2 / 50, True),
        ({"max_reject_share": 0.04}, 2 / 50, False),
        ({"rejected": 50, "loaded": 50}, 0.0, False),
        ({"read": 50, "rejected": 50, "loaded": 0}, 0.0, False),
        ({"dropped": 0, "rejected": 2, "loaded": 98}, 0.02, False),
        ({"dropped": 0, "rejected": 3, "loaded": 97}, 0.03, True),
    ],
)
def test_rows_left_out_on_purpose_are_neither_lost_nor_wanted(
    changes: dict[str, Any], share: float, stops: bool
) -> None:
    found = count(**changes)

    assert found.reject_share == pytest.approx(share)
    assert found.stops == stops
