"""Recognise lists of a system's users as crosswalks, by ids shared with the system's other exports.

Contacts of Genesys or Zendesk name an agent by an id of that system. A list of its users with this id and an employee
number or e-mail address is a crosswalk, not a staff list.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from etl.onboarding.further_rows import last_rows
from etl.onboarding.guess import Guess
from etl.onboarding.inventory import Export, Found

LEAST = 3
"""Common ids needed to recognise a system's id column; one is enough where ids are not plain numbers."""

_TELLING = re.compile(r"(?=.*[A-Za-z]).{8,}")
"""Pattern of an unmistakable id: long, with letters."""

_TOLD = {"identity_source", "hired_on", "left_on", "team_id", "leave_type"}
"""Columns that mark a list as a crosswalk already, or as a staff list."""


def read_as_crosswalks(sources: Sequence[Found]) -> None:
    """Turn proposals for lists of staff that are lists of a system's users into crosswalks, in place.

    Parameters
    ----------
    sources : sequence of Found
    """
    ids = {source.name: _texts(source.files) for source in sources if source.files[0].proposal is None}
    for source in sources:
        found = _crosswalk(source, ids) if len(source.files) == 1 else None
        if found is not None:
            what = f"which id of {found.constants['identity_source']} is whose"
            recognition = replace(source.files[0].recognition, what=what)
            source.files[0] = replace(source.files[0], proposal=found, recognition=recognition)


def _crosswalk(source: Found, held: Mapping[str, set[str]]) -> Guess | None:
    """The list as a crosswalk, where it shares ids with a system's exports; ``held``: texts by system."""
    file = source.files[0]
    proposal = file.proposal
    if proposal is None or proposal.table not in ("agent", "agent_identity") or _TOLD & set(proposal.columns):
        return None
    who = {name: own for name, own in proposal.columns.items() if name in ("employee_number", "email")}
    rows = [*file.sample.rows, *last_rows(file.sample, file.recognition.options)]
    best: tuple[int, str, str] = (LEAST - 1, "", "")
    for column in file.sample.header:
        if column in who.values():
            continue
        ids = {text for row in rows if (text := str(row.get(column) or "").strip())}
        for system, texts in held.items():
            weight = sum(LEAST if _TELLING.fullmatch(text) else 1 for text in ids & texts)
            best = max(best, (weight, column, system))
    _, column, system = best
    if not column or not who:
        return None
    return Guess("agent_identity", 1.0, {"source_agent_id": column, **who}, constants={"identity_source": system})


def _texts(files: Sequence[Export]) -> set[str]:
    """Every text and number in the first records of files."""
    return {text for file in files for row in file.sample.rows for text in _leaves(row)}


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _leaves(item)
    elif value is not None and not isinstance(value, bool):
        yield str(value)
