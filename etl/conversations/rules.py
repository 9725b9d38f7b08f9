r"""The rules of ``sql/skills/<language>.toml``: phrases that show a skill, or break one, with their tests.

A pattern is written as spoken text in lower case and is translated (:func:`translate`) to DuckDB's RE2:

- a space stands for any white space (`` ?`` for some or none);
- an apostrophe stands for any apostrophe, or for none (speech recognition drops them);
- parentheses group and do not capture; ``|``, ``?``, ``*``, ``+`` and ``[...]`` are as usual;
- a ``^`` at the beginning stands for the beginning of a sentence, after words such as "so" or "okay";
- ``...`` stands for any words within one sentence;
- ``{name}`` stands for any of the words of the list ``name`` in ``[lists]``;
- a pattern begins and ends at a word's edge.

Counted repetitions (``{2,5}``) and look-around are refused: RE2 has none of the second and becomes slow by the first.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Literal

import duckdb
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from etl.configuration.kpis import SQL_FOLDER
from etl.errors import EmpathyError
from etl.hints import did_you_mean

RULES_FOLDER = SQL_FOLDER / "skills"

Skill = Literal[
    "active_listening",
    "personalisation",
    "probing_questions",
    "perspective_taking",
    "trigger_free_language",
    "sympathy",
]
SKILLS: tuple[Skill, ...] = (
    "active_listening",
    "personalisation",
    "probing_questions",
    "perspective_taking",
    "trigger_free_language",
    "sympathy",
)
"""Skills that rules can have; sympathy is counted separately and is not part of empathy."""

Polarity = Literal["shows", "breaks", "exempts"]
"""A phrase shows its skill, breaks it, or exempts its passage from the skill's other rules."""


class RuleError(EmpathyError):
    """A rule cannot be used; the message names file, line and rule."""

    exit_code = 2


class Rule(BaseModel):
    """One phrase, with its tests.

    Attributes
    ----------
    id : str
        Unique in its language.
    skill : str
        One of :data:`SKILLS`.
    pattern : str
        As the module's docstring says.
    polarity : {"shows", "breaks", "exempts"}
    why : str
        Why the phrase counts, in a sentence.
    source : str
        Where the idea is from.
    examples, counter_examples : tuple of str
        Turns in which the rule has a hit, and turns in which it has none: its unit tests.
    say_instead : str
        For phrases that break a skill: the phrase to say instead.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,60}$")
    skill: Skill
    pattern: str = Field(min_length=2)
    polarity: Polarity = "shows"
    why: str = Field(min_length=1)
    source: str = Field(min_length=1)
    examples: tuple[str, ...] = Field(min_length=1)
    counter_examples: tuple[str, ...] = ()
    say_instead: str = ""


@dataclass(frozen=True)
class RuleSet:
    """All rules of one language.

    Attributes
    ----------
    language : str
        Two letters, as in ``sql/skills/en.toml``.
    rules : tuple of Rule
        In the order of the file; of several rules that begin at one place, the first counts.
    function_words : tuple of str
        Function words of the language: they identify the language of a text and are no content words.
    sha256 : str
        Hash of the file; counts made with another hash are not comparable.
    name_owners : str
        RE2 pattern of the words before an agent's own name or a third person's.
    turned_to_customer : str
        RE2 pattern of words that address the customer, as a paraphrase does.
    open_question : str
        RE2 pattern of the words that begin a question which yes or no does not answer.
    """

    language: str
    rules: tuple[Rule, ...]
    function_words: tuple[str, ...]
    sha256: str
    name_owners: str = ""
    turned_to_customer: str = "."
    open_question: str = "$^"
    lists: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def of(self, skill: str) -> tuple[Rule, ...]:
        """Rules of a skill: those that exempt first, so that they win where both begin."""
        mine = [rule for rule in self.rules if rule.skill == skill]
        return tuple(sorted(mine, key=lambda rule: rule.polarity != "exempts"))

    def __getitem__(self, rule: str) -> Rule:
        return next(item for item in self.rules if item.id == rule)

    def re2(self, rule: Rule) -> str:
        """The pattern of a rule as RE2 reads it."""
        return translate(rule.pattern, self.lists)

    def alternation(self, skill: str, exempting: bool = True, passing_over: bool = True) -> str:
        """One RE2 pattern for a skill.

        Parameters
        ----------
        skill : str
        exempting : bool
            Whether exempted passages are matched too, before hits; if not, a matching turn may have no hit.
        passing_over : bool
            Whether :data:`ALWAYS_EXEMPT` is among them; a turn without :data:`EXEMPT_SIGN` has no such passage.
        """
        rules = [rule for rule in self.of(skill) if exempting or rule.polarity != "exempts"]
        parts = [*(ALWAYS_EXEMPT if exempting and passing_over else ()), *(self.re2(rule) for rule in rules)]
        return f"(?im){'|'.join(parts)}"


ALWAYS_EXEMPT = (
    r"<[a-zA-Z/!][^>]*>",  # an HTML tag
    r'["“„«][^"“”„«»]*["”»]',  # somebody else's words
    r"^\s*>.*$",  # a quoted line of a mail
    r"^-+\s*original message[\s\S]*",
    r"^on .* wrote:[\s\S]*",
    r"^(?:von|from|de): [\s\S]*",
)

EXEMPT_SIGN = r'(?m)[<>"“„«:]|^-'
"""A sign that every turn with a passage of :data:`ALWAYS_EXEMPT` contains."""

SENTENCE_START = (
    r"(?:^\s*|[.?!:;,…–-]\s*)"
    r"(?:(?:so|and|okay|ok|right|well|um|uh|erm|but|yeah|yes|oh|ah|then|now|alright|please|thanks|sorry)[\s,]+)*"
)

_EDGE = r"(?:\b|\B\W|\B$)"
"""The end of a pattern that may end with a sign: a word's edge, or a sign after the sign."""

