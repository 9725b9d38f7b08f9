"""The fields that are wanted of a JSON record and of its elements, as one structure, for which it is parsed once.

``json_transform`` with texts alone gives what ``->>`` gives field by field: the text of a single value, the JSON of an
object or list, and NULL where there is nothing or where the record has something else on the way. One difference is
known: a number with an exponent is written ``1e+30`` and ``1e-07``, not ``1e30`` and ``1e-7``. As a number it is the
same; as an id it is then refused as one that was rounded, as it is in tables.
"""

from __future__ import annotations

import json
import re
from collections.abc import MutableMapping
from typing import Any

from etl.sql_text import literal

TEXT = "VARCHAR"

_STEP = r"\.(?:\w+|\"[^\"\\\[\]*',]+\")"
_TEXTS = re.compile(rf"json_extract_string\(\w+, \[('\$(?:{_STEP})+'(?:, '\$(?:{_STEP})+')*)\]\)")
_LIST = re.compile(r"\(?json_extract\(j, '\$\.(\w+)\[\*\]'\)::JSON\[\]\)?")
_OF_LIST = re.compile(rf"list_transform\({_LIST.pattern}, lambda (\w): \2 ->> '(\$(?:{_STEP})+)'\)")


def parse_once(record: str, once: MutableMapping[str, str], of_item: MutableMapping[str, str]) -> dict[str, str]:
    """Take from one structure what expressions over a record and its elements take from its text, where all of it can.

    Parameters
    ----------
    record : str
        Name of the column that is to hold the structure.
    once : mapping of str to str
        Columns made of the record ``j``, among them ``_list``, its elements; rewritten.
    of_item : mapping of str to str
        Columns made of each ``item``; rewritten.

    Returns
    -------
    dict of str to str
        The structure by its column; empty when something cannot be taken from one, and nothing was rewritten.

    Examples
    --------
    >>> once = {"_list": "json_extract(j, '$.Turns[*]')::JSON[]", "_p": "json_extract_string(j, ['$.Contact.Id'])"}
    >>> of_item = {"_i": "json_extract_string(item, ['$.Text'])"}
    >>> parse_once("_d", once, of_item)["_d"]
    'json_transform(j, \\'{"Turns": [{"Text": "VARCHAR"}], "Contact": {"Id": "VARCHAR"}}\\')'
    >>> once, of_item
    ({'_list': "_d['Turns']", '_p': "[_d['Contact']['Id']]"}, {'_i': "[item['Text']]"})
    """
    wanted: dict[str, Any] = {}
    found = _LIST.fullmatch(once["_list"])
    if not found:
        return {}
    elements = wanted.setdefault(found[1], [{}])[0]
    try:
        items = {name: _texts(elements, "item", sql) for name, sql in of_item.items()}
        records = {name: _of_record(wanted, record, sql) for name, sql in once.items() if name != "_list"}
    except _CannotError:
        return {}
    of_item.update(items)
    once.update({"_list": f"{record}[{literal(found[1])}]", **records})
    return {record: f"json_transform(j, {literal(json.dumps(wanted, ensure_ascii=False))})"}


class _CannotError(Exception):
    """One structure cannot give what is asked of it."""


def _of_record(wanted: dict[str, Any], record: str, sql: str) -> str:
    found = _OF_LIST.fullmatch(sql)
    if not found:
        return _texts(wanted, record, sql)
    inside = wanted.setdefault(found[1], [{}])
    if not isinstance(inside, list):
        raise _CannotError
    name = found[2]
    return f"list_transform({record}[{literal(found[1])}], lambda {name}: {_text(inside[0], name, found[3])})"


def _texts(wanted: dict[str, Any], record: str, sql: str) -> str:
    found = _TEXTS.fullmatch(sql)
    if not found:
        raise _CannotError
    return f"[{', '.join(_text(wanted, record, path[1:-1]) for path in found[1].split(', '))}]"


def _text(wanted: dict[str, Any], record: str, path: str) -> str:
    """Enter a path of names, and return SQL of the text there."""
    names = [step.strip('."') for step in re.findall(_STEP, path)]
    inside: Any = wanted
    for place, name in enumerate(names):
        if any(name != other and name.casefold() == other.casefold() for other in inside):
            raise _CannotError  # a structure cannot hold names that differ by their case alone
        inside = inside.setdefault(name, TEXT if place == len(names) - 1 else {})
        if isinstance(inside, str) != (place == len(names) - 1) or isinstance(inside, list):
            raise _CannotError
    return record + "".join(f"[{literal(name)}]" for name in names)
