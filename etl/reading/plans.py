"""Make the plan of reading a file from it and the source's section."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import duckdb

from etl.configuration.formats import FORMATS
from etl.configuration.model import Config, ConfigError
from etl.contracts.tables import CONTRACTS
from etl.file_kinds import is_json
from etl.hints import did_you_mean
from etl.reading import opened
from etl.reading.header_names import as_known
from etl.reading.json_records import document_of
from etl.sources import number_marks
from etl.sources import overrides as mapping
from etl.sources.format import Context, Sample, get
from etl.sources.plan import Plan

COMMON_OPTIONS = ("encoding", "encoding_errors", "delimiter", "header_row")
"""Options every format read from text has."""


def check_options(config: Config, name: str) -> None:
    """Refuse options a format does not have, and a missing time zone where it needs one.

    Parameters
    ----------
    config : Config
    name : str
        Name of the source.

    Raises
    ------
    ConfigError
    """
    source = config.sources[name]
    known = (*get(source.format).options, *COMMON_OPTIONS)
    for option in source.options:
        if option not in known:
            hint = did_you_mean(option, known) or f" Options: {', '.join(dict.fromkeys(known))}."
            raise ConfigError(
                f"{config.path}: sources.{name}.options.{option}: format {source.format} has no such option.{hint}"
            )


def known_document(path: Path, names: Iterable[str] = FORMATS) -> Sample | None:
    """Return the one object that a JSON file is, where a format is of such: a transcript, whose list is of its turns.

    Parameters
    ----------
    path : Path
    names : iterable of str
        Formats to think of; all by default.
    """
    document = document_of(path) if is_json(path) else None
    if document is None:
        return None
    found = Sample(path, (), (document,))
    return found if any(name != "tabular" and get(name).recognise(found) for name in names) else None


def named_as_known(sample: Sample, known: Iterable[str]) -> Sample:
    """Return the beginning of a file with its columns named as they are known, whatever their case.

    Parameters
    ----------
    sample : Sample
    known : iterable of str
    """
    names = as_known(sample.header, tuple(name for name in known if name))
    if names == sample.header:
        return sample
    renamed = dict(zip(sample.header, names, strict=True))
    rows = tuple({renamed.get(name, name): value for name, value in row.items()} for row in sample.rows)
    return replace(sample, header=names, rows=rows)


def plan_of(
    config: Config, name: str, path: Path, con: duckdb.DuckDBPyConnection, called: Path | None = None
) -> Plan:
    """Return the resolved plan of one file of a source.

    Parameters
    ----------
    config : Config
    name : str
        Name of the source.
    path : Path
    con : duckdb.DuckDBPyConnection
    called : Path, optional
        The file whose records these are, where they stand in another one: some formats read its name.
    """
    source = config.sources[name]
    delimiter = source.options.get("delimiter")
    sample = opened.sample(
        con,
        path,
        str(source.options.get("encoding", "utf-8")),
        None if delimiter is None else str(delimiter),
        str(source.options.get("sheet", "")),
        opened.header_row_of(source.options, path),
    )
    own = [name for given in source.columns.values() for name in ([given] if isinstance(given, str) else given)]
    canonical = CONTRACTS[source.table].column_names if source.table in CONTRACTS else ()
    sample = named_as_known(sample, (*own, *canonical, *get(source.format).columns))
    if called is not None:
        sample = replace(sample, path=called)
    plan = get(source.format).plan(Context(name, source, config.source_timezone(name), sample))
    resolved = mapping.resolve(name, source, plan, sample)
    named = resolved.named
    if "decimal" in get(source.format).options and "decimal" not in source.options:
        named += tuple(number_marks.watched(resolved))
    return replace(resolved, ids_are_names=config.identity.ids_are_names, named=named)
