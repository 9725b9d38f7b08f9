"""What every server process has before the libraries that count load."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard import wsgi

ROOT = Path(__file__).resolve().parents[2]
SEEN_BY_NUMPY = """
import os, sys
class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "numpy":
            print(os.environ.get("OPENBLAS_NUM_THREADS"), flush=True)
            os._exit(0)
sys.meta_path.insert(0, Watch())
import dashboard.wsgi
"""


@pytest.mark.parametrize(("given", "found"), [(None, "1"), ("4", "4")])
def test_a_worker_solves_with_one_thread_unless_told_otherwise(given: str | None, found: str) -> None:
    environ = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    environ |= {} if given is None else {"OPENBLAS_NUM_THREADS": given}
    run = [sys.executable, "-c", SEEN_BY_NUMPY]
    made = subprocess.run(run, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
    assert made.stdout.strip() == found


def test_the_entry_point_is_the_one_that_operations_names() -> None:
    told = re.findall(r"gunicorn '(dashboard\.wsgi:\w+\(\))'", (ROOT / "docs" / "operations.md").read_text("utf-8"))
    assert told == ["dashboard.wsgi:application()"]
    assert wsgi.__doc__ is not None
    assert told[0] in wsgi.__doc__
    assert callable(wsgi.application)
