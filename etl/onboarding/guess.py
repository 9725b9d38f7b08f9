"""What a table of an unknown system probably holds, from its header and first rows: a proposal a person confirms.

Every canonical table bids for the header. A bid is good when its required columns are found and little of the header is
left over. Names are compared as words (``agentId``, ``Agent ID`` and ``agent_id`` are the same) with the canonical name
and its usual synonyms; near misses of spelling count, and weigh less.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from etl.contracts.grammar import Column, Contract
from etl.contracts.tables import CONTRACTS

SPELLING = 0.87
"""Similarity from which two names are the same name misspelt."""

LEAST_SCORE = 0.55
"""Bids below this are no proposal."""

SYNONYMS: dict[str, tuple[str, ...]] = {
    "source_agent_id": (
        "agent", "agent id", "agent no", "agent number", "agent name", "user", "user id", "username", "advisor",
        "employee number", "employee id", "id in system", "system id", "login", "assignee", "owner",
    ),
    "source_customer_id": ("customer", "customer id", "customer number", "client", "client id", "account", "caller"),
    "source_evaluator_id": ("evaluator", "evaluator id", "rater", "reviewer", "scored by"),
    "source_supervisor_id": ("supervisor", "manager", "reports to", "team leader"),
    "interaction_id": (
        "contact", "contact id", "call id", "conversation", "conversation id", "interaction", "external data reference",
        "external reference", "case",
    ),
    "evaluation_id": ("eval id", "evaluation", "evaluation number"),
    "response_id": ("response", "survey id", "distribution id", "invitation id"),
    "offer_id": ("offer", "offer number"),
    "event_id": ("event number",),
    "escalation_id": ("escalation", "complaint id", "ticket id", "complaint number"),
    "identity_source": ("system", "source", "source system"),
    "employee_number": ("employee no", "employee id", "personnel number", "staff number", "hr id"),
    "email": ("e mail", "work email", "email address", "mail"),
    "hired_on": ("hire date", "start date", "hired", "date of hire"),
    "left_on": ("termination date", "end date", "leave date", "left"),
    "leave_type": ("termination type", "reason for leaving", "leaving reason"),
    "role": ("job title", "position", "title"),
    "site": ("location", "office", "centre", "center"),
    "team_id": ("team", "team name", "department", "unit", "group"),
    "valid_from": ("from", "start", "start date", "effective date", "since"),
    "valid_to": ("to", "until", "end", "end date"),
    "day": ("date", "work date", "shift date"),
    "worked_s": ("worked seconds", "worked", "seconds worked"),
    "absent": ("absence", "is absent"),
    "course_id": ("course", "course code", "training", "module"),
    "assigned_at": ("assigned", "assigned on", "enrolled at"),
    "planned_wave": ("wave", "cohort", "rollout wave"),
    "planned_on": ("planned week", "planned date", "scheduled on", "planned"),
    "started_at": ("start time", "started", "begin", "start", "started on", "date time", "timestamp", "date"),
    "ended_at": ("end time", "ended", "end", "finished"),
    "completed_at": ("completed", "completion date", "completed on", "date completed"),
    "status": ("state", "completion status"),
    "score": ("result", "grade", "mark"),
    "channel": ("media", "media type"),
    "queue": ("skill", "queue name"),
    "reason": ("contact reason", "reason code", "topic"),
    "handle_s": ("handle time", "handle seconds", "aht", "duration"),
    "transferred": ("transfer", "was transferred"),
    "hostile": ("conflict", "abusive"),
    "eligible": ("offer eligible",),
    "parent_id": ("parent", "previous contact"),
    "kind": ("type", "event", "category", "offer type", "event type"),
    "at": ("date", "time", "timestamp", "when", "event date", "occurred at", "created at"),
    "invited_at": ("sent date", "invited", "sent at", "invitation date", "sent"),
    "answered_at": ("answered", "response date", "end date", "recorded date"),
    "csat_raw": ("csat", "satisfaction", "csat score"),
    "felt_heard": ("heard",),
    "nps": ("recommend", "nps score"),
    "comment": ("comments", "free text", "verbatim"),
    "product": ("product code", "sku"),
    "made_at": ("offered at", "offer date", "made on", "made"),
    "accepted": ("result", "outcome", "sold", "won"),
    "amount": ("price", "value", "revenue"),
    "currency": ("currency code",),
    "cancelled_at": ("cancelled", "canceled at", "cancellation date"),
    "form_version": ("form", "form name", "scorecard"),
    "evaluated_at": ("released", "evaluation date", "evaluated", "scored at"),
    "empathy_score": ("empathy",),
    "critical_fail": ("critical error", "critical", "auto fail"),
    "calibration": ("calibrated",),
    "row_version": ("last modified", "updated at", "modified", "last updated"),
}  # fmt: skip
"""Usual names of canonical columns in the exports of systems without a module."""

YES = ("true", "yes", "y", "1", "accepted", "sold", "won")
NO = ("false", "no", "n", "0", "declined", "rejected", "refused", "lost")
READ_AS_BOOLEAN = ("true", "false", "t", "f", "yes", "no", "y", "n", "1", "0")
"""Words that are read as true or false without being explained."""


@dataclass(frozen=True)
class Guess:
    """A proposal for one table.

    Attributes
    ----------
    table : str
    score : float
        0 to 1.
    columns : mapping of str to str
        Canonical column to the file's column.
    missing : tuple of str
        Required columns for which nothing was found.
    values : mapping of str to mapping
        Canonical column to the file's words and what they mean.
    unexplained : mapping of str to tuple of str
        Canonical column to words of the file that mean nothing known.
    constants : mapping of str to str
    """

    table: str
    score: float
    columns: Mapping[str, str]
    missing: tuple[str, ...] = ()
    values: Mapping[str, Mapping[str, str | bool]] = field(default_factory=dict)
    unexplained: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)


def words_of(name: str) -> str:
    """Return a name as lower-case words: ``agentId``, ``Agent-ID`` and ``agent_id`` give ``agent id``."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return " ".join(re.findall(r"[a-z0-9]+", apart.lower()))


