"""A full disk is one sentence with the folder that is full, whoever was writing."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

import empathy

CHECKPOINT = (
    'IO Error: Checkpoint failed for database "d". The database has been invalidated. Original error: '
    'Could not write file "{}/.build-1.duckdb": No space left on device'
)
INSIDE_JSON = (
    'IO Error: Async write failed for range [offset=1, size=2]: {"exception_type":"IO","exception_message":'
    '"Could not write file \\"{}/a.tmp/records.parquet\\": No space left on device","errno":"28"}'
)


@pytest.mark.parametrize(
    "fault",
    [
        lambda folder: duckdb.IOException(CHECKPOINT.replace("{}", folder)),
        lambda folder: duckdb.IOException(INSIDE_JSON.replace("{}", folder)),
        lambda folder: OSError(errno.ENOSPC, "No space left on device", f"{folder}/current.json"),
    ],
)
def test_a_full_disk_is_one_sentence(
    fault: Callable[[str], Exception],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stopped() -> None:
        raise fault(str(tmp_path))

    monkeypatch.setattr("sys.argv", ["empathy", "build"])
    monkeypatch.setattr(empathy, "app", stopped)
    with pytest.raises(SystemExit) as ended:
        empathy.main()
    assert ended.value.code == 2
    said = capsys.readouterr().err.replace("\n", "")  # a terminal breaks long lines
    assert said == f"error: {tmp_path}: the disk is full. Nothing was published.Free some room there and run it again."
