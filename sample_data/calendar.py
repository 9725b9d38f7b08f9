"""The calendar of the sample world: weeks, winter peak, product incident, CRM release, local time."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from sample_data.parameters import Parameters

PEAK_SD_DAYS = 18.0
"""Width of the winter peak: most of it falls between early December and mid-January."""

AFTERMATH_WEEKS = 2
"""Weeks after the product incident in which half of it is still felt."""


def first_monday(params: Parameters) -> dt.date:
    """Return the first Monday of the window.

    Raises
    ------
    ValueError
        If ``params.start`` is not an ISO date or not a Monday.
    """
    day = dt.date.fromisoformat(params.start)
    if day.weekday() != 0:
        raise ValueError(f"start: {params.start} is a {day:%A}; give the date of a Monday")
    return day


def season(params: Parameters) -> NDArray[np.float64]:
    """Return the height of the winter peak in every week, 0 to 1, shape (weeks,)."""
    monday = first_monday(params)
    height = np.zeros(params.weeks)
    for week in range(params.weeks):
        middle = monday + dt.timedelta(days=7 * week + 3)
        distance = min(abs((middle - dt.date(year, 12, 28)).days) for year in (middle.year - 1, middle.year))
        height[week] = np.exp(-0.5 * (distance / PEAK_SD_DAYS) ** 2)
    return height


def incident(params: Parameters) -> NDArray[np.float64]:
    """Return the product incident in every week, in units of its full size, shape (weeks,)."""
    shape = np.zeros(params.weeks)
    begin = round(params.incident_week * params.weeks)
    end = begin + params.incident_weeks
    shape[begin:end] = 1.0
    shape[end : end + AFTERMATH_WEEKS] = 0.5
    return shape


def release(params: Parameters) -> NDArray[np.float64]:
    """Return 1 in every week from the CRM release on, else 0, shape (weeks,)."""
    return (np.arange(params.weeks) >= round(params.release_week * params.weeks)).astype(np.float64)


def utc_offsets(params: Parameters) -> NDArray[np.int64]:
    """Return the seconds to subtract from local time to get UTC, at noon, shape (sites, days)."""
    monday = first_monday(params)
    offsets = np.zeros((len(params.sites), params.weeks * 7), dtype=np.int64)
    for row, site in enumerate(params.sites):
        zone = ZoneInfo(site.timezone)
        for day in range(params.weeks * 7):
            noon = dt.datetime.combine(monday + dt.timedelta(days=day), dt.time(12), tzinfo=zone)
            shift = noon.utcoffset()
            offsets[row, day] = int(shift.total_seconds()) if shift is not None else 0
    return offsets