def _likeness(header: str, item: Column) -> float:
    said = words_of(header)
    if said == words_of(item.name):
        return 1.0
    synonyms = SYNONYMS.get(item.name, ())
    if said in synonyms:
        return 0.95 - 0.01 * synonyms.index(said)
    nearest = max(
        (difflib.SequenceMatcher(None, said, known).ratio() for known in (words_of(item.name), *synonyms)), default=0.0
    )
    return 0.7 * nearest if nearest >= SPELLING else 0.0


def _match(header: Sequence[str], contract: Contract) -> dict[str, str]:
    """Best pairs first; a column of either side is used once."""
    pairs = [
        (likeness + (0.001 if item.required else 0.0), -position, item.name, name)
        for position, name in enumerate(header)
        for item in contract
        if (likeness := _likeness(name, item)) > 0
    ]
    found: dict[str, str] = {}
    for _, _, canonical, name in sorted(pairs, reverse=True):
        if canonical not in found and name not in found.values():
            found[canonical] = name
    return {item.name: found[item.name] for item in contract if item.name in found}


def guess(header: Sequence[str], rows: Sequence[Mapping[str, object]] = ()) -> Guess | None:
    """Return the most likely canonical table of a file, with its mapping, or ``None``.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : sequence of mapping
        The first rows, to see which words the file uses.
    """
    bids = [_bid(header, rows, contract) for contract in CONTRACTS.values()]
    best = max(bids, key=lambda bid: (bid.score, len(bid.columns)))
    return best if best.score >= LEAST_SCORE else None


