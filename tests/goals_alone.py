"""Estimates of the goals alone, for tests that need a whole run but none of its other KPIs."""

from __future__ import annotations

from typing import Any

from analysis.study import run
from etl.configuration.kpis import Catalogue

_every_kpi = run.estimate_all


def estimate_all(cur: Any, config: Any, catalogue: Catalogue, *rest: Any, **named: Any) -> Any:
    """``analysis.study.run.estimate_all`` for the primary KPIs and those that are worth money."""
    worth = config.value.kpis
    goals = [kpi for kpi in catalogue.values() if kpi.role == "primary" or kpi.id in worth]
    return _every_kpi(cur, config, Catalogue(goals), *rest, **named)


def only() -> None:
    """From now on this process estimates the goals alone."""
    run.estimate_all = estimate_all
