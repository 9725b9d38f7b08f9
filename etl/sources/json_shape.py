"""The JSON type each field of a record must have; a wrong type rejects the record instead of giving a silent NULL.

``j ->> '$.Agent.Username'`` gives NULL both when there is no agent and when ``Agent`` is a number; and it gives
``{"x": 1}`` as text when the name is an object. :func:`shape` tells these apart with one look at the record, and looks
only at records that can be wrong: an object with a text inside is an object, and a text that starts with neither ``{``
nor ``[`` is a single value.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from etl.sources.plan import KINDS, Check, path
from etl.sql_text import json_path, literal


def shape(
    *, objects: Mapping[str, str] | None = None, lists: Sequence[str] = (), scalars: Sequence[str] = ()
) -> tuple[Check, ...]:
    """Return the check that given fields of a record have the right JSON type; JSON null and absence are fine.

    Parameters
    ----------
    objects : mapping of str to str
        Dotted path of a field that must be an object, and of a field inside it that is usually there.
    lists, scalars : sequence of str
        Dotted paths of fields that must be a list, or neither list nor object (text, number, true or false).

    Returns
    -------
    tuple of Check
        One check whose message names every field that is wrong.
    """
    inside = dict(objects or {})
    fields = [
        *((name, "is not an object", "<> 'OBJECT'") for name in inside),
        *((name, "is not a list", "<> 'ARRAY'") for name in lists),
        *((name, "is not a single value", "") for name in scalars),
    ]
    doubtful = " or ".join(
        [
            *(f"{path(child).sql} is null" for child in dict.fromkeys(inside.values())),
            *("true" for _ in lists[:1]),
            *(f"left({path(name).sql}, 1) = '{mark}'" for name in scalars for mark in "{["),
        ]
    )
    paths = ", ".join(literal(json_path(name)) for name, _, _ in fields)
    kinds = f"case when {doubtful} then json_type(j, [{paths}]) end"
    broken = []
    for place, (_, _, differs) in enumerate(fields, 1):
        kind = f"{KINDS}[{place}]"
        broken.append(
            f"({kind} {differs} and {kind} <> 'NULL')" if differs else f"({kind} = 'OBJECT' or {kind} = 'ARRAY')"
        )
    words = [
        f"case when {test} then {literal(f'{name} {fault}')} end"
        for test, (name, fault, _) in zip(broken, fields, strict=True)
    ]
    return (Check(" or ".join(broken), f"concat_ws('; ', {', '.join(words)})", message_is_sql=True, kinds=kinds),)
