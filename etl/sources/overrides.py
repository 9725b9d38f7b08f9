"""Apply the column settings of a source in empathy.toml to the plan of its format."""

from __future__ import annotations

from dataclasses import replace

from etl.configuration.model import ConfigError, Source, TableMapping
from etl.contracts.tables import CONTRACTS
from etl.hints import did_you_mean, listed
from etl.sources.format import Sample, get
from etl.sources.number_marks import full_score
from etl.sources.plan import Field, JsonShape, Named, Plan, TableMap, column, path
from etl.sql_text import literal

NOTHING = '""'
"""SQL of a field whose column a section is still to name."""

ANY = "*"
"""Stands in ``when`` for any value at all."""


def resolve(name: str, source: Source, plan: Plan, sample: Sample | None = None) -> Plan:
    """Apply the columns, values, constants and further tables of ``[sources.NAME]`` to a plan.

    Parameters
    ----------
    name : str
        Name of the source, for messages.
    source : Source
        Its section.
    plan : Plan
        What the format says.
    sample : Sample, optional
        The file, for messages.

    Raises
    ------
    ConfigError
        When a canonical column or table is named that does not exist, or a required one is left without a source.
    """
    is_json = isinstance(plan.shape, JsonShape)
    header = frozenset(sample.header) if sample is not None and not is_json else None
    lacking: list[tuple[str, str]] = []
    tables = list(plan.tables)
    if not tables:
        raise ConfigError(f'[sources.{name}]: the format gives no table; name one with table = "...".')
    tables[0] = _with_overrides(f"sources.{name}", tables[0], source, is_json, header, lacking)
    asked = [("no_agent", source.no_agent), *((f"also.{t}.when", m.when) for t, m in source.also.items())]
    for setting, wanted in asked if header is not None else ():
        lacking += [(f"sources.{name}.{setting}", column) for column in wanted if header and column not in header]
    if source.no_agent and not (header and header.isdisjoint(source.no_agent)):
        tables[0] = _unanswered(f"sources.{name}", tables[0], source, is_json)
    for table, mapping in source.also.items():
        where = f"sources.{name}.also.{table}"
        if table not in CONTRACTS:
            raise ConfigError(f"[{where}]: there is no table {table}.{did_you_mean(table, CONTRACTS)}")
        there = header is None or not header or header.issuperset(mapping.when)
        when = _when(mapping, is_json) if there else "false"
        own = _with_overrides(where, TableMap(table, {}, when), mapping, is_json, header, lacking)
        tables.append(_read_as_told(own, source))
    for index, table_map in enumerate(tables):
        where = f"sources.{name}" if index < len(plan.tables) else f"sources.{name}.also.{table_map.table}"
        _require_columns(where, table_map, sample)
    named = (*plan.named, *_named(source, tables, is_json, header))
    return replace(plan, tables=tuple(tables), named=named, lacking=tuple(lacking))


def _named(
    source: Source, tables: list[TableMap], is_json: bool, header: frozenset[str] | None
) -> list[Named]:
    """Words that the section expects the export to have: explained values, conditions, and paths of JSON fields."""
    mapped: list[tuple[str, Source | TableMapping, TableMap]] = [("", source, tables[0])]
    further = tables[len(tables) - len(source.also) :]
    mapped += [(f"also.{table.table}.", source.also[table.table], table) for table in further]
    found = []
    for prefix, section, table in mapped:
        for canonical, words in section.values.items():
            said = table.fields.get(canonical)
            if said is not None and not table.each and not said.typed:
                text = f"trim(({said.sql})::varchar)"
                found += [Named(f"{prefix}values.{canonical}", word, f"{text} = {literal(word)}") for word in words]
        for canonical, names in section.columns.items() if is_json else ():
            for name in [names] if isinstance(names, str) else names:
                if name:
                    found.append(Named(f"{prefix}columns.{canonical}", name, f"{path(name).sql} is not null"))
    conditions = [("no_agent", source.no_agent), *((f"also.{t}.when", m.when) for t, m in source.also.items())]
    for setting, wanted in conditions:
        for name, accepted in wanted.items():
            if header and name not in header:
                continue
            sql = _user_field(name, is_json).sql
            for word in map(_word, accepted if isinstance(accepted, list) else [accepted]):
                met = f"{sql} is not null" if word == ANY else f"lower(({sql})::varchar) = {literal(word.lower())}"
                found.append(Named(f'{setting}."{name}"', word, met))
    return found


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _user_field(names: str | list[str], is_json: bool) -> Field:
    parts = [names] if isinstance(names, str) else list(names)
    fields = [Field("NULL", "") if not part else path(part) if is_json else column(part) for part in parts]
    if len(fields) == 1:
        return fields[0]
    together = " || '/' || ".join(f"coalesce({item.sql}, '')" for item in fields)
    some = " or ".join(f"{item.sql} is not null" for item in fields)
    return Field(f"case when {some} then {together} end", " + ".join(parts))


def _day_and_time(day: Field, time: Field) -> Field:
    """One text of a day and a time that stand in two columns.

    Cells of a workbook hold a midnight, or a day of no meaning, besides; these are taken off. A day number of a
    workbook is added to its fraction.
    """
    midnight = r"^(.*\S)[ T]+0?0:00(:00(\.0+)?)?$"
    only_day = f"regexp_replace({day.sql}, {literal(midnight)}, '\\1')"
    only_time = f"regexp_replace({time.sql}, {literal(r'^(18|19)[0-9]{2}-[0-9]{2}-[0-9]{2}[ T]+')}, '')"
    serial = (
        f"case when regexp_full_match({day.sql}, '[2-7][0-9]{{4}}(\\.0+)?') and try_cast({time.sql} as double) < 1 "
        f"then (try_cast({day.sql} as double) + try_cast({time.sql} as double))::varchar end"
    )
    return Field(f"coalesce({serial}, {only_day} || ' ' || {only_time})", f"{day.source} + {time.source}")


