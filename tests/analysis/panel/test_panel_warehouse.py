"""A slice of the warehouse becomes a panel: sums, cohorts, clusters and filters as written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import duckdb
import numpy as np
import pytest

from analysis import PanelError, Slice, from_warehouse
from analysis.panel.held_weeks import HeldWeeks
from analysis.panel.panel import NEVER

MONDAY = date(2026, 1, 5)


@pytest.fixture(scope="module")
def cur() -> Iterator[duckdb.DuckDBPyConnection]:
    """Four agents x six weeks x two channels; agent 3 has no team and is never observed for hold time."""
    with duckdb.connect() as con:
        con.execute("create schema mart")
        con.execute(
            """create table mart.agent_week as
            select a::integer as agent_ix, 'k' || a as agent_key, date '2026-01-05' + 7 * w::integer as week,
                   w::integer as week_ix, case when a < 2 then 'red' else 'blue' end as team_id,
                   case when a < 3 then 'north' else 'south' end as site, channel, 'billing' as queue,
                   case when w < 3 then '0-3 months' else '3-12 months' end as tenure_band,
                   (a + w)::double as esc_num, 10.0 + case when channel = 'chat' then 5 else 0 end as esc_den,
                   case when a < 3 then 1.0 else 0.0 end as hold_num, case when a < 3 then 2.0 else 0.0 end as hold_den
            from range(4) r(a), range(6) s(w), (values ('voice'), ('chat')) c(channel)"""
        )
        con.execute(
            """create table mart.agent as select * from (values
                (0, 'k0', 'red', 'north', date '2026-01-19', date '2026-01-12'),
                (1, 'k1', 'red', 'north', null, date '2026-01-12'),
                (2, 'k2', 'blue', 'north', date '2026-02-02', date '2026-01-26'),
                (3, 'k3', null, 'south', null, null)
            ) v(agent_ix, agent_key, team_id, site, trained_week, scheduled_week)"""
        )
        for name in ("trained_week", "scheduled_week"):
            con.execute(f"alter table mart.agent_week add column {name} date")
            con.execute(
                f"update mart.agent_week w set {name} = a.{name} from mart.agent a where a.agent_ix = w.agent_ix"
            )
        yield con.cursor()


def test_sums_over_channels(cur: duckdb.DuckDBPyConnection) -> None:
    panel = from_warehouse(cur, "esc")
    assert (panel.n_units, panel.n_periods) == (4, 6)
    expected = 2.0 * (np.arange(4)[:, None] + np.arange(6)[None, :])
    np.testing.assert_array_equal(panel.num, expected)
    np.testing.assert_array_equal(panel.den, np.full((4, 6), 25.0))
    assert panel.times.tolist() == [MONDAY + timedelta(weeks=k) for k in range(6)]
    assert panel.units.tolist() == ["k0", "k1", "k2", "k3"]


def test_timing_chooses_the_cohort(cur: duckdb.DuckDBPyConnection) -> None:
    assert from_warehouse(cur, "esc", timing="scheduled").cohort_ix.tolist() == [1, 1, 3, NEVER]
    assert from_warehouse(cur, "esc", timing="trained").cohort_ix.tolist() == [2, NEVER, 4, NEVER]


def test_clusters(cur: duckdb.DuckDBPyConnection) -> None:
    team = from_warehouse(cur, "esc", cluster="team")
    assert team.clusters[team.cluster_ix].tolist() == ["red", "red", "blue", "k3"]
    agent = from_warehouse(cur, "esc", cluster="agent")
    assert agent.clusters[agent.cluster_ix].tolist() == ["k0", "k1", "k2", "k3"]
    site = from_warehouse(cur, "esc", cluster="site")
    assert site.clusters[site.cluster_ix].tolist() == ["north", "north", "north", "south"]


def test_filters(cur: duckdb.DuckDBPyConnection) -> None:
    assert from_warehouse(cur, "esc", Slice(channel=("chat",))).den[0, 0] == 15
    assert from_warehouse(cur, "esc", Slice(channel=("chat", "voice"), queue=("billing",))).den[0, 0] == 25
    assert from_warehouse(cur, "esc", Slice(team=("red",))).units.tolist() == ["k0", "k1"]
    assert from_warehouse(cur, "esc", Slice(site=("south",))).units.tolist() == ["k3"]
    late = from_warehouse(cur, "esc", Slice(tenure_band=("3-12 months",)), timing="trained")
    assert late.times.tolist() == [MONDAY + timedelta(weeks=k) for k in (3, 4, 5)]
    assert late.cohort_ix.tolist() == [NEVER, 1, NEVER]
    assert late.n_always_trained == 1


def test_period_moves_the_window_and_counts_the_already_trained(cur: duckdb.DuckDBPyConnection) -> None:
    cut = from_warehouse(cur, "esc", Slice(start=MONDAY + timedelta(weeks=2), end=MONDAY + timedelta(weeks=4)))
    assert cut.times.tolist() == [MONDAY + timedelta(weeks=k) for k in (2, 3, 4)]
    assert cut.units.tolist() == ["k2", "k3"]
    assert (cut.n_always_trained, cut.cohort_ix.tolist()) == (2, [1, NEVER])


def test_cohort_keeps_the_never_trained_as_comparison(cur: duckdb.DuckDBPyConnection) -> None:
    panel = from_warehouse(cur, "esc", Slice(cohort=("2026-01-26",)))
    assert panel.units.tolist() == ["k2", "k3"]


def test_unobserved_agents_do_not_enter(cur: duckdb.DuckDBPyConnection) -> None:
    assert from_warehouse(cur, "hold").units.tolist() == ["k0", "k1", "k2"]


def test_values_are_bound_not_pasted(cur: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(PanelError, match="No agent-week"):
        from_warehouse(cur, "esc", Slice(team=("red') or ('1'='1",)))
    with pytest.raises(PanelError, match="no KPI"):
        from_warehouse(cur, 'esc_num") from mart.agent_week; drop table mart.agent; --')
    assert cur.execute("select count(*) from mart.agent").fetchone() == (4,)


def test_unknown_choices_are_refused(cur: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(PanelError, match="timing 'planned' is not known"):
        from_warehouse(cur, "esc", timing="planned")
    with pytest.raises(PanelError, match="cluster 'queue' is not known"):
        from_warehouse(cur, "esc", cluster="queue")
    with pytest.raises(PanelError, match="no KPI 'smiles'"):
        from_warehouse(cur, "smiles")
    with pytest.raises(PanelError, match="No agent-week"):
        from_warehouse(cur, "esc", Slice(site=("mars",)))


def test_slices_are_hashable_keys() -> None:
    assert {Slice(site=("a",)): 1}[Slice(site=("a",))] == 1


@pytest.mark.parametrize(
    "slice_",
    [
        Slice(),
        Slice(site=("south",)),
        Slice(channel=("chat",), tenure_band=("3-12 months",)),
        Slice(site=("north", "mars"), cohort=("2026-01-26",)),
        Slice(team=("red",), channel=("voice",)),
        Slice(start=MONDAY + timedelta(weeks=2)),
    ],
)
def test_rows_read_once_give_the_same_panels(cur: duckdb.DuckDBPyConnection, slice_: Slice) -> None:
    rows = HeldWeeks.read(cur)
    for kpi in ("esc", "hold"):
        try:
            expected = from_warehouse(cur, kpi, slice_)
        except PanelError as error:
            with pytest.raises(PanelError, match=str(error)[:40]):
                from_warehouse(cur, kpi, slice_, rows=rows)
            continue
        found = from_warehouse(cur, kpi, slice_, rows=rows)
        for name in ("num", "den", "cohort_ix", "cluster_ix", "units", "times", "clusters"):
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
