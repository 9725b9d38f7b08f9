"""Build a new version of the warehouse from exports: extract, match agents, transform, check, publish.

A build publishes everything or nothing. If it stops (too many rejects, a failed check, a full disk, a killed process),
the previous version is still served.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import astuple, dataclass
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from etl import privacy
from etl.code_hash import code_hash
from etl.configuration.accepted_plans import accepted_plans
from etl.configuration.kpis import SQL_FOLDER, Catalogue, configured
from etl.configuration.model import Config
from etl.engines import tables as engine_tables
from etl.errors import StopRuleError
from etl.landing.before import run_before
from etl.landing.extract import ExtractReport, attach_landed, extract, fingerprint, land_files, landing_folder
from etl.landing.landed_files import expire, load_index, settle
from etl.marts import contacts, coverage, lineage, quality, relations, restatement, run_records, transform
from etl.marts.fill import fill
from etl.marts.kpi_coverage import known_in_part, without_data
from etl.marts.quality import DataCheckResult
from etl.marts.reports import BuildReport, CheckReport, FileCount
from etl.warehouse.publish import Draft, scratch
from etl.warehouse.reader import Warehouse, WarehouseError, version_path

Progress = Callable[[str], None]


@dataclass(frozen=True)
class _Request:
    """Parameters of one build, for all its steps."""

    config: Config
    catalogue: Catalogue
    secret: bytes
    as_of: date | None
    say: Progress
    started: float

    @classmethod
    def of(cls, config: Config, as_of: date | None, progress: Progress | None) -> _Request:
        started = time.perf_counter()
        say = progress or (lambda step: None)
        return cls(config, configured(config), privacy.key(config), as_of, say, started)


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
        Called with a sentence for each step.
    into : Draft, optional
        A draft to fill, which the caller publishes unless the report says ``unchanged``; by default one is opened,
        and published.
    replay : bool
        Build from the landed files of the served version, retrying its rejected records.

    Returns
    -------
    BuildReport

    Raises
    ------
    etl.errors.EmpathyError
        For every foreseen fault: of the configuration, of a file, of the data. Nothing is published.
    """
    request = _Request.of(config, as_of, progress)
    if not replay:
        run_before(config, request.say)
    with ExitStack() as stack:
        draft = into or stack.enter_context(_open(config))
        con = draft.con
        files, fresh = land_files(config, None, con, request.say, replay=replay)
        inputs = _inputs(request, fingerprint(files))
        # One instance reads the last version for the whole build: opening another takes as long as a dozen statements.
        last = Warehouse(config.warehouse)
        stack.callback(last.close)
        built_by = _unchanged(config, last, inputs)
        if built_by is not None:
            if load_index(landing_folder(config))[0] != built_by:  # a kill or a rollback came before this was done
                settle(landing_folder(config), built_by, [file.folder.name for file in files])
            expire(landing_folder(config), config.privacy.landing_days)
            return _report_of(last, time.perf_counter() - request.started)
        landed = attach_landed(config, con, files, run_id=draft.run_id, fresh=fresh)
        engine = stack.enter_context(engine_tables.connection(con, config))
        report = _fill(draft, request, landed, inputs, engine, last)
        last.close()  # publishing may delete its file
        con.execute("detach landing")
        con.execute("detach staging")
        draft.after_publishing(landed.commit)
        draft.after_publishing(lambda: expire(landing_folder(config), config.privacy.landing_days))
        if into is None:
            request.say("publishing")
            draft.publish()
    return report


def check(config: Config, *, progress: Progress | None = None) -> CheckReport:
    """Dry run: report what a build would load and reject; writes only to a temporary folder.

    Parameters
    ----------
    config : Config
    progress : callable, optional
        Called with a sentence for each step.

    Raises
    ------
    etl.errors.EmpathyError
        For faults of the configuration or of a file as a whole.
    """
    request = _Request.of(config, None, progress)
    with TemporaryDirectory(prefix="empathy-check-") as folder, _scratch(Path(folder), config) as con:
        landed = extract(config, None, con, request.say, enforce=False, folder=Path(folder))
        with engine_tables.connection(con, config) as engine:
            filled = fill(
                engine, config, request.catalogue, landed, run_id="check", secret=request.secret, say=request.say
            )
        reasons = con.execute(
            """
            select regexp_replace(reason, '"[^"]*"', '…') as kind, count(*) as n
            from (select unnest(reasons) as reason from landing.reject)
            group by kind order by n desc, kind limit 20
            """
        ).fetchall()
        return CheckReport(
            _files(con, "landing"),
            (*landed.ledger.stop_reasons(con), *_failed(filled.checks)),
            filled.built.coverage,
            dict(reasons),
            time.perf_counter() - request.started,
            filled.checks,
            coverage.spans(con),
            (*coverage.silences(con), *known_in_part(filled.kpis, request.catalogue)),
            without_data(filled.kpis, request.catalogue, what_to_do=True),
        )


def _scratch(folder: Path, config: Config) -> duckdb.DuckDBPyConnection:
    """A database like a draft's, in a temporary folder."""
    return scratch(folder / "check.duckdb", config.engine.threads, config.engine.memory_limit)


def _open(config: Config) -> Draft:
    return Draft.open(
        config.warehouse,
        keep=config.engine.keep_versions,
        threads=config.engine.threads,
        memory_limit=config.engine.memory_limit,
    )


