"""Who left, and when, is known to whoever works there: what is told of kinds of leaving names nobody's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from analysis.effects.hazard import person_weeks, survival
from dashboard.privacy import leaving

MINIMUM = 5
KINDS = ("voluntary", "involuntary")
START = date(2025, 1, 6)


def spells(n_weeks: int = 60, seed: int = 3) -> pl.DataFrame:
    """Of agents hired over a year one leaves a week, a third of them dismissed."""
    rng = np.random.default_rng(seed)
    rows = []
    for agent in range(60):
        hired, week = int(rng.integers(0, 52)), 1 + agent
        last = min(week, n_weeks)
        rows.append(
            {
                "agent_ix": agent, "team_id": f"t{agent % 12}", "site": "s", "entry_day": 7 * hired,
                "exit_day": 7 * (hired + last), "start_on": START, "trained": agent % 2 == 0, "left": week <= n_weeks,
                "leave_type": KINDS[int(rng.random() < 0.33)] if week <= n_weeks else None,
            }
        )  # fmt: skip
    return pl.DataFrame(rows, infer_schema_length=None)


def by_curves() -> list[set[int]]:
    """For every point of a curve of one kind, the agents of whom one left in that way: those who left since the week
    before by which a point could have been."""
    weeks = person_weeks(spells())
    left = weeks.filter("left")
    curves = survival(weeks)
    found = []
    for arm in ("trained", "untrained"):
        first = curves.filter(pl.col("arm") == arm)["tenure_week"].min()
        of_arm = left.filter(pl.col("trained") == (arm == "trained"), pl.col("tenure_week") >= first)
        of_arm = of_arm.with_columns(gone_by=pl.col("tenure_week") + 1)
        ends = leaving._ends(of_arm.group_by("gone_by").len().sort("gone_by").iter_rows(), MINIMUM)
        told = leaving.in_steps(curves.filter(pl.col("arm") == arm), MINIMUM)
        for kind in KINDS:
            for week in told.filter(pl.col("leave_type") == kind)["tenure_week"].to_list()[1:]:
                before = max((end for end in ends if end < week), default=0)
                gone = of_arm.filter(pl.col("gone_by") > before, pl.col("gone_by") <= week)
                found.append(set(gone["agent_ix"].to_list()))
    return found


def by_versions() -> list[set[int]]:
    """The same for every week with which a ratio of one kind of leaving became another one."""
    weeks = person_weeks(spells())
    monday = pl.col("on").dt.truncate("1w")
    left = weeks.filter("left").with_columns(monday.alias("monday")).sort("monday")
    ends = leaving._ends(left.group_by("monday", maintain_order=True).len().iter_rows(), MINIMUM)
    found = []
    for kind in KINDS:
        seen = [
            leaving.by_whole_groups(weeks.filter(monday <= START + timedelta(weeks=k)), kind, MINIMUM)["left"].sum()
            for k in range(62)
        ]
        for k in np.flatnonzero(np.diff(seen)) + 1:
            now = START + timedelta(weeks=int(k))
            before = max((end for end in ends if end < now), default=START - timedelta(weeks=1))
            gone = left.filter(pl.col("monday") > before, pl.col("monday") <= now)
            assert kind in gone["leave_type"]
            found.append(set(gone["agent_ix"].to_list()))
    return found


@pytest.mark.parametrize("attack", [by_curves, by_versions])
def test_nobody_is_named_by_when_a_number_of_one_kind_moves(attack: Callable[[], list[set[int]]]) -> None:
    found = attack()
    assert len(found) >= 2
    assert min(map(len, found)) >= MINIMUM


@pytest.mark.parametrize("attack", [by_curves, by_versions])
def test_without_the_control_single_leavers_are_named(
    monkeypatch: pytest.MonkeyPatch, attack: Callable[[], list[set[int]]]
) -> None:
    monkeypatch.setattr(leaving, "_ends", lambda leavers, _: [week for week, _ in leavers])
    monkeypatch.setattr(leaving, "_mixed", lambda of_kind, _, minimum: of_kind >= minimum)
    assert sum(len(one) == 1 for one in attack()) >= 1


def test_five_who_all_left_in_one_way_are_not_told_of() -> None:
    """Each of them would be known to have, whoever knows that they left."""
    weeks = person_weeks(spells())
    alike = weeks.with_columns(
        leave_type=pl.when(pl.col("on") < START + timedelta(weeks=30)).then(pl.lit("voluntary")).otherwise("leave_type")
    )
    early = alike.filter(pl.col("on") < START + timedelta(weeks=30))
    assert early["left"].sum() >= 4 * MINIMUM
    assert leaving.by_whole_groups(early, "voluntary", MINIMUM).is_empty()
    curves = survival(weeks.with_columns(leave_type=pl.when("left").then(pl.lit("voluntary")).otherwise(None)))
    told = leaving.in_steps(curves, MINIMUM).group_by("leave_type", "arm").len()
    assert told.filter(pl.col("leave_type") == "voluntary")["len"].to_list() == [1, 1]
    assert told.filter(pl.col("leave_type") == "any")["len"].max() > 1
