"""Agents hired just before training: how far their barely known levels move the headline, and who is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl

from analysis import Panel, estimate, judge
from analysis.checks import short_histories
from analysis.panel.never import NEVER
from analysis.words.numbers import Reader
from benchmarks.claim_worlds import drifting_teams
from dashboard.privacy.checks import checks_as_told
from tests.analysis.worlds import words

READER = Reader("en_GB", "EUR")


def world(newcomers: int) -> Panel:
    return drifting_teams(3, trained=12, never=12, seats=4, newcomers=newcomers)


def test_levels_that_rest_on_few_contacts_are_found_and_their_share_counted() -> None:
    panel = world(newcomers=1)
    known = short_histories.known_long_enough(panel)

    assert (~known).sum() == 12, "one of each trained team; the untrained are compared with nobody's level"
    assert panel.trained_units[~known].all()
    assert 0.2 < short_histories.share_of_contacts(panel, known) < 0.3, "one of four agents"
    settled = world(newcomers=0)
    assert short_histories.known_long_enough(settled).all()
    for factor in (1e-12, 1e12):
        scaled = replace(panel, num=panel.num * factor, den=panel.den * factor)
        assert (short_histories.known_long_enough(scaled) == known).all()


def test_an_agent_never_seen_before_training_is_in_no_estimate_and_not_counted() -> None:
    panel = world(newcomers=0)
    first = int(np.flatnonzero(panel.trained_units)[0])
    den = panel.den.copy()
    den[first, : panel.cohort_ix[first]] = 0.0
    unseen = replace(panel, num=np.where(den > 0, panel.num, 0.0), den=den)
    known = short_histories.known_long_enough(unseen)

    assert not known[first]
    assert short_histories.share_of_contacts(unseen, known) == 0.0


def test_the_sentence_gives_the_estimate_without_them() -> None:
    panel = world(newcomers=1)
    known = short_histories.known_long_enough(panel)
    without = estimate(panel.take(known)).aggregate("simple").overall
    found = short_histories.check(0.25, without, words(), READER)
    change = READER.change(without.estimate, words(), without.ci_low, without.ci_high)

    assert found.status == "informational"
    said = "Agents with less than a tenth of the usual number of contacts before training have 25% of the contacts"
    assert found.sentence.startswith(said)
    assert f"without them the estimate is {change} (likely " in found.sentence


def rows(panel: Panel) -> pl.DataFrame:
    """A frame of a panel's cells, as an analyst has it."""
    agent, week = np.nonzero(panel.den > 0)
    start = panel.cohort_ix[agent]
    return pl.DataFrame(
        {
            "agent": agent,
            "week": week,
            "team": panel.cluster_ix[agent],
            "start": pl.Series([None if each >= NEVER else int(each) for each in start], dtype=pl.Int64),
            "satisfied": np.clip(panel.num[agent, week], 0, panel.den[agent, week]),
            "answers": panel.den[agent, week],
        }
    )


def test_judge_names_them_only_where_they_matter() -> None:
    columns = {"unit": "agent", "time": "week", "cohort": "start", "numerator": "satisfied", "denominator": "answers"}
    plan = {"mode": "team_waves", "unit": "team"}
    checks = {
        new: {c.check for c in judge(rows(world(new)), **columns, team="team", kpi="csat_top2", assignment=plan).checks}
        for new in (0, 1)
    }
    assert "short_histories" in checks[1]
    assert "short_histories" not in checks[0]


def test_readers_of_a_shared_dashboard_are_not_told_what_the_few_change() -> None:
    said = pl.DataFrame(
        {
            "check": ["short_histories", "composition"],
            "status": ["informational", "passed"],
            "sentence": ["without them", "80% of the trained"],
            "statistic": [0.1, 0.2],
        }
    )
    assert checks_as_told(said)["check"].to_list() == ["composition"]
