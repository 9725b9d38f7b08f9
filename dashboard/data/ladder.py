"""The ladder of naive and preferred estimates: stored for some selections, computed on request for others."""

from __future__ import annotations

import polars as pl

from dashboard.data.beside_estimates import rungs_as_told
from dashboard.data.estimates_told import as_told
from dashboard.data.queries import Queries
from dashboard.data.slices import to_slice
from dashboard.privacy.viewer import current
from dashboard.state import Filters
from etl.configuration.kpis import Kpi


def can_ask(queries: Queries, kpi: Kpi, filters: Filters) -> bool:
    """Whether a ladder that is not stored may be worked out: leaving has none, nor has an effect on too few agents,
    nor where it would tell readers of a shared dashboard of few.

    Parameters
    ----------
    queries : Queries
    kpi : Kpi
    filters : Filters
        An allowed selection.
    """
    if not queries.compares(kpi.id, filters):
        return False
    headline = queries.headline(kpi.id, filters)
    return kpi.kind.before_and_after and headline is not None and headline["n_trained_agents"] is not None


def ladder(queries: Queries, kpi: Kpi, filters: Filters) -> pl.DataFrame:
    """Rows of ``result.ladder`` for any selection; none where :func:`can_ask` says no.

    Parameters
    ----------
    queries : Queries
    kpi : Kpi
    filters : Filters
        An allowed selection.
    """
    stored = queries.study(kpi.id, filters).get("ladder", pl.DataFrame())
    if not stored.is_empty() or not can_ask(queries, kpi, filters):
        return stored
    from analysis.study.request import LADDER, Request
    from analysis.study.run import study

    request = Request(kpi, to_slice(filters), tables=LADDER)

    made: pl.DataFrame = queries.ask(
        ("ladder", kpi.id, filters),
        lambda cursor: study(cursor, request, queries.setting(), rows=queries.held_weeks()).frames()["ladder"],
    )
    if not current().restricted:
        return made
    return as_told(queries, kpi.id, filters, rungs_as_told(queries, kpi.id, filters, made))
