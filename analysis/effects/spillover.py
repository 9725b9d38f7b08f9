"""Spillover: effect of trained team-mates on untrained agents.

Agents with spillover are no valid comparison (the headline leaves them out), and the programme's total effect differs
from that on trained agents. Here untrained agents count as treated from the week in which training reached their team.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.estimators import estimate
from analysis.panel.panel import NEVER, Panel
from analysis.results import EffectEstimate

MIN_EXPOSED_AGENTS = 10
"""Fewest untrained agents with trained team-mates for an estimate."""


def exposed_panel(panel: Panel, start: NDArray[np.int64]) -> Panel:
    """Panel with untrained agents of started teams as treated, and agents of teams not started as comparison.

    Parameters
    ----------
    panel
        Agents x weeks, all of them, cohorts by own training.
    start
        (A,) panel week in which training reached the agent's team; NEVER when it did not.

    Returns
    -------
    Panel
        Agents who are trained themselves keep only their weeks before their team started.
    """
    weeks = np.arange(panel.n_periods)[None, :]
    own = panel.cohort_ix < NEVER
    gone = own[:, None] & (weeks >= start[:, None])
    kept = replace(
        panel,
        num=np.where(gone, 0.0, panel.num),
        den=np.where(gone, 0.0, panel.den),
        sq=None if panel.sq is None else np.where(gone, 0.0, panel.sq),
        cohort_ix=np.where(own, NEVER, start),
    )
    return kept.take(np.asarray(kept.observed.any(axis=1)))


def spillover_effect(
    panel: Panel, start: NDArray[np.int64], anticipation: int = 0, ci_level: float = 0.95
) -> EffectEstimate | None:
    """Average effect on untrained agents of working in a team that training has reached.

    Parameters
    ----------
    panel, start
        As in :func:`exposed_panel`.
    anticipation
        Weeks before that are left out.
    ci_level
        Level of the interval.

    Returns
    -------
    EffectEstimate or None
        ``None`` with fewer than ``MIN_EXPOSED_AGENTS`` exposed agents seen before and after.

    Notes
    -----
    Assumptions: 1. untrained agents of started teams would have changed like agents of teams not started (fails where
    they were passed over *because* of their results: see the dip check). 2. Spillover stops at the team. Source of the
    question: De Grip and Sauermann (2012, doi:10.1111/j.1468-0297.2012.02500.x).
    """
    exposed = exposed_panel(panel, start)
    inside = exposed.cohort_ix < exposed.n_periods
    weeks = np.arange(exposed.n_periods)[None, :]
    both = (exposed.observed & (weeks < exposed.cohort_ix[:, None])).any(axis=1)
    both &= (exposed.observed & (weeks >= exposed.cohort_ix[:, None])).any(axis=1)
    if int((inside & both).sum()) < MIN_EXPOSED_AGENTS:
        return None
    found = estimate(exposed, "imputation", anticipation=anticipation, ci_level=ci_level).aggregate("simple").overall
    return found if found.available else None
