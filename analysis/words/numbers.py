"""Format numbers in display units (points, seconds, money, per 1,000), rounded to what the interval supports.

Everything in the warehouse is in natural units (shares between 0 and 1, seconds, project currency, plain rates). Only
this module converts them to display units, so charts, sentences, grids and files agree.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from babel import Locale
from babel.numbers import format_decimal, get_currency_precision, get_currency_symbol

MAX_DECIMALS = 4
MINUS = "\u2212"
"""The Unicode minus sign: as wide as a plus, without a line break after it. Files keep plain numbers."""
_MINUS, _OF = re.compile("\u2212(?=[^\\d\\s\u2060])"), re.compile(r"(?<=\d) of (?=\d)")
NOT_KNOWN = "not known"
COARSE_HALF_WIDTH = 3.0
"""Whole numbers hide too much of an interval narrower than this: 1.8 (0.6 to 3.1) would read 2 (1 to 3)."""


class Wording(Protocol):
    """Names, unit and direction of a KPI (``etl.configuration.kpis.Kpi`` satisfies it)."""

    @property
    def id(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def better(self) -> str: ...
    @property
    def per(self) -> str: ...


@dataclass(frozen=True)
class _Unit:
    """How a natural unit is shown: ``shown = natural * scale``; a level carries ``suffix``, a change carries a word."""

    scale: float
    suffix: str
    one: str
    many: str
    level_decimals: int


WEEKS_PER_MONTH = 365.25 / 12 / 7
"""A weekly hazard is shown per month; for rates this small, multiplying and compounding agree to the digit shown."""
_LEAVER, _LEAVERS = "leaver per 100 agents a month", "leavers per 100 agents a month"

_UNITS: dict[str, _Unit] = {
    "share": _Unit(100.0, "%", "point", "points", 1),
    "seconds": _Unit(1.0, " seconds", "second", "seconds", 0),
    "score": _Unit(1.0, "", "point on the scale", "points on the scale", 2),
    "points": _Unit(100.0, " points", "point", "points", 1),
    "per_1000": _Unit(1000.0, " per 1,000", "per 1,000", "per 1,000", 1),
    "hazard": _Unit(100.0 * WEEKS_PER_MONTH, " leavers per 100 agents a month", _LEAVER, _LEAVERS, 1),
    "currency": _Unit(1.0, "", "", "", 2),
}


def _unit(kpi: Wording) -> _Unit:
    try:
        return _UNITS[kpi.unit]
    except KeyError:
        known = ", ".join(sorted(_UNITS))
        raise ValueError(f"KPI {kpi.id!r} has unit {kpi.unit!r}; the units that can be shown are: {known}") from None


def decimals_for(half_width: float) -> int:
    """Decimals that an interval of this half-width supports: its first digit that is not zero is the last one shown.

    Parameters
    ----------
    half_width
        Half the width of the interval, in the unit shown (points, seconds, ...).

    Returns
    -------
    int
        Decimals, from ``-12`` (round to millions of millions) to ``MAX_DECIMALS``; 1 when the width is not a number.
    """
    if not math.isfinite(half_width) or half_width <= 0:
        return 1
    if 1.0 <= half_width < COARSE_HALF_WIDTH:
        return 1
    return max(-12, min(MAX_DECIMALS, -math.floor(math.log10(half_width))))


def rounded(value: float, decimals: int) -> float:
    """Round half away from zero, with negative decimals allowed; never returns ``-0.0``."""
    if not math.isfinite(value):
        return value
    factor = 10.0**decimals
    out = math.copysign(math.floor(abs(value) * factor + 0.5) / factor, value)
    return out if out != 0 else 0.0


def _honest_decimals(value: float, decimals: int) -> int:
    """Add decimals while a nonzero value would round to zero."""
    for extra in range(3):
        if not math.isfinite(value) or value == 0 or rounded(value, decimals + extra) != 0:
            return min(decimals + extra, MAX_DECIMALS)
    return min(decimals + 2, MAX_DECIMALS)


EXACT_BELOW = 1e15
"""Larger numbers have more digits than a float holds, and are formatted by Babel."""


@lru_cache(maxsize=64)
def _pattern(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals > 0 else "")


@lru_cache(maxsize=64)
def _signs(locale: str) -> dict[int, str]:
    """Group and decimal separators of a locale, from Babel."""
    written = str(format_decimal(1234.5, _pattern(1), locale=locale))
    return str.maketrans({",": written[1:-5], ".": written[-2]})


def _by_babel(value: float, decimals: int, locale: str) -> str:
    return str(format_decimal(value, _pattern(decimals), locale=locale)).replace("-", MINUS)


@lru_cache(maxsize=64)
def _symbol(currency: str, locale: str) -> str:
    return str(get_currency_symbol(currency, locale=locale))


@lru_cache(maxsize=64)
def _precision(currency: str) -> int:
    return int(get_currency_precision(currency))


@dataclass(frozen=True)
class Reader:
    """Formats numbers as text for the locale and currency of the project.

    Parameters
    ----------
    locale
        Babel locale name, such as ``en_GB``: sets separators and the position of the currency sign.
    currency
        ISO 4217 code, such as ``EUR``.
    column
        Decimals of every change, instead of those its own interval supports; see :meth:`for_column`.
    """

    locale: str = "en_GB"
    currency: str = "EUR"
    column: int | None = None

    def number(self, value: float, decimals: int = 0) -> str:
        """A bare number with the locale's separators; never ``-0``."""
        if value is None or not math.isfinite(value):
            return NOT_KNOWN
        shown, places = rounded(value, decimals), max(0, decimals)
        if abs(shown) >= EXACT_BELOW:
            return _by_babel(shown, places, self.locale)
        written = f"{abs(shown):,.{places}f}".translate(_signs(self.locale))
        return MINUS + written if shown < 0 else written

    def for_column(self, kpi: Wording, intervals: Iterable[tuple[float | None, float | None]]) -> Reader:
        """A reader for a column of changes of one KPI, all with the decimals that the median interval supports.

        Parameters
        ----------
        kpi
        intervals
            Low and high end of every row, in natural units; rows without an interval do not count.
        """
        ends = [(low, high) for low, high in intervals if low is not None and high is not None]
        places = sorted(self._supported(kpi, low, high) for low, high in ends if math.isfinite(high - low))
        return replace(self, column=places[len(places) // 2]) if places else self

    def count(self, value: float) -> str:
        """A whole number of things."""
        return self.number(value, 0)

    def money(self, value: float, half_width: float | None = None) -> str:
        """An amount in the project's currency, rounded to two digits of its half-width when one is given."""
        if value is None or not math.isfinite(value):
            return NOT_KNOWN
        precision = _precision(self.currency)
        decimals = precision if abs(value) < 100 else 0
        if half_width is not None:
            decimals = min(precision, decimals_for(half_width) + 1)
        shown = rounded(value, decimals)
        return (MINUS if shown < 0 else "") + self._amount(abs(shown), decimals)

    def amount(self, value: float, decimals: int) -> str:
        """An amount below the currency's smallest coin, without trailing zeros: ``€0.011``."""
        shown = rounded(value, decimals)
        while decimals > _precision(self.currency) and rounded(shown, decimals - 1) == shown:
            decimals -= 1
        return (MINUS if shown < 0 else "") + self._amount(abs(shown), decimals)

    @property
    def _sign_first(self) -> bool:
        pattern = str(Locale.parse(self.locale).currency_formats["standard"].pattern)
        return pattern.lstrip("\u200f\u200e").startswith("¤")

    def level(self, value: float, kpi: Wording) -> str:
        """A level with its unit, such as ``11.8%`` or ``361 seconds``."""
        if value is None or not math.isfinite(value):
            return NOT_KNOWN
        unit = _unit(kpi)
        if kpi.unit == "currency":
            return f"{self.money(value)} per {kpi.per}"
        shown = value * unit.scale
        decimals = 1 if kpi.unit == "score" and abs(shown) >= 10 else unit.level_decimals
        if shown != 0 and abs(shown) < 10.0**-decimals:
            decimals = decimals_for(abs(shown))
        return f"{self.number(shown, decimals)}{self._suffix(kpi)}"

    def on_axis(self, value: float, kpi: Wording) -> str:
        """A level as an axis label: with a percent or currency sign, else the number alone."""
        if kpi.unit == "currency":
            return self.money(value)
        short = _unit(kpi).suffix if len(_unit(kpi).suffix) == 1 else ""
        return self.level(value, kpi).removesuffix(self._suffix(kpi)) + short

    def level_unit(self, kpi: Wording) -> str:
        """Unit of a level, for the title of an axis with bare numbers; empty for a score."""
        return _symbol(self.currency, self.locale) if kpi.unit == "currency" else self._suffix(kpi).strip()

    def _suffix(self, kpi: Wording) -> str:
        unit = _unit(kpi)
        return f"{unit.suffix} {plural(kpi.per)}" if kpi.unit == "per_1000" else unit.suffix

    def shown(self, value: float, kpi: Wording) -> float:
        """The number converted to display units (for axes and grids): a share of 0.012 is 1.2 points."""
        return value * _unit(kpi).scale

    def change_unit(self, kpi: Wording, *, one: bool = False) -> str:
        """The word behind a change: ``points``, ``seconds``, ``EUR``, ``per 1,000 contacts``."""
        unit = _unit(kpi)
        if kpi.unit == "currency":
            return _symbol(self.currency, self.locale)
        word = unit.one if one else unit.many
        return f"{word} {plural(kpi.per)}" if kpi.unit == "per_1000" else word

    def _plain(self, value: float, kpi: Wording, decimals: int) -> str:
        if kpi.unit == "currency":
            shown = rounded(value, decimals)
            return (MINUS if shown < 0 else "") + self._amount(abs(shown), decimals)
        return self.number(value, decimals)

    def _amount(self, value: float, decimals: int) -> str:
        number, sign = self.number(value, decimals), _symbol(self.currency, self.locale)
        if not self._sign_first:
            return f"{number} {sign}"
        return f"{sign} {number}" if sign[-1].isalpha() else f"{sign}{number}"

    def _with_unit(self, text: str, kpi: Wording) -> str:
        if kpi.unit == "currency":
            return f"{text} per {kpi.per}"
        return f"{text} {self.change_unit(kpi, one=text.strip('+' + MINUS) == '1')}"

    def size(self, value: float, kpi: Wording, low: float = math.nan, high: float = math.nan) -> str:
        """The size of a change without its sign, such as ``1.2 points``, rounded to what ``low``-``high`` supports."""
        if value is None or not math.isfinite(value):
            return NOT_KNOWN
        decimals = self.decimals(kpi, low, high, value)
        shown = abs(value) * _unit(kpi).scale
        return self._with_unit(self._plain(shown, kpi, decimals), kpi)

    def at_most(self, value: float, kpi: Wording) -> str:
        """An upper limit on a size: ``0.4 points``, or ``less than 0.1 points`` when it would round to nothing."""
        shown = abs(value) * _unit(kpi).scale
        decimals = max(0, _unit(kpi).level_decimals)
        if shown < 10.0**-decimals:
            return f"less than {self._with_unit(self._plain(10.0**-decimals, kpi, decimals), kpi)}"
        return self._with_unit(self._plain(shown, kpi, decimals), kpi)

    def change(self, value: float, kpi: Wording, low: float = math.nan, high: float = math.nan) -> str:
        """A change with its sign and unit, such as ``+1.2 points``; zero has no sign."""
        if value is None or not math.isfinite(value):
            return NOT_KNOWN
        return self._with_unit(self.bare(value, kpi, low, high), kpi)

    def bare(self, value: float, kpi: Wording, low: float = math.nan, high: float = math.nan) -> str:
        """A change as ``change`` writes it, without its unit, for a cell under a heading that names the unit."""
        if value is None or not math.isfinite(value):
            return NOT_KNOWN
        decimals = self.decimals(kpi, low, high, value)
        shown = rounded(value * _unit(kpi).scale, decimals)
        return ("+" if shown > 0 else "") + self._plain(shown, kpi, decimals)

    def span(
        self, low: float, high: float, kpi: Wording, *, join: str = "to", signed: bool = True, unit: bool = True
    ) -> str:
        """Both ends of an interval with one unit, such as ``−1.6 to −0.9 points``; without signs unless ``signed``."""
        if not (math.isfinite(low) and math.isfinite(high)):
            return NOT_KNOWN
        first, last = self.ends(low, high, kpi, signed=signed)
        text = f"{first} {join} {last}"
        return self._with_unit(text, kpi) if unit else text

    def ends(self, low: float, high: float, kpi: Wording, *, signed: bool = True) -> tuple[str, str]:
        """Both ends of an interval as ``span`` writes them, without its unit."""
        if not (math.isfinite(low) and math.isfinite(high)):
            return NOT_KNOWN, NOT_KNOWN
        places = [self.decimals(kpi, low, high, end) for end in (low, high)]
        ends = [(rounded(v * _unit(kpi).scale, n), n) for v, n in zip((low, high), places, strict=True)]
        if not signed:
            ends = sorted((abs(v), n) for v, n in ends)
        first, last = (("+" if signed and v > 0 else "") + self._plain(v, kpi, n) for v, n in ends)
        return first, last

    def decimals(self, kpi: Wording, low: float, high: float, value: float = math.nan) -> int:
        """Decimals for an estimate or one end of its interval (all in natural units).

        The decimals that the interval supports. A value that would round to zero while the interval excludes zero gets
        more; the other numbers do not.
        """
        scale = _unit(kpi).scale
        base = self._supported(kpi, low, high) if self.column is None else self.column
        unknown = not (math.isfinite(low) and math.isfinite(high)) or high <= low
        return _honest_decimals(value * scale, base) if unknown or low > 0 or high < 0 else min(base, MAX_DECIMALS)

    def _supported(self, kpi: Wording, low: float, high: float) -> int:
        """Decimals that an interval supports; those of a level where there is none."""
        if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
            return max(0, _unit(kpi).level_decimals)
        base = max(0, decimals_for((high - low) * _unit(kpi).scale / 2))
        return _precision(self.currency) if kpi.unit == "currency" and base == 1 else base


def plural(word: str, count: float = 2) -> str:
    """``contact`` as ``contacts``, ``survey reply`` as ``survey replies``, unless there is one.

    Examples
    --------
    >>> plural("contact with a transcript")
    'contacts with a transcript'
    """
    head, joined, tail = word.partition(" with ")
    if joined:
        return f"{plural(head, count)} with {tail}"
    if count == 1 or word.endswith("s"):
        return word
    return f"{word[:-1]}ies" if word.endswith("y") and word[-2:-1] not in "aeiou" else f"{word}s"


def unbroken(words: str) -> str:
    """Words in which no line ends behind a minus or inside "3 of 5".

    Examples
    --------
    >>> unbroken("3 of 5")
    '3\\xa0of\\xa05'
    """
    joined = _MINUS.sub("\u2212\u2060", words) if MINUS in words else words
    return _OF.sub("\u00a0of\u00a0", joined) if " of " in joined else joined
