"""Response times and stability of the dashboard: eight clients, a slow laptop, two hundred readers, ten publications.

Run by hand on a machine that does nothing else; ``--write`` puts the figures, with date, load and processors, into
docs/benchmarks-dashboard.md::

    python benchmarks/dashboard.py --write                               # all parts
    python benchmarks/dashboard.py --agents 1000 --weeks 52 --part cold  # something quicker

Parts: ``cold`` (a selection nobody asked for yet, and the same again), ``click`` (to the new chart in a browser, as
drawing and in Plotly: from an address that changes without a sign before, as a typed date changes it, from a click with
a pointer that stood a quarter of a second on what it clicks, and from "back" and "forward"), ``laptop`` (first chart
with 4x slower processor and 10 Mbit/s, when the page's controls answer, and Plotly from being asked for, ten seconds
later, to standing in the drawing's place), ``publish`` (readers while versions are published), ``memory`` (resident
memory of each worker over mixed requests).
The world is drawn, not simulated: only its size matters here.

``--before COMMIT`` measures ``click`` and ``laptop`` of an earlier commit as well, in a worktree of its own and in turn
with this one, and gives the ratios::

    python benchmarks/dashboard.py --part laptop --part click --before 6f1329d

Eight clients are measured in two ways. *People*: each reads for about a second before the next click; this is what the
budget is about. *Without pause*: each asks again the moment it is answered, so the processors are never idle and the
time is the work of one answer times eight clients over two processors; no eight people do this, but it shows how far
the capacity goes. Clients keep their connections and take compressed answers as browsers do, do not read them, and
share the two processors with the server.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from analysis.study.run import estimate_all  # noqa: E402
from benchmarks.earlier import checked_out  # noqa: E402
from dashboard.app import OUTPUTS  # noqa: E402
from etl.configuration import kpis  # noqa: E402
from etl.configuration import model as empathy_config  # noqa: E402
from etl.warehouse.publish import Draft  # noqa: E402

FIRST_WEEK = date(2024, 1, 1)
SITES = ("Lisbon", "Madrid", "Porto", "Manila", "Leeds")
CHANNELS = ("chat", "voice")
BANDS = ("0-3 months", "3-12 months", "over 12 months")
MEASURED = ("csat_top2", "escalation_rate", "upsell_conversion", "fcr_7d", "aht_seconds")
LIVE = "#react-entry-point"
"""Selector of the page with working controls, which replaces the page shown before any script runs."""
TURNS = 4
"""Number of alternating turns of a comparison, so that both commits see the same machine load."""
SIZE = "size.txt"
WORKERS, CLIENTS, READERS, PUBLICATIONS, MIXED_REQUESTS = 2, 8, 200, 10, 1000
SMALL_AGENTS, SMALL_WEEKS = 240, 40
PAUSE_SECONDS = (0.5, 1.5)
"""How long a person reads between the answer and the next click: evenly distributed, one second on average."""
BUDGET_MS = {"people_cold": 300, "people_known": 60, "shared_people_cold": 300, "shared_people_known": 60}
BUDGET_MS |= {"click_cold": 300, "click_known": 60, "click_plotly": 60}
BUDGET_MS |= {"pointed_cold": 300, "pointed_known": 60, "pointed_plotly": 60, "back_plotly": 60}
RESTS_MILLISECONDS = 250
"""How long a pointer stands on a line of a list before it is pressed; people need a quarter of a second and more."""
DOCUMENT = ROOT / "docs" / "benchmarks-dashboard.md"


def write_world(folder: Path, agents: int, weeks: int, seed: int = 1, measured: tuple[str, ...] = MEASURED) -> Path:
    """A warehouse of the asked size with a true effect of one point on escalations; returns its empathy.toml.

    Skills are scored in one week of four, all other KPIs of ``measured`` in every week.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SIZE).write_text(f"{agents} {weeks}")
    catalogue = kpis.load()
    hidden = "".join(f"[kpis.{name}]\nhidden = true\n" for name in catalogue.ids() if name not in measured)
    config = folder / "empathy.toml"
    config.write_text(
        '[project]\nname = "Benchmark"\n[programme.assignment]\nmode = "team_waves"\nunit = "team"\n' + hidden
    )
    rng = np.random.default_rng(seed)
    teams = agents // 12 or 1
    team = np.arange(agents) % teams
    cohort = np.where(team % 3 == 0, -1, weeks // 3 + (team % 8) * max(1, weeks // 24))
    agent, week, channel = (
        part.ravel() for part in np.meshgrid(np.arange(agents), np.arange(weeks), np.arange(2), indexing="ij")
    )
    trained = (cohort[agent] >= 0) & (week >= cohort[agent])
    den = rng.integers(8, 20, agent.size).astype(float)
    mondays = np.array([FIRST_WEEK + timedelta(weeks=k) for k in range(weeks)], dtype="datetime64[D]")
    cohorts = np.where(cohort >= 0, mondays[np.clip(cohort, 0, weeks - 1)], np.datetime64("NaT"))
    columns: dict[str, Any] = {
        "agent_ix": agent.astype(np.int32),
        "agent_key": np.char.add("a", agent.astype(str)),
        "week": mondays[week],
        "week_ix": week.astype(np.int32),
        "team_id": np.char.add("T", team[agent].astype(str)),
        "site": np.array(SITES)[team[agent] % len(SITES)],
        "channel": np.array(CHANNELS)[channel],
        "queue": np.array(CHANNELS)[channel],
        "tenure_weeks": (week + agent % 90).astype(np.int32),
        "tenure_band": np.array(BANDS)[agent % 3],
        "trained_week": cohorts[agent],
        "scheduled_week": cohorts[agent],
        "team_share_trained": trained.astype(float),
    }
    for kpi in catalogue.values():
        level = 0.15 - 0.01 * trained if kpi.id == "escalation_rate" else 0.15
        drawn = kpi.id in measured
        columns[f"{kpi.id}_num"] = rng.binomial(den.astype(int), level).astype(float) if drawn else np.zeros(agent.size)
        columns[f"{kpi.id}_den"] = den if drawn else np.zeros(agent.size)
        if not kpi.binary:
            columns[f"{kpi.id}_sq"] = columns[f"{kpi.id}_num"] ** 2
        if drawn and kpi.role == "mechanism":
            scored = (agent + week) % 4 == 0
            columns |= {
                name: pl.Series(np.where(scored, columns[name], np.nan)).fill_nan(None)
                for name in columns
                if name.startswith(f"{kpi.id}_")
            }
    people = pl.DataFrame(
        {
            "agent_ix": np.arange(agents, dtype=np.int32),
            "agent_key": np.char.add("a", np.arange(agents).astype(str)),
            "hired_on": np.full(agents, np.datetime64(FIRST_WEEK - timedelta(weeks=80))),
            "site": np.array(SITES)[team % len(SITES)],
            "team_id": np.char.add("T", team.astype(str)),
            "trained_week": cohorts,
            "scheduled_week": cohorts,
            "first_week": np.full(agents, mondays[0]),
            "last_week": np.full(agents, mondays[-1]),
        }
    ).with_columns(left_on=pl.lit(None, dtype=pl.Date), leave_type=pl.lit(None, dtype=pl.String))
    settings = empathy_config.load(config)
    shown = catalogue.with_overrides(settings)
    with Draft.open(settings.warehouse, f"b{seed}") as draft:
        draft.write_table("mart", "agent_week", pl.DataFrame(columns))
        draft.write_table("mart", "agent", people)
        spell = {"agent_ix": [0], "agent_key": ["a0"], "team_id": ["T0"], "site": [SITES[0]], "entry_day": [1],
                 "exit_day": [2], "start_on": [FIRST_WEEK], "trained": [False], "scheduled": [False],
                 "left": [False]}  # fmt: skip
        draft.write_table(
            "mart", "agent_spell", pl.DataFrame(spell).with_columns(leave_type=pl.lit(None, dtype=pl.String))
        )
        if agents <= 500:
            draft.write_results(estimate_all(draft.con, settings, shown, progress=lambda *_: None))
        draft.publish()
    return config


@contextmanager
def served(config: Path, port: int, root: Path = ROOT) -> Iterator[tuple[str, int]]:
    """The dashboard of a worktree under gunicorn with two workers; gives its address and the master's process id."""
    code = f"from dashboard.server import serve; serve({str(config)!r}, port={port}, workers={WORKERS})"
    with open(config.parent / "gunicorn.log", "w") as log:
        process = subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=log, stderr=log)
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(300):
                try:
                    urllib.request.urlopen(f"{address}/healthz", timeout=5).read()
                    break
                except OSError:
                    time.sleep(0.2)
            yield address, process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def question(pathname: str, search: str) -> bytes:
    """What a browser asks on arrival or after a filter."""
    body = {
        "output": ".." + "...".join(OUTPUTS) + "..",
        "outputs": [dict(zip(("id", "property"), name.split("."), strict=True)) for name in OUTPUTS],
        "inputs": [
            {"id": "url", "property": "pathname", "value": pathname},
            {"id": "url", "property": "search", "value": search},
            {"id": "fresh", "property": "data", "value": None},
        ],
        "changedPropIds": ["url.search"],
    }
    return json.dumps(body).encode()


