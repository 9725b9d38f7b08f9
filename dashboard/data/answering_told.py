"""What is said of who answers, without more about it than the KPI of answering tells by itself.

Whether training moved who answers is judged by the change of another KPI, such as the survey response rate. That change
is told in steps, of selections of which it is told; a verdict about surveys with the digits of its interval would give
it more finely. The check itself is told without numbers (:mod:`dashboard.privacy.checks`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from analysis.words.numbers import MINUS, Reader
from dashboard.state import Filters

if TYPE_CHECKING:
    from dashboard.data.queries import Queries
    from etl.configuration.kpis import Kpi

NOT_TOLD = "not told"
_NUMBER = rf"[+{MINUS}]?\d[\d.,\u00a0\u202f’]*"
_ENOUGH = re.compile(r"(?<![\w.,])(\d[\d.,]*)(?=% more or fewer answers)")


def answering_told(queries: Queries, by: str, filters: Filters) -> bool:
    """Whether readers are told of the KPI of answering for a selection.

    Parameters
    ----------
    queries : Queries
    by : str
        Its id.
    filters : Filters
    """
    return by in {one.id for one in queries.kpis()} and queries.publishes(by, filters)


def who_answers_as_told(queries: Queries, kpi: str, filters: Filters, rows: pl.DataFrame) -> pl.DataFrame:
    """Rows of ``result.effect`` with the change of who answers as its own KPI tells it.

    Parameters
    ----------
    queries : Queries
    kpi : str
    filters : Filters
    rows : DataFrame
    """
    by = queries.settings.catalogue[kpi].answered_by
    if not by or rows.is_empty():
        return rows
    asked = queries.settings.catalogue[by]
    head = queries.headline(by, filters, alone=True) if answering_told(queries, by, filters) else None
    reader, change = queries.settings.reader, NOT_TOLD
    if head is not None and head["estimate"] is not None:
        change = reader.change(head["estimate"], asked, head["ci_low"], head["ci_high"])
    names = [name for name in ("sentence", "reason") if name in rows.columns]
    return rows.with_columns(
        pl.col(name).map_elements(lambda text: reworded(text, asked, change, reader), pl.String) for name in names
    )


def reworded(text: str, asked: Kpi, change: str, reader: Reader) -> str:
    """A sentence with the change of who answers as it is told, and how many answers are enough to one digit.

    How many are enough follows from the ends of the exact interval.

    Parameters
    ----------
    text : str
    asked : Kpi
        The KPI of answering.
    change : str
        Its change in words.
    reader : Reader

    Examples
    --------
    >>> from etl.configuration.kpis import load
    >>> asked = load()["survey_response_rate"]
    >>> reworded("It did not move (survey response rate: +0.42 points); more.", asked, "+0.5 points", Reader())
    'It did not move (survey response rate: +0.5 points); more.'
    >>> reworded("but 4.1% more or fewer answers, all of them", asked, "", Reader())
    'but 4% more or fewer answers, all of them'
    """
    name = re.escape(f"{asked.label[:1].lower()}{asked.label[1:]}")
    units = "|".join(re.escape(reader.change_unit(asked, one=one)) for one in (False, True))
    text = re.sub(rf"({name}(?::| changed by)? ){_NUMBER} (?:{units})\b", lambda found: found[1] + change, text)

    def one_digit(found: re.Match[str]) -> str:
        value = float(f"{int(re.sub(r'[^0-9]', '', found[1])) / 10:.0e}")  # it is written with one decimal
        return reader.number(value, 0 if value >= 1 else 1)

    return _ENOUGH.sub(one_digit, text)
