"""Personal details taken out of text, in Python and in SQL."""

from __future__ import annotations

import re

_DIGIT = "[0-9\u0660-\u0669\u06f0-\u06f9\u0966-\u096f\uff10-\uff19]"
"""A digit in the scripts in which people type phone numbers."""
_GAP = "[ \u00a0\u2000-\u200b\u202f\u2060\u3000]"
"""A space: also those that do not break, have no width, or come with another script."""
_DASH = "\u2010-\u2015\u2212\uff0d-"
"""At the end of a class of characters: hyphens and dashes."""
_PART = "[^\\s@<>()\\[\\],;:\"\u00a0\u2000-\u200b\u202f\u2060\u3000]"

EMAIL = f'(?:"[^"@]{{1,64}}"|{_PART}{{1,64}})[@\uff20]{_PART[:-1]}.]{{1,63}}(?:[.\u3002]{_PART[:-1]}.]{{1,63}})+'
"""An e-mail address, accented and quoted ones too; lengths are those of RFC 5321, and keep a search through a damaged
field from growing with its square."""

IBAN = f"\\b[A-Za-z]{{2}}[0-9]{{2}}(?:{_GAP}?[A-Za-z0-9]{{4}}){{2,7}}(?:{_GAP}?[A-Za-z0-9]{{1,4}})?\\b"
"""An account number as ISO 13616 writes it, in one piece or in groups of four."""

NATIONAL_ID = (
    "\\b(?:[A-Za-z]?[0-9]{7,8}-?[A-Za-z]"  # Spain
    "|[A-Za-z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-Da-d]"  # United Kingdom
    "|[A-Za-z]{6}[0-9]{2}[A-Za-z][0-9]{2}[A-Za-z][0-9]{3}[A-Za-z])\\b"  # Italy
)
"""National ids that have letters in them; those of digits alone are taken for phone or card numbers, and go too."""

CARD = f"{_DIGIT}(?:(?:{_GAP}|[{_DASH}])?{_DIGIT}){{12,18}}"

PHONE = f"[+(\uff0b]?{_DIGIT}(?:{_DIGIT}|{_GAP}|[().\\/{_DASH}]){{5,18}}{_DIGIT}"
"""A phone number in free text: 7 to 20 digits and the signs people write between them. Dates written in digits look the
same and go too: in a comment nothing is lost by that."""

_SOME = f"[@\uff20{_DIGIT[1:]}"
"""A sign without which a text holds none of these: most of what is said has no digit, and is not searched further."""

LONGEST_SEARCHED = 300
"""Characters of a value looked at when it is masked."""

LONGEST_SHOWN = 60
"""Characters of a value shown in a reject list."""

SCRUBS: tuple[tuple[str, str], ...] = (
    (EMAIL, "[e-mail]"),
    (IBAN, "[account]"),
    (CARD, "[card]"),
    (NATIONAL_ID, "[id]"),
    (PHONE, "[phone]"),
)
MASKS: tuple[tuple[str, str], ...] = (SCRUBS[0], SCRUBS[2])
"""What is taken out of a value in a reject list: ids and dates look like phone numbers, and are what it is for."""
WORD = f"[^\\s0-9{_DASH[:-1]}!-/:-@\\[-`{{-~]{{4,}}"
"""Four letters or more in a value that should be a number or a time: a name as well as a month."""
MASKS_WITHOUT_WORDS = (*MASKS, (PHONE.replace("[+(\uff0b]?", "[+(\uff0b]", 1), "[phone]"), (WORD, "xxxx"))
"""The same where a number or a time should stand."""


def scrub(text: str) -> str:
    """Return free text with addresses, account, card, phone and national numbers replaced by what they were."""
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
    scrubbed = text
    for pattern, word in SCRUBS:
        escaped = pattern.replace("'", "''")
        scrubbed = f"regexp_replace({scrubbed}, '{escaped}', '{word}', 'g')"
    holds = " or ".join(f"contains({text}, '{sign}')" for sign in "@0123456789")  # a third of the time of a pattern
    some = f"case when strlen({text}) = length({text}) then {holds} else regexp_matches({text}, '{_SOME}') end"
    return f"case when {some} then {scrubbed} else {text} end"


def shape(text: str) -> str:
    """Return text with every letter made ``x`` and every digit ``9``: what it looked like, not what it said."""
    return re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "9", text))


def mask_sql(text: str, *, words: bool = True) -> str:
    """Return SQL of the beginning of a VARCHAR expression, without e-mail addresses and card numbers.

    They are looked for before the text is cut, since half an address is not recognised.

    Parameters
    ----------
    text : str
        SQL of type VARCHAR.
    words : bool
        Whether words are shown; not where a number or a time should stand, since a name may stand there.
    """
    text = f"left({text}, {LONGEST_SEARCHED})"
    for pattern, word in MASKS if words else MASKS_WITHOUT_WORDS:
        escaped = pattern.replace("'", "''")
        text = f"regexp_replace({text}, '{escaped}', '{word}', 'g')"
    return f"left({text}, {LONGEST_SHOWN})"


def mask_value(text: str, *, words: bool = True) -> str:
    """Return a field's value for a reject list: short, without e-mail addresses and card numbers.

    Parameters
    ----------
    text : str
    words : bool
        Whether words are shown, see :func:`mask_sql`.
    """
    kept = text[:LONGEST_SEARCHED]
    for pattern, word in MASKS if words else MASKS_WITHOUT_WORDS:
        kept = re.sub(pattern, word, kept, flags=re.ASCII)
    return kept if len(kept) <= LONGEST_SHOWN else kept[: LONGEST_SHOWN - 1] + "…"
