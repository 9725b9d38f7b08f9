"""What every test shares: one thread for small linear systems, as the command line has, and no limit of the clock."""

from __future__ import annotations

import gc
import os

from hypothesis import HealthCheck, settings

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

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


def pytest_unconfigure() -> None:
    """Put it back, or DuckDB tells of everything out of sight as leaked when the process ends."""
    gc.unfreeze()
