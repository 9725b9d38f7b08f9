"""HTML attributes whose names are not Python names."""

from __future__ import annotations

from typing import Any


def attributes(names: dict[str, Any]) -> dict[str, Any]:
    """``aria-*`` and ``data-*`` attributes: ``html.Div(..., **attributes({"aria-label": "Pages"}))``."""
    return names
