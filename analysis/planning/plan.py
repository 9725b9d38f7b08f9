"""A proposed roll-out: teams and waves, the changes it can detect, and warnings about its design."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError
from analysis.panel.panel import Panel
from analysis.planning.rollout import Reach, chance, reach, weeks_to_detect
from analysis.planning.variance_components import Components
from analysis.words.numbers import Reader, Wording

Ints = NDArray[np.int64]
LONGEST_HISTORY = 52
"""Most weeks of history used: older weeks are no longer representative."""
FEWEST_TO_BELIEVE = 6
"""Trained teams below which no verdict is given, see :mod:`analysis.words.verdict`."""
HISTORY_BEFORE_DATA = 26
"""Weeks of history assumed when there are no data."""


@dataclass(frozen=True)
class Goal:
    """One KPI of a plan.

    Attributes
    ----------
    kpi
        Names and unit of the KPI.
    smallest_effect
        The change that matters, natural unit.
    components
        Variance components of a team's weekly mean.
    """

    kpi: Wording
    smallest_effect: float
    components: Components


@dataclass(frozen=True)
class Proposal:
    """A roll-out.

    Attributes
    ----------
    n_teams
        Teams that are not trained yet.
    n_waves
        Waves, of as equal size as possible.
    gap_weeks
        Weeks from one wave to the next.
    n_untrained
        Teams that stay untrained to the end of the plan.
    history_weeks
        Untrained weeks of the teams before the first wave.
    after_weeks
        Weeks planned for from the first wave on.
    """

    n_teams: int
    n_waves: int = 3
    gap_weeks: int = 4
    n_untrained: int = 0
    history_weeks: int = HISTORY_BEFORE_DATA
    after_weeks: int = 26

    def check(self) -> None:
        """Refuse a proposal that cannot be carried out.

        Raises
        ------
        EstimationError
            The message is a sentence that says what to change.
        """
        if self.n_teams < 2:
            raise EstimationError("One team cannot be compared with any other; plan for at least two.")
        if self.n_waves < 1 or self.gap_weeks < 1 or self.after_weeks < 1 or self.n_untrained < 0:
            raise EstimationError("Waves, weeks between them and weeks ahead are at least 1.")
        if self.n_waves > self.n_teams - self.n_untrained:
            raise EstimationError(
                f"{self.n_waves} waves need as many teams, and {max(self.n_teams - self.n_untrained, 0)} are to be "
                "trained: plan fewer waves or leave fewer teams untrained."
            )
        if (self.n_waves - 1) * self.gap_weeks >= self.after_weeks:
            raise EstimationError(
                f"The last of {self.n_waves} waves, {self.gap_weeks} weeks apart, starts after the {self.after_weeks} "
                "weeks looked at: look further ahead, or start the waves closer together."
            )
        if self.history_weeks < 2:
            raise EstimationError("A roll-out needs weeks before it: there is no history to compare with.")

    @property
    def sizes(self) -> tuple[int, ...]:
        """Teams of each wave, and of the untrained last where there are any."""
        trained = self.n_teams - self.n_untrained
        each, rest = divmod(trained, self.n_waves)
        waves = tuple(each + (1 if wave < rest else 0) for wave in range(self.n_waves))
        return (*waves, self.n_untrained) if self.n_untrained else waves

    def start_week(self, wave: int) -> int:
        """Week after the first wave in which a wave starts; -1 for the untrained."""
        return wave * self.gap_weeks if wave < self.n_waves else -1

    @property
    def starts(self) -> Ints:
        """(J,) week in which each team starts, in the order of the waves."""
        return np.array([self.start_week(w) for w, n in enumerate(self.sizes) for _ in range(n)], dtype=np.int64)


def check_start(start: date, today: date) -> None:
    """Refuse an implausible start date.

    Parameters
    ----------
    start
        Start of the first wave.
    today
        Current date.

    Raises
    ------
    EstimationError
        It lies more than a year back or more than ten years ahead.
    """
    if not -366 <= (start - today).days <= 3653:
        raise EstimationError("A first wave starts at most a year back and at most ten years ahead.")


@dataclass(frozen=True)
class Outlook:
    """Power and detectable change of a proposal for one goal.

    Attributes
    ----------
    goal
        The KPI.
    points
        Smallest detectable change by week.
    weeks_to_know
        Weeks after the first wave until the change that matters can be detected; infinity when never in the weeks
        looked at.
    detectable
        Smallest change detectable within those weeks.
    power
        Power for the change that matters, by then.
    """

    goal: Goal
    points: tuple[Reach, ...]
    weeks_to_know: float
    detectable: float
    power: float


def outlook(goal: Goal, proposal: Proposal, level: float = 0.95, step: int = 1) -> Outlook:
    """Power and detectable change for a goal; see :func:`analysis.planning.rollout.reach`."""
    proposal.check()
    points = tuple(
        reach(
            proposal.starts,
            min(proposal.history_weeks, LONGEST_HISTORY),
            proposal.after_weeks,
            goal.components,
            level=level,
            step=step,
        )
    )
    known = [point for point in points if math.isfinite(point.detectable)]
    best = min(known, key=lambda point: point.detectable, default=None)
    if best is None:
        return Outlook(goal, points, math.inf, math.nan, math.nan)
    told = chance(goal.smallest_effect, best.interval, level)
    return Outlook(goal, points, weeks_to_detect(list(points), goal.smallest_effect), best.detectable, told)


def warnings(proposal: Proposal, *, worst_first: bool = False) -> tuple[str, ...]:
    """Warnings about a proposal's design, one sentence each."""
    found = []
    if proposal.n_untrained == 0 and proposal.n_waves == 1:
        found.append(
            "Everybody at once: from that week on nobody is left to compare with, so what training did can never be "
            "told apart from what happened anyway."
        )
    elif proposal.n_untrained == 0:
        last = proposal.start_week(proposal.n_waves - 1)
        found.append(
            f"From week {last} on, when the last wave starts, nobody is left to compare with: how long an effect lasts "
            "after that cannot be told. Leave some teams untrained to know."
        )
    if worst_first:
        found.append(
            "The worst teams first: they would have improved without training, because they were at a low point. Draw "
            "the order by lot, or write the rule down so that it can be compared with teams it would have picked too."
        )
    trained = proposal.n_teams - proposal.n_untrained
    if trained < FEWEST_TO_BELIEVE:
        found.append(
            f"{trained} teams are trained in all; with fewer than {FEWEST_TO_BELIEVE} no verdict is given, because "
            "chance and training cannot be told apart."
        )
    return tuple(found)


