"""Guess the formats of numbers, dates and durations of an unknown export from its rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from etl.contracts.tables import CONTRACTS
from etl.onboarding.column_names import scale_in, unit_in
from etl.sources import number_marks

if TYPE_CHECKING:
    from collections.abc import Iterable

    from etl.onboarding.guess import Guess
    from etl.sources.format import Recognition

LEAST_DURATIONS = 5
"""Fewest plain numbers from which a unit is guessed."""

_LOCAL_DATE = re.compile(
    r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:( |T|, )\d{1,2}([:.h])\d{2}(\6\d{2})?( ?[AaPp][Mm])?)?"
)
_MONTHS_NAMED = tuple(
    f"{day}{time}"
    for day in (
        "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y", "%d-%b-%Y", "%d-%b-%y", "%d/%b/%Y", "%b %d %Y", "%d. %B %Y",
        "%a, %b %d, %Y", "%A, %B %d, %Y",
    )
    for time in ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %I:%M %p")
)  # fmt: skip
"""Dates whose month is an English word."""

_COMMA_NUMBER = re.compile(r"-?(\d{1,3}(\.\d{3})+|\d+),\d+")
_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+")


def ways_of_writing(
    proposal: Guess, rows: Sequence[Mapping[str, object]]
) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Return the number and date format options, and the keys of those that are guessed.

    Parameters
    ----------
    proposal : Guess
    rows : sequence of mapping
        The first rows.

    Returns
    -------
    options : dict of str to str
    undecided : dict of str to tuple of str
        Key of a guessed option to example values.
    """
    contract = CONTRACTS[proposal.table]
    options: dict[str, str] = {}
    undecided: dict[str, tuple[str, ...]] = {}

    def said(names: Iterable[str]) -> list[str]:
        return [text for row in rows for name in names if (text := str(row.get(name) or "").strip())]

    def of_type(*types: str) -> list[str]:
        return [own for name, own in proposal.columns.items() if contract[name].type in types]

    numbers = said(of_type("number", "integer", "money"))
    if any(_COMMA_NUMBER.fullmatch(text) and not _THOUSANDS.fullmatch(text) for text in numbers):
        options["decimal"] = ","
    elif not any(re.fullmatch(number_marks.FORMS[number_marks.DECIMAL], text) for text in numbers):
        for name, own in proposal.columns.items():
            seen = said([own])
            if number_marks.counts(contract[name]) and number_marks.in_doubt(seen):
                undecided["options.decimal"] = tuple(dict.fromkeys(text for text in seen if "." in text))
                is_grouped = contract[name].type == "money" or any("." not in text for text in seen)
                options.setdefault("decimal", "," if is_grouped else ".")
    durations = [own for name, own in proposal.columns.items() if contract[name].unit == "seconds"]
    named = {unit for own in durations if (unit := unit_in(own))}
    worked = proposal.table == "agent_day"
    unit, shown = _unit(said(durations), ((24, "h"), (1440, "min")) if worked else UNITS_OF_CONTACTS)
    if len(named) == 1 and unit in ("", *named):  # the name gives the unit, and the values are compatible
        (unit,) = named
        if unit != "s":
            options["duration_unit"] = unit
    elif unit:
        options["duration_unit"] = unit
        undecided["options.duration_unit"] = shown
    scores = [own for name, own in proposal.columns.items() if contract[name].is_share]
    best = _full_score([number for text in said(scores) if (number := _number(text)) is not None])
    if best > 1:
        options["full_score"] = str(best)
        if not any("%" in own or (scale_in(own) or (0, 0))[1] == best for own in scores):
            undecided["options.full_score"] = tuple(dict.fromkeys(said(scores)))
    texts = said(of_type("date", "timestamp"))
    if proposal.times:
        both = (" ".join(str(row.get(name) or "").strip() for name in proposal.times).strip() for row in rows)
        joined = [text for text in both if text]
        texts = joined if any(_LOCAL_DATE.fullmatch(text) for text in joined) else texts
    dates = [match for text in texts if (match := _LOCAL_DATE.fullmatch(text))]
    options, more = _dates(dates, texts, options)
    return options, {**undecided, **dict.fromkeys(more, ())}


