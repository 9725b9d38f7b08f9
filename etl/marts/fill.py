"""Fill core, marts, build records and checks from landed rows, for a build or a dry run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass
from datetime import date

import duckdb

from etl.configuration.kpis import Catalogue
from etl.configuration.model import Config
from etl.landing.extract import ExtractReport
from etl.marts import history, quality, restatement, run_records, transform
from etl.marts.kpi_coverage import KpiCoverage, kpi_coverage


@dataclass(frozen=True)
class Filled:
    """Results of filling a draft.

    Attributes
    ----------
    built : etl.marts.transform.Transformed
    repairs : etl.marts.history.Repairs
    reconciliation : tuple of etl.marts.quality.Reconciliation
    checks : tuple of etl.marts.quality.DataCheckResult
    totals : etl.marts.restatement.Totals
    kpis : tuple of etl.marts.kpi_coverage.KpiCoverage
    """

    built: transform.Transformed
    repairs: history.Repairs
    reconciliation: tuple[quality.Reconciliation, ...]
    checks: tuple[quality.DataCheckResult, ...]
    totals: restatement.Totals
    kpis: tuple[KpiCoverage, ...]


def fill(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    catalogue: Catalogue,
    landed: ExtractReport,
    *,
    run_id: str,
    secret: bytes,
    as_of: date | None = None,
    say: Callable[[str], None] = lambda step: None,
    transformed: Callable[[transform.Transformed], None] = lambda built: None,
) -> Filled:
    """Fill ``core``, ``mart`` and ``meta`` from the attached landing tables, and run every check.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With the schemas ``core``, ``mart`` and ``meta``, and the landing tables attached.
    config : Config
    catalogue : Catalogue
        With the configuration's overrides.
    landed : etl.landing.extract.ExtractReport
    run_id : str
    secret : bytes
        Key of the pseudonyms.
    as_of : date, optional
        Use only what was known by the end of this day (UTC).
    say : callable, optional
        Called with a sentence for each step.
    transformed : callable, optional
        Called when core and marts are built, before the checks.
    """

    def refuse(table: str, relation: str, *, dropped: bool = False) -> None:
        landed.ledger.refuse(con, table, relation, dropped=dropped)

    built = transform.transform(
        con,
        config,
        catalogue,
        run_id=run_id,
        secret=secret,
        refuse=refuse,
        as_of=as_of,
        progress=say,
        landed_in={file.file_id: file.folder for file in landed.files if not file.replays},
    )
    transformed(built)
    say("checking")
    repairs = history.count_repairs(con)
    reconciled = quality.reconcile(con, repairs, built.left_out)
    run_records.write_records(con, reconciled, built.coverage, repairs)
    checks = quality.run_checks(con, catalogue)
    run_records.write(con, "check_result", run_records.CHECK_RESULT, [astuple(result) for result in checks])
    totals = restatement.weekly_totals(con, catalogue)
    kpis = kpi_coverage(con, catalogue, totals)
    run_records.write(con, "kpi_coverage", run_records.KPI_COVERAGE, [astuple(found) for found in kpis])
    return Filled(built, repairs, reconciled, checks, totals, kpis)