def sentence(outlooks: Sequence[Outlook], proposal: Proposal, reader: Reader) -> str:
    """Sentence on which goals' changes can be detected, and by when."""
    known = sorted((o for o in outlooks if math.isfinite(o.weeks_to_know)), key=lambda o: o.weeks_to_know)
    never = [o.goal.kpi.label.lower() for o in outlooks if not math.isfinite(o.weeks_to_know)]
    trained = proposal.n_teams - proposal.n_untrained
    waves = "one wave" if proposal.n_waves == 1 else f"{proposal.n_waves} waves"
    first = f"Train {reader.count(trained)} teams in {waves}"
    parts = []
    if known:
        named = _listed([f"{o.goal.kpi.label.lower()} by week {int(o.weeks_to_know)}" for o in known])
        parts.append(f"we would know {named}")
    if never:
        parts.append(f"we could not tell within {proposal.after_weeks} weeks: {_listed(never)}")
    return f"{first}: {'; '.join(parts)}."


def stated_components(rate: float, contacts_per_week: float, icc: float, autocorrelation: float) -> Components:
    """Variance components of a share, from stated numbers, before there are data.

    Parameters
    ----------
    rate
        The share, such as 0.12 escalated.
    contacts_per_week
        Of a team.
    icc
        Share of the variance of a contact's outcome that the contacts of a team and week have in common.
    autocorrelation
        Autocorrelation of that part from week to week.

    Raises
    ------
    EstimationError
        A number out of range.
    """
    for name, value in (("rate", rate), ("icc", icc), ("autocorrelation", autocorrelation)):
        if not 0 <= value < 1:
            raise EstimationError(f"{name} is {value:g}; it is a share from 0 to below 1.")
    if not rate > 0:
        raise EstimationError("rate is 0; where nothing ever happens nothing can change.")
    if not contacts_per_week > 0:
        raise EstimationError("A team needs contacts: contacts per week must be above zero.")
    variance = rate * (1 - rate)
    return Components(icc * variance, autocorrelation, (1 - icc) * variance / contacts_per_week, stated=True)


def untrained_clusters(panel: Panel) -> tuple[list[str], int]:
    """Teams without a trained agent at the end of a panel, and the number of weeks they have in common."""
    first = np.full(panel.n_clusters, panel.n_periods, dtype=np.int64)
    np.minimum.at(first, panel.cluster_ix, np.minimum(panel.cohort_ix, panel.n_periods))
    seen = np.zeros((panel.n_clusters, panel.n_periods), dtype=bool)
    np.logical_or.at(seen, panel.cluster_ix, panel.observed)
    recent = np.asarray(seen[:, -FEWEST_RECENT:].any(axis=1))
    free = [k for k in range(panel.n_clusters) if first[k] >= panel.n_periods and recent[k]]
    weeks = int(seen[free].sum(axis=1).min()) if free else 0
    return [str(panel.clusters[k]) for k in free], weeks


FEWEST_RECENT = 4
"""A team without a contact in this many last weeks counts as closed."""


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