class Client:
    """A browser without a screen: one connection, kept while the server keeps it."""

    def __init__(self, address: str, *, compressed: bool = True, more: Mapping[str, str] | None = None) -> None:
        self._host = address.split("//")[1]
        self._headers = {"Content-Type": "application/json"} | ({"Accept-Encoding": "br"} if compressed else {})
        self._headers |= more or {}
        self._connection = http.client.HTTPConnection(self._host, timeout=120)

    def ask(self, pathname: str, search: str) -> tuple[float, bool, bytes]:
        """Seconds, whether the answer was known to the worker that was asked, and the bytes."""
        body = question(pathname, search)
        started = time.perf_counter()
        try:
            answer, data = self._send(body)
        except (http.client.RemoteDisconnected, ConnectionError):  # closed after two idle seconds, as for a browser
            self._connection.close()
            answer, data = self._send(body)
        seconds = time.perf_counter() - started
        if answer.status != 200 or len(data) < 1000:
            raise RuntimeError(f"{answer.status} {data[:300]!r}")
        return seconds, answer.headers["Server-Timing"] == "kept", data

    def _send(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        self._connection.request("POST", "/_dash-update-component", body, self._headers)
        answer = self._connection.getresponse()
        return answer, answer.read()


def drive(
    address: str,
    asked: list[tuple[str, str]],
    pause: tuple[float, float] | None,
    more: Mapping[str, str] | None = None,
) -> list[float]:
    """Seconds of every answer when eight clients ask, each its share of the questions, with or without pause."""
    seconds: list[list[float]] = [[] for _ in range(CLIENTS)]

    def one(number: int) -> None:
        client, chance = Client(address, more=more), random.Random(number)
        for wanted in asked[number::CLIENTS]:
            if pause:
                time.sleep(chance.uniform(*pause))
            seconds[number].append(client.ask(*wanted)[0])

    threads = [threading.Thread(target=one, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [each for client in seconds for each in client]


def until_known(address: str, asked: list[tuple[str, str]]) -> None:
    """Ask on new connections until no worker had to compute an answer for two rounds."""
    quiet = 0
    while quiet < 2 * WORKERS:
        with ThreadPoolExecutor(CLIENTS) as pool:
            known = list(pool.map(lambda wanted: Client(address).ask(*wanted)[1], asked))
        quiet = quiet + 1 if all(known) else 0


def ask(address: str, pathname: str, search: str) -> tuple[float, bytes]:
    """One question on a connection of its own: seconds and the answer as it is."""
    seconds, _, answer = Client(address, compressed=False).ask(pathname, search)
    return seconds, answer


def selections() -> list[str]:
    """Selections without stored results."""
    found = []
    for site, channel, band in product(SITES, CHANNELS, (None, *BANDS)):
        for start in (None, FIRST_WEEK + timedelta(weeks=4)):
            parts = [f"site={site}", f"channel={channel}"]
            parts += [f"tenure_band={band.replace(' ', '+')}"] if band else []
            parts += [f"from={start.isoformat()}"] if start else []
            found.append("?" + "&".join(parts))
    return found


def summary(seconds: list[float]) -> dict[str, float]:
    """Median and 95th percentile in milliseconds."""
    ordered = sorted(seconds)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
    return {"n": len(ordered), "p50_ms": round(1000 * statistics.median(ordered), 1), "p95_ms": round(1000 * p95, 1)}


def warm(address: str) -> None:
    """Warm up: request every page and KPI for the whole programme from both workers."""
    until_known(address, [("/", ""), *((f"/effects/{kpi}", "?site=Madrid") for kpi in MEASURED)])


def cold(config: Path) -> dict[str, Any]:
    """Eight clients asking for selections nobody asked for, then for the same again; people first, then no pause."""
    wanted = selections()

    def about(*kpis_asked: str) -> list[tuple[str, str]]:
        asked = [(f"/effects/{kpi}", search) for kpi in kpis_asked for search in wanted]
        random.Random(1).shuffle(asked)
        return asked

    with served(config, 8961) as (address, _):
        warm(address)
        by_people, without = about("escalation_rate", "upsell_conversion"), about("csat_top2", "fcr_7d")
        people_cold = drive(address, by_people, PAUSE_SECONDS)
        cold_8 = drive(address, without, None)
        client = Client(address)
        alone = [client.ask("/effects/aht_seconds", search)[0] for search in wanted]
        overview = [client.ask("/", search)[0] for search in wanted]
        until_known(address, [*by_people, *without])
        people_known = drive(address, by_people, PAUSE_SECONDS)
        known_8 = drive(address, [*by_people, *without] * 5, None)
    return {
        "people_cold": summary(people_cold),
        "people_known": summary(people_known),
        "cold_8_clients_without_pause": summary(cold_8),
        "known_8_clients_without_pause": summary(known_8),
        "cold_1_client": summary(alone),
        "cold_1_client_overview": summary(overview),
    }


def click(config: Path, before: Worktree | None = None) -> dict[str, Any]:
    """One browser: from a changed address to the new drawing, first for selections nobody asked for, then again."""
    found = {name: list[float]() for name in ("click_cold", "click_known", "click_plotly")}
    found |= {name: list[float]() for name in ("pointed_cold", "pointed_known", "pointed_plotly", "back_plotly")}
    earlier = {name: list[float]() for name in found}
    wanted = selections()
    parts = [wanted[k::TURNS] for k in range(TURNS)] if before else [wanted]
    with ExitStack() as stack:
        sides = [(stack.enter_context(served(config, 8965))[0], found)]
        if before is not None:
            own = before.world("click", config)
            sides.append((stack.enter_context(served(own, 8966, before.root))[0], earlier))
        for address, _ in sides:
            warm(address)
        for part in parts:
            for address, into in sides:
                into["click_cold"] += click_to_chart(address, part)
        for part in parts:
            for address, into in sides:
                until_known(address, [("/effects/csat_top2", search) for search in part])
                into["click_known"] += click_to_chart(address, part)
                into["click_plotly"] += click_to_chart(address, part, plotly=True)
        for name in ("pointed_cold", "pointed_known", "pointed_plotly"):
            for address, into in sides:
                if name == "pointed_known":
                    until_known(address, [("/effects/csat_top2", search) for search in subsets_of_sites()])
                into[name] += pointed(address, plotly=name == "pointed_plotly")
        for address, into in sides:
            into["back_plotly"] += back_and_forward(address, wanted)
    told = {name: summary(seconds) for name, seconds in found.items()}
    if before is None:
        return told
    was = {name: summary(seconds) for name, seconds in earlier.items()}
    ratios = {name: round(told[name]["p50_ms"] / was[name]["p50_ms"], 2) for name in told}
    return told | {"before": {"commit": before.commit, **was}, "ratio_p50": ratios}


def turned_on() -> list[int]:
    """Which site is clicked next, so that every subset of the sites is met once: a Gray code."""
    return [(k & -k).bit_length() - 1 for k in range(1, 2 ** len(SITES))]


def subsets_of_sites() -> list[str]:
    """The addresses that :func:`turned_on` leads to; a site that is added stands last, as the control has it."""
    found, chosen = [], list[str]()
    for place in turned_on():
        name = sorted(SITES)[place]
        chosen = [one for one in chosen if one != name] if name in chosen else [*chosen, name]
        found.append("?" + "&".join(f"site={one}" for one in chosen))
    return found


CHART = {False: "document.querySelector('#course svg')", True: "document.querySelector('#course .plot').data"}
"""Expression whose object changes with a new chart, for the drawing and for Plotly."""


def open_chart(page: Any, address: str, plotly: bool) -> None:
    """Open a page with a chart and wait for it, as a drawing or with Plotly."""
    page.goto(f"{address}/effects/csat_top2")
    page.wait_for_selector(f"{LIVE} #course svg")
    page.wait_for_load_state("networkidle")
    if plotly:
        page.click("#course [data-explore]")
        page.wait_for_selector("#course .plotted .scatterlayer", timeout=120_000)


def pointed(address: str, *, plotly: bool = False) -> list[float]:
    """Seconds from a click on a site in the open list, where the pointer stood before, to the new chart."""
    chart = CHART[plotly]
    watch = """() => {
      const chart = CHART;
      window.took = new Promise((resolve) => document.addEventListener('click', async (event) => {
        do { await new Promise(requestAnimationFrame); } while (CHART === chart);  // seen in a frame
        resolve((performance.now() - event.timeStamp) / 1000);
      }, { once: true, capture: true }));
    }""".replace("CHART", chart)
    with browser() as page:
        open_chart(page, address, plotly)
        if not plotly:
            page.wait_for_timeout(5000)  # Plotly is compiled while nobody does anything
        page.click(f"{LIVE} #filter-site")
        page.wait_for_selector("[role=option]")
        found = []
        for place in turned_on():
            line = page.locator("[role=option]").nth(place).bounding_box()
            page.mouse.move(line["x"] + 30, line["y"] + line["height"] / 2, steps=4)
            page.wait_for_timeout(RESTS_MILLISECONDS)
            page.evaluate(watch)
            page.mouse.down()
            page.mouse.up()
            found.append(page.evaluate("window.took"))
            page.wait_for_timeout(300)
        return found


def click_to_chart(address: str, searches: list[str], *, plotly: bool = False) -> list[float]:
    """Seconds from a changed address to the new drawing or Plotly chart, in a browser that has been in use."""
    drawn = CHART[plotly]
    script = """async (query) => {
      const drawn = DRAWN;
      const started = performance.now();
      window.dash_clientside.set_props('url', {search: query});
      while (DRAWN === drawn) {
        if (performance.now() - started > 60000) { throw new Error('no new chart: too small a world'); }
        await new Promise(requestAnimationFrame);
      }
      return (performance.now() - started) / 1000;
    }""".replace("DRAWN", drawn)
    with browser() as page:
        open_chart(page, address, plotly)
        for query in ("?site=Madrid", "", "?site=Madrid"):
            page.evaluate(script, query)
        found = []
        for query in searches:
            page.wait_for_timeout(300)
            found.append(page.evaluate(script, query))
        return found


def back_and_forward(address: str, searches: list[str]) -> list[float]:
    """Seconds from "back" and "forward" to the Plotly chart of an answer that the page had, three of them in turn."""
    change = "(query) => window.dash_clientside.set_props('url', {search: query})"
    script = """(step) => new Promise((resolve) => {
      const chart = CHART;
      window.addEventListener('popstate', async (event) => {
        do { await new Promise(requestAnimationFrame); } while (CHART === chart);
        resolve((performance.now() - event.timeStamp) / 1000);
      }, { once: true });
      window.history.go(step);
    })""".replace("CHART", CHART[True])
    with browser() as page:
        open_chart(page, address, plotly=True)
        for query in searches[:2]:
            page.evaluate(change, query)
            page.wait_for_timeout(1000)
        found = []
        for step in [-1, -1, 1, 1] * 8:
            found.append(page.evaluate(script, step))
            page.wait_for_timeout(300)
        return found


@contextmanager
def browser(width: int = 1440, height: int = 900) -> Iterator[Any]:
    """A page in Debian's Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield made.new_page(viewport={"width": width, "height": height})
        made.close()


def laptop(folder: Path, before: Worktree | None = None, runs: int = 3) -> dict[str, Any]:
    """Seconds to the first drawing: processor four times slower, 10 Mbit/s, 40 ms, nothing kept from before."""
    config = write_world(folder / "laptop", SMALL_AGENTS, SMALL_WEEKS)
    found: dict[str, Any] = {}
    with ExitStack() as stack:
        addresses = [stack.enter_context(served(config, 8962))[0]]
        if before is not None:
            addresses.append(stack.enter_context(served(before.world("laptop", config), 8967, before.root))[0])
        for path, selector in (("/", ".kpi-card svg"), ("/effects/escalation_rate", "#course svg")):
            loads: list[list[Load]] = [[] for _ in addresses]
            for address in addresses:
                ask(address, path, "")
            for _ in range(runs):
                for address, into in zip(addresses, loads, strict=True):
                    into.append(throttled(address, path, selector))
            found[path] = of_loads(loads[0])
            if before is not None:
                was = of_loads(loads[1])
                found[path]["before"] = {"commit": before.commit, **was}
                found[path]["ratio"] = round(found[path]["first_chart_s"] / was["first_chart_s"], 2)
    return found


@dataclass
class Load:
    """One first visit: seconds to the first chart, to controls that answer, to Plotly from asking; what was fetched."""

    chart: float
    controls: float
    plotly: float | None
    kilobytes: int
    external: int


def throttled(address: str, path: str, selector: str) -> Load:
    """A first visit on the slow laptop."""
    with browser() as page:
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        rate = 10e6 / 8
        network = {"offline": False, "latency": 40, "downloadThroughput": rate, "uploadThroughput": rate}
        session.send("Network.emulateNetworkConditions", network)
        session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        sizes: list[float] = []
        session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        started = time.perf_counter()
        page.goto(address + path, wait_until="commit")
        page.wait_for_selector(selector, timeout=120_000)
        chart = time.perf_counter() - started
        page.wait_for_selector(f"{LIVE} {selector}", timeout=120_000)
        controls = time.perf_counter() - started
        kilobytes = int(sum(sizes)) // 1000
        plotly = asked_for_plotly(page) if path != "/" else None
        external = sum(not url.startswith((address, "data:", "blob:")) for url in asked)
    return Load(chart, controls, plotly, kilobytes, external)


def of_loads(loads: list[Load]) -> dict[str, Any]:
    """The medians of some first visits."""
    plotly = [load.plotly for load in loads if load.plotly is not None]
    return {
        "first_chart_s": round(statistics.median(load.chart for load in loads), 2),
        "runs_s": [round(load.chart, 2) for load in loads],
        "controls_s": round(statistics.median(load.controls for load in loads), 2),
        "kilobytes_on_the_wire": loads[-1].kilobytes,
        "external_requests": max(load.external for load in loads),
        **({"plotly_s": round(statistics.median(plotly), 2)} if plotly else {}),
    }


def asked_for_plotly(page: Any) -> float:
    """Seconds from asking for Plotly, ten seconds after the first chart, to its chart in the drawing's place."""
    page.wait_for_timeout(10_000)
    started = time.perf_counter()
    page.click("#course [data-explore]")
    page.wait_for_selector("#course .plotted .scatterlayer", timeout=120_000)
    return time.perf_counter() - started


def publish(folder: Path) -> dict[str, Any]:
    """Two hundred readers, each with about a second between questions, while ten versions are published.

    Every answer must be complete.
    """
    config = write_world(folder / "publish", SMALL_AGENTS, SMALL_WEEKS, seed=0)
    failures: list[str] = []
    versions: list[str] = []
    stop = threading.Event()

    def read(address: str) -> None:
        while not stop.is_set():
            try:
                _, answer = ask(address, "/effects/escalation_rate", "")
                run_id = json.loads(answer)["response"]["state"]["data"]["run_id"]
                versions.append(run_id)
            except (OSError, RuntimeError, KeyError, http.client.HTTPException) as error:
                failures.append(f"{type(error).__name__}: {str(error)[:120]}")
            stop.wait(random.uniform(*PAUSE_SECONDS))

    with served(config, 8963) as (address, _):
        readers = [threading.Thread(target=read, args=(address,)) for _ in range(READERS)]
        for reader in readers:
            reader.start()
        for number in range(1, PUBLICATIONS + 1):
            write_world(folder / "publish", SMALL_AGENTS, SMALL_WEEKS, seed=number)
        time.sleep(2)
        stop.set()
        for reader in readers:
            reader.join()
    return {
        "readers": READERS,
        "publications": PUBLICATIONS,
        "answers": len(versions),
        "versions_seen": len(set(versions)),
        "failures": len(failures),
        "first_failures": failures[:3],
    }


def memory(config: Path) -> dict[str, Any]:
    """Resident memory of each worker after every hundred of a thousand mixed requests."""
    wanted = [
        (path, q) for q in ("", *selections()) for path in ("/", "/effects/escalation_rate", "/effects/csat_top2")
    ]
    with served(config, 8964) as (address, master):
        children = [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]
        series: list[list[int]] = []
        with ThreadPoolExecutor(CLIENTS) as pool:
            for start in range(0, MIXED_REQUESTS, 100):
                batch = [wanted[(start + k) % len(wanted)] for k in range(100)]
                list(pool.map(lambda part: ask(address, *part), batch))
                series.append([resident(pid) for pid in children])
    return {"requests": MIXED_REQUESTS, "megabytes_per_worker_every_100": series}


def resident(pid: int) -> int:
    """Resident megabytes of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) // 1024
    return 0


@dataclass(frozen=True)
class Worktree:
    """An earlier commit, checked out beside this one.

    Attributes
    ----------
    commit : str
        Its short name.
    root, folder : Path
        Where it is checked out; where its worlds are written.
    """

    commit: str
    root: Path
    folder: Path

    def world(self, name: str, like: Path) -> Path:
        """A world of the same size as another, written by the commit's own code; returns its empathy.toml."""
        size = sizes_of(like)
        code = (
            "import sys; sys.path.insert(0, '.'); from pathlib import Path; "
            "from benchmarks.dashboard import write_world; "
            f"write_world(Path({str(self.folder / name)!r}), {size[0]}, {size[1]})"
        )
        subprocess.run([sys.executable, "-c", code], cwd=self.root, check=True)
        return self.folder / name / "empathy.toml"


@contextmanager
def measured_before(commit: str, folder: Path) -> Iterator[Worktree]:
    """An earlier commit with a folder for the worlds that it reads."""
    with checked_out(commit, folder) as root:
        short = ["git", "-C", str(root), "rev-parse", "--short", "HEAD"]
        name = subprocess.run(short, check=True, capture_output=True, text=True).stdout.strip()
        yield Worktree(name, root, folder / "worlds")


def sizes_of(config: Path) -> tuple[int, int]:
    """Agents and weeks of a world that :func:`write_world` wrote."""
    agents, weeks = (config.parent / SIZE).read_text().split()
    return int(agents), int(weeks)


LARGE: dict[str, Callable[..., dict[str, Any]]] = {"cold": cold, "click": click, "memory": memory}
"""Parts that need the large world, given its configuration."""
SMALL: dict[str, Callable[..., dict[str, Any]]] = {"laptop": laptop, "publish": publish}
"""Parts that make small worlds of their own in a folder."""
COMPARED = ("click", "laptop")
"""Parts that ``--before`` measures of an earlier commit as well."""


def main() -> None:
    """Run the parts asked for; write one JSON object, or the document."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--agents", type=int, default=5000)
    parser.add_argument("--weeks", type=int, default=104)
    parser.add_argument("--part", action="append", choices=[*LARGE, *SMALL])
    parser.add_argument("--out", type=Path, help="write the figures as JSON")
    parser.add_argument("--write", action="store_true", help=f"put the figures into {DOCUMENT.relative_to(ROOT)}")
    parser.add_argument("--before", metavar="COMMIT", help=f"compare {' and '.join(COMPARED)} with an earlier commit")
    options = parser.parse_args()
    parts = options.part or [*LARGE, *SMALL]
    os.environ.pop("EMPATHY_PROXY_HOPS", None)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        before = stack.enter_context(measured_before(options.before, folder)) if options.before else None
        config = write_world(folder / "large", options.agents, options.weeks) if set(parts) & set(LARGE) else folder
        for part in parts:
            large = part in LARGE
            beside = circumstances(options.agents if large else SMALL_AGENTS, options.weeks if large else SMALL_WEEKS)
            more = (before,) if part in COMPARED else ()
            found[part] = beside | (LARGE[part](config, *more) if large else SMALL[part](folder, *more))
            print(json.dumps({part: found[part]}), flush=True)
            if options.write:
                command = f"python benchmarks/dashboard.py --part {part} --write"
                write_document(
                    part, found[part], f"{command} --before {options.before}" if more and before else command
                )
    if options.out:
        options.out.write_text(json.dumps(found, indent=2) + "\n")


def yardstick() -> float:
    """Seconds of ten million additions in plain Python, the best of three: how fast the machine is at the moment."""
    best = float("inf")
    for _ in range(3):
        started, total = time.perf_counter(), 0
        for number in range(10_000_000):
            total += number
        best = min(best, time.perf_counter() - started)
    return round(best, 2)


def circumstances(agents: int, weeks: int) -> dict[str, Any]:
    """With what, when and beside what is measured."""
    return {
        "agents": agents,
        "weeks": weeks,
        "date": date.today().isoformat(),
        "load": round(os.getloadavg()[0], 2),
        "yardstick_s": yardstick(),
        "processors": len(os.sched_getaffinity(0)),
    }


def write_document(part: str, figures: dict[str, Any], command: str = "") -> None:
    """Replace a part's section of the document; text outside the sections is not changed."""
    text = DOCUMENT.read_text(encoding="utf-8")
    start, end = f"<!-- {part} -->", f"<!-- end of {part} -->"
    before, rest = text.split(start)
    _, after = rest.split(end)
    command = command or f"python benchmarks/dashboard.py --part {part} --write"
    made = (
        f"`{command}`, {figures['date']}: {figures['agents']:,} agents x "
        f"{figures['weeks']} weeks, gunicorn with {WORKERS} workers, {figures['processors']} processors, load average "
        f"{figures['load']} before, ten million additions in plain Python {figures['yardstick_s']} s.\n\n"
    )
    DOCUMENT.write_text(f"{before}{start}\n{made}{section(part, figures)}\n{end}{after}", encoding="utf-8")


WORDS = {
    "people_cold": "eight people (a click, about a second of reading, the next), selection nobody asked for yet",
    "people_known": "eight people, selection known to the server",
    "cold_8_clients_without_pause": "eight clients without pause, selection nobody asked for yet",
    "known_8_clients_without_pause": "eight clients without pause, selection known to the server",
    "cold_1_client": "one client, selection nobody asked for yet",
    "cold_1_client_overview": "one client, the same on the Overview (sentence and cards)",
    "click_cold": "address to new chart in a browser, selection nobody asked for yet",
    "click_known": "address to new chart in a browser, selection known to the server",
    "processor_cold": "processor time of an answer in one process, selection nobody asked for yet",
    "processor_known": "processor time of an answer in one process, selection known",
    "shared_people_cold": "eight executives, about a second between clicks, selection nobody asked for yet",
    "shared_people_known": "eight executives, selection known to the server",
    "click_plotly": "address to new Plotly chart where Plotly is chosen, selection known",
    "pointed_cold": "click with a pointer to new chart, selection nobody asked for before it was pointed at",
    "pointed_known": "click with a pointer to new chart, selection known to the server",
    "pointed_plotly": "click with a pointer to new Plotly chart where Plotly is chosen, selection known",
    "back_plotly": "back and forward to the Plotly chart of an answer that the page had",
}


def compared(page: Mapping[str, Any]) -> str:
    """The first chart of an earlier commit, with the ratio."""
    if "before" not in page:
        return ""
    return f"{page['before']['first_chart_s']} ({page['before']['commit']}): {page['ratio']} times"


def section(part: str, figures: dict[str, Any]) -> str:
    """A part's figures in words."""
    if part in ("cold", "click", "shared"):
        rows = [
            f"| {words} | {figures[name]['n']} | {figures[name]['p50_ms']:.0f} | {figures[name]['p95_ms']:.0f} "
            f"| {BUDGET_MS.get(name, '')} |"
            for name, words in WORDS.items()
            if name in figures
        ]
        table = ["| what | answers | p50, ms | p95, ms | budget p95 |", "|---|---:|---:|---:|---:|", *rows]
        seconds, again = figures.get("choosing_s"), figures.get("restart_s")
        chosen = f"Choosing the cells of a version, once for all KPIs: {seconds} s of processor; a restart: {again} s."
        if "before" in figures:
            was, ratios = figures["before"], figures["ratio_p50"]
            earlier = ", ".join(f"{was[name]['p50_ms']:.0f} / {was[name]['p95_ms']:.0f} ms" for name in ratios)
            table += [
                "",
                f"The same of {was['commit']} in the same run, p50 / p95 in the order of the table: {earlier}.",
            ]
        return "\n".join([*table, "", chosen] if part == "shared" else table)
    if part == "laptop":
        pages = {path: figures[path] for path in figures if path.startswith("/")}
        rows = [
            f"| `{path}` | {one['first_chart_s']} | {one['controls_s']} | {one['kilobytes_on_the_wire']} | "
            f"{one['external_requests']} | {compared(one)} |"
            for path, one in pages.items()
        ]
        head = [
            "| page | first chart, s | controls answer, s | kB on the wire | requests to anybody else "
            "| first chart before, s |",
            "|---|---:|---:|---:|---:|---:|",
        ]
        asked = [
            f"Plotly, asked for on `{path}`: {one['plotly_s']} s"
            + (f" (before: {one['before']['plotly_s']} s)." if "before" in one else ".")
            for path, one in pages.items()
            if "plotly_s" in one
        ]
        return "\n".join([*head, *rows, "", *asked]).rstrip()
    if part == "publish":
        return (
            f"{figures['readers']} readers during {figures['publications']} publications: {figures['answers']:,} whole "
            f"answers from {figures['versions_seen']} versions, {figures['failures']} failures."
        )
    series = figures["megabytes_per_worker_every_100"]
    ends = [" and ".join(str(each) for each in series[k]) for k in (0, len(series) // 2, -1)]
    return (
        f"Resident memory of the two workers, MB: {ends[0]} after 100 mixed requests, {ends[1]} in the middle, "
        f"{ends[2]} after {figures['requests']:,}."
    )


if __name__ == "__main__":
    main()
