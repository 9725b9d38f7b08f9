"""Say what a change and its interval are: the parts of a verdict's sentence that hold numbers.

Numbers are rounded to what the interval supports, and the interval reads "likely between".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from analysis.words.numbers import Reader, Wording


def direction(kpi: Wording, estimate: float, *, guardrail: bool = False) -> str:
    """Which way a clear change goes: ``better``, ``worse``, or ``unknown`` for a guardrail that did not get worse.

    Parameters
    ----------
    kpi
        The KPI, for its better direction.
    estimate
        The change.
    guardrail
        Whether the KPI was not meant to move: it can get worse, but moving the other way is no improvement.
    """
    if (estimate > 0) != (kpi.better == "higher"):
        return "worse"
    return "unknown" if guardrail else "better"


@dataclass(frozen=True)
class Change:
    """A change with its interval, and what a sentence says of it.

    Parameters
    ----------
    kpi
        The KPI's label, unit and better direction.
    reader
        Locale and currency.
    estimate, low, high
        Natural unit.
    band
        Smallest change worth acting on, natural unit, positive.
    guardrail
        Whether the KPI was not meant to move.
    """

    kpi: Wording
    reader: Reader
    estimate: float
    low: float
    high: float
    band: float
    guardrail: bool = False

    def direction(self) -> str:
        return direction(self.kpi, self.estimate, guardrail=self.guardrail)

    @property
    def name(self) -> str:
        return self.kpi.label[:1].upper() + self.kpi.label[1:]

    def _verb(self) -> str:
        return "rose" if self.estimate > 0 else "fell"

    def _likely(self) -> str:
        return f"likely between {self.reader.span(self.low, self.high, self.kpi, join='and', signed=False, unit=False)}"

    def changed(self, *, small: bool) -> str:
        size = self.reader.size(self.estimate, self.kpi, self.low, self.high)
        way = self.direction()
        side = "which was not meant to move" if way == "unknown" else f"a change for the {way}"
        first = f"{self.name} {self._verb()} by an estimated {size} ({self._likely()}), {side}"
        matters = self.reader.size(self.band, self.kpi)
        if not small:
            power, ratio = exaggeration(self.band, (self.high - self.low) / 2)
            if power >= ENOUGH_POWER:
                return f"{first}."
            times = self.reader.number(ratio, 1)
            return (
                f"{first}. It may well be smaller: were the true change just the {matters} that matters, one seen this "
                f"clearly in so few data would look {times} times as large on average."
            )
        return f"{first}, but less than the {matters} we said would matter."

    def nothing_that_matters(self) -> str:
        span = self.reader.span(self.low, self.high, self.kpi, join="and")
        matters = self.reader.size(self.band, self.kpi)
        name = lower_label(self.kpi)
        return f"Any change in {name} is too small to matter (likely between {span}; {matters} would matter)."

    def range_sentence(self) -> str:
        ends = []
        for end in (self.low, self.high):
            size = self.reader.size(end, self.kpi, self.low, self.high)
            ends.append("no change" if _is_zero(size) else f"a {'rise' if end > 0 else 'fall'} of {size}")
        first, last = ends
        unit = first.split(" ", 4)[4:]  # after "a fall of 1.9": the word is not repeated for the second end
        if unit and unit == last.split(" ", 4)[4:]:
            first = first.removesuffix(f" {unit[0]}")
        return f"the data fit anything from {first} to {last}"


ENOUGH_POWER = 0.5
"""Below this power for the smallest change that matters, the sentence says that the estimate may be too large."""
_CRITICAL = 1.959963984540054


def exaggeration(smallest_effect: float, half_width: float) -> tuple[float, float]:
    """Power for the smallest effect that matters, and its exaggeration ratio when significant (type M error).

    Parameters
    ----------
    smallest_effect
        Natural unit, positive.
    half_width
        Half the 95% interval.

    Returns
    -------
    tuple of float
        Power, and the mean absolute estimate among those that exclude zero over the true effect (normal estimates).

    Source: Gelman, Carlin (2014), Beyond Power Calculations, doi:10.1177/1745691614551642.

    Examples
    --------
    With 17% power, significant estimates are on average two and a half times the true change.

    >>> power, times = exaggeration(1.0, 1.96)
    >>> round(power, 2), round(times, 1)
    (0.17, 2.5)
    """
    if not (half_width > 0 and smallest_effect > 0):
        return 1.0, 1.0
    true = smallest_effect / (half_width / _CRITICAL)
    above, below = _normal(true - _CRITICAL), _normal(-true - _CRITICAL)
    power = above + below
    if power == 0:
        return 0.0, math.inf
    mean = true * above + _density(_CRITICAL - true) - true * below + _density(_CRITICAL + true)
    return power, mean / power / true


def _normal(z: float) -> float:
    return 0.5 * math.erfc(-z / math.sqrt(2))


def _density(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def lower_first(text: str) -> str:
    """A text with a small first letter, abbreviations apart."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def lower_label(kpi: Wording) -> str:
    """The KPI's label within a sentence."""
    return lower_first(kpi.label)


def _is_zero(text: str) -> bool:
    number = next((word for word in text.split() if any(c.isdigit() for c in word)), "")
    return bool(number) and not any(c in "123456789" for c in number)


def reworded(text: str, said: Change, told: Change) -> str:
    """A verdict's sentence with what it says of one change said of another, such as the same one rounded.

    Parameters
    ----------
    text
        The sentence.
    said
        The change it was made of.
    told
        The change it is to give.

    Examples
    --------
    >>> from etl.configuration.kpis import load
    >>> kpi = load()["csat_top2"]
    >>> said, told = (Change(kpi, Reader(), x, x - 0.0051, x + 0.0051, 0.02) for x in (0.0421, 0.0432))
    >>> reworded(said.changed(small=False), said, told) == told.changed(small=False)
    True
    """
    pairs = [(said.changed(small=small), told.changed(small=small)) for small in (False, True)]
    pairs.append((said.nothing_that_matters(), told.nothing_that_matters()))
    pairs.append((said.range_sentence(), told.range_sentence()))
    for old, new in pairs:
        text = text.replace(old, new)
    return text
