"""Frames as analysts have them: every spelling of the same data gives the same panel, or a sentence."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from analysis import EstimationError, Panel, PanelError, estimate
from analysis.panel.panel import NEVER

MONDAYS = pd.date_range("2024-03-18", periods=3, freq="7D")
"""Summer time begins between the second and the third."""
UUIDS = [uuid.UUID(int=number) for number in (1, 2, 3)]


def weeks(**changes: Any) -> pd.DataFrame:
    """Three agents over weeks 0 to 2: trained in 2, in 1, never (written as 0)."""
    columns: dict[str, Any] = {
        "agent": [1, 1, 1, 2, 2, 2, 3, 3, 3],
        "week": [0, 1, 2] * 3,
        "start": [2, 2, 2, 1, 1, 1, 0, 0, 0],
        "y": [0.1, 0.2, 0.3, 0.2, 0.4, 0.5, 0.1, 0.2, 0.1],
        "n": [1, 2, 3] * 3,
        "team": ["a"] * 3 + ["b"] * 6,
    }
    return pd.DataFrame(columns | changes)


def dated(zone: str | None = None) -> pd.DataFrame:
    """The same with Mondays, at midnight of a zone."""
    days = MONDAYS.tz_localize(zone)
    start = [days[2]] * 3 + [days[1]] * 3 + [pd.NaT] * 3
    return weeks(week=list(days) * 3, start=pd.Series(start, dtype=days.dtype))


def panel(frame: Any, **options: Any) -> Panel:
    given = {"unit": "agent", "time": "week", "cohort": "start", "outcome": "y", "weight": "n", "cluster": "team"}
    return Panel.from_frame(frame, **(given | options))


SPELLINGS: dict[str, Callable[[], Any]] = {
    "nullable": lambda: weeks().astype({"agent": "Int64", "week": "Int16", "start": "Int64", "y": "Float64"}),
    "converted": lambda: weeks().convert_dtypes(),
    "arrow columns": lambda: weeks().convert_dtypes(dtype_backend="pyarrow"),
    "arrow table": lambda: pa.Table.from_pandas(weeks()),
    "polars": lambda: pl.from_pandas(weeks()),
    "lazy": lambda: pl.from_pandas(weeks()).lazy(),
    "categories": lambda: weeks().astype({"agent": "category", "team": "category", "week": "category"}),
    "unsigned": lambda: weeks().astype({"week": "uint8", "start": "uint8"}),
    "uuids": lambda: weeks(agent=np.repeat(np.array(UUIDS, dtype=object), 3)),
    "uuids in polars": lambda: pl.from_pandas(weeks()).with_columns(
        pl.Series("agent", np.repeat(np.array(UUIDS, dtype=object), 3), dtype=pl.Object)
    ),
    "decimals": lambda: pl.from_pandas(weeks()).with_columns(pl.col("y").cast(pl.Decimal(10, 3))),
}


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_type_of_a_column_changes_nothing(spelling: str) -> None:
    made, plain = panel(SPELLINGS[spelling](), never=0), panel(weeks(), never=0)

    assert made.cohort_ix.tolist() == plain.cohort_ix.tolist() == [2, 1, NEVER]
    np.testing.assert_array_equal(made.num, plain.num)
    np.testing.assert_array_equal(made.den, plain.den)


@pytest.mark.parametrize("missing", [pd.NA, None, float("nan")])
def test_missing_is_missing_in_every_spelling(missing: Any) -> None:
    start = pd.array([2, 2, 2, 1, 1, 1, missing, missing, missing], dtype="Int64")
    y = [missing, *weeks()["y"].tolist()[1:]]

    assert panel(weeks(start=start)).cohort_ix.tolist() == [2, 1, NEVER]
    assert not panel(weeks(y=pd.array(y, dtype="Float64")), never=0).observed[0, 0]
    assert not panel(weeks(y=pd.Series(y, dtype=object)), never=0).observed[0, 0]


@pytest.mark.parametrize("zone", [None, "Europe/Madrid", "America/Bogota", "UTC"])
@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow", "objects"])
def test_a_monday_at_midnight_is_that_monday_in_every_zone(zone: str | None, kind: str) -> None:
    """Summer time begins in Madrid between two of the weeks: they are seven days apart on the clock of Madrid only."""
    frame: Any = dated(zone)
    if kind == "polars":
        frame = pl.from_pandas(frame)
    elif kind == "arrow":
        frame = frame.convert_dtypes(dtype_backend="pyarrow")
    elif kind == "objects":
        frame = frame.astype({"week": object, "start": object})
    made = panel(frame)

    assert made.cohort_ix.tolist() == [2, 1, NEVER]
    assert [str(label)[:16] for label in made.times] == ["2024-03-18 00:00", "2024-03-25 00:00", "2024-04-01 00:00"]
    assert made.notes == ()


def test_a_cohort_in_another_zone_is_the_same_moment() -> None:
    frame = dated("Europe/Madrid")
    frame["start"] = frame["start"].dt.tz_convert("UTC")

    assert panel(frame).cohort_ix.tolist() == [2, 1, NEVER]
    assert panel(frame).notes == ()


def test_zero_is_never_where_the_caller_says_so_and_the_doubt_is_written_down() -> None:
    said = panel(weeks(), never=0)
    unsaid = panel(weeks())

    assert (said.n_units, said.n_always_trained) == (3, 0)
    assert "agents trained in it cannot be told from them" in said.notes[0]
    assert (unsaid.n_units, unsaid.n_always_trained) == (2, 1)
    assert "already trained in the first week" in unsaid.notes[0]


def test_training_between_two_weeks_is_not_counted_late_in_silence() -> None:
    frame = dated()
    frame["start"] = frame["start"] - timedelta(days=3)

    assert panel(frame).cohort_ix.tolist() == [2, 1, NEVER]
    assert "2 agents have a 'start' between two periods" in panel(frame).notes[0]


def offset(hours: int) -> list[Any]:
    zone = timezone(timedelta(hours=hours))
    return [datetime(2024, 1, day, tzinfo=zone) for day in (1, 8, 15)] * 3


REFUSED: dict[str, tuple[Callable[[], Any], dict[str, Any], str]] = {
    "one zone": (
        lambda: weeks(week=dated("Europe/Madrid")["week"], start=dated()["start"]),
        {},
        "'week' has times in the zone Europe/Madrid and 'start' times without one, which may be hours apart; give both",
    ),
    "two zones in one column": (
        lambda: weeks(week=pd.Series([*offset(1)[:6], *offset(2)[6:]], dtype=object), start=dated("UTC")["start"]),
        {},
        "'week' mixes the time zones UTC\\+01:00 and UTC\\+02:00; give one throughout",
    ),
    "an offset": (
        lambda: weeks(week=pd.Series(offset(1), dtype=object), start=dated("UTC")["start"]),
        {},
        "'week' has times with the offset UTC\\+01:00; convert them to a named zone",
    ),
    "mixed types": (
        lambda: weeks(agent=pd.Series([1, 1, 1, "2", "2", "2", 3, 3, 3], dtype=object)),
        {},
        "'agent' mixes number \\(3\\) and str \\(2\\); give one type throughout",
    ),
    "a column twice": (lambda: pd.concat([weeks(), weeks()[["y"]]], axis=1), {}, "2 columns named 'y'; keep one"),
    "in the index": (lambda: weeks().set_index(["agent", "week"]), {}, "'agent' is in the index.*reset_index"),
    "complex numbers": (lambda: weeks(y=weeks()["y"] + 1j), {}, "'y' \\(dtype complex128\\) cannot be read"),
    "lists": (lambda: weeks(y=[[1.0]] * 9), {}, "'y' must be numeric"),
    "a dictionary": (lambda: {"agent": [1]}, {}, "polars or pandas DataFrame or an Arrow table, not dict"),
    "never as text": (weeks, {"never": "never"}, "never='never' cannot be compared with column 'start'.*numbers"),
    "never as a number": (dated, {"never": 0}, "never=0 cannot be compared with column 'start', which holds dates"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_said(case: str) -> None:
    frame, options, message = REFUSED[case]
    with pytest.raises(PanelError, match=message):
        panel(frame(), **options)


def test_never_may_be_a_moment_with_a_zone() -> None:
    frame = dated("UTC")
    far = datetime(2099, 1, 5, tzinfo=UTC)
    frame["start"] = frame["start"].fillna(far)

    assert panel(frame, never=far).cohort_ix.tolist() == [2, 1, NEVER]


def test_columns_that_are_not_asked_for_need_not_be_readable() -> None:
    frame = weeks(odd=[1, "a", None, object(), *range(5)], kind=[1j] * 9)

    assert panel(frame, never=0).n_units == 3


@pytest.mark.parametrize("estimator", ["imputation", "stacked", "extended_twfe", "twfe", "before_after"])
def test_controls_that_an_estimator_does_not_use_are_refused(estimator: str) -> None:
    with pytest.raises(EstimationError, match='use estimator="group_time" for control="never_trained"'):
        estimate(panel(weeks(), never=0), estimator, control="never_trained")


@pytest.mark.parametrize("estimator", ["group_time", "interaction_weighted"])
def test_never_trained_controls_are_used_where_they_are_taken(estimator: str) -> None:
    assert "never_trained" in estimate(panel(weeks(), never=0), estimator, control="never_trained").control
