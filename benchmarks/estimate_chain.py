"""Processor time that the chain (mechanism, spillover, groups, refreshers) adds to ``empathy estimate``.

    empathy demo --no-serve --dir world
    python -m benchmarks.estimate_chain --world world

Everything is estimated once, in one process, with a clock around the parts that read the chain: mechanism, courses by
skill, raters and links; scores corrected for rater and form; survivors; spillover; dose, ramp and decay; who gains;
refreshers; exits by wave. Time spent within a part counts once. Budget: together at most a third of the rest.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the command line sets it, before NumPy is loaded

from analysis.study.run import estimate_all  # noqa: E402
from etl.configuration import model as empathy_config  # noqa: E402
from etl.configuration.kpis import configured  # noqa: E402
from etl.warehouse.reader import Warehouse  # noqa: E402

PARTS: dict[str, tuple[tuple[str, str], ...]] = {
    "mechanism, courses, raters and links": (("analysis.study.run", "chain_tables"),),
    "scores corrected for rater and form": (("analysis.study.diagnostics", "corrected_skill"),),
    "survivors": (("analysis.study.evidence", "survivors"),),
    "spillover": (
        ("analysis.study.side_rows", "_spillover_rows"),
        ("analysis.study.diagnostics", "exposure_effects"),
    ),
    "dose, ramp and decay": (("analysis.study.side_rows", "_course_rows"),),
    "who gains": (("analysis.study.side_rows", "agent_gains"), ("analysis.study.run", "gain_rows")),
    "refreshers": (("analysis.study.run", "refresher_tables"),),
    "exits by wave": (("analysis.study.run", "exit_rows"),),
}
"""Part to its functions, at the names they are called by."""
BUDGET = 1 / 3


class Clocks:
    """Processor seconds by part; nested parts count for the outer one."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(PARTS, 0.0)
        self._inside = False

    def around(self, part: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, timed."""

        def timed(*given: Any, **named: Any) -> Any:
            if self._inside:
                return work(*given, **named)
            self._inside, began = True, time.process_time()
            try:
                return work(*given, **named)
            finally:
                self._inside = False
                self.seconds[part] += time.process_time() - began

        return timed

    @contextmanager
    def running(self) -> Iterator[None]:
        """Clocks around every part within the block."""
        with ExitStack() as stack:
            for part, places in PARTS.items():
                for module, name in places:
                    found = getattr(importlib.import_module(module), name)
                    stack.enter_context(patch(f"{module}.{name}", self.around(part, found)))
            yield


def measured(config_file: Path) -> tuple[dict[str, float], float]:
    """Processor seconds of every part, and of a whole estimation."""
    config = empathy_config.load(config_file)
    clocks = Clocks()
    with Warehouse(config.warehouse).reader() as cursor, clocks.running():
        began = time.process_time()
        estimate_all(cursor, config, configured(config))
        whole = time.process_time() - began
    return clocks.seconds, whole


def table(parts: dict[str, float], whole: float) -> str:
    """Seconds of every part and their share of the rest."""
    rest = whole - sum(parts.values())
    rows = [("all estimates without the chain", rest), *parts.items(), ("the chain together", sum(parts.values()))]
    lines = ["| part | processor, s | of the rest |", "|---|---:|---:|"]
    return "\n".join([*lines, *(f"| {name} | {seconds:.2f} | {seconds / rest:.1%} |" for name, seconds in rows)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; the exit code says whether the budget holds."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--world", type=Path, required=True, help="a folder that `empathy demo` made")
    parts, whole = measured(parser.parse_args(arguments).world / "empathy.toml")
    print(table(parts, whole))
    return int(sum(parts.values()) > BUDGET * (whole - sum(parts.values())))


if __name__ == "__main__":
    sys.exit(main())
