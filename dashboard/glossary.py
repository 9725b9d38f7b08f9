"""Glossary of the pages, from ``glossary.toml``; used by tips and the Methods page."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_FOLDER = Path(__file__).resolve().parent
METHODS_FILES = (_FOLDER / "methods.md", _FOLDER.parent / "docs" / "methods.md")
"""Where the account of the methods lies: in an installed wheel (``docs/methods.md`` under that name), in a checkout."""

_LOCAL_LINK = re.compile(r"\[([^\]]+)\]\(([\w./-]+\.md)(?:#[\w-]*)?\)")
"""A link to a neighbouring document, which the dashboard does not serve."""


@dataclass(frozen=True)
class Term:
    """One glossary term.

    Attributes
    ----------
    id : str
        Anchor on the Methods page.
    name : str
        Name used on the pages.
    plain, exact : str
        Explanation for everybody, and exact definition.
    """

    id: str
    name: str
    plain: str
    exact: str


@lru_cache(maxsize=1)
def terms() -> tuple[Term, ...]:
    """Every term in the order of the file."""
    document = tomllib.loads((_FOLDER / "glossary.toml").read_text(encoding="utf-8"))
    return tuple(Term(id=key, **entry) for key, entry in document.items())


def plain(term: str) -> str:
    """The plain words of a term, for a tip.

    Parameters
    ----------
    term : str
        Its id.
    """
    return next(entry.plain for entry in terms() if entry.id == term)


@lru_cache(maxsize=1)
def methods() -> str:
    """``docs/methods.md`` as Markdown without its title; empty when this installation does not carry it."""
    for file in METHODS_FILES:
        if file.is_file():
            text = file.read_text(encoding="utf-8")
            head, _, rest = text.partition("\n")
            body = rest.strip() if head.startswith("# ") else text
            return _LOCAL_LINK.sub(r"\1 (docs/\2)", body)
    return ""
