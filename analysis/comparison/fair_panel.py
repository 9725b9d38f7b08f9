"""Build panels that keep only untrained weeks that are a valid comparison.

Untrained weeks beside trained team-mates are left out where the design requires it. Where cohorts are chosen, agents of
other cohorts serve as comparison until their own training.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.comparison.setting import Setting
from analysis.panel.agent_weeks import AgentWeeks
from analysis.panel.panel import NEVER, Panel
from analysis.panel.slices import Slice

Ints = NDArray[np.int64]


def fair_panel(weeks: AgentWeeks, kpi_id: str, slice_: Slice, setting: Setting) -> Panel:
    """The agents and weeks that the headline of a slice is estimated on.

    Parameters
    ----------
    weeks
        Where panels come from.
    kpi_id, slice_
        KPI id, and selection of agent-weeks. Chosen cohorts are compared with all agents not trained yet.
    setting
        Its design and roster are used.

    Raises
    ------
    analysis.errors.PanelError
        When nothing is observed in the slice.
    """
    design, roster = setting.design, setting.roster
    panel = weeks.panel(kpi_id, replace(slice_, cohort=()), design.timing, design.cluster)
    if design.unexposed_controls:
        panel = without_exposed(panel, roster.teams(panel), roster.started_weeks(panel))
    if slice_.cohort:
        labels = {str(label)[:10]: i for i, label in enumerate(panel.times)}
        chosen = np.array([labels[c] for c in slice_.cohort if c in labels], dtype=np.int64)
        panel = only_cohorts(panel, chosen, design.anticipation_weeks)
    return panel


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
    """Keep the chosen cohorts as trained; all other agents are comparison until their own training.

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
