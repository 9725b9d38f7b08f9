"""Stored effects of refreshers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from analysis.panel.evaluations import OVERALL
from analysis.words.refreshers import Seen, seen
from analysis.words.verdict import CLAIMED
from dashboard.data.queries import Queries
from dashboard.privacy.imprecision import imprecise
from dashboard.privacy.viewer import current
from dashboard.state import Filters
from etl.warehouse.reader import frame

TRAINED = "select count(*) from mart.agent where trained_week is not null"
"""Agents who were trained."""


@dataclass(frozen=True)
class Refreshed:
    """What refreshers brought so far.

    Attributes
    ----------
    found
        KPI to what was seen; empty where no refresher was.
    """

    found: Mapping[str, Seen] = field(default_factory=dict)


def refreshed(queries: Queries) -> Refreshed | None:
    """What refreshers brought; None in an older version, for too few agents, and for who may not see everybody.

    Readers of a shared dashboard are told of the empathy score alone, in steps: agents with and without a refresher are
    parts of the waves whose effects on the goals they see. Nor are they told where few trained agents had none, who are
    compared with.
    """
    if not queries.has("result.refresher") or not queries.decision(Filters()).allowed:
        return None
    kpis = {kpi.id: kpi for kpi in queries.kpis() if kpi.id == OVERALL or not current().restricted}
    kpis = {name: kpi for name, kpi in kpis.items() if queries.publishes(name, Filters())}
    stored = queries.ask(("refreshers",), lambda cursor: frame(cursor, "select * from result.refresher"))
    minimum = queries.settings.min_group
    if stored.filter(pl.col("n_agents").is_between(1, minimum - 1)).height:
        return None
    if current().restricted and not stored.is_empty():
        without = queries.ask(("trained agents",), lambda cursor: cursor.execute(TRAINED).fetchall()[0][0])
        if without - stored["n_agents"].max() < minimum:
            return None
        stored = imprecise(stored, stored["n_agents"].fill_null(math.inf).to_list(), minimum)
    rows = stored.to_dicts()
    found = {}
    for kpi in kpis.values():
        full = math.nan
        mine = [row for row in rows if row["kpi"] == kpi.id]
        if mine:
            head = queries.headline(kpi.id, Filters())
            if head is not None and head["verdict"] in CLAIMED and head["estimate"] is not None:
                full = float(head["estimate"])
        told = seen(mine, full, kpi.better)
        if told is not None:
            found[kpi.id] = told
    return Refreshed(found)
