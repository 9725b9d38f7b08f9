"""Stored effects of groups (``result.gain``) for the whole programme."""

from __future__ import annotations

import polars as pl

from analysis.study.result_tables import SCHEMAS
from dashboard.data.queries import Queries
from dashboard.privacy.viewer import current
from dashboard.state import Filters


def gains(queries: Queries, kpi: str, filters: Filters) -> pl.DataFrame:
    """Rows of ``result.gain`` of one KPI: of everybody, for readers of everything, about groups large enough.

    Parameters
    ----------
    queries : Queries
    kpi : str
    filters : Filters
        Any but none has no rows: groups are compared within the whole programme.
    """
    if not (filters.is_everything and queries.has("result.gain")) or current().restricted:
        return pl.DataFrame(schema=dict(SCHEMAS["gain"]))
    minimum = queries.settings.min_group
    return queries.frame("select * from result.gain where kpi = ? and n_agents >= ?", (kpi, minimum))
