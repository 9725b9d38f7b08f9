"""What a table of an unknown system probably holds, from its header and first rows: a proposal a person confirms.

Every canonical table bids for the header. A bid is good when its required columns are found and little of the header is
left over. Names are compared as words (``agentId``, ``Agent ID`` and ``agent_id`` are the same) with the canonical name
and its usual synonyms; near misses of spelling count, and weigh less.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from etl.contracts.grammar import Column, Contract
from etl.contracts.tables import CONTRACTS
from etl.onboarding.vocabulary import CALLS, NAMED, SYNONYMS, TRANSLATIONS, WORDS
from etl.sources.words import FALSE, TRUE

SPELLING = 0.87
"""Similarity from which two names are the same name misspelt."""

CERTAIN = 0.85
"""Likeness from which a name needs no confirmation."""

LEAST_SCORE = 0.55
"""Bids below this are no proposal."""

USUAL_SCALE = (1, 5)
"""Scale of a satisfaction of which nothing is said."""

CALLED = 0.1
"""What a bid gains where the file or sheet is called after its table."""

_NUMBER = re.compile(r"-?\d+([.,]\d+)?")
YES = (*TRUE, "accepted", "sold", "won")
NO = (*FALSE, "declined", "rejected", "refused", "lost")
OPPOSITES: dict[str, tuple[str, ...]] = {
    "no": ("Yes", "Sí", "Si", "Sì"), "n": ("Y", "J", "S", "O"), "nein": ("Ja",), "non": ("Oui",), "não": ("Sim",),
    "nao": ("Sim",), "false": ("True",), "falsch": ("Wahr",), "falso": ("Verdadero", "Verdadeiro", "Vero"),
    "faux": ("Vrai",), "0": ("1",), "f": ("T", "V"),
}  # fmt: skip
"""Words for no to those for yes in the same languages, for a column whose first rows all say no."""
READ_AS_BOOLEAN = (*TRUE, *FALSE)
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
    doubtful : tuple of str
        Constants that nothing in the file says.
    times : tuple of str
        For a canonical time that stands in two columns, its day and its time of day.
    no_agent : mapping of str to list of str
        Column and words of contacts that reached no agent.
    also : mapping of str to mapping
        Further tables that the same rows give: columns, constants and conditions of each.
    sure : bool
        Whether every column is called as it usually is.
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


def words_of(name: str) -> str:
    """Return a name as lower-case words: ``agentId``, ``Agent-ID`` and ``agent_id`` give ``agent id``."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return " ".join(re.findall(r"[^\W_]+", apart.lower()))


_REMARK = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*")
"""What stands in brackets in the name of a column: a unit or a scale."""

_UNIT_WORDS = {
    "s": ("s", "sec", "secs", "second", "seconds", "sek", "sekunden", "segundos", "seg", "secondes", "secondi"),
    "min": ("min", "mins", "minute", "minutes", "minuten", "minutos", "minuti"),
    "ms": ("ms", "msec", "millis", "milliseconds", "millisekunden", "milisegundos", "millisecondes", "millisecondi"),
    "h": ("h", "hrs", "hour", "hours", "stunden", "horas", "heures", "ore"),
}

_SCALE = re.compile(r"(?<!\d)(\d{1,3})\s*(?:-|–|—|\.\.|/|to|bis|a|à|al)\s*(\d{1,3})(?!\d)")


def unit_in(name: str) -> str:
    """The unit of time that the name of a column ends with, as ``duration_unit`` says it; empty where it names none.

    Examples
    --------
    >>> unit_in("Talk time (min)"), unit_in("handle_ms"), unit_in("Dauer in Minuten"), unit_in("Duration")
    ('min', 'ms', 'min', '')
    """
    last = (words_of(name).split() or [""])[-1]
    return next((unit for unit, words in _UNIT_WORDS.items() if last in words), "")


