"""Robust intervals against the published R output of HonestDiD, and their properties."""

from __future__ import annotations

import moderndid
import numpy as np
import polars as pl
import pytest

from analysis.checks import sensitivity
from analysis.inference.honest_did import (
    EventCoefficients,
    breakdown_relative,
    breakdown_smooth,
    relative_magnitudes,
    smoothness,
)

TOLERANCE_RM = 6e-4
"""The published table rounds to three digits, its grid has 1,000 points and its first stage 1,000 random draws."""
TOLERANCE_SD = 1.5e-4
"""The published table rounds to three digits and searches 100 values of the error."""
YEARS = (2008, 2009, 2010, 2011, 2012, 2014, 2015)


@pytest.fixture(scope="module")
def medicaid() -> EventCoefficients:
    """Two-way event study of the Medicaid example, clustered by state with fixest's small-sample factor."""
    data = moderndid.load_ehec().filter(
        (pl.col("year") < 2016) & (pl.col("yexp2").is_null() | (pl.col("yexp2") != 2015))
    )
    state, year = data["stfips"].to_numpy(), data["year"].to_numpy()
    treated = data["yexp2"].fill_null(0).to_numpy() == 2014

    def within(values: np.ndarray) -> np.ndarray:
        out = values.astype(np.float64)
        for key in (state, year):
            codes = np.unique(key, return_inverse=True)[1]
            out = out - (np.bincount(codes, out) / np.bincount(codes))[codes]
        return out

    x = np.column_stack([within((year == y) & treated) for y in YEARS])
    y = within(data["dins"].to_numpy())
    bread = np.linalg.inv(x.T @ x)
    beta = bread @ x.T @ y
    score = x * (y - x @ beta)[:, None]
    sums = np.array([score[state == s].sum(axis=0) for s in np.unique(state)])
    groups, rows, k = len(sums), len(y), len(YEARS) + 8
    scale = groups / (groups - 1) * (rows - 1) / (rows - k)
    return EventCoefficients(beta, bread @ (sums.T @ sums) @ bread * scale, 5, 2)


@pytest.mark.parametrize(
    ("mbar", "low", "high"),
    [(0.5, 0.0240, 0.0672), (1.0, 0.0170, 0.0720), (1.5, 0.00824, 0.0797), (2.0, -0.000916, 0.0881)],
)
def test_relative_magnitudes_agree_with_the_published_table(
    medicaid: EventCoefficients, mbar: float, low: float, high: float
) -> None:
    found = relative_magnitudes(medicaid, np.array([1.0, 0.0]), mbar, points=1000)

    assert found.low == pytest.approx(low, abs=TOLERANCE_RM)
    assert found.high == pytest.approx(high, abs=TOLERANCE_RM)


@pytest.mark.parametrize(
    ("m", "low", "high"),
    [
        (0.00, 0.0259, 0.0607),
        (0.01, 0.0132, 0.0787),
        (0.02, 0.00286, 0.0907),
        (0.03, -0.00714, 0.101),
        (0.05, -0.0271, 0.121),
    ],
)
def test_smoothness_agrees_with_the_published_table(
    medicaid: EventCoefficients, m: float, low: float, high: float
) -> None:
    found = smoothness(medicaid, np.array([1.0, 0.0]), m)

    assert found.low == pytest.approx(low, abs=TOLERANCE_SD)
    assert found.high == pytest.approx(high, abs=3 * TOLERANCE_SD)


def test_breakdown_values_lie_where_the_tables_cross_zero(medicaid: EventCoefficients) -> None:
    first = np.array([1.0, 0.0])

    assert 1.5 < breakdown_relative(medicaid, first) < 2.0
    assert 0.02 < breakdown_smooth(medicaid, first, largest=0.1) < 0.03


def test_intervals_widen_with_what_is_allowed(medicaid: EventCoefficients) -> None:
    average = np.array([0.5, 0.5])
    widths = [relative_magnitudes(medicaid, average, m) for m in (0.0, 0.5, 1.0, 2.0)]

    assert np.all(np.diff([w.high - w.low for w in widths]) > 0)


def test_a_trend_that_continues_is_not_taken_for_an_effect() -> None:
    """A straight drift through training: no effect under smoothness with no bend, whatever the coefficients say."""
    times = np.array([-4.0, -3.0, -2.0, 1.0, 2.0, 3.0]) + np.where(np.array([-4, -3, -2, 1, 2, 3]) < 0, 1, 0)
    event = EventCoefficients(0.5 * times, 0.01 * np.eye(6), 3, 3)
    found = smoothness(event, np.full(3, 1 / 3), 0.0)

    assert found.low < 0 < found.high


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 2 periods before"):
        EventCoefficients(np.zeros(2), np.eye(2), 1, 1)
    with pytest.raises(ValueError, match="estimates"):
        EventCoefficients(np.zeros(3), np.eye(2), 2, 1)


def test_the_check_answers_when_there_is_too_little_before() -> None:
    assert sensitivity.check(None, None, None).status == "informational"  # type: ignore[arg-type]
