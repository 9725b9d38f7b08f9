"""Roster: every agent's team, hiring and training, in weeks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from analysis.design import Situation
from analysis.errors import NoWeeksError
from analysis.panel.panel import NEVER, Panel

if TYPE_CHECKING:
    import duckdb

Ints = NDArray[np.int64]


SHARED_WEEK = 0.95
"""Training counts as assigned to whole teams when at least this share of agents starts in their team's week."""
SAME_WAVE_WEEKS = 3
"""Where only completion is known: agents of a team who finish within this many weeks count as one wave."""


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

    @property
    def knows_completion(self) -> bool:
        """Whether anybody's completion is recorded."""
        return bool((self.trained < NEVER).any())

    def rows_of(self, keys: NDArray[Any]) -> Ints:
        """(A,) rows of agents given by their keys.

        Raises
        ------
        KeyError
            An agent is not in ``mart.agent``.
        """
        place = self._place
        return np.array([place[str(key)] for key in keys], dtype=np.int64)

    def offset(self, panel: Panel) -> int:
        """Weeks from week 0 of the roster to the first week of a panel (times = Mondays)."""
        return int((panel.times[0] - self.origin).days // 7)

    def completed_weeks(self, panel: Panel) -> Ints:
        """(A,) panel week in which each agent completed training; NEVER when not."""
        return self._in_panel(self.trained, panel)

    def started_weeks(self, panel: Panel) -> Ints:
        """(A,) panel week in which training reached each agent's team; NEVER when it did not."""
        return self._in_panel(self.team_start(), panel)

    def last_weeks(self, panel: Panel) -> Ints:
        """(A,) panel week in which each agent was last seen with any contact; -1 when never."""
        found = self._in_panel(self.last, panel)
        return np.where(found == NEVER, -1, found)

    def hired_weeks(self, panel: Panel) -> Ints:
        """(A,) panel week in which each agent was hired, negative before the window; NEVER when not known."""
        return self._in_panel(self.hired, panel)

    def teams(self, panel: Panel) -> NDArray[Any]:
        """(A,) team of each agent of a panel, at assignment."""
        return np.asarray(self.team_id[self.rows_of(panel.units)])

    def _in_panel(self, weeks: Ints, panel: Panel) -> Ints:
        found = weeks[self.rows_of(panel.units)]
        return np.where(found == NEVER, NEVER, found - self.offset(panel))

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
        """How the roll-out followed its plan."""
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
            whole_teams=self._whole_teams(),
            clean_teams=int(np.unique(self.team_id[there & (start > began) & (self.last >= began)]).size),
        )

    def _whole_teams(self) -> bool:
        """Whether agents start in their team's week, and teams in different weeks; agents who joined later do not
        count."""
        planned = (self.scheduled < NEVER).any()
        week = self.scheduled if planned else self.trained
        began = int(week.min(initial=NEVER))
        counted = (self.last < NEVER) & (self.first < began) & (self.last >= began) & (self.team_id != "")
        teams, code, size = np.unique(self.team_id[counted], return_inverse=True, return_counts=True)
        if not (size > 1).any() or teams.size < 2:
            return False
        own = week[counted]
        middle = np.array([np.sort(own[code == k])[size[k] // 2] for k in range(teams.size)], dtype=np.int64)
        several = size[code] > 1
        apart = np.where((own < NEVER) == (middle[code] < NEVER), np.abs(own - middle[code]), NEVER)
        near = 0 if planned else SAME_WAVE_WEEKS
        share = float((apart[several] <= near).mean())
        return share >= SHARED_WEEK and np.unique(middle[size > 1]).size > 1


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