def _number(text: str) -> float | None:
    """The number in a text; None for percentages, which are read correctly without options."""
    return float(text.replace(",", ".")) if re.fullmatch(r"\d+([.,]\d+)?", text) else None


def _full_score(numbers: Sequence[float]) -> int:
    """The usual maximum (1, 5, 10 or 100) that fits these scores."""
    return next((best for best in (1, 5, 10, 100) if best >= max(numbers, default=0)), 100)


UNITS_OF_CONTACTS = ((15, "min"), (14_400, ""), (float("inf"), "ms"))
"""Usual duration of a contact below which a bare number is of a unit."""


def _unit(texts: Sequence[str], bounds: Sequence[tuple[float, str]]) -> tuple[str, tuple[str, ...]]:
    """The unit of durations that cannot be seconds, with some of them; empty where they can."""
    numbers = sorted(number for text in texts if (number := _number(text)))
    if len(numbers) < LEAST_DURATIONS:
        return "", ()
    usual = numbers[len(numbers) // 2]
    unit = "d" if numbers[-1] < 1 else next((unit for bound, unit in bounds if usual <= bound), "")
    return unit, tuple(dict.fromkeys(texts)) if unit else ()


def _dates(
    dates: Sequence[re.Match[str]], found: Sequence[str], options: dict[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Add the date format, where all dates share one."""
    undecided: tuple[str, ...] = ()
    if dates and len(dates) == len(found):  # mixed formats must be described by a person
        dotted = any(match[2] == "." for match in dates)
        month_first = not dotted and any(int(match[3]) > 12 for match in dates)
        if not dotted and not month_first and not any(int(match[1]) > 12 for match in dates):
            undecided = ("options.date_format",)
        options["date_format"] = "|".join(dict.fromkeys(_date_format(match, month_first) for match in dates))
    elif found and (named := next((form for form in _MONTHS_NAMED if all(_reads(form, text) for text in found)), None)):
        options["date_format"] = named
    return options, undecided


def _reads(form: str, text: str) -> bool:
    """Whether a text is a date of this form."""
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True


def _date_format(match: re.Match[str], month_first: bool) -> str:
    first, second = ("%m", "%d") if month_first else ("%d", "%m")
    day = f"{first}{match[2]}{second}{match[2]}{'%Y' if len(match[4]) == 4 else '%y'}"
    if match[5] is None:
        return day
    seconds = f"{match[6]}%S" if match[7] else ""
    if match[8]:
        return f"{day}{match[5]}%I{match[6]}%M{seconds}{' ' if match[8].startswith(' ') else ''}%p"
    return f"{day}{match[5]}%H{match[6]}%M{seconds}"


def dates_as_beside(found: Sequence[Recognition]) -> list[Recognition]:
    """Decide between day-first and month-first dates from the folder's other files, where these agree.

    Parameters
    ----------
    found : sequence of Recognition
        Of the files of one folder.
    """
    key = "options.date_format"
    patterns = [one.options.get("date_format") for one in found]
    told = {
        pattern.startswith("%m")
        for one, pattern in zip(found, patterns, strict=True)
        if key not in one.undecided and isinstance(pattern, str) and "/" in pattern
    }
    if len(told) != 1:
        return list(found)
    (month_first,) = told
    return [
        _settled(one, key, pattern, month_first) if key in one.undecided and isinstance(pattern, str) else one
        for one, pattern in zip(found, patterns, strict=True)
    ]


def _settled(one: Recognition, key: str, pattern: str, month_first: bool) -> Recognition:
    if month_first and pattern.startswith("%d"):
        pattern = pattern.translate({ord("d"): "m", ord("m"): "d"})
    undecided = tuple(each for each in one.undecided if each != key)
    return replace(one, options={**one.options, "date_format": pattern}, undecided=undecided)
