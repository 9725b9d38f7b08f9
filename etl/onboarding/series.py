"""Series of files: names that differ only in numbers, months and copy marks, and patterns that match exactly them."""

from __future__ import annotations

import glob
import itertools
import os
import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from etl.file_kinds import without_copy_mark


def stem(path: Path) -> str:
    """A file's name without numbers, months and copy marks: equal for the files of a series."""
    stem, dot, ending = path.name.partition(".")
    plain = without_copy_mark(stem).casefold()
    bare = re.sub(rf"(?<![^\W_]){_MONTHS}(?![^\W_])", "#", re.sub(r"\d+", "#", plain))
    return re.sub(r"[-_. #]*#[-_. #]*$", "", bare) + dot + re.sub(r"\d+", "#", ending.casefold())


_MONTHS = (
    "(?:jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|mar(?:ch|s|zo|ço)?|märz|apr(?:il|ile)?|may|mai|mayo|june?|juni|junio|juin|"
    "july?|juli|julio|juillet|aug(?:ust)?|août|agosto|sept?(?:ember|embre|iembre)?|oct(?:ober|obre|ubre)?|okt(?:ober)?|"
    "nov(?:ember|embre|iembre)?|de[cz](?:ember|embre)?|dic(?:iembre|embre)?|enero|febrero|abril|janeiro|fevereiro|março|"
    "gennaio|febbraio|aprile|maggio|giugno|luglio|settembre|ottobre|dicembre)"
)
"""Names of months in file names, in lower case."""


def patterns(paths: Sequence[Path], base: Path) -> list[str]:
    """Return a pattern that matches exactly these files of one series, else their paths.

    Parameters
    ----------
    paths : sequence of Path
    base : Path
        Folder to which the patterns are relative.
    """
    parents = {path.parent for path in paths}
    if len(paths) > 1 and len(parents) == 1:
        (parent,) = parents
        every = {path.name for path in parent.iterdir() if path.is_file()}
        names = {path.name for path in paths}
        for pattern in _alike(sorted(names)):
            if {name for name in every if fnmatchcase(name, pattern)} == names:
                return [_relative(parent, base, pattern)]
    return [_relative(path.parent, base, glob.escape(path.name)) for path in paths]


def _alike(names: Sequence[str]) -> Iterator[str]:
    """Candidate patterns that also match future files: with numbers replaced, or the common start."""
    for name in names:
        yield re.sub(r"\*[-_.\d*]*\*|\*+", "*", re.sub(r"\d+", "*", glob.escape(name)))
    starts = [re.split(r"\d", name)[0] for name in (names[0], names[-1])]  # sorted, so all in between share it
    start = "".join(a for a, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(*starts, strict=False)))
    (ending, *others) = {name[name.index(".") :] for name in names if "." in name} or {""}
    if start.strip(" -_.") and not others:
        yield f"{glob.escape(start)}*{glob.escape(ending)}"


def partitions(folder: Path) -> str:
    """A folder's name without numbers: equal for the daily folders of an object store."""
    return re.sub(r"\d+", "#", folder.as_posix())


def nested_pattern(paths: Sequence[Path], base: Path) -> str | None:
    """A pattern for files in folders that differ in numbers only; empty where it would match other files too."""
    if len({path.parent for path in paths}) == 1:
        return None
    folder = _relative(paths[0].parent, base, "").rstrip("/")
    first, last = min(path.name for path in paths), max(path.name for path in paths)
    alike = next((place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
    start = re.split(r"\d", first[:alike])[0]
    endings = {path.name.partition(".")[2] for path in paths}
    ending = f".{endings.pop()}" if len(endings) == 1 and "" not in endings else ""
    pattern = f"{re.sub(r'[0-9]+', '*', glob.escape(folder))}/{glob.escape(start)}*{ending}"
    found = {path.resolve() for path in base.glob(pattern) if path.is_file()}
    return pattern if found == {path.resolve() for path in paths} else None


def _relative(parent: Path, base: Path, name: str) -> str:
    inside = Path(os.path.relpath(parent.resolve(), base.resolve())).as_posix()
    return name if inside == "." else f"{inside}/{name}"
