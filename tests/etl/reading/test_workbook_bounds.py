"""A workbook with one far cell is refused in words before it is read; ordinary ones are read."""

from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter

from etl.reading.table_file import read_workbook, sheet_names
from etl.reading.workbook_bounds import check_bounds
from etl.sources.format import SourceError


def workbook(path: Path, cells: dict[tuple[int, int], str]) -> Path:
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("data")
        for (row, column), text in cells.items():
            sheet.write_string(row, column, text)
    return path


def test_one_far_cell_is_refused_with_its_place(tmp_path: Path) -> None:
    path = workbook(tmp_path / "far.xlsx", {(0, 0): "Agent", (1, 0): "A1", (1_048_575, 16_383): "x"})
    assert path.stat().st_size < 20_000
    for read in (sheet_names, lambda file: read_workbook(file, "")):
        with pytest.raises(SourceError, match=r"row 1,048,576 and column 16,384"):
            read(path)


def test_a_table_with_gaps_is_read(tmp_path: Path) -> None:
    path = workbook(tmp_path / "gaps.xlsx", {(0, 0): "Agent", (0, 40): "Site", (3_000, 0): "A1"})
    assert read_workbook(path, "").height == 3_000


def test_a_long_sheet_is_counted_across_pieces(tmp_path: Path) -> None:
    path = workbook(tmp_path / "long.xlsx", {(row, column): "x" for row in range(9_000) for column in range(9)})
    check_bounds(path)
    assert read_workbook(path, "").shape == (8_999, 9)


def test_what_is_no_workbook_is_left_to_the_reader(tmp_path: Path) -> None:
    path = tmp_path / "no.xlsx"
    path.write_bytes(b"PK\x03\x04 not a zip")
    check_bounds(path)
    with pytest.raises(SourceError, match="not a readable workbook"):
        read_workbook(path, "")


def test_times_beside_words_and_numbers_are_read(tmp_path: Path) -> None:
    path = tmp_path / "mixed.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        clock, day = book.add_format({"num_format": "[h]:mm:ss"}), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        sheet.write_row(0, 0, ["Id", "Talk", "Started", "Talk or number"])
        sheet.write_number(1, 0, 4.30001e17)
        sheet.write_number(1, 1, 243 / 86400, clock)
        sheet.write_number(1, 2, 45719.5, day)
        sheet.write_number(1, 3, 243 / 86400, clock)
        sheet.write_row(2, 0, ["c2", "-", "n/a", 243])
    frame = read_workbook(path, "")
    assert frame.rows() == [
        ("4.30001E+17", "1899-12-31 00:04:03", "2025-03-03 12:00:00", "1899-12-31 00:04:03"), ("c2", "-", "n/a", "243"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xef\xbb\xbf<html><table><tr><td>1</td></tr></table></html>", "a web page under the name of a workbook"),
        (b'<?xml version="1.0"?><Workbook/>', "XML under the name of a workbook"),
        (b"id\tagent\tstart\n1\ta\tb\n", "Rename it to calls.csv"),
        (b"\xd0\xcf\x11\xe0\0\0\0\0", "not a readable workbook"),
    ],
)
def test_what_is_no_workbook_under_the_name_of_one_is_told(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "calls.xls"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=said):
        sheet_names(path)
