"""Files that leave a shared dashboard, and words that count: what a reader finds in them with the file taken apart."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pypdf
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.data.data_quality import meta
from dashboard.data.queries import Queries
from dashboard.page import Context
from dashboard.privacy.redaction import in_words, nearest
from dashboard.privacy.viewer import READER, seen_by
from dashboard.report.contents import frame_of, report_of
from dashboard.report.document import Report
from dashboard.report.writers import write
from dashboard.state import Filters
from dashboard.views.data_quality import ledger
from tests.dashboard.privacy.conftest import Corners
from tests.dashboard.privacy.test_access import AGENT, exact_totals, numbers

MINIMUM = 5
PEOPLE = re.compile(r"(\d[\d,]*) (?:[a-z-]+ ){0,2}(?:agents?|people|leavers?)\b(?! (?:per|a) )")
COUNTED = re.compile(r"(\d[\d,]*) (?:[a-z-]+ ){0,2}(?:rows?|contacts?|evaluations?|trainings?)\b(?! (?:per|a) )")


@pytest.fixture(scope="module")
def told(corners: Corners) -> Report:
    with seen_by(READER):
        return report_of(Context(corners.shared.settings, corners.shared.queries), today=date(2026, 3, 9))


def titles_of(outline: list[Any]) -> Iterator[str]:
    for one in outline:
        yield from titles_of(one) if isinstance(one, list) else [str(one.title)]


def texts_of(path: Path) -> Iterator[str]:
    """Every text, attribute, name and cell of a file, those of the workbooks inside a presentation too.

    Of a PDF the words of its pages, its properties, its outline and its notes; it holds no file.
    """
    if path.suffix == ".pdf":
        read = pypdf.PdfReader(path)
        assert not list(read.attachments)
        yield from (page.extract_text() for page in read.pages)
        yield from (str(value) for value in (read.metadata or {}).values())
        for page in read.pages:
            yield from (str(note.get_object()) for note in page.get("/Annots") or ())
        yield from titles_of(read.outline)
        return
    if not zipfile.is_zipfile(path):
        yield path.read_text(encoding="utf-8", errors="replace")
        return
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            held = archive.read(name)
            if name.endswith(".xlsx"):
                inner = path.with_name(f"{path.stem}-{Path(name).name}")
                inner.write_bytes(held)
                yield from texts_of(inner)
            elif name.endswith((".xml", ".rels")):
                for node in ElementTree.fromstring(held).iter():
                    yield from (part for part in (node.text, node.tail, *node.attrib.values()) if part)


@pytest.mark.parametrize("ending", ["html", "pptx", "pdf"])
def test_a_report_taken_apart_holds_no_more_than_pages(
    corners: Corners, told: Report, tmp_path: Path, ending: str
) -> None:
    """Notes, alternative texts, data of native charts and the workbooks in them: no agent, no exact total, no few."""
    path = tmp_path / f"board.{ending}"
    write(told, path, with_plotly=False)
    everything = " \n".join(texts_of(path))
    assert len(everything) > 5_000
    assert not AGENT.search(everything)
    assert str(corners.shared.settings.config.folder) not in everything
    plain = re.sub(r"<script.*?</script>", "", everything, flags=re.S) if ending == "html" else everything
    assert not numbers(plain) & exact_totals(corners)
    visible = re.sub(r"<[^>]+>", " ", plain)
    assert not {found[0] for found in PEOPLE.finditer(visible) if int(found[1].replace(",", "")) % MINIMUM}
    assert not {found[0] for found in COUNTED.finditer(visible) if len(found[1].replace(",", "").rstrip("0")) > 2}


def objects_of(path: Path) -> Iterator[str]:
    """Every object of a PDF, streams unpacked: fonts, alternative texts, structure, metadata, drawings."""
    pypdf = pytest.importorskip("pypdf")
    reader = pypdf.PdfReader(path)
    for number in range(1, reader.trailer["/Size"]):
        held = reader.get_object(number)
        yield repr(held)
        if isinstance(held, pypdf.generic.StreamObject):
            yield held.get_data().decode("latin-1")


def test_a_pdf_taken_apart_holds_no_more_than_pages(corners: Corners, told: Report, tmp_path: Path) -> None:
    pypdf = pytest.importorskip("pypdf")
    pytest.importorskip("typst")
    path = tmp_path / "board.pdf"
    write(told, path)
    inside = " \n".join(objects_of(path))
    assert "/StructTreeRoot" in inside
    assert not AGENT.search(inside)
    assert "empathy-report-" not in inside, "where it was made"
    assert str(corners.shared.settings.config.folder) not in inside
    reader = pypdf.PdfReader(path)
    assert not reader.attachments
    assert {"/Title", "/Keywords"} <= set(reader.metadata) <= {"/Title", "/Keywords", "/Creator", "/Producer"}
    alternatives = " ".join(re.findall(r"'/Alt': '([^']*)'", inside))
    assert "The numbers stand in the table" in alternatives
    plain = " ".join([*(page.extract_text() for page in reader.pages), alternatives]).replace("\n", " ")
    assert told.sheets[0].title[:20] in plain
    assert not numbers(plain) & exact_totals(corners)
    assert not {found[0] for found in PEOPLE.finditer(plain) if int(found[1].replace(",", "")) % MINIMUM}
    assert not {found[0] for found in COUNTED.finditer(plain) if len(found[1].replace(",", "").rstrip("0")) > 2}


def test_the_data_of_its_charts_are_estimates_that_pages_tell(corners: Corners, told: Report) -> None:
    rows = frame_of(told)
    queries = corners.shared.queries
    with seen_by(READER):
        shown = queries.effects(Filters()).filter(pl.col("role") == "headline")
        relative = (100 * pl.col("estimate") / pl.col("baseline")).abs().round(6)
        pages = shown.filter(pl.col("estimate").is_not_null()).select(relative).to_series().to_list()
    goals = rows.filter(pl.col("page") == "goals").drop_nulls("estimate")["estimate"].abs().round(6)
    finite = [value for value in goals.to_list() if value == value]
    assert finite
    assert set(finite) <= set(pages)


def test_a_report_counts_rows_and_what_checks_found_as_pages_do(corners: Corners) -> None:
    """One training more is two rows more: exact books of two nightly reports would be somebody's completion."""
    queries = corners.shared.queries
    plain = Queries.frame

    def with_findings(self: Queries, sql: str, parameters: tuple[object, ...] = ()) -> pl.DataFrame:
        rows = plain(self, sql, parameters)
        if "check_result" in sql:
            found = {"check": "x", "severity": "warning", "status": "failed", "violations": 1, "sample": "agent-0001"}
            found |= {"sentence": "1 agent has 3 trainings; of 1,234 and 3,418 evaluated contacts 43 agents had 2."}
            rows = pl.concat([rows, pl.DataFrame([found], schema_overrides=rows.schema)], how="diagonal_relaxed")
        return rows

    with pytest.MonkeyPatch.context() as patch, seen_by(READER):
        patch.setattr(Queries, "frame", with_findings)
        made = report_of(Context(corners.shared.settings, queries), today=date(2026, 3, 9))
        checks, books = meta(queries, "check_result"), ledger(meta(queries, "file_manifest"))
        about = queries.about()
    trust = repr(next(sheet for sheet in made.sheets if sheet.key == "trust"))
    words = "fewer than 5 agents have fewer than 5 trainings; of 1,200 and 3,400 evaluated contacts 45 agents had 2."
    assert words in trust
    assert checks["sample"].drop_nulls().is_empty()
    assert checks["violations"].drop_nulls().is_empty()
    exact = corners.own.queries.about()
    assert (exact.n_read, exact.n_rejected) == (1000, 10)
    assert (about.n_read, about.n_rejected) == (1000, 10)
    assert books.adds_up
    assert books.total["files"] == 1
    assert meta(corners.own.queries, "check_result").columns == checks.columns


