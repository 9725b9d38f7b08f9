"""A plan and the contracts, compiled to one SQL statement per file that casts, checks and collects every reason.

The statement has three layers, so that nothing is computed twice: *texts* (of the fields), *values* (typed), and the
verdict (reasons to reject). A good row never evaluates the text of a reason: reasons stand behind one CASE.

Line numbers rest on the order of the rows, which a join does not keep: no statement may be planned with one (see
``disabled_optimizers`` in :mod:`etl.landing.extract`).

Fields with the same expression and reading are stored once, however many canonical tables use them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from etl import timezones
from etl.configuration.model import Source
from etl.contracts.grammar import Column
from etl.contracts.tables import CONTRACTS
from etl.landing import json_fields, json_structure, values
from etl.landing.json_fields import columns_sql
from etl.landing.reasons import Reason, verdict, violations
from etl.scrubbing import scrub_sql
from etl.sources.plan import KINDS, Field, JsonShape, Plan, TableMap, bits_sql
from etl.sql_text import literal, quoted

_PLAIN = re.compile(r'"(?:[^"]|"")+"')
"""A quoted identifier and nothing else: a column of the file as it stands."""


WATCHED = 60
"""Words of the configuration whose occurrence one stored BIGINT holds, a bit each."""


@dataclass(frozen=True)
class StoredTable:
    """How to read one canonical table back from a landing file.

    Attributes
    ----------
    table : str
        Canonical name.
    columns : mapping of str to str
        Canonical column to SQL over the landing file: a stored column, or a constant.
    give : str
        Stored BOOLEAN column that says which rows belong to the table; empty when all do.
    flag : str
        SQL over the landing file for ``_time_flag``.
    """

    table: str
    columns: Mapping[str, str]
    give: str = ""
    flag: str = "NULL::VARCHAR"


@dataclass(frozen=True)
class Statement:
    """A compiled statement and how to read its result.

    Attributes
    ----------
    sql : str
        A query over the relation ``records``; one row per record (or per element of ``TableMap.each``), with the stored
        columns, ``_reasons VARCHAR[]`` (NULL for a good row), and for the record statement ``_dropped VARCHAR``,
        ``_key VARCHAR`` and ``_version TIMESTAMP`` where the plan has them.
    tables : tuple of StoredTable
    carries_key : bool
        Whether the result has ``_key`` and ``_version``.
    witnesses : mapping of str to str
        Stored columns that hold a column of the file as it stands, to compare lines with.
    watched : tuple of str
        Stored columns whose bits say which words of ``plan.named`` a record has, :data:`WATCHED` words each.
    """

    sql: str
    tables: tuple[StoredTable, ...]
    carries_key: bool = False
    witnesses: Mapping[str, str] = field(default_factory=dict)
    watched: tuple[str, ...] = ()


@dataclass
class _Layers:
    """Expressions gathered while tables are compiled; names are handed out in order of first use."""

    trimmed: bool = False
    texts: dict[str, str] = field(default_factory=dict)
    locals: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    flags: dict[str, str] = field(default_factory=dict)
    stored: list[str] = field(default_factory=list)
    gives: dict[str, str] = field(default_factory=dict)
    violations: list[tuple[str, Reason]] = field(default_factory=list)
    known: dict[tuple[object, ...], str] = field(default_factory=dict)
    looks: dict[str, str] = field(default_factory=dict)

    def groups(self) -> tuple[dict[str, str], ...]:
        """Expressions over the record itself."""
        return self.looks, self.texts, self.gives

    def name(self, prefix: str, group: dict[str, str], sql: str) -> str:
        for known, expression in group.items():
            if expression == sql:
                return known
        name = f"_{prefix}{len(group)}"
        group[name] = sql
        return name


def records(
    plan: Plan,
    source: Source,
    zone: str,
    *,
    trimmed: bool = False,
    witness: str = "",
    faults: bool = False,
    parsed: MutableMapping[str, Any] | None = None,
) -> Statement:
    """Compile the statement over records: all tables without ``each``, the record's checks, drops, key and version.

    Parameters
    ----------
    plan : Plan
        Resolved with :func:`etl.sources.overrides.resolve`.
    source : Source
        Its section.
    zone : str
        Zone of times without offset.
    trimmed : bool
        No column of the file has spaces at its ends, and an empty one is NULL: plain columns need no trimming.
    witness : str
        A column of the file to store as it stands, to compare lines with, when no other one is.
    faults : bool
        The relation has a column ``_fault``; a record that has one is refused for it alone.
    parsed : mapping, optional
        The relation has :data:`etl.landing.json_fields.PARSED` instead of ``j``, read by a reader that refuses what is
        not of its type; what is wanted of it is added.

    Raises
    ------
    etl.landing.json_structure.CannotError
        When ``parsed`` cannot give all that is wanted.
    """
    layers = _Layers(trimmed=trimmed)
    simple = [table_map for table_map in plan.tables if not table_map.each]
    stored = tuple(_table(layers, table_map, source, zone) for table_map in simple)
    _keep_needed(layers, stored)
    for check in plan.checks:
        message = check.message if check.message_is_sql else literal(check.message)
        broken = check.broken_when
        if check.kinds:
            kinds = layers.name("j", layers.looks, check.kinds)
            broken, message = broken.replace(KINDS, kinds), message.replace(KINDS, kinds)
        name = layers.name("k", layers.texts, f"case when {broken} then {message} end")
        layers.violations.append((f"{name} is not null", Reason(name)))
    if not any(table_map.each for table_map in plan.tables) and all(item.give for item in stored):
        none = " and ".join(f"not {item.give}" for item in stored)
        layers.violations.append((none, Reason("'the record gives no row of any table'")))
    extra = ["_line"]
    if plan.drops:
        cases = " ".join(f"when {drop.when} then {literal(drop.reason)}" for drop in plan.drops)
        layers.texts["_dropped"] = f"case {cases} end"
    else:
        layers.texts["_dropped"] = "NULL::VARCHAR"
    extra.append("_dropped")
    carries_key = bool(plan.key) or bool(plan.tables[0].each)
    if carries_key:
        key = " || '/' || ".join(f"coalesce(({part})::varchar, '')" for part in plan.key) or "_line::varchar"
        layers.texts["_key"] = key
        layers.texts["_version_text"] = f"({plan.version})::varchar" if plan.version else "NULL::VARCHAR"
        layers.values["_version"] = "coalesce(try_cast(_version_text as timestamptz) at time zone 'UTC', NULL)"
        extra += ["_key", "_version"]
    witnesses = {name: sql for name, sql in layers.texts.items() if name in layers.stored and _PLAIN.fullmatch(sql)}
    if witness and not witnesses:
        layers.texts["_witness"] = quoted(witness)
        extra.append("_witness")
        witnesses = {"_witness": quoted(witness)}
    watched: list[str] = []
    for place in range(0, len(plan.named), WATCHED):
        watched.append(f"_named{len(watched)}")
        layers.texts[watched[-1]] = bits_sql(plan.named[place : place + WATCHED])
    extra += watched
    if faults:
        layers.texts["_fault"] = "_fault"
        layers.texts["_dropped"] = f"case when _fault is null then {layers.texts['_dropped']} end"
    relation = json_fields.together(layers.groups(), parsed) if isinstance(plan.shape, JsonShape) else "records"
    sql = _assemble(layers, relation, extra, guard="_dropped is null", fault="_fault" if faults else "")
    named = {name: text[1:-1].replace('""', '"') for name, text in witnesses.items()}
    return Statement(sql, stored, carries_key, named, tuple(watched))


def elements(
    table_map: TableMap, source: Source, zone: str, parsed: MutableMapping[str, Any] | None = None
) -> Statement:
    """Compile the statement over the elements of ``table_map.each``: columns ``_line, item_no`` and the table's.

    Parameters
    ----------
    table_map : TableMap
        With ``each``.
    source, zone, parsed
        As in :func:`records`.

    Raises
    ------
    etl.landing.json_structure.CannotError
        As :func:`records`.
    """
    layers = _Layers()
    stored = _table(layers, replace(table_map, when="true"), source, zone)
    _keep_needed(layers, (stored,))
    layers.gives["_when"] = table_map.when  # rewritten with the others
    groups = layers.groups()
    once = {"_list": f"({table_map.each})"} | json_fields.lists(groups)
    once |= json_fields.of_record(groups)
    of_item = json_fields.of_item(groups)
    made: dict[str, str] = {}
    try:
        json_fields.refuse(groups, json_fields.ITEM)
        made = json_structure.parse_once(json_fields.PARSED, once, of_item, parsed)
        if parsed is not None:
            json_fields.refuse(groups, json_fields.DOCUMENT)
    except json_structure.CannotError:
        if parsed is not None:
            raise
    else:
        once, of_item = json_fields.apart(groups, once), json_fields.apart(groups, of_item)
    when = layers.gives.pop("_when")
    relation = (
        f"(select * from (select *{columns_sql(of_item)} from (select *, unnest(_list) as item, "
        f"generate_subscripts(_list, 1) as item_no "
        f"from (select *{columns_sql(once)} from (select *{columns_sql(made)} from records)))) where {when})"
    )
    return Statement(_assemble(layers, relation, ["_line", "item_no"]), (stored,))


def _keep_needed(layers: _Layers, tables: Sequence[StoredTable]) -> None:
    """Store what a table has for a column, and not the first reading of an end that was read again."""
    needed = {value for table in tables for value in table.columns.values()}
    layers.stored = [name for name in layers.stored if name in needed]


def _table(layers: _Layers, table_map: TableMap, source: Source, zone: str) -> StoredTable:
    contract = CONTRACTS[table_map.table]
    guard = ""
    if table_map.when != "true":
        guard = f"_give{len(layers.gives)}_{table_map.table}"
        layers.gives[guard] = f"coalesce({table_map.when}, false)"
    columns: dict[str, str] = {}
    given: dict[str, str] = {}
    flags: list[tuple[str, str]] = []
    start = len(layers.violations)
    for item in contract:
        mapped = table_map.fields.get(item.name)
        if mapped is None:
            columns[item.name] = f"CAST({item.default} AS {item.sql_type})"
            continue
        if item.name == "source_customer_id" and source.customer_ids:
            mapped = replace(mapped, sql=f"{literal(source.customer_ids + ':')} || ({mapped.sql})")
        columns[item.name], given[item.name] = _column(layers, item, mapped, zone, flags)
    for rule in contract.rules:
        order = _ORDER.fullmatch(rule.broken_when)
        if order and order["end"] in given and order["start"] in given:
            end = table_map.fields[order["end"]]
            columns[order["end"]] = _not_before(layers, end, zone, given[order["end"]], columns, order)
        predicate = _substitute(rule.broken_when, columns, given)
        layers.violations.append((f"({predicate})", Reason(literal(rule.message))))
    if guard:
        guarded = [(f"{guard} and {predicate}", reason) for predicate, reason in layers.violations[start:]]
        layers.violations[start:] = guarded
    flag = "NULL::VARCHAR"
    if flags:
        words = ", ".join(f"{literal(name + ':')} || {sql}" for name, sql in flags)
        flag = layers.name("f", layers.flags, f"nullif(concat_ws(',', {words}), '')")
    return StoredTable(table_map.table, columns, guard, flag)


_ORDER = re.compile(r"(?P<end>\w+_at) < (?P<start>\w+_at)")
"""A rule that says which of two instants comes first."""


def _not_before(
    layers: _Layers, mapped: Field, zone: str, text: str, columns: Mapping[str, str], order: re.Match[str]
) -> str:
    """The column of an end that, where clocks were put back, would come before its start: then in its second reading.

    A contact from 02:50 to 02:10 in the night of the change began in the first of two hours and ended in the other.
    """
    value, start, zone = columns[order["end"]], columns[order["start"]], mapped.timezone or zone
    typed = mapped.typed and not mapped.local
    if typed or not timezones.repeats(zone) or timezones.format_carries_offset(mapped.format):
        return value
    aware = "false" if mapped.format or mapped.local else timezones.carries_offset_sql(text)
    later = timezones.second_reading_sql(_local(layers, mapped, text), zone)
    name = layers.name("v", layers.values, f"case when {value} < {start} and not {aware} then {later} else {value} end")
    layers.stored.append(name)
    return name


def _substitute(rule: str, columns: Mapping[str, str], given: Mapping[str, str]) -> str:
    """Write a contract's rule over the stored columns.

    Where the rule asks whether a column is empty, the text of the field answers: a value that could not be read has its
    own reason and is not empty besides.
    """

    def replaced(match: re.Match[str]) -> str:
        if match["empty"]:
            return (
                f"{given.get(match['empty'], columns.get(match['empty'], match['empty']))} is {match['not'] or ''}null"
            )
        return columns.get(match[0], match[0])

    return re.sub(r"'[^']*'|\b(?P<empty>[a-z_]+) is (?P<not>not )?null\b|\b[a-z_]+\b", replaced, rule)


def _column(layers: _Layers, item: Column, mapped: Field, zone: str, flags: list[tuple[str, str]]) -> tuple[str, str]:
    """Add one canonical column to the layers; return the names of the stored column and of the field's text."""
    zone = mapped.timezone or zone
    default = item.default if item.default != "NULL" else ""
    signature: tuple[object, ...] = (
        mapped.sql,
        mapped.format,
        zone if item.type == "timestamp" else "",
        mapped.decimal,
        (mapped.unit, mapped.full_score),
        tuple(mapped.values.items()),
        (mapped.typed, mapped.local),
        item.type,
        (item.lower_case, item.free_text, item.domain, values.may_be_nobody(item), item.is_share),
        default,
    )
    known = layers.known.get(signature)
    if mapped.typed:
        text, given = "", layers.name("u", layers.texts, f"({mapped.sql})::{item.sql_type}")
        value, shown = given, f"{given}::varchar"
    else:
        text = given = shown = layers.name("t", layers.texts, _text(layers, mapped, item))
        value = known or _value(layers, item, mapped, text, zone, default)
    by_clock = mapped.local or not (mapped.typed or timezones.format_carries_offset(mapped.format))
    if item.type == "timestamp" and by_clock and not timezones.is_utc(zone):
        local = _local(layers, mapped, given)
        if mapped.local:  # in no zone's time where UTC is beyond what a TIMESTAMP holds
            value, text = layers.name("v", layers.values, timezones.to_utc_sql(local, zone)), shown
        flag = timezones.flag_sql(local, zone)
        if flag != "NULL::VARCHAR":
            aware = "false" if mapped.format or mapped.local else timezones.carries_offset_sql(text)
            flags.append((item.name, f"(case when not {aware} then {flag} end)"))
    if known is None:
        layers.known[signature] = value
        layers.stored.append(value)
    layers.violations += violations(item, mapped, text, value, shown, given)
    return value, given


