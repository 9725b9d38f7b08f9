"""The recorded selection rule, and how well it explains who was picked."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from analysis.comparison.setting import Setting
from analysis.design import Rule
from analysis.estimators.stacked import Ranking, SelectionRule
from analysis.panel.agent_weeks import AgentWeeks
from analysis.panel.panel import Panel
from analysis.panel.slices import Slice


def selection_rule(weeks: AgentWeeks, panel: Panel, rule: Rule, setting: Setting) -> SelectionRule:
    """The recorded rule in the form the stacked estimator needs, ranking all agents with a result of the rule's KPI.

    Agents were picked from their whole group, so the ranking uses the whole group whatever KPI or slice is estimated.

    Parameters
    ----------
    weeks
        Where panels come from.
    panel
        The panel of the headline.
    rule
        KPI, look-back and share, as recorded.
    setting
        Its roster, timing and the direction of the rule's KPI are used.
    """
    roster = setting.roster
    source = weeks.panel(rule.kpi, Slice(), setting.design.timing, "team")
    row = {str(key): i for i, key in enumerate(source.units)}
    ranking = Ranking(
        source,
        groups=roster.teams(source),
        rows=np.array([row.get(str(key), -1) for key in panel.units], dtype=np.int64),
        offset=(panel.times[0] - source.times[0]).days // 7,
    )
    worst = "high" if setting.rule_better == "lower" else "low"
    return SelectionRule(rule.share, rule.lookback_weeks, worst, groups=roster.teams(panel), ranking=ranking)


LOOKBACKS = (1, 2, 3, 4, 5, 6, 8, 10, 13)
"""Look-backs tried when searching for the rule that was used, in weeks."""
CLEARLY_BETTER = 0.05
"""Another rule is suggested when its agreement exceeds that of the recorded rule by this much."""


@dataclass(frozen=True)
class RuleFit:
    """How well a rule explains who was picked.

    Attributes
    ----------
    recall
        Share of the trained whom the rule would have picked; NaN when nobody was trained.
    precision
        Share of the agents it would have picked, in groups that started that week, who were trained.
    share, lookback
        Of the rule.
    """

    recall: float
    precision: float
    share: float
    lookback: int

    @property
    def agreement(self) -> float:
        """Harmonic mean of recall and precision."""
        total = self.recall + self.precision
        return 2 * self.recall * self.precision / total if total > 0 else 0.0


def rule_fit(panel: Panel, rule: SelectionRule) -> RuleFit:
    """Compare the agents a rule would have picked with those who were trained.

    Recall alone is not enough: a rule that picks the worst half includes all of the worst fifth, but its controls are
    wrong.

    Parameters
    ----------
    panel
        Agents x weeks, cohorts by planned week.
    rule
        The rule with its results and groups.
    """
    hits = trained = picked = 0
    groups = panel.cluster_ix if rule.groups is None else np.unique(rule.groups, return_inverse=True)[1]
    for week in panel.cohorts.tolist():
        own = panel.cohort_ix == week
        started = np.isin(groups, groups[own])
        eligible = started & (panel.cohort_ix >= week)  # who was trained earlier cannot be picked again
        chosen = rule.picked(panel, week) & eligible
        hits += int((chosen & own).sum())
        trained += int(own.sum())
        picked += int(chosen.sum())
    nan = float("nan")
    return RuleFit(hits / trained if trained else nan, hits / picked if picked else nan, rule.share, rule.lookback)


def likeliest_rule(panel: Panel, rule: SelectionRule) -> RuleFit:
    """The share and look-back that best explain who was picked, given the recorded KPI and groups.

    Parameters
    ----------
    panel, rule
        As in :func:`rule_fit`; the share is the one that was trained of those who could have been ranked.
    """
    groups = panel.cluster_ix if rule.groups is None else np.unique(rule.groups, return_inverse=True)[1]
    trained = there = 0
    for week in panel.cohorts.tolist():
        own = panel.cohort_ix == week
        seen = (panel.den[:, max(week - rule.lookback, 0) :] > 0).any(axis=1)
        trained += int(own.sum())
        there += int((np.isin(groups, groups[own]) & seen).sum())
    share = min(max(trained / there, 1e-3), 1.0) if there else rule.share
    first = int(panel.cohorts.min()) if panel.cohorts.size else 0
    tried = [rule_fit(panel, replace(rule, lookback=weeks)) for weeks in LOOKBACKS if weeks <= max(first, 1)]
    tried += [rule_fit(panel, replace(rule, share=share, lookback=w)) for w in LOOKBACKS if w <= max(first, 1)]
    return max(tried, key=lambda found: found.agreement)
