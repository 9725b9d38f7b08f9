"""Convert the columns of polars, pandas and Arrow frames to polars, or refuse them with a sentence.

Taken: polars frames (lazy too), pandas frames with any dtype (nullable, Arrow, categories, periods, zone-aware times),
Arrow tables. UUIDs become text. Times with a zone become local times of that zone, so that weeks begin on local
Mondays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import polars as pl

from analysis.errors import PanelError


def columns_of(df: Any, arguments: Mapping[str, str], *, times: tuple[str, str], caller: str) -> pl.DataFrame:
    """The requested columns as a polars frame.

    Parameters
    ----------
    df
        A polars or pandas frame, or an Arrow table.
    arguments
        Argument of the caller to the name of its column.
    times
        The two columns that must have the same time zone: period and cohort.
    caller
        Name of the caller, for messages.

    Raises
    ------
    analysis.errors.PanelError
        Unsupported frame; a column that is missing, duplicated, of mixed types or of an unreadable type; only one of
        the two time columns has a zone.
    """
    needed = tuple(dict.fromkeys(arguments.values()))
    frame = _frame(df, needed, caller)
    for argument, name in arguments.items():
        if name not in frame.columns:
            raise PanelError(
                f"{argument}={name!r}: the frame has no such column; it has {', '.join(frame.columns[:12])}."
            )
    frame = frame.with_columns(_plain(frame[name]) for name in needed)
    return _one_clock(frame, *times)


def _frame(df: Any, needed: Sequence[str], caller: str) -> pl.DataFrame:
    if isinstance(df, pl.DataFrame):
        return df
    if isinstance(df, pl.LazyFrame):
        return df.collect()
    if hasattr(df, "iloc") and hasattr(df, "columns"):
        return _from_pandas(df, needed)
    if hasattr(df, "__arrow_c_stream__"):
        return pl.DataFrame(df)
    raise PanelError(
        f"{caller} takes a polars or pandas DataFrame or an Arrow table, not {type(df).__name__}; "
        "pl.DataFrame(...) makes one of a dictionary or a list."
    )


def _from_pandas(df: Any, needed: Sequence[str]) -> pl.DataFrame:
    names = [str(name) for name in df.columns]
    twice = sorted({name for name in needed if names.count(name) > 1})
    if twice:
        raise PanelError(f"The frame has {names.count(twice[0])} columns named {twice[0]!r}; keep one of them.")
    in_index = [name for name in needed if name not in names and name in df.index.names]
    if in_index:
        raise PanelError(f"{in_index[0]!r} is in the index of the frame; call df.reset_index() first.")
    series = []
    for position, name in enumerate(names):
        if names.count(name) == 1:
            made = _pandas_series(name, df.iloc[:, position], wanted=name in needed)
            series.extend([made] if made is not None else [])
    return pl.DataFrame(series)


def _pandas_series(name: str, column: Any, *, wanted: bool) -> pl.Series | None:
    """One pandas column; one that is not wanted and cannot be read is left out (covariates are asked for later)."""
    try:
        kind = str(column.dtype)
        if kind.startswith("period"):
            return pl.Series(name, pl.from_pandas(column.dt.start_time))
        if kind == "object":
            return _objects(name, column.tolist())
        return pl.Series(name, pl.from_pandas(column))
    except PanelError:
        if wanted:
            raise
    except Exception as error:
        if wanted:
            raise PanelError(f"Column {name!r} (dtype {column.dtype}) cannot be read: {_first_line(error)}") from error
    return None


def _objects(name: str, values: Sequence[Any]) -> pl.Series:
    """Python objects as one column: missing in any spelling is null, UUIDs are text, times keep their zone."""
    plain = [None if _is_missing(value) else str(value) if isinstance(value, UUID) else value for value in values]
    kinds = {_kind(value) for value in plain if value is not None}
    if len(kinds) > 1:
        examples = {_kind(value): value for value in plain if value is not None}
        told = " and ".join(f"{kind} ({examples[kind]!s})" for kind in sorted(kinds)[:2])
        raise PanelError(f"Column {name!r} mixes {told}; give one type throughout.")
    zones = {str(value.tzinfo) for value in plain if isinstance(value, datetime)}
    if len(zones) > 1:
        raise PanelError(
            f"Column {name!r} mixes the time zones {' and '.join(sorted(zones)[:2])}; give one throughout."
        )
    if zones and zones != {"None"}:
        zone = zones.pop()
        clock = pl.Series(
            name, [value.replace(tzinfo=None) if isinstance(value, datetime) else None for value in plain]
        )
        return _with_zone(clock, zone)
    try:
        return pl.Series(name, plain, strict=True)
    except (TypeError, pl.exceptions.PolarsError):
        return pl.Series(name, plain, strict=False)


def _with_zone(clock: pl.Series, zone: str) -> pl.Series:
    """Local times as an instant where the zone has a name; fixed offsets go by UTC, which has no summer time either."""
    try:
        return clock.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    except pl.exceptions.PolarsError:
        raise PanelError(
            f"Column {clock.name!r} has times with the offset {zone}; convert them to a named zone "
            '(df[column].dt.tz_convert("Europe/Madrid")) or to local times without one.'
        ) from None


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)) or type(value).__name__ == "Decimal":
        return "number"
    if isinstance(value, datetime):
        return "date-time"
    return "date" if isinstance(value, date) else type(value).__name__


def _is_missing(value: Any) -> bool:
    """None, NaN, NaT and pandas.NA (which is neither true nor false when compared)."""
    return (
        value is None or type(value).__name__ in ("NAType", "NaTType") or (isinstance(value, float) and value != value)
    )


def _plain(series: pl.Series) -> pl.Series:
    """Columns of Python objects in a polars frame (UUIDs mostly) as what they hold."""
    return _objects(series.name, series.to_list()) if series.dtype == pl.Object else series


def _one_clock(frame: pl.DataFrame, time: str, cohort: str) -> pl.DataFrame:
    """Both columns as local times of the zone of the periods, without a zone."""
    zones = {name: _zone(frame[name]) for name in (time, cohort)}
    dated = {name for name in zones if frame[name].dtype.is_temporal() and frame[name].null_count() < frame.height}
    known = [name for name in zones if zones[name] is not None]
    if len(known) == 1 and {time, cohort} <= dated:
        other = cohort if known[0] == time else time
        if isinstance(frame[other].dtype, pl.Datetime):
            raise PanelError(
                f"Column {known[0]!r} has times in the zone {zones[known[0]]} and {other!r} times without one, which "
                "may be hours apart; give both in one zone, or both as dates."
            )
    if zones[time] is not None and zones[cohort] is not None:
        frame = frame.with_columns(pl.col(cohort).dt.convert_time_zone(str(zones[time])))
    return frame.with_columns(pl.col(name).dt.replace_time_zone(None) for name in known)


def _zone(series: pl.Series) -> str | None:
    return series.dtype.time_zone if isinstance(series.dtype, pl.Datetime) else None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:160]
