"""A page that answers otherwise, for one test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dashboard import app as application
from dashboard.pages import overview, pages


def answer_with(monkeypatch: pytest.MonkeyPatch, answer: Callable[..., Any]) -> None:
    """Let the overview be answered by another function."""
    others = tuple(replace(page, answer=answer) if page is overview.PAGE else page for page in pages())
    monkeypatch.setattr(application, "pages", lambda: others)
