"""What the page of effects says about who gains: one row per group, told apart by differences."""

from __future__ import annotations

from typing import Any

import polars as pl

from analysis.words import gains as words
from analysis.words.numbers import Reader
from etl.configuration.kpis import Kpi


def title(rows: pl.DataFrame) -> str:
    """What the groups show together."""
    return words.title(rows.to_dicts())


def tells(rows: pl.DataFrame) -> bool:
    """Whether any group is told apart from the others, or harmed."""
    return not rows.filter(pl.col("state") != words.ALIKE).is_empty()


def table(rows: pl.DataFrame, kpi: Kpi, reader: Reader) -> list[dict[str, Any]]:
    """Rows of the table: ``group, value, n_agents, change, difference, reading``; harm first, then what stands out.

    Parameters
    ----------
    rows : DataFrame
        Columns of ``result.gain``, of one KPI.
    kpi : Kpi
    reader : Reader
    """
    order = {state: i for i, state in enumerate((words.HARMED, words.MORE, words.LESS, words.ALIKE))}
    found = []
    drawn = reader.for_column(kpi, rows.select("shrunk_low", "shrunk_high").iter_rows())
    apart = reader.for_column(kpi, rows.select("difference_low", "difference_high").iter_rows())
    for row in rows.iter_rows(named=True):
        shrunk, low, high = row["shrunk"], row["shrunk_low"], row["shrunk_high"]
        gap = (row["difference_low"], row["difference_high"])
        found.append(
            {
                "group": words.KINDS.get(row["kind"], row["kind"]),
                "value": row["value"],
                "n_agents": row["n_agents"],
                "change": f"{drawn.change(shrunk, kpi, low, high)} ({drawn.span(low, high, kpi, unit=False)})",
                "difference": f"{apart.change(row['difference'], kpi, *gap)} ({apart.span(*gap, kpi, unit=False)})",
                "reading": words.READINGS[row["state"]],
                "place": order.get(row["state"], len(order)),
            }
        )
    return sorted(found, key=lambda item: item["place"])
