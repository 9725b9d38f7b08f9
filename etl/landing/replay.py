"""Replay rejected records after a mapping or a contract was corrected, without the original files.

The landing folder of a file keeps the text of every rejected record. A replay reads those texts as if they were a file
of their own, with the plan of today, into a folder that says which one it replays. The records that had loaded stay as
they were read: a correction that would change them too needs the file itself, and an ordinary build reads it again when
it is still there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb

from etl.configuration.model import Config
from etl.errors import EmpathyError
from etl.landing import landed_files
from etl.landing.land_file import Job, LandedFile, appearing, land_reading
from etl.landing.reject_file import join_fields
from etl.reading.delimited_records import Structural
from etl.reading.opened import fresh_name, open_file
from etl.reading.plans import plan_of
from etl.sources.plan import CsvShape, Plan, TableShape

Progress = Callable[[str], None]


class NothingBuiltError(EmpathyError):
    """There is no version whose rejects could be tried again."""


def restore_all(landing: Path) -> list[LandedFile]:
    """Return the landed files of the last build, with replayed records counted once.

    Parameters
    ----------
    landing : Path
        The landing folder.

    Raises
    ------
    NothingBuiltError
        When nothing has been built, or a landing folder is gone or damaged.
    """
    _, names = landed_files.load_index(landing)
    if not names:
        raise NothingBuiltError(
            f"{landing}: nothing has been built yet, so there is nothing to try again. Run `empathy build` first."
        )
    try:
        files = [LandedFile.restore(landing / name) for name in names]
    except (OSError, ValueError, KeyError, TypeError):
        raise NothingBuiltError(
            f"{landing}: the folder of a file is gone, damaged or from another release. "
            "Run `empathy build` with the files."
        ) from None
    replayed = {file.replays for file in files}
    return [hide_open(file) if file.folder.name in replayed else file for file in files]


def hide_open(file: LandedFile) -> LandedFile:
    """Return a landed file without its open rejects, which another folder counts."""
    return replace(
        file, read=file.read - (file.rejected - file.dropped), rejected=file.dropped, has_refused=True, hides_open=True
    )


def replay_rejects(
    config: Config, landing: Path, scratch: Path, con: duckdb.DuckDBPyConnection, tell: Progress
) -> tuple[list[LandedFile], int]:
    """Try the open rejects of the served version again wherever its reading has changed since.

    Parameters
    ----------
    config : Config
    landing : Path
        The landing folder.
    scratch : Path
        For temporary files.
    con : duckdb.DuckDBPyConnection
    tell : callable
        Called with a description of each step.

    Returns
    -------
    files : list of LandedFile
        Files of the next version.
    fresh : int
        Folders written.
    """
    files: list[LandedFile] = []
    fresh = 0
    for file in restore_all(landing):
        if file.source not in config.sources:
            continue
        key = landed_files.reading_key(config, file.source)
        untouched = file.folder.name.endswith(key[:16])
        if untouched or file.hides_open or file.rejected == file.dropped:
            files.append(file)
            continue
        tell(f"trying {file.rejected - file.dropped:,} rejected records of {file.path} again")
        files += [hide_open(file), _replay_one(config, file, key, landing, scratch, con)]
        fresh += 1
    return files, fresh


def _replay_one(
    config: Config, file: LandedFile, key: str, landing: Path, scratch: Path, con: duckdb.DuckDBPyConnection
) -> LandedFile:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rejects = pq.read_table(file.folder / "rejects.parquet", columns=["line", "status", "record"]).to_pylist()
    pending = [(int(row["line"]), str(row["record"])) for row in rejects if row["status"] == "open"]
    again, starts = _write_records(file, pending, scratch)
    source = config.sources[file.source]
    options = {name: value for name, value in source.options.items() if name not in ("encoding", "header_row")}
    options["encoding_errors"] = "reject"
    if file.kind != "json":
        options["delimiter"] = file.delimiter
    read_as = source.model_copy(update={"options": options})
    config_now = config.model_copy(update={"sources": {**config.sources, file.source: read_as}})
    plan = _as_text(plan_of(config_now, file.source, again, con, called=config.folder / file.path), file)
    digest = hashlib.sha256(f"{file.folder.name}\n{key}".encode()).hexdigest()
    folder = landing / f"{file.file_id}-{digest[:12]}r-{key[:16]}"
    job = Job(
        file.source,
        read_as,
        config.source_timezone(file.source),
        again,
        file.path,
        file.sha256,
        file.bytes,
        plan,
        file.file_id,
    )
    with appearing(folder) as building:
        reading = open_file(con, again, plan, read_as.options, scratch, careful=True)
        places = pa.table(
            {"now": pa.array(list(starts), pa.int64()), "was": pa.array(list(starts.values()), pa.int64())}
        )
        renumbered = fresh_name("again")
        con.register(f"{renumbered}_places", places)
        con.execute(
            f"CREATE TEMP TABLE {renumbered} AS SELECT records.* REPLACE (places.was AS _line) "
            f"FROM {reading.relation} AS records JOIN {renumbered}_places AS places ON places.now = records._line"
        )
        con.unregister(f"{renumbered}_places")
        reading.relation = renumbered
        reading.temporary = (*reading.temporary, renumbered)
        reading.structural = [
            Structural(starts.get(item.line, item.line), item.reason, item.raw) for item in reading.structural
        ]
        landed = replace(
            land_reading(con, reading, job, building, careful=True), format=file.format, replays=file.folder.name
        )
        landed.save()
    again.unlink(missing_ok=True)
    return replace(landed, folder=folder)


def _write_records(file: LandedFile, pending: Sequence[tuple[int, str]], scratch: Path) -> tuple[Path, dict[int, int]]:
    """Write rejected records as a file of their own; return it, and for each of its lines the line it once was."""
    target = scratch / f"{fresh_name('again')}.{'jsonl' if file.kind == 'json' else 'csv'}"
    starts: dict[int, int] = {}
    number = 1
    with target.open("w", encoding="utf-8", newline="") as output:
        if file.kind != "json":
            for head in (file.columns, *file.head):
                text = join_fields(head, file.delimiter)
                output.write(text + "\n")
                number += text.count("\n") + 1
        for line, record in pending:
            text = _of_table(record, file) if file.kind == "table" else record
            starts[number] = line
            output.write(text + "\n")
            number += text.count("\n") + 1
    return target, starts


def _of_table(record: str, file: LandedFile) -> str:
    try:
        values = json.loads(record)
    except ValueError:
        return record
    return join_fields([values.get(name) for name in file.columns], file.delimiter)


def _as_text(plan: Plan, file: LandedFile) -> Plan:
    """The plan for the same records standing in a plain text file."""
    shape = plan.shape
    if isinstance(shape, TableShape):
        return replace(plan, shape=CsvShape(shape.required, shape.optional, delimiter=","))
    if isinstance(shape, CsvShape):
        return replace(plan, shape=replace(shape, extra_header_lines=len(file.head), encoding="utf-8"))
    return plan
