"""Any CSV, Parquet, XLSX or JSON lines file with a column mapping: the way in for every system without a module.

The section of the source says everything::

    [sources.qa]
    format = "tabular"
    path = "exports/qa.csv"
    table = "qa_evaluation"
    timezone = "Europe/Madrid"
    columns = { evaluation_id = "Eval ID", source_agent_id = "Agent", evaluated_at = "Date", active_listening = "AL" }
    values = { critical_fail = { "J" = "true", "N" = "false" } }
    constants = { form_version = "v2" }
    options = { delimiter = ";", encoding = "cp1252", date_format = "%d/%m/%Y %H:%M", decimal = "," }

A canonical column that is not listed in ``columns`` is taken from the file's column of the same name, when there is
one. Several source columns (``source_agent_id = ["last", "first"]``) are joined by a slash; an empty name leaves its
part empty; of a time they are its day and its time of day. ``[sources.NAME.also.TABLE]`` fills further tables from the
same records, ``when = { "Rating" = "*" }`` those that have a value. ``no_agent = { "Answered" = "No" }`` says which
contacts reached no agent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from etl.configuration.model import ConfigError, Source
from etl.contracts.tables import CONTRACTS
from etl.file_kinds import is_json, is_workbook
from etl.hints import did_you_mean
from etl.sources import json_shape
from etl.sources.format import Context, Recognition, Sample, SourceFormat
from etl.sources.number_marks import full_score
from etl.sources.plan import DURATION_UNITS, CsvShape, Field, JsonShape, Plan, Shape, TableMap, TableShape, column, path

if TYPE_CHECKING:
    from collections.abc import Iterable

OPTIONS = {
    "delimiter": "what separates the columns of a text file; found in the header when left out",
    "encoding": "encoding of a text file; utf-8 when left out",
    "encoding_errors": '"reject" rejects single lines that are not in the encoding instead of refusing the file',
    "date_format": "strptime pattern of dates and times that are not ISO 8601; several are separated by |",
    "decimal": '"," for numbers written 1.234,56',
    "sheet": "sheet of a workbook; the first when left out",
    "skip_lines": "records after the header that are not data",
    "header_row": "line of the header, where titles stand above it",
    "full_score": "what a full score is in columns from 0 to 1: 1 (when not given), 5, 10 or 100; 85% needs no option",
    "duration_unit": "unit of bare numbers in columns of seconds: s (when not given), ms, min, h, or d as workbooks do",
}


def plan(context: Context) -> Plan:
    """Return the plan of one file.

    Parameters
    ----------
    context : Context

    Raises
    ------
    ConfigError
        When the table is missing or unknown.
    """
    source = context.source
    where = f"[sources.{context.name}]"
    if source.table is None:
        raise ConfigError(f'{where}: format "tabular" needs table = "..."; one of {", ".join(CONTRACTS)}.')
    if source.table not in CONTRACTS:
        raise ConfigError(
            f'{where} table: there is no table "{source.table}".{did_you_mean(source.table, CONTRACTS)} '
            f"Tables: {', '.join(CONTRACTS)}."
        )
    decimal = str(context.option("decimal", "."))
    if decimal not in (".", ","):
        raise ConfigError(f'{where} options.decimal: "{decimal}" is neither "." nor ",".')
    is_json = context.sample.is_json
    fields = _same_name(source, context.sample)
    fields.update({name: _reading(mapped, name, source, decimal) for name, mapped in fields.items()})
    for name, own in source.columns.items():
        placeholder = path(own if isinstance(own, str) else own[0]) if is_json else column("")
        if name in CONTRACTS[source.table]:
            fields[name] = _reading(placeholder, name, source, decimal)
    used = _used(source, frozenset(context.sample.header))
    shape = _shape(context, used, tuple(field.source for field in fields.values()))
    if not isinstance(shape, JsonShape):
        return Plan(shape, (TableMap(source.table, fields),))
    names = dict.fromkeys([*(field.source for field in fields.values()), *used])
    single = [name for name in names if name and " + " not in name]
    return Plan(shape, (TableMap(source.table, fields),), checks=json_shape.shape(scalars=single))


def _same_name(source: Source, sample: Sample) -> dict[str, Field]:
    """Canonical columns that the file has under the same name; any JSON record may have those that are not required."""
    contract = CONTRACTS[str(source.table)]
    present = set(sample.header)
    if sample.is_json:
        seen = {key for row in sample.rows for key in row}
        present = {item.name for item in contract if not item.required or item.name in seen or not sample.rows}
    make = path if sample.is_json else column
    return {name: make(name) for name in contract.column_names if name in present and name not in source.columns}


def _reading(mapped: Field, name: str, source: Source, decimal: str) -> Field:
    kind = CONTRACTS[str(source.table)][name].type
    if kind in ("date", "timestamp"):
        return replace(mapped, format=str(source.options.get("date_format", "")))
    if kind in ("number", "integer", "money"):
        return replace(mapped, decimal=decimal, unit=duration_unit(source), full_score=full_score(source.options))
    return mapped


def duration_unit(source: Source) -> str:
    """Return the option ``duration_unit``.

    Raises
    ------
    ConfigError
        When it is no unit.
    """
    unit = str(source.options.get("duration_unit", "s"))
    if unit not in DURATION_UNITS:
        raise ConfigError(f'options.duration_unit is "{unit}"; write one of {", ".join(DURATION_UNITS)}.')
    return unit


def _used(source: Source, header: frozenset[str]) -> tuple[str, ...]:
    """Source columns the section names and that have to be there: all but optional ones that another file may have."""
    names: list[str] = []
    groups: Iterable[tuple[str, dict[str, str | list[str]]]] = (
        (str(source.table), source.columns),
        *((table, mapping.columns) for table, mapping in source.also.items()),
    )
    for table, group in groups:
        for canonical, own in group.items():
            parts = [own] if isinstance(own, str) else [part for part in own if part]
            item = CONTRACTS[table][canonical] if table in CONTRACTS and canonical in CONTRACTS[table] else None
            needed = item is None or (item.required and item.default == "NULL")
            if needed or header.intersection(parts) or not header:
                names += parts
    asked = [*(name for mapping in source.also.values() for name in mapping.when), *source.no_agent]
    names += [name for name in asked if name in header or not header]
    return tuple(dict.fromkeys(names))


def _shape(context: Context, required: tuple[str, ...], optional: tuple[str, ...]) -> Shape:
    file = context.sample.path
    if context.sample.is_json or is_json(file):
        return JsonShape(context.sample.lists)
    if file.suffix.lower() in (".parquet", ".pq") or is_workbook(file):
        return TableShape(required, (), str(context.option("sheet", "")))
    delimiter = context.option("delimiter", None)
    return CsvShape(
        required,
        tuple(name for name in optional if name and name in context.sample.header),
        int(context.option("skip_lines", 0)),
        str(delimiter) if delimiter is not None else None,
        str(context.option("encoding", "utf-8")),
    )


def recognise(sample: Sample) -> Recognition | None:
    """Recognise a file whose columns are named as a canonical table's are.

    Parameters
    ----------
    sample : Sample
    """
    names = set(sample.header) or {key for row in sample.rows for key in row}
    best: tuple[float, str] = (0.0, "")
    for contract in CONTRACTS.values():
        required = {item.name for item in contract if item.required and item.default == "NULL"}
        if required and required <= names:
            share = len(names & set(contract.column_names)) / max(len(names), 1)
            best = max(best, (share, contract.name))
    if not best[1]:
        return None
    return Recognition(0.4 + 0.2 * best[0], f"rows of {best[1]}", ("timezone",), {})


FORMAT = SourceFormat(
    name="tabular",
    label="any table with a column mapping",
    tables=tuple(CONTRACTS),
    plan=plan,
    recognise=recognise,
    options=OPTIONS,
    local_times=True,
)
