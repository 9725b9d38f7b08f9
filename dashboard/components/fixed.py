"""Combine the parts of an answer without callbacks into one component.

Dash wraps and traverses every component of an answer, and checks each for changes whenever anything on the page
changes; a page has about seven hundred. Static parts do not need this.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from dash.development.base_component import Component

NAMESPACE = "empathy_lift"
BODY = "page-body"
"""Id of the component that shows the page, see :class:`Body`."""
SLOT = "$"
"""Tag of a node that stands for one of the components inside: ``["$", place]``."""
PLAIN = ("Drawing", "Table")
"""Components of our own that hold no others and that no callback reads."""
READ = ("children", "rows", "caption")
"""Properties whose words are read on the page."""
_DASH_ONLY = frozenset({"children", "n_clicks", "n_clicks_timestamp", "disable_n_clicks", "loading_state", "setProps"})
_BOOKKEEPING = frozenset(
    {
        "_prop_names",
        "_valid_wildcard_attributes",
        "available_properties",
        "available_wildcard_properties",
        "_type",
        "_namespace",
        "_base_nodes",
        "_children_props",
    }
)

Node = str | list[Any]
"""A text, or ``[tag, properties, child, ...]`` with properties as React names them."""


class Fixed(Component):
    """Elements without callbacks; put together by ``assets/fixed.js``.

    Parameters
    ----------
    children : list of components, optional
        Components with callbacks that stand somewhere inside.
    tree : list
        Nodes: a text, ``[tag, properties, child, ...]``, or ``["$", place]`` for one of ``children``.
    """

    _children_props: list[str] = []  # noqa: RUF012
    _base_nodes: list[str] = ["children"]  # noqa: RUF012
    _namespace = NAMESPACE
    _type = "Fixed"
    _prop_names: list[str] = ["children", "tree"]  # noqa: RUF012
    _valid_wildcard_attributes: list[str] = []  # noqa: RUF012
    available_properties: list[str] = _prop_names
    available_wildcard_properties: list[str] = []  # noqa: RUF012

    def __init__(self, children: Any = None, tree: Any = None) -> None:
        super().__init__(**({"children": children} if children else {}), tree=tree or [])  # type: ignore[no-untyped-call]


class Body(Component):
    """The page inside the frame; it stays in the browser while answers come and go, see ``assets/fixed.js``.

    Dash re-renders all ``children`` of a component. Here ``children`` are the few components with callbacks, and
    everything else is in ``tree``, of which the browser updates only the differences.

    Parameters
    ----------
    children : list of components, optional
        Components with callbacks that stand somewhere inside.
    id : str
    tree : list
        As in :class:`Fixed`.
    page : str
        The page shown; another one is put up anew.
    """

    _children_props: list[str] = []  # noqa: RUF012
    _base_nodes: list[str] = ["children"]  # noqa: RUF012
    _namespace = NAMESPACE
    _type = "Body"
    _prop_names: list[str] = ["children", "id", "tree", "page"]  # noqa: RUF012
    _valid_wildcard_attributes: list[str] = []  # noqa: RUF012
    available_properties: list[str] = _prop_names
    available_wildcard_properties: list[str] = []  # noqa: RUF012

    def __init__(self, children: Any = None, id: str = BODY, tree: Any = None, page: str = "") -> None:
        super().__init__(children=children or [], id=id, tree=tree or [], page=page)  # type: ignore[no-untyped-call]


def body(content: Any, live: Collection[str] = (), written: Callable[[str], str] = str) -> dict[str, Any]:
    """The properties of :class:`Body` that show some content."""
    slots: list[Component] = []
    return {"tree": _nodes(content, live, written, slots), "children": slots}


def fixed(content: Any, live: Collection[str], written: Callable[[str], str] = str) -> Any:
    """What a page shows, with everything that no callback reads or fills as one component.

    Parameters
    ----------
    content : component, text, number, list or None
        The ``children`` of a component.
    live : collection of str
        Ids that callbacks read or fill.
    written : callable, optional
        Applied to every text that is read.

    Returns
    -------
    Fixed or None
        None where there is nothing.
    """
    slots: list[Component] = []
    tree = _nodes(content, live, written, slots)
    return Fixed(slots, tree) if tree else None


def properties(part: Component) -> dict[str, Any]:
    """The properties of a component, without its bookkeeping."""
    return {name: value for name, value in vars(part).items() if name not in _BOOKKEEPING}


def read(part: Any, written: Callable[[str], str]) -> Any:
    """A property with ``written`` applied to its texts."""
    if isinstance(part, str):
        return written(part)
    return [read(inner, written) for inner in part] if isinstance(part, list | tuple) else part


def _nodes(content: Any, live: Collection[str], written: Callable[[str], str], slots: list[Component]) -> list[Node]:
    if content is None or isinstance(content, bool):
        return []
    if isinstance(content, str):
        return [written(content)]
    if isinstance(content, int | float):
        return [str(content)]
    if isinstance(content, list | tuple):
        return [node for part in content for node in _nodes(part, live, written, slots)]
    if not isinstance(content, Component):
        raise TypeError(f"{type(content).__name__} cannot be sent to the browser")
    props, (space, kind) = properties(content), (content._namespace, content._type)
    html, name = space == "dash_html_components", props.get("id")
    if html and (isinstance(name, dict) or name in live):
        inner = fixed(props.pop("children", None), live, written)
        slots.append(type(content)(**props | ({} if inner is None else {"children": inner})))
        return [[SLOT, len(slots) - 1]]
    if space == NAMESPACE and kind in PLAIN and name not in live:
        return [[kind, {key: read(part, written) if key in READ else part for key, part in props.items()}]]
    link = space == "dash_core_components" and kind == "Link"
    if not html and not link:
        slots.append(content)
        return [[SLOT, len(slots) - 1]]
    told = {key: value for key, value in props.items() if key not in _DASH_ONLY and value is not None}
    if link:
        told["data-go"] = ""
    return [["a" if link else kind.lower(), told, *_nodes(props.get("children"), live, written, slots)]]
