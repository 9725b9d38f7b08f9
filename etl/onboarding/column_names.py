"""Similarity of column names in files to canonical column names: words, ids, times, units, scales.

Names are compared as words (``agentId``, ``Agent ID`` and ``agent_id`` are the same) with the canonical name and its
usual synonyms; misspellings count less.
"""

from __future__ import annotations

import difflib
import re
from functools import lru_cache

from etl.contracts.grammar import Column
from etl.onboarding.vocabulary import QUESTIONS, SYNONYMS, TRANSLATIONS

SPELLING = 0.87
"""Similarity from which two names count as the same, misspelt."""


@lru_cache(maxsize=100_000)
def words_of(name: str) -> str:
    """Return a name as lower-case words: ``agentId``, ``Agent-ID`` and ``agent_id`` give ``agent id``.

    Examples
    --------
    >>> words_of("agentId"), words_of("Call #")
    ('agent id', 'call no')
    """
    name = re.sub(r"(?<=\w)\s*#|#\s*(?=\w)|№", " no ", name)
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return " ".join(re.findall(r"[^\W_]+", apart.lower()))


_REMARK = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*")
"""Text in brackets in a column name: a unit or a scale."""

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
    """The answer scale in a column name; None where there is none.

    Examples
    --------
    >>> scale_in("Zufriedenheit (1-5)"), scale_in("How satisfied, 0 to 10?"), scale_in("CSAT 2026")
    ((1, 5), (0, 10), None)
    """
    found = [(int(low), int(high)) for low, high in _SCALE.findall(name)]
    return next(((low, high) for low, high in found if low < high <= 100 and low <= 1), None)


@lru_cache(maxsize=100_000)
def _without_remark(name: str) -> str:
    """The words of a name without text in brackets, and without a unit of time or scale at its end."""
    plain = _SCALE.sub(" ", _REMARK.sub(" ", name)) if scale_in(name) else _REMARK.sub(" ", name)
    words = words_of(plain).split()
    if len(words) > 1 and unit_in(plain):
        words = words[:-2] if len(words) > 2 and words[-2] in ("in", "en") else words[:-1]
    return " ".join(words)


def similarity(header: str, item: Column) -> float:
    """Similarity of a name to a column's names; units and scales in it hardly count."""
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
    """The thing whose number, code or id a name is, in the singular; empty for other names.

    Examples
    --------
    >>> id_of("agenten nr"), id_of("agentennummer"), id_of("número de agente"), id_of("agent id"), id_of("agent")
    ('agent', 'agent', 'agent', 'agent', '')
    """
    return _singular(_left_of(words, _ID_WORDS, _COMPOUND))


def _left_of(words: str, marks: frozenset[str], compound: re.Pattern[str] | None = None) -> str:
    """A name without the words (or word ending) that mark its kind; empty where it has none of them."""
    said = [word for word in words.split() if word not in _OF]
    left = [word for word in said if word not in marks]
    if len(left) == len(said):
        found = compound.fullmatch(left[-1]) if compound is not None and left else None
        return " ".join((*left[:-1], found[1])) if found is not None else ""
    return " ".join(left)


@lru_cache(maxsize=100_000)
def _singular(words: str) -> str:
    """Words without the endings of plurals and cases, roughly."""
    return " ".join(re.sub(r"(?<=.{4})(?:en|es|s|n|e)$", "", word) for word in words.split())


KNOWN_BY_NAME = ("course_id", "team_id", "queue", "site", "form_version", "product")
"""Columns of things that exports identify by name as well as by number."""

_NAME_WORDS = frozenset(
    ("name", "names", "title", "bezeichnung", "titel", "nombre", "título", "nom", "titre", "intitulé", "nome", "titolo")
)


_NAME_COMPOUND = re.compile(r"(.{4,}?)(?:bezeichnung|titel|name)")


@lru_cache(maxsize=100_000)
def name_of(words: str) -> str:
    """The thing whose name or title a column name is; empty for other names.

    Examples
    --------
    >>> name_of("nome do curso"), name_of("course title"), name_of("course")
    ('curso', 'cours', '')
    """
    return _singular(_left_of(words, _NAME_WORDS, _NAME_COMPOUND))


_MOMENT_WORDS = frozenset(
    ("date", "time", "datetime", "timestamp", "at", "on", "datum", "zeitpunkt", "am", "fecha", "data", "le", "il", "el",
     "em")
)  # fmt: skip


@lru_cache(maxsize=100_000)
def moment_of(words: str) -> str:
    """The event whose day or time a name is; empty for other names.

    Examples
    --------
    >>> moment_of("date submitted"), moment_of("submitted at"), moment_of("date"), moment_of("submitted")
    ('submitted', 'submitted', '', '')
    """
    return _left_of(words, _MOMENT_WORDS)


@lru_cache(maxsize=100_000)
def _alike(said: str, column: str) -> float:
    """Similarity of words to a column's names; cached, because tables and files share columns."""
    if said == words_of(column):
        return 1.0
    synonyms = (*SYNONYMS.get(column, ()), *TRANSLATIONS.get(column, ()))
    if said in synonyms:
        return 0.95 - 0.001 * synonyms.index(said)
    known_names = (words_of(column), *synonyms)
    base, moment = id_of(said), moment_of(said)
    plain_too = column.endswith("_id") or column in KNOWN_BY_NAME
    if base and any(base == (id_of(known) or (_singular(known) if plain_too else "")) for known in known_names):
        return 0.9
    called = name_of(said) if column in KNOWN_BY_NAME else ""
    if called and any(called in (_singular(known), id_of(known), name_of(known)) for known in known_names):
        return 0.89
    if moment and any(moment == moment_of(known) for known in known_names):
        return 0.86
    if (asked := QUESTIONS.get(column)) and asked.search(said):
        return 0.8
    nearest = max((spelt(said, known) for known in known_names), default=0.0)
    return 0.7 * nearest if nearest >= SPELLING else 0.0


def spelt(said: str, known: str) -> float:
    """Similarity of spelling; 0 without computing it where lengths or letters rule out :data:`SPELLING`."""
    if 2.0 * min(len(said), len(known)) < SPELLING * (len(said) + len(known)):
        return 0.0  # before letters are counted
    matcher = difflib.SequenceMatcher(None, said, known)
    if matcher.quick_ratio() < SPELLING:
        return 0.0
    return matcher.ratio()
