"""Figures for Plotly as plain dictionaries: no template, colours by the name they have in :mod:`dashboard.theme`.

``assets/explore.js`` puts the colours of the scheme in, so one figure serves light and dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from babel.numbers import get_decimal_symbol, get_group_symbol

from analysis.words.numbers import Reader
from dashboard.figures.event_study import domain, when
from dashboard.theme import FONT_STACK
from dashboard.views.effects import EventPoint
from dashboard.views.verdicts import Effect


@dataclass(frozen=True)
class Layer:
    """Something a reader may show or hide.

    Attributes
    ----------
    key : str
        ``meta`` of the traces that belong to it.
    name : str
        In words.
    shown : bool
        Whether it is shown at first.
    """

    key: str
    name: str
    shown: bool


BAND = Layer("band", "Range of all weeks together", shown=True)
SECOND = Layer("second", "Second opinion", shown=False)


def colour(token: str) -> str:
    """A colour by name; the browser fills it in."""
    return f"var(--{token})"


def course(events: Sequence[EventPoint], effect: Effect, second: Effect | None, reader: Reader) -> dict[str, Any]:
    """The effect week by week around training.

    Parameters
    ----------
    events : sequence of EventPoint
        In order; at least two.
    effect : Effect
        The overall effect, a dashed line over the weeks after training.
    second : Effect or None
        The overall effect by the second estimator.
    reader : Reader

    Returns
    -------
    dict
        ``data`` and ``layout``; every point carries the words that the table beside it has.
    """
    kpi = effect.kpi

    def shown(value: float) -> float:
        return reader.shown(value, kpi)

    weeks = [point.week for point in events]
    flat = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "meta": BAND.key, "x": weeks}
    data: list[dict[str, Any]] = [
        {**flat, "y": [shown(point.band_low) for point in events]},
        {
            **flat,
            "y": [shown(point.band_high) for point in events],
            "fill": "tonexty",
            "fillcolor": colour("trained-soft"),
        },
    ]
    after = [point.week for point in events if point.week >= 0]
    if after and second is not None and second.available:
        data += _overall(second, after, reader, "compare", "Second opinion, all weeks", SECOND.key)
    if after and effect.available:
        data += _overall(effect, after, reader, "trained", "All weeks after training", "overall")[-1:]
    data += [
        _points([p for p in events if p.week < 0], effect, reader, "compare", "circle-open", "Before training"),
        _points([p for p in events if p.week >= 0], effect, reader, "trained", "circle", "After training"),
    ]
    matters = shown(kpi.smallest_effect)
    low, high = domain(events, kpi, reader)
    way = "up" if kpi.better == "higher" else "down"
    layout = frame("weeks from training", f"{reader.change_unit(kpi)}, {way} is better", reader)
    layout["yaxis"] |= {"range": [low, high], "zeroline": True, "zerolinecolor": colour("compare")}
    layout["shapes"] = [
        _shape("rect", x0=0, x1=1, xref="paper", y0=-matters, y1=matters)
        | {"fillcolor": colour("band"), "line": {"width": 0}},
        _shape("line", x0=-0.5, x1=-0.5, y0=0, y1=1, yref="paper")
        | {"line": {"color": colour("text"), "width": 1, "dash": "dot"}},
    ]
    layout["annotations"] = [
        {"x": -0.5, "y": 1, "yref": "paper", "xanchor": "left", "yanchor": "bottom", "text": "training"}
        | {"showarrow": False}
    ]
    return {"data": data, "layout": layout}


def waves(cells: Sequence[dict[str, Any]], unit: str, reader: Reader) -> dict[str, Any]:
    """Waves by time since training as a heat map.

    Parameters
    ----------
    cells : sequence of dict
        ``row_label, column, column_label, value, words, tip`` as :func:`dashboard.figures.heatmap.heatmap` takes them.
    unit : str
        Of the change, in words.
    reader : Reader
    """
    rows = list(dict.fromkeys(str(cell["row_label"]) for cell in cells))
    last = max(int(cell["column"]) for cell in cells)
    names = {int(cell["column"]): str(cell["column_label"]) for cell in cells}
    there = {(str(cell["row_label"]), int(cell["column"])): cell for cell in cells}
    columns = [column for column in range(last + 1) if column in names]

    def grid(name: str) -> list[list[Any]]:
        found = [[there.get((row, column)) for column in columns] for row in rows]
        return [[None if cell is None else cell[name] for cell in line] for line in found]

    strongest = max(abs(float(cell["value"])) for cell in cells) or 1.0
    trace = {
        "type": "heatmap",
        "x": [names[column] for column in columns],
        "y": rows,
        "z": grid("value"),
        "text": grid("words"),
        "customdata": grid("tip"),
        "texttemplate": "%{text}",
        "hovertemplate": "%{customdata}<extra></extra>",
        "hoverongaps": False,
        "zmin": -strongest,
        "zmax": strongest,
        "colorscale": [[0, colour("worse")], [0.5, colour("surface")], [1, colour("better")]],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
    }
    layout = frame("weeks since training", f"wave, change in {unit}", reader)
    layout["xaxis"] |= {"type": "category"}
    layout["yaxis"] |= {"type": "category", "autorange": "reversed", "automargin": True}
    return {"data": [trace], "layout": layout}


def frame(across: str, up: str, reader: Reader) -> dict[str, Any]:
    """Axes, fonts and margins that every interactive figure shares.

    Parameters
    ----------
    across, up : str
        What the two axes measure.
    reader : Reader
        For the separators of numbers.
    """
    axis = {"gridcolor": colour("line"), "linecolor": colour("compare"), "zeroline": False, "ticks": ""}
    return {
        "font": {"family": FONT_STACK, "size": 12, "color": colour("text")},
        "paper_bgcolor": colour("surface"),
        "plot_bgcolor": colour("surface"),
        "margin": {"l": 56, "r": 12, "t": 44, "b": 48},
        "height": 420,
        "separators": get_decimal_symbol(reader.locale) + get_group_symbol(reader.locale),
        "showlegend": False,
        "hovermode": "closest",
        "dragmode": "zoom",
        "uirevision": "keep",
        "hoverlabel": {
            "bgcolor": colour("surface"),
            "bordercolor": colour("control"),
            "font": {"family": FONT_STACK, "size": 13, "color": colour("text")},
            "align": "left",
        },
        "modebar": {"bgcolor": colour("surface"), "color": colour("muted"), "activecolor": colour("accent")},
        "xaxis": {**axis, "showgrid": False, "title": {"text": across, "font": {"size": 12}}},
        "yaxis": {**axis, "title": {"text": up, "font": {"size": 12}}, "separatethousands": True},
    }


def _points(
    points: Sequence[EventPoint], effect: Effect, reader: Reader, token: str, symbol: str, name: str
) -> dict[str, Any]:
    kpi = effect.kpi

    def gap(first: float, second: float) -> float:
        return reader.shown(first - second, kpi)

    words = [
        [
            when(point.week),
            reader.change(point.estimate, kpi, point.ci_low, point.ci_high),
            reader.span(point.ci_low, point.ci_high, kpi),
            "" if point.n_agents is None else f"{reader.count(point.n_agents)} agents",
        ]
        for point in points
    ]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "meta": "points",
        "x": [point.week for point in points],
        "y": [reader.shown(point.estimate, kpi) for point in points],
        "customdata": words,
        "hovertemplate": "%{customdata[0]}<br><b>%{customdata[1]}</b><br>%{customdata[2]}<br>%{customdata[3]}"
        "<extra></extra>",
        "marker": {"color": colour(token), "symbol": symbol, "size": 8, "line": {"width": 1.5, "color": colour(token)}},
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [gap(point.ci_high, point.estimate) for point in points],
            "arrayminus": [gap(point.estimate, point.ci_low) for point in points],
            "color": colour(token),
            "thickness": 1.5,
            "width": 0,
        },
    }


def _overall(
    effect: Effect, weeks: Sequence[int], reader: Reader, token: str, name: str, meta: str
) -> list[dict[str, Any]]:
    """The range of an overall effect as an area, and the effect as a dashed line that says it in words."""
    kpi = effect.kpi
    ends = [weeks[0] - 0.5, weeks[-1] + 0.5]
    low, high = (reader.shown(value, kpi) for value in (effect.ci_low, effect.ci_high))
    return [
        {
            "mode": "lines",
            "line": {"width": 0},
            "hoverinfo": "skip",
            "meta": meta,
            "x": [*ends, *reversed(ends)],
            "y": [low, low, high, high],
            "fill": "toself",
            "fillcolor": colour("band"),
        },
        {
            "mode": "lines",
            "name": name,
            "meta": meta,
            "x": [weeks[0] - 0.5, *weeks, weeks[-1] + 0.5],
            "y": [reader.shown(effect.estimate, kpi)] * (len(weeks) + 2),
            "line": {"color": colour(token), "width": 2, "dash": "dash"},
            "customdata": [[effect.change, effect.span]] * (len(weeks) + 2),
            "hovertemplate": f"{name}<br><b>%{{customdata[0]}}</b><br>%{{customdata[1]}}<extra></extra>",
        },
    ]


def _shape(kind: str, **where: Any) -> dict[str, Any]:
    return {"type": kind, "layer": "below", **where}
