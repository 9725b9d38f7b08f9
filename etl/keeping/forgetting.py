"""One person out of everything that is kept: versions, what was read from the exports, reject lists.

The exports themselves and backups are not ours: whoever keeps them takes the person out there first, or the next build
reads the person again. What was read (``landing/``) can be made again from the exports, so files that hold the person
are removed from it whole. Versions cannot be changed, so the served one is written anew without the person's rows and
published, and every other one is deleted. Estimates stay: they are about groups.

Whatever else lies in the warehouse folder (what commands before a source said) is deleted where it names the person.
Files kept beside the configuration (corrections, labels, plans) are the operator's: they are named, not changed.
Afterwards everything is searched for the person's ids and pseudonyms, and the report says what was found.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import duckdb

from etl import privacy
from etl.errors import EmpathyError
from etl.keeping.backup import kept_files
from etl.sql_text import literal, quoted
from etl.warehouse.publish import Draft, keep_only
from etl.warehouse.reader import REGISTRY, Warehouse

if TYPE_CHECKING:
    from etl.configuration.model import Config

LANDING = "landing"
Kind = Literal["agent", "customer"]


@dataclass(frozen=True)
class Forgotten:
    """What was erased, and the proof.

    Attributes
    ----------
    rows : int
        Rows left out of the version that is served now.
    files : int
        Files that are to be read again, since they held the person.
    versions : int
        Earlier versions deleted.
    run_id : str
        The version served now.
    left : tuple of str
        Where an id or pseudonym of the person still stands; empty when nowhere.
    beside : tuple of str
        Files beside the configuration that name the person: whoever keeps them takes the person out.
    """

    rows: int
    files: int
    versions: int
    run_id: str
    left: tuple[str, ...]
    beside: tuple[str, ...] = ()


def forget(config: Config, kind: Kind, ids: Sequence[str]) -> Forgotten:
    """Erase one person.

    Parameters
    ----------
    config : Config
        With the key of the pseudonyms in the environment.
    kind : "agent" or "customer"
    ids : sequence of str
        Every id of the person: employee number, ids and mail addresses in the systems, as the exports write them.

    Raises
    ------
    EmpathyError
        When there is no version, or no id was given.
    """
    ids = [each.strip() for each in ids if each.strip()]
    if not ids:
        raise EmpathyError("Name the person by at least one id.")
    secret = privacy.key(config)
    keys = _keys(config, kind, ids, secret)
    warehouse = Warehouse(config.warehouse)
    served = warehouse.current()
    with Draft.open(config.warehouse, keep=1) as draft:
        con = draft.con
        con.execute(f"attach {literal(str(served.path))} as before (read_only)")
        rows = _copy_without(con, kind, keys, ids)
        con.execute("detach before")
        version = draft.publish()
    deleted = keep_only(config.warehouse, version.run_id)
    files = _clear_landing(config.warehouse / LANDING, ids)
    for path in _others(config.warehouse):
        if _names(path, [*keys, *ids]):
            path.unlink()
    beside = tuple(str(path) for path in _beside(config) if _names(path, [*keys, *ids]))
    return Forgotten(rows, files, deleted, version.run_id, search(config, [*keys, *ids]), beside)


def _others(warehouse: Path) -> list[Path]:
    """Files of the warehouse folder that are neither versions nor what was read: logs, and what else was put there."""
    known = {*(version.path for version in Warehouse(warehouse).versions()), warehouse / REGISTRY}
    files = [path for path in sorted(warehouse.rglob("*")) if path.is_file() and path not in known]
    return [path for path in files if not path.is_relative_to(warehouse / LANDING)]


def _beside(config: Config) -> list[Path]:
    """Files of the operator beside the configuration: those of ``[project] keep``, corrections, plans, logs."""
    found = {path for _, path in kept_files(config)} | set(config.folder.glob("*.log"))
    for source in config.sources.values():
        if source.table == "correction":
            found |= {Path(each) for pattern in source.paths for each in glob(str(config.folder / pattern))}
    return sorted(path for path in found if path.is_file())


def _names(path: Path, words: Sequence[str]) -> bool:
    """Whether one of some words stands in a file, and not as a part of a longer one."""
    data = path.read_bytes()
    return any(re.search(rb"(?<![A-Za-z0-9])" + re.escape(each.encode()) + rb"(?![A-Za-z0-9])", data) for each in words)


def _keys(config: Config, kind: Kind, ids: Sequence[str], secret: bytes) -> list[str]:
    """Pseudonyms that the ids may have become."""
    if kind == "customer":
        spaces = {"", *(source.customer_ids for source in config.sources.values())}
        written = [f"{space}:{each}" if space else each for each in ids for space in spaces]
        return sorted({privacy.pseudonym(secret, "customer", each) for each in (*ids, *written)})
    people = [f"number:{each}" for each in ids] + [f"email:{each.lower()}" for each in ids]
    sources = config.sources.items()
    systems = [name if source.format == "tabular" else f"format:{source.format}" for name, source in sources]
    people += [f"id:{system}:{each}" for each in ids for system in systems]
    return sorted({privacy.pseudonym(secret, "agent", person) for person in people})


def _copy_without(con: duckdb.DuckDBPyConnection, kind: Kind, keys: Sequence[str], ids: Sequence[str]) -> int:
    """Every table of the version before without the person's rows; how many they were."""
    con.execute("set preserve_insertion_order = true")
    columns: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, data_type in con.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where database_name = 'before' and not internal order by all"
    ).fetchall():
        columns.setdefault((schema, table), {})[column] = data_type
    columns.pop(("meta", "kept_study"), None)  # estimates with the person in them, which the next run would not use
    own = {"agent": ("agent_key", "agent_ix"), "customer": ("customer_key",)}[kind]
    named = ", ".join(literal(each) for each in keys)
    numbers: list[int] = []
    if kind == "agent" and "agent_ix" in columns.get(("core", "agent"), {}):
        found = con.execute(f"select agent_ix from before.core.agent where agent_key in ({named})").fetchall()
        numbers = [int(row[0]) for row in found]
    removed = 0
    for (schema, table), there in columns.items():
        tests = []
        if own[0] in there:
            tests.append(f"{own[0]} in ({named})")
        elif kind == "agent" and "agent_ix" in there and numbers:
            tests.append(f"agent_ix in ({', '.join(map(str, numbers))})")
        test = " or ".join(f"coalesce({each}, false)" for each in tests) or "false"
        target = f"{schema}.{quoted(table)}"
        kept = ", ".join(_shown(name, data_type, named, ids) for name, data_type in there.items())
        before = f"before.{target}"
        con.execute(f"create table {target} as select {kept} from {before} where not ({test}) order by rowid")
        row = con.execute(f"select count(*) from {before} where {test}").fetchone()
        removed += int(row[0]) if row else 0
    return removed


