"""Find records with the same key and classify them: duplicate, superseded or in conflict.

Exports overlap and systems deliver at least once. Of several records with one key in a source the one with the newest
version counts, and among equals, or without versions, that of the last file in order (:mod:`etl.reading.files`). Each
of the others is

``duplicate``
    when its content equals that of the one that counts;
``superseded``
    when its content differs and it is older, by version or by the order of the files.

Records of one file with equal version and different content have no order: they are in ``conflict``, and all are
rejected, each with the line of another.

Most exports have no duplicates. This is tested first, with 64-bit hashes of the keys; the keys are compared only when
two hashes are equal.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

PART_ROWS = 20_000_000
"""Hashes compared at a time: eight bytes each, sorted in place: 160 MB; longer relations are taken in parts by hash."""


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
        True is certain; False may be a collision of hashes, with probability about rows squared over 2 to the power 65.
    """
    if rows < 2:
        return True
    import numpy as np  # here, because a run that compares nothing should not wait for it

    parts = rows // PART_ROWS + 1
    hashed = f"hash({', '.join(keys)})"
    for part in range(parts):
        where = f" WHERE h % {parts} = {part}" if parts > 1 else ""
        found = con.execute(f"SELECT h FROM (SELECT {hashed} AS h FROM {relation}){where}").fetchnumpy()["h"]
        hashes = np.ma.getdata(found)
        hashes.sort()
        if (hashes[1:] == hashes[:-1]).any():
            return False
    return True


KINDS = ("duplicate", "superseded", "conflict")
"""What a record that does not count is."""


def repeated_sql(keys: Sequence[str], version: str, relation: str) -> str:
    """Return a query for the records whose key is not theirs alone: ``group_id, file_id, file_order, line, dropped,
    version``.

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
    matching = " AND ".join(f"repeated.k{index} IS NOT DISTINCT FROM rows.k{index}" for index in range(len(keys)))
    return (
        f"WITH rows AS (SELECT file_id, file_order, line, dropped, ({version}) AS version, {named} FROM {relation}), "
        f"repeated AS (SELECT {aliases}, row_number() OVER () AS group_id FROM rows "
        f"GROUP BY {aliases} HAVING count(*) > 1) "
        f"SELECT group_id, file_id, file_order, line, dropped, version FROM rows JOIN repeated ON {matching}"
    )


def judged_sql(repeated: str) -> str:
    """Return a query for the records that do not count: ``file_id, line, dropped, kind, kept_file_id, kept_line``.

    Parameters
    ----------
    repeated : str
        A relation as :func:`repeated_sql` gives it, with ``content``, a hash of what each record says.
    """
    group = "PARTITION BY group_id"
    order = "version DESC NULLS LAST, file_order DESC, line DESC"
    return (
        f"WITH placed AS (SELECT *, row_number() OVER ({group} ORDER BY {order}) AS place, "
        f"first_value(version) OVER ({group} ORDER BY {order}) AS kept_version, "
        f"first_value(file_id) OVER ({group} ORDER BY {order}) AS kept_file_id, "
        f"first_value(line) OVER ({group} ORDER BY {order}) AS kept_line, "
        f"first_value(content) OVER ({group} ORDER BY {order}) AS kept_content, "
        f"first_value(dropped) OVER ({group} ORDER BY {order}) AS kept_dropped FROM {repeated}), "
        f"compared AS (SELECT *, content IS DISTINCT FROM kept_content AS differs, "
        f"file_id = kept_file_id AND version IS NOT DISTINCT FROM kept_version AND NOT dropped AND NOT kept_dropped "
        f"AS is_peer FROM placed), "
        f"contested AS (SELECT group_id, min(line) FILTER (is_peer AND differs) AS other_line FROM compared "
        f"GROUP BY group_id HAVING bool_or(is_peer AND differs)) "
        f"SELECT file_id, line, dropped, CASE WHEN is_peer AND other_line IS NOT NULL THEN 'conflict' "
        f"WHEN differs OR dropped <> kept_dropped THEN 'superseded' ELSE 'duplicate' END AS kind, kept_file_id, "
        f"CASE WHEN is_peer AND other_line IS NOT NULL AND NOT differs THEN other_line ELSE kept_line END AS kept_line "
        f"FROM compared LEFT JOIN contested USING (group_id) WHERE place > 1 OR (is_peer AND other_line IS NOT NULL)"
    )