def _fill(
    draft: Draft,
    request: _Request,
    landed: ExtractReport,
    inputs: str,
    engine: duckdb.DuckDBPyConnection,
    last: Warehouse,
) -> BuildReport:
    con = draft.con
    began_at = datetime.now(UTC).replace(tzinfo=None)
    tracing: list[Future[tuple[str, list[tuple[Any, ...]]]]] = []

    def transformed(built: transform.Transformed) -> None:
        landed.ledger.enforce(con)
        tracing.append(_start_tracing(draft, built, last))

    filled = fill(
        engine,
        request.config,
        request.catalogue,
        landed,
        run_id=draft.run_id,
        secret=request.secret,
        as_of=request.as_of,
        say=request.say,
        transformed=transformed,
    )
    built = filled.built
    stops = _failed(filled.checks)
    if stops:
        raise StopRuleError("\n".join([*stops, "Nothing was published."]))
    request.say("comparing with the last version")
    restated = _restated(last, request.catalogue, filled.totals)
    run_records.write_restatement(con, restated)
    sql_sha256, edges = tracing[0].result()
    run_records.write_lineage(con, edges)
    seconds = time.perf_counter() - request.started
    run = (
        draft.run_id, began_at, datetime.now(UTC).replace(tzinfo=None), request.as_of, request.config.sha256,
        _engine_version(), built.first_day, built.last_day, seconds, inputs, sql_sha256,
    )  # fmt: skip
    run_records.write(con, "run", run_records.RUN, [run])
    # The map of agents' ids is needed to build and check, but names people: it is kept in landing/ only.
    con.execute("drop table core.agent_identity")
    engine_tables.drop_left_there(engine)
    if request.config.engine.kind == "duckdb" and not contacts.are_kept(request.config):
        con.execute("drop view core.interaction")
    left_out = ("staging.", "core.agent_identity")
    held = {step.relation: step.rows for step in built.steps if not step.relation.startswith(left_out)}
    return BuildReport(
        draft.run_id,
        version_path(draft.folder, draft.run_id),
        _files(con, "meta"),
        dict(sorted(held.items())),
        seconds,
        steps=built.steps,
        checks=filled.checks,
        reconciliation=filled.reconciliation,
        coverage=built.coverage,
        repairs=filled.repairs,
        restated=restated,
        without_data=without_data(filled.kpis, request.catalogue),
    )


def _failed(checks: Sequence[DataCheckResult]) -> list[str]:
    """Failed checks that stop a build, in words."""
    failed = [result for result in checks if result.severity == "error" and result.status == "failed"]
    return [f"{result.check}: {result.sentence} {quality.example(result.sample)}" for result in failed]


def _restated(last: Warehouse, catalogue: Catalogue, now: restatement.Totals) -> tuple[restatement.Change, ...]:
    try:
        with last.reader() as cursor:
            before = restatement.weekly_totals(cursor, catalogue)
    except WarehouseError:
        return ()
    return restatement.changes(before, now)


def _start_tracing(
    draft: Draft, built: transform.Transformed, last: Warehouse
) -> Future[tuple[str, list[tuple[Any, ...]]]]:
    """Trace columns while the database checks: the fingerprint of the SELECTs, and the edges.

    Edges of the last version are reused if its SELECTs were the same.
    """
    queries = {**relations.every_relation(), **built.generated}
    columns = lineage.columns_of(draft.con)

    def trace() -> tuple[str, list[tuple[Any, ...]]]:
        sql_sha256 = lineage.fingerprint(queries)
        edges = _traced_before(last, sql_sha256)
        if edges is None:
            edges = [astuple(edge) for edge in lineage.trace_columns(queries, columns)]
        return sql_sha256, edges

    pool = ThreadPoolExecutor(1, "lineage")
    try:
        return pool.submit(trace)
    finally:
        pool.shutdown(wait=False)


def _traced_before(last: Warehouse, sql_sha256: str) -> list[tuple[Any, ...]] | None:
    try:
        with last.reader() as cursor:
            row = cursor.execute("select sql_sha256 from meta.run").fetchone()
            if row and row[0] == sql_sha256:
                return cursor.execute("select * from meta.lineage order by all").fetchall()
    except (WarehouseError, duckdb.Error):
        return None
    return None


def _files(con: duckdb.DuckDBPyConnection, schema: str) -> tuple[FileCount, ...]:
    rows = con.execute(
        f'select path, source, "read", loaded, rejected, duplicate from {schema}.file_manifest order by source, path'
    ).fetchall()
    return tuple(FileCount(*row) for row in rows)


def _inputs(request: _Request, landed: str) -> str:
    """Hash of all inputs of the marts."""
    digest = hashlib.sha256()
    digest.update(landed.encode())
    # The parsed configuration, not its text; how long landing/ is kept affects no row.
    said = request.config.model_dump_json(exclude={"path": True, "sha256": True, "privacy": {"landing_days"}})
    digest.update(said.encode())
    digest.update(privacy.pseudonym(request.secret, "agent", "").encode())
    digest.update(json.dumps([kpi.model_dump(mode="json") for kpi in request.catalogue.values()]).encode())
    digest.update(str(request.as_of).encode())
    digest.update(code_hash("etl").encode())
    for plan in accepted_plans(request.config.folder):
        digest.update(repr(plan).encode())
    for path in sorted([*SQL_FOLDER.rglob("*.sql"), *(SQL_FOLDER / "skills").glob("*.toml")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _unchanged(config: Config, last: Warehouse, inputs: str) -> str | None:
    """The run id of the served version, when it was built from the same inputs; else None."""
    if config.engine.tables:  # tables of another engine have no hash and may have changed
        return None
    try:
        with last.reader() as cursor:
            row = cursor.execute("select inputs_sha256, run_id from meta.run").fetchone()
    except (WarehouseError, duckdb.Error):
        return None
    return str(row[1]) if row and row[0] == inputs else None


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
