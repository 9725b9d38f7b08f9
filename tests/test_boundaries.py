"""What CONTRIBUTING says of who may write a warehouse and who may query one."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
QUERIES = {"execute", "executemany", "sql", "query", "from_query"}
"""Methods of a connection that take SQL."""
MAY_QUERY = ("analysis/panel", "dashboard/data")
WRITER = "etl/warehouse/publish.py"
IN_MEMORY = (None, ":memory:")


@cache
def parsed(package: str) -> list[tuple[str, ast.Module]]:
    """The files of a package, each with the path it has in the repository."""
    files = sorted((ROOT / package).rglob("*.py"))
    return [(file.relative_to(ROOT).as_posix(), ast.parse(file.read_text(encoding="utf-8"))) for file in files]


@cache
def methods_called(package: str) -> list[tuple[str, ast.Call, str]]:
    """Every call of a method in a package: its file, and the method's name."""
    return [
        (file, node, node.func.attr)
        for file, module in parsed(package)
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]


def calls(package: str, names: set[str]) -> Iterator[tuple[str, ast.Call]]:
    """Method calls of those names, with the file they stand in."""
    return ((file, call) for file, call, name in methods_called(package) if name in names)


def of_a_module(call: ast.Call) -> bool:
    """Whether the call is of a function of an imported module of ours rather than a method of a connection."""
    function = call.func
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "reproduce"
    )


@pytest.mark.parametrize("package", ["analysis", "dashboard"])
def test_only_the_query_layers_query_a_warehouse(package: str) -> None:
    found = {file for file, call in calls(package, QUERIES) if not of_a_module(call)}

    assert found, "the search finds nothing"
    assert {file for file in found if not file.startswith(MAY_QUERY)} == set()


def test_only_one_module_opens_a_database_file_for_writing() -> None:
    """Everybody else connects to memory, and attaches versions read-only."""
    opened = set()
    for package in ("etl", "analysis", "dashboard", "empathy"):
        for file, call in calls(package, {"connect"}):
            module = call.func.value if isinstance(call.func, ast.Attribute) else None
            if isinstance(module, ast.Name) and module.id == "duckdb":
                first = call.args[0] if call.args else ast.Constant(None)
                if not (isinstance(first, ast.Constant) and first.value in IN_MEMORY):
                    opened.add(file)

    assert opened == {WRITER}


def test_versions_are_attached_read_only() -> None:
    text = (ROOT / "etl" / "warehouse" / "reader.py").read_text(encoding="utf-8").lower()

    assert "attach" in text
    assert all("read_only" in line for line in text.splitlines() if "attach '" in line or 'f"attach' in line)


def test_nobody_queries_the_connection_that_a_whole_process_shares() -> None:
    """``duckdb.sql`` uses one connection for the whole process: a result left unread there stops the next caller."""
    shared = {
        f"{file}:{call.lineno}"
        for package in ("etl", "analysis", "dashboard", "empathy", "benchmarks", "sample_data", "tests")
        for file, call in calls(package, QUERIES | {"read_csv", "read_parquet", "read_json", "table", "values"})
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "duckdb"
    }

    assert shared == set()


def test_pages_are_waited_for_with_functions() -> None:
    """A text that is no function is compiled anew at every look, which the dashboard's own security policy forbids:
    such a wait fails whenever the page is not there at the first look."""
    waits = list(calls("tests/browser", {"wait_for_function"}))

    assert waits, "the search finds nothing"
    assert [f"{file}:{call.lineno}" for file, call in waits if "=>" not in ast.unparse(call.args[0])] == []


def test_nothing_loads_scipy_stats_or_statsmodels_before_it_is_needed() -> None:
    """Each takes a second of every start of the command line, and of every process of a server."""
    slow = ("scipy.stats", "statsmodels")
    loaded = set()
    for package in ("etl", "analysis", "dashboard", "empathy", "sample_data"):
        for file, module in parsed(package):
            for node in module.body:
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom):
                    names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
                else:
                    continue
                loaded |= {f"{file}:{node.lineno}" for name in names if name.startswith(slow)}

    assert loaded == set()
