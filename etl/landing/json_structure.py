"""Parse a JSON record once, into one structure with all fields used of it and of its elements.

``json_transform`` with texts alone gives what ``->>`` gives field by field: the text of a single value, the JSON of an
object or list, and NULL where there is nothing or where the record has something else on the way. One difference is
known: a number with an exponent is written ``1e+30`` and ``1e-07``, not ``1e30`` and ``1e-7``. As a number it is the
same; as an id it is then refused as one that was rounded, as it is in tables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

from etl.sql_text import literal, quoted

TEXT = "VARCHAR"

_STEP = r"\.(?:\w+|\"[^\"\\\[\]*',]+\")"
_TEXTS = re.compile(rf"json_extract_string\(\w+, \[('\$(?:{_STEP})+'(?:, '\$(?:{_STEP})+')*)\]\)")
_LIST = re.compile(r"\(?json_extract\(j, '\$\.(\w+)\[\*\]'\)::JSON\[\]\)?")
_FIELDS = re.compile(r"\[\w+(?:\['[^',]+'\])+(?:, \w+(?:\['[^',]+'\])+)*\]")
_KINDS = re.compile(rf"json_type\(j, \[('\$(?:{_STEP})+'(?:, '\$(?:{_STEP})+')*)\]\)")
_OF_LIST = re.compile(rf"list_transform\({_LIST.pattern}, lambda (\w): \2 ->> '(\$(?:{_STEP})+)'\)")


def parse_once(
    record: str,
    once: MutableMapping[str, str],
    of_item: MutableMapping[str, str],
    given: MutableMapping[str, Any] | None = None,
) -> dict[str, str]:
    """Take from one structure what expressions over a record and its elements take from its text, where all of it can.

    Parameters
    ----------
    record : str
        Name of the column that is to hold the structure.
    once : mapping of str to str
        Columns made of the record ``j``, among them ``_list``, its elements; rewritten.
    of_item : mapping of str to str
        Columns made of each ``item``; rewritten.
    given : mapping, optional
        The column is there, with what several statements want of it: to be added to. ``once`` need have no ``_list``.

    Returns
    -------
    dict of str to str
        The structure by its column, or nothing when it is given.

    Raises
    ------
    CannotError
        When something cannot be taken from one; nothing was rewritten.

    Examples
    --------
    >>> once = {"_list": "json_extract(j, '$.Turns[*]')::JSON[]", "_p": "json_extract_string(j, ['$.Contact.Id'])"}
    >>> of_item = {"_i": "json_extract_string(item, ['$.Text'])"}
    >>> parse_once("_d", once, of_item)["_d"]
    'json_transform(j, \\'{"Turns": [{"Text": "VARCHAR"}], "Contact": {"Id": "VARCHAR"}}\\')'
    >>> once, of_item
    ({'_list': "_d['Turns']", '_p': "[_d['Contact']['Id']]"}, {'_i': "[item['Text']]"})
    """
    wanted: MutableMapping[str, Any] = {} if given is None else given
    whole: dict[str, str] = {}
    items: dict[str, str] = {}
    if "_list" in once:
        found = _LIST.fullmatch(once["_list"])
        if not found:
            raise CannotError
        elements = wanted.setdefault(found[1], [{}])
        if not isinstance(elements, list):
            raise CannotError
        whole = {"_list": f"{record}[{literal(found[1])}]"}
        items = {name: _texts(elements[0], "item", sql) for name, sql in of_item.items()}
    records = {name: _of_record(wanted, record, sql) for name, sql in once.items() if name != "_list"}
    of_item.update(items)
    once.update({**whole, **records})
    return (
        {} if given is not None else {record: f"json_transform(j, {literal(json.dumps(wanted, ensure_ascii=False))})"}
    )


class CannotError(Exception):
    """An expression cannot be computed from the structure."""


def sql_type(wanted: Any) -> str:
    """SQL type of the structure that holds the wanted fields.

    Examples
    --------
    >>> sql_type({"Turns": [{"Text": "VARCHAR"}], "Contact": {"Id": "VARCHAR"}})
    'STRUCT("Turns" STRUCT("Text" VARCHAR)[], "Contact" STRUCT("Id" VARCHAR))'
    """
    if isinstance(wanted, str):
        return wanted
    if isinstance(wanted, list):
        return f"{sql_type(wanted[0])}[]"
    return f"STRUCT({', '.join(f'{quoted(name)} {sql_type(inside)}' for name, inside in wanted.items())})"


def holds_whole(wanted: Mapping[str, Any], kinds: str) -> bool:
    """Whether all places of which an expression asks the kind are objects or lists of the structure.

    A typed reader has then checked these kinds already.

    Examples
    --------
    >>> holds_whole({"Turns": [{"Text": "VARCHAR"}]}, "json_type(j, ['$.\\"Turns\\"'])")
    True
    >>> holds_whole({"Turns": [{"Text": "VARCHAR"}]}, "json_type(j, ['$.\\"Turns\\"', '$.\\"Id\\"'])")
    False
    """
    found = _KINDS.search(kinds)
    if not found or "j" in re.findall(r"\bj\b", kinds.replace(found[0], "")):
        return False
    for place in found[1].split(", "):
        inside: Any = wanted
        for step in re.findall(_STEP, place[1:-1]):
            inside = inside.get(step.strip('."')) if isinstance(inside, dict) else None
        if not isinstance(inside, dict | list):
            return False
    return True


def _of_record(wanted: MutableMapping[str, Any], record: str, sql: str) -> str:
    found = _OF_LIST.fullmatch(sql)
    if not found:
        return _texts(wanted, record, sql)
    inside = wanted.setdefault(found[1], [{}])
    if not isinstance(inside, list):
        raise CannotError
    name = found[2]
    return f"list_transform({record}[{literal(found[1])}], lambda {name}: {_text(inside[0], name, found[3])})"


def _texts(wanted: MutableMapping[str, Any], record: str, sql: str) -> str:
    found = _TEXTS.fullmatch(sql)
    if not found:
        raise CannotError
    return f"[{', '.join(_text(wanted, record, path[1:-1]) for path in found[1].split(', '))}]"


def _text(wanted: MutableMapping[str, Any], record: str, path: str) -> str:
    """Enter a path of names, and return SQL of the text there."""
    names = [step.strip('."') for step in re.findall(_STEP, path)]
    inside: Any = wanted
    for place, name in enumerate(names):
        if any(name != other and name.casefold() == other.casefold() for other in inside):
            raise CannotError  # a structure cannot hold names that differ by their case alone
        inside = inside.setdefault(name, TEXT if place == len(names) - 1 else {})
        if isinstance(inside, str) != (place == len(names) - 1) or isinstance(inside, list):
            raise CannotError
    return record + "".join(f"[{literal(name)}]" for name in names)


def elements_of(sql: str) -> tuple[str, ...]:
    """The fields of a list that :func:`parse_once` made, each by itself; none where it is another list.

    Examples
    --------
    >>> elements_of("[_d['Contact']['Id'], _d['Text']]")
    ("_d['Contact']['Id']", "_d['Text']")
    >>> elements_of("list_transform(_d['Turns'], lambda t: t['Id'])")
    ()
    """
    return tuple(sql[1:-1].split(", ")) if _FIELDS.fullmatch(sql) else ()
