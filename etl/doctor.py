"""Health check of machine, configuration and warehouse: one finding per line, with advice."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Literal, NamedTuple

from etl.configuration.model import Config, ConfigError, load
from etl.errors import EmpathyError
from etl.marts import quality
from etl.privacy import key
from etl.reading.files import matching
from etl.warehouse.beside import read_beside
from etl.warehouse.reader import Version, Warehouse

LOW_DISK_BYTES = 2 * 2**30
"""Less free disk space than this may not suffice for a medium-sized build (three versions are kept)."""

STALE_DAYS = 8
"""Days without a new version before a weekly run counts as late: one week and a day."""


class Finding(NamedTuple):
    """One finding.

    Attributes
    ----------
    subject : str
        What was looked at.
    status : {"ok", "note", "fault"}
        A note should be looked at; a fault stops a build or makes its numbers unreliable.
    sentence : str
        The finding and, unless ok, what to do.
    """

    subject: str
    status: Literal["ok", "note", "fault"]
    sentence: str


def examine(config_path: str | Path, *, now: datetime | None = None) -> list[Finding]:
    """Look at the machine, the configuration, the sources and the served version.

    Parameters
    ----------
    config_path : str or Path
        The empathy.toml; a missing or invalid file is reported as a finding.
    now : datetime, optional
        Current time (aware) for the age of the data; by default the clock's.

    Returns
    -------
    list of Finding
        In order of importance to a build; findings that an earlier fault prevents are left out.
    """
    findings = [_python()]
    try:
        config = load(config_path)
    except ConfigError as error:
        return [*findings, Finding("configuration", "fault", str(error))]
    findings.append(Finding("configuration", "ok", f"{config.path} is understood."))
    findings.extend(_sources(config))
    findings.append(_key(config))
    findings.append(_disk(config))
    findings.extend(_served(config, now or datetime.now(UTC)))
    return findings


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in ("duckdb", "polars", "statsmodels", "dash"))
    return Finding("python", "ok", f"Python {version}, {packages}.")


def _sources(config: Config) -> Iterator[Finding]:
    if not config.sources:
        yield Finding("sources", "fault", "No [sources.*] is configured; `empathy init FOLDER` writes a start.")
    for name, source in config.sources.items():
        files = [file for pattern in source.paths for file in matching(config.folder, pattern)]
        if files:
            size = sum(file.stat().st_size for file in files) / 2**20
            yield Finding(
                f"source {name}", "ok", f"{len(files)} {'file' if len(files) == 1 else 'files'}, {size:.1f} MiB."
            )
        else:
            status: Literal["note", "fault"] = "note" if source.optional else "fault"
            yield Finding(
                f"source {name}", status, f"No file matches {', '.join(source.paths)} from {config.folder}; mend path."
            )


def _key(config: Config) -> Finding:
    if config.privacy.demo:
        return Finding(
            "pseudonym key", "note", "The published demonstration key is in use; never for real people's data."
        )
    try:
        key(config)
    except ConfigError as error:
        return Finding("pseudonym key", "fault", f"{error} A new key changes every pseudonym.")
    return Finding("pseudonym key", "ok", f"{config.privacy.key_env} is set.")


def _disk(config: Config) -> Finding:
    folder = config.warehouse
    while not folder.exists():
        folder = folder.parent
    if not os.access(folder, os.W_OK):
        return Finding("disk", "fault", f"{folder} cannot be written; choose another [project] warehouse.")
    free = shutil.disk_usage(folder).free
    if free < LOW_DISK_BYTES:
        return Finding("disk", "note", f"Only {free / 2**30:.1f} GiB free below {folder}.")
    return Finding("disk", "ok", f"{free / 2**30:.0f} GiB free below {folder}.")


def _served(config: Config, now: datetime) -> Iterator[Finding]:
    warehouse = Warehouse(config.warehouse)
    try:
        version = warehouse.current()
        yield _age(version, now)
        yield from _contents(warehouse, version)
        if config.access is not None:
            yield _chosen(version)
    except EmpathyError as error:
        yield Finding("warehouse", "fault", str(error))
    finally:
        warehouse.close()


def _age(version: Version, now: datetime) -> Finding:
    days = (now - version.created_at).days
    said = f"Version {version.run_id}, published {version.created_at:%Y-%m-%d %H:%M} UTC"
    if days >= STALE_DAYS:
        return Finding("warehouse", "note", f"{said}, {days} days ago; is the scheduled run still running?")
    return Finding("warehouse", "ok", f"{said}.")


def _chosen(version: Version) -> Finding:
    if read_beside(version.path) is not None:
        return Finding("readers", "ok", "What readers may be told of this version lies beside it.")
    return Finding(
        "readers",
        "note",
        "What readers may be told of this version was not chosen ahead: they stay with an earlier one or wait; "
        "`empathy prepare` chooses.",
    )


def _contents(warehouse: Warehouse, version: Version) -> Iterator[Finding]:
    with warehouse.reader(version.run_id) as cursor:
        totals = cursor.execute(
            'select coalesce(sum("read"), 0), coalesce(sum(loaded), 0), coalesce(sum(rejected), 0), '
            "coalesce(sum(duplicate), 0) from meta.file_manifest"
        ).fetchone() or (0, 0, 0, 0)
        failed = cursor.execute(
            "select severity, sentence, sample from meta.check_result "
            "where status = 'failed' order by severity, \"check\""
        ).fetchall()
    read, loaded, rejected, duplicate = (int(each) for each in totals)
    balance = f"{read:,} rows read = {loaded:,} loaded + {rejected:,} rejected + {duplicate:,} duplicate"
    if read == loaded + rejected + duplicate:
        yield Finding("conservation", "ok", f"{balance}.")
    else:
        yield Finding("conservation", "fault", f"{balance} does not add up; roll back and report this as a defect.")
    for severity, sentence, sample in failed:
        yield Finding("check", "fault" if severity == "error" else "note", f"{sentence} {quality.example(sample)}")
    if not failed:
        yield Finding("checks", "ok", "Every quality check passed.")
    if not version.has_results:
        yield Finding("estimates", "note", "This version has no estimates yet; run `empathy estimate`.")
        return
    yield Finding("estimates", "ok", "Estimates are present.")
    with warehouse.reader(version.run_id) as cursor:
        there = "select count(*) from information_schema.tables where table_schema = 'result' and table_name = 'check'"
        if cursor.execute(there).fetchone() == (0,):
            return
        refits = cursor.execute(
            "select status, max(kpi), count(*) from result.\"check\" where \"check\" = 'recomputed' "
            "and slice_kind = 'overall' group by status order by status"
        ).fetchall()
    counted = {status: (kpi, n) for status, kpi, n in refits}
    if "failed" in counted:
        kpi, n = counted["failed"]
        yield Finding("recomputed", "fault", f"statsmodels gets another number for {n} goals, such as {kpi}.")
    elif "passed" in counted:
        yield Finding("recomputed", "ok", f"statsmodels gets the same number for {counted['passed'][1]} goals.")