def _text(layers: _Layers, mapped: Field, item: Column) -> str:
    is_cell = _PLAIN.fullmatch(mapped.sql) is not None
    text = mapped.sql if layers.trimmed and is_cell else values.trimmed_sql(mapped.sql, item.free_text)
    if mapped.values:
        cases = " ".join(f"when {literal(before)} then {literal(after)}" for before, after in mapped.values.items())
        text = f"case {text} {cases} else {text} end"
    asked_again = item.free_text or text != values.said_sql(text, item, is_cell)
    if text != mapped.sql and asked_again:  # named once
        text = layers.name("s", layers.looks, text)
    text = values.said_sql(text, item, is_cell)
    if item.free_text:
        text = scrub_sql(text)
    return text


def _formats(pattern: str) -> str:
    return "[" + ", ".join(literal(part.strip()) for part in pattern.split("|")) + "]"


def _local(layers: _Layers, mapped: Field, text: str) -> str:
    """The name of a time as a clock shows it, from the name of its text, or its own where it was no text."""
    if mapped.local:
        return text
    sql = f"try_strptime({text}, {_formats(mapped.format)})" if mapped.format else values.local_sql(text)
    return layers.name("l", layers.locals, sql)


def _value(layers: _Layers, item: Column, mapped: Field, text: str, zone: str, default: str) -> str:
    if item.type == "text":
        if default:
            return layers.name("v", layers.values, f"coalesce({text}, {default})")
        return text
    if item.type == "timestamp":
        sql = _timestamp(layers, mapped, text, zone)
    elif item.type == "date":
        sql = f"try_strptime({text}, {_formats(mapped.format)})::date" if mapped.format else values.date_sql(text)
    elif item.type == "boolean":
        sql = values.boolean_sql(text)
    else:
        sql = values.number_sql(text, mapped.decimal, item.sql_type)
        if item.type == "integer":  # 1.5 would be rounded
            sql = f"case when {values.number_sql(text, mapped.decimal, 'double')} = {sql} then {sql} end"
        if item.unit == "seconds":
            sql = values.seconds_sql(text, sql, mapped.unit)
        elif item.is_share:
            sql = values.share_sql(text, sql, mapped.decimal, mapped.full_score or 1.0)
    if default:
        sql = f"case when {text} is null then {default} else {sql} end"
    return layers.name("v", layers.values, sql)


