"""The pages, and how to add one.

A page is a module in this folder that ends with ``PAGE``, a :class:`dashboard.page.Page`. Its function
``answer(context, filters, **parts)`` asks ``context.queries`` (never a connection), hands rows to a pure function of
:mod:`dashboard.views`, and puts the result into components (:mod:`dashboard.components`), its first element a
``html.H1``. It need not handle selections that may not be shown, nor failures: :mod:`dashboard.app` does.

A choice inside a page (which KPI, which two cohorts) belongs into the address; write it with a callback on
``Output("url", "pathname" or "search", allow_duplicate=True)`` in the page's ``register``. A figure of
:mod:`dashboard.figures` brings both drawings of a chart; its card shows the one the reader chose.

Then add the page to :func:`pages` below; navigation, filters, address, error state and downloads follow.
Rows become view models in ``dashboard/views/<page>.py``, drawings come from ``dashboard/figures``; both are pure and
tested without a browser. A question only one page asks can be a function in ``dashboard/data/<page>.py`` that calls
``queries.ask`` and leaves small groups out with :func:`dashboard.privacy.suppression.suppress`.
"""

from __future__ import annotations

from functools import cache
from urllib.parse import urlsplit

from dashboard.components.links import DOWNLOADS
from dashboard.page import Page
from dashboard.privacy.viewer import current


@cache
def pages() -> tuple[Page, ...]:
    """The pages in the order of the navigation."""
    from dashboard.pages import adoption, attrition, cohorts, data, effects, methods, overview, plan, skills, value

    shown = (overview, effects, cohorts, skills, attrition, adoption, value, plan, data, methods)
    return tuple(module.PAGE for module in shown)


def may_follow(href: str) -> bool:
    """Whether whoever asks may open what a link leads to: a page, or a table of one."""
    path = urlsplit(href).path
    if path.startswith(DOWNLOADS):
        name = path.removeprefix(DOWNLOADS).removesuffix(".csv")
        return any(name in page.downloads and current().may_open(page.key) for page in pages())
    leads = next((page for page in pages() if page.match(path) is not None), None) if path.startswith("/") else None
    return leads is None or current().may_open(leads.key)
