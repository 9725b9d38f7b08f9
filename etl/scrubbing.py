"""Personal details taken out of text, in Python and in SQL."""

from __future__ import annotations

import re

EMAIL = r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+"
"""An e-mail address; lengths are those of RFC 5321, and keep a search through a damaged field from growing with its
square."""

CARD = r"\b\d(?:[ -]?\d){12,18}\b"

PHONE = r"(?:\+|\(|\b)\d(?:[\d ().\/-]{5,18})\d\b"
"""A phone number in free text: 7 to 20 digits and the signs people write between them. Dates written in digits look the
same and go too: in a comment nothing is lost by that."""

LONGEST_SEARCHED = 300
"""Characters of a value looked at when it is masked."""

LONGEST_SHOWN = 60
"""Characters of a value shown in a reject list."""

SCRUBS: tuple[tuple[str, str], ...] = ((EMAIL, "[e-mail]"), (CARD, "[card]"), (PHONE, "[phone]"))


def scrub(text: str) -> str:
    """Return free text with e-mail addresses, card numbers and phone numbers replaced by what they were."""
    for pattern, word in SCRUBS:
        text = re.sub(pattern, word, text, flags=re.ASCII)
    return text


def scrub_sql(text: str) -> str:
    """Return SQL that does to a VARCHAR expression what :func:`scrub` does.

    Parameters
    ----------
    text : str
        SQL of type VARCHAR.
    """
    for pattern, word in SCRUBS:
        escaped = pattern.replace("'", "''")
        text = f"regexp_replace({text}, '{escaped}', '{word}', 'g')"
    return text


def shape(text: str) -> str:
    """Return text with every letter made ``x`` and every digit ``9``: what it looked like, not what it said."""
    return re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "9", text))


def mask_sql(text: str) -> str:
    """Return SQL of the beginning of a VARCHAR expression, without e-mail addresses and card numbers.

    They are looked for before the text is cut, since half an address is not recognised.

    Parameters
    ----------
    text : str
        SQL of type VARCHAR.
    """
    text = f"left({text}, {LONGEST_SEARCHED})"
    for pattern, word in SCRUBS[:2]:
        escaped = pattern.replace("'", "''")
        text = f"regexp_replace({text}, '{escaped}', '{word}', 'g')"
    return f"left({text}, {LONGEST_SHOWN})"


def mask_value(text: str) -> str:
    """Return a field's value for a reject list: short, without e-mail addresses and card numbers."""
    kept = re.sub(CARD, "[card]", re.sub(EMAIL, "[e-mail]", text[:LONGEST_SEARCHED]))
    return kept if len(kept) <= LONGEST_SHOWN else kept[: LONGEST_SHOWN - 1] + "…"
