"""Write tables as CSV in which no cell becomes a formula or link in a spreadsheet (CWE-1236).

A spreadsheet runs a cell that begins with ``=``, ``+``, ``-`` or ``@`` as a formula, also after spaces and control
characters, and takes full-width signs for plain ones. Which character separates cells depends on the country it is set
to, so text that holds a separator can become several cells there: so the text after each separator is guarded too.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping

_SIGNS = "=+@\uff1d\uff0b\uff20\uff0d\u2212-"
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)*([eE][+-]?\d+)?%?")
_BEGINNING = re.compile(rf"""((?:^|[,;\t|\r\n])[\s"'\x00-\x1f\u200b\ufeff]*)(?=[{_SIGNS}])""")


def harmless(text: str) -> str:
    """Text with an apostrophe before each character that could begin a formula in a spreadsheet.

    Numbers stay as they are, negative ones too.

    Parameters
    ----------
    text : str

    Examples
    --------
    >>> harmless('=HYPERLINK("http://192.0.2.1","Queue")')
    '\\'=HYPERLINK("http://192.0.2.1","Queue")'
    >>> harmless("-4.5"), harmless("billing;=1+1")
    ('-4.5', "billing;'=1+1")
    """

    return _BEGINNING.sub(_guarded, text.replace("\x00", ""))


def _guarded(found: re.Match[str]) -> str:
    return found[0] if _NUMBER.fullmatch(found.string, found.end()) else f"{found[0]}'"


def flat(data: pl.DataFrame) -> pl.DataFrame:
    """A table with lists joined to text, and formulas guarded in all texts and column names.

    Parameters
    ----------
    data : DataFrame
    """
    lists = [name for name, kind in data.schema.items() if isinstance(kind, pl.List)]
    joined = data.with_columns(pl.col(lists).cast(pl.List(pl.String)).list.join("; ")) if lists else data
    kinds = (pl.Categorical, pl.Enum)
    coded = [name for name, kind in joined.schema.items() if isinstance(kind, kinds)]
    joined = joined.with_columns(pl.col(coded).cast(pl.String)) if coded else joined
    texts = [name for name, kind in joined.schema.items() if kind == pl.String]
    changes = {}
    for name in texts:
        values = joined[name].drop_nulls().unique().to_list()
        changes[name] = {value: safe for value in values if (safe := harmless(value)) != value}
    done = joined.with_columns(pl.col(name).replace(change) for name, change in changes.items() if change)
    return done.rename({name: harmless(name) for name in done.columns if harmless(name) != name})


def write_csv(data: pl.DataFrame, about: Mapping[str, str], out: IO[bytes]) -> None:
    """Write a table as CSV under lines ``# key: value`` that say what it is.

    Parameters
    ----------
    data : DataFrame
    about : mapping
        Keys and values of the lines.
    out : binary file
    """
    out.writelines(f"# {key}: {harmless(' '.join(value.split()))}\n".encode() for key, value in about.items())
    flat(data).write_csv(out)
