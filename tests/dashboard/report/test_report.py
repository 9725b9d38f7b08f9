"""The report: the numbers of the pages, in three formats, without a network, the same bytes for the same input."""

from __future__ import annotations

import io
import json
import math
import re
import sys
from dataclasses import replace
from datetime import date
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zipfile import ZipFile

import polars as pl
import pytest

from dashboard.data import data_quality as quality_data
from dashboard.data.queries import Queries
from dashboard.page import Context
from dashboard.pages.overview import effects_of, head_of
from dashboard.report.contents import frame_of, report_of
from dashboard.report.document import Chart, Lines, Report, Table
from dashboard.report.extras import ReportError
from dashboard.report.html_file import html
from dashboard.report.mail import message
from dashboard.report.pdf_file import pdf, quoted
from dashboard.report.pptx_file import (
    BOLD_CHARACTER,
    CHARACTER,
    TITLE_HEIGHT,
    WIDTH,
    _fitted,
    _pages,
    _widths,
    pptx,
)
from dashboard.report.writers import run_of, write
from dashboard.state import Filters

TODAY = date(2026, 3, 2)
KEYS = ["answer", "goals", "money", "groups", "open", "trust"]


@pytest.fixture(scope="module")
def report(context: Context) -> Report:
    return report_of(context, today=TODAY)


def squeezed(words: str) -> str:
    """Words without white space: a PDF breaks lines where it likes."""
    return re.sub(r"[\s\u00a0\u202f]+", "", words)


def test_six_pages_with_the_words_of_the_overview(report: Report, context: Context) -> None:
    assert [sheet.key for sheet in report.sheets] == KEYS
    assert report.sheets[0].title == head_of(context, Filters()).sentence


def test_the_numbers_are_those_of_the_pages(report: Report, context: Context) -> None:
    effects = effects_of(context, Filters(), context.queries.kpis())
    shown = {row["label"]: row for row in frame_of(report).iter_rows(named=True) if row["page"] == "goals"}
    told = [item for item in effects.values() if item.kpi.role in ("primary", "guardrail")]
    assert set(shown) == {item.kpi.label for item in told}
    for item in told:
        if item.available and math.isfinite(item.relative(item.estimate)):
            assert shown[item.kpi.label]["estimate"] == 100 * item.relative(item.estimate)
            ends = sorted((100 * item.relative(item.ci_low), 100 * item.relative(item.ci_high)))
            assert [shown[item.kpi.label]["ci_low"], shown[item.kpi.label]["ci_high"]] == ends
    table = next(part for part in report.sheets[1].parts if isinstance(part, Table))
    for item, row in zip(told, table.rows, strict=True):
        assert (row[0], row[1]) == (item.kpi.label, item.change)


def test_html_holds_every_number_and_asks_nobody(report: Report) -> None:
    text = html(report, with_plotly=False).replace("\u2060", "").replace("\u00a0of\u00a0", " of ")
    for sheet in report.sheets:
        for part in sheet.parts:
            if isinstance(part, Chart):
                assert all(row.shown.replace("&", "&amp;") in text for row in part.rows)
            if isinstance(part, Table):
                assert all(cell.replace("&", "&amp;").replace('"', "&quot;").replace("'", "&#x27;") in text
                           for row in part.rows for cell in row)  # fmt: skip
    assert not re.findall(r'(?:src|href)="?(?:https?:)?//', text)
    assert len(text) < 2_000_000


def test_html_for_a_phone_draws_for_narrow_columns_and_parts_no_minus_from_its_amount(report: Report) -> None:
    text = html(report, with_plotly=False)
    figures = [
        part.figure for sheet in report.sheets for part in sheet.parts if isinstance(part, Chart) and part.figure
    ]
    assert text.count('<div class="slim-one">') == sum(figure.get("narrow") is not None for figure in figures)
    assert re.search(r"<td[^>]*>[^<]*\u2212€", text) is None


def test_numbers_of_an_html_table_stand_under_each_other(report: Report) -> None:
    text = html(report, with_plotly=False)
    counted = re.search(r"<tr>(<th [^>]*>Source</th>.*?)</tr>.*?<tr>(.*?)</tr>", text)
    assert counted is not None
    for row in counted.groups():
        assert ['class="num"' in cell for cell in re.findall(r"<t[hd][^>]*>", row)] == [False] + [True] * 5


def test_html_with_plotly_stays_under_six_megabytes_and_sends_nothing(report: Report) -> None:
    text = html(report)
    assert 1_000_000 < len(text.encode()) < 6_000_000
    assert "showSendToCloud: false" in text
    specs = re.findall(r'<script type="application/json" id="[\w-]+">(.*?)</script>', text, flags=re.S)
    assert specs
    assert all({"data", "layout"} <= set(json.loads(spec)) for spec in specs)


