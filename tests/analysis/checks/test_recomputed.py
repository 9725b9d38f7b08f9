"""The headline refitted by statsmodels: the same number, and a word where it is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis import estimate
from analysis.checks import recomputed
from analysis.checks.recomputed import LARGEST_GAP, MOST_AGENTS, check, dummy_regression, recompute
from analysis.estimators.imputation import Imputation
from analysis.words.numbers import Reader
from analysis.words.verdict import verdict
from benchmarks.claim_worlds import drifting_teams
from tests.analysis.worlds import words

READER = Reader("en_GB", "EUR")


def test_both_give_the_same_number_on_all_and_on_drawn_teams() -> None:
    small = drifting_teams(2, trained=9, never=3, waves=3, seats=4, weeks=30, effect=0.1)
    large = drifting_teams(2, trained=40, never=10, waves=4, seats=6, weeks=24, effect=0.1, uneven=True)

    for panel, drawn in ((small, False), (large, True)):
        found = estimate(panel).aggregate("simple").overall
        made = recompute([Imputation(panel, 0)], found.std_error)
        assert made is not None
        assert made.drawn is drawn
        assert made.n_agents <= MOST_AGENTS
        assert made.gap < LARGEST_GAP
    whole = estimate(small).aggregate("simple").overall.estimate
    assert dummy_regression(Imputation(small, 0)) == pytest.approx(whole, abs=1e-12)


def test_a_number_that_is_not_the_same_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = drifting_teams(2, trained=9, never=3, seats=4, weeks=30)
    error = estimate(panel).aggregate("simple").overall.std_error
    right = dummy_regression(Imputation(panel, 0))
    monkeypatch.setattr(recomputed, "dummy_regression", lambda model: right + 1e-6 * error)

    made = check(recompute([Imputation(panel, 0)], error), READER)
    assert made.status == "failed"
    assert made.statistic == pytest.approx(1e-6, rel=1e-3)
    said = verdict(words(), estimate=-0.1, ci_low=-0.12, ci_high=-0.08, smallest_effect=0.01, checks=[made])
    assert said.state == "dont_use"


def test_weeks_and_agents_without_a_comparison_are_left_out_by_both() -> None:
    """Nobody is untrained in the last weeks, and one agent has no week before training."""
    panel = drifting_teams(4, trained=8, never=0, waves=4, seats=3, weeks=24, effect=0.1)
    den = panel.den.copy()
    den[0, : panel.cohort_ix[0]] = 0.0
    holed = replace(panel, den=den, num=np.where(den > 0, panel.num, 0.0))

    made = recompute([Imputation(holed, 1)], 0.01)
    assert made is not None
    assert made.gap < LARGEST_GAP
