"""Erase one person from versions, landed files and reject lists.

Exports and backups are not changed: remove the person there first, or the next build reads the person again. Landed
files that hold the person are removed whole, since ``landing/`` can be read again from the exports. Versions are
immutable, so the served one is rewritten without the person's rows and published, and all others are deleted. Estimates
stay, because they are about groups.

Other files in the warehouse folder (logs of commands before a source) are deleted where they name the person. Files
beside the configuration (corrections, labels, plans) belong to the operator: they are listed, not changed. Afterwards
everything is searched for the person's ids and pseudonyms, and the report lists what was found.
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
    """What was erased, and where ids were still found.

    Attributes
    ----------
    rows : int
        Rows removed from the served version.
    files : int
        Landed files removed because they held the person; the next build reads them again.
    versions : int
        Earlier versions deleted.
    run_id : str
        The version served now.
    left : tuple of str
        Places where an id or pseudonym of the person was still found; empty when nowhere.
    beside : tuple of str
        Files beside the configuration that name the person, for the operator to correct.
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
    """Files of the warehouse folder other than versions and landed files, such as logs."""
    known = {*(version.path for version in Warehouse(warehouse).versions()), warehouse / REGISTRY}
    files = [path for path in sorted(warehouse.rglob("*")) if path.is_file() and path not in known]
    return [path for path in files if not path.is_relative_to(warehouse / LANDING)]


def _beside(config: Config) -> list[Path]:
    """The operator's files beside the configuration: those of ``[project] keep``, corrections, plans, logs."""
    found = {path for _, path in kept_files(config)} | set(config.folder.glob("*.log"))
    for source in config.sources.values():
        if source.table == "correction":
            found |= {Path(each) for pattern in source.paths for each in glob(str(config.folder / pattern))}
    return sorted(path for path in found if path.is_file())


def _names(path: Path, words: Sequence[str]) -> bool:
    """Whether a file contains one of some words as a whole word."""
    data = path.read_bytes()
    return any(re.search(rb"(?<![A-Za-z0-9])" + re.escape(each.encode()) + rb"(?![A-Za-z0-9])", data) for each in words)


def _keys(config: Config, kind: Kind, ids: Sequence[str], secret: bytes) -> list[str]:
    """All pseudonyms that the ids may have."""
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
    """Copy all tables of the previous version without the person's rows; return the number of rows removed."""
    con.execute("set preserve_insertion_order = true")
    columns: dict[tuple[str, str], dict[str, str]] = {}
    for schema, table, column, data_type in con.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where database_name = 'before' and not internal order by all"
    ).fetchall():
        columns.setdefault((schema, table), {})[column] = data_type
    columns.pop(("meta", "kept_study"), None)  # made from the person's rows too
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
    """SQL of a column with the person's pseudonyms and ids removed from other people's rows and texts."""
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
    """Remove the landed files that hold the person; the next build reads them again."""
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
    """Search for texts in the relations of versions, files of ``landing/`` and all other files of the warehouse folder.

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
