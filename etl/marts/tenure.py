"""Tenure bands, for filters on pages and in ``mart.agent_week``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TenureBand:
    """One band of tenure.

    Attributes
    ----------
    name
        Name stored in the mart and shown on pages.
    first_week
        Tenure in weeks from which it counts.
    end_week
        The first week no longer in it; ``None`` where it has no end.
    """

    name: str
    first_week: int
    end_week: int | None


TENURE_BANDS = (
    TenureBand("0-3 months", 0, 13),
    TenureBand("3-12 months", 13, 52),
    TenureBand("over 12 months", 52, None),
)
"""In order, without gaps."""


def tenure_band_sql(hired_on: str, week: str) -> str:
    """A SQL CASE that gives the band of an agent in a week; NULL where the day of hiring is not known.

    Parameters
    ----------
    hired_on, week
        SQL of the day of hiring and of the Monday.
    """
    days = f"date_diff('day', {hired_on}, {week})"
    whens = [
        f"when {days} < {7 * band.end_week} then '{band.name}'"
        if band.end_week is not None
        else f"when {hired_on} is not null then '{band.name}'"
        for band in TENURE_BANDS
    ]
    return "case\n        " + "\n        ".join(whens) + "\n    end"
