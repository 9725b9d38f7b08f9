"""Exports -> a new version of the warehouse: extract, match agents, transform, check, publish.

A build publishes everything or nothing. Whatever stops it (a source that rejects too much, a check that fails, a full
disk, a killed process) leaves the version that was served before.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, astuple, dataclass, field
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from etl import privacy
from etl.code_hash import code_hash
from etl.configuration.kpis import SQL_FOLDER, Catalogue, configured
from etl.configuration.model import Config
from etl.errors import StopRuleError
from etl.landing.extract import ExtractReport, attach_landed, extract, fingerprint, land_files, landing_folder
from etl.landing.landed_files import load_index, settle
from etl.marts import history, identity, lineage, quality, relations, restatement, transform
from etl.marts.quality import CheckResult
from etl.warehouse.publish import Draft
from etl.warehouse.reader import Warehouse, WarehouseError, version_path

Progress = Callable[[str], None]


@dataclass(frozen=True)
class FileCount:
    """What became of one file: ``read = loaded + rejected + duplicate``, in records."""

    path: str
    source: str
    read: int
    loaded: int
    rejected: int
    duplicate: int


@dataclass(frozen=True)
class BuildReport:
    """What a build did.

    Attributes
    ----------
    run_id : str
    warehouse : Path
        The version's file.
    files : tuple of FileCount
    relations : dict of str to int
        Rows of every relation of core and mart.
    seconds : float
        Wall time.
    unchanged : bool
        Nothing was new: the version served already is the result, and no new one was published.
    steps : tuple of etl.marts.transform.Step
        Every relation with the time it took.
    checks : tuple of CheckResult
    reconciliation : tuple of etl.marts.quality.Reconciliation
    coverage : tuple of etl.marts.identity.Coverage
    repairs : etl.marts.history.Repairs or None
    restated : tuple of etl.marts.restatement.Change
    """

    run_id: str
    warehouse: Path
    files: tuple[FileCount, ...]
    relations: Mapping[str, int]
    seconds: float
    unchanged: bool = False
    steps: tuple[transform.Step, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    reconciliation: tuple[quality.Reconciliation, ...] = ()
    coverage: tuple[identity.Coverage, ...] = ()
    repairs: history.Repairs | None = None
    restated: tuple[restatement.Change, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The object that ``empathy build --json`` prints."""
        return {
            "run_id": self.run_id,
            "warehouse": str(self.warehouse),
            "files": [asdict(file) for file in self.files],
            "relations": dict(self.relations),
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True)
class CheckReport:
    """What a build would do.

    Attributes
    ----------
    files : tuple of FileCount
    stops : tuple of str
        Why the build would stop; empty when it would not.
    coverage : tuple of etl.marts.identity.Coverage
    reasons : dict of str to int
        Reasons of rejects, most frequent first, values left out.
    seconds : float
    """

    files: tuple[FileCount, ...]
    stops: tuple[str, ...]
    coverage: tuple[identity.Coverage, ...]
    reasons: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """The object that ``empathy check --json`` prints."""
        return {
            "files": [asdict(file) for file in self.files],
            "stops": list(self.stops),
            "coverage": [asdict(source) for source in self.coverage],
            "reasons": dict(self.reasons),
            "seconds": round(self.seconds, 3),
        }


