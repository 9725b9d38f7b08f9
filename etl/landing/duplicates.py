"""Records that say the same thing twice, found cheaply and left out once and for all.

Exports overlap and systems deliver at least once. Of several records with one key in a source one counts: the one with
the newest version, and among equals, or without versions, the last in order of path and line.

Nearly always there is no duplicate at all, so that is decided first, from 64-bit hashes of the keys; only when two of
them are equal are the keys themselves compared.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np

PART_ROWS = 20_000_000
"""Hashes compared at a time: eight bytes each, twice, so about 320 MB; longer relations are taken in parts by hash."""


def are_unique(con: duckdb.DuckDBPyConnection, keys: Sequence[str], relation: str, rows: int) -> bool:
    """Whether no two rows of a relation have the same key.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    keys : sequence of str
        SQL of the key's columns.
    relation : str
        What follows FROM.
    rows : int
        About how many rows it has.

    Returns
    -------
    bool
        True is certain; False may, with a chance of about rows squared over 2 to the power 65, be a chance equality.
    """
    if rows < 2:
        return True
    import polars as pl  # here, because a run that compares nothing should not wait for it

    parts = rows // PART_ROWS + 1
    hashed = f"hash({', '.join(keys)})"
    for part in range(parts):
        where = f" WHERE h % {parts} = {part}" if parts > 1 else ""
        found = con.execute(f"SELECT h FROM (SELECT {hashed} AS h FROM {relation}){where}").fetchnumpy()["h"]
        hashes = pl.Series(np.ma.getdata(found))
        if hashes.n_unique() < hashes.len():
            return False
    return True


def losers_sql(keys: Sequence[str], version: str, relation: str) -> str:
    """Return a query for the records that give way to another with the same key: ``file_id, line, dropped``.

    Parameters
    ----------
    keys : sequence of str
        SQL of the key's columns.
    version : str
        SQL of the version; NULL is oldest.
    relation : str
        A relation with ``file_id, file_order, line, dropped`` and what keys and version name.
    """
    named = ", ".join(f"({key}) AS k{index}" for index, key in enumerate(keys))
    aliases = ", ".join(f"k{index}" for index in range(len(keys)))
    of_rows = ", ".join(f"rows.k{index}" for index in range(len(keys)))
    matching = " AND ".join(f"repeated.k{index} IS NOT DISTINCT FROM rows.k{index}" for index in range(len(keys)))
    return (
        f"WITH rows AS (SELECT file_id, file_order, line, dropped, ({version}) AS version, {named} FROM {relation}), "
        f"repeated AS (SELECT {aliases} FROM rows GROUP BY {aliases} HAVING count(*) > 1) "
        f"SELECT file_id, line, dropped FROM ("
        f"SELECT rows.*, row_number() OVER (PARTITION BY {of_rows} "
        f"ORDER BY version DESC NULLS LAST, file_order DESC, line DESC) AS place "
        f"FROM rows JOIN repeated ON {matching}) WHERE place > 1"
    )