def _unanswered(where: str, table_map: TableMap, source: Source, is_json: bool) -> TableMap:
    """Contacts that reached no agent: they name none, and were not handled."""
    if table_map.table != "interaction":
        raise ConfigError(f"[{where}] no_agent: only contacts (table interaction) can reach no agent.")
    condition = _when(TableMapping(when=source.no_agent), is_json)
    fields = {
        name: replace(mapped, sql=f"case when not coalesce({condition}, false) then {mapped.sql} end")
        if name in ("source_agent_id", "handle_s")
        else mapped
        for name, mapped in table_map.fields.items()
    }
    return replace(table_map, fields=fields)


def _when(mapping: TableMapping, is_json: bool) -> str:
    conditions = []
    for name, wanted in mapping.when.items():
        sql = _user_field(name, is_json).sql
        accepted = wanted if isinstance(wanted, list) else [wanted]
        words = [_word(item) for item in accepted]
        equal = " or ".join(
            f"{sql} is not null" if word == ANY else f"lower({sql}) = {literal(word.lower())}" for word in words
        )
        conditions.append(f"({equal})")
    return " and ".join(conditions) or "true"


def _with_overrides(
    where: str,
    table_map: TableMap,
    section: Source | TableMapping,
    is_json: bool,
    header: frozenset[str] | None,
    lacking: list[tuple[str, str]],
) -> TableMap:
    """Apply the section's settings to one table; mapped columns missing in the file are appended to ``lacking``."""
    contract = CONTRACTS[table_map.table]
    fields = dict(table_map.fields)
    elsewhere = _columns_of_other_kinds(section)
    for group in ("columns", "values", "constants"):
        for canonical in getattr(section, group):
            if canonical not in contract and canonical not in elsewhere:
                hint = did_you_mean(canonical, contract.column_names)
                raise ConfigError(
                    f"[{where}] {group}.{canonical}: table {contract.name} has no such column."
                    f"{hint or ' It has: ' + ', '.join(contract.column_names) + '.'}"
                )
    for canonical, names in section.columns.items():
        parts = [names] if isinstance(names, str) else [part for part in names if part]
        if canonical not in contract:
            lacking += [(f"{where}.columns.{canonical}", part) for part in parts]
            continue
        before = fields.get(canonical)
        mapped = before is not None and before.sql != NOTHING
        needed = contract[canonical].required and contract[canonical].default == "NULL" and not mapped
        if header is not None and parts and not header.intersection(parts) and not needed:
            lacking += [(f"{where}.columns.{canonical}", part) for part in parts]
            if not mapped:
                fields.pop(canonical, None)
            continue
        two = isinstance(names, list) and len(names) == 2 and all(names)
        if two and contract[canonical].type == "timestamp":
            own = _day_and_time(*(_user_field(name, is_json) for name in names))
        else:
            own = _user_field(names, is_json)
        fields[canonical] = (
            own
            if before is None
            else replace(
                own, format=before.format, timezone=before.timezone, decimal=before.decimal, values=before.values,
                unit=before.unit, full_score=before.full_score,
            )
        )
    for canonical, value in section.constants.items():
        if canonical in contract:
            fields[canonical] = Field(literal(_word(value)), f"constant {value!r}")
    for canonical, mapping in section.values.items():
        if canonical not in contract:
            continue
        if canonical not in fields and any(setting == f"{where}.columns.{canonical}" for setting, _ in lacking):
            continue
        if canonical not in fields:
            raise ConfigError(f"[{where}] values.{canonical}: the column is not mapped; add it to columns.")
        words = {key: _word(item) for key, item in mapping.items()}
        fields[canonical] = replace(fields[canonical], values={**fields[canonical].values, **words})
    return replace(table_map, fields=fields)


def _columns_of_other_kinds(section: Source | TableMapping) -> frozenset[str]:
    """Columns of all tables that a system's files can give: a section may be about files of several kinds."""
    if isinstance(section, TableMapping) or section.table is not None:
        return frozenset()
    return frozenset(name for table in get(section.format).tables for name in CONTRACTS[table].column_names)


def _read_as_told(table_map: TableMap, source: Source) -> TableMap:
    """Apply the options of dates, numbers, durations and scores of a tabular source to a further table."""
    contract = CONTRACTS[table_map.table]
    pattern, decimal = str(source.options.get("date_format", "")), str(source.options.get("decimal", "."))
    fields = {
        name: replace(mapped, format=pattern)
        if contract[name].type in ("date", "timestamp")
        else replace(
            mapped,
            decimal=decimal,
            unit=str(source.options.get("duration_unit", "s")),
            full_score=full_score(source.options),
        )
        for name, mapped in table_map.fields.items()
    }
    return replace(table_map, fields=fields)


def _require_columns(where: str, table_map: TableMap, sample: Sample | None) -> None:
    contract = CONTRACTS[table_map.table]
    missing = [
        item.name for item in contract if item.required and item.default == "NULL" and item.name not in table_map.fields
    ]
    if missing:
        file = ""
        if sample is not None:
            names = list(dict.fromkeys([*sample.header, *(key for row in sample.rows for key in row)]))
            shown = listed([name[:60] for name in names])
            file = f"{sample.path} has the columns {shown}. " if names else f"{sample.path} has no columns. "
        raise ConfigError(
            f"{file}[{where}]: table {contract.name} needs {', '.join(missing)}; say where it comes from with "
            f'columns = {{ {missing[0]} = "..." }} or constants = {{ {missing[0]} = "..." }}.'
        )
