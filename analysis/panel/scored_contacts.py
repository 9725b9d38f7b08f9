"""A KPI without the contacts on which skills were scored, because score and outcome of one contact have correlated
errors."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from analysis.panel.evaluations import BASE
from analysis.panel.panel import Panel
from etl.configuration.kpis import Kpi

if TYPE_CHECKING:
    import duckdb

SCHEMA = {"agent_key": pl.String, "week": pl.Date, "num": pl.Float64, "den": pl.Float64}


def scored_contacts(cur: duckdb.DuckDBPyConnection, kpi: Kpi) -> pl.DataFrame:
    """Numerator and denominator of the KPI on evaluated contacts, by agent and week.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    kpi
        A KPI whose relation has the contact id on each row.

    Returns
    -------
    polars.DataFrame
        ``agent_key, week, num, den``; empty where evaluations or rows of the KPI name no contact.
    """
    import duckdb

    if kpi.exposure:
        return pl.DataFrame(schema=SCHEMA)
    counted = " and ".join(
        f"({part})" for part in (kpi.where, f"{kpi.numerator} is not null", "place_ix is not null") if part
    )
    for contact in ("contact_source", "_source"):
        try:
            rows = cur.execute(
                f"select agent_key, week, sum(({kpi.numerator})::double), sum(({kpi.denominator})::double) "
                f"from core.{kpi.base} where {counted} and agent_key is not null and week is not null and "
                f"({contact}, interaction_id) in (select (contact_source, interaction_id) from core.{BASE} "
                "where interaction_id is not null and not calibration) group by all order by agent_key, week"
            ).fetchall()
        except duckdb.BinderException:  # rows of contacts themselves carry their source under the other name
            continue
        except duckdb.CatalogException:
            break
        return pl.DataFrame(rows, schema=SCHEMA, orient="row")
    return pl.DataFrame(schema=SCHEMA)


def without_contacts(raw: Panel, panel: Panel, scored: pl.DataFrame) -> Panel | None:
    """The panel of a headline without some of its contacts.

    Parameters
    ----------
    raw, panel
        Panels before and after removal of the learning curve; times are Mondays.
    scored
        Result of :func:`scored_contacts`.

    Returns
    -------
    Panel or None
        ``None`` where none of the contacts is in the panel.
    """
    row_of = {str(key): i for i, key in enumerate(panel.units.tolist())}
    week_of = {str(week)[:10]: i for i, week in enumerate(panel.times.tolist())}
    num, den = np.zeros(panel.den.shape), np.zeros(panel.den.shape)
    for key, week, total, count in scored.iter_rows():
        row, column = row_of.get(key, -1), week_of.get(str(week), -1)
        if row >= 0 and column >= 0:
            num[row, column], den[row, column] = total, count
    if not (den * panel.observed).any():
        return None
    left = np.where(panel.observed, np.maximum(raw.den - den, 0.0), 0.0)
    own = np.divide(raw.num - num, left, out=np.zeros_like(left), where=left > 0)
    return replace(panel, num=(own - (raw.y - panel.y)) * left, den=left, sq=None)
