"""Shared by estimators that give a single number: a family with one part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.estimators.fitted import Family
from analysis.panel.panel import Panel

Floats = NDArray[np.float64]


def row_count(panel: Panel, used: NDArray[np.bool_] | None = None) -> float:
    """Number of agent-weeks N for the small-sample factor, independent of the unit of the weights."""
    den = panel.den if used is None else panel.den[used]
    return float((den > 0).sum())


@dataclass(frozen=True, eq=False)
class OneNumber:
    """A single effect with its influence by cluster, analytic and leave-one-out.

    Attributes
    ----------
    effect : float
    analytic, jackknife : (C,) arrays
        Influence columns (variance = sum of squares).
    estimand : str
    n_cells, n_contacts, n_agents, n_clusters : numbers behind the trained side
    reason : str or None
    trained_only : bool
        True when clusters without a trained agent are not used, and so must not count.
    """

    effect: float
    analytic: Floats
    jackknife: Floats
    estimand: str
    n_cells: float
    n_contacts: float
    n_agents: float
    n_clusters: int
    reason: str | None = None
    trained_only: bool = False

    def family(self, kind: str, variance: str) -> Family:
        """The one number as a family."""
        psi = self.jackknife if variance == "jackknife" else self.analytic
        return Family(
            keys=["overall"],
            theta=np.array([self.effect]),
            influence=psi[:, None].copy(),
            overall=self.effect,
            overall_influence=psi,
            n_cells=np.array([self.n_cells]),
            n_contacts=np.array([self.n_contacts]),
            n_agents=np.array([self.n_agents]),
            n_trained_clusters=np.array([self.n_clusters]),
            reasons=[self.reason],
            variance=variance,
            estimand=self.estimand,
            overall_reason=self.reason,
            n_clusters=self.n_clusters if self.trained_only else None,
        )

    def att_gt_frame(self) -> pl.DataFrame:
        """No cohort x week effects exist for one number."""
        schema: dict[str, Any] = {"cohort": pl.Float64, "time": pl.Float64, "estimate": pl.Float64}
        return pl.DataFrame(schema={**schema, "std_error": pl.Float64, "n_agents": pl.Int64})


def trained_side(panel: Panel) -> dict[str, Any]:
    """Counts of observed trained agent-weeks for :class:`OneNumber`."""
    cells = panel.observed & panel.trained_cells
    agents = cells.any(axis=1)
    return {
        "n_cells": float(cells.sum()),
        "n_contacts": float(panel.den[cells].sum()),
        "n_agents": float(agents.sum()),
        "n_clusters": int(np.unique(panel.cluster_ix[agents]).size),
    }
