"""Times of an edited assumption, a moved slider, a simulated plan, and the report as PDF and PPTX.

Asked of a warehouse that is there, such as the demo's; nothing is written into it::

    empathy demo --dir demo --no-serve
    python -m benchmarks.money_and_plan -c demo/empathy.toml

No answer is cached. Times are of the process (processor) and of the clock; on a machine with other work to do only the
former says something. Leaves with 1 when a median of the processor is over its budget.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from dashboard.answers import encoded
from dashboard.data.queries import Queries
from dashboard.page import Context
from dashboard.pages import plan, value
from dashboard.report.contents import report_of
from dashboard.report.writers import write
from dashboard.settings import from_config
from dashboard.state import Filters

BUDGETS = {"value_edited": 0.1, "plan_moved": 0.3, "plan_tried": 20.0, "report.pdf": 5.0, "report.pptx": 5.0}
"""Seconds; the whole of a trial, and a report from the data to the file."""


def timed(make: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the processor and of the clock."""
    clock, processor = time.perf_counter(), time.process_time()
    make()
    return time.process_time() - processor, time.perf_counter() - clock


def tried(context: Context) -> int:
    """One trial of the plan of the page, from its first to its last; how many there were."""
    counts: list[float] = [0, 0, 0]
    while counts[0] < plan.TRIALS:
        _, counts = plan.tried(context, {}, counts)
    return int(counts[0])


def reported(context: Context, out: Path) -> None:
    """Write a report of data that nobody asked for yet in this process."""
    fresh = Context(context.settings, Queries(context.settings))
    write(report_of(fresh, today=context.settings.today), out)


def measured(context: Context, times: int = 10) -> dict[str, list[tuple[float, float]]]:
    """Seconds of the processor and of the clock, by what was asked.

    Parameters
    ----------
    context : Context
        Of a warehouse with estimates.
    times : int
        How many edits and moves.
    """

    def edited(n: int) -> None:
        encoded({"page-body.children": value.answer(context, Filters(), {"value.escalation_rate": f"6_9_{12 + n}"})})

    def moved(n: int) -> None:
        choices = {"gap": str(1 + n % 8), "weeks": str(26 + n)}
        encoded({"page-body.children": plan.answer(context, Filters(), choices)})

    value.answer(context, Filters(), {})
    plan.answer(context, Filters(), {})
    found = {
        "value_edited": [timed(lambda n=n: edited(n)) for n in range(times)],
        "plan_moved": [timed(lambda n=n: moved(n)) for n in range(times)],
        "plan_tried": [timed(lambda: tried(context))],
    }
    with tempfile.TemporaryDirectory() as folder:
        for name in ("report.pdf", "report.pptx"):
            found[name] = [timed(lambda name=name: reported(context, Path(folder) / name)) for _ in range(2)]
    return found


def main() -> int:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-c", "--config", type=Path, required=True, help="an empathy.toml with an estimated warehouse")
    settings = from_config(parser.parse_args().config, environ={})
    over = 0
    for name, taken in measured(Context(settings, Queries(settings))).items():
        processor = statistics.median(one for one, _ in taken)
        clock = statistics.median(one for _, one in taken)
        over += processor > BUDGETS[name]
        line = {"asked": name, "processor": round(processor, 3), "clock": round(clock, 3), "budget": BUDGETS[name]}
        print(json.dumps(line), flush=True)
    return int(over > 0)


if __name__ == "__main__":
    sys.exit(main())
