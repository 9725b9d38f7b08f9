r"""Words without which a pattern cannot be met, taken from the pattern itself.

A pattern of RE2 is read into what it is made of: words one after the other, alternatives, what may be left out. From each
part come the texts one of which stands in everything that it matches; of several such sets of a sequence the rarest is
taken. A set is a promise, not a match: a turn without any of its texts has no match, a turn with one may have.

Assumed of the text that is searched: one space between words and no other white space, and no letter that equals an
ASCII letter in another case alone (:data:`UNSURE` names what breaks this); turns that break it are always looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

MOST = 400
"""Texts of one set above which a sequence is not multiplied out further."""

UNSURE = ("  ", "\t", "\n", "\f", "\r", "\u017f", "\u212a")
"""What a text may hold that makes a set of needed words no promise: white space that is no single space, the long s and
the sign of Kelvin, which equal "s" and "k" where case does not count."""

OFTEN = (0.03, 0.03, 0.03, 0.006, 0.002, 0.0007)
"""Roughly how often a word of so many letters, or a part of one, stands at a place; first, a common word."""


@dataclass(frozen=True)
class _Part:
    """What is known of a piece of a pattern: all it can be, or a set one of which is in it; None where neither."""

    exact: frozenset[str] | None = None
    needed: frozenset[str] | None = None


_ANYTHING = _Part()
_NOTHING = _Part(frozenset({""}))
_SPACE = frozenset({" "})


def needed_words(pattern: str, common: Collection[str] = ()) -> frozenset[str] | None:
    r"""Texts one of which stands, whatever the case of its letters, in every text that a pattern is found in.

    Parameters
    ----------
    pattern : str
        RE2, without flags; what is not known of its syntax gives None.
    common : collection of str
        Words that most texts have, to prefer others.

    Returns
    -------
    frozenset of str or None
        None when there are none: every text may match.

    Examples
    --------
    >>> sorted(needed_words(r"\bi\s+(?:see|hear)\s+(?:that\s+)?you[^.?!]*(?:later|again)\b"))
    ['again', 'later']
    >>> sorted(needed_words(r"\bi\s+(?:see|hear)\s+(?:that\s+)?you\b"))
    ['i hear that you', 'i hear you', 'i see that you', 'i see you']
    >>> needed_words(r"\w+") is None
    True
    """
    try:
        part = _Reader(pattern, common).read()
    except (_UnknownError, IndexError):
        return None
    return part.needed


class _UnknownError(Exception):
    """The pattern has something this module does not read."""


class _Reader:
    """Reads a pattern from left to right."""

    def __init__(self, pattern: str, common: Collection[str]) -> None:
        self.pattern = pattern
        self.place = 0
        self.common = frozenset(common)

    def read(self) -> _Part:
        part = self.alternatives()
        if self.place != len(self.pattern):
            raise _UnknownError
        return _Part(None, self.rarest([part.exact, part.needed]))

    def alternatives(self) -> _Part:
        parts = [self.sequence()]
        while self.sign() == "|":
            self.place += 1
            parts.append(self.sequence())
        if len(parts) == 1:
            return parts[0]
        exact = _union(part.exact for part in parts)
        if exact is not None and len(exact) <= MOST:
            return _Part(exact)
        return _Part(None, _union(self.rarest([part.exact, part.needed]) for part in parts))

    def sequence(self) -> _Part:
        found: list[frozenset[str] | None] = []
        together: frozenset[str] = frozenset({""})
        is_whole = True
        while self.sign() not in ("", "|", ")"):
            part = self.repeated(self.single())
            product = part.exact and _product(together, part.exact)
            if product:
                together = product
                continue
            is_whole = False
            found += [together, part.needed]
            together = part.exact or frozenset({""})
        return _Part(together) if is_whole else _Part(None, self.rarest([*found, together]))

    def repeated(self, part: _Part) -> _Part:
        while self.sign() in ("?", "*", "+", "{") and self.sign():
            sign = self.sign()
            if sign == "{":
                raise _UnknownError
            self.place += 2 if self.pattern[self.place + 1 : self.place + 2] == "?" else 1
            if sign == "+":
                part = part if part.exact == _SPACE else _Part(None, self.rarest([part.exact, part.needed]))
            elif sign == "?" or part.exact == _SPACE:
                part = _Part(part.exact and part.exact | {""})
            else:
                part = _ANYTHING
        return part

    def single(self) -> _Part:
        sign = self.sign()
        self.place += 1
        if sign == "(":
            if self.pattern[self.place : self.place + 2] == "?:":
                self.place += 2
            elif self.sign() == "?":
                raise _UnknownError
            part = self.alternatives()
            if self.sign() != ")":
                raise _UnknownError
            self.place += 1
            return part
        if sign == "[":
            return self.any_of()
        if sign == "\\":
            return self.escaped()
        if sign in "^$":
            return _NOTHING
        return _ANYTHING if sign == "." else _letter(sign)

    def any_of(self) -> _Part:
        found = re.compile(r"\[(\^?)(\]?(?:\\.|[^\]\\])*)\]", re.DOTALL).match(self.pattern, self.place - 1)
        if not found or "[:" in found[0]:
            raise _UnknownError
        self.place = found.end()
        if found[1] or "\\" in found[2] or "-" in found[2]:
            return _ANYTHING
        return _Part(_union(_letter(sign, keep="’´`").exact for sign in found[2]))

    def escaped(self) -> _Part:
        sign = self.sign()
        self.place += 1
        if sign in "bB":
            return _NOTHING
        if sign == "s":
            return _Part(_SPACE)
        if sign in "pP":
            self.place = self.pattern.index("}", self.place) + 1 if self.sign() == "{" else self.place + 1
            return _ANYTHING
        if sign in "SwWdD":
            return _ANYTHING
        if sign.isalnum() or not sign:
            raise _UnknownError
        return _letter(sign)

    def sign(self) -> str:
        return self.pattern[self.place : self.place + 1]

    def rarest(self, sets: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
        whole = [_shortest(texts) for texts in sets if texts and "" not in texts]
        return min(whole, key=lambda texts: sum(map(self.share, texts)), default=None)

    def share(self, text: str) -> float:
        """Roughly how often a text stands where one is begun, to choose by; two of the four apostrophes are rare."""
        share = 0.0 if "´" in text or "`" in text else 1.0
        for word in re.findall(r"[\w'’]+", text) or [""]:
            share *= OFTEN[0] if word in self.common else OFTEN[min(len(word), len(OFTEN) - 1)]
        return share


def _letter(sign: str, keep: str = "") -> _Part:
    """A letter as it is in lower case; others than ASCII have more cases than two, and are taken for anything."""
    return _Part(frozenset({sign.lower()})) if sign.isascii() or sign in keep else _ANYTHING


def _product(begun: frozenset[str], more: frozenset[str]) -> frozenset[str] | None:
    if len(begun) * len(more) > MOST and len(more) > 1:
        return None
    return frozenset(first + second for first in begun for second in more)


def _union(sets: Iterable[frozenset[str] | None]) -> frozenset[str] | None:
    together: set[str] = set()
    for texts in sets:
        if texts is None:
            return None
        together |= texts
    return frozenset(together)


def _shortest(texts: frozenset[str]) -> frozenset[str]:
    """Those that hold none of the others."""
    kept: list[str] = []
    for text in sorted(texts, key=len):
        if not any(other in text for other in kept):
            kept.append(text)
    return frozenset(kept)


Needed = Callable[[str, Collection[str]], "frozenset[str] | None"]
