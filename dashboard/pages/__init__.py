"""The pages, and how to add one.

A page is a module in this folder with these names:

``PAGE``
    A :class:`Page`: address, name in the navigation, the question it answers (title of the browser tab).
``answer(context, filters, **parts)``
    The page for one selection, called whenever the reader arrives, a filter changes or new data are published.
    ``parts`` are the variable parts of the address, such as ``kpi`` in ``/effects/<kpi>``. It asks
    ``context.queries`` (never a connection), hands rows to a pure function of :mod:`dashboard.views`, and puts the
    result into components (:mod:`dashboard.components`), its first element a ``html.H1``. It need not handle
    selections that may not be shown, nor failures: :mod:`dashboard.app` does.
``DOWNLOADS`` (optional)
    Name to :class:`dashboard.export_routes.Download`: tables to take along as CSV; link to them with ``csv_link``.
``EXPLORE`` (optional)
    Id of a card to a function that, called like ``answer``, gives its interactive figure and the layers a reader may
    show and hide, or None; put :func:`dashboard.components.explore.disclosure` into the card.
``register(app, context)`` (optional)
    Further callbacks of the page alone. A choice inside a page (which KPI, which two cohorts) belongs into the
    address; write it with a callback on ``Output("url", "pathname" or "search", allow_duplicate=True)``.
``ASKED`` (optional)
    Outputs of such a callback (``"id.property"``, ...) to a function that, from context and inputs, gives a
    :class:`dashboard.answers.Question`: its finished answers are then kept (:mod:`dashboard.answers`).

Then add the module to ``modules()`` below; navigation, filters, address, error state and downloads follow.
Rows become view models in ``dashboard/views/<page>.py``, drawings come from ``dashboard/figures``; both are pure and
tested without a browser. A question only one page asks can be a function in ``dashboard/data/<page>.py`` that calls
``queries.ask`` and leaves small groups out with :func:`dashboard.data.suppression.suppress`.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from dashboard.data.queries import Queries
    from dashboard.figures.interactive import Layer
    from dashboard.settings import Settings


@dataclass(frozen=True)
class Page:
    """Where a page stands.

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
    filtered : bool
        Whether the filter bar applies.
    moving : bool
        Whether the page shows more than its version of the data holds (today's date, what has been published since), so
        that finished answers must not be kept.
    """

    key: str
    path: str
    name: str
    question: str
    filtered: bool = True
    moving: bool = False

    @property
    def base(self) -> str:
        """The address without its variable part."""
        return self.path.split("/<")[0] or "/"

    def match(self, pathname: str) -> dict[str, str] | None:
        """The variable parts when ``pathname`` is this page; None when it is not."""
        given = [unquote(part) for part in pathname.split("/") if part]
        wanted = [part for part in self.path.split("/") if part]
        fixed = [part for part in wanted if not part.startswith("<")]
        if given[: len(fixed)] != fixed or len(given) > len(wanted):
            return None
        names = [part.strip("<>") for part in wanted[len(fixed) :]]
        return dict(zip(names, given[len(fixed) :], strict=False))


@dataclass(frozen=True)
class Context:
    """What every page gets.

    Attributes
    ----------
    settings : Settings
    queries : Queries
    """

    settings: Settings
    queries: Queries


Exploration = tuple[dict[str, Any], "tuple[Layer, ...]"]
"""An interactive figure and its layers."""


def modules() -> list[ModuleType]:
    """The page modules in the order of the navigation."""
    from dashboard.pages import adoption, attrition, cohorts, data, effects, methods, overview

    return [overview, effects, cohorts, attrition, adoption, data, methods]
