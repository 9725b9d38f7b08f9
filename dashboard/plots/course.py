"""The effect week by week around training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboard.plots.spec import TIP, Layer, Spec, area, colour, frame, number, said, upright

BAND = Layer("range of all weeks together")
SECOND = Layer("second opinion", shown=False)
STRIP = (0.0, 0.09)
"""Part of the height that the bars of agents take."""


@dataclass(frozen=True)
class Week:
    """One week from training, in the unit shown; ``band_low`` and ``band_high`` hold over all weeks together."""

    week: int
    estimate: float
    low: float
    high: float
    band_low: float
    band_high: float
    n: int | None
    tip: str


@dataclass(frozen=True)
class Level:
    """An overall effect drawn over the weeks after training."""

    estimate: float
    low: float
    high: float
    tip: str


def course(
    weeks: Sequence[Week],
    *,
    unit: str,
    matters: float | None = None,
    overall: Level | None = None,
    second: Level | None = None,
    span: tuple[float, float] | None = None,
    locale: str = "en_GB",
) -> Spec:
    """An event study.

    Parameters
    ----------
    weeks : sequence of Week
        In order.
    unit : str
        Of the change, and which way is better.
    matters : float, optional
        Smallest change that matters, drawn as a grey band around zero.
    overall, second : Level, optional
        The overall effect by the headline estimator, and by the second opinion (a layer that starts hidden).
    span : tuple of float, optional
        Ends of the vertical axis.
    locale : str
    """
    flat = {"type": "scatter", "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "meta": "band"}
    at = [week.week for week in weeks]
    data: list[dict[str, Any]] = [
        {**flat, **BAND.trace(), "x": at, "y": [number(w.band_low) for w in weeks], "showlegend": False},
        {**flat, **BAND.trace(), "x": at, "y": [number(w.band_high) for w in weeks]}
        | {"fill": "tonexty", "fillcolor": colour("trained-soft")},
    ]
    after = [week.week for week in weeks if week.week >= 0]
    if after and second is not None:
        data += _level(second, after, "compare", SECOND, ranged=True)
    if after and overall is not None:
        data += _level(overall, after, "trained", Layer("all weeks after training"), ranged=False)
    data += [
        _points([w for w in weeks if w.week < 0], "compare", "circle-open", "before training"),
        _points([w for w in weeks if w.week >= 0], "trained", "circle", "after training"),
    ]
    layout = frame("weeks from training", unit, locale)
    layout["yaxis"] |= {"zeroline": True, "domain": [0.15, 1]} | ({"range": list(span)} if span else {})
    layout["showlegend"] = True
    if any(week.n is not None for week in weeks):
        data.append(_agents(weeks))
        layout["yaxis2"] = {"domain": list(STRIP), "visible": False, "fixedrange": True}
        layout["xaxis"] |= {"anchor": "y2"}
    else:
        layout["yaxis"]["domain"] = [0, 1]
    if matters:
        layout["shapes"].append(area(0, 1, -matters, matters, "band", xref="paper"))
    if at[0] < 0 <= at[-1]:
        shape, name = upright(-0.5, "training")
        layout["shapes"].append(shape)
        layout["annotations"].append(name)
    return {"data": data, "layout": layout, "narrow": {"showlegend": False}}


def _points(weeks: Sequence[Week], token: str, symbol: str, name: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "meta": "points",
        "showlegend": False,
        "x": [week.week for week in weeks],
        "y": [number(week.estimate) for week in weeks],
        "customdata": [[said(week.tip)] for week in weeks],
        "hovertemplate": TIP,
        "marker": {"color": colour(token), "symbol": symbol, "size": 8, "line": {"width": 1.5, "color": colour(token)}},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [number(week.high - week.estimate) for week in weeks],
            "arrayminus": [number(week.estimate - week.low) for week in weeks],
            "color": colour(token),
            "thickness": 1.5,
            "width": 0,
        },
    }


def _level(level: Level, after: Sequence[int], token: str, layer: Layer, *, ranged: bool) -> list[dict[str, Any]]:
    """An overall effect as a labelled dashed line and, if ``ranged``, its range as an area."""
    ends = [after[0] - 0.5, after[-1] + 0.5]
    both = {"type": "scatter", "mode": "lines", "meta": "overall", **layer.trace()}
    line = {
        **both,
        "x": [ends[0], *after, ends[1]],
        "y": [level.estimate] * (len(after) + 2),
        "line": {"color": colour(token), "width": 2, "dash": "dash"},
        "customdata": [[said(level.tip)]] * (len(after) + 2),
        "hovertemplate": TIP,
    }
    if not ranged:
        return [line]
    box = {"x": [*ends, *reversed(ends)], "y": [level.low, level.low, level.high, level.high], "fill": "toself"}
    return [
        {**both, **box, "fillcolor": colour("band"), "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False},
        line,
    ]


def _agents(weeks: Sequence[Week]) -> dict[str, Any]:
    return {
        "type": "bar",
        "meta": "agents",
        "yaxis": "y2",
        "showlegend": False,
        "x": [week.week for week in weeks],
        "y": [week.n or 0 for week in weeks],
        "customdata": [[said(week.tip)] for week in weeks],
        "hovertemplate": TIP,
        "marker": {"color": colour("line")},
        "width": 0.7,
    }
