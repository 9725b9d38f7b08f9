"""Match column names with known ones, whatever their case, spaces and width."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence


def folded(name: str) -> str:
    """Return a name without case, width, spaces and zero-width signs, for comparison.

    Parameters
    ----------
    name : str
    """
    plain = unicodedata.normalize("NFKC", name)
    visible = "".join(sign for sign in plain if unicodedata.category(sign) != "Cf")
    return " ".join(visible.split()).casefold()


def as_known(names: Sequence[str], known: Iterable[str]) -> tuple[str, ...]:
    """Return the names of a header, with variants of a known name replaced by it.

    A name is left alone where the known one stands in the header too, or another name of the header is alike.

    Parameters
    ----------
    names : sequence of str
        The header.
    known : iterable of str

    Examples
    --------
    >>> as_known(["ID", "OWNERID", "Note"], ["Id", "OwnerId"])
    ('Id', 'OwnerId', 'Note')
    >>> as_known(["ID", "Id"], ["Id"])
    ('ID', 'Id')
    """
    wanted: dict[str, str] = {}
    for name in known:
        wanted.setdefault(folded(name), name)
    present = set(names)
    count: dict[str, int] = {}
    for name in names:
        count[folded(name)] = count.get(folded(name), 0) + 1
    exact = {name for name in known if name in present}

    def meant(name: str) -> str:
        own = folded(name)
        target = wanted.get(own)
        return target if target is not None and name not in exact and count[own] == 1 else name

    return tuple(meant(name) for name in names)
