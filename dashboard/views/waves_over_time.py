"""View model of waves over time on the cohorts page: effects by four-week blocks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import polars as pl
from scipy.special import ndtr, ndtri

from analysis.inference import benjamini_hochberg
from analysis.words.numbers import Reader
from dashboard.data.events import Happening
from dashboard.state import day
from dashboard.views.events import line
from etl.configuration.kpis import Kpi

BLOCK_WEEKS = 4
"""Weeks in one cell of the heat map."""
MOST_ALONE = 2
"""Waves that must show a clear gain in the same weeks before a title says when gains begin."""


def blocks(cells: pl.DataFrame, kpi: Kpi, ci_level: float, reader: Reader) -> list[dict[str, Any]]:
    """Effects by wave and four weeks since training, for :func:`dashboard.figures.heatmap.heatmap`.

    The error of a mean is at most the mean of the errors, whatever ties the weeks together; that is what is used, so
    the ranges are if anything too wide. A cell is clear when it is so among all cells (false discovery rate of one
    minus the level).

    Returns
    -------
    list of dict
        ``row, column, value, tone, words, tip``; ``value`` is the gain in the reader's unit (positive is better).
    """
    if cells.is_empty():
        return []
    sign = 1.0 if kpi.better == "higher" else -1.0
    wide = float(ndtri(0.5 + ci_level / 2))
    block = ((pl.col("week") - pl.col("cohort")).dt.total_days() // (7 * BLOCK_WEEKS)).alias("block")
    grouped = (
        cells.filter(pl.col("estimate").is_not_null() & pl.col("estimate").is_not_nan())
        .with_columns(block)
        .filter(pl.col("block") >= 0)
        .group_by("cohort", "block")
        .agg(
            pl.col("estimate").mean(),
            pl.col("std_error").fill_nan(None).mean(),
            pl.col("n_agents").min() if "n_agents" in cells.columns else pl.lit(None).alias("n_agents"),
            pl.col("week").min().alias("first"),
            pl.len().alias("weeks"),
        )
        .sort("cohort", "block")
    )
    p_values = [
        math.nan if not row["std_error"] else 2 * float(ndtr(-abs(row["estimate"]) / row["std_error"]))
        for row in grouped.iter_rows(named=True)
    ]
    cell_sure = [bool(p_value <= 1 - ci_level) for p_value in benjamini_hochberg(p_values)]
    found: list[dict[str, Any]] = []
    errors = grouped.select("estimate", "std_error").drop_nulls().iter_rows()
    reader = reader.for_column(kpi, ((at - wide * error, at + wide * error) for at, error in errors))
    for row in grouped.iter_rows(named=True):
        error = row["std_error"]
        half = math.nan if error is None else wide * error
        low, high = row["estimate"] - half, row["estimate"] + half
        sure = cell_sure[len(found)]
        tone = "unsure" if not sure else "better" if row["estimate"] * sign > 0 else "worse"
        first = _date(row["first"])
        last = first + timedelta(weeks=int(row["weeks"]), days=-1)
        span = f" (likely {reader.span(low, high, kpi)})" if math.isfinite(low) else ""
        agents = f", {reader.count(row['n_agents'])} agents" if row["n_agents"] is not None else ""
        number = reader.shown(row["estimate"], kpi)
        found.append(
            {
                "row": f"{_date(row['cohort']):%Y-%m-%d}",
                "row_label": day(_date(row["cohort"]), reader.locale),
                "column": int(row["block"]),
                "column_label": f"{BLOCK_WEEKS * row['block'] + 1}–{BLOCK_WEEKS * (row['block'] + 1)}",
                "value": number * sign,
                "estimate": row["estimate"],
                "low": low,
                "high": high,
                "tone": tone,
                "words": reader.bare(row["estimate"], kpi, low, high),
                "tip": (
                    f"Wave of {day(_date(row['cohort']), reader.locale)}, weeks {BLOCK_WEEKS * row['block'] + 1} to "
                    f"{BLOCK_WEEKS * row['block'] + int(row['weeks'])} after training ({day(first, reader.locale)} to "
                    f"{day(last, reader.locale)}): {reader.change(row['estimate'], kpi, low, high)}{span}{agents}"
                ),
            }
        )
    return found


def with_events(
    cells: Sequence[Mapping[str, Any]], events: Sequence[Happening], reader: Reader
) -> list[dict[str, Any]]:
    """Cells with the numbers of the events that fell in them under ``events``, and said in their tips."""
    found = []
    for cell in cells:
        wave = date.fromisoformat(cell["row"])
        begin = wave + timedelta(weeks=BLOCK_WEEKS * int(cell["column"]))
        end = begin + timedelta(weeks=BLOCK_WEEKS)
        there = [
            event
            for event in events
            if event.at < end and event.until >= begin and any(one.monday == wave for one in event.waves)
        ]
        said = "".join(f"\n{line(event, reader)}" for event in there)
        found.append({**cell, "events": ", ".join(str(event.number) for event in there), "tip": f"{cell['tip']}{said}"})
    return found


def heat_title(cells: Sequence[Mapping[str, Any]], kpi: Kpi) -> str:
    """What the heat map shows: how early, how lasting."""
    if not cells:
        return "Nothing can be said about single waves over time yet"
    sure = [cell for cell in cells if cell["tone"] != "unsure"]
    better = [cell for cell in sure if cell["tone"] == "better"]
    if not sure:
        return "Four weeks at a time, no wave shows a clear change by itself"
    waves = len({cell["row"] for cell in cells})
    with_gain = {cell["row"] for cell in better}
    if not better:
        return f"Where there is a clear change, it is for the worse ({len(sure)} of {len(cells)} cells)"
    what = "improvement" if kpi.better == "lower" else "gain"
    if len(better) == 1:
        weeks = better[0]["column_label"]
        return f"Four weeks at a time, 1 of {len(cells)} cells shows a clear {what}: one wave in its weeks {weeks}"
    early = min(cell["column"] for cell in better)
    alone = sum(cell["column"] == early for cell in better) < MOST_ALONE
    since = f", from week {BLOCK_WEEKS * early + 1} on at the earliest" if early else ", from the first four weeks on"
    start = "" if alone else since
    if len(with_gain) == waves:
        return f"Four weeks at a time, every wave shows a clear {what}{start}"
    show = "shows" if len(with_gain) == 1 else "show"
    return f"Four weeks at a time, {len(with_gain)} of {waves} waves {show} a clear {what}{start}"


def _date(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
