"""Render components as HTML, for the first paint before scripts run.

The HTML has no callbacks, so controls are rendered as boxes with their values. The page with working controls replaces
it, see ``assets/fixed.js``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from dashboard.components.fixed import SLOT

HTML, CORE, MANTINE = "dash_html_components", "dash_core_components", "dash_mantine_components"
VOID = frozenset({"area", "br", "col", "hr", "img", "input", "source", "wbr"})
UNSEEN = frozenset({"Store", "Interval", "Location"})
"""Components of Dash that show nothing."""
SHORT, LONG = 13, 40
"""Lengths of a cell's text that assets/table.js tells apart."""
_NAMES = {"className": "class", "htmlFor": "for"}
_DROPPED = frozenset({"children", "key", "n_clicks", "data-go", "setProps"})

Json = Any
"""A component as it is sent to the browser."""


def markup(part: Json, given: Mapping[str, Mapping[str, Any]] | None = None, ids: bool = True) -> str:
    """HTML of a component as it is sent to the browser.

    Parameters
    ----------
    part : component as JSON, text, list or None
    given : mapping of str to mapping, optional
        Properties of components by their ids, in place of their own.
    ids : bool
        Whether elements keep their ids; what is ``given`` always keeps those inside it.
    """
    if part is None or isinstance(part, bool):
        return ""
    if isinstance(part, list):
        return "".join(markup(inner, given, ids) for inner in part)
    if not isinstance(part, dict):
        return _text(part)
    props, space, kind = part["props"], part["namespace"], part["type"]
    own = (given or {}).get(props["id"]) if isinstance(props.get("id"), str) else None
    if own is not None:
        inside = markup(own["children"]) if "children" in own and "tree" not in own else None
        return _component(space, kind, {**props, **own}, given, ids, inside)
    return _component(space, kind, props, given, ids)


def _component(
    space: str, kind: str, props: Mapping[str, Any], given: Any, ids: bool, inside: str | None = None
) -> str:
    if kind in ("Fixed", "Body"):
        ids = ids or kind == "Body"
        slots = [markup(slot, given, ids) for slot in props.get("children") or []]
        made = "".join(_node(node, slots, given, ids) for node in props["tree"])
        return _element("div", {}, made) if kind == "Body" else made
    if kind in ("Drawing", "Table"):
        return _drawing(props) if kind == "Drawing" else _table(props)
    if space == CORE and kind != "Link":
        return "" if kind in UNSEEN else _control(kind, props)
    if space == MANTINE and kind != "MantineProvider":
        return _control(kind, props)
    inside = markup(props.get("children"), given, ids) if inside is None else inside
    if kind == "MantineProvider":
        return inside
    shown = props if ids else {**props, "id": None}
    return _element("a" if kind == "Link" else kind.lower(), shown, inside)


def _node(
    node: Any, slots: Sequence[str], given: Mapping[str, Mapping[str, Any]] | None, ids: bool, folded: bool = False
) -> str:
    if isinstance(node, str):
        return _text(node)
    tag, props = node[0], node[1]
    if tag == SLOT:
        return str(slots[props])
    if tag == "Drawing":
        return _drawing(props)
    if tag == "Table":
        return "" if folded else _table(props)  # nobody sees it before scripts have run
    closed = folded or (tag == "details" and not props.get("open"))
    shown = {**props, **(given or {}).get(props.get("id"), {})}
    shown |= {} if ids else {"id": None}
    return _element(tag, shown, "".join(_node(child, slots, given, ids, closed) for child in node[2:]))


def _element(tag: str, props: Mapping[str, Any], inside: str) -> str:
    names = "".join(_attribute(name, value) for name, value in props.items() if name not in _DROPPED)
    return f"<{tag}{names}>" if tag in VOID else f"<{tag}{names}>{inside}</{tag}>"