def test_pdf_holds_every_number_and_has_the_same_bytes_each_time(report: Report) -> None:
    pypdf = pytest.importorskip("pypdf")
    pytest.importorskip("typst")
    first = pdf(report)
    assert first == pdf(report)
    read = pypdf.PdfReader(io.BytesIO(first))
    text = squeezed(" ".join(page.extract_text() for page in read.pages))
    assert len(read.pages) >= len(KEYS)
    for sheet in report.sheets:
        assert squeezed(sheet.title) in text
        for part in sheet.parts:
            if isinstance(part, Table):
                assert [cell for row in part.rows for cell in row if squeezed(cell) not in text] == []
    assert "/StructTreeRoot" in str(read.trailer["/Root"])


def test_pptx_says_of_nobody_but_the_project_that_it_wrote_it(report: Report) -> None:
    """The template of the library names a person, and has that person's picture, printer and counts."""
    pytest.importorskip("pptx")
    with ZipFile(io.BytesIO(pptx(report))) as file:
        names, core = file.namelist(), file.read("docProps/core.xml").decode()
    assert re.findall(r"<(?:dc:creator|cp:lastModifiedBy)>([^<]*)<", core) == [report.project] * 2
    assert "python-pptx" not in core
    assert not [name for name in names if "thumbnail" in name or "printer" in name or name == "docProps/app.xml"]


def test_pptx_has_native_charts_with_the_numbers_and_their_ranges(report: Report) -> None:
    pytest.importorskip("pptx")
    file = ZipFile(io.BytesIO(pptx(report)))
    charts = [name for name in file.namelist() if re.fullmatch(r"ppt/charts/chart\d+\.xml", name)]
    space = {"c": "http://schemas.openxmlformats.org/drawingml/2006/chart"}
    found: list[tuple[str, float, float, float]] = []
    for name in charts:
        tree = ElementTree.fromstring(file.read(name))
        labels = [node.text for node in tree.findall(".//c:cat//c:v", space)]
        values = [float(node.text or "nan") for node in tree.findall(".//c:val//c:v", space)]
        plus = [float(node.text or "nan") for node in tree.findall(".//c:plus//c:v", space)]
        minus = [float(node.text or "nan") for node in tree.findall(".//c:minus//c:v", space)]
        found += [
            (str(label), value, value - down, value + up)
            for label, value, up, down in zip(labels, values, plus, minus, strict=True)
        ]
    wanted = [
        (f"{row.label}: {row.shown}", row.estimate, row.low, row.high)
        for sheet in report.sheets
        for part in sheet.parts
        if isinstance(part, Chart)
        for row in part.rows
        if row.is_known
    ]
    assert len(found) == len(wanted)
    for got, given in zip(sorted(found), sorted(wanted), strict=True):
        assert got[0] == given[0]
        assert got[1:] == pytest.approx(given[1:], rel=1e-9, abs=1e-9)
    notes = [file.read(name).decode() for name in file.namelist() if "notesSlides/notesSlide" in name]
    assert any(report.run_id in text for text in notes)


def test_a_selection_is_named_and_small_groups_are_refused(context: Context) -> None:
    made = report_of(context, "site=Madrid", today=TODAY)
    assert made.selection == "Madrid"
    assert "only Madrid" in made.about
    assert "Only Madrid." in html(made, with_plotly=False)
    with pytest.raises(ReportError, match="Atlantis"):
        report_of(context, "site=Atlantis", today=TODAY)
    with pytest.raises(ReportError, match="Fewer than 10 agents"):
        report_of(context, "team=Porto-8", today=TODAY)


def test_what_changed_since_an_earlier_run_is_said(context: Context) -> None:
    made = report_of(context, today=TODAY, since=context.queries.run_id())
    assert made.sheets[0].parts[1].lines == ("No verdict has changed.",)


def test_the_mail_is_a_draft_with_the_answers_and_the_file(report: Report, tmp_path: Path) -> None:
    out = tmp_path / "board.html"
    write(report, out, with_plotly=False)
    letter = message_from_bytes(message(report, out, ["board@example.org"]), policy=default)
    assert letter["X-Unsent"] == "1"
    assert report.sheets[0].title in squeezed_lines(letter.get_body().get_content())
    assert [part.get_filename() for part in letter.iter_attachments()] == ["board.html"]
    with pytest.raises(ReportError, match="no mail address"):
        message(report, out, ["nobody"])


