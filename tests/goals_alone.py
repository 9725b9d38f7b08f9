"""Estimates of the goals alone, for tests that need a whole run but none of its other KPIs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from analysis.study import run
from etl.configuration.kpis import Catalogue

_every_kpi = run.estimate_all


def estimate_all(cur: Any, config: Any, catalogue: Catalogue, *rest: Any, **named: Any) -> Any:
    """``analysis.study.run.estimate_all`` for the primary KPIs and those that are worth money."""
    worth = config.value.kpis
    goals = [kpi for kpi in catalogue.values() if kpi.role == "primary" or kpi.id in worth]
    return _every_kpi(cur, config, Catalogue(goals), *rest, **named)


def of(*kpis: str) -> Callable[..., Any]:
    """``analysis.study.run.estimate_all`` for the KPIs that are named."""

    def estimate_some(cur: Any, config: Any, catalogue: Catalogue, *rest: Any, **named: Any) -> Any:
        return _every_kpi(cur, config, Catalogue([catalogue[kpi] for kpi in kpis]), *rest, **named)

    return estimate_some


def only(*kpis: str) -> None:
    """From now on this process estimates the goals alone, or of all KPIs only the ones that are named."""
    run.estimate_all = of(*kpis) if kpis else estimate_all