def _attribute(name: str, value: Any) -> str:
    written = _NAMES.get(name, name if "-" in name else name.lower())
    if name == "style" and isinstance(value, Mapping):
        value = ";".join(
            f"{re.sub('[A-Z]', lambda found: '-' + found[0].lower(), key)}:{each}" for key, each in value.items()
        )
    if isinstance(value, bool) and "-" in name:
        value = str(value).lower()
    if value is None or value is False or isinstance(value, list | dict):
        return ""
    return f" {written}" if value is True else f' {written}="{_text(value)}"'


def _text(value: Any) -> str:
    """A text as HTML; braces of Dash's own template would be filled in once more."""
    return escape(str(value)).replace("{%", "&#123;%")


def _drawing(props: Mapping[str, Any]) -> str:
    drawn = "".join(_svg(props[kind], kind, props.get("label", "")) for kind in ("wide", "narrow") if props.get(kind))
    names = " ".join(
        ("drawing", *(["has-narrow"] if props.get("narrow") else []), props.get("className") or "")
    ).strip()
    return f'<div class="{names}">{drawn}</div>'


def _svg(tree: Any, kind: str, label: str) -> str:
    names = {**tree[1], "class": f"{tree[1].get('class', '')} {kind}".strip(), "role": "img", "aria-label": label}
    return _shape(["svg", names, *tree[2:]])


def _shape(tree: Any) -> str:
    """Part of a drawing: names of attributes are SVG's own."""
    if isinstance(tree, str):
        return _text(tree)
    names = "".join(f' {name}="{_text(value)}"' for name, value in tree[1].items())
    return f"<{tree[0]}{names}>{''.join(map(_shape, tree[2:]))}</{tree[0]}>"


def _table(props: Mapping[str, Any]) -> str:
    columns, caption, hidden = props["columns"], props.get("caption", ""), props.get("hidden", "")
    head = "".join(
        _element("th", {"scope": "col", "class": "num" if numeric else None}, _text(words))
        for words, numeric, _ in columns
    )
    rows = (
        "".join(_cell(cell, columns[place], place == 0, hidden) for place, cell in enumerate(row))
        for row in props["rows"]
    )
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    if props.get("more"):
        body += f'<tr><td class="muted" colspan="{len(columns)}">{_text(props["more"])}</td></tr>'
    table = f'<table class="data-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return _element("div", {"class": "table-scroll", "role": "region", "aria-label": caption or "Table"}, table)


def _cell(content: Any, column: Any, first: bool, hidden: str) -> str:
    words = content[0] if isinstance(content, list) else content
    length = len(words) if isinstance(words, str) else 0
    width = "short" if length <= SHORT else "long" if length > LONG else "middling"
    names = {"class": f"{'num ' if column[1] else ''}{width}", "scope": "row" if first else None}
    inside = f'<span class="muted">{_text(hidden)}</span>' if words is None else _text(words)
    return _element("th" if first else "td", names, inside)


def _control(kind: str, props: Mapping[str, Any]) -> str:
    """A control that does not answer yet: its label and what it shows, in a box of the same size."""
    names = {"class": f"waiting {props.get('className') or ''}".strip()}
    if kind == "Input":
        shown = {"class": props.get("className"), "placeholder": props.get("placeholder"), "value": props.get("value")}
        return _element("input", {**shown, "readonly": True, "aria-label": props.get("aria-label")}, "")
    if kind not in ("Select", "MultiSelect"):  # long texts in Markdown and sliders wait for the scripts
        return _element("div", {"class": f"waiting waiting-{kind.lower()}"}, "")
    label = f'<div class="waiting-label">{_text(props["label"])}</div>' if props.get("label") else ""
    value = props.get("value")
    chosen = ", ".join(_label(props, each) for each in (value if isinstance(value, list) else [value]) if each)
    words = _text(chosen) or f'<span class="muted">{_text(props.get("placeholder") or "")}</span>'
    return _element("div", names, f'{label}<div class="waiting-input">{words}</div>')


def _label(props: Mapping[str, Any], value: Any) -> str:
    """The words of an option."""
    options = [
        one
        for group in props.get("data") or []
        for one in (group.get("items", [group]) if isinstance(group, dict) else [group])
    ]
    return next(
        (str(one["label"]) for one in options if isinstance(one, dict) and one.get("value") == value), str(value)
    )
