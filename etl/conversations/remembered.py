"""Cache of the hits in landed turns, kept beside them, so that a build searches new turns only.

In the landing folder of a file, ``heard-<key>.parquet`` has a row for each turn of an agent: its place, a hash of its
text and of the customer's turn before, its hits and its questions. The key is a hash of the rules, the code that
applies them and the version of DuckDB, whose hash function and RE2 are used. A kept row is used only where turn and
hash are equal. Customers' names are searched in every build, since they come from the contact. The cache is deleted
with the file's landing folder.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import duckdb

from etl.code_hash import code_hash
from etl.conversations.rules import RuleSet
from etl.sql_text import literal

LEAST = 1_000
"""Fewest turns of agents in a file for which its hits are kept."""

_TURN = "_line, leg, turn, said"


def key_of(rules: Mapping[str, RuleSet]) -> str:
    """Return the cache key of some rules: sixteen hexadecimal digits."""
    parts = [code_hash("etl.conversations"), duckdb.__version__]
    parts += [f"{language} {known.sha256}" for language, known in sorted(rules.items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def recall(con: duckdb.DuckDBPyConnection, folders: Mapping[str, Path], key: str) -> bool:
    """Find the turns whose hits are kept from an earlier build.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With ``agent_said``: ``turn_id, _file_id, _line, leg, turn, said``.
    folders : mapping of str to Path
        Landing folders by the ids of their files.
    key : str

    Returns
    -------
    bool
        Whether there are any; then ``recalled`` has ``turn_id, hits, questions, open_questions``; hits are a map from
        skill, rule and polarity with spaces between to how often. Where a file cannot be read there are none.
    """
    files = [str(path) for folder in folders.values() if (path := folder / f"heard-{key}.parquet").exists()]
    if not files:
        return False
    listed = ", ".join(literal(file) for file in files)
    try:
        con.execute(
            f"create or replace temp table recalled as "
            f"select agent_said.turn_id, kept.hits, kept.questions, kept.open_questions from agent_said "
            f"inner join (select *, regexp_extract(filename, '([0-9a-f]+)-[0-9a-f]+.heard-[0-9a-f]+.parquet$', 1) "
            f"as _file_id from read_parquet([{listed}], filename = true)) as kept using (_file_id, {_TURN})"
        )
    except duckdb.Error:
        return False
    return con.execute("select count(*) > 0 from recalled").fetchone() == (True,)


def remember(con: duckdb.DuckDBPyConnection, folders: Mapping[str, Path], key: str, *, recalled: bool) -> None:
    """Write the hits beside each landed file that has turns without kept hits.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With ``agent_said``, ``asked``, and ``heard``, which has no names yet.
    folders, key
        As in :func:`recall`.
    recalled : bool
        What :func:`recall` returned.
    """
    fresh = "agent_said" + (" anti join recalled using (turn_id)" if recalled else "")
    counted = con.execute(
        f"select _file_id, count(*) from agent_said where _file_id in (select _file_id from {fresh}) group by all"
    ).fetchall()
    worth = [identity for identity, turns in counted if turns >= LEAST and identity in folders]
    if not worth:
        return
    listed = ", ".join(literal(identity) for identity in worth)
    con.execute(
        f"""
        create or replace temp table kept_turn as
        select agent_said.*, hits, questions, open_questions
        from (select * from agent_said where _file_id in ({listed})) as agent_said
        left join (
            select turn_id, map_from_entries(list((concat_ws(' ', skill, rule, polarity), hits))) as hits
            from heard
            group by turn_id
        ) using (turn_id)
        left join asked using (turn_id)
        order by _file_id, _line, turn
        """
    )
    for identity in worth:
        _write(con, identity, folders[identity], key)
    con.execute("drop table kept_turn")


def _write(con: duckdb.DuckDBPyConnection, identity: str, folder: Path, key: str) -> None:
    """Write the file of one landed file, and leave the folder's time of change, by which it expires, as it is."""
    before = folder.stat()
    building = folder / f"heard-{os.getpid()}.tmp"
    con.execute(
        f"copy (select {_TURN}, hits, questions, open_questions from kept_turn where _file_id = {literal(identity)}) "
        f"to {literal(str(building))} (format parquet, compression zstd, write_bloom_filter false)"
    )
    building.chmod(0o600)
    for old in folder.glob("heard-*.parquet"):
        old.unlink()
    building.replace(folder / f"heard-{key}.parquet")
    os.utime(folder, ns=(before.st_atime_ns, before.st_mtime_ns))
