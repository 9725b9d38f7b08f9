"""The dashboard: what the warehouse and its estimates say, for people who decide, plan and doubt.

``create_app`` builds it, ``serve`` runs it. How to add a page stands in :mod:`dashboard.pages`.
"""

from __future__ import annotations

from dashboard.app import create_app, serve

__all__ = ["create_app", "serve"]
