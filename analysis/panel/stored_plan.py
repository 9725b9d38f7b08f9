"""The accepted roll-out plan, and the orders of waves it could have drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analysis.panel.panel import NEVER, Panel
from etl.configuration.accepted_plans import DIGITS

if TYPE_CHECKING:
    import duckdb

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class StoredPlan:
    """The newest accepted plan of a version.

    Attributes
    ----------
    teams
        Its teams, by position.
    waves, starts
        Wave of each, from 1, and the Monday from which it is trained; None for those that stay untrained.
    orders
        Orders that could have been drawn: a text with one character a team.
    """

    teams: tuple[str, ...]
    waves: tuple[int | None, ...]
    starts: tuple[date | None, ...]
    orders: tuple[str, ...]

    def orders_of(self, panel: Panel) -> Ints | None:
        """(R, C) wave, as a week of the panel, of every cluster in each order that could have been drawn.

        Parameters
        ----------
        panel
            Clusters are teams, times are Mondays. Teams that are not of the plan keep the week they have.

        Returns
        -------
        array or None
            None where the plan has fewer than two orders, has no team of the panel, or was not followed in the weeks of
            the panel, so that its orders do not describe the actual assignment.
        """
        if len(self.orders) < 2 or len(panel.times) == 0 or not isinstance(panel.times[0], date):
            return None
        own = np.full(panel.n_clusters, NEVER, dtype=np.int64)
        np.minimum.at(own, panel.cluster_ix, panel.cohort_ix)
        weeks = [NEVER if day is None else (day - panel.times[0]).days // 7 for day in self.starts]
        cluster_of = {str(name): k for k, name in enumerate(panel.clusters.tolist())}
        here = [(k, cluster_of[team]) for k, team in enumerate(self.teams) if team in cluster_of]
        if not here or any(_seen(weeks[k], panel) != _seen(int(own[c]), panel) for k, c in here):
            return None
        week_of = {DIGITS[wave - 1]: week for wave, week in zip(self.waves, weeks, strict=True) if wave is not None}
        found = np.tile(own, (len(self.orders), 1))
        for k, c in here:
            found[:, c] = [week_of.get(order[k], NEVER) for order in self.orders]
        return found


def _seen(week: int, panel: Panel) -> int:
    """A wave's week in the panel; all weeks after its end get the same value."""
    return min(week, panel.n_periods)


def stored_plan(cur: duckdb.DuckDBPyConnection) -> StoredPlan | None:
    """The newest accepted plan of a version; None where there is none, or none with orders.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    """
    import duckdb

    newest = "where accepted_at = (select max(accepted_at) from core.accepted_plan)"
    try:
        teams = cur.execute(
            f"select team_id, wave, starts_on from core.accepted_plan {newest} order by position"
        ).fetchall()
        orders = cur.execute(f"select waves from core.accepted_order {newest} order by order_ix").fetchall()
    except duckdb.Error:  # a version built before plans were kept with their orders
        return None
    if not teams or any(len(waves) != len(teams) for (waves,) in orders):
        return None
    names, waves, starts = zip(*teams, strict=True)
    return StoredPlan(tuple(map(str, names)), waves, starts, tuple(str(waves) for (waves,) in orders))
