"""Update a table in a document row by row, so that an interrupted run keeps its results."""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

MONTE_CARLO_99 = 2.58
"""Standard errors in half a 99% interval."""


def share(p: float, worlds: int) -> str:
    """A share of so many worlds with half its 99% Monte Carlo interval, in points.

    Examples
    --------
    >>> share(0.954, 1000)
    '95.4% ± 1.7'
    """
    return f"{p:.1%} ± {100 * MONTE_CARLO_99 * math.sqrt(p * (1 - p) / worlds):.1f}" if worlds else "-"


def with_row(text: str, table: str, head: str, names: Iterable[str], name: str, made: str) -> str:
    """The document with one row of a table made new.

    Parameters
    ----------
    text : str
        The document; the table stands between ``<!-- table -->`` and ``<!-- /table -->``.
    table : str
        Name of the table in those two marks.
    head : str
        Its first two lines.
    names : iterable of str
        First cells of all rows it may have, in their order; rows it has under other names go.
    name, made : str
        The first cell of the row, and the row.
    """
    begin, end = f"<!-- {table} -->", f"<!-- /{table} -->"
    first, last = text.index(begin) + len(begin), text.index(end)
    there = {row.split("|")[1].strip(): row for row in text[first:last].splitlines() if row.startswith("| ")}
    there[name] = made
    kept = [there[each] for each in names if each in there]
    return f"{text[:first]}\n{head}" + "\n".join(kept) + f"\n{text[last:]}"


def write_part(page: Path, part: str, made: str) -> None:
    """Put a text between ``<!-- part:start -->`` and ``<!-- part:end -->`` of a page, in place of what stands there.

    Parameters
    ----------
    page : Path
    part : str
        Name of the part in those two marks.
    made : str
        Whole lines.
    """
    start, end = f"<!-- {part}:start -->\n", f"<!-- {part}:end -->"
    text = page.read_text(encoding="utf-8")
    page.write_text(text[: text.index(start)] + start + made + text[text.index(end) :], encoding="utf-8")