def scale_in(name: str) -> tuple[int, int] | None:
    """The scale of answers that the name of a column holds.

    Examples
    --------
    >>> scale_in("Zufriedenheit (1-5)"), scale_in("How satisfied, 0 to 10?"), scale_in("CSAT 2026")
    ((1, 5), (0, 10), None)
    """
    found = [(int(low), int(high)) for low, high in _SCALE.findall(name)]
    return next(((low, high) for low, high in found if low < high <= 100 and low <= 1), None)


def _without_remark(name: str) -> str:
    """The words of a name without what stands in brackets, and without a unit of time or scale at its end."""
    plain = _SCALE.sub(" ", _REMARK.sub(" ", name)) if scale_in(name) else _REMARK.sub(" ", name)
    words = words_of(plain).split()
    if len(words) > 1 and unit_in(plain):
        words = words[:-2] if len(words) > 2 and words[-2] in ("in", "en") else words[:-1]
    return " ".join(words)


def _likeness(header: str, item: Column) -> float:
    """How much a name is like that of a column; a unit or a scale in it makes nearly no difference."""
    said, plain = words_of(header), _without_remark(header)
    return max(_alike(said, item.name), 0.99 * _alike(plain, item.name) if plain != said else 0.0)


_ID_WORDS = frozenset(
    ("id", "ids", "nr", "no", "num", "number", "nummer", "numero", "número", "numéro", "n", "nº", "n°", "code",
     "kennung", "key", "uid", "identifier")
)  # fmt: skip
_OF = frozenset(("de", "da", "do", "del", "der", "des", "d", "di", "l", "della", "dell", "of", "the", "la", "el", "le"))
_COMPOUND = re.compile(r"(.{4,}?)(?:kennung|nummer|nr)")


@lru_cache(maxsize=100_000)
def id_of(words: str) -> str:
    """What a name is the number, code or id of, in the singular; empty where it is no such name.

    Examples
    --------
    >>> id_of("agenten nr"), id_of("agentennummer"), id_of("número de agente"), id_of("agent id"), id_of("agent")
    ('agent', 'agent', 'agent', 'agent', '')
    """
    left = [word for word in words.split() if word not in _ID_WORDS and word not in _OF]
    if len(left) == len([word for word in words.split() if word not in _OF]):
        compound = _COMPOUND.fullmatch(left[-1]) if left else None
        if compound is None:
            return ""
        left[-1] = compound[1]
    return " ".join(re.sub(r"(?<=.{4})(?:en|es|s|n|e)$", "", word) for word in left)


@lru_cache(maxsize=100_000)
def _alike(said: str, column: str) -> float:
    """How much words are like the name of a column, which several tables and files have in common."""
    if said == words_of(column):
        return 1.0
    synonyms = (*SYNONYMS.get(column, ()), *TRANSLATIONS.get(column, ()))
    if said in synonyms:
        return 0.95 - 0.001 * synonyms.index(said)
    base = id_of(said)
    if base and any(base == id_of(known) for known in (words_of(column), *synonyms)):
        return 0.9
    nearest = max((_spelt(said, known) for known in (words_of(column), *synonyms)), default=0.0)
    return 0.7 * nearest if nearest >= SPELLING else 0.0


def _spelt(said: str, known: str) -> float:
    """Similarity of spelling; 0 where the lengths or the letters forbid :data:`SPELLING`, which is seen sooner."""
    matcher = difflib.SequenceMatcher(None, said, known)
    if matcher.real_quick_ratio() < SPELLING or matcher.quick_ratio() < SPELLING:
        return 0.0
    return matcher.ratio()


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
    """A list of staff that names a team gives each a spell in it, from the day of hiring."""
    team = _match(header, CONTRACTS["agent_team"]).get("team_id")
    own = bid.columns
    if team is None or team in own.values() or not {"source_agent_id", "hired_on"} <= set(own):
        return bid
    columns = {"source_agent_id": own["source_agent_id"], "team_id": team, "valid_from": own["hired_on"]}
    if "site" in own:
        columns["site"] = own["site"]
    return replace(bid, also={"agent_team": {"columns": columns, "when": {team: "*"}}})


