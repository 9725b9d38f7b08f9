"""Record which tests execute which line, to find the tests that could detect a fault in a line.

    python -m pytest -p benchmarks.which_tests tests/etl      # writes build/which_tests/<process>.json

As a plugin of pytest it counts with Coverage.py, one context for each test and one for each fixture that several tests
share: what such a fixture runs could fail any test that uses it. Lines that only an import runs belong to no test.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "which_tests"
MEASURED = ("etl", "analysis", "dashboard")


class Recorder:
    """The plugin: lines by context, seconds and shared fixtures by test."""

    def __init__(self) -> None:
        import coverage

        self.lines = coverage.Coverage(
            data_file=None, config_file=False, source=[str(ROOT / name) for name in MEASURED], messages=False
        )
        self.lines.start()
        self.seconds: dict[str, float] = defaultdict(float)
        self.fixtures: dict[str, list[str]] = {}
        self.test = self.context = ""

    def into(self, context: str) -> str:
        """Count what follows for ``context``; returns the one before."""
        before, self.context = self.context, context
        self.lines.switch_context(context)
        return before

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
        """Count what a test runs as its own."""
        shared = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
        self.test = item.nodeid
        self.fixtures[item.nodeid] = [
            _name(definition) for found in shared.values() for definition in found if definition.scope != "function"
        ]
        self.into(item.nodeid)
        started = time.process_time()
        try:
            return (yield)
        finally:
            self.seconds[item.nodeid] += time.process_time() - started
            self.into("")

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Iterator[Any]:
        """Count what a shared fixture runs as its own; its seconds are those of no test."""
        if fixturedef.scope == "function":
            return (yield)
        started, before = time.process_time(), self.into(_name(fixturedef))
        try:
            return (yield)
        finally:
            spent = time.process_time() - started
            self.seconds[_name(fixturedef)] += spent
            self.seconds[self.test] -= spent
            self.into(before)

    def pytest_sessionfinish(self) -> None:
        """Write what was counted."""
        self.lines.stop()
        data = self.lines.get_data()
        found = {
            Path(file).relative_to(ROOT).as_posix(): {
                line: [context for context in contexts if context]
                for line, contexts in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
        FOLDER.mkdir(parents=True, exist_ok=True)
        told = {"code": code(), "lines": found, "seconds": self.seconds, "fixtures": self.fixtures}
        (FOLDER / f"{os.getpid()}.json").write_text(json.dumps(told), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Count from before the first import of what is tested."""
    config.pluginmanager.register(Recorder(), "which-tests")


def _name(definition: Any) -> str:
    return f"fixture {definition.baseid}::{definition.argname}"


@dataclass(frozen=True)
class Known:
    """What was written: contexts by module and line, processor seconds by context, shared fixtures by test."""

    lines: Mapping[str, Mapping[int, tuple[str, ...]]]
    seconds: Mapping[str, float]
    fixtures: Mapping[str, tuple[str, ...]]

    def tests(self, module: str, line: int, at_most: float) -> list[str]:
        """The tests that run the statement at a line, the nearest first, until ``at_most`` seconds are spent.

        Nearest are those of the file named after the module, then those of its package's folder, then all others;
        the quickest first among each. A test costs its own seconds and those of its shared fixtures, unless one
        before it has used them.
        """
        source = (ROOT / module).read_text(encoding="utf-8")
        counted = self.lines.get(module, {})
        contexts = {context for each in statement(source, line) for context in counted.get(each, ())}
        through = {context for context in contexts if context.startswith("fixture ")}
        left = {
            test: self.seconds[test]
            for test in self.seconds
            if not test.startswith("fixture ") and (test in contexts or through & set(self.fixtures.get(test, ())))
        }
        ready: set[str] = set()
        chosen: list[str] = []
        spent = 0.0

        def cost(test: str) -> float:
            return left[test] + sum(self.seconds.get(name, 0) for name in set(self.fixtures[test]) - ready)

        while left:
            test = min(left, key=lambda each: (distance(module, each), cost(each), each))
            spent += cost(test)
            if chosen and spent > at_most:
                break
            chosen.append(test)
            ready.update(self.fixtures[test])
            del left[test]
        return chosen


def distance(module: str, test: str) -> int:
    """0 where a test's file is named after the module, 1 where it lies in its package's folder, 2 elsewhere.

    >>> distance("etl/marts/quality.py", "tests/etl/marts/test_quality_more.py::test_a")
    0
    >>> distance("etl/marts/quality.py", "tests/etl/marts/test_marts.py::test_a")
    1
    """
    file, source = Path(test.split("::")[0]), Path(module)
    if file.stem.startswith(f"test_{source.stem}"):
        return 0
    return 1 if Path("tests", source.parent) in file.parents else 2


def statement(source: str, line: int) -> range:
    """The lines of the innermost statement at a line; of one that holds others, its head alone."""
    tree = ast.parse(source)
    best = range(line, line + 1)
    size = float("inf")
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt):
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if isinstance(body, list) and body else node.end_lineno or node.lineno
            lines = range(node.lineno, max(last, node.lineno) + 1)
            if line in lines and len(lines) < size:
                best, size = lines, len(lines)
    return best


def code() -> str:
    """A hash of the code and its tests: what was counted holds for it alone."""
    found = hashlib.sha256()
    for folder in (*MEASURED, "sql", "sample_data", "tests"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                found.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def written() -> Iterator[dict[str, Any]]:
    """What was counted of the code as it is now, one process after the other."""
    for path in sorted(FOLDER.glob("*.json")):
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["code"] == code():
            yield told


def counted(tests: Iterable[str]) -> bool:
    """Run the tests without a browser and count, unless this code has been counted; true where one of them fails."""
    if next(written(), None):
        return False
    command = [sys.executable, "-m", "pytest", "-q", "-p", "benchmarks.which_tests", "-m", "not browser", *tests]
    return bool(subprocess.run(command, cwd=ROOT, check=False).returncode)


def known() -> Known:
    """Everything that was counted of the code as it is now, put together."""
    lines: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    seconds: dict[str, float] = {}
    fixtures: dict[str, tuple[str, ...]] = {}
    for told in written():
        seconds |= told["seconds"]
        fixtures |= {test: tuple(dict.fromkeys(names)) for test, names in told["fixtures"].items()}
        for module, by_line in told["lines"].items():
            for line, contexts in by_line.items():
                lines[module][int(line)].update(contexts)
    return Known(
        {module: {line: tuple(sorted(each)) for line, each in by_line.items()} for module, by_line in lines.items()},
        seconds,
        fixtures,
    )
