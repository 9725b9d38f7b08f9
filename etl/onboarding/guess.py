"""Guess the canonical table of an unknown export from its header and first rows, for a person to confirm.

Every canonical table gets a score for the header: high when its required columns are found and few columns are left
over. Names are compared in :mod:`etl.onboarding.column_names`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from etl.contracts.grammar import Column, Contract
from etl.contracts.tables import CONTRACTS
from etl.onboarding.column_names import scale_in, similarity, words_of
from etl.onboarding.vocabulary import ANSWERS, CALLS, NAMED, TRANSLATIONS, WORDS
from etl.sources.words import FALSE, TRUE

CERTAIN = 0.85
"""Similarity from which a name needs no confirmation."""

LEAST_SCORE = 0.55
"""Tables with a lower score are not proposed."""

KNOWN_BY = dict.fromkeys(("training", "agent_day"), ("employee_number", "email"))
"""Columns of the staff list by which an export may identify agents; in exports with customers, an e-mail address is the
customer's."""

USUAL_SCALE = (1, 5)
"""Assumed scale of a satisfaction column without one."""

CALLED = 0.1
"""Bonus to the score where the file or sheet is named after the table."""

REPEATED = 0.7
"""Smallest share of distinct agents among the rows of a staff list."""

_POINTS = re.compile(r"(\d+)(?: ?[-–—:.(=].*| \D.*)|[★☆]+")
"""Pattern of an answer that begins with its points, or shows them as stars."""

