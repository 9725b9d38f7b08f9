"""Response times of the Skills page for uncached selections: first answer, and deferred parts.

The world is drawn, not simulated: only its size matters here::

    python benchmarks/skills_page.py                             # 5,000 agents and 104 weeks
    python benchmarks/skills_page.py --agents 300 --weeks 78     # the size of the demo

Budget: the first answer within 300 ms at the 95th percentile, and so what follows it. Times are of the process
(processor) and of the clock; on a machine with other work to do only the former says something. ``max_ms`` is the
slowest selection; the *wide* ones are of agents of every site.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the server sets it, before NumPy is loaded

from benchmarks.dashboard import selections, summary, write_world  # noqa: E402
from dashboard.data.queries import Queries  # noqa: E402
from dashboard.page import Context  # noqa: E402
from dashboard.pages import effects  # noqa: E402
from dashboard.pages import skills as page  # noqa: E402
from dashboard.settings import from_config  # noqa: E402

SKILLS = (
    "empathy_score", "active_listening", "personalisation", "probing_questions", "perspective_taking",
    "trigger_free_language",
)  # fmt: skip
GOAL, OTHER = "escalation_rate", "aht_seconds"
"""The goal of the page, and a KPI whose Effects page is asked beside it: what one estimate takes here and now."""
WIDE = ("from=2024-01-29", "to=2025-06-02", "channel=chat&from=2024-02-05", "channel=voice", "tenure_band=3-12+months")
"""Selections of agents of every site."""


def summed(seconds: list[float]) -> dict[str, float]:
    """Median, 95th percentile and maximum in milliseconds."""
    return summary(seconds) | {"max_ms": round(1000 * max(seconds), 1)}


def timed(make: Callable[[], Any]) -> tuple[float, float]:
    """Seconds of the processor and of the clock."""
    clock, processor = time.perf_counter(), time.process_time()
    make()
    return time.process_time() - processor, time.perf_counter() - clock


def main() -> None:
    """Write the world, ask for every selection once, print the figures as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--agents", type=int, default=5000)
    parser.add_argument("--weeks", type=int, default=104)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        config = write_world(Path(place), options.agents, options.weeks, measured=(*SKILLS, GOAL, OTHER))
        settings = from_config(config, environ={})
        context = Context(settings, Queries(settings))
        for kpi in (*SKILLS, GOAL, OTHER):
            context.queries.held_weeks().columns(kpi)  # read once a version, by whichever page comes first
        first, rest, beside = [], [], []
        for search in selections():
            filters = context.queries.selection(search.lstrip("?"))
            beside.append(timed(lambda f=filters: effects.answer(context, f, OTHER)))
            first.append(timed(lambda f=filters: page.answer(context, f, GOAL)))
            rest.append(timed(lambda f=filters: page._rest_answer(context, [GOAL, f.to_query()])))
        wide_first, wide_rest = [], []
        for search in WIDE:
            filters = context.queries.selection(search)
            wide_first.append(timed(lambda f=filters: page.answer(context, f, GOAL)))
            wide_rest.append(timed(lambda f=filters: page._rest_answer(context, [GOAL, f.to_query()])))
    print(
        json.dumps(
            {
                "agents": options.agents,
                "weeks": options.weeks,
                "first_processor": summed([one for one, _ in first[1:]]),
                "first_clock": summed([one for _, one in first[1:]]),
                "effects_page_processor": summed([one for one, _ in beside[1:]]),
                "effects_page_clock": summed([one for _, one in beside[1:]]),
                "rest_processor": summed([one for one, _ in rest[1:]]),
                "rest_clock": summed([one for _, one in rest[1:]]),
                "wide_first_processor": summed([one for one, _ in wide_first]),
                "wide_first_clock": summed([one for _, one in wide_first]),
                "wide_rest_processor": summed([one for one, _ in wide_rest]),
                "wide_rest_clock": summed([one for _, one in wide_rest]),
            }
        )
    )


if __name__ == "__main__":
    main()