def _shown(name: str, data_type: str, keys: str, ids: Sequence[str]) -> str:
    """A column, with the person's pseudonyms and ids taken out of other people's rows and of texts."""
    column = quoted(name)
    if data_type == "VARCHAR" and name.endswith("_key"):
        return f"case when {column} in ({keys}) then null else {column} end as {column}"
    texts = [each for each in ids if len(each) > 2]
    if data_type == "VARCHAR" and name in ("raw", "sample", "sentence"):
        for each in texts:
            column = f"replace({column}, {literal(each)}, '•••')"
        return f"{column} as {quoted(name)}"
    if data_type == "VARCHAR[]" and name == "reasons":
        inner = "reason"
        for each in texts:
            inner = f"replace({inner}, {literal(each)}, '•••')"
        return f"list_transform({column}, lambda reason: {inner}) as {column}"
    return column


def _clear_landing(landing: Path, ids: Sequence[str]) -> int:
    """Remove what was read of the files that hold the person; they are read again by the next build."""
    if not landing.is_dir():
        return 0
    gone = [folder for folder in sorted(landing.iterdir()) if folder.is_dir() and _holds(folder, ids)]
    for folder in gone:
        shutil.rmtree(folder)
    index = landing / "index.json"
    if gone and index.exists():
        index.unlink()  # it names folders that are no longer there
    return len(gone)


def _holds(folder: Path, ids: Sequence[str]) -> list[str]:
    """Parquet files of a landing folder in which one of the ids stands."""
    found = []
    with duckdb.connect(":memory:") as con:
        for file in sorted(folder.glob("*.parquet")):
            source = f"read_parquet({literal(str(file))})"
            described = con.execute(f"describe select * from {source}").fetchall()
            tests = []
            for name, kind, *_ in described:
                text = quoted(name) if kind == "VARCHAR" else f"to_json({quoted(name)})::varchar"
                if kind == "VARCHAR" or kind.endswith("]") or kind.startswith("STRUCT"):
                    tests += [f"contains(lower({text}), {literal(each.lower())})" for each in ids]
            if tests and con.execute(f"select 1 from {source} where {' or '.join(tests)} limit 1").fetchone():
                found.append(str(file))
    return found


def search(config: Config, words: Sequence[str]) -> tuple[str, ...]:
    """Where one of some texts still stands: relations of versions, files of ``landing/``, and all others beside them.

    Parameters
    ----------
    config : Config
    words : sequence of str
        Ids and pseudonyms.
    """
    found = []
    warehouse = Warehouse(config.warehouse)
    for version in warehouse.versions():
        with warehouse.reader(version.run_id) as cursor:
            columns = cursor.execute(
                "select schema_name, table_name, column_name, data_type from duckdb_columns() "
                "where database_name = current_database() and not internal "
                "and (data_type = 'VARCHAR' or data_type = 'VARCHAR[]') order by all"
            ).fetchall()
            listed = ", ".join(literal(each) for each in words)
            for schema, table, column, data_type in columns:
                text = quoted(column)
                test = f"{text} in ({listed})" if data_type == "VARCHAR" else f"list_has_any({text}, [{listed}])"
                sql = f"select 1 from {schema}.{quoted(table)} where {test} limit 1"
                if cursor.execute(sql).fetchone():
                    found.append(f"{version.run_id}: {schema}.{table}.{column}")
    landing = config.warehouse / LANDING
    for folder in sorted(landing.iterdir()) if landing.is_dir() else ():
        if folder.is_dir():
            found += _holds(folder, words)
        elif folder.suffix == ".json" and any(json.dumps(each)[1:-1] in folder.read_text() for each in words):
            found.append(str(folder))
    return (*found, *(str(path) for path in _others(config.warehouse) if _names(path, words)))
