"""Hints for messages: lists of names, and the nearest existing name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

LISTED = 40
"""Most names listed in a message."""


def listed(names: Sequence[str]) -> str:
    """Return names in quotes for a message, the first :data:`LISTED` of them.

    Parameters
    ----------
    names : sequence of str
    """
    return ", ".join(f'"{name}"' for name in names[:LISTED]) + (" …" if len(names) > LISTED else "")


def did_you_mean(word: str, known: Iterable[str], likeness: float = 0.6) -> str:
    """Return ``' Did you mean "x"?'`` for the nearest known word, or an empty string.

    Parameters
    ----------
    word : str
        What was written.
    known : iterable of str
        Accepted words.
    likeness : float
        Smallest similarity, 0 to 1.
    """
    lowered = {name.casefold(): name for name in known}
    near = difflib.get_close_matches(word.casefold(), list(lowered), n=1, cutoff=likeness)
    return f' Did you mean "{lowered[near[0]]}"?' if near else ""
