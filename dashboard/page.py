"""Types of a page: context, downloads and the page itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from flask import has_request_context, request

from dashboard.state import Filters
from etl.errors import EmpathyError

if TYPE_CHECKING:
    import polars as pl
    from dash import Dash
    from dash.development.base_component import Component

    from dashboard.answers import Question
    from dashboard.data.queries import Queries
    from dashboard.settings import Settings


@dataclass(frozen=True)
class Context:
    """Context passed to every page.

    Attributes
    ----------
    settings : Settings
    queries : Queries
    beside : mapping of str to Queries
        Those of the other programmes of this server, by what their addresses begin with.
    """

    settings: Settings
    queries: Queries
    beside: Mapping[str, Queries] = field(default_factory=dict)

    @property
    def runs_beside(self) -> tuple[str, ...]:
        """Versions that the other programmes of this server are being served from; empty where nothing is built."""
        found = []
        for queries in self.beside.values():
            try:
                found.append(queries.run_id())
            except EmpathyError:
                found.append("")
        return tuple(found)


@dataclass(frozen=True)
class Download:
    """A table for download.

    Attributes
    ----------
    title : str
        What it is, for the header.
    make : callable
        From context, filters and the further parts of the address (name to value) to a frame in natural units.
    parts : tuple of str
        Names of the further parts it needs, such as ``("kpi",)``.
    applies : tuple of str or None
        The filters the table is made by, by their names in the address; all by default. A selection by others is
        dropped before it is made, and the table's header says so.
    choices : tuple of str
        Names of parts it may have besides, as in :attr:`Page.choices`.
    """

    title: str
    make: Callable[[Context, Filters, dict[str, str]], pl.DataFrame]
    parts: tuple[str, ...] = ()
    applies: tuple[str, ...] | None = None
    choices: tuple[str, ...] = ()


def csv_link(name: str, filters: Filters, **parts: str) -> str:
    """Address of a download.

    Parameters
    ----------
    name : str
        Key in a page's ``downloads``.
    filters : Filters
    **parts : str
        Further parts, such as ``kpi="escalation_rate"``.
    """
    query = "&".join(part for part in (urlencode(parts), filters.to_query()) if part)
    return f"/download/{name}.csv" + (f"?{query}" if query else "")


def unmounted(pathname: str) -> str:
    """An address of the browser without what the addresses of this programme's pages begin with."""
    mounted = request.script_root if has_request_context() else ""
    inside = mounted and (pathname == mounted or pathname.startswith(f"{mounted}/"))
    return (pathname.removeprefix(mounted) or "/") if inside else pathname


def is_choice(name: str, choices: tuple[str, ...]) -> bool:
    """Whether a name in an address is among those that a page knows; see :attr:`Page.choices`."""
    return any(name == known or (known.endswith(".") and name.startswith(known)) for known in choices)


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page: where it stands, what it answers with, what it offers. A misspelt attribute is a TypeError.

    Attributes
    ----------
    key : str
        Short name, unique.
    path : str
        Address; last parts in angle brackets are variable and may be left out: ``/effects/<kpi>``.
    name : str
        Word in the navigation.
    question : str
        What the page answers.
    answer : callable
        ``answer(context, filters, **parts)`` gives the page for one selection: called whenever the reader arrives, a
        filter changes or new data are published. ``parts`` are the variable parts of the address.
    choices : tuple of str
        Names of further choices of this page in the query of its address; one that ends with a dot is the beginning of
        names. Where there are any, ``answer`` is also given ``choices``, a mapping of those in the address to their
        text.
    unbuilt : callable or None
        ``unbuilt(settings, choices)`` gives the page where nothing has been built yet; a message by default.
    filtered : bool
        Whether the filter bar applies.
    tells : bool
        Whether the page tells of agents, so that its selection must be allowed; everybody where it is not filtered.
    of_several : bool
        Whether the page tells of the other programmes of its server too, so that its answers depend on their versions.
    moving : bool
        Whether the page shows more than its version of the data holds (today's date, what has been published since), so
        that finished answers must not be kept.
    downloads : mapping of str to Download
        Tables to take along as CSV, by the name in their address; link to them with :func:`csv_link`.
    register : callable or None
        ``register(app, context)`` adds further callbacks of the page alone.
    asked : mapping of tuple of str to callable
        Outputs of such a callback (``"id.property"``, ...) to a function that, from context and inputs, gives a
        :class:`dashboard.answers.Question`: its finished answers are then kept.
    """

    key: str
    path: str
    name: str
    question: str
    answer: Callable[..., Component]
    choices: tuple[str, ...] = ()
    unbuilt: Callable[[Settings, Mapping[str, str]], Component] | None = None
    filtered: bool = True
    tells: bool = True
    of_several: bool = False
    moving: bool = False
    downloads: Mapping[str, Download] = field(default_factory=dict)
    register: Callable[[Dash, Context], None] | None = None
    asked: Mapping[tuple[str, ...], Callable[[Context, dict[str, Any]], Question | None]] = field(default_factory=dict)

    @property
    def base(self) -> str:
        """The address without its variable part."""
        return self.path.split("/<")[0] or "/"

    def split(self, search: str) -> tuple[dict[str, str], str]:
        """The page's own choices in a query, and the query without them."""
        own, others = {}, []
        for name, value in parse_qsl(search.lstrip("?")):
            if is_choice(name, self.choices):
                own[name] = value
            else:
                others.append((name, value))
        return own, urlencode(others)

    def match(self, pathname: str) -> dict[str, str] | None:
        """The variable parts when ``pathname`` is this page; None when it is not."""
        given = [unquote(part) for part in pathname.split("/") if part]
        wanted = [part for part in self.path.split("/") if part]
        fixed = [part for part in wanted if not part.startswith("<")]
        if given[: len(fixed)] != fixed or len(given) > len(wanted):
            return None
        return dict(zip(self.variables, given[len(fixed) :], strict=False))

    @property
    def variables(self) -> list[str]:
        """Names of the variable parts of the address, in order."""
        return [part.strip("<>") for part in self.path.split("/") if part.startswith("<")]

    def written_out(self, pathname: str, search: str) -> tuple[str, str]:
        """An address in which variable parts were typed as a query (``/cohorts?kpi=nps``), as the page writes it.

        Parameters
        ----------
        pathname, search : str
            The address as it was typed; returned as it is where there is nothing to move.
        """
        parts = self.match(pathname) or {}
        given = parse_qsl(search.lstrip("?"))
        named = {name: value for name, value in given if name in self.variables and name not in parts}
        told = {**parts, **named}
        kept = [told[name] for name in self.variables if name in told]
        if not named or list(told) != self.variables[: len(kept)]:
            return pathname, search
        query = urlencode([(name, value) for name, value in given if name not in named])
        return "/".join([self.base, *(quote(part, safe="") for part in kept)]), f"?{query}" if query else ""
