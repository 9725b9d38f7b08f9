"""Validate a frame and convert its rows to the arrays of a panel."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.errors import PanelError
from analysis.panel.frame_columns import columns_of
from analysis.panel.never import NEVER

#: A regular grid may have at most this many times as many periods as were seen; beyond it (e.g. 202312 -> 202401)
#: periods are numbered in order instead.
_MAX_GRID_RATIO = 1.5


def arrays_from_frame(
    df: Any,
    unit: str,
    time: str,
    cohort: str,
    outcome: str,
    weight: str | None,
    cluster: str | None,
    never: Any,
    already_trained: str,
    squares: str | None = None,
) -> dict[str, Any]:
    """The fields of a Panel from one row per agent-period; see ``Panel.from_frame``."""
    if already_trained not in ("error", "drop"):
        raise PanelError(f"already_trained is {already_trained!r}; use 'error' or 'drop'.")
    arguments = {"unit": unit, "time": time, "cohort": cohort, "outcome": outcome}
    more = {"weight": weight, "cluster": cluster, "squares": squares}
    arguments |= {argument: name for argument, name in more.items() if name is not None}
    frame = columns_of(df, arguments, times=(time, cohort), caller="Panel.from_frame")
    if frame.height == 0:
        raise PanelError("The frame has no rows.")
    for name in (unit, time):
        _refuse_missing(frame[name], "every row needs an agent and a period")
    if cluster is not None:
        _refuse_missing(frame[cluster], "every agent needs the group it was assigned with")
    _refuse_two_scales(frame[time], frame[cohort])

    unit_ix, units = _codes(frame[unit])
    period, labels, origin, step = _period_codes(frame[time])
    n_units, n_periods = len(units), len(labels)
    flat = unit_ix * n_periods + period
    _refuse_duplicates(flat, n_periods, units, labels, unit, time)

    y, w = _outcome_and_weight(frame, outcome, weight)
    seen = np.isfinite(y) & (w > 0)
    num, den = np.zeros(n_units * n_periods), np.zeros(n_units * n_periods)
    num[flat[seen]] = (y * w)[seen]
    den[flat[seen]] = w[seen]
    sq = None
    if squares is not None:
        sq = np.zeros(n_units * n_periods)
        sq[flat[seen]] = _squares(frame, squares, y, w, seen)

    first_row = np.full(n_units, -1, dtype=np.int64)
    first_row[unit_ix[::-1]] = np.arange(frame.height - 1, -1, -1)
    cohort_ix, between = _cohorts(frame[cohort], unit_ix, first_row, units, never, labels, origin, step)
    if cluster is None:
        cluster_ix, clusters = np.arange(n_units, dtype=np.int64), units
    else:
        codes, clusters = _codes(frame[cluster])
        cluster_ix = codes[first_row]
        _refuse_change(codes, cluster_ix, unit_ix, units, cluster)

    keep, notes, dropped = _already_trained(cohort_ix, units, labels, frame[cohort], already_trained, cohort, time)
    reader = _CovariateReader(frame, flat, n_units, n_periods, keep)
    cluster_ix = cluster_ix[keep]
    used, cluster_ix = np.unique(cluster_ix, return_inverse=True)
    return {
        "num": num.reshape(n_units, n_periods)[keep],
        "den": den.reshape(n_units, n_periods)[keep],
        "sq": None if sq is None else sq.reshape(n_units, n_periods)[keep],
        "cohort_ix": cohort_ix[keep],
        "cluster_ix": cluster_ix.astype(np.int64),
        "units": units[keep],
        "times": labels,
        "clusters": clusters[used],
        "outcome": outcome,
        "n_rows": frame.height,
        "n_always_trained": dropped,
        "notes": (*notes, *between),
        "covariate_reader": reader,
    }


def _squares(
    frame: pl.DataFrame, name: str, y: NDArray[np.float64], w: NDArray[np.float64], seen: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Sums of squares of the observed rows; refused where a sum is smaller than any numbers of that mean can give."""
    values = _floats(frame[name], name)[seen]
    if not np.isfinite(values).all():
        raise PanelError(f"Column {name!r} is missing or not finite in a row that has an outcome.")
    least = y[seen] ** 2 * w[seen]
    short = np.flatnonzero(values < least - 1e-9 * np.maximum(np.abs(least), 1e-300))
    if short.size:
        raise PanelError(
            f"Column {name!r} is smaller than the outcome squared times its weight in {short.size} "
            f"{'row' if short.size == 1 else 'rows'}: it must be the sum of the squared single values, not of means."
        )
    return values


class _CovariateReader:
    """Columns of the source frame as (A, T) arrays, read only when asked for."""

    def __init__(
        self, frame: pl.DataFrame, flat: NDArray[np.int64], n_units: int, n_periods: int, keep: NDArray[np.bool_]
    ) -> None:
        self._frame, self._flat, self._shape, self._keep = frame, flat, (n_units, n_periods), keep

    def __call__(self, name: str) -> NDArray[np.float64]:
        if name not in self._frame.columns:
            raise PanelError(f"The frame has no covariate column {name!r}.")
        values = _floats(self._frame[name], name)
        out = np.full(self._shape[0] * self._shape[1], np.nan)
        out[self._flat] = values
        return out.reshape(self._shape)[self._keep]