_NUMBER = re.compile(r"-?\d+([.,]\d+)?")
YES = (*TRUE, "accepted", "sold", "won")
NO = (*FALSE, "declined", "rejected", "refused", "lost")
OPPOSITES: dict[str, tuple[str, ...]] = {
    "no": ("Yes", "Sí", "Si", "Sì"), "n": ("Y", "J", "S", "O"), "nein": ("Ja",), "non": ("Oui",), "não": ("Sim",),
    "nao": ("Sim",), "false": ("True",), "falsch": ("Wahr",), "falso": ("Verdadero", "Verdadeiro", "Vero"),
    "faux": ("Vrai",), "0": ("1",), "f": ("T", "V"),
}  # fmt: skip
"""Words for "no" to words for "yes" in the same languages, for a column whose first rows are all "no"."""
READ_AS_BOOLEAN = (*TRUE, *FALSE)
"""Words read as true or false without a ``values`` mapping."""


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
        Required columns that were not found.
    values : mapping of str to mapping
        Canonical column to the file's words and their meaning.
    unexplained : mapping of str to tuple of str
        Canonical column to words of the file with unknown meaning.
    constants : mapping of str to str
    doubtful : tuple of str
        Constants that are not derived from the file.
    times : tuple of str
        Columns of day and time of day, for a canonical time split over two columns.
    no_agent : mapping of str to list of str
        Column and words of contacts that reached no agent.
    also : mapping of str to mapping
        Further tables filled from the same rows: columns, constants and conditions of each.
    sure : bool
        Whether every column has a usual name.
    """

    table: str
    score: float
    columns: Mapping[str, str]
    missing: tuple[str, ...] = ()
    values: Mapping[str, Mapping[str, str | bool]] = field(default_factory=dict)
    unexplained: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    doubtful: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    no_agent: Mapping[str, list[str]] = field(default_factory=dict)
    also: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    sure: bool = True


def _match(header: Sequence[str], contract: Contract) -> dict[str, str]:
    """Best pairs first; a column of either side is used once."""
    pairs = [
        (alike + (0.001 if item.required else 0.0), -position, item.name, name)
        for position, name in enumerate(header)
        for item in contract
        if (alike := similarity(name, item)) > 0
    ]
    found: dict[str, str] = {}
    for _, _, canonical, name in sorted(pairs, reverse=True):
        if canonical not in found and name not in found.values():
            found[canonical] = name
    return {item.name: found[item.name] for item in contract if item.name in found}


def guess(header: Sequence[str], rows: Sequence[Mapping[str, object]] = (), name: str = "") -> Guess | None:
    """Return the most likely canonical table of a file, with its mapping, or ``None``.

    Parameters
    ----------
    header : sequence of str
        Names of the columns.
    rows : sequence of mapping
        The first rows, to see which words the file uses.
    name : str
        What the file, and its sheet, are called.
    """
    said = set(words_of(name).split())
    bids = [
        replace(bid, score=bid.score + CALLED) if said & set(NAMED.get(bid.table, ())) else bid
        for bid in (_bid(header, rows, contract) for contract in CONTRACTS.values())
        if bid.score >= LEAST_SCORE
    ]
    if not bids:
        return None
    best = max(bids, key=lambda bid: (bid.score, len(bid.columns)))
    if best.table == "agent":
        return _team_of_staff(best, header)
    return _more_of_contacts(best, header, rows) if best.table == "interaction" else best


def _team_of_staff(bid: Guess, header: Sequence[str]) -> Guess:
    """Add team spells, from the day of hiring, where a staff list names teams."""
    team = _match(header, CONTRACTS["agent_team"]).get("team_id")
    own = bid.columns
    if team is None or team in own.values() or not {"source_agent_id", "hired_on"} <= set(own):
        return bid
    columns = {"source_agent_id": own["source_agent_id"], "team_id": team, "valid_from": own["hired_on"]}
    if "site" in own:
        columns["site"] = own["site"]
    return replace(bid, also={"agent_team": {"columns": columns, "when": {team: "*"}}})


def _named(header: Sequence[str], what: str, taken: Sequence[str] = ()) -> str | None:
    """The column with one of the usual names of something."""
    return next((name for name in header if name not in taken and words_of(name) in TRANSLATIONS[what]), None)


def after_call(header: Sequence[str], taken: Iterable[str]) -> str:
    """The column of after-contact work, where a file splits durations over several columns; empty where there is
    none."""
    return _named(header, "after_call", tuple(taken)) or ""


def _more_of_contacts(bid: Guess, header: Sequence[str], rows: Sequence[Mapping[str, object]]) -> Guess:
    """Find further content of contact rows: a separate time of day, flags, ratings, escalations."""
    columns = dict(bid.columns)
    times: tuple[str, ...] = ()
    start = columns.get("started_at")
    if start is not None and _all_are(start, rows, _TIME_OF_DAY):  # the day is in another column
        others = [name for name in header if name not in columns.values() and similarity(name, STARTED) > 0]
        columns["started_at"] = next((name for name in others if _all_are(name, rows, _DAY)), start)
    day = columns.get("started_at")
    taken = [own for name, own in columns.items() if name != "started_at"]
    time = start if start != day else _named(header, "time", taken)
    if day is not None and time is not None and time != day and not _has_time(day, rows):
        times = (day, time)
    no_agent: dict[str, list[str]] = {}
    answered = _named(header, "answered")
    if answered is not None:
        said = dict.fromkeys(str(row.get(answered) or "").strip() for row in rows)
        no_agent[answered] = [word for word in said if word.casefold() in FALSE] or ["No"]
    also: dict[str, dict[str, Any]] = {}
    contact = columns.get("interaction_id")
    if contact is not None:
        answer = {
            name: own
            for item in CONTRACTS["survey_response"]
            for name, own in [(item.name, _match(header, CONTRACTS["survey_response"]).get(item.name))]
            if own is not None and name in ("csat_raw", "nps", "felt_heard") and own not in columns.values()
            and all(_NUMBER.fullmatch(str(row.get(own) or "0").strip()) for row in rows)
        }
        if answer:
            constants, doubtful = _scale(answer["csat_raw"], rows) if "csat_raw" in answer else ({}, ())
            also["survey_response"] = {
                "constants": constants, "doubtful": doubtful,
                "columns": {
                    "response_id": contact, "interaction_id": contact, "answered_at": list(times) or day, **answer,
                },
                "when": {next(iter(answer.values())): "*"},
            }  # fmt: skip
        escalated = _named(header, "escalated", list(columns.values()))
        if escalated is not None and _yes(escalated, rows):
            also["escalation"] = {
                "columns": {"escalation_id": contact, "interaction_id": contact, "at": list(times) or day},
                "constants": {"kind": "tier2"},
                "when": {escalated: _yes(escalated, rows)},
            }
        sold = _named(header, "sold", list(columns.values()))
        if sold is not None and _yes(sold, rows):
            also["offer"] = {
                "columns": {
                    "offer_id": contact, "interaction_id": contact, "made_at": list(times) or day, "accepted": sold,
                },
                "constants": {"kind": "upsell"},
                "when": {sold: "*"},
            }  # fmt: skip
    return replace(bid, times=times, no_agent=no_agent, also=also)


STARTED = CONTRACTS["interaction"]["started_at"]
_TIME_OF_DAY = re.compile(r"\d{1,2}:\d\d(:\d\d(\.\d+)?)?( ?[AaPp]\.? ?[Mm]\.?)?")
_DAY = re.compile(r"\d{1,4}([./-])\d{1,2}\1\d{1,4}( 0?0:00(:00)?)?|.*[^\W\d]{3,}.*\d{4}")


def _all_are(column: str, rows: Sequence[Mapping[str, object]], form: re.Pattern[str]) -> bool:
    """Whether a column has values, and all match a pattern."""
    said = [text for row in rows if (text := str(row.get(column) or "").strip())]
    return bool(said) and all(map(form.fullmatch, said))


def _has_time(column: str, rows: Sequence[Mapping[str, object]]) -> bool:
    """Whether a column of days has times of day other than midnight."""
    said = [str(row.get(column) or "") for row in rows]
    return any(re.search(r"\d:\d\d", text) and not re.search(r"[ T]0?0:00(:00(\.0+)?)?$", text) for text in said)


def _tells_apart(what: str, header: Sequence[str], rows: Sequence[Mapping[str, object]]) -> bool:
    """Whether a flag is true in some rows and false in others."""
    flag = _named(header, what)
    said = {str(row.get(flag) or "").strip() for row in rows} if flag is not None else set()
    return flag is not None and bool(_yes(flag, rows)) and len(said) > 1


def _yes(column: str, rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Words of a column that mean yes, where all its words mean yes or no."""
    said = [word for word in dict.fromkeys(str(row.get(column) or "").strip() for row in rows) if word]
    if not said or any(word.casefold() not in (*YES, *NO) for word in said):
        return []
    return [word for word in said if word.casefold() in YES] or [
        yes for no, opposites in OPPOSITES.items() if no in {word.casefold() for word in said} for yes in opposites
    ] or ["Yes"]


