"""Find the files of a source's path patterns, or explain why there are none."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from etl.configuration.model import Config, ConfigError
from etl.file_kinds import without_copy_mark
from etl.hints import did_you_mean


def find_files(config: Config) -> dict[str, tuple[Path, ...]]:
    """Return the files of every source, in order.

    Parameters
    ----------
    config : Config

    Raises
    ------
    ConfigError
        When a source that is not optional has none; names what lies in the folder.
    """
    found: dict[str, tuple[Path, ...]] = {}
    faults = []
    for name, source in config.sources.items():
        if not config.is_read(name):
            continue
        paths: list[Path] = []
        for pattern in source.paths:
            matched = matching(config.folder, pattern)
            if not matched and not source.optional:
                faults.append(f"{config.path}: sources.{name}.path: {_nothing_there(config.folder, pattern)}")
            paths += matched
        found[name] = in_order(dict.fromkeys(paths))
    if not config.sources:
        faults.append(f"{config.path}: there is no [sources.NAME] section; `empathy init DIR` writes them.")
    if faults:
        raise ConfigError("\n".join(faults))
    return found


def matching(folder: Path, pattern: str) -> list[Path]:
    """Return the files a source's path pattern names, in order; hidden files and Excel's lock files are passed over.

    Parameters
    ----------
    folder : Path
        Where a relative pattern starts.
    pattern : str
    """
    absolute = Path(pattern)
    base = Path(absolute.anchor) if absolute.is_absolute() else folder
    relative = str(absolute.relative_to(absolute.anchor)) if absolute.is_absolute() else pattern
    try:
        literally = base / relative  # a name with brackets in it is a pattern besides
        matched = [literally] if literally.is_file() else [path for path in base.glob(relative) if path.is_file()]
    except (ValueError, NotImplementedError, IndexError):  # IndexError: the pattern is a folder, such as "."
        return []
    return list(in_order(path for path in matched if not path.name.startswith((".", "~$"))))


def in_order(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Return files as they follow each other in time, as far as their names tell: the last holds the newest.

    Where every name (or folder) holds a day, by the last day in it; then by name as people read it: 10 after 9, and
    `` (1)`` after the name without it, as browsers mark a later download. Times of change are not used: copying changes
    them.

    Parameters
    ----------
    paths : iterable of Path

    Examples
    --------
    >>> [path.name for path in in_order([Path("c-10.csv"), Path("c (1).csv"), Path("c-9.csv"), Path("c.csv")])]
    ['c.csv', 'c (1).csv', 'c-9.csv', 'c-10.csv']
    >>> [path.name for path in in_order([Path("b_2025-01-02.csv"), Path("a_2025-02-01.csv")])]
    ['b_2025-01-02.csv', 'a_2025-02-01.csv']
    """
    named = list(paths)
    days = [_DAY.findall(str(path)) for path in named]
    dated = all(days)
    keyed = [
        ("".join(found[-1][::2]) if dated else "", _natural(path), str(path), path)
        for path, found in zip(named, days, strict=True)
    ]
    return tuple(item[-1] for item in sorted(keyed, key=lambda item: item[:-1]))


_DAY = re.compile(r"(?<!\d)(20\d\d)([-_.]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])(?!\d)")


_Parts = tuple[tuple[int, int, str], ...]


def _natural(path: Path) -> tuple[_Parts, _Parts, tuple[int, ...]]:
    """Numbers by their size, words without case, `c` before `c-1`, the copy mark last."""
    stem, _, ending = path.name.partition(".")
    plain = without_copy_mark(stem)
    mark = stem[len(plain) :]
    copy = (len(mark), *(int(number) for number in re.findall(r"\d+", mark))) if mark else ()
    return _parts(f"{path.parent}/{plain}"), _parts(ending), copy


def _parts(name: str) -> _Parts:
    found = re.findall(r"\d+|\D+", name.casefold())
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in found)


def _nothing_there(folder: Path, pattern: str) -> str:
    whole = folder / pattern
    parent = whole.parent
    if any(sign in pattern for sign in "*?["):
        return f'no file matches "{pattern}" (looked in {parent}). Correct path, or set optional = true.'
    if whole.is_dir():
        kinds = sorted({path.suffix for path in whole.iterdir() if path.is_file() and path.suffix})
        return f'"{pattern}" is a folder; name its files, such as "{pattern.rstrip("/")}/*{kinds[0] if kinds else ""}".'
    there = sorted(path.name for path in parent.iterdir() if path.is_file()) if parent.is_dir() else []
    hint = did_you_mean(whole.name, there, likeness=0.5)
    return f'there is no file "{pattern}".{hint} Correct path, or set optional = true.'
