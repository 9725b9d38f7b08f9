"""Sentence on possible costs for agents, from the effects on KPIs that show strain."""

from __future__ import annotations

from collections.abc import Iterable

from analysis.words.price import PRICE, Burden, sentence
from dashboard.views.verdicts import Effect


def price(effects: Iterable[Effect]) -> str:
    """The sentence; empty where none of those KPIs is measured.

    Parameters
    ----------
    effects : iterable of Effect
        Any KPIs: the others are passed over, and so are those the exports do not hold.
    """
    by_id = {item.kpi.id: item for item in effects if item.verdict.mark != "–"}
    known = [by_id[name] for name in PRICE if name in by_id]
    return sentence(
        Burden(item.kpi.label, item.verdict.state, item.verdict.direction == "worse", item.change) for item in known
    )
