"""The recorded rule by which agents were picked: whom it would have picked, there and elsewhere."""

from __future__ import annotations

import numpy as np

from analysis.comparison.setting import Setting
from analysis.design import Rule
from analysis.estimators.stacked import Ranking, SelectionRule
from analysis.panel.agent_weeks import AgentWeeks
from analysis.panel.panel import Panel
from analysis.panel.slices import Slice


def selection_rule(weeks: AgentWeeks, panel: Panel, rule: Rule, setting: Setting) -> SelectionRule:
    """The recorded rule as the stacked estimator takes it: ranked among everybody with a result of its KPI.

    Agents were picked among their whole group, so they are ranked there too, whatever KPI or slice is estimated.

    Parameters
    ----------
    weeks
        Where panels come from.
    panel
        The panel of the headline.
    rule
        KPI, look-back and share, as recorded.
    setting
        For its roster, its timing and which end of the rule's KPI is bad.
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