def _timestamp(layers: _Layers, mapped: Field, text: str, zone: str) -> str:
    if mapped.format and timezones.format_carries_offset(mapped.format):
        return f"(try_strptime({text}, {_formats(mapped.format)})::timestamptz at time zone 'UTC')"
    local = _local(layers, mapped, text)
    naive = timezones.to_utc_sql(local, zone)
    if mapped.format:
        return naive
    aware = timezones.carries_offset_sql(text)
    return (
        f"case when {aware} then {timezones.instant_sql(text)} when {local} is not null then {naive} "
        f"when {values.is_epoch_sql(text)} then {values.epoch_sql(text)} end"
    )


def _assemble(layers: _Layers, relation: str, extra: Sequence[str], guard: str = "", fault: str = "") -> str:
    texts = [f"{sql} as {name}" for name, sql in layers.texts.items()]
    gives = [f"{sql} as {name}" for name, sql in layers.gives.items()]
    through = [name for name in extra if name in ("_line", "item_no")]
    relation = f"(select *{columns_sql(layers.looks)} from {relation})" if layers.looks else relation
    inner = f"select {', '.join([*through, *texts, *gives])} from {relation}"
    if layers.locals:
        named = ", ".join(f"{sql} as {name}" for name, sql in layers.locals.items())
        inner = f"select *, {named} from ({inner})"
    computed = [*layers.values.items(), *layers.flags.items()]
    if computed:
        inner = f"select *, {', '.join(f'{sql} as {name}' for name, sql in computed)} from ({inner})"
    stored = list(dict.fromkeys([*extra, *layers.stored, *layers.gives, *layers.flags]))
    return f"select {', '.join(stored)}, {verdict(layers.violations, guard, fault)} as _reasons from ({inner})"


__all__ = ["Statement", "StoredTable", "elements", "records"]
