"""Drawing: scales, ticks and nested lists that become SVG.

Charts are drawn here and not by a charting library in the browser: 30 to 60 marks need no 5 MB of JavaScript, print
without resizing, follow the colour scheme through CSS, and are the same drawing in a page, a file and a test.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from itertools import pairwise
from typing import Any

from dashboard.plots.spec import cut
from dashboard.theme import FONT_STACK, TOKENS

Tree = list[Any]
"""``[tag, attributes, child, ...]``; a child is a Tree or a text."""

TAGS = frozenset({"svg", "g", "path", "line", "rect", "circle", "text", "tspan", "polyline", "polygon", "title"})
"""Elements a figure may use; the browser component refuses any other."""
NARROWEST = 1e-10
"""Relative width under which a domain has no room for a scale: ticks would differ by less than numbers can hold."""
CHARACTER_WIDTH = 0.54
"""Mean width of a character of the interface font, in ems; used to keep labels apart."""
SLIM = 500.0
"""Drawings narrower than this are made for a narrow column."""
GROWS = 1.2
"""How much larger such a drawing becomes at most, on paper and zoomed in, so that its letters stay those of a text."""
COLOURS = (
    "text",
    "muted",
    "line",
    "surface",
    "page",
    "trained",
    "trained-soft",
    "compare",
    "before",
    "better",
    "worse",
    "unsure",
    "band",
    "accent",
)
"""Tokens that have ``fill-`` and ``stroke-`` classes."""


def el(tag: str, attributes: dict[str, Any] | None = None, *children: Any) -> Tree:
    """One element; children that are None are left out.

    Parameters
    ----------
    tag : str
        One of ``TAGS``.
    attributes : dict
        SVG attributes by their own names; numbers are rounded to a tenth of a pixel.
    *children
        Trees or texts.
    """
    if tag not in TAGS:
        raise ValueError(f"<{tag}> is not an element figures use; allowed: {', '.join(sorted(TAGS))}")
    tidy = {name: _tidy(value) for name, value in (attributes or {}).items() if value is not None}
    return [tag, tidy, *[child for child in children if child is not None]]


def canvas(width: float, height: float, *children: Any) -> Tree:
    """The outer element: scales to its column and keeps its proportions; one for a narrow column grows no further."""
    names = {"viewBox": f"0 0 {_tidy(width)} {_tidy(height)}", "class": "figure", "width": "100%"}
    if width < SLIM:
        names |= {"class": "figure slim", "style": f"--most: {round(GROWS * width)}px"}
    return el("svg", names, *children)


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start", **attributes: Any) -> Tree:
    """A text; ``kind`` is a class such as ``tick``, ``label`` or ``strong``."""
    names = {name.replace("_", "-"): value for name, value in attributes.items()}
    return el(
        "text",
        {"x": x, "y": y, "class": kind or None, "text-anchor": None if anchor == "start" else anchor, **names},
        words,
    )


def line(x1: float, y1: float, x2: float, y2: float, kind: str, **attributes: Any) -> Tree:
    """A straight line; ``kind`` is its class."""
    names = {name.replace("_", "-"): value for name, value in attributes.items()}
    return el("line", {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "class": kind, **names})


def mark(tip: str, *children: Any, **attributes: Any) -> Tree:
    """A group that says ``tip`` when pointed at or reached with the arrow keys."""
    names = {name.replace("_", "-"): value for name, value in attributes.items()}
    return el("g", {"class": "mark", "data-tip": tip, **names}, *children)


def path(points: Sequence[tuple[float, float] | None], kind: str) -> Tree:
    """A line through points; None breaks it."""
    parts, pen = [], "M"
    for point in points:
        if point is None:
            pen = "M"
            continue
        parts.append(f"{pen}{_tidy(point[0])} {_tidy(point[1])}")
        pen = "L"
    return el("path", {"d": "".join(parts), "class": kind, "fill": "none"})


def area(xs: Sequence[float], lows: Sequence[float], highs: Sequence[float], kind: str) -> Tree:
    """The area between two lines over the same positions."""
    forth = [f"{_tidy(x)} {_tidy(y)}" for x, y in zip(xs, highs, strict=True)]
    back = [f"{_tidy(x)} {_tidy(y)}" for x, y in zip(reversed(xs), reversed(lows), strict=True)]
    return el("path", {"d": f"M{'L'.join(forth)}L{'L'.join(back)}Z", "class": kind})


def scale(domain: tuple[float, float], span: tuple[float, float]) -> Callable[[float], float]:
    """A straight scale from data to pixels; a domain too narrow to draw goes to the middle."""
    (low, high), (start, end) = domain, span
    if high - low <= NARROWEST * max(abs(low), abs(high), NARROWEST):
        return lambda value: (start + end) / 2
    return lambda value: start + (value - low) / (high - low) * (end - start)


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round numbers inside ``low`` to ``high``, in steps of 1, 2 or 5 times a power of ten.

    Parameters
    ----------
    low, high : float
        Ends of the axis, in the unit shown.
    about : int
        How many are wanted.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high - low <= NARROWEST * max(
        abs(low), abs(high), NARROWEST
    ):
        return [low] if math.isfinite(low) else []
    rough = (high - low) / max(1, about)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(k * step, 12) + 0.0 for k in range(first, last + 1)]


def tick_decimals(values: Sequence[float]) -> int:
    """Decimals that tell neighbouring ticks apart."""
    if len(values) < 2:
        return 0
    step = min(abs(b - a) for a, b in pairwise(values))
    return max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 0


def text_width(words: str, size: float) -> float:
    """Rough width of a text in pixels, to keep labels apart."""
    return len(words) * size * CHARACTER_WIDTH


def clip(words: str, size: float, room: float) -> str:
    """The text, shortened with an ellipsis when it would not fit."""
    fits = max(3, int(room / (size * CHARACTER_WIDTH)))
    return cut(words, fits)


def to_svg(tree: Tree, *, title: str = "", subtitle: str = "", source: str = "", scheme: str = "light") -> str:
    """A stand-alone SVG file of a figure, with its words above and below it.

    Parameters
    ----------
    tree : Tree
        An ``svg`` tree.
    title, subtitle, source : str
        Written above (title, subtitle) and below (source) the drawing.
    scheme : str
        ``light`` or ``dark``.
    """
    _, _, width, height = (float(part) for part in tree[1]["viewBox"].split())
    top = 0.0
    head: list[Tree] = []
    for words, size, weight in ((title, 16, "600"), (subtitle, 12, "400")):
        for part in wrap(words, size, width - 16):
            top += size * 1.4
            head.append(
                el("text", {"x": 8, "y": top, "font-size": size, "font-weight": weight, "class": "fill-text"}, part)
            )
    top += 8 if head else 0
    foot = 24 if source else 0
    body = el("g", {"transform": f"translate(0 {_tidy(top)})"}, *tree[2:])
    below = text(8, top + height + 16, source, "tick") if source else None
    outer = el(
        "svg",
        {
            "viewBox": f"0 0 {_tidy(width)} {_tidy(top + height + foot)}",
            "width": width,
            "height": top + height + foot,
            "xmlns": "http://www.w3.org/2000/svg",
        },
        el("rect", {"width": "100%", "height": "100%", "class": "fill-surface"}),
        *head,
        body,
        below,
    )
    return _serialise(outer, _file_style(scheme))


def wrap(words: str, size: float, room: float) -> list[str]:
    """A text as lines that fit ``room`` pixels."""
    lines: list[str] = []
    for word in words.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def texts(tree: Any) -> list[str]:
    """Every text and tip in a tree, for tests and descriptions."""
    if isinstance(tree, str):
        return [tree]
    found = [tree[1]["data-tip"]] if "data-tip" in tree[1] else []
    for child in tree[2:]:
        found += texts(child)
    return found


def _tidy(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    shown = round(value, 1)
    if shown.is_integer():
        return int(shown)
    if not math.isfinite(shown):
        raise ValueError("a figure was given a position that is not a number")
    return shown


def _serialise(tree: Any, style: str = "") -> str:
    if isinstance(tree, str):
        return escape(tree, quote=False)
    tag, attributes, *children = tree
    names = "".join(f' {name}="{escape(str(value))}"' for name, value in attributes.items() if name != "data-tip")
    tip = attributes.get("data-tip")
    inner = (f"<style>{style}</style>" if style else "") + (f"<title>{escape(tip, quote=False)}</title>" if tip else "")
    return f"<{tag}{names}>{inner}{''.join(_serialise(child) for child in children)}</{tag}>"


def _file_style(scheme: str) -> str:
    tokens = TOKENS[scheme]
    rules = [
        f"text{{font-family:{FONT_STACK};font-size:12px;fill:{tokens['text']}}}",
        f".tick{{fill:{tokens['muted']}}}",
        ".strong{font-weight:600}",
        f".grid{{stroke:{tokens['line']}}}",
        f".axis{{stroke:{tokens['compare']}}}",
        ".small{font-size:11px}",
        ".tiny{font-size:9px}",
        ".label{font-size:13px}",
        ".dash{stroke-dasharray:3 3}",
        ".dash-fine{stroke-dasharray:2.2 2}",
        ".hit{fill:none;stroke:none}",  # what a pointer hits on a page is not part of the picture
        ".thin{stroke-width:1.5}",
        ".thick{stroke-width:2}",
        ".heavy{stroke-width:3}",
    ]
    rules += [f".fill-{name}{{fill:{tokens[name]}}}.stroke-{name}{{stroke:{tokens[name]}}}" for name in COLOURS]
    return "".join(rules)
