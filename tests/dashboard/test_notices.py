"""Above every page: a failed run, late data, KPIs that are still to come."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from analysis.words.numbers import Reader
from dashboard.data.versions import About
from dashboard.shell import notices
from dashboard.state import Filters
from etl.warehouse.run_status import FAILED, FailedRun, clear_failure, failed_run, record_failure

ABOUT = About("r1", datetime(2026, 3, 9, 6, tzinfo=UTC), date(2025, 6, 2), date(2026, 3, 8), 0, 0, 0, 0, 0)
AT = datetime(2026, 3, 10, 4, 15, tzinfo=UTC)


def context(today: date = date(2026, 3, 10), failed: FailedRun | None = None) -> Any:
    project = SimpleNamespace(locale="en_GB", stale_days=14)
    settings = SimpleNamespace(config=SimpleNamespace(project=project), today=today, reader=Reader())
    return SimpleNamespace(settings=settings, queries=SimpleNamespace(failed_run=lambda: failed))


def said(*given: Any) -> list[str]:
    return [banner.children for banner in notices(*given)]


def test_nothing_is_said_where_all_is_well() -> None:
    assert said(context(), ABOUT, Filters()) == []


@pytest.mark.parametrize(("count", "words"), [(1, "one more KPI is being"), (29, "29 more KPIs are being")])
def test_kpis_to_come_are_counted(count: int, words: str) -> None:
    (found,) = said(context(), replace(ABOUT, pending_kpis=count), Filters())
    assert found.startswith("The goals are estimated; ")
    assert words in found


def test_late_data_are_said_with_their_age() -> None:
    assert said(context(date(2026, 3, 22)), ABOUT, Filters()) == []
    (found,) = said(context(date(2026, 3, 23)), ABOUT, Filters())
    assert found == "The data end on 8 Mar 2026, 15 days old: what happened since is in no number here."


def test_a_failed_run_is_said_until_one_publishes(tmp_path: Path) -> None:
    record_failure(tmp_path / "warehouse", "run", "exports/calls.csv is empty.", AT)
    failed = failed_run(tmp_path / "warehouse")
    assert failed == FailedRun("run", "2026-03-10T04:15:00+00:00", "exports/calls.csv is empty.")
    (found,) = said(context(failed=failed), ABOUT, Filters())
    assert found == (
        "The last update failed (10 Mar 2026, 04:15 UTC), so these are the data of the version before. "
        "exports/calls.csv is empty."
    )
    clear_failure(tmp_path / "warehouse")
    assert failed_run(tmp_path / "warehouse") is None


def test_a_damaged_note_of_a_failure_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / FAILED).write_text("{")
    assert failed_run(tmp_path) is None
