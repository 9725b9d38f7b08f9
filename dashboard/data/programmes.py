"""Money inputs of the other programmes of a server, each from its own version and configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from analysis.value.appraisal import Spread
from analysis.value.assumptions import Assumptions
from dashboard.data.queries import Queries
from dashboard.data.value import MoneyParts, configured, money_parts, not_there
from dashboard.state import Filters
from etl.configuration.model import Config
from etl.errors import EmpathyError
from etl.warehouse.reader import NoVersionError


@dataclass(frozen=True)
class ProgrammeMoney:
    """What a sum over programmes needs of one.

    Attributes
    ----------
    name
        As the first configuration calls it.
    parts, assumptions
        In the currency of the page; None where there is nothing to sum.
    why
        Why there is nothing; empty otherwise.
    queries
        Of another programme, which remembers what has been worked out for its version; None for the page's own.
    """

    name: str
    parts: MoneyParts | None = None
    assumptions: Assumptions | None = None
    why: str = ""
    queries: Queries | None = None

    def kept(self, key: tuple[Any, ...], make: Callable[[], Spread]) -> Spread:
        """An amount that depends on the programme's version and ``key`` alone."""
        if self.queries is None:
            return make()
        with self.queries.pinned():
            return self.queries.remember(("amount", *key), make)


def programmes_money(
    queries: Queries, beside: Mapping[str, Queries], assumed: Assumptions
) -> tuple[ProgrammeMoney, ...]:
    """Every programme of this server, the first one first; empty where there is one alone.

    Parameters
    ----------
    queries
        Of the page's programme.
    beside
        Of the others, by what their addresses begin with.
    assumed
        Of the page's own programme, as its reader may have changed them; the others' are as configured.
    """
    settings = queries.settings
    found = []
    for one in settings.served:
        if one.mounted == settings.mounted:
            found.append(ProgrammeMoney(one.name, money_parts(queries), assumed))
        elif one.mounted in beside:
            found.append(_of(one.name, beside[one.mounted], settings.config))
    return tuple(found) if len(found) > 1 else ()


def _of(name: str, queries: Queries, own: Config) -> ProgrammeMoney:
    theirs = queries.settings.config
    try:
        with queries.pinned():
            decision = queries.decision(Filters())
            if not decision.allowed:
                return ProgrammeMoney(name, why=decision.reason)
            parts, assumed = money_parts(queries), configured(queries)
    except NoVersionError:
        return ProgrammeMoney(name, why="Nothing has been built for it yet.")
    except EmpathyError as fault:
        return ProgrammeMoney(name, why=str(fault))
    if parts is None:
        return ProgrammeMoney(name, why=not_there(queries))
    if not any(key.startswith("value.") for key in assumed.stated):
        return ProgrammeMoney(name, why="Nothing has a unit value in its configuration.")
    currency, of_page = theirs.project.currency, own.project.currency
    rates = own.value.exchange_rates
    if currency != of_page and currency not in rates:
        words = f"Its money is in {currency}, and [value.exchange_rates] of this programme says nothing of {currency}."
        return ProgrammeMoney(name, why=words)
    rate = 1.0 if currency == of_page else rates[currency]
    return ProgrammeMoney(name, parts, assumed.in_currency(rate), queries=queries)
