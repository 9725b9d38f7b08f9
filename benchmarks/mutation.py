"""Mutation testing: change one operator or number, run the tests that execute it, count detected mutants.

    make mutation                                        # 300 mutants; the first run counts lines for half an hour
    python -m benchmarks.mutation --mutants 40 --seed 7   # fewer, other ones
    python -m benchmarks.mutation --show                  # the score and the survivors so far

Mutants are drawn from the packages in ``PARTS``: first a place in the code, each as likely as any other, then one
change of that place (Cosmic Ray makes the changes). ``benchmarks.which_tests`` has counted which tests run which line:
those that run the changed statement are run, the nearest and quickest first, until one fails or half a minute's worth
of them has run.
Where only an import runs it, the tests of its part are run. A mutant that all of them pass has survived.
Results are kept in ``build/mutation.jsonl``, so a stopped run goes on.

Left out, because no test could or should detect them: type annotations, ``==`` changed to ``is``, caches taken off a
function, options of a dataclass (``frozen``, ``slots``).
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import which_tests

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "mutation.jsonl"
ENOUGH = 30
"""Most processor seconds of tests per mutant; a mutant detected by none of them has survived."""
LONGEST = 150
"""Processor seconds after which the tests of one mutant are stopped; a mutant that never ends is noticed."""


@dataclass(frozen=True)
class Part:
    """A package whose faults are looked for, and the tests of what only its import runs."""

    package: str
    tests: tuple[str, ...]


MARTS = ("every_kpi", "corrections", "what_is_known")
PARTS = (
    Part("dashboard/privacy", ("tests/dashboard/privacy", "tests/dashboard/test_http.py")),
    Part("etl/landing", ("tests/etl/landing", "tests/etl/sources", "tests/etl/test_build.py")),
    Part("etl/marts", ("tests/etl/marts", *(f"tests/etl/test_{each}.py" for each in MARTS))),
    Part("analysis/inference", ("tests/analysis/inference", "tests/analysis/estimators", "tests/analysis/checks")),
    Part("analysis/value", ("tests/analysis/value", "tests/dashboard/pages/test_value.py")),
)


@dataclass(frozen=True)
class Mutant:
    """One change of one place: ``operator`` and its ``occurrence`` in ``module``, as Cosmic Ray names them."""

    module: str
    line: int
    operator: str
    occurrence: int

    @property
    def key(self) -> str:
        """The mutant as one text."""
        return f"{self.module}:{self.line} {self.operator} {self.occurrence}"


def unnoticeable(source: str) -> set[tuple[int, int]]:
    """Places (line, column) of annotations, caches and options of dataclasses, which no test should notice."""
    places: set[tuple[int, int]] = set()

    def cover(node: ast.AST | None) -> None:
        for inner in ast.walk(node) if node is not None else ():
            if isinstance(inner, ast.expr):
                last = inner.end_lineno or inner.lineno
                for line in range(inner.lineno, last + 1):
                    start = inner.col_offset if line == inner.lineno else 0
                    end = inner.end_col_offset or 0 if line == last else 500
                    places.update((line, column) for column in range(start, end + 1))

    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            cover(node.returns)
            every = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg)
            for argument in every:
                cover(argument.annotation if argument is not None else None)
        elif isinstance(node, ast.AnnAssign):
            cover(node.annotation)
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                if any(word in ast.unparse(decorator) for word in ("cache", "dataclass")):
                    cover(decorator)
                    places.update((decorator.lineno, column) for column in range(decorator.col_offset))
    return places


def possible(module: str) -> dict[tuple[int, int], list[Mutant]]:
    """Every mutant of a module by its place."""
    from cosmic_ray import plugins
    from cosmic_ray.ast import ast_nodes, get_ast

    source = (ROOT / module).read_text(encoding="utf-8")
    skipped, tree = unnoticeable(source), get_ast(source)
    found: dict[tuple[int, int], list[Mutant]] = {}
    for name in sorted(plugins.operator_names()):
        operator = plugins.get_operator(name)
        if operator.arguments() or name.endswith(("_Is", "_IsNot")) or "NoOp" in name:
            continue
        places = (start for node in ast_nodes(tree) for start, _ in operator().mutation_positions(node))
        for occurrence, place in enumerate(places):
            if place not in skipped:
                found.setdefault(place, []).append(Mutant(module, place[0], name, occurrence))
    return found


def drawn(part: Part, count: int, seed: int) -> list[Mutant]:
    """``count`` mutants of a part: places without replacement, one change of each."""
    rng = random.Random(f"{part.package} {seed}")
    modules = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / part.package).rglob("*.py"))
    places = [choices for module in modules for _, choices in sorted(possible(module).items())]
    return [rng.choice(choices) for choices in rng.sample(places, min(count, len(places)))]


def shares(count: int) -> list[int]:
    """How many mutants each part gets, by its lines of code."""
    lines = [
        sum(len(path.read_text("utf-8").splitlines()) for path in (ROOT / part.package).rglob("*.py")) for part in PARTS
    ]
    each = [max(1, round(count * n / sum(lines))) for n in lines]
    each[each.index(max(each))] += count - sum(each)
    return each


def copied(folder: Path) -> None:
    """Everything git knows of, in ``folder``."""
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)


def limited() -> None:
    """Let the system stop this process after ``LONGEST`` processor seconds, however busy the machine is."""
    resource.setrlimit(resource.RLIMIT_CPU, (LONGEST, LONGEST))


def noticed(folder: Path, tests: Iterable[str]) -> str:
    """The test that failed first, "too long", or nothing where all passed.

    Raises:
        LookupError: pytest does not know one of ``tests``, so nothing was tried.
    """
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "CI": "true"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-m", "not browser", *tests]
    run = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, preexec_fn=limited
    )
    if run.returncode < 0:
        return "too long"
    if "ERROR: not found" in run.stderr + run.stdout:
        raise LookupError((run.stderr + run.stdout)[-2000:])
    if run.returncode:
        said = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
        return said[0].split(" - ")[0] if said else f"exit code {run.returncode}"
    return ""


def tried(mutant: Mutant, part: Part, folder: Path, known: which_tests.Known) -> dict[str, object]:
    """Apply one mutant to the copy, run the tests, put the module back."""
    from cosmic_ray import plugins
    from cosmic_ray.mutating import mutate_code

    original = (ROOT / mutant.module).read_text(encoding="utf-8")
    changed = mutate_code(original, plugins.get_operator(mutant.operator)(), mutant.occurrence)
    lines = zip(original.splitlines(), (changed or original).splitlines(), strict=False)
    was, now = next(((a.strip(), b.strip()) for a, b in lines if a != b), ("", ""))
    started = time.monotonic()
    try:
        (folder / mutant.module).write_text(changed or original, encoding="utf-8")
        by = noticed(folder, tuple(known.tests(mutant.module, mutant.line, ENOUGH)) or part.tests)
    finally:
        (folder / mutant.module).write_text(original, encoding="utf-8")
    return {
        **asdict(mutant), "key": mutant.key, "part": part.package, "was": was, "now": now, "by": by,
        "seconds": round(time.monotonic() - started, 1),
    }  # fmt: skip


def remembered() -> Iterator[dict[str, object]]:
    """Results of earlier runs."""
    if RESULTS.exists():
        for line in RESULTS.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)


def show(results: list[dict[str, object]]) -> str:
    """The score by part as a Markdown table, and every survivor."""
    total, killed = (
        Counter(str(row["part"]) for row in results),
        Counter(str(row["part"]) for row in results if row["by"]),
    )
    lines = ["| part | mutants | noticed | share |", "|---|---|---|---|"]
    for part in [*sorted(total), ""]:
        n, k = (total[part], killed[part]) if part else (len(results), sum(killed.values()))
        lines.append(f"| {part or 'all'} | {n} | {k} | {k / max(n, 1):.0%} |")
    lines += ["", "| survivor | was | became |", "|---|---|---|"]
    for row in sorted((row for row in results if not row["by"]), key=lambda row: str(row["key"])):
        cells = (str(row[name]).replace("|", "\\|") for name in ("was", "now"))
        lines.append(f"| `{row['module']}:{row['line']}` | " + " | ".join(f"`{cell}`" for cell in cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Run what has not been run, then print the score."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutants", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", action="store_true", help="only print what is known")
    parser.add_argument("--part", help="only mutants of this package")
    given = parser.parse_args()
    results = {str(row["key"]): row for row in remembered()}
    if not given.show:
        wanted = [
            (mutant, part)
            for part, count in zip(PARTS, shares(given.mutants), strict=True)
            if given.part in (None, part.package)
            for mutant in drawn(part, count, given.seed)
        ]
        random.Random(given.seed).shuffle(wanted)
        RESULTS.parent.mkdir(exist_ok=True)
        if which_tests.counted(sorted({test for part in PARTS for test in part.tests})):
            sys.exit("These tests fail without any mutant. Mend them first.")
        known = which_tests.known()
        with tempfile.TemporaryDirectory() as name:
            copied(Path(name))
            for number, (mutant, part) in enumerate(wanted, start=1):
                if mutant.key not in results:
                    row = results[mutant.key] = tried(mutant, part, Path(name), known)
                    with RESULTS.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(row) + "\n")
                    print(
                        f"{number}/{len(wanted)} {mutant.key}: {row['by'] or 'SURVIVED'} ({row['seconds']} s)",
                        flush=True,
                    )
    print(show(list(results.values())))


if __name__ == "__main__":
    main()
