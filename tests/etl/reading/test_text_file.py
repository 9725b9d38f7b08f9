"""Counting a text file, and finding its lines again, with chunks so small that every seam is crossed."""

from __future__ import annotations

import gzip
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.reading import text_file
from etl.sources.format import SourceError

SMALL_CHUNK = 16
LINE = st.text(alphabet="ab ,;é", min_size=1, max_size=50).filter(lambda text: bool(text.strip()))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(LINE, min_size=1, max_size=30),
    st.sampled_from(["", "\n", "\n\n"]),
    st.sampled_from(["plain", "gzip", "latin-1"]),
    st.data(),
)
def test_lines_are_counted_and_found(lines: list[str], ending: str, kind: str, data: st.DataObject) -> None:
    text = "\n".join(lines) + ending
    content = text.encode("latin-1" if kind == "latin-1" else "utf-8")
    wanted = data.draw(st.sets(st.integers(1, len(lines)), min_size=1))
    with TemporaryDirectory() as folder, patch.object(text_file, "CHUNK", SMALL_CHUNK):
        file = Path(folder) / "a.csv"
        file.write_bytes(gzip.compress(content) if kind == "gzip" else content)
        plain = text_file.prepare(file, "latin-1" if kind == "latin-1" else "utf-8", Path(folder))
        found = text_file.raw_lines(plain, wanted)

    assert plain.lines == len(lines)
    assert found == {number: lines[number - 1] for number in wanted}
    assert plain.bad_line is None
    padded = any(f"{a}{b}" in "\n" + text + "\n" for a in " " for b in ",;\n") or any(
        f"{b} " in "\n" + text + "\n" for b in ",;\n"
    )
    assert plain.has_padding == padded


@settings(max_examples=80, deadline=None)
@given(st.lists(LINE, min_size=1, max_size=20), st.data())
def test_the_first_line_that_is_not_utf8_is_named(lines: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(lines) - 1))
    content = b"\n".join(line.encode() + (b"\xff" if index == at else b"") for index, line in enumerate(lines))
    with TemporaryDirectory() as folder, patch.object(text_file, "CHUNK", SMALL_CHUNK):
        file = Path(folder) / "a.csv"
        file.write_bytes(content)
        plain = text_file.prepare(file, "utf-8", Path(folder))

    assert plain.bad_line == at + 1


def test_line_ends_are_told_apart(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    for content, style in (
        (b"a\nb\n", "lf"), (b"a\r\nb\r\n", "crlf"), (b"a\rb\r", "cr"), (b"a\r\nb\n", "mixed"), (b"a\rb\n", "mixed"),
    ):  # fmt: skip
        file.write_bytes(content)
        assert text_file.prepare(file, "utf-8", tmp_path).line_end == style


def test_a_text_cut_within_a_character_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("a,b\n1,2".encode("utf-16")[:-1])
    with pytest.raises(SourceError, match=r"line 2: cannot be read as utf-16"):
        text_file.prepare(file, "utf-16", tmp_path)


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"PK\x03\x04", "zip archive or a workbook"),
        (b"7z\xbc\xaf\x27", "7z"),
        (b"BZh91AY&SY", "bzip2"),
        (b"PAR1", "Parquet"),
    ],
)
def test_what_is_no_text_says_what_it_is(start: bytes, what: str, tmp_path: Path) -> None:
    file = tmp_path / "contacts.csv"
    file.write_bytes(start + b"\0" * 40)
    with pytest.raises(SourceError, match=what) as raised:
        text_file.prepare(file, "utf-8", tmp_path)
    assert "encoding" not in str(raised.value)
