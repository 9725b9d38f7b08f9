"""Exports keep their numbers numeric and say where they come from."""

from __future__ import annotations

import re
import zipfile
from datetime import date
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from etl.configuration.model import Config, load
from etl.warehouse.export import ExportError, export
from etl.warehouse.publish import Draft

EFFECT = pl.DataFrame({"kpi": ["a", "b"], "estimate": [-0.0125, 0.5], "week": [date(2026, 1, 5), None]})


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "empathy.toml").write_text('[project]\nname = "Test"\nwarehouse = "warehouse"\n')
    settings = load(tmp_path / "empathy.toml")
    with Draft.open(settings.warehouse, "run-1") as draft:
        draft.write_results({"effect": EFFECT})
        draft.write_table("meta", "reject", pl.DataFrame({"line": [3], "reasons": [["too long", "no date"]]}))
        draft.publish()
    return settings


def test_csv_is_numeric_under_a_header_that_names_the_run(config: Config, tmp_path: Path) -> None:
    out = tmp_path / "effect.csv"

    assert export(config, "result.effect", out) == 2

    header = [line for line in out.read_text().splitlines() if line.startswith("#")]
    assert "# run_id: run-1" in header
    assert "# relation: result.effect" in header
    read = pl.read_csv(out, comment_prefix="#", try_parse_dates=True)
    assert read.equals(EFFECT)


def test_csv_writes_every_reason_of_a_reject(config: Config, tmp_path: Path) -> None:
    export(config, "meta.reject", tmp_path / "reject.csv")

    assert "too long; no date" in (tmp_path / "reject.csv").read_text()


def test_parquet_carries_the_header_as_metadata(config: Config, tmp_path: Path) -> None:
    out = tmp_path / "deep" / "effect.parquet"

    export(config, "result.effect", out)

    assert pl.read_parquet(out).equals(EFFECT)
    assert (pq.read_metadata(out).metadata or {})[b"run_id"] == b"run-1"


def test_excel_has_a_sheet_about_the_data(config: Config, tmp_path: Path) -> None:
    out = tmp_path / "effect.xlsx"

    export(config, "result.effect", out)

    assert pl.read_excel(out, sheet_name="data")["estimate"].to_list() == EFFECT["estimate"].to_list()
    about = dict(pl.read_excel(out, sheet_name="about", has_header=False).iter_rows())
    assert about["run_id"] == "run-1"


def test_excel_shows_small_numbers_whole_dates_and_its_headings(config: Config, tmp_path: Path) -> None:
    out = tmp_path / "effect.xlsx"

    export(config, "result.effect", out)

    with zipfile.ZipFile(out) as book:
        sheet, styles = (book.read(f"xl/{name}.xml").decode() for name in ("worksheets/sheet1", "styles"))
    assert "[Red]" not in styles
    assert "0.000" not in styles
    assert 'state="frozen"' in sheet
    widths = [float(width) for width in re.findall(r'<col [^>]*width="([0-9.]+)"', sheet)]
    assert widths
    assert min(widths) > len("kpi")


def test_an_unknown_relation_is_answered_with_those_that_exist(config: Config, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r'no relation "result.efect"\. Did you mean "result.effect"\?'):
        export(config, "result.efect", tmp_path / "x.csv")
    assert not (tmp_path / "x.csv").exists()


def test_results_not_estimated_yet_are_answered_with_what_to_do(config: Config, tmp_path: Path) -> None:
    with Draft.open(config.warehouse, "run-2") as draft:
        draft.write_table("meta", "reject", pl.DataFrame({"line": [3]}))
        draft.publish()
    with pytest.raises(ExportError, match=r"no estimates yet\. Run `empathy estimate`"):
        export(config, "result.effect", tmp_path / "x.csv")


def test_an_unknown_kind_of_file_is_refused(config: Config, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"\.csv, \.parquet, \.xlsx"):
        export(config, "result.effect", tmp_path / "effect.json")
