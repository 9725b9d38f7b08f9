"""Results follow a change of units: outcomes, weights and covariates in any unit, outcomes far from zero."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

from analysis import Panel
from analysis.estimators import ESTIMATORS, estimate
from tests.analysis.worlds import flat_world

SAME_UNIT, SAME_LEVEL = 1e-9, 1e-6
"""What a change of units, and of the level, may change: relative to the largest number of the answer."""
UNITS = (1e-12, 1e-5, 1e7, 1e12)
CASES: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in ESTIMATORS),
    *(("group_time", {"covariates": ["tenure"], "method": method}) for method in ("reg", "ipw", "dr")),
    ("extended_twfe", {"family": "poisson"}),
    ("extended_twfe", {"family": "logit"}),
]
NAMES = [f"{name}-{'-'.join(str(value) for value in options.values())}".rstrip("-") for name, options in CASES]
FRAME = flat_world(8, teams=12, seats=3, weeks=20, pre_weeks=8, effect_scale=2.0).frame
TENURE = np.random.default_rng(1).normal(size=FRAME["agent"].n_unique()).tolist()
LEVEL = 1e4 * float(np.std(FRAME["y"].to_numpy()))


def panel(
    outcome: float = 1.0, weight: float = 1.0, level: float = 0.0, tenure: float = 1.0, since: float = 0.0
) -> Panel:
    agents = dict(zip(FRAME["agent"].unique().sort().to_list(), TENURE, strict=True))
    frame = FRAME.with_columns(
        y=(pl.col("y") + level) * outcome,
        n=pl.col("n") * weight,
        tenure=pl.col("agent").replace_strict(agents) * tenure + since,
    )
    return Panel.from_frame(frame, "agent", "week", "scheduled_week", "y", weight="n", cluster="team")


def numbers(made: Panel, name: str, options: dict[str, Any], unit: float = 1.0) -> dict[str, np.ndarray]:
    """Every number of every aggregation, in the first unit."""
    study = estimate(made, name, **options)
    found = {}
    for kind in ESTIMATORS[name].aggregations:
        answer = study.aggregate(kind)
        parts = [np.asarray(answer.columns[column], dtype=np.float64) for column in ("estimate", "std_error", "ci_low")]
        overall = answer.overall
        whole = np.array([overall.estimate, overall.std_error, overall.ci_low, overall.ci_high])
        found[kind] = np.concatenate([whole, *parts]) / unit
        found[f"{kind} df"] = np.array([overall.df])
    return found


def same(found: dict[str, np.ndarray], plain: dict[str, np.ndarray], tolerance: float) -> None:
    for kind, values in plain.items():
        np.testing.assert_allclose(found[kind], values, atol=tolerance * float(np.nanmax(np.abs(values))), rtol=0)


@pytest.fixture(scope="module")
def plain() -> dict[str, dict[str, np.ndarray]]:
    made = panel()
    return {shown: numbers(made, name, options) for shown, (name, options) in zip(NAMES, CASES, strict=True)}


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("shown", [name for name in NAMES if "logit" not in name])
def test_the_unit_of_the_outcome(plain: dict[str, dict[str, np.ndarray]], shown: str, unit: float) -> None:
    name, options = CASES[NAMES.index(shown)]
    same(numbers(panel(outcome=unit), name, options, unit), plain[shown], SAME_UNIT)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("shown", NAMES)
def test_the_unit_of_the_weights(plain: dict[str, dict[str, np.ndarray]], shown: str, unit: float) -> None:
    name, options = CASES[NAMES.index(shown)]
    same(numbers(panel(weight=unit), name, options), plain[shown], SAME_UNIT)


@pytest.mark.parametrize("shown", NAMES)
def test_the_unit_of_the_weights_and_the_analytic_error(shown: str) -> None:
    """Whole numbers of contacts are no other unit than shares of them."""
    name, options = CASES[NAMES.index(shown)]
    options = {**options, "variance": "analytic"}
    plain = numbers(panel(), name, options)
    for unit in (1e-12, 1e7):
        same(numbers(panel(weight=unit), name, options), plain, SAME_UNIT)


@pytest.mark.parametrize("shown", [name for name in NAMES if "poisson" not in name and "logit" not in name])
def test_the_level_of_the_outcome(plain: dict[str, dict[str, np.ndarray]], shown: str) -> None:
    name, options = CASES[NAMES.index(shown)]
    same(numbers(panel(level=LEVEL), name, options), plain[shown], SAME_LEVEL)


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("shown", [name for name in NAMES if "tenure" in name])
def test_the_unit_of_a_covariate(plain: dict[str, dict[str, np.ndarray]], shown: str, unit: float) -> None:
    name, options = CASES[NAMES.index(shown)]
    same(numbers(panel(tenure=unit), name, options), plain[shown], SAME_UNIT)


@pytest.mark.parametrize("shown", [name for name in NAMES if "tenure" in name])
def test_the_level_of_a_covariate(plain: dict[str, dict[str, np.ndarray]], shown: str) -> None:
    name, options = CASES[NAMES.index(shown)]
    same(numbers(panel(since=1e4), name, options), plain[shown], SAME_LEVEL)


def test_a_constant_far_from_zero_is_still_constant() -> None:
    """Taking the level off must not make rounding look like a change."""
    frame = FRAME.with_columns(y=pl.lit(1e9))
    made = Panel.from_frame(frame, "agent", "week", "scheduled_week", "y", weight="n", cluster="team")

    assert estimate(made).aggregate("simple").overall.reason == "the outcome never varies"
