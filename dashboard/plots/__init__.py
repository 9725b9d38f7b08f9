"""Every chart as a Plotly figure: for the pages, for a notebook, for a report.

A page needs none of these names: each function of :mod:`dashboard.figures` gives both drawings of a chart, and a card
shows either. In a notebook :func:`event_study` gives a ``plotly.graph_objects.Figure`` from a result of ``estimate``.
A spec of any other chart becomes a Figure with :func:`figure`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from dashboard.plots.bars import bars
from dashboard.plots.course import BAND, SECOND, Level, Week, course
from dashboard.plots.curves import Line, curves
from dashboard.plots.ranges import SYMBOLS, Row, ranges
from dashboard.plots.spec import Layer, Spec, figure, painted, with_events, with_limit
from dashboard.plots.tiles import tiles
from dashboard.plots.timeline import Stay, timeline

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

__all__ = [
    "BAND",
    "SECOND",
    "SYMBOLS",
    "Layer",
    "Level",
    "Line",
    "Row",
    "Spec",
    "Stay",
    "Week",
    "bars",
    "course",
    "curves",
    "event_study",
    "figure",
    "painted",
    "ranges",
    "tiles",
    "timeline",
    "with_events",
    "with_limit",
]


def event_study(
    result: Any,
    *,
    unit: str = "estimated change",
    scale: float = 1.0,
    matters: float | None = None,
    scheme: str = "light",
    locale: str = "en_GB",
) -> Figure:
    """The effect week by week around training, as the Effects page draws it.

    Parameters
    ----------
    result : Aggregation or a judged result
        ``study.aggregate("event_time")``, or anything with one under ``event_time`` (a result of ``judge``).
    unit : str
        What the vertical axis measures, in words.
    scale : float
        Factor from the estimates to ``unit``, such as 100 from shares to points.
    matters : float, optional
        Smallest change that matters, in ``unit``: a grey band around zero.
    scheme : str
        ``light`` or ``dark``.
    locale : str
        For the separators of numbers.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    ValueError
        When the result is not one by event time, or no week of it has an estimate.

    Examples
    --------
    >>> import polars as pl
    >>> from analysis import Panel, estimate
    >>> rows = [
    ...     {"agent": a, "week": w, "trained_week": 4 if a < 6 else None, "y": a + (1.0 if a < 6 and w >= 4 else 0.0)}
    ...     for a in range(12)
    ...     for w in range(8)
    ... ]
    >>> panel = Panel.from_frame(
    ...     pl.DataFrame(rows), unit="agent", time="week", cohort="trained_week", outcome="y", weight=None,
    ...     cluster="agent", never=None,
    ... )
    >>> study = estimate(panel, estimator="imputation", control="not_yet_trained")
    >>> drawn = event_study(study.aggregate("event_time"), unit="points")
    >>> [round(y, 6) for y in drawn.data[-2].y]
    [1.0, 1.0, 1.0, 1.0]
    """
    found = getattr(result, "event_time", result)
    parts = getattr(found, "parts", None)
    if parts is None or "key" not in parts.columns or getattr(found, "kind", "event_time") != "event_time":
        raise ValueError('an event study is drawn from study.aggregate("event_time")')
    weeks = []
    for row in parts.sort("key").iter_rows(named=True):
        at = row["estimate"]
        if at is None or not math.isfinite(at):
            continue
        low, high, band_low, band_high = (
            scale * (at if row.get(name) is None else row[name])
            for name in ("ci_low", "ci_high", "band_low", "band_high")
        )
        n = row.get("n_agents")
        words = f"Week {row['key']}: {scale * at:+.3g}, likely between {low:.3g} and {high:.3g}"
        weeks.append(
            Week(int(row["key"]), scale * at, low, high, band_low, band_high, None if n is None else int(n), words)
        )
    if not weeks:
        raise ValueError("no week of this result has an estimate, so there is nothing to draw")
    total = getattr(found, "overall", None)
    level = None
    if total is not None and math.isfinite(total.estimate):
        at, low, high = (scale * v for v in (total.estimate, total.ci_low, total.ci_high))
        level = Level(at, low, high, f"All weeks after training: {at:+.3g}, likely between {low:.3g} and {high:.3g}")
    return figure(course(weeks, unit=unit, matters=matters, overall=level, locale=locale), scheme)
