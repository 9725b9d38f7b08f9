"""The dashboard: pages on the warehouse and its estimates.

``create_app`` builds it, ``serve`` runs it. :mod:`dashboard.pages` describes how to add a page.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

# Read by NumPy's libraries when they load, so it stands before every import. Workers are processes with threads of
# their own; systems of a few hundred weeks are solved faster by one thread than by several that wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

if TYPE_CHECKING:
    from dashboard.app import create_app
    from dashboard.server import serve

__all__ = ["create_app", "serve"]
_HOME = {"create_app": "dashboard.app", "serve": "dashboard.server"}


def __getattr__(name: str) -> Any:
    """Import the application on first use, so that importing one module does not load Dash and SciPy."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
