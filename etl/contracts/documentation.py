"""Writes the landing part of ``docs/data-model.md`` from the contracts: ``python -m etl.contracts.documentation``."""

from __future__ import annotations

from pathlib import Path

from etl.contracts.grammar import EARLIEST, EARLIEST_TIME, LATEST, Column
from etl.contracts.tables import CONTRACTS, PROVENANCE

OPENING = "<!-- landing tables: made by etl.contracts.documentation -->"
CLOSING = "<!-- end of landing tables -->"
PAGE = Path(__file__).parents[2] / "docs" / "data-model.md"


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


def document() -> str:
    """Return the landing part of ``docs/data-model.md``: every table, column and rule, as Markdown."""
    parts = [
        "All times are UTC. Every landing table also has:",
        "",
        "| column | type | meaning |",
        "|---|---|---|",
        *(f"| `{column.name}` | {column.sql_type} | {column.doc} |" for column in PROVENANCE),
        "",
    ]
    for contract in CONTRACTS.values():
        key = ", ".join(f"`{name}`" for name in ("_source", *contract.key))
        parts += [f"### {contract.name}", "", f"{contract.doc} Key: {key}.", ""]
        parts += ["| column | type | required | allowed | meaning |", "|---|---|---|---|---|"]
        for column in contract.columns:
            required = "yes" if column.required else ""
            parts.append(
                f"| `{column.name}` | {column.sql_type} | {required} | {_allowed(column)} | {_meaning(column)} |"
            )
        parts.append("")
        if contract.rules:
            parts += ["A row is also refused when", ""]
            parts += [f"- {rule.message} (`{rule.name}`)" for rule in contract.rules]
            parts.append("")
        for reference in contract.references:
            columns = ", ".join(f"`{name}`" for name in reference.columns)
            parts += [f"{columns} should be found in `{reference.table}`; where it is not, a check says so.", ""]
    return "\n".join(parts).rstrip() + "\n"


def _allowed(column: Column) -> str:
    if column.domain:
        return ", ".join(column.domain)
    unit = f" {column.unit}" if column.unit else ""
    if column.low is not None and column.high is not None:
        return f"{column.low:,.10g} to {column.high:,.10g}{unit}"
    if column.type in ("date", "timestamp"):
        earliest = EARLIEST if column.type == "date" else EARLIEST_TIME
        return f"{earliest[:4]} to {int(LATEST[:4]) - 1}"
    return f"up to {column.max_length:,} characters" if column.type == "text" else unit.strip()


def _meaning(column: Column) -> str:
    words = column.doc
    if column.default != "NULL":
        words += f" {column.default} when the source does not say."
    if column.private:
        words += " Private."
    return words


if __name__ == "__main__":
    PAGE.write_text(with_landing_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
