"""Times of the world as UTC seconds, and as text in the format of each system."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sample_data import calendar
from sample_data.parameters import Parameters

DAY = 86_400


def epoch_of(params: Parameters) -> int:
    """Return the UTC seconds of midnight, UTC, at the start of the first Monday."""
    return int(np.datetime64(calendar.first_monday(params), "s").astype(np.int64))


def utc_seconds(
    params: Parameters, site: NDArray[np.integer], day: NDArray[np.integer], second: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Return UTC seconds of local times at the sites' noon offset of the day (no shift crosses a clock change)."""
    offsets = calendar.utc_offsets(params)
    moment: NDArray[np.int64] = day.astype(np.int64) * DAY + second.astype(np.int64) - offsets[site, day]
    return moment + epoch_of(params)


def end_of_window(params: Parameters) -> int:
    """Return the UTC seconds at which the exports are taken: twelve hours after the last Sunday ends in UTC."""
    return epoch_of(params) + params.weeks * 7 * DAY + DAY // 2


def iso_z(seconds: pl.Expr) -> pl.Expr:
    """Return ``2025-03-09T06:58:00Z``."""
    return pl.from_epoch(seconds, time_unit="s").dt.to_string("%Y-%m-%dT%H:%M:%SZ")


def written(seconds: pl.Expr, pattern: str, zone: str = "UTC") -> pl.Expr:
    """Return local time in a zone in any pattern."""
    moment = pl.from_epoch(seconds, time_unit="s").dt.replace_time_zone("UTC")
    return moment.dt.convert_time_zone(zone).dt.to_string(pattern)


def day_text(params: Parameters, day: pl.Expr) -> pl.Expr:
    """Return the ISO date of a 0-based day of the window."""
    return pl.from_epoch(epoch_of(params) + day.cast(pl.Int64) * DAY, time_unit="s").dt.to_string("%Y-%m-%d")
