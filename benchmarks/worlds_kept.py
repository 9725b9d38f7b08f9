"""Store simulated worlds in a folder, so that long runs can be stopped, resumed and summarised again.

One file of JSON lines a row of a table: one line a world, with its seed. Before a file is added to, the first and the
last of its worlds are made again: where today's code finds something else, the run stops and names the file.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

World = TypeVar("World")
SAME = 1e-9
"""Relative difference up to which a number is the same: sums may be made in another order."""


class OtherCodeError(Exception):
    """Kept worlds differ from those of the current code."""


def worlds(
    judge: Callable[[int], World],
    kind: Callable[..., World],
    name: str,
    seeds: Iterable[int],
    *,
    keep: Path | None = None,
    workers: int = 1,
    draw: bool = True,
) -> list[World]:
    """One outcome a seed; those in the folder ``keep`` are read, the others drawn and added to it.

    Parameters
    ----------
    judge
        Draws and judges the world of a seed.
    kind
        Dataclass of an outcome.
    name
        Of the row.
    seeds
        The worlds wanted, in order.
    keep
        Folder; by default nothing is kept.
    workers
        Processes; the numbers do not depend on it.
    draw
        ``False`` counts all that is kept, whatever ``seeds`` says, and draws nothing.

    Raises
    ------
    OtherCodeError
        A kept world differs when it is simulated again.
    """
    file = None if keep is None else keep / f"{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}.jsonl"
    found = _read(file, kind)
    wanted = list(seeds) if draw else sorted(found)
    if draw:
        there = [seed for seed in wanted if seed in found]
        for seed in {*there[:1], *there[-1:]}:
            if not _same(_as_kept(found[seed]), _as_kept(judge(seed))):
                raise OtherCodeError(f"{file}: world {seed} is not what today's code makes of it. Delete the file.")
        missing = [seed for seed in wanted if seed not in found]
        for seed, outcome in _made(judge, missing, workers):
            found[seed] = outcome
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
                with file.open("a", encoding="utf-8") as out:
                    out.write(json.dumps({"seed": seed, **_as_kept(outcome)}) + "\n")
    return [found[seed] for seed in wanted]


def _as_kept(outcome: Any) -> dict[str, Any]:
    """An outcome as it comes back from its file."""
    found: dict[str, Any] = json.loads(json.dumps(asdict(outcome), default=_plain))
    return found


def _same(one: Any, other: Any) -> bool:
    """Whether two outcomes differ in rounding at most."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, float) and isinstance(other, float):
        return (math.isnan(one) and math.isnan(other)) or math.isclose(one, other, rel_tol=SAME, abs_tol=SAME)
    return bool(one == other)


def _plain(value: Any) -> Any:
    """numpy's numbers and truth values as Python's."""
    return value.item()


def _read(file: Path | None, kind: Callable[..., Any]) -> dict[int, Any]:
    out: dict[int, Any] = {}
    if file is not None and file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            row: dict[str, Any] = json.loads(line)
            seed = row.pop("seed")
            out[seed] = kind(**row)
    return out


def _made(judge: Callable[[int], Any], seeds: list[int], workers: int) -> Iterable[tuple[int, Any]]:
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            yield from zip(seeds, pool.map(judge, seeds, chunksize=10), strict=True)
    else:
        yield from ((seed, judge(seed)) for seed in seeds)
