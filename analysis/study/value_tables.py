"""Money tables: value of the effects as configured, and the inputs for recomputing it with other assumptions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from analysis.comparison.setting import Setting
from analysis.panel.panel import NEVER
from analysis.study.family import shared_influence
from analysis.study.kpi_study import KpiStudy
from analysis.study.result_tables import table
from analysis.value.assumptions import from_config
from analysis.value.draws import correlations
from analysis.value.fading import with_measured
from analysis.value.model import Worth
from analysis.value.money import value_frame
from analysis.words.numbers import WEEKS_PER_MONTH

if TYPE_CHECKING:
    from etl.configuration.model import Config

ACTIVE_WEEKS = 8
"""Agents observed in this many last weeks count among all agents."""


def value_tables(
    overall: Mapping[str, KpiStudy], paces: Mapping[str, float], config: Config, setting: Setting
) -> dict[str, pl.DataFrame]:
    """``value``, ``value_part``, ``value_correlation`` and ``value_agents``.

    Parameters
    ----------
    overall
        Studies of the whole programme by KPI.
    paces
        Weekly denominators of all agents by KPI, where known from the agent-weeks.
    config, setting
        Configuration, and settings common to all studies.
    """
    worths = worths_of(overall, paces, config)
    n_trained, n_everybody = agents(setting)
    value = value_frame(
        worths,
        with_measured(from_config(config), _courses(overall)),
        reader=setting.reader,
        n_trained=n_trained,
        n_everybody=n_everybody,
        ci_level=setting.ci_level,
    )
    counted = [("trained", n_trained), ("everybody", n_everybody)]
    return {
        "value": value,
        "value_part": table("value_part", [_part_row(part) for part in worths]),
        "value_correlation": table("value_correlation", _correlation_rows(worths)),
        "value_agents": table("value_agents", [{"population": who, "n_agents": n} for who, n in counted]),
    }


def _courses(overall: Mapping[str, KpiStudy]) -> Sequence[Mapping[str, Any]]:
    """Fitted courses of the goals with a believed effect, as rows of ``result.course``."""
    studies = [s for s in overall.values() if s.kpi.role == "primary" and s.verdict.believed]
    return table("course", [row for s in studies for row in s.tables.get("course", [])]).to_dicts()


def worths_of(overall: Mapping[str, KpiStudy], paces: Mapping[str, float], config: Config) -> list[Worth]:
    """Every KPI with an effect as a part of a sum of money; see :func:`value_tables`."""
    shared = shared_influence(overall)
    contacts = _contacts(overall, paces)
    worths = []
    for name, made in overall.items():
        if made.headline is None or made.kpi.hidden:
            continue
        per_week = (made.volumes.per_week, made.volumes.to_date, _pace(made, paces))
        given = config.value.kpis.get(name)
        if given is not None and given.per == "contact" and made.kpi.base == "survey_response" and contacts is not None:
            per_week = contacts
        found = made.headline
        worths.append(
            Worth(
                kpi=made.kpi,
                effect=found.estimate,
                std_error=found.std_error,
                effect_low=found.ci_low,
                effect_high=found.ci_high,
                volume_per_month=per_week[0] * WEEKS_PER_MONTH,
                volume_to_date=per_week[1],
                volume_per_month_everybody=per_week[2] * WEEKS_PER_MONTH,
                usable=made.verdict.believed,
                state=made.verdict.state,
                influence=shared[name],
                money_group=made.kpi.money_group,
                money_rank=made.kpi.money_rank,
                df=found.df,
            )
        )
    return worths


def agents(setting: Setting) -> tuple[int, int]:
    """Number of agents trained by the end of the data, and number of these plus all observed recently."""
    roster = setting.roster
    week = roster.scheduled if setting.design.timing == "scheduled" else roster.trained
    seen = roster.last < NEVER
    end = int(roster.last[seen].max(initial=0))
    trained = week <= end
    return int(trained.sum()), int((trained | (seen & (roster.last > end - ACTIVE_WEEKS))).sum())


def _pace(made: KpiStudy, paces: Mapping[str, float]) -> float:
    known = made.volumes.per_week_everybody
    return known if math.isfinite(known) else paces.get(made.kpi.id, math.nan)


def _contacts(overall: Mapping[str, KpiStudy], paces: Mapping[str, float]) -> tuple[float, float, float] | None:
    """Contacts of trained agents per week and to date, and of all agents per week, from the KPI with the largest
    denominator."""
    found = [
        (s.volumes.per_week, s.volumes.to_date, _pace(s, paces)) for s in overall.values() if s.kpi.counts_contacts
    ]
    return max((v for v in found if math.isfinite(v[0])), default=None)


def _part_row(part: Worth) -> dict[str, Any]:
    names = (
        "effect", "std_error", "effect_low", "effect_high", "df", "volume_per_month", "volume_to_date",
        "volume_per_month_everybody", "usable", "state", "money_group", "money_rank",
    )  # fmt: skip
    return {"kpi": part.kpi.id, **{name: getattr(part, name) for name in names}}


def _correlation_rows(worths: list[Worth]) -> list[dict[str, Any]]:
    known = correlations([part.influence for part in worths])
    pairs = zip(*np.nonzero(np.tril(known, -1)), strict=True)
    return [{"kpi": worths[i].kpi.id, "other": worths[j].kpi.id, "correlation": float(known[i, j])} for i, j in pairs]
