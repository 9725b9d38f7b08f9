"""Many outcomes at once: the numbers of one imputation after the other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from analysis.estimators.imputation import Imputation
from analysis.estimators.many_outcomes import Cells, average_effects
from analysis.panel.panel import Panel


def panel_of(seed: int, never: bool = True) -> Panel:
    rng = np.random.default_rng(seed)
    rows = []
    for agent in range(48):
        team = agent // 4
        cohort = {0: 8, 1: 12, 2: None if never else 15}[team % 3]
        for week in range(18):
            contacts = int(rng.integers(0, 5))
            if contacts:
                heard = int(rng.binomial(contacts, 0.2 + 0.2 * (cohort is not None and week >= cohort)))
                rows.append((agent, week, cohort, f"T{team}", contacts, heard / contacts))
    frame = pl.DataFrame(rows, schema=["agent", "week", "cohort", "team", "n", "share"], orient="row")
    return Panel.from_frame(
        frame, unit="agent", time="week", cohort="cohort", outcome="share", weight="n", cluster="team", never=None
    )


@pytest.mark.parametrize("anticipation", [0, 2])
@pytest.mark.parametrize("never", [True, False])
def test_each_outcome_has_the_effect_and_the_jackknife_of_its_own_imputation(anticipation: int, never: bool) -> None:
    panel = panel_of(3, never)
    other = np.where(panel.num > 0, panel.num % 2, 0.0)
    outcomes = []
    for counts in (panel.num, other):
        agent, week = np.nonzero(counts)
        outcomes.append(Cells(agent, week, counts[agent, week]))
    effects, without = average_effects(panel, outcomes, anticipation)
    imputed = Imputation(panel, anticipation)
    assert effects[0] == pytest.approx(imputed.point("simple")[1][0], abs=1e-12)
    assert without[:, 0] == pytest.approx(imputed.replicates("simple")[0][:, 0], abs=1e-10)
    again = Imputation(replace(panel, num=other), anticipation)
    assert effects[1] == pytest.approx(again.point("simple")[1][0], abs=1e-12)
    assert without[:, 1] == pytest.approx(again.replicates("simple")[0][:, 0], abs=1e-10)


def test_nobody_trained_has_no_effect() -> None:
    panel = panel_of(3)
    untrained = panel.take(panel.cohort_ix >= panel.n_periods)
    agent, week = np.nonzero(untrained.num)
    effects, without = average_effects(untrained, [Cells(agent, week, untrained.num[agent, week])])
    assert np.isnan(effects).all()
    assert np.isnan(without).all()
