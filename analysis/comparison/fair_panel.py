"""From a slice of the warehouse to a panel in which every untrained week is a fair comparison.

Three things happen between the aggregate and the estimator, each because the design asks for it: untrained weeks
beside trained team-mates are left out, agents of other cohorts become comparison until their own training, and, for a
selection rule, the agents whom the same rule would have picked elsewhere are found.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.design import Rule, Situation, Timing
from analysis.errors import NoWeeksError
from analysis.estimators.stacked import Ranking, SelectionRule
from analysis.panel.panel import NEVER, Panel
from analysis.panel.slices import Slice

if TYPE_CHECKING:
    import duckdb

    from analysis.panel.held_weeks import Rows

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Roster:
    """One row per agent of ``mart.agent``, weeks counted from the first week of the warehouse; NEVER where there is
    none.

    Attributes
    ----------
    agent_key, team_id
        (N,) labels; the team is the one at assignment.
    hired, first, last
        (N,) week of hiring (negative before the window), first and last observed week.
    scheduled, trained
        (N,) planned and completed week.
    origin
        Monday of week 0.
    """

    agent_key: NDArray[Any]
    team_id: NDArray[Any]
    hired: Ints
    first: Ints
    last: Ints
    scheduled: Ints
    trained: Ints
    origin: date

    @classmethod
    def read(cls, cur: duckdb.DuckDBPyConnection) -> Roster:
        """Read it from a warehouse version."""
        rows = cur.execute(
            """
            with origin as (select min(week) as week from mart.agent_week)
            select agent_key, coalesce(team_id, '') as team_id,
                   (hired_on - origin.week) // 7 as hired,
                   (first_week - origin.week) // 7 as first,
                   (last_week - origin.week) // 7 as last,
                   (scheduled_week - origin.week) // 7 as scheduled,
                   (trained_week - origin.week) // 7 as trained
            from mart.agent, origin order by agent_ix
            """
        ).fetchnumpy()
        origin = cur.execute("select min(week) from mart.agent_week").fetchall()[0]
        if origin[0] is None:
            raise NoWeeksError
        weeks = {name: _weeks(rows[name]) for name in ("hired", "first", "last", "scheduled", "trained")}
        return cls(
            agent_key=np.asarray(rows["agent_key"]).astype(str),
            team_id=np.asarray(rows["team_id"]).astype(str),
            origin=origin[0],
            **weeks,
        )

    def monday(self, week: int) -> date:
        """Date of a week index."""
        return self.origin + timedelta(weeks=week)

    @cached_property
    def _place(self) -> dict[str, int]:
        return {key: i for i, key in enumerate(self.agent_key.tolist())}

    def rows_of(self, keys: NDArray[Any]) -> Ints:
        """(A,) rows of agents given by their keys.

        Raises
        ------
        KeyError
            An agent is not in ``mart.agent``.
        """
        place = self._place
        return np.array([place[str(key)] for key in keys], dtype=np.int64)

    def team_start(self) -> Ints:
        """(N,) week in which the first agent of each agent's team was planned or trained."""
        return self._team_start

    @cached_property
    def _team_start(self) -> Ints:
        _, code = np.unique(self.team_id, return_inverse=True)
        start = np.full(int(code.max(initial=0)) + 1, NEVER, dtype=np.int64)
        np.minimum.at(start, code, np.minimum(self.scheduled, self.trained))
        return np.asarray(start[code])

    def situation(self) -> Situation:
        """What happened to the plan."""
        start = self.team_start()
        began = int(start.min(initial=NEVER))
        if began == NEVER:
            return Situation(bool((self.scheduled < NEVER).any()), 0, int((self.scheduled < NEVER).sum()), 0.0, False)
        until = np.minimum(np.where(self.last < NEVER, self.last + 1, 0), np.minimum(self.trained, self.scheduled))
        after = np.maximum(until - np.maximum(self.first, began), 0)
        beside = np.maximum(until - np.maximum(self.first, start), 0)
        there = self.last < NEVER
        still = there & (self.last == self.last[there].max(initial=0))
        return Situation(
            has_schedule=bool((self.scheduled < NEVER).any()),
            n_trained=int((self.trained < NEVER).sum()),
            n_scheduled=int((self.scheduled < NEVER).sum()),
            exposed_share=float(beside.sum() / max(after.sum(), 1)),
            everybody_trained=bool(still.any() and (np.minimum(self.trained, self.scheduled)[still] < NEVER).all()),
        )


