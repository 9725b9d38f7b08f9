"""What every test shares: small linear systems are solved by one thread, as the command line does."""

from __future__ import annotations

import gc
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def pytest_collection_finish() -> None:
    """Take what is loaded out of the collector's sight, as the server does: no test makes garbage of modules.

    Otherwise every full collection goes through all of it, and statsmodels asks for one in each call of some functions.
    """
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """Put it back, or DuckDB tells of everything out of sight as leaked when the process ends."""
    gc.unfreeze()