def squeezed_lines(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(("ending", "module"), [(".pdf", "typst"), (".pptx", "pptx")])
def test_without_the_extra_one_command_is_named(
    report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ReportError, match=r"pip install 'empathy-lift\[report\]'"):
        write(report, tmp_path / f"board{ending}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["x" * 200, 'quotes " and \\ backslashes', "#set page(width: 1mm)", "مرحبا", "e\u0301", "a\nb"]
)
def test_names_are_never_markup(report: Report, name: str, tmp_path: Path) -> None:
    sheets = (replace(report.sheets[0], title=name), *report.sheets[1:])
    made: Any = replace(report, sheets=sheets, project=name)
    assert "<script>alert" not in html(replace(made, project="<script>alert(1)</script>"), with_plotly=False)
    assert quoted(name).count('"') >= 2
    pytest.importorskip("typst")
    assert pdf(made)
    assert pptx(made)


def test_a_board_reads_six_pages(report: Report) -> None:
    pypdf = pytest.importorskip("pypdf")
    pytest.importorskip("typst")
    read = pypdf.PdfReader(io.BytesIO(pdf(report)))
    assert len(read.pages) == len(KEYS)
    for page, sheet in zip(read.pages, report.sheets, strict=True):
        assert squeezed(sheet.title) in squeezed(page.extract_text())


@pytest.mark.parametrize("length", [5, 80, 150, 300, 2_000])
def test_a_title_stays_above_the_text_below_it(length: int) -> None:
    title = ("goals " * 400)[:length]
    words, size = _fitted(title)
    lines = math.ceil(len(words) * BOLD_CHARACTER * size / 72 / (WIDTH - 0.4) - 1e-9)
    assert lines * 1.2 * size / 72 <= TITLE_HEIGHT
    assert title.startswith(words.rstrip("…"))
    assert (words == title) == (length <= 300)


def test_columns_have_room_for_their_words_and_pages_for_their_rows() -> None:
    long = "a name that nobody ever shortened " * 6
    table = Table("t", ("Assumption", "Low", "Source"), tuple((long, "€1,000", long) for _ in range(30)))
    widths = _widths(table)
    assert sum(widths) == pytest.approx(WIDTH)
    assert widths[1] >= CHARACTER * len("€1,000") + 0.2
    pages = [page.rows for page in _pages(table)]
    assert [row for rows in pages for row in rows] == list(table.rows)
    assert max(map(len, pages)) - min(map(len, pages)) <= 2


def test_checks_that_failed_are_told(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    told = pl.DataFrame(
        {
            "check": ["a", "b", *(f"c{k}" for k in range(7))],
            "severity": ["warning", "error", *["warning"] * 7],
            "status": ["failed", "failed", *["failed"] * 7],
            "violations": [1] * 9,
            "sentence": ["Something is odd.", "Something is wrong.", *["More."] * 7],
        }
    )
    every = quality_data.meta

    def meta(queries: Any, table: str) -> pl.DataFrame:
        return told if table == "check_result" else every(queries, table)

    monkeypatch.setattr(quality_data, "meta", meta)
    lines = next(part.lines for part in report_of(context, today=TODAY).sheets[-1].parts if isinstance(part, Lines))
    assert lines[:2] == ("⊘ failed: Something is wrong.", "◐ look at this: Something is odd.")
    assert lines[-1] == "And 3 more, on the Data page."


def test_assumptions_are_in_the_currency_of_the_project(context: Context) -> None:
    value = context.settings.config.value
    kpi = value.kpis["escalation_rate"].model_copy(update={"currency": "USD"})
    changed = value.model_copy(update={"kpis": {"escalation_rate": kpi}, "exchange_rates": {"USD": 0.5}})
    config = context.settings.config.model_copy(update={"value": changed})
    settings = replace(context.settings, config=config)
    made = report_of(Context(settings, Queries(settings)), today=TODAY)
    rows = next(part.rows for part in made.sheets[2].parts if isinstance(part, Table) and part.title == "Assumptions")
    assert next(row[1:4] for row in rows if row[0].startswith("Escalations")) == ("€3.00", "€4.50", "€6.00")


@pytest.mark.parametrize("ending", [".html", ".pdf", ".pptx"])
def test_a_written_report_says_which_version_it_was_made_from(report: Report, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"board{ending}"
    assert run_of(out) == ""
    write(report, out, with_plotly=False)
    assert run_of(out) == report.run_id
    out.write_bytes(b"somebody else's file")
    assert run_of(out) == ""


def test_a_subject_ends_at_a_word(report: Report, tmp_path: Path) -> None:
    out = tmp_path / "board.html"
    write(report, out, with_plotly=False)
    sheets = (replace(report.sheets[0], title="satisfied customers " * 40), *report.sheets[1:])
    letter = message_from_bytes(message(replace(report, sheets=sheets), out, ["a@b.c"]), policy=default)
    assert len(letter["Subject"]) <= 200
    assert letter["Subject"].endswith(("satisfied…", "customers…"))