def without_exposed(panel: Panel, team: NDArray[Any], start: Ints) -> Panel:
    """Leave out untrained weeks from the week in which the agent's team saw its first training.

    Parameters
    ----------
    panel
        Agents x weeks.
    team
        (A,) team at assignment, for the note only.
    start
        (A,) panel week in which the team's first agent was planned or trained; NEVER when none.

    Returns
    -------
    Panel
        Agents with nothing left are dropped.
    """
    weeks = np.arange(panel.n_periods)[None, :]
    exposed = panel.observed & ~panel.trained_cells & (weeks >= start[:, None])
    if not exposed.any():
        return panel
    share = float(panel.den[exposed].sum() / panel.den[panel.observed & ~panel.trained_cells].sum())
    teams = int(np.unique(team[exposed.any(axis=1)]).size)
    kept = replace(
        panel,
        num=np.where(exposed, 0.0, panel.num),
        den=np.where(exposed, 0.0, panel.den),
        sq=None if panel.sq is None else np.where(exposed, 0.0, panel.sq),
        notes=(
            *panel.notes,
            f"{share:.0%} of untrained contacts left out: handled beside trained team-mates ({teams} teams).",
        ),
    )
    return kept.take(np.asarray(kept.observed.any(axis=1)))


def only_cohorts(panel: Panel, cohorts: Ints, anticipation: int) -> Panel:
    """Trained are the agents of the chosen cohorts; all others are comparison until their own training.

    Parameters
    ----------
    panel
        Agents x weeks.
    cohorts
        Panel week indices of the chosen cohorts.
    anticipation
        Weeks before their own training in which other agents no longer serve.
    """
    other = (panel.cohort_ix < NEVER) & ~np.isin(panel.cohort_ix, cohorts)
    gone = other[:, None] & (np.arange(panel.n_periods)[None, :] >= panel.cohort_ix[:, None] - anticipation)
    kept = replace(
        panel,
        num=np.where(gone, 0.0, panel.num),
        den=np.where(gone, 0.0, panel.den),
        sq=None if panel.sq is None else np.where(gone, 0.0, panel.sq),
        cohort_ix=np.where(other, NEVER, panel.cohort_ix),
    )
    return kept.take(np.asarray(kept.observed.any(axis=1)))


def comparison_panel(
    cur: duckdb.DuckDBPyConnection,
    kpi_id: str,
    slice_: Slice,
    *,
    timing: Timing,
    cluster: str,
    roster: Roster,
    unexposed_controls: bool,
    anticipation: int,
    rows: Rows | None = None,
) -> Panel:
    """The panel that the headline of a slice is estimated on.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    kpi_id, slice_
        Which KPI, which agent-weeks. Chosen cohorts are compared with everybody not trained yet.
    timing, cluster, unexposed_controls, anticipation
        From the design.
    roster
        ``Roster.read(cur)``.
    rows
        Rows read before from the same warehouse version, where many slices are asked for.

    Raises
    ------
    analysis.errors.PanelError
        When nothing is observed in the slice.
    """
    from analysis.panel.panel import from_warehouse

    panel = from_warehouse(cur, kpi_id, replace(slice_, cohort=()), timing=timing, cluster=cluster, rows=rows)
    at = roster.rows_of(panel.units)
    if unexposed_controls:
        offset = (panel.times[0] - roster.origin).days // 7
        start = roster.team_start()[at]
        panel = without_exposed(panel, roster.team_id[at], np.where(start == NEVER, NEVER, start - offset))
    if slice_.cohort:
        labels = {str(label)[:10]: i for i, label in enumerate(panel.times)}
        chosen = np.array([labels[c] for c in slice_.cohort if c in labels], dtype=np.int64)
        panel = only_cohorts(panel, chosen, anticipation)
    return panel