_SIGN_AT_END = re.compile(r"\\\?|\[\.|\\\.|\$|[^\x00-\x7f’´]")
"""A pattern that may end with a sign, or with a letter outside RE2's ASCII word boundaries."""

_REFUSED = {
    "(?=": "look-ahead",
    "(?!": "look-ahead",
    "(?<": "look-behind",
}


def translate(pattern: str, lists: Mapping[str, Sequence[str]] | None = None) -> str:
    r"""A rule's pattern in RE2.

    Parameters
    ----------
    pattern : str
    lists : mapping of str to sequence of str, optional
        Named lists of words.

    Raises
    ------
    ValueError
        When it uses what RE2 does not have, or a counted repetition.

    Examples
    --------
    >>> translate("i'm (so|very) sorry")
    "\\bi['’´`]?m\\s+(?:so|very)\\s+sorry\\b"
    """
    for sign, name in _REFUSED.items():
        if sign in pattern:
            raise ValueError(f"{name} ({sign}...) is not possible in RE2; add a rule that exempts instead")
    if re.search(r"\{\d*,?\d*\}", pattern):
        raise ValueError("a counted repetition {m,n} makes RE2 slow; write ? or * instead")
    if re.search(r"\\[1-9]", pattern):
        raise ValueError("a back-reference (\\1) is not possible in RE2")
    body = re.sub(r"\{(\w*)\}", lambda found: _listed(found[1], lists or {}), pattern)
    opening = r"\b"
    if body.startswith("^"):
        opening, body = SENTENCE_START, body[1:]
    body = body.replace("...", "\x00")
    body = re.sub(r"\\?\((?!\?)", lambda found: found[0] if found[0] == r"\(" else "(?:", body)
    body = body.replace("'", "['’´`]?")
    body = re.sub(r" \x00 (?=\\\?|\)|\||$)", r"[^.?!]*", body)
    # RE2's word boundaries are ASCII only; classes of all letters compile slowly
    between = r"\b[^.?!]*\b" if pattern.isascii() else r"[^\pL](?:[^.?!]*[^\pL])?"
    body = body.replace(" \x00 ", between).replace("\x00", "[^.?!]*")
    body = body.replace(" ?", r"\s*")
    body = re.sub(r" +", r"\\s+", body)
    closing = "" if body.endswith((r"\?", "*", "$")) else _EDGE if _SIGN_AT_END.search(body) else r"\b"
    return f"{opening}{body}{closing}" if "|" not in _outside_groups(body) else f"{opening}(?:{body}){closing}"