@given(st.integers(0, 10**7), st.integers(2, 30), st.booleans())
def test_one_more_is_nothing_or_a_whole_step(n: int, minimum: int, people: bool) -> None:
    before, after = nearest(n, minimum, people=people), nearest(n + 1, minimum, people=people)
    assert after - before == 0 or after - before >= minimum
    assert abs(before - n) <= max(minimum / 2, n / 20 if not people else 0) + 1


@given(st.integers(1, 99_999), st.integers(2, 12), st.sampled_from(["agents", "evaluated contacts", "rows", "leavers"]))
def test_no_word_for_people_or_records_has_an_exact_number(n: int, minimum: int, noun: str) -> None:
    said = in_words(f"In 12 weeks {n:,} {noun} and 3.5 points, 40% of the trained.", minimum)
    assert said.startswith("In 12 weeks ")
    assert said.endswith(f" {noun} and 3.5 points, 40% of the trained.")
    told = said.removeprefix("In 12 weeks ").split(f" {noun}")[0]
    if n < minimum:
        assert told == f"fewer than {minimum}"
    else:
        assert int(told.replace(",", "")) == nearest(n, minimum, people=noun in ("agents", "leavers"))


def test_units_and_places_keep_their_numbers() -> None:
    text = "On 12 raters, 4.4 per 1,000 contacts, 109 weeks of 10 teams, from 3 sites; 12.5 contacts a day."
    assert in_words(text, 5) == text
    text = "No drift was seen in the 12 weeks before training; above zero in 64 of 100 simulated cases."
    assert in_words(text, 5) == text
    text = "43 of the agents, 12 trained agents, 3 teams"
    assert in_words(text, 5) == "45 of the agents, 10 trained agents, 3 teams"
    text = "A fall of 3 leavers per 101 agents a month."
    assert in_words(text, 5) == text
