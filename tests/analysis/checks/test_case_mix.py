"""What routing alone predicts: by hand on a warehouse of a few agents, and as a check where routing moved."""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import pytest

from analysis import Slice, estimate, from_warehouse
from analysis.checks import case_mix
from analysis.checks.case_mix import MOST_UNKNOWN, expected_by_mix
from analysis.panel.contact_kinds import contact_kinds
from analysis.words.numbers import Reader
from tests.analysis.worlds import words

READER, KPI, SMALL = Reader("en_GB", "EUR"), words(), 0.005
WEEKS, FIRST = 24, 12


def centre(more_hard: float = 0.0, new_kind: float = 0.0, teams: int = 16) -> duckdb.DuckDBPyConnection:
    """Four agents a team; half of the teams trained in week 12; an easy and a hard queue, the hard one without a name.

    Escalations are 10% of the easy and 30% of the hard contacts, whoever handles them. ``more_hard`` of the trained
    agents' contacts turn from easy to hard, ``new_kind`` come from a queue nobody else works in.
    """
    con = duckdb.connect()
    con.execute("create schema mart")
    con.execute(
        """create table mart.agent_week as
        with week as (
            select a, w, a % 16 as team, (a % 16) < $teams // 2 and w >= $first as on_ from range(4 * $teams) r(a),
                   range($weeks) s(w)
        ),
        mixed as (
            select *, 20.0 + a % 3 + case when on_ then 100 * $more else 0 end as hard,
                   case when on_ then 100 * $new else 0 end as fresh from week
        ),
        kinds as (
            select *, null as queue, hard as n, 0.3 as rate from mixed
            union all select *, 'easy', 100 - hard - fresh, 0.1 from mixed
            union all select *, 'fresh', fresh, 0.5 from mixed where fresh > 0
        )
        select a::integer as agent_ix, 'k' || a as agent_key, date '2026-01-05' + 7 * w::integer as week,
               w::integer as week_ix, 'team-' || team as team_id, 'north' as site, 'voice' as channel, queue,
               '3-12 months' as tenure_band, n * rate as esc_num, n::double as esc_den,
               case when team < $teams // 2 then date '2026-01-05' + 7 * $first::integer end as scheduled_week,
               case when team < $teams // 2 then date '2026-01-05' + 7 * $first::integer end as trained_week
        from kinds""",
        {"teams": teams, "first": FIRST, "weeks": WEEKS, "more": more_hard, "new": new_kind},
    )
    con.execute(
        "create table mart.agent as select agent_ix, agent_key, any_value(team_id) as team_id, any_value(site) as site,"
        " any_value(scheduled_week) as scheduled_week, any_value(trained_week) as trained_week from mart.agent_week "
        "group by all order by agent_ix"
    )
    return con


def checked(con: duckdb.DuckDBPyConnection) -> tuple[case_mix.Mix, case_mix.CheckResult]:
    panel = from_warehouse(con, "esc")
    found = expected_by_mix(panel, contact_kinds(con, "esc", Slice(), "scheduled"))
    assert found is not None
    effect = estimate(found.panel).aggregate("simple").overall
    return found, case_mix.check(effect, KPI, SMALL, READER, unknown=found.unknown)


def test_every_contact_counts_what_its_kind_gives_without_training() -> None:
    """A queue without a name is a kind of contact too; agent 1 handles 21 hard and 79 easy contacts a week."""
    found, result = checked(centre())
    mix = found.panel

    assert mix.y[1] == pytest.approx(np.full(WEEKS, (21 * 0.3 + 79 * 0.1) / 100))
    np.testing.assert_allclose(mix.den, from_warehouse(centre(), "esc").den)
    assert found.unknown == pytest.approx(0.0, abs=1e-12)
    assert (result.status, result.statistic) == ("passed", 0.0)
    assert result.sentence == "Nobody's mix of contacts changed, so routing cannot have moved this KPI."


def test_more_hard_contacts_for_the_trained_fail() -> None:
    """Ten more hard contacts in a hundred are two more escalations."""
    found, result = checked(centre(more_hard=0.10))

    assert estimate(found.panel).aggregate("simple").overall.estimate == pytest.approx(0.02, abs=1e-9)
    assert result.status == "failed"
    assert "routing alone moves this KPI up by 2" in result.sentence


def test_a_kind_of_contact_nobody_untrained_handled_is_not_taken_for_none_at_all() -> None:
    """Its contacts have no prediction: they are left out and counted, not entered as contacts without escalations."""
    found, result = checked(centre(new_kind=0.20))
    trained = found.panel.trained_cells

    assert found.unknown == pytest.approx(0.20)
    assert found.unknown > MOST_UNKNOWN
    np.testing.assert_allclose(found.panel.den[trained], 80.0)
    assert found.panel.y[trained].min() > 0.1
    assert result.status == "failed", "the hard share of what is known rose from 20-22% to 25-28%"


def test_too_many_contacts_of_an_unknown_kind_are_not_called_the_same() -> None:
    found, _ = checked(centre())
    effect = estimate(found.panel).aggregate("simple").overall
    result = case_mix.check(effect, KPI, SMALL, READER, unknown=0.2)

    assert result.status == "informational"
    assert "20% of the trained agents' contacts are of a kind that nobody untrained handled" in result.sentence


def test_agents_with_only_unknown_contacts_are_not_observed() -> None:
    con = centre()
    con.execute("update mart.agent_week set queue = 'apart' where agent_ix = 0 and week_ix >= 12")
    found, _ = checked(con)

    assert not found.panel.observed[0, FIRST:].any()
    assert found.panel.observed[1].all()


def test_the_mix_of_a_slice_counts_what_everybody_gives() -> None:
    """Rates come from everybody untrained; contacts, agents and weeks from the slice."""
    con, half = centre(), Slice(team=("team-0", "team-9"), start=date(2026, 2, 2))
    panel = from_warehouse(con, "esc", half)
    found = expected_by_mix(panel, contact_kinds(con, "esc", half, "scheduled"))
    whole, _ = checked(con)

    assert found is not None
    assert panel.n_periods == WEEKS - 4
    rows = [whole.panel.units.tolist().index(key) for key in panel.units.tolist()]
    np.testing.assert_array_equal(found.panel.y, whole.panel.y[rows, 4:])


def test_threads_change_no_digit() -> None:
    """Enough rows for threads to share them; numerators whose sum depends on the order of adding."""
    con = centre(more_hard=0.013, teams=1_000)
    con.execute("update mart.agent_week set esc_num = esc_num * (1 + sin(agent_ix * 31.0 + week_ix) / 7)")
    panel = from_warehouse(con, "esc")
    found = []
    for threads in (1, 4, 4):
        con.execute("set threads = ?", [threads])
        mix = expected_by_mix(panel, contact_kinds(con, "esc", Slice(), "scheduled"))
        assert mix is not None
        found.append(mix.panel.num)

    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])


def test_one_kind_of_contact_cannot_move() -> None:
    con = centre()
    con.execute("update mart.agent_week set queue = 'one'")

    assert expected_by_mix(from_warehouse(con, "esc"), contact_kinds(con, "esc", Slice(), "scheduled")) is None
    assert case_mix.check(None, KPI, SMALL, READER).status == "informational"
