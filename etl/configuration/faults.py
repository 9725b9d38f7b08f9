"""Error messages for empathy.toml: line, key, allowed values, and the nearest existing name."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from etl.hints import did_you_mean

_FORMS = {
    "currency": "three capital letters, such as EUR",
    "memory_limit": "a number and MB or GB, such as 2GB",
    "key_env": "the name of an environment variable: letters, digits and underscores",
    "sources": "a name: a letter, then letters, digits, - and _, 40 at most",
}
"""Format a text must have, by its key or the nearest key above it."""

_ADVICE = {
    "missing": "is required; add it.",
    "string_type": "must be text in quotes.",
    "int_type": "must be a whole number.",
    "int_parsing": "must be a whole number.",
    "float_type": "must be a number.",
    "float_parsing": "must be a number.",
    "bool_type": "must be true or false.",
    "bool_parsing": "must be true or false.",
    "dict_type": "must be a table: { key = value }.",
    "model_type": "must be a table: { key = value }.",
    "tuple_type": 'must be a list: ["a", "b"].',
    "list_type": 'must be a list: ["a", "b"].',
}


def explain(path: Path, text: str, detail: Any, root: type[BaseModel]) -> str:
    """One line about one mistake: file, line, key, and what is allowed.

    Parameters
    ----------
    path : Path
        The configuration file.
    text : str
        Its text.
    detail : dict
        One of pydantic's errors.
    root : type
        The model of the whole document.
    """
    location = tuple(part for part in detail["loc"] if part not in ("str", "list[str]", "[key]"))
    key = _dotted(location)
    line = _line_of(text, location)
    where = f"{path}, line {line}" if line else f"{path}"
    kind = detail["type"]
    if kind == "extra_forbidden":
        allowed = _fields_at(root, location[:-1])
        hint = did_you_mean(str(location[-1]), allowed) or f" Allowed here: {', '.join(allowed)}."
        return f"{where}: {key}: unknown key.{hint}"
    message = detail["msg"].removeprefix("Value error, ")
    if kind == "literal_error":
        given = str(detail.get("input"))
        options = re.findall(r"'([^']+)'", str(detail["ctx"]["expected"]))
        return f'{where}: {key}: "{given}" is not one of {", ".join(options)}.{did_you_mean(given, options)}'
    if kind in _ADVICE:
        message = _ADVICE[kind]
    elif kind == "string_pattern_mismatch":
        form = next((_FORMS[str(part)] for part in reversed(location) if str(part) in _FORMS), detail["ctx"]["pattern"])
        message = f'"{detail.get("input")}" is not {form}.'
    elif kind in ("greater_than", "greater_than_equal", "less_than", "less_than_equal"):
        message = f"{detail.get('input')} is out of range: {message[0].lower()}{message[1:]}."
    return f"{where}: {key}: {message}"


def _dotted(location: Sequence[str | int]) -> str:
    words: list[str] = []
    for part in location:
        if isinstance(part, int):
            words[-1:] = [f"{words[-1]}[{part + 1}]" if words else f"[{part + 1}]"]
        else:
            words.append(part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else f'"{part}"')
    return ".".join(words)


def _fields_at(root: type[BaseModel], location: Sequence[str | int]) -> list[str]:
    """Keys allowed at a location of the document, from the models' annotations."""
    current: Any = root
    for part in location:
        if isinstance(current, type) and issubclass(current, BaseModel):
            field = current.model_fields.get(str(part))
            if field is None:
                return []
            current = _strip_optional(field.annotation)
        else:
            arguments = typing.get_args(current)
            if not arguments:
                return []
            current = _strip_optional(arguments[1] if typing.get_origin(current) is dict else arguments[0])
    if isinstance(current, type) and issubclass(current, BaseModel):
        return [name for name in current.model_fields if current is not root or name not in ("path", "sha256")]
    return []


def _strip_optional(annotation: Any) -> Any:
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        kept = [argument for argument in typing.get_args(annotation) if argument is not type(None)]
        return kept[0]
    return annotation


def _line_of(text: str, location: Sequence[str | int]) -> int | None:
    """Line of the key, else of its table's header, else of the deepest header above it."""
    names = [str(part) for part in location if not isinstance(part, int)]
    index = next((part for part in location if isinstance(part, int)), None)
    header: list[str] = []
    entry = -1
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        opened = re.match(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$", line)
        if opened:
            previous = header
            header = [name.strip('"') for name in re.findall(r'"[^"]*"|[^.\s]+', opened[2])]
            entry = (entry + 1 if header == previous else 0) if opened[1] == "[[" else entry
            candidate = header
        else:
            assigned = re.match(r'\s*("[^"]*"|[A-Za-z0-9_.-]+)\s*=', line)
            if not assigned:
                continue
            candidate = header + [name.strip('"') for name in re.findall(r'"[^"]*"|[^.\s]+', assigned[1])]
        if candidate and candidate == names[: len(candidate)]:
            if index is not None and opened and opened[1] == "[[" and entry != index:
                continue
            if best is None or len(candidate) > best[0]:
                best = (len(candidate), number)
    return best[1] if best else None