def completed_weeks(panel: Panel, roster: Roster) -> Ints:
    """(A,) panel week in which each agent completed training; NEVER when not.

    Parameters
    ----------
    panel
        From the warehouse, units = ``agent_key``, times = Mondays.
    roster
        ``Roster.read(cur)``.
    """
    trained = roster.trained[roster.rows_of(panel.units)]
    return np.where(trained == NEVER, NEVER, trained - (panel.times[0] - roster.origin).days // 7)


def started_weeks(panel: Panel, roster: Roster) -> Ints:
    """(A,) panel week in which training reached each agent's team; NEVER when it did not."""
    start = roster.team_start()[roster.rows_of(panel.units)]
    return np.where(start == NEVER, NEVER, start - (panel.times[0] - roster.origin).days // 7)


def hired_weeks(panel: Panel, roster: Roster) -> Ints:
    """(A,) panel week in which each agent was hired, negative before the window; NEVER when not known."""
    hired = roster.hired[roster.rows_of(panel.units)]
    return np.where(hired == NEVER, NEVER, hired - (panel.times[0] - roster.origin).days // 7)


def selection_rule(
    cur: duckdb.DuckDBPyConnection,
    panel: Panel,
    roster: Roster,
    rule: Rule,
    *,
    worst: str,
    timing: Timing,
    rows: Rows | None = None,
) -> SelectionRule:
    """The recorded rule as the stacked estimator takes it: ranked among everybody with a result of its KPI.

    Agents were picked among their whole group, so they are ranked there too, whatever KPI or slice is estimated.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    panel
        The panel of the headline.
    roster
        ``Roster.read(cur)``.
    rule
        KPI, look-back and share, as recorded.
    worst
        ``high`` or ``low``: which end of the rule's KPI is bad.
    timing
        Of the panel.
    rows
        Rows read before from the same warehouse version.
    """
    from analysis.panel.panel import from_warehouse

    source = from_warehouse(cur, rule.kpi, Slice(), timing=timing, cluster="team", rows=rows)
    row = {str(key): i for i, key in enumerate(source.units)}
    ranking = Ranking(
        source,
        groups=roster.team_id[roster.rows_of(source.units)],
        rows=np.array([row.get(str(key), -1) for key in panel.units], dtype=np.int64),
        offset=(panel.times[0] - source.times[0]).days // 7,
    )
    groups = roster.team_id[roster.rows_of(panel.units)]
    return SelectionRule(rule.share, rule.lookback_weeks, worst, groups=groups, ranking=ranking)


def share_picked_by_rule(panel: Panel, rule: SelectionRule) -> float:
    """Share of the trained whom the recorded rule would have picked: near 1 when the rule is the one that was used.

    Parameters
    ----------
    panel
        Agents x weeks, cohorts by planned week.
    rule
        The rule with its results and groups.

    Returns
    -------
    float
        NaN when nobody was trained.
    """
    hits = total = 0
    for week in panel.cohorts.tolist():
        own = panel.cohort_ix == week
        hits += int((rule.picked(panel, week) & own).sum())
        total += int(own.sum())
    return hits / total if total else float("nan")


def _weeks(values: Any) -> Ints:
    """Integers with NEVER for null."""
    masked = np.ma.asarray(values)
    out = np.full(masked.shape, NEVER, dtype=np.int64)
    known = ~np.ma.getmaskarray(masked)
    data = np.asarray(masked.data)
    if data.dtype.kind == "f":
        known &= np.isfinite(data)
    out[known] = data[known].astype(np.int64)
    return out
