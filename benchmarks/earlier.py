"""Check out an earlier commit, to measure it and the current one in one run."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def checked_out(commit: str, folder: Path) -> Iterator[Path]:
    """A worktree of a commit, removed at the end.

    Parameters
    ----------
    commit : str
        Any commit-ish of git.
    folder : Path
        Exists; the worktree comes into it.
    """
    root = folder / "before"
    git = ["git", "-C", str(ROOT)]
    subprocess.run([*git, "worktree", "add", "--quiet", "--detach", str(root), commit], check=True)
    try:
        yield root
    finally:
        subprocess.run([*git, "worktree", "remove", "--force", str(root)], check=True)
