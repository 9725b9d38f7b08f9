"""Contacts that two sources have stop every claim that counts contacts, and no other."""

from __future__ import annotations

import duckdb
import polars as pl
import pytest

from analysis import judge
from analysis.panel.data_checks import contacts_counted_twice
from analysis.panel.frame_weeks import FrameWeeks

STARTS = {team: 10 + 4 * (team % 3) for team in range(12)}


def state(kpi: str) -> tuple[str, str]:
    """The verdict on a change that is plain to see."""
    rows = [
        {
            "agent": f"{team}-{seat}", "week": week, "team": team, "start": STARTS.get(team), "den": 20,
            "num": 12 + (team * team * 31 + seat * 17 + week * week * 13 + team * week * 7) % 7
            - 2 * (week >= STARTS.get(team, 99)),
        }
        for team in range(20) for seat in range(2) for week in range(24)
    ]  # fmt: skip
    found = judge(
        pl.DataFrame(rows), unit="agent", time="week", cohort="start", numerator="num", denominator="den", team="team",
        kpi=kpi, assignment={"mode": "team_waves", "unit": "team"},
    ).verdict  # fmt: skip
    return found.state, found.sentence


@pytest.mark.parametrize(("kpi", "counts_contacts"), [("escalation_rate", True), ("csat_top2", False)])
def test_no_claim_rests_on_contacts_that_may_count_twice(
    monkeypatch: pytest.MonkeyPatch, kpi: str, counts_contacts: bool
) -> None:
    assert state(kpi)[0] == "clear"
    monkeypatch.setattr(FrameWeeks, "counted_twice", lambda self: 15)
    blocked, sentence = state(kpi)
    assert (blocked == "dont_use") == counts_contacts
    assert ("15 contacts stand in two sources" in sentence) == counts_contacts


def test_the_data_checks_of_a_version_say_how_many() -> None:
    con = duckdb.connect()
    assert contacts_counted_twice(con) == 0
    con.execute("create schema meta")
    con.execute(
        "create table meta.check_result as select 'contact_in_two_sources' as \"check\", 'failed' as status, "
        "15 as violations union all select 'other', 'failed', 3"
    )
    assert contacts_counted_twice(con) == 15
    con.execute("update meta.check_result set status = 'passed'")
    assert contacts_counted_twice(con) == 0