def _codes(series: pl.Series) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Dense codes in the sorted order of the labels, and the labels."""
    if series.dtype.is_integer():
        values = series.to_numpy()
        low, high = int(values.min()), int(values.max())
        if high - low < 20 * values.size + 1000:
            shifted = values.astype(np.int64) - low
            seen = np.zeros(high - low + 1, dtype=bool)
            seen[shifted] = True
            return (np.cumsum(seen) - 1)[shifted], np.flatnonzero(seen) + low
    labels = series.unique().sort()
    codes = series.rank("dense").to_numpy().astype(np.int64) - 1
    return codes, np.asarray(labels.to_numpy())


def _numbers(values: pl.Series) -> NDArray[np.float64] | None:
    """Periods on a number line: integers as they are, dates and date-times in days; null becomes NaN."""
    if values.dtype.is_integer():
        return values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    if values.dtype.is_float():
        return values.fill_null(float("nan")).to_numpy()
    if values.dtype == pl.Date:
        return values.cast(pl.Int32).cast(pl.Float64).fill_null(float("nan")).to_numpy()
    if isinstance(values.dtype, pl.Datetime):
        days = values.dt.epoch("us").cast(pl.Float64) / 86_400_000_000
        return days.fill_null(float("nan")).to_numpy()
    if values.dtype == pl.Null:
        return np.full(len(values), np.nan)
    return None


def _period_codes(series: pl.Series) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[np.float64], float]:
    """Period index of every row, period labels, their numbers, and the grid step (0 = numbered in order)."""
    numbers = _numbers(series)
    if numbers is None:
        raise PanelError(f"Column {series.name!r} must hold integers, dates or date-times, not {series.dtype}.")
    if not np.isfinite(numbers).all():
        raise PanelError(f"Column {series.name!r} holds a period that is not finite.")
    seen = np.unique(numbers)
    gaps = np.diff(seen)
    whole = bool(np.all(seen == np.round(seen)))
    step = float(np.gcd.reduce(gaps.astype(np.int64))) if whole and gaps.size else 1.0
    regular = whole and (seen[-1] - seen[0]) / step + 1 <= _MAX_GRID_RATIO * seen.size
    if regular:
        grid = seen[0] + step * np.arange(round((seen[-1] - seen[0]) / step) + 1)
        return np.round((numbers - seen[0]) / step).astype(np.int64), _labels(grid, series.dtype), grid, step
    return np.searchsorted(seen, numbers).astype(np.int64), _labels(seen, series.dtype), seen, 0.0


def _labels(numbers: NDArray[np.float64], dtype: Any) -> NDArray[Any]:
    if dtype.is_integer():
        return numbers.astype(np.int64)
    if dtype.is_float():
        return numbers.astype(np.int64) if bool(np.all(numbers == np.round(numbers))) else numbers
    if dtype == pl.Date:
        return np.array([date.fromordinal(719_163 + int(day)) for day in numbers], dtype=object)
    base = datetime(1970, 1, 1)
    return np.array([base + (datetime(1970, 1, 2) - base) * float(day) for day in numbers], dtype=object)


def _refuse_missing(series: pl.Series, why: str) -> None:
    missing = series.null_count()
    if series.dtype.is_float():
        missing += int(series.is_nan().sum())
    if missing:
        raise PanelError(f"Column {series.name!r} is null in {missing} rows; {why}.")


def _refuse_two_scales(time: pl.Series, cohort: pl.Series) -> None:
    """Weeks counted 1, 2, 3 and training on dates (or the reverse) would compare days with counts."""
    dated = [series.dtype.is_temporal() for series in (time, cohort)]
    if cohort.null_count() < len(cohort) and dated[0] != dated[1]:
        first, second = ("dates", "numbers") if dated[0] else ("numbers", "dates")
        raise PanelError(
            f"Column {time.name!r} holds {first} and {cohort.name!r} (cohort) holds {second}; give both on one scale."
        )


def _refuse_duplicates(
    flat: NDArray[np.int64], n_periods: int, units: NDArray[Any], labels: NDArray[Any], unit: str, time: str
) -> None:
    counts = np.bincount(flat)
    worst = int(counts.max())
    if worst > 1:
        extra = int((counts > 1).sum())
        where = int(np.flatnonzero(counts > 1)[0])
        raise PanelError(
            f"{extra} agent-periods occur more than once, e.g. {unit}={units[where // n_periods]!s}, "
            f"{time}={labels[where % n_periods]!s} ({worst} rows); sum them to one row per agent and period first."
        )


def _floats(series: pl.Series, name: str) -> NDArray[np.float64]:
    try:
        return series.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    except pl.exceptions.PolarsError as error:
        raise PanelError(f"Column {name!r} must be numeric, not {series.dtype}.") from error


def _outcome_and_weight(
    frame: pl.DataFrame, outcome: str, weight: str | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y = _floats(frame[outcome], outcome)
    infinite = int(np.isinf(y).sum())
    if infinite:
        raise PanelError(f"Column {outcome!r} is infinite in {infinite} rows; make them null or correct them.")
    if weight is None:
        return y, np.ones(frame.height)
    w = _floats(frame[weight], weight)
    if np.isinf(w).any():
        raise PanelError(f"Column {weight!r} (weight) is infinite in {int(np.isinf(w).sum())} rows.")
    negative = int((w < 0).sum())
    if negative:
        raise PanelError(f"Column {weight!r} (weight) is negative in {negative} rows; a weight counts contacts.")
    return y, np.nan_to_num(w, nan=0.0)


def _cohorts(
    series: pl.Series,
    unit_ix: NDArray[np.int64],
    first_row: NDArray[np.int64],
    units: NDArray[Any],
    never: Any,
    labels: NDArray[Any],
    grid: NDArray[np.float64],
    step: float,
) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Cohort index per unit (position on the period grid; beyond the window T or more; never -> NEVER), and notes."""
    numbers = _numbers(series)
    if numbers is None:
        raise PanelError(f"Column {series.name!r} (cohort) must hold integers or dates, not {series.dtype}.")
    notes: tuple[str, ...] = ()
    if never is not None:
        number = _never_number(never, series)
        meant = numbers == number
        numbers = np.where(meant, np.nan, numbers)
        if meant.any() and number in grid:
            notes = (
                f"{never} in {series.name!r} is taken as never trained, though there is such a period too: agents "
                "trained in it cannot be told from them.",
            )
    numbers = np.where(np.isposinf(numbers), np.nan, numbers)
    if np.isinf(numbers).any():
        raise PanelError(
            f"Column {series.name!r} (cohort) is minus infinity in {int(np.isinf(numbers).sum())} rows; null means "
            "never trained."
        )
    coded = np.where(np.isnan(numbers), np.inf, numbers)
    per_unit = coded[first_row]
    _refuse_change(coded, per_unit, unit_ix, units, series.name)
    trained = np.isfinite(per_unit)
    index = np.full(units.size, NEVER, dtype=np.int64)
    values = per_unit[trained]
    if step > 0:
        place = (values - grid[0]) / step
        index[trained] = np.ceil(place - 1e-9).astype(np.int64)
        late = int((index[trained] - place > 1e-9).sum())
        if late:
            notes += (
                f"{late} {'agent has' if late == 1 else 'agents have'} a {series.name!r} between two periods and "
                "count as trained from the next one; give the first day of a period to count from that.",
            )
    else:
        inside = np.searchsorted(grid, values).astype(np.int64)
        index[trained] = np.where(values < grid[0], -1, inside)
    return index, notes


