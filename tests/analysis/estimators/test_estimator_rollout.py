"""The public roll-out panel (7,785 officers, 72 months, 48 cohorts, everybody trained) through every estimator.

Wood, Tyler and Papachristos (2020, corrected 2021) and Roth and Sant'Anna (2023) find effects on complaints that are
small and not told apart from zero; so must every estimator that has a comparison.
"""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest

from analysis import Panel, estimate
from analysis.estimators import ESTIMATORS

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("EMPATHY_REFERENCE_DATA", Path(__file__).parents[4] / "shared" / "data"))
PANEL = DATA / "rollout" / "officer_month_panel.parquet"

pytestmark = [
    pytest.mark.reference_data,
    pytest.mark.skipif(not PANEL.exists(), reason=f"the public roll-out panel is not at {PANEL}"),
]

#: Complaints per officer-month before training, to which effects are compared.
BASELINE = 0.046


@pytest.fixture(scope="module")
def panel() -> Panel:
    return Panel.from_frame(pl.read_parquet(PANEL), "uid", "period", "first_trained", "complaints")


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rollout_study", ROOT / "benchmarks" / "rollout.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_every_estimator_gives_what_the_document_says(panel: Panel, benchmark: ModuleType, estimator: str) -> None:
    text = (ROOT / "docs" / "rollout.md").read_text(encoding="utf-8")

    assert benchmark.markdown_row(panel, estimator) in text


def test_on_a_balanced_panel_three_estimators_are_one(panel: Panel) -> None:
    found = [
        estimate(panel, name).aggregate("simple").overall.estimate
        for name in ("imputation", "stacked", "extended_twfe")
    ]
    np.testing.assert_allclose(found, found[0], atol=1e-12)


def test_shape(panel: Panel) -> None:
    assert (panel.n_units, panel.n_periods, len(panel.cohorts)) == (7785, 72, 48)
    assert panel.is_balanced


def test_months_as_dates_are_the_same_panel(panel: Panel) -> None:
    by_date = Panel.from_frame(pl.read_parquet(PANEL), "uid", "month", "assigned", "complaints")
    np.testing.assert_array_equal(by_date.cohort_ix, panel.cohort_ix)
    np.testing.assert_array_equal(by_date.num, panel.num)


@pytest.mark.parametrize("estimator", ["imputation", "group_time", "interaction_weighted", "stacked", "extended_twfe"])
def test_no_effect_is_told_apart_from_zero(panel: Panel, estimator: str) -> None:
    overall = estimate(panel, estimator).aggregate("simple").overall
    assert overall.ci_low < 0 < overall.ci_high
    assert abs(overall.estimate) < BASELINE
    assert overall.share_identified < 1
    assert any("no valid" in note for note in overall.notes)


def test_the_last_cohort_has_nobody_to_be_compared_with(panel: Panel) -> None:
    cohorts = estimate(panel, "imputation").aggregate("cohort").parts
    assert cohorts["key"].to_list()[-1] == 72
    assert cohorts["estimate"].to_list()[-1] is None
    assert cohorts["reason"].to_list()[-1] == "no valid comparison"


def test_before_after_is_fooled_by_the_falling_trend(panel: Panel) -> None:
    naive = estimate(panel, "before_after").aggregate("simple").overall
    assert naive.ci_high < 0
