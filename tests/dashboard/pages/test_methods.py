"""Methods: every KPI, every verdict and every word is explained, from the sources the product itself reads."""

from __future__ import annotations

import tomllib
from pathlib import Path

from analysis.words.verdict import LABELS
from dashboard import glossary
from dashboard.page import Context
from dashboard.pages import methods as page
from dashboard.state import Filters
from dashboard.views import methods as view

ROOT = Path(__file__).resolve().parents[3]
FORBIDDEN = ("significant", "proved", "p-value", "pp ")
"""Words for nobody: the verdict says what may be said."""


def test_every_kpi_of_the_catalogue_is_explained(world: Context) -> None:
    body = str(page.answer(world, Filters()))
    for kpi in world.settings.catalogue.values():
        assert f"kpi-{kpi.id}" in body
        assert kpi.definition.split('"')[0][:60] in body


def test_the_smallest_change_that_matters_is_in_the_readers_unit(world: Context) -> None:
    entries = {
        entry.kpi.id: entry
        for group in view.glossary(world.settings.catalogue, world.settings.reader).values()
        for entry in group
    }
    assert entries["escalation_rate"].matters == "0.5 points"
    assert entries["escalation_rate"].better == "lower is better"
    assert entries["aht_seconds"].matters.endswith("seconds")


def test_five_verdicts_with_their_meaning() -> None:
    found = view.verdicts()
    assert [name for _, name, _ in found] == list(LABELS.values())
    assert all(len(meaning) > 40 for _, _, meaning in found)


def test_every_word_has_a_plain_and_an_exact_side(world: Context) -> None:
    body = str(page.answer(world, Filters()))
    for term in glossary.terms():
        assert f"word-{term.id}" in body
        assert len(term.plain) > 20
        assert len(term.exact) > 20
        assert not any(word in term.plain.lower() for word in FORBIDDEN), term.id
        assert term.plain.endswith(".")


def test_the_design_of_this_programme_is_told(world: Context) -> None:
    assert "whole teams were trained in planned waves" in view.how_trained("team_waves", "team")
    assert "nobody recorded" in view.how_trained("something new", "team")
    rows = view.estimators(world.queries.design()[0])
    assert {row["allowed"] for row in rows} == {"● yes", "⊘ no"}


def test_the_methods_are_the_document_itself() -> None:
    document = (ROOT / "docs" / "methods.md").read_text(encoding="utf-8")
    shown = glossary.methods()
    assert not shown.startswith("# ")
    headings = [line for line in document.splitlines() if line.startswith("## ")]
    assert headings
    assert all(line in shown for line in headings)
    assert "](coverage.md)" in document
    assert "](coverage.md)" not in shown  # the dashboard does not serve that page


def test_the_wheel_carries_the_document_where_the_page_looks_for_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    carried = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert carried["docs/methods.md"] == f"dashboard/{glossary.METHODS_FILES[0].name}"