def _never_number(never: Any, series: pl.Series) -> float:
    """The number line's value of ``never``; NaN where it is a missing value."""
    dated = series.dtype.is_temporal()
    try:
        plain = None if type(never).__name__ in ("NAType", "NaTType") else never
        if isinstance(plain, datetime) and plain.tzinfo is not None:
            plain = plain.replace(tzinfo=None)
        made = pl.Series("never", [plain])
    except (TypeError, pl.exceptions.PolarsError):
        made = pl.Series("never", [str(never)])
    number = _numbers(made)
    if number is None or (made.dtype != pl.Null and made.dtype.is_temporal() != dated):
        holds = "dates" if dated else "numbers"
        raise PanelError(f"never={never!r} cannot be compared with column {series.name!r}, which holds {holds}.")
    return float(number[0])


def _refuse_change(
    per_row: NDArray[Any], per_unit: NDArray[Any], unit_ix: NDArray[np.int64], units: NDArray[Any], name: str
) -> None:
    changed = per_row != per_unit[unit_ix]
    if changed.any():
        who = units[int(unit_ix[int(np.flatnonzero(changed)[0])])]
        count = int(np.unique(unit_ix[changed]).size)
        raise PanelError(
            f"Column {name!r} changes within {count} agents, e.g. {who!s}; it must be one value per agent "
            "(the first training, the team at assignment)."
        )


def _already_trained(
    cohort_ix: NDArray[np.int64],
    units: NDArray[Any],
    labels: NDArray[Any],
    series: pl.Series,
    already_trained: str,
    cohort: str,
    time: str,
) -> tuple[NDArray[np.bool_], tuple[str, ...], int]:
    before = cohort_ix < 0
    if before.any() and already_trained == "error":
        raise PanelError(
            f"{int(before.sum())} agents have a {cohort!r} before the first {time!r} ({labels[0]!s}), e.g. "
            f"{units[int(np.flatnonzero(before)[0])]!s}: nothing is known from before their training. If that value "
            f"means never trained, pass never=<value>; to leave them out and count them, pass already_trained='drop'."
        )
    always = cohort_ix <= 0
    dropped = int(always.sum())
    if dropped == units.size:
        raise PanelError(f"All {dropped} agents were already trained in the first period; there is nothing to compare.")
    if not dropped:
        return ~always, (), 0
    noun = "agent" if dropped == 1 else "agents"
    return ~always, (f"{dropped} {noun} already trained in the first week left out: nothing to compare.",), dropped
