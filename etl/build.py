"""Exports -> a new version of the warehouse: extract, match agents, transform, check, publish.

A build publishes everything or nothing. Whatever stops it (a source that rejects too much, a check that fails, a full
disk, a killed process) leaves the version that was served before.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
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
from etl.configuration.accepted_plans import accepted_plans
from etl.configuration.kpis import SQL_FOLDER, Catalogue, configured
from etl.configuration.model import Config
from etl.errors import StopRuleError
from etl.landing.extract import ExtractReport, attach_landed, extract, fingerprint, land_files, landing_folder
from etl.landing.landed_files import expire, load_index, settle
from etl.marts import books, coverage, history, identity, lineage, quality, relations, restatement, transform
from etl.marts.coverage import Span
from etl.marts.quality import DataCheckResult
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
    checks : tuple of DataCheckResult
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
    checks: tuple[DataCheckResult, ...] = ()
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
    spans : tuple of etl.marts.coverage.Span
        The days on which each source has rows of each table.
    silences : tuple of str
        Fields on which KPIs rest that are missing or mostly empty, in words.
    """

    files: tuple[FileCount, ...]
    stops: tuple[str, ...]
    coverage: tuple[identity.Coverage, ...]
    reasons: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    spans: tuple[Span, ...] = ()
    silences: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The object that ``empathy check --json`` prints."""
        return {
            "files": [asdict(file) for file in self.files],
            "stops": list(self.stops),
            "coverage": [asdict(source) for source in self.coverage],
            "reasons": dict(self.reasons),
            "spans": [
                {**asdict(span), "first_day": str(span.first_day), "last_day": str(span.last_day)}
                for span in self.spans
            ],
            "silences": list(self.silences),
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True)
class _Request:
    """One build that was asked for: all that its steps need to know of what was wanted."""

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
    request = _Request.of(config, as_of, progress)
    with ExitStack() as stack:
        draft = into or stack.enter_context(_open(config))
        con = draft.con
        files, fresh = land_files(config, None, con, request.say, replay=replay)
        inputs = _inputs(request, fingerprint(files))
        same = _unchanged(config, inputs)
        if same is not None:
            warehouse, built_by = same
            if load_index(landing_folder(config))[0] != built_by:  # a kill or a rollback came before this was done
                settle(landing_folder(config), built_by, [file.folder.name for file in files])
            expire(landing_folder(config), config.privacy.landing_days)
            return _report_of(warehouse, time.perf_counter() - request.started)
        landed = attach_landed(config, con, files, run_id=draft.run_id, fresh=fresh)
        report = _fill(draft, request, landed, inputs)
        con.execute("detach landing")
        con.execute("detach staging")
        draft.after_publishing(landed.commit)
        draft.after_publishing(lambda: expire(landing_folder(config), config.privacy.landing_days))
        if into is None:
            request.say("publishing")
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
    request = _Request.of(config, None, progress)
    with TemporaryDirectory(prefix="empathy-check-") as folder, duckdb.connect(":memory:") as con:
        con.execute("set timezone = 'UTC'")
        con.execute("set preserve_insertion_order = false")
        landed = extract(config, None, con, request.say, enforce=False, folder=Path(folder))
        request.say("matching agents")
        matched = transform.match_agents(con, config, "check", request.secret, _refuser(con, landed))
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
            matched,
            dict(reasons),
            time.perf_counter() - request.started,
            coverage.spans(con),
            tuple(found.sentence for found in coverage.fields(con) if found.sentence),
        )


def _open(config: Config) -> Draft:
    return Draft.open(
        config.warehouse,
        keep=config.engine.keep_versions,
        threads=config.engine.threads,
        memory_limit=config.engine.memory_limit,
    )


def _fill(draft: Draft, request: _Request, landed: ExtractReport, inputs: str) -> BuildReport:
    con = draft.con
    began_at = datetime.now(UTC).replace(tzinfo=None)
    built = transform.transform(
        con,
        request.config,
        request.catalogue,
        run_id=draft.run_id,
        secret=request.secret,
        refuse=_refuser(con, landed),
        as_of=request.as_of,
        progress=request.say,
    )
    landed.ledger.enforce(con)
    tracing = _start_tracing(draft, built)
    request.say("checking")
    repairs = history.count_repairs(con)
    reconciled = quality.reconcile(con, repairs, built.left_out)
    books.write_books(con, reconciled, built.coverage, repairs)
    checks = quality.run_checks(con, request.catalogue)
    books.write(con, "check_result", books.CHECK_RESULT, [astuple(result) for result in checks])
    _stop_on_errors(checks)
    request.say("comparing with the last version")
    restated = _restated(draft, request.catalogue)
    books.write_restatement(con, restated)
    sql_sha256, edges = tracing.result()
    books.write_lineage(con, edges)
    seconds = time.perf_counter() - request.started
    run = (
        draft.run_id, began_at, datetime.now(UTC).replace(tzinfo=None), request.as_of, request.config.sha256,
        _engine_version(), built.first_day, built.last_day, seconds, inputs, sql_sha256,
    )  # fmt: skip
    books.write(con, "run", books.RUN, [run])
    # Who has which id in which system is needed to build and to check, and names people: it stays in landing/ alone.
    con.execute("drop table core.agent_identity")
    if not transform.keeps_contacts(request.config):
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
        checks=checks,
        reconciliation=reconciled,
        coverage=built.coverage,
        repairs=repairs,
        restated=restated,
    )


def _stop_on_errors(checks: Sequence[DataCheckResult]) -> None:
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


def _inputs(request: _Request, landed: str) -> str:
    """Hash of all that the marts depend on: equal hashes, equal marts."""
    digest = hashlib.sha256()
    digest.update(landed.encode())
    # What it says, not how it is written; how long landing/ is kept decides no row.
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
