"""Plotly's script reduced to the chart types used here, cut from the installed package.

The script holds every kind of chart there is, maps and three dimensions among them: 4.8 MB, of which a page of this
dashboard uses a sixth. It is a list of modules, each a function that runs when another one asks for it, and one of them
registers the kinds of chart. What is left out is what nothing that is kept names, so a chart draws as before.
"""

from __future__ import annotations

import re
from functools import lru_cache

from plotly.offline import get_plotlyjs, get_plotlyjs_version

KINDS = frozenset({"bar", "heatmap", "scatter"})
"""Kinds of chart in :mod:`dashboard.plots`; scatter is part of Plotly's core."""
TRIED = frozenset({"4.1.1"})
"""Versions of the script whose parts were tried in a browser; of any other one, all of it is sent."""
_MODULE = r"(?<=[;}])var ([\w$]+)=%s\((?:\([\w$,]*\)|[\w$]+)=>\{"
_REGISTERED = re.compile(r"\.register\(\[((?:[\w$]+\(\),?)+)\]\)")
_NAME = re.compile(r"(?<![\w$.])[A-Za-z_$][\w$]*")
_HANDED_ON = re.compile(r"exports=([\w$]+)\(\)\}\);$")
_KIND = re.compile(r'moduleType:"trace",name:"(\w+)"')
_COMMON = re.compile(r"var ([\w$]+)=\(e,t\)=>\(\)=>\{try\{return t\|\|e\(\(t=\{exports:")
_LAZY = re.compile(r"var ([\w$]+)=\(e,t,r\)=>\(\)=>\{")
_EXPORTED = re.compile(r",([\w$]+)=\(e,t\)=>\{for\(var r in t\)[\w$]+\(e,r,\{get:t\[r\]")


@lru_cache(maxsize=1)
def script() -> str:
    """The reduced script; the whole installed one where its structure is unknown."""
    return reduced(get_plotlyjs()) if get_plotlyjs_version() in TRIED else str(get_plotlyjs())


def version() -> str:
    """Version of the script for its address: browsers cache it without limit."""
    kinds = "-".join(sorted(KINDS)) if get_plotlyjs_version() in TRIED else "all"
    return f"{get_plotlyjs_version()}-{kinds}"


def reduced(whole: str, kinds: frozenset[str] = KINDS) -> str:
    """Remove the modules of a script that the given chart types do not need.

    Parameters
    ----------
    whole : str
        Plotly's script with everything, as esbuild writes it.
    kinds : frozenset of str
        Those that stay.

    Returns
    -------
    str

    Raises
    ------
    ValueError
        When the script is not a list of modules of which one registers the kinds.

    Notes
    -----
    1. A name is unique among modules, and stands wherever its module is used; a local variable of the same name only
       keeps more than is needed.
    2. What stands between two modules belongs to the one before it.
    """
    common, lazy, exported = (_one(pattern, whole) for pattern in (_COMMON, _LAZY, _EXPORTED))
    starts = list(re.finditer(_MODULE % re.escape(common), whole))
    if not starts:
        raise ValueError("no modules in the script")
    ends = [*(start.start() for start in starts[1:]), len(whole)]
    parts = [whole[start.start() : end] for start, end in zip(starts, ends, strict=True)]
    either, table_of = f"{re.escape(common)}|{re.escape(lazy)}", re.escape(exported)
    named = re.compile(rf"(?:([\w$]+)=(?:{either})\((?:\([\w$,]*\)|[\w$]+)=>|(?<![\w$]){table_of}\(([\w$]+),\{{)")
    owner: dict[str, int] = {}
    for place, part in enumerate(parts):
        for module, table in named.findall(part):
            owner.setdefault(module or table, place)
    head, root = whole[: starts[0].start()], len(parts) - 1
    registered = _one(_REGISTERED, parts[root])
    wanted = [name for name in _NAME.findall(registered) if _kind(name, parts, owner) in kinds]
    last = parts[root].replace(registered, ",".join(f"{name}()" for name in wanted))
    kept, unread = {root}, [head, last]
    while unread:
        for name in set(_NAME.findall(unread.pop())):
            place = owner.get(name, root)
            if place not in kept:
                kept.add(place)
                unread.append(parts[place])
    return head + "".join(parts[place] for place in sorted(kept) if place != root) + last


def _one(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    if found is None:
        raise ValueError(f"{pattern.pattern} is not in the script")
    return found[1]


def _kind(name: str, parts: list[str], owner: dict[str, int]) -> str:
    """The kind of chart that a module brings, which it may only hand on; empty where it brings none."""
    part = parts[owner[name]]
    handed = _HANDED_ON.search(part)
    if handed is not None and handed[1] in owner:
        return _kind(handed[1], parts, owner)
    found = _KIND.search(part)
    return found[1] if found else ""
