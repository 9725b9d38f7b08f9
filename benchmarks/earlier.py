"""An earlier commit of this repository beside this one, so that both are measured in one run."""

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
        Anything that git takes for one.
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
