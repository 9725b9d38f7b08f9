"""Rows of ``refresher``: effects of refreshers on the goals, on KPIs with a money value, and on the empathy score."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any

import polars as pl

from analysis.comparison.compare import compare
from analysis.effects.refreshers import refresher_events
from analysis.errors import PanelError
from analysis.panel.doses import first_refreshers
from analysis.panel.evaluations import OVERALL
from analysis.panel.panel import Panel
from analysis.panel.slices import EVERYTHING
from analysis.study.by_kpi import VersionAtHand, asked_of
from analysis.study.kpi_study import KpiStudy
from analysis.study.processes import Processes
from analysis.study.result_tables import table
from etl.configuration.kpis import Kpi
from etl.configuration.model import Config


def refresher_tables(
    version: VersionAtHand, workers: Processes[VersionAtHand], judged: Mapping[str, KpiStudy], config: Config
) -> dict[str, pl.DataFrame]:
    """``refresher``; without rows where no refresher is recorded.

    Parameters
    ----------
    version
        Where panels and records come from.
    workers
        Processes that share the KPIs.
    judged
        Studies of the whole programme, by KPI.
    config
        Configuration with the money values of KPIs.
    """
    if first_refreshers(version.cur, version.setting.courses, version.setting.refreshers) is None:
        return {"refresher": table("refresher", [])}
    averages = [made.kpi for made in judged.values() if made.kpi.kind.before_and_after and made.headline is not None]
    goals = [kpi for kpi in averages if kpi.role == "primary"]
    priced = [kpi for kpi in averages if kpi.role != "primary" and kpi.id in config.value.kpis]
    skill = [kpi for kpi in averages if kpi.id == OVERALL]  # judged by itself
    asked: list[Callable[[VersionAtHand], list[dict[str, Any]]]] = [
        partial(refresher_rows, kpi=kpi, looked_at=len(group)) for group in (goals, priced, skill) for kpi in group
    ]
    rows = workers.map(asked_of, asked)
    return {"refresher": table("refresher", [row for found in rows for row in found])}


def refresher_rows(version: VersionAtHand, *, kpi: Kpi, looked_at: int = 1) -> list[dict[str, Any]]:
    """Effects of refreshers on one KPI by weeks since the refresher.

    Parameters
    ----------
    version
        Where panels and records come from.
    kpi
        A KPI of averages.
    looked_at
        KPIs tested together with it.
    """
    setting = version.setting
    panel = _panel(version, kpi)
    if panel is None:
        return []
    refreshed = version.weeks.refreshed(panel, setting.courses, setting.refreshers)
    if refreshed is None:
        return []
    found = refresher_events(panel, refreshed, ci_level=setting.ci_level, looked_at=looked_at)
    return [{"kpi": kpi.id, **asdict(event)} for event in found]


def _panel(version: VersionAtHand, kpi: Kpi) -> Panel | None:
    """The headline's panel; scores are corrected for rater and form where evaluations are kept."""
    skill = version.skill(kpi)
    if skill is not None:
        return skill.panel
    try:
        return compare(version.weeks, kpi, EVERYTHING, version.setting).panel
    except PanelError:
        return None
