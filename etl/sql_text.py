"""Names and texts of the program, written as SQL."""

from __future__ import annotations


def quoted(name: str) -> str:
    """Return a column name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Return a text as a SQL literal; only for names and patterns of the program, never for values of a file."""
    return "'" + value.replace("'", "''") + "'"


def json_path(dotted: str) -> str:
    """Return the JSON path of dotted names: ``Agent.Username`` becomes ``$."Agent"."Username"``."""
    steps = []
    for part in dotted.split("."):
        name, bracket, index = part.partition("[")
        steps.append('."' + name.replace('"', "") + '"' + bracket + index)
    return "$" + "".join(steps)
