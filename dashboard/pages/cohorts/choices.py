"""What is compared: the KPI, the kind of group, and the address that says so."""

from __future__ import annotations

from urllib.parse import quote

from dashboard.page import Context
from dashboard.views import cohorts as view
from etl.configuration.kpis import Kpi

BASE = "/cohorts"


def chosen_kpi(context: Context, kpi: str) -> Kpi:
    """The KPI an address names, or the first primary one that has data and can be compared here."""
    shown = kpis(context)
    named = [item for item in shown if item.id == kpi]
    primary = [item for item in context.queries.goals() if item.kind.before_and_after]
    return (named or primary or shown)[0]


def kpis(context: Context) -> list[Kpi]:
    """KPIs with a level before and after; leaving happens once and has its own page."""
    return [item for item in context.queries.kpis() if item.kind.before_and_after]


def address_of(kpi: Kpi, by: str, pair: str = "") -> str:
    return f"{BASE}/{kpi.id}/{by}" + (f"/{quote(pair, safe='')}" if pair else "")


def too_few(context: Context, by: str) -> str:
    return (
        f"A {view.NOUNS[by]} with fewer than {context.settings.min_group} trained agents is left out, together with "
        "the one that would let it be worked out by subtraction: so small a number would be about persons."
    )
