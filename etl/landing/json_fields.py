"""Paths into a JSON record and its elements, rewritten so that each is parsed once for all fields."""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping, Sequence
from typing import Any

from etl.landing import json_structure

Groups = Sequence[dict[str, str]]
"""Expressions by name, rewritten in place."""

PARSED = "_d"
"""Column of a record's fields and elements in one structure."""

_JSON_TEXT = re.compile(r"\bj ->> ('(?:[^'*]|'')*')")
_ITEM_TEXT = re.compile(r"\bitem ->> ('(?:[^'*]|'')*')")
_LIST = r"json_extract\(j, '(?:[^']|'')*'\)::JSON\[\]"
ITEM = re.compile(r"\bitem\b")
DOCUMENT = re.compile(r"\bj\b")
_JSON_LIST = re.compile(rf"list_transform\({_LIST}, lambda (\w): \1 ->> '[^']*'\)|{_LIST}")


def together(groups: Groups, parsed: MutableMapping[str, Any] | None) -> str:
    """Rewrite ``j ->> 'path'`` everywhere to an element of one list, so that a record is parsed once for all fields.

    Returns the relation that has the list, or the fields of a structure.
    """
    found = of_record(groups)
    if parsed is None:
        return f"(select *{columns_sql(found)} from records)" if found else "records"
    json_structure.parse_once(PARSED, found, {}, parsed)
    for group in groups:
        for name, sql in group.items():
            if json_structure.holds_whole(parsed, sql):
                group[name] = "NULL::VARCHAR[]"
    refuse(groups, DOCUMENT)
    return f"(select *{columns_sql(apart(groups, found))} from records)"


def refuse(groups: Groups, name: re.Pattern[str]) -> None:
    """Raise CannotError where an expression still reads a record or element as a whole."""
    told = [sql for group in groups for sql in group.values()]
    if any(name.search(re.sub(r"'(?:[^']|'')*'", "", sql)) for sql in told):
        raise json_structure.CannotError


def apart(groups: Groups, columns: Mapping[str, str]) -> dict[str, str]:
    """Columns of lists ``[a, b]`` made a column an element, everywhere: no list is made to take one out of it."""
    found: dict[str, str] = {}
    for name, sql in columns.items():
        texts = json_structure.elements_of(sql)
        if not texts:
            found[name] = sql
            continue
        found |= {f"{name}_{place}": text for place, text in enumerate(texts, 1)}
        for group in groups:
            for column, told in group.items():
                group[column] = re.sub(rf"\b{name}\[(\d+)\]", rf"{name}_\1", told)
    return found


def lists(groups: Groups) -> dict[str, str]:
    """Rewrite lists of a record to names; returns what every name stands for."""
    return _take_out(groups, _JSON_LIST, "_l{}")


def of_record(groups: Groups) -> dict[str, str]:
    """Rewrite every path of a record to an element of one list; returns the list's column, if any path is met."""
    return _extracted(groups, _JSON_TEXT, "j", "_p")


def of_item(groups: Groups) -> dict[str, str]:
    """The same for paths of an element."""
    return _extracted(groups, _ITEM_TEXT, "item", "_i")


def _extracted(groups: Groups, pattern: re.Pattern[str], document: str, name: str) -> dict[str, str]:
    """Rewrite every path of a document to an element of one list; returns the list's column, if any path is met."""
    paths = _take_out(groups, pattern, name + "[{}]", part=1)
    return {name: f"json_extract_string({document}, [{', '.join(paths.values())}])"} if paths else {}


def _take_out(groups: Groups, pattern: re.Pattern[str], name: str, part: int = 0) -> dict[str, str]:
    """Rewrite what matches to a name with its number from 1; returns what every name stands for."""
    known: dict[str, str] = {}

    def named(match: re.Match[str]) -> str:
        return known.setdefault(match[part], name.format(len(known) + 1))

    for group in groups:
        for column, sql in group.items():
            group[column] = pattern.sub(named, sql)
    return {column: sql for sql, column in known.items()}


def columns_sql(named: Mapping[str, str]) -> str:
    """SQL of further columns of a ``select *``."""
    return "".join(f", {sql} as {name}" for name, sql in named.items())
