"""Whether a dot in a source's numbers divides thousands or decimals: what is looked for where the source does not say.

``1.230`` is read as 1.23 unless the source has ``options = { decimal = "," }``. That is certain where some number has
another count of digits after its dot, and in doubt where every dot stands before exactly three.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from etl.configuration.model import ConfigError
from etl.contracts.grammar import Column
from etl.contracts.tables import CONTRACTS
from etl.sources.plan import Named, Plan
from etl.sql_text import literal

SETTING = "decimal mark of "
"""Prefix of the settings that record the number forms of a column."""

GROUPED, DECIMAL, LONG = "1.230", "1.5", "1230"
FORMS = {
    GROUPED: r"[-+]?[1-9][0-9]{0,2}(\.[0-9]{3})+",
    DECIMAL: r"[-+]?(0\.[0-9]+|[0-9]*\.([0-9]{1,2}|[0-9]{4,})|[0-9]{4,}\.[0-9]+)",
    LONG: r"[-+]?[1-9][0-9]{3,}",
}
"""Forms of a number, by an example: thousands or decimals; decimals; no thousands."""


def counts(item: Column) -> bool:
    """Whether a column's numbers run into thousands: durations and amounts of money."""
    return item.type == "money" or item.unit in ("seconds", "ms")


def in_doubt(texts: Iterable[str]) -> bool:
    """Whether all of these numbers may be thousands, and some may be decimals as well.

    Parameters
    ----------
    texts : iterable of str

    Examples
    --------
    >>> in_doubt(["950", "1.230", "2.075"])
    True
    >>> in_doubt(["950", "1.230", "2.5"])
    False
    >>> in_doubt(["950", "1230"])
    False
    """
    met = {form for text in texts for form, pattern in FORMS.items() if re.fullmatch(pattern, text.strip())}
    return met == {GROUPED}


def watched(plan: Plan) -> Iterator[Named]:
    """Yield what is looked for in every record of a file: the forms of its durations and amounts.

    Parameters
    ----------
    plan : Plan
        Of a source that does not say how its numbers are written.
    """
    for table_map in plan.tables:
        for name, mapped in table_map.fields.items():
            if counts(CONTRACTS[table_map.table][name]) and not mapped.typed:
                longer = f"strlen({mapped.sql}) > 3 or contains({mapped.sql}, '.')"
                for form, pattern in FORMS.items():
                    may = f"strlen({mapped.sql}) > 3" if form == LONG else f"contains({mapped.sql}, '.')"
                    met = f"regexp_full_match(trim({mapped.sql}), {literal(pattern)})"
                    yield Named(f"{SETTING}{name}", form, f"case when {may} then {met} else false end", longer)


def full_score(options: Mapping[str, object]) -> float:
    """Return the option ``full_score`` of a source: what stands for 1 in columns from 0 to 1.

    Parameters
    ----------
    options : mapping

    Raises
    ------
    ConfigError
        When it is no number above zero.
    """
    given = options.get("full_score", 1)
    try:
        best = float(str(given))
    except ValueError:
        best = 0.0
    if not 0 < best < float("inf"):
        raise ConfigError(f'options.full_score is "{given}"; write the number that a full score is, such as 100.')
    return best