def _listed(name: str, lists: Mapping[str, Sequence[str]]) -> str:
    if name not in lists:
        raise ValueError(f'there is no list "{name}" in [lists].{did_you_mean(name, lists)}')
    return f"({'|'.join(lists[name])})"


def _outside_groups(body: str) -> str:
    """The parts of a pattern outside parentheses and brackets."""
    kept, depth, bracket, previous = [], 0, False, ""
    for sign in body:
        if previous != "\\":
            if sign == "[":
                bracket = True
            elif sign == "]":
                bracket = False
            elif sign == "(" and not bracket:
                depth += 1
            elif sign == ")" and not bracket:
                depth -= 1
        if depth == 0 and not bracket:
            kept.append(sign)
        previous = sign
    return "".join(kept)


def languages() -> tuple[str, ...]:
    """Languages that have rules."""
    return tuple(sorted(path.stem for path in RULES_FOLDER.glob("*.toml")))


def load_rules(language: str, path: Path | None = None) -> RuleSet:
    """Read the rules of a language.

    Parameters
    ----------
    language : str
        Two letters.
    path : Path, optional
        The file; ``sql/skills/<language>.toml`` by default.

    Raises
    ------
    RuleError
        When there are none, or one is wrong; a line per mistake with file, line, rule and fix.
    """
    file = path or RULES_FOLDER / f"{language}.toml"
    try:
        text = file.read_text(encoding="utf-8")
    except OSError:
        known = languages()
        hint = f"{did_you_mean(language, known)} Languages: {', '.join(known)}."
        raise RuleError(f'There are no rules for language "{language}".{hint}') from None
    return _parsed(language, file, text)


@lru_cache(maxsize=16)
def _parsed(language: str, file: Path, text: str) -> RuleSet:
    """The rules of a file with this text, its patterns checked; the same object every time."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"{file}: not valid TOML: {error}.") from None
    lists = document.get("lists", {})
    rules: list[Rule] = []
    mistakes: list[str] = []
    lines = [number for number, line in enumerate(text.splitlines(), 1) if line.strip() == "[[rule]]"]
    with duckdb.connect(":memory:") as con:
        for line, entry in zip(lines, document.get("rule", []), strict=True):
            where = f"{file}, line {line}: rule {entry.get('id', '(without id)')}"
            try:
                rule = Rule(**entry)
                con.execute("select regexp_matches('', ?)", [f"(?im){translate(rule.pattern, lists)}"])
            except ValidationError as error:
                mistakes += [f"{where}: {'.'.join(map(str, d['loc']))}: {d['msg']}." for d in error.errors()]
            except (ValueError, duckdb.Error) as error:
                mistakes.append(f"{where}: pattern: {str(error).splitlines()[0]}.")
            else:
                if any(rule.id == other.id for other in rules):
                    mistakes.append(f"{where}: the id is used twice.")
                rules.append(rule)
    if mistakes:
        raise RuleError("\n".join(mistakes))
    about = document.get("language", {})
    return RuleSet(
        language,
        tuple(rules),
        tuple(about.get("function_words", ())),
        hashlib.sha256(text.encode()).hexdigest(),
        str(about.get("name_owners", "$^")),
        str(about.get("turned_to_customer", ".")),
        str(about.get("open_question", "$^")),
        lists,
    )
