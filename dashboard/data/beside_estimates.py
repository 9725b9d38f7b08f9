"""What is told beside an estimate that rests on a part of its agents: a second opinion, those who stayed, who answers.

A second opinion measures from one week before training, so it leaves out whoever was not seen in that week; the effect
among those who stayed leaves out whoever left; bounds for leaving leave out those with the largest effects. Where few
agents are left out, or few are left, the number less the estimate, or the number itself, is about these few. So cells
are chosen again by who is left out and by who is left. Checks are told without numbers; of those whose outcome alone
would say much of few agents, or of another KPI that is not told, nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.checks import balance, composition, estimator_gap, who_answers
from analysis.errors import PanelError
from dashboard.data.answering_told import answering_told
from dashboard.data.compared import before_training
from dashboard.data.kept_choices import Choice, chosen, content
from dashboard.data.published import Bools, Observed, lattice, observed
from dashboard.data.published_estimates import NEVER, allowing_none, estimated, event_week
from dashboard.privacy.checks import checks_as_told, reasons_as_told
from dashboard.privacy.comparison import MOST_OF_FEW as MOST_IN_FEW
from dashboard.privacy.redaction import withheld
from dashboard.privacy.viewer import current
from dashboard.state import Filters

if TYPE_CHECKING:
    from dashboard.data.queries import Queries

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Numbers = NDArray[Any]
MOST_OF_FEW = 0.5
"""Largest part of the difference between an estimate and its second opinion that may lie in few agents: what is told
by week may single them out a little better."""
SECOND, RUNG = "second_opinion", "group_time"
"""Role of the second opinion, and the naive comparison that is the same number."""
WORDS = "The second opinion leaves out, or rests on, too few agents to be published."


def seconded(queries: Queries, kpi: str) -> Bools:
    """Cells of which a second opinion on an estimate is told: (C,)."""

    def among(seen: Observed, kept: Bools) -> Bools:
        key = ("second opinions", content(queries), seen.stamp, kept)
        made = chosen(queries, key, kept.size, lambda: Choice.of({0: _seconded(queries, seen, kept)}, kept.size))
        return np.asarray(made.cells[0])

    return _of_estimated(queries, kpi, "published second opinions", among)


def _of_estimated(queries: Queries, kpi: str, name: str, among: Callable[[Observed, Bools], Bools]) -> Bools:
    """Cells chosen among those of which estimates are told, once a version; all of them where nothing was observed."""

    def make() -> Bools:
        kept = estimated(queries, kpi)
        try:
            seen = observed(queries, kpi)
        except PanelError:
            return kept
        return among(seen, kept)

    return queries.remember((name, kpi), make)


def _seconded(queries: Queries, seen: Observed, start: Bools) -> Bools:
    places, known, minimum = queries.held_weeks().places, lattice(queries), queries.settings.min_group
    since, agent = event_week(queries)[seen.rows].astype(np.int64), places.agent[seen.rows]
    begin, kept = -1 - queries.setting().design.anticipation_weeks, start.copy()
    base = since == begin
    for part in (base & np.isin(agent, agent[since >= 0]), (since >= 0) & np.isin(agent, agent[base])):
        kept &= allowing_none(queries, seen.at(part), kept)
    trained = np.flatnonzero(since > -NEVER)
    if not trained.size:
        return kept
    agent, week, since, volume = agent[trained], places.week[seen.rows][trained], since[trained], seen.volume[trained]
    for column in known.inside[known.key[seen.rows[trained]]].T:
        order = np.argsort(column, kind="stable")
        cells, first = np.unique(column[order], return_index=True)
        parts = np.split(order, first[1:]) if order.size else []
        for k, here in zip(cells.tolist(), parts, strict=True):
            if k >= 0 and kept[k]:
                rows = Weeks.of(agent[here], week[here], since[here], volume[here])
                kept[k] = rows.second_opinion_tells(begin, minimum) <= MOST_OF_FEW
    return kept


@dataclass(frozen=True, eq=False)
class Weeks:
    """Agent-weeks of the trained of one cell, and how much there is of each; N rows, an agent-week in one of them.

    Attributes
    ----------
    agent, week, since : (N,) int array
        ``since`` in weeks from training.
    volume : (N,) float array
    """

    agent: Ints
    week: Ints
    since: Ints
    volume: Floats

    @classmethod
    def of(cls, agent: Numbers, week: Numbers, since: Numbers, volume: Numbers) -> Weeks:
        """From rows of which several may be of one agent-week."""
        frame = pl.DataFrame({"agent": agent, "week": week, "since": since, "volume": volume})
        one = frame.group_by("agent", "week", "since", maintain_order=True).agg(pl.col("volume").sum().cast(pl.Float64))
        who, when, since = (one[name].cast(pl.Int64).to_numpy() for name in ("agent", "week", "since"))
        return cls(who, when, since, one["volume"].to_numpy())

    def second_opinion_tells(self, begin: int, minimum: int) -> float:
        """The part of a second opinion, and of its difference from the estimate, that lies in few agents.

        The second opinion is about those seen in the last week before training; where they are few it is about few.
        Else the estimate less the second opinion is about those who were not seen in it, but for what others'
        weeks weigh differently in the two.

        Parameters
        ----------
        begin : int
            The week from training that a second opinion measures from.
        minimum : int
            Smallest group shown.

        Examples
        --------
        Twelve agents with as much to do in every week, one of whom was away in the week before training.

        >>> agent, since = np.repeat(np.arange(12), 9), np.tile(np.arange(-4, 5), 12)
        >>> there = (agent > 0) | (since != -1)
        >>> rows = Weeks.of(agent[there], 20 + since[there], since[there], np.full(there.sum(), 5.0))
        >>> round(rows.second_opinion_tells(-1, 5), 2)
        0.92
        """
        usable = (self.since >= 0) & np.isin(self.agent, self.agent[self.since < 0])
        then = np.isin(self.agent, self.agent[self.since == begin])
        if not usable.any() or not (usable & then).any():
            return 0.0
        if np.unique(self.agent[usable & then]).size < minimum:
            return 1.0
        if not 0 < np.unique(self.agent[usable & ~then]).size < minimum:
            return 0.0
        _, whose = np.unique(self.agent, return_inverse=True)
        person, mean = whose[usable], (np.bincount(whose, self.volume) / np.bincount(whose))[whose[usable]]
        week, volume, then = self.week[usable], self.volume[usable], then[usable]
        wave = week - self.since[usable]
        _, at = np.unique(np.column_stack([wave, week]), axis=0, return_inverse=True)
        _, of_wave = np.unique(wave, return_inverse=True)
        size = np.array([np.unique(person[of_wave == k]).size for k in range(of_wave.max() + 1)], dtype=float)
        there = np.bincount(at, mean * then)[at]
        second = np.divide(size[of_wave] * mean * then, there, out=np.zeros_like(mean), where=there > 0)
        apart = volume / volume.sum() - second / second.sum()
        variances = (apart**2 / volume, apart**2)  # of how often something happened, and of how good a mean is
        return max(float(each[~then].sum() / each.sum()) for each in variances)


def stayed(queries: Queries, kpi: str) -> Bools:
    """Cells of which the effect among those who stayed is told beside that on everybody: (C,)."""

    def among(seen: Observed, kept: Bools) -> Bools:
        places = queries.held_weeks().places
        since, agent, week = event_week(queries)[seen.rows], places.agent[seen.rows], places.week
        if not (since > -NEVER).any():
            return kept
        first = int((places.week[seen.rows] - since)[since > -NEVER].min())
        there = places.agent[week > int(week.max()) - composition.LAST_WEEKS]
        stay = np.isin(agent, agent[places.week[seen.rows] < first]) & np.isin(agent, there)
        for part in ((since >= 0) & ~stay, (since >= 0) & stay):
            kept = allowing_none(queries, seen.at(part), kept)
        return kept

    return _of_estimated(queries, kpi, "published stayers", among)


def of_few(minimum: int) -> pl.Expr:
    """Whether bounds for leaving leave out fewer trained agents than the minimum: those with the largest effects.

    Of rows with ``excess_share`` of ``result.survivor`` and the exact ``n_trained_agents`` of the estimate.

    Parameters
    ----------
    minimum : int
        Smallest group shown.

    Examples
    --------
    >>> rows = pl.DataFrame({"excess_share": [0.03, -0.03, 0.0], "n_trained_agents": [200, 50, 50]})
    >>> rows.select(of_few(5)).to_series().to_list()
    [False, True, False]
    """
    n = pl.col("excess_share").abs() * pl.col("n_trained_agents")
    return ((n > 0) & (n < minimum)).fill_null(value=False).alias("of_few")


def beside_as_told(
    queries: Queries, kpi: str, filters: Filters, shown: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """Result tables of a selection whose estimate is told, without what beside it would tell of few agents.

    Parameters
    ----------
    queries : Queries
    kpi : str
    filters : Filters
    shown : mapping of str to DataFrame
        With exact counts.
    """
    told, hidden = dict(shown), set[str]()
    checks = shown.get("check", pl.DataFrame())
    told["effect"] = reasons_as_told(told["effect"], checks)
    if not _all(queries, seconded(queries, kpi), filters):
        told["effect"] = withheld(told["effect"], pl.col("role") == SECOND, WORDS)
        hidden.add(estimator_gap.ID)
    if "ladder" in told:
        told["ladder"] = rungs_as_told(queries, kpi, filters, told["ladder"])
    asked = queries.settings.catalogue[kpi].answered_by
    if asked and not answering_told(queries, asked, filters):
        hidden.add(who_answers.ID)
    stay = _all(queries, stayed(queries, kpi), filters)
    survivors = told.get("survivor", pl.DataFrame())
    if not (survivors.is_empty() or told["effect"].is_empty()):
        head = told["effect"].filter(pl.col("role") == "headline").select("kpi", "n_trained_agents")
        few = survivors.join(head, on="kpi", how="left").select(of_few(queries.settings.min_group)).to_series()
        if few.any():
            told["survivor"], stay = survivors.clear(), False
    exposed = told.get("spillover", pl.DataFrame())
    if "n_exposed_agents" in exposed.columns:
        mostly = pl.col("n_exposed_agents") * MOST_IN_FEW < queries.settings.min_group
        told["spillover"] = exposed.filter(~mostly.fill_null(value=False))
    if not checks.is_empty():
        if balance.ID in checks["check"] and not before_training(queries, kpi, filters).enough:
            hidden.add(balance.ID)
        of_stayers = pl.col("check").eq(composition.ID) & pl.col("sentence").str.contains(composition.OF_STAYERS)
        gone = pl.col("check").is_in(sorted(hidden)) | (pl.lit(value=not stay) & of_stayers)
        told["check"] = checks_as_told(checks.filter(~gone.fill_null(value=False)))
    return told


def rungs_as_told(queries: Queries, kpi: str, filters: Filters, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``result.ladder`` without the one that is the second opinion, where that is not told.

    Parameters
    ----------
    queries : Queries
    kpi : str
    filters : Filters
    rows : DataFrame
    """
    if rows.is_empty() or _all(queries, seconded(queries, kpi), filters):
        return rows
    return rows.filter(pl.col("estimator") != RUNG)


def _all(queries: Queries, cells: Bools, filters: Filters) -> bool:
    """Whether all cells that a selection is the union of are among some."""
    parts = lattice(queries).parts(filters, current())
    return parts is not None and bool(cells[parts].all())
