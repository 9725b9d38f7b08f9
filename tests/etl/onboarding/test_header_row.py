"""Where the header stands, and which files without an ending are tables."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.onboarding import header_row
from etl.onboarding.inventory import inventory
from etl.reading import delimited_records

HEADER = ("Call id", "Agent", "Started", "Queue", "Seconds")
ROWS = [(f"c{n}", f"a{n % 3}", f"2026-01-0{n} 10:00", "billing", str(200 + n)) for n in range(1, 6)]
ABOVE = st.sampled_from((("Calls by agent",), ("As of", "25.05.2026"), ("Period:", "01.01.2026", "31.03.2026"), ()))


@given(
    above=st.lists(ABOVE, max_size=4),
    mark=st.sampled_from(delimited_records.DELIMITERS),
    said=st.booleans(),
    padded=st.booleans(),
    end=st.sampled_from(("\n", "\r\n")),
    encoding=st.sampled_from(("utf-8", "utf-8-sig", "utf-16")),
)
@settings(max_examples=40)
def test_whatever_stands_above_it_the_header_is_found_where_the_file_is_read_from(
    tmp_path_factory: pytest.TempPathFactory,
    above: list[tuple[str, ...]],
    mark: str,
    said: bool,
    padded: bool,
    end: str,
    encoding: str,
) -> None:
    while above and not above[0]:
        above = above[1:]  # empty lines at the beginning are passed over anyway
    width = len(HEADER) if padded else 0
    lines = [mark.join((*cells, *[""] * (width - len(cells)))) if cells else "" for cells in above]
    lines = [*([f"sep={mark}"] if said else []), *lines, *(mark.join(row) for row in (HEADER, *ROWS))]
    path = tmp_path_factory.mktemp("above") / "calls.csv"
    path.write_bytes((end.join(lines) + end).encode(encoding))

    row = header_row.of_text(path, "utf-8")
    text = path.read_bytes().decode("utf-16" if encoding == "utf-16" else "utf-8-sig")
    assert delimited_records.cut_header(text, path, None, row)[1] == HEADER


def test_a_line_of_data_is_no_header_however_narrow_the_header_is() -> None:
    assert header_row.header_row([["id", "note"], ["1", "a", "b", "c"], ["2", "d", "e", "f"]]) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("id;agent;start\n1;a;x\n2;b;y\n", True),
        ("id\tagent\tstart\n1\ta\tx\n2\tb\ty\n", True),
        ("Dear all, please, find\nthe exports, enclosed\nyours\n", False),
        ("#!/bin/sh\nset -e\nrun a b\n", False),
        ("<html><tr><td>a,b,c\n<td>a,b,c\n<td>a,b,c\n", False),
        ("id,agent,start\n", False),
        ("\0\1\2,,,\n,,,\n,,,\n", False),
    ],
)
def test_a_table_is_known_without_the_ending_of_its_name(tmp_path: Path, text: str, expected: bool) -> None:
    path = tmp_path / "part-00000"
    path.write_text(text, encoding="utf-8")
    assert header_row.is_table(path) is expected


def test_a_second_download_among_months_does_not_keep_next_months_file_out(tmp_path: Path) -> None:
    names = [f"contacts 2026-0{month}{copy}.csv" for month, copy in ((1, ""), (1, " (1)"), (2, ""), (3, ""))]
    for name in names:
        (tmp_path / name).write_text("Call #,Agent,Start time\n1,a,2026-01-05 10:00\n", encoding="utf-8")
    (source,), _ = inventory(tmp_path, tmp_path)
    (pattern,) = source.paths
    assert fnmatch("contacts 2026-04.csv", pattern)
    (tmp_path / "contacts of staff.csv").write_text("x", encoding="utf-8")
    (source, *_), _ = inventory(tmp_path, tmp_path)
    assert sorted(source.paths) == sorted(names), "a pattern would take a file of something else"


def test_a_column_without_a_name_is_an_empty_cell() -> None:
    """A reader of workbooks calls the cells beside a title of two by numbers."""
    title = ["As of", "May", "__UNNAMED__2", "__UNNAMED__3", "__UNNAMED__4"]
    assert header_row.header_row([title, [None] * 5, list(HEADER), *map(list, ROWS)]) == 3
