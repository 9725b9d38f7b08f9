"""Writes the landing part of ``docs/data-model.md`` from the contracts: ``python -m etl.data_model``."""

from __future__ import annotations

from pathlib import Path

from etl.contracts import document

OPENING = "<!-- landing tables: made by etl.contracts.document() -->"
CLOSING = "<!-- end of landing tables -->"
PAGE = Path(__file__).parent.parent / "docs" / "data-model.md"


def with_landing_tables(page: str) -> str:
    """Return the page with what stands between the two marks made anew.

    Parameters
    ----------
    page : str
        Markdown with :data:`OPENING` and :data:`CLOSING`.

    Raises
    ------
    ValueError
        When a mark is missing.
    """
    before, opening, rest = page.partition(OPENING)
    _, closing, after = rest.partition(CLOSING)
    if not opening or not closing:
        raise ValueError("the page lacks the marks between which the landing tables stand")
    return f"{before}{OPENING}\n\n{document()}\n{CLOSING}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_landing_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