def build(
    config: Config,
    *,
    as_of: date | None = None,
    progress: Progress | None = None,
    into: Draft | None = None,
    replay: bool = False,
) -> BuildReport:
    """Build a version of the warehouse from the exports.

    Parameters
    ----------
    config : Config
    as_of : date, optional
        Use only what was known by the end of this day (UTC).
    progress : callable, optional
        Told in words what is being done.
    into : Draft, optional
        A draft to fill, which the caller publishes unless the report says ``unchanged``; by default one is opened,
        and published.
    replay : bool
        Build from what the served version was built from, with its rejected records tried again.

    Returns
    -------
    BuildReport

    Raises
    ------
    etl.errors.EmpathyError
        For every foreseen fault: of the configuration, of a file, of the data. Nothing is published.
    """
    started = time.perf_counter()
    say = progress or (lambda step: None)
    catalogue = configured(config)
    secret = privacy.key(config)
    with ExitStack() as stack:
        draft = into or stack.enter_context(_open(config))
        con = draft.con
        files, fresh = land_files(config, None, con, say, replay=replay)
        inputs = _inputs(config, catalogue, fingerprint(files), secret, as_of)
        same = _unchanged(config, inputs)
        if same is not None:
            warehouse, built_by = same
            if load_index(landing_folder(config))[0] != built_by:  # a kill or a rollback came before this was done
                settle(landing_folder(config), built_by, [file.folder.name for file in files])
            return _report_of(warehouse, time.perf_counter() - started)
        landed = attach_landed(config, con, files, run_id=draft.run_id, fresh=fresh)
        report = _fill(draft, config, catalogue, landed, secret, as_of, inputs, started, say)
        con.execute("detach landing")
        con.execute("detach staging")
        draft.after_publishing(landed.commit)
        if into is None:
            say("publishing")
            draft.publish()
    return report


def check(config: Config, *, progress: Progress | None = None) -> CheckReport:
    """Find out what a build would load and reject; nothing is written outside a temporary folder.

    Parameters
    ----------
    config : Config
    progress : callable, optional
        Told in words what is being done.

    Raises
    ------
    etl.errors.EmpathyError
        For faults of the configuration or of a file as a whole.
    """
    started = time.perf_counter()
    say = progress or (lambda step: None)
    configured(config)
    secret = privacy.key(config)
    with TemporaryDirectory(prefix="empathy-check-") as folder, duckdb.connect(":memory:") as con:
        con.execute("set timezone = 'UTC'")
        con.execute("set preserve_insertion_order = false")
        landed = extract(config, None, con, say, enforce=False, folder=Path(folder))
        say("matching agents")
        coverage = transform.match_agents(con, config, "check", secret, _refuser(con, landed))
        reasons = con.execute(
            """
            select regexp_replace(reason, '"[^"]*"', '…') as kind, count(*) as n
            from (select unnest(reasons) as reason from landing.reject)
            group by kind order by n desc, kind limit 20
            """
        ).fetchall()
        return CheckReport(
            _files(con, "landing"),
            landed.ledger.stop_reasons(con),
            coverage,
            dict(reasons),
            time.perf_counter() - started,
        )


def _open(config: Config) -> Draft:
    return Draft.open(
        config.warehouse,
        keep=config.engine.keep_versions,
        threads=config.engine.threads,
        memory_limit=config.engine.memory_limit,
    )


def _fill(
    draft: Draft,
    config: Config,
    catalogue: Catalogue,
    landed: ExtractReport,
    secret: bytes,
    as_of: date | None,
    inputs: str,
    started: float,
    say: Progress,
) -> BuildReport:
    con = draft.con
    began_at = datetime.now(UTC).replace(tzinfo=None)
    built = transform.transform(
        con,
        config,
        catalogue,
        run_id=draft.run_id,
        secret=secret,
        refuse=_refuser(con, landed),
        as_of=as_of,
        progress=say,
    )
    landed.ledger.enforce(con)
    tracing = _start_tracing(draft, built)
    say("checking")
    repairs = history.count_repairs(con)
    reconciled = quality.reconcile(con, repairs, built.left_out)
    _write_books(con, reconciled, built.coverage, repairs)
    checks = quality.run_checks(con, catalogue)
    _write(con, "check_result", _CHECK_RESULT, [astuple(result) for result in checks])
    _stop_on_errors(checks)
    say("comparing with the last version")
    restated = _restated(draft, catalogue)
    _write(con, "restatement", _RESTATEMENT, [astuple(change) for change in restated])
    sql_sha256, edges = tracing.result()
    _write_lineage(con, edges)
    seconds = time.perf_counter() - started
    _write(
        con,
        "run",
        _RUN,
        [
            (
                draft.run_id, began_at, datetime.now(UTC).replace(tzinfo=None), as_of, config.sha256, _engine_version(),
                built.first_day, built.last_day, seconds, inputs, sql_sha256,
            )
        ],
    )  # fmt: skip
    if not transform.keeps_contacts(config):
        con.execute("drop view core.interaction")
    held = {step.relation: step.rows for step in built.steps if not step.relation.startswith("staging.")}
    return BuildReport(
        draft.run_id,
        version_path(draft.folder, draft.run_id),
        _files(con, "meta"),
        dict(sorted(held.items())),
        seconds,
        steps=built.steps,
        checks=checks,
        reconciliation=reconciled,
        coverage=built.coverage,
        repairs=repairs,
        restated=restated,
    )