def _named(header: Sequence[str], what: str, taken: Sequence[str] = ()) -> str | None:
    """The column that is called by one of the usual names of something."""
    return next((name for name in header if name not in taken and words_of(name) in TRANSLATIONS[what]), None)


def after_call(header: Sequence[str], taken: Iterable[str]) -> str:
    """The column of work after a contact, where durations of a file stand in several columns; empty where none does."""
    return _named(header, "after_call", tuple(taken)) or ""


def _more_of_contacts(bid: Guess, header: Sequence[str], rows: Sequence[Mapping[str, object]]) -> Guess:
    """What a row of contacts may hold besides: a time of day apart from its day, a flag, a rating, an escalation."""
    columns = dict(bid.columns)
    times: tuple[str, ...] = ()
    day = columns.get("started_at")
    time = _named(header, "time", [own for name, own in columns.items() if name != "started_at"])
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


def _has_time(column: str, rows: Sequence[Mapping[str, object]]) -> bool:
    """Whether a column of days says the time of day too: a midnight in every row is none."""
    said = [str(row.get(column) or "") for row in rows]
    return any(re.search(r"\d:\d\d", text) and not re.search(r"[ T]0?0:00(:00(\.0+)?)?$", text) for text in said)


def _tells_apart(what: str, header: Sequence[str], rows: Sequence[Mapping[str, object]]) -> bool:
    """Whether a flag says of some rows that they are something, and of others that they are not."""
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
    columns = _match(header, contract)
    if contract.name == "agent" and "source_agent_id" not in columns and "employee_number" in columns:
        columns = {"source_agent_id": columns["employee_number"], **columns}  # a list of staff has one number
    if contract.name == "agent" and "source_agent_id" in columns and not {"employee_number", "email"} & set(columns):
        columns["employee_number"] = columns["source_agent_id"]  # the one name by which other exports can know them
    own_id = {"survey_response": "response_id", "escalation": "escalation_id"}.get(contract.name, "")
    if own_id and own_id not in columns and "interaction_id" in columns and len(columns) > 1:
        columns = {own_id: columns["interaction_id"], **columns}  # one a contact
    constants: dict[str, str] = {}
    doubtful: tuple[str, ...] = ()
    if contract.name == "training" and "status" not in columns and {"planned_on", "planned_wave"} & set(columns):
        constants["status"] = "planned"
    elif contract.name == "training" and "status" not in columns and "completed_at" in columns:
        constants["status"] = "completed"
        name = words_of(columns["completed_at"])
        doubtful = () if name in TRANSLATIONS["completed_at"] or "complet" in name else ("status",)
    if contract.name == "interaction" and "channel" not in columns and "interaction_id" in columns:
        constants["channel"] = "voice"
        doubtful = () if CALLS & set(words_of(columns["interaction_id"]).split()) else ("channel",)
    if contract.name == "survey_response" and "csat_raw" in columns:
        constants, doubtful = _scale(columns["csat_raw"], rows)
    required = [item.name for item in contract if item.required and item.default == "NULL"]
    missing = tuple(name for name in required if name not in columns and name not in constants)
    found = 1 - len(missing) / len(required) if required else 0.0
    used = len(set(columns.values())) / len(header) if header else 0.0
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
    score = 0.6 * found + 0.4 * used
    if contract.name == "escalation" and _tells_apart("escalated", header, rows):
        score *= 0.5  # a list of cases of which some were escalated
    if contract.name == "agent_day" and not {"worked_s", "absent"} & set(columns):
        score *= 0.5  # a day of an agent of which nothing is said is more likely the day of something else
    sure = all(
        _likeness(own, contract[name]) >= CERTAIN
        for name, own in columns.items()
        if not (name == "source_agent_id" and own == columns.get("employee_number"))
    )
    return Guess(contract.name, score, columns, missing, values, unexplained, constants, doubtful, sure=sure)


def _scale(column: str, rows: Sequence[Mapping[str, object]]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The scale of a column of answers where it is not 1 to 5, and what of it its name does not say."""
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
