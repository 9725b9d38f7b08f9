"""``empathy estimate`` on one frozen world, by this tree and by an earlier commit, in turns in one run.

Usage::

    empathy demo --no-serve --dir /tmp/world
    python -m benchmarks.estimate_version --world /tmp/world --before COMMIT [--repeat 3] [--write FILE]

Each run starts from a fresh copy of the world. Processor time counts every process a run started. Medians are reported;
both sides take turns, so other load affects both.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]


def measured(code: Path, world: Path) -> tuple[float, float]:
    """Wall and processor seconds of one ``empathy estimate`` with the code in a folder."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "world"
        shutil.copytree(world, copy)
        command = [sys.executable, "-m", "empathy", "estimate", "-c", str(copy / "empathy.toml"), "--json"]
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=code, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        if status:
            raise SystemExit(f"{' '.join(command)} in {code} failed.")
        return time.perf_counter() - began, usage.ru_utime + usage.ru_stime


def compared(world: Path, before: Path, repeat: int) -> str:
    """Both sides in turns, as a table."""
    runs: dict[str, list[tuple[float, float]]] = {"before": [], "now": []}
    for _ in range(repeat):
        runs["before"].append(measured(before, world))
        runs["now"].append(measured(ROOT, world))
    wall, used = ({side: statistics.median(one[i] for one in found) for side, found in runs.items()} for i in (0, 1))
    lines = ["| `empathy estimate` | wall, s | processor, s |", "|---|---:|---:|"]
    lines += [f"| {side} | {wall[side]:.1f} | {used[side]:.1f} |" for side in runs]
    lines += [f"| now / before | {wall['now'] / wall['before']:.2f} | {used['now'] / used['before']:.2f} |"]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--world", type=Path, required=True, help="a folder that `empathy demo` made")
    parser.add_argument("--before", required=True, help="a commit")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--write", type=Path, help="a file for the table")
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as scratch:
        tree = Path(scratch) / "before"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "--detach", "-f", str(tree), chosen.before], check=True, capture_output=True)
        try:
            table = compared(chosen.world, tree, chosen.repeat)
        finally:
            subprocess.run([*git, "remove", "--force", str(tree)], check=True, capture_output=True)
    print(table)
    if chosen.write:
        chosen.write.write_text(table + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