_RUN = (
    "run_id varchar, started_at timestamp, finished_at timestamp, as_of date, config_sha256 varchar, "
    "engine_version varchar, data_from date, data_to date, seconds double, inputs_sha256 varchar, sql_sha256 varchar"
)
_CHECK_RESULT = '"check" varchar, severity varchar, status varchar, violations bigint, sentence varchar, sample varchar'
_RECONCILIATION = 'relation varchar, "rows" bigint, from_files bigint, difference bigint, sentence varchar'
_COVERAGE = (
    'source varchar, ids bigint, matched bigint, ambiguous bigint, unknown bigint, "rows" bigint, rows_matched bigint'
)
_REPAIR = 'relation varchar, kind varchar, "rows" bigint'
_RESTATEMENT = (
    "kpi varchar, week date, old_num double, old_den double, new_num double, new_den double, change double, "
    "moved double"
)
_LINEAGE = "relation varchar, column_name varchar, source_relation varchar, source_column varchar"


def _write(con: duckdb.DuckDBPyConnection, table: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    con.execute(f"create or replace table meta.{table} ({columns})")
    listed = [list(row) for row in rows]
    if listed:
        con.execute("begin")
        marks = ", ".join("?" * len(listed[0]))
        con.executemany(f"insert into meta.{table} values ({marks})", listed)
        con.execute("commit")


def _write_books(
    con: duckdb.DuckDBPyConnection,
    reconciled: Sequence[quality.Reconciliation],
    coverage: Sequence[identity.Coverage],
    repairs: history.Repairs,
) -> None:
    con.execute("create or replace table meta.file_manifest as select * from landing.file_manifest order by all")
    con.execute(
        "create or replace table meta.reject as select * from landing.reject order by source, path, line, table_name"
    )
    _write(con, "reconciliation", _RECONCILIATION, [astuple(relation) for relation in reconciled])
    _write(con, "identity_coverage", _COVERAGE, [astuple(source) for source in coverage])
    _write(con, "repair", _REPAIR, [("core.agent_team", kind, rows) for kind, rows in repairs.counts.items()])


def _stop_on_errors(checks: Sequence[CheckResult]) -> None:
    failed = [result for result in checks if result.severity == "error" and result.status == "failed"]
    if failed:
        lines = [f"{result.check}: {result.sentence} {quality.example(result.sample)}" for result in failed]
        raise StopRuleError("\n".join([*lines, "Nothing was published."]))


def _restated(draft: Draft, catalogue: Catalogue) -> tuple[restatement.Change, ...]:
    warehouse = Warehouse(draft.folder)
    try:
        with warehouse.reader() as cursor:
            before = restatement.weekly_totals(cursor, catalogue)
    except WarehouseError:
        return ()
    finally:
        warehouse.close()
    return restatement.changes(before, restatement.weekly_totals(draft.con, catalogue))


def _start_tracing(draft: Draft, built: transform.Transformed) -> Future[tuple[str, list[tuple[Any, ...]]]]:
    """Trace columns while the database checks: the fingerprint of the SELECTs, and the edges.

    What the last version traced from the same SELECTs is taken over.
    """
    queries = {**relations.every_relation(), **built.generated}
    columns = lineage.columns_of(draft.con)

    def trace() -> tuple[str, list[tuple[Any, ...]]]:
        sql_sha256 = lineage.fingerprint(queries)
        edges = _traced_before(draft, sql_sha256)
        if edges is None:
            edges = [astuple(edge) for edge in lineage.trace_columns(queries, columns)]
        return sql_sha256, edges

    pool = ThreadPoolExecutor(1, "lineage")
    try:
        return pool.submit(trace)
    finally:
        pool.shutdown(wait=False)


def _write_lineage(con: duckdb.DuckDBPyConnection, edges: Sequence[tuple[Any, ...]]) -> None:
    _write(con, "lineage", _LINEAGE, [])
    columns = [list(column) for column in zip(*edges, strict=True)]
    if columns:
        con.execute("insert into meta.lineage select unnest(?), unnest(?), unnest(?), unnest(?)", columns)


def _traced_before(draft: Draft, sql_sha256: str) -> list[tuple[Any, ...]] | None:
    warehouse = Warehouse(draft.folder)
    try:
        with warehouse.reader() as cursor:
            row = cursor.execute("select sql_sha256 from meta.run").fetchone()
            if row and row[0] == sql_sha256:
                return cursor.execute("select * from meta.lineage order by all").fetchall()
    except (WarehouseError, duckdb.Error):
        return None
    finally:
        warehouse.close()
    return None


def _refuser(con: duckdb.DuckDBPyConnection, landed: ExtractReport) -> transform.Refuse:
    def refuse(table: str, relation: str) -> None:
        landed.ledger.refuse(con, table, relation)

    return refuse


def _files(con: duckdb.DuckDBPyConnection, schema: str) -> tuple[FileCount, ...]:
    rows = con.execute(
        f'select path, source, "read", loaded, rejected, duplicate from {schema}.file_manifest order by source, path'
    ).fetchall()
    return tuple(FileCount(*row) for row in rows)


def _inputs(config: Config, catalogue: Catalogue, landed: str, secret: bytes, as_of: date | None) -> str:
    """Hash of all that the marts depend on: equal hashes, equal marts."""
    digest = hashlib.sha256()
    digest.update(landed.encode())
    digest.update(config.model_dump_json(exclude={"path", "sha256"}).encode())  # what it says, not how it is written
    digest.update(privacy.pseudonym(secret, "agent", "").encode())
    digest.update(json.dumps([kpi.model_dump(mode="json") for kpi in catalogue.values()]).encode())
    digest.update(str(as_of).encode())
    digest.update(code_hash("etl").encode())
    for path in sorted(SQL_FOLDER.rglob("*.sql")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _unchanged(config: Config, inputs: str) -> tuple[Warehouse, str] | None:
    """The warehouse and the run that built its version, when the version it serves was built from the same inputs."""
    warehouse = Warehouse(config.warehouse)
    try:
        with warehouse.reader() as cursor:
            row = cursor.execute("select inputs_sha256, run_id from meta.run").fetchone()
    except (WarehouseError, duckdb.Error):
        return None
    return (warehouse, str(row[1])) if row and row[0] == inputs else None


def _report_of(warehouse: Warehouse, seconds: float) -> BuildReport:
    version = warehouse.current()
    with warehouse.reader(version.run_id) as cursor:
        files = _files(cursor, "meta")
        names = cursor.execute(
            "select schema_name, table_name, estimated_size from duckdb_tables() "
            "where database_name = current_database() and schema_name in ('core', 'mart') order by all"
        ).fetchall()
    relations = {f"{schema}.{table}": int(rows) for schema, table, rows in names}
    return BuildReport(version.run_id, version.path, files, relations, seconds, unchanged=True)


def _engine_version() -> str:
    try:
        return metadata.version("empathy-lift")
    except metadata.PackageNotFoundError:
        return "source"
