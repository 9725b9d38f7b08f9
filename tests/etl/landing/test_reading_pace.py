"""Progress of reading: which file of how many, and after a second the rate and the time left."""

from __future__ import annotations

from pathlib import Path

from etl.landing.reading_pace import ReadingPace


def test_a_step_says_which_file_how_fast_and_how_long_still(tmp_path: Path) -> None:
    sizes = {"a.csv": 3_000_000, "b.csv": 1_000_000, "c.csv": 2_000_000}
    for name, size in sizes.items():
        with (tmp_path / name).open("wb") as file:
            file.truncate(size)
    told: list[str] = []
    now = [10.0]
    pace = ReadingPace([tmp_path / name for name in (*sizes, "gone.csv")], told.append, lambda: now[0])
    for name in sizes:
        with pace.reading(tmp_path / name) as tell:
            tell(f"reading {name}")
            now[0] += 1.5
    assert told == [
        "reading a.csv (1 of 4)",
        "reading b.csv (2 of 4, 2.0 MB/s, about 2 s of reading left)",
        "reading c.csv (3 of 4, 1.3 MB/s, about 2 s of reading left)",
    ]
