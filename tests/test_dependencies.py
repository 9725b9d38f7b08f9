"""Every package that is imported is declared, and every declared package is imported."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from functools import cache
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OWN = {"empathy", "etl", "analysis", "dashboard", "sample_data", "sql"}
WITHOUT_IMPORT = {
    "flask-compress": "Dash compresses with it when asked to",
    "pytz": "DuckDB reads times with a zone through it",
    "tzdata": "zoneinfo reads it where the system has no time zones",
    "pyarrow": "polars and DuckDB exchange tables through it",
    "fastexcel": "polars reads workbooks through it",
    "xlsxwriter": "polars writes workbooks through it",
    "typst": "loaded by name when a PDF is asked for",
}
"""Declared packages that other packages import for us, and why."""
THROUGH_OTHERS = {"flask": "dash", "werkzeug": "dash", "pandas": "statsmodels", "click": "typer"}
"""Imported packages that are a declared package's own."""


@cache
def imported(folder: Path) -> frozenset[str]:
    names: set[str] = set()
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                names.add(node.module.split(".")[0])
    return frozenset(names - OWN - set(sys.stdlib_module_names))


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    offered = project["optional-dependencies"]
    extras = [name for key in offered if key not in ("test", "docs", "mutation") for name in offered[key]]
    return {re.split(r"[\s<>=!;\[]", line)[0].lower().replace("_", "-") for line in [*project["dependencies"], *extras]}


@cache
def distributions() -> dict[str, set[str]]:
    """Import name to the packages that bring it, as installed."""
    return {
        name: {one.lower().replace("_", "-") for one in found}
        for name, found in metadata.packages_distributions().items()
    }


def test_what_is_imported_is_declared() -> None:
    brought, known = distributions(), declared()
    for folder in sorted(OWN - {"sql"}):
        for name in imported(ROOT / folder):
            origin = {THROUGH_OTHERS[name]} if name in THROUGH_OTHERS else brought.get(name, {name.replace("_", "-")})
            assert origin & known, f"{folder} imports {name}; declare it in pyproject.toml"


def test_what_is_declared_is_imported() -> None:
    brought = distributions()
    used = {one for folder in OWN - {"sql"} for name in imported(ROOT / folder) for one in brought.get(name, {name})}
    unused = declared() - used - set(WITHOUT_IMPORT)
    assert not unused, f"declared and not used: {sorted(unused)}"
