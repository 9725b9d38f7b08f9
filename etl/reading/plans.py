"""From a source's section and a file to the plan by which the file is read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb

from etl.configuration.model import Config, ConfigError
from etl.hints import did_you_mean
from etl.reading import opened
from etl.sources import overrides as mapping
from etl.sources.format import Context, get
from etl.sources.plan import Plan

COMMON_OPTIONS = ("encoding", "encoding_errors", "delimiter")
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
    )
    if called is not None:
        sample = replace(sample, path=called)
    plan = get(source.format).plan(Context(name, source, config.source_timezone(name), sample))
    return replace(mapping.resolve(name, source, plan, sample), ids_are_names=config.identity.ids_are_names)