def _bid(header: Sequence[str], rows: Sequence[Mapping[str, object]], contract: Contract) -> Guess:
    columns = _with_ids(_match(header, contract), header, rows, contract)
    constants, doubtful = _unsaid(columns, rows, contract)
    required = [item.name for item in contract if item.required and item.default == "NULL"]
    missing = tuple(name for name in required if name not in columns and name not in constants)
    found = 1 - len(missing) / len(required) if required else 0.0
    used = len(set(columns.values())) / len(header) if header else 0.0
    values: dict[str, dict[str, str | bool]] = {}
    unexplained: dict[str, tuple[str, ...]] = {}
    for item in contract:
        answers = item.name in ("csat_raw", "felt_heard")
        if item.name in columns and (item.domain or item.type == "boolean" or answers):
            said = [word for word in dict.fromkeys(str(row.get(columns[item.name]) or "") for row in rows) if word]
            known, unknown = _in_numbers(said) if answers else _explain(item, said)
            if known:
                values[item.name] = known
            if unknown:
                unexplained[item.name] = tuple(unknown)
    score = 0.6 * found + 0.4 * used
    if contract.name == "escalation" and _tells_apart("escalated", header, rows):
        score *= 0.5  # a list of cases of which some were escalated
    if contract.name == "agent_day" and not {"worked_s", "absent"} & set(columns):
        score *= 0.5  # an agent and a day without further columns are more likely another table than agent_day
    if contract.name == "agent":
        score *= _as_staff(columns, rows)
    sure = all(
        similarity(own, contract[name]) >= CERTAIN
        for name, own in columns.items()
        if not (name == "source_agent_id" and own == columns.get("employee_number"))
    )
    return Guess(contract.name, score, columns, missing, values, unexplained, constants, doubtful, sure=sure)


