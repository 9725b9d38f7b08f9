"""Effects, volumes and numbers of agents for sums of money, small groups suppressed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.value.assumptions import Assumptions, from_config
from analysis.value.fading import with_measured
from analysis.value.model import Worth
from analysis.value.money import value_frame
from dashboard.data.queries import Queries
from dashboard.privacy.redaction import in_units, rounded, to_digits
from dashboard.privacy.viewer import current
from dashboard.state import Filters
from etl.warehouse.reader import frame

VOLUMES = ("volume_per_month", "volume_to_date", "volume_per_month_everybody")
VOLUME_DIGITS = 3
"""Digits of the volumes behind sums of money where readers are told of no exact total; a sum is off by half a percent
at the most."""
RELATIONS = ("result.value_part", "result.value_correlation", "result.value_agents")


@dataclass(frozen=True)
class MoneyParts:
    """Inputs of a sum of money other than assumptions.

    Attributes
    ----------
    worths
        KPIs with an effect, in catalogue order.
    correlations
        Pair of KPI ids to the correlation of their estimates.
    n_trained, n_everybody
        Agents trained by now, and all agents.
    """

    worths: tuple[Worth, ...]
    correlations: Mapping[tuple[str, str], float]
    n_trained: float
    n_everybody: float

    def correlation(self, ids: tuple[str, ...]) -> NDArray[np.float64]:
        """(K, K) correlation of the estimates of some KPIs."""
        found = np.eye(len(ids))
        for i, first in enumerate(ids):
            for j, second in enumerate(ids[:i]):
                known = self.correlations.get((first, second), self.correlations.get((second, first), 0.0))
                found[i, j] = found[j, i] = known
        return found


def money_parts(queries: Queries) -> MoneyParts | None:
    """What the version being served holds; None where it was estimated before there was any of it."""
    if not all(queries.has(name) for name in RELATIONS):
        return None

    def make(cursor: duckdb.DuckDBPyConnection) -> MoneyParts:
        catalogue = {kpi.id: kpi for kpi in queries.kpis()}
        worths = []
        stored = frame(cursor, "select * from result.value_part")
        if current().restricted:
            stored = rounded(stored, VOLUMES, VOLUME_DIGITS)
        for row in stored.iter_rows(named=True):
            if row["kpi"] not in catalogue or _too_few(queries, row["kpi"]):
                continue
            numbers: dict[str, Any] = {name: _number(row[name]) for name in NUMBERS} | _told(queries, row)
            numbers["df"] = numbers["df"] if math.isfinite(numbers["df"]) else math.inf
            worths.append(
                Worth(
                    kpi=catalogue[row["kpi"]],
                    usable=bool(row["usable"]),
                    state=row["state"] or "",
                    # versions estimated before the columns were renamed have the old names
                    money_group=row.get("money_group", row.get("purse")) or "",
                    money_rank=row.get("money_rank", row.get("purse_rank", 1)),
                    **numbers,
                )
            )
        pairs = frame(cursor, "select kpi, other, correlation from result.value_correlation").iter_rows()
        counted = frame(cursor, "select population, n_agents from result.value_agents")
        if current().restricted:
            counted = in_units(counted, ("n_agents",), queries.settings.min_group)
        agents = dict(counted.iter_rows())
        return MoneyParts(
            tuple(worths),
            {(one, other): value for one, other, value in pairs},
            float(agents.get("trained", math.nan)),
            float(agents.get("everybody", math.nan)),
        )

    return queries.ask(("money parts",), make)


def values(queries: Queries) -> pl.DataFrame:
    """Money by KPI and scenario for everybody, as configured; empty when no unit value was given.

    As stored; for readers of a shared dashboard worked out from the volumes and agents that they are told, since an
    exact sum divided by an effect would be an exact volume.
    """
    if not queries.has("result.value"):
        return pl.DataFrame()
    if not current().restricted:
        return queries.frame("select * from result.value")
    parts = money_parts(queries)
    if parts is None:
        return pl.DataFrame()
    return queries.remember(
        ("values",),
        lambda: value_frame(
            parts.worths,
            configured(queries),
            reader=queries.settings.reader,
            n_trained=parts.n_trained,
            n_everybody=parts.n_everybody,
            ci_level=queries.settings.config.project.ci_level,
            correlation=parts.correlation,
        ),
    )


def not_there(queries: Queries) -> str:
    """Why :func:`money_parts` gives None, and what to do."""
    if not queries.has("result.effect"):
        return "Nothing has been estimated yet. Run `empathy estimate`."
    return "These results were estimated before sums of money could be taken apart. Run `empathy estimate` again."


def configured(queries: Queries) -> Assumptions:
    """The assumptions of the configuration, with the fading that was measured where none is stated."""
    stated = from_config(queries.settings.config)
    if not queries.has("result.course"):
        return stated
    goals = {kpi.id for kpi in queries.kpis() if kpi.role == "primary" and queries.publishes(kpi.id, Filters())}
    sql = (
        "select course.* from result.course join result.effect using (kpi, slice_kind, slice_value) "
        "where effect.role = 'headline' and effect.believed"
    )
    courses = queries.ask(("courses",), lambda cursor: frame(cursor, sql)).filter(pl.col("kpi").is_in(goals))
    if current().restricted:  # a half-life to all digits, beside the weeks it was fitted to, is those weeks finer
        courses = to_digits(courses)
    return with_measured(stated, courses.to_dicts())


NUMBERS = (
    "effect", "std_error", "effect_low", "effect_high", "df", "volume_per_month", "volume_to_date",
    "volume_per_month_everybody",
)  # fmt: skip


def _told(queries: Queries, row: Mapping[str, Any]) -> dict[str, float]:
    """The effect of a KPI with its error and interval as readers of a shared dashboard are told them elsewhere."""
    head = queries.headline(row["kpi"], Filters(), alone=True) if current().restricted else None
    if head is None or head["estimate"] is None:
        return {}
    # Degrees of freedom too: where clusters are agents, the ends of a sum with a fixed seed would give their number.
    names = {"effect": "estimate", "std_error": "std_error", "effect_low": "ci_low", "effect_high": "ci_high"}
    names["df"] = "df"
    return {name: _number(head[of]) for name, of in names.items()}


def _too_few(queries: Queries, kpi: str) -> bool:
    row = queries.headline(kpi, Filters())
    return row is not None and row["estimate"] is None


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
