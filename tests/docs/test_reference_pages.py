"""Every command and option, key, KPI and check stands in the documentation, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest

from empathy.documentation import DOCS, PAGES, _sections
from etl.configuration.model import Config


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_program_says(name: str) -> None:
    remade = "run: python -m empathy.documentation"
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), remade


def test_every_key_is_described() -> None:
    silent = [
        f"{header} {key}"
        for header, model in _sections(Config)
        for key, field in model.model_fields.items()
        if not field.description and not (model is Config and key in ("path", "sha256"))
    ]
    assert silent == [], "give Field(description=...)"


def test_every_option_is_described() -> None:
    import typer

    from empathy import app
    from empathy.documentation import _leaves

    def silent(command: Any) -> list[str]:
        return [option.name for option in command.params if option.name != "help" and not getattr(option, "help", None)]

    found = {path: silent(command) for path, command in _leaves(typer.main.get_command(app), "empathy")}
    assert {path: names for path, names in found.items() if names} == {}