def _with_ids(
    columns: dict[str, str], header: Sequence[str], rows: Sequence[Mapping[str, object]], contract: Contract
) -> dict[str, str]:
    """Find id columns with unusual names."""
    if contract.name == "agent":
        if "source_agent_id" not in columns and "employee_number" in columns:
            columns = {"source_agent_id": columns["employee_number"], **columns}  # a list of staff has one number
        if "source_agent_id" in columns and not {"employee_number", "email"} & set(columns):
            columns["employee_number"] = columns["source_agent_id"]  # the one name other exports can know them by
        return columns
    own_id = {"survey_response": "response_id", "escalation": "escalation_id"}.get(contract.name, "")
    if own_id and own_id not in columns and "interaction_id" in columns and len(columns) > 1:
        columns = {own_id: columns["interaction_id"], **columns}  # one a contact
    if "source_agent_id" not in contract.column_names:
        return columns
    left = [name for name in header if name not in columns.values()]
    agent = columns.get("source_agent_id")
    if agent is None:
        staff = _match(left, CONTRACTS["agent"])
        by = next((each for each in KNOWN_BY.get(contract.name, ("employee_number",)) if each in staff), None)
        return {**columns, "source_agent_id": staff[by]} if by else columns
    if not _all_are(agent, rows, _PERSON):
        return columns
    theirs = [  # of several people in a row only the agent's address has their name
        name for name in left if contract.name in KNOWN_BY or set(words_of(name).split()) & set(words_of(agent).split())
    ]
    address = next((name for name in theirs if _all_are(name, rows, _ADDRESS)), agent)
    return {**columns, "source_agent_id": address}


def _unsaid(
    columns: Mapping[str, str], rows: Sequence[Mapping[str, object]], contract: Contract
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Constants for required columns that are missing, and which of them are mere guesses."""
    if contract.name == "training" and "status" not in columns and {"planned_on", "planned_wave"} & set(columns):
        return {"status": "planned"}, ()
    if contract.name == "training" and "status" not in columns and "completed_at" in columns:
        name = words_of(columns["completed_at"])
        known = name in TRANSLATIONS["completed_at"] or "complet" in name
        return {"status": "completed"}, () if known else ("status",)
    if contract.name == "interaction" and "channel" not in columns and "interaction_id" in columns:
        of_calls = CALLS & set(words_of(columns["interaction_id"]).split())
        return {"channel": "voice"}, () if of_calls else ("channel",)
    if contract.name == "survey_response" and "csat_raw" in columns:
        return _scale(columns["csat_raw"], rows)
    return {}, ()


_PERSON = re.compile(r"[^\W\d_][\w.'’-]*(,? [^\W\d_][\w.'’-]*)+,?")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def _scale(column: str, rows: Sequence[Mapping[str, object]]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The scale of an answer column where it is not 1 to 5, and which of its ends are guessed."""
    said = [str(row.get(column) or "").strip() for row in rows]
    answers = [float(text) for text in said if re.fullmatch(r"\d+(\.\d+)?", text)]
    scale = scale_in(column)
    named = scale is not None
    if scale is None:
        least, most = min(answers, default=USUAL_SCALE[0]), max(answers, default=USUAL_SCALE[1])
        top = next((best for best in (1, 5, 7, 10, 100) if best >= most and (best > 1 or least == 0)), 100)
        scale = (int(least >= 1 and top < 100), top)
    if scale == USUAL_SCALE:
        return {}, ()
    constants = {"scale_min": str(scale[0]), "scale_max": str(scale[1])}
    return constants, () if named else tuple(constants)


def _as_staff(columns: Mapping[str, str], rows: Sequence[Mapping[str, object]]) -> float:
    """Score of a staff list: it has more columns than an id, and each agent once."""
    if set(columns) <= {"source_agent_id", "employee_number"}:
        return 0.6
    said = [str(row[own]) for row in rows if (own := columns.get("source_agent_id")) and row.get(own)]
    return 0.6 if len(set(said)) < REPEATED * len(said) else 1.0


def _in_numbers(words: Sequence[str]) -> tuple[dict[str, str | bool], list[str]]:
    """Answers in words with their points on the scale, and words without points."""
    spoken = [word for word in words if not _NUMBER.fullmatch(word.strip())]
    written = {word.strip().casefold(): word for word in spoken}
    scale = max(ANSWERS, key=lambda each: len(written.keys() & set(each)))
    if len(written.keys() & set(scale)) > 1:
        points = {text: str(len(scale) - place) for place, text in enumerate(scale)}
        others = [word for low, word in written.items() if low not in scale]
        return {written.get(text, text.capitalize()): point for text, point in points.items()}, others
    numbered: dict[str, str | bool] = {}
    for word in spoken:
        if found := _POINTS.fullmatch(word.strip()):
            numbered[word] = found[1] or str(word.count("★"))
    return numbered, [word for word in spoken if word not in numbered]


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
        if WORDS.get(low) in item.domain:
            known[word] = WORDS[low]
            continue
        near = [value for value in item.domain if value.startswith(low[:3]) and len(low) > 2]
        if len(near) == 1:
            known[word] = near[0]
        else:
            unknown.append(word)
    return known, unknown
