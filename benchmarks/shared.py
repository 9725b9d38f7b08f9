"""Response times of a shared dashboard (``[access]``) for executives, at 5,000 agents.

    python -m benchmarks.shared --write                        # into docs/benchmarks-dashboard.md
    python -m benchmarks.shared --agents 1000 --weeks 52       # something quicker

What readers of a shared dashboard may be told is chosen once for a version and kept beside it; ``choosing_s`` is the
processor time of that, for all KPIs, and ``restart_s`` what another process takes that reads it. Answers are measured
twice: as processor time in one process, which other load does not change (``processor_*``), and as eight people see
them through gunicorn (``shared_people_*``), with the headers of a proxy on this machine. Asked are published cells:
single values of every filter, and single values at one site.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
import time
from itertools import product
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as the server sets it, before NumPy is loaded

from benchmarks.dashboard import (
    BANDS,
    CHANNELS,
    MEASURED,
    PAUSE_SECONDS,
    SITES,
    Client,
    circumstances,
    drive,
    question,
    served,
    summary,
    write_document,
    write_world,
)
from dashboard.app import create_app
from dashboard.data import choosing
from dashboard.data.queries import Queries
from dashboard.privacy.viewer import READER, seen_by
from dashboard.server import settle
from dashboard.settings import from_config

SECRET = "shared-benchmark-of-this-machine-alone"
ACCESS = """
[access]
proxy = ["127.0.0.1"]
hosts = ["127.0.0.1"]
[access.groups.board]
role = "executive"
[access.groups."leads leeds"]
role = "site_lead"
sites = ["Leeds"]
"""
ASKS = {"X-Forwarded-User": "board@example.org", "X-Forwarded-Groups": "board", "X-Empathy-Secret": SECRET}
TEAMS = 30
PORT = 8966
IDLE_TICKS = 5
"""Hundredths of a second of processor that idle workers take in a second."""


def selections(teams: int) -> list[str]:
    """Published cells of the drawn world, written as addresses."""
    bands = [band.replace(" ", "+") for band in BANDS]
    single = [f"?site={site}" for site in SITES] + [f"?channel={channel}" for channel in CHANNELS]
    single += [f"?tenure_band={band}" for band in bands] + [f"?team=T{k}" for k in range(min(TEAMS, teams))]
    return [*single, *(f"?site={site}&{what}" for site, what in product(SITES, ("channel=chat", "channel=voice")))]


def in_process(config: Path, wanted: list[tuple[str, str]]) -> dict[str, Any]:
    """Processor time of choosing the cells, of answers nobody asked for yet, and of the same answers again."""
    queries = Queries(from_config(config))
    started = time.process_time()
    with seen_by(READER):
        queries.held_weeks()
        held = time.process_time()
        choosing.prepare(queries)
        chosen = time.process_time() - held
        choosing.prepare(Queries(from_config(config)), hold=True)
    restarted = time.process_time() - held - chosen
    client = create_app(config).server.test_client()
    settle()
    headers = ASKS | {"Host": "127.0.0.1", "Content-Type": "application/json"}

    def ask(pathname: str, search: str) -> float:
        begun = time.process_time()
        answer = client.post("/_dash-update-component", data=question(pathname, search), headers=headers)
        spent = time.process_time() - begun
        if answer.status_code != 200 or b"not published" in answer.data:
            raise RuntimeError(f"{pathname}{search}: {answer.status_code} {answer.data[:200]!r}")
        return spent

    time.sleep(3 * (restarted + held - started) + 5)  # until its own process has read what is kept
    for kpi in MEASURED:
        ask(f"/effects/{kpi}", "")
    new, again = [ask(*each) for each in wanted], [ask(*each) for each in wanted]
    kept = {"choosing_s": round(chosen, 1), "restart_s": round(restarted, 1)}
    return kept | {"processor_cold": summary(new), "processor_known": summary(again)}


def by_people(config: Path, wanted: list[tuple[str, str]]) -> dict[str, Any]:
    """Eight executives through gunicorn, about a second between an answer and the next click."""
    with served(config, PORT) as (address, master):
        until_quiet(master)
        for _ in range(4):  # on new connections, so that both workers have been asked
            for kpi in MEASURED:
                Client(address, more=ASKS).ask(f"/effects/{kpi}", "")
        cold = drive(address, wanted, PAUSE_SECONDS, ASKS)
        drive(address, wanted * 4, None, ASKS)
        known = drive(address, wanted, PAUSE_SECONDS, ASKS)
    return {"shared_people_cold": summary(cold), "shared_people_known": summary(known)}


def until_quiet(master: int) -> None:
    """Wait until the workers of a server have chosen what they may tell: until they do nothing for two seconds."""
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    before, quiet = -1, 0
    while quiet < 2:
        time.sleep(1)
        ticks = sum(sum(map(int, Path(f"/proc/{pid}/stat").read_text().split()[13:15])) for pid in children)
        quiet = quiet + 1 if ticks - before <= IDLE_TICKS else 0
        before = ticks


def main() -> None:
    """Measure; print the figures, or put them into the document."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--agents", type=int, default=5000)
    parser.add_argument("--weeks", type=int, default=104)
    parser.add_argument("--write", action="store_true", help="put the figures into docs/benchmarks-dashboard.md")
    options = parser.parse_args()
    os.environ |= {"EMPATHY_PROXY_SECRET": SECRET, "EMPATHY_SECRET": SECRET}
    with tempfile.TemporaryDirectory() as place:
        config = write_world(Path(place), options.agents, options.weeks)
        config.write_text(config.read_text(encoding="utf-8") + ACCESS, encoding="utf-8")
        found = circumstances(options.agents, options.weeks)
        wanted = [
            (f"/effects/{kpi}", search)
            for kpi in ("escalation_rate", "upsell_conversion")
            for search in selections(options.agents // 12)
        ]
        random.Random(1).shuffle(wanted)
        found |= in_process(config, wanted) | by_people(config, wanted)
    print(json.dumps(found))
    if options.write:
        write_document("shared", found, "python -m benchmarks.shared --write")


if __name__ == "__main__":
    main()