def _bid(header: Sequence[str], rows: Sequence[Mapping[str, object]], contract: Contract) -> Guess:
    columns = _match(header, contract)
    constants: dict[str, str] = {}
    if contract.name == "training" and "status" not in columns and {"planned_on", "planned_wave"} & set(columns):
        constants["status"] = "planned"
    elif contract.name == "training" and "status" not in columns and "completed_at" in columns:
        constants["status"] = "completed"
    required = [item.name for item in contract if item.required and item.default == "NULL"]
    missing = tuple(name for name in required if name not in columns and name not in constants)
    found = 1 - len(missing) / len(required) if required else 0.0
    used = len(columns) / len(header) if header else 0.0
    values: dict[str, dict[str, str | bool]] = {}
    unexplained: dict[str, tuple[str, ...]] = {}
    for item in contract:
        if item.name in columns and (item.domain or item.type == "boolean"):
            said = dict.fromkeys(str(row.get(columns[item.name]) or "") for row in rows)
            known, unknown = _explain(item, [word for word in said if word])
            if known:
                values[item.name] = known
            if unknown:
                unexplained[item.name] = tuple(unknown)
    return Guess(contract.name, 0.6 * found + 0.4 * used, columns, missing, values, unexplained, constants)


_LOCAL_DATE = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4}|\d{2})(?:( |T)\d{1,2}:\d{2}(:\d{2})?)?")
_COMMA_NUMBER = re.compile(r"-?(\d{1,3}(\.\d{3})+|\d+),\d+")
_THOUSANDS = re.compile(r"-?\d{1,3}(,\d{3})+")


def ways_of_writing(proposal: Guess, rows: Sequence[Mapping[str, object]]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the options that say how numbers and dates are written, and the keys of those that are only guessed.

    Parameters
    ----------
    proposal : Guess
    rows : sequence of mapping
        The first rows.
    """
    contract = CONTRACTS[proposal.table]
    options: dict[str, str] = {}
    undecided: tuple[str, ...] = ()

    def said(*types: str) -> list[str]:
        names = [own for name, own in proposal.columns.items() if contract[name].type in types]
        return [text for row in rows for name in names if (text := str(row.get(name) or "").strip())]

    numbers = said("number", "integer", "money")
    if any(_COMMA_NUMBER.fullmatch(text) and not _THOUSANDS.fullmatch(text) for text in numbers):
        options["decimal"] = ","
    found = [_LOCAL_DATE.fullmatch(text) for text in said("date", "timestamp")]
    dates = [match for match in found if match]
    if dates and len(dates) == len(found):  # of files that mix, a person has to say what they mix
        dotted = any(match[2] == "." for match in dates)
        month_first = not dotted and any(int(match[3]) > 12 for match in dates)
        if not dotted and not month_first and not any(int(match[1]) > 12 for match in dates):
            undecided = ("options.date_format",)
        options["date_format"] = "|".join(dict.fromkeys(_date_format(match, month_first) for match in dates))
    return options, undecided


def _date_format(match: re.Match[str], month_first: bool) -> str:
    first, second = ("%m", "%d") if month_first else ("%d", "%m")
    day = f"{first}{match[2]}{second}{match[2]}{'%Y' if len(match[4]) == 4 else '%y'}"
    return day if match[5] is None else f"{day}{match[5]}%H:%M{':%S' if match[6] else ''}"


def _explain(item: Column, words: Sequence[str]) -> tuple[dict[str, str | bool], list[str]]:
    known: dict[str, str | bool] = {}
    unknown: list[str] = []
    for word in words:
        low = word.casefold().strip()
        if word in item.domain or (item.type == "boolean" and low in READ_AS_BOOLEAN):
            continue
        if item.type == "boolean" and low in (*YES, *NO):
            known[word] = low in YES
            continue
        near = [value for value in item.domain if value.startswith(low[:3]) and len(low) > 2]
        if len(near) == 1:
            known[word] = near[0]
        else:
            unknown.append(word)
    return known, unknown
