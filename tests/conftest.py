"""What every test shares: small linear systems and frames in one thread, no waiting for the disk, no time limits."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line has
os.environ.setdefault("POLARS_MAX_THREADS", "1")  # frames are small; tests of threads say how many they want

os.fsync = lambda descriptor: None  # no test cuts the power; tests/acceptance/test_kill.py has processes of its own

# Several suites share the processors: that examples come slowly then says nothing of the code.
settings.register_profile(
    "shared", parent=settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("shared")


def pytest_collection_finish() -> None:
    """Take what is loaded out of the collector's sight, as the server does: no test makes garbage of modules.

    Otherwise every full collection goes through all of it, and statsmodels asks for one in each call of some functions.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)  # a young generation of 700 objects is collected thousands of times a test


def pytest_unconfigure() -> None:
    """Put it back, or DuckDB tells of everything out of sight as leaked when the process ends."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of this checkout, unpacked."""
    out = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(out), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True, text=True)
    (built,) = out.glob("empathy_lift-*.whl")
    target = out / "unpacked"
    with zipfile.ZipFile(built) as archive:
        archive.extractall(target)
    return target
