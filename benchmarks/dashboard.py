"""How fast, how steady: the dashboard under eight clients, a slow laptop, two hundred readers and ten publications.

Run by hand; results are written down in docs/benchmarks with the machine they come from::

    python benchmarks/dashboard.py --out dashboard.json                 # all parts
    python benchmarks/dashboard.py --agents 1000 --weeks 52 --part cold  # something quicker

Parts: ``cold`` (a selection nobody asked for yet: server time and time to the new chart), ``laptop`` (first chart with
4x slower processor and 10 Mbit/s), ``publish`` (readers while versions are published), ``memory`` (resident memory of
each worker over mixed requests). The world is drawn, not simulated: only its size matters here.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from analysis.run import estimate_all  # noqa: E402
from etl import config as empathy_config  # noqa: E402
from etl import kpis  # noqa: E402
from etl.publish import Draft  # noqa: E402

FIRST_WEEK = date(2024, 1, 1)
SITES = ("Lisbon", "Madrid", "Porto", "Manila", "Leeds")
CHANNELS = ("chat", "voice")
BANDS = ("0-3 months", "3-12 months", "over 12 months")
MEASURED = ("csat_top2", "escalation_rate", "upsell_conversion", "fcr_7d", "aht_seconds")
WORKERS, CLIENTS, READERS, PUBLICATIONS, MIXED_REQUESTS = 2, 8, 200, 10, 1000
OUTPUTS = ("page-body.children", "state.data", "notices.children", "footer.children", "print-header.children")


def write_world(folder: Path, agents: int, weeks: int, seed: int = 1) -> Path:
    """A warehouse of the asked size with a true effect of one point on escalations; returns its empathy.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    catalogue = kpis.load()
    hidden = "".join(f"[kpis.{name}]\nhidden = true\n" for name in catalogue.ids() if name not in MEASURED)
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
        drawn = kpi.id in MEASURED
        columns[f"{kpi.id}_num"] = rng.binomial(den.astype(int), level).astype(float) if drawn else np.zeros(agent.size)
        columns[f"{kpi.id}_den"] = den if drawn else np.zeros(agent.size)
        if not kpi.binary:
            columns[f"{kpi.id}_sq"] = columns[f"{kpi.id}_num"] ** 2
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
def served(config: Path, port: int) -> Iterator[tuple[str, int]]:
    """The dashboard under gunicorn with two workers; gives its address and the process id of the master."""
    code = f"from dashboard.app import serve; serve({str(config)!r}, port={port}, workers={WORKERS})"
    with open(config.parent / "gunicorn.log", "w") as log:
        process = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=log, stderr=log)
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


def ask(address: str, pathname: str, search: str) -> tuple[float, bytes]:
    """What a browser asks on arrival or after a filter: seconds and the answer."""
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
    request = urllib.request.Request(
        f"{address}/_dash-update-component", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    started = time.perf_counter()
    answer = urllib.request.urlopen(request, timeout=120).read()
    seconds = time.perf_counter() - started
    if b"page-body" not in answer:
        raise RuntimeError(answer[:300].decode())
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


def cold(config: Path) -> dict[str, Any]:
    """Eight clients asking for selections nobody asked for, then for the same again; and one browser clicking."""
    with served(config, 8961) as (address, _):
        for search in ("", "?site=Madrid"):
            for _ in range(2 * WORKERS):
                ask(address, "/effects/escalation_rate", search)
        wanted = selections()
        with ThreadPoolExecutor(CLIENTS) as pool:
            first = [s for s, _ in pool.map(lambda q: ask(address, "/effects/escalation_rate", q), wanted)]
            for _ in range(2):  # both workers have seen every selection after this
                list(pool.map(lambda q: ask(address, "/effects/escalation_rate", q), wanted))
            again = [s for s, _ in pool.map(lambda q: ask(address, "/effects/escalation_rate", q), wanted * 3)]
        alone = [ask(address, "/effects/aht_seconds", q)[0] for q in wanted[:20]]
        clicks = click_to_chart(address)
    return {
        "cold_8_clients": summary(first),
        "cold_1_client": summary(alone),
        "cached_8_clients": summary(again),
        "click_to_new_chart": summary(clicks),
    }


def click_to_chart(address: str) -> list[float]:
    """Seconds from a changed address to the new drawing, in a browser."""
    script = """async (query) => {
      const drawn = document.querySelector('#course svg');
      const started = performance.now();
      window.dash_clientside.set_props('url', {search: query});
      while (document.querySelector('#course svg') === drawn) { await new Promise(requestAnimationFrame); }
      return (performance.now() - started) / 1000;
    }"""
    with browser() as page:
        page.goto(f"{address}/effects/csat_top2")
        page.wait_for_selector("#course svg")
        return [page.evaluate(script, query) for query in selections()[:40]]


@contextmanager
def browser(width: int = 1440, height: int = 900) -> Iterator[Any]:
    """A page in Debian's Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield made.new_page(viewport={"width": width, "height": height})
        made.close()


def laptop(folder: Path, runs: int = 3) -> dict[str, Any]:
    """Seconds to the first drawing: processor four times slower, 10 Mbit/s, 40 ms, nothing kept from before."""
    config = write_world(folder / "laptop", 240, 40)
    found: dict[str, Any] = {}
    with served(config, 8962) as (address, _):
        for path, selector in (("/", ".kpi-card svg"), ("/effects/escalation_rate", "#course svg")):
            ask(address, path, "")
            seconds, requests, bytes_in = [], 0, 0
            for _ in range(runs):
                with browser() as page:
                    session = page.context.new_cdp_session(page)
                    session.send("Network.enable")
                    rate = 10e6 / 8
                    network = {"offline": False, "latency": 40, "downloadThroughput": rate, "uploadThroughput": rate}
                    session.send("Network.emulateNetworkConditions", network)
                    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
                    sizes: list[float] = []
                    session.on("Network.loadingFinished", lambda e, sizes=sizes: sizes.append(e["encodedDataLength"]))
                    asked: list[str] = []
                    page.on("request", lambda request, asked=asked: asked.append(request.url))
                    started = time.perf_counter()
                    page.goto(address + path, wait_until="commit")
                    page.wait_for_selector(selector, timeout=120_000)
                    seconds.append(time.perf_counter() - started)
                    requests = sum(not url.startswith((address, "data:", "blob:")) for url in asked)
                bytes_in = int(sum(sizes))
            found[path] = {
                "first_chart_s": round(statistics.median(seconds), 2),
                "runs_s": [round(s, 2) for s in seconds],
                "kilobytes_on_the_wire": round(bytes_in / 1000),
                "external_requests": requests,
            }
    return found


def publish(folder: Path) -> dict[str, Any]:
    """Two hundred readers asking all the time while ten versions are published: every answer must be whole."""
    config = write_world(folder / "publish", 240, 40, seed=0)
    failures: list[str] = []
    counted = {"answers": 0, "versions": set()}
    stop = threading.Event()
    lock = threading.Lock()

    def read(address: str) -> None:
        while not stop.is_set():
            try:
                _, answer = ask(address, "/effects/escalation_rate", "")
                run_id = json.loads(answer)["response"]["state"]["data"]["run_id"]
                with lock:
                    counted["answers"] += 1
                    counted["versions"].add(run_id)
            except (OSError, RuntimeError, KeyError, urllib.error.HTTPError) as error:
                failures.append(f"{type(error).__name__}: {str(error)[:120]}")

    with served(config, 8963) as (address, _):
        readers = [threading.Thread(target=read, args=(address,)) for _ in range(READERS)]
        for reader in readers:
            reader.start()
        for number in range(1, PUBLICATIONS + 1):
            write_world(folder / "publish", 240, 40, seed=number)
        time.sleep(2)
        stop.set()
        for reader in readers:
            reader.join()
    return {
        "readers": READERS,
        "publications": PUBLICATIONS,
        "answers": counted["answers"],
        "versions_seen": len(counted["versions"]),
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


def main() -> None:
    """Run the parts asked for and write one JSON object."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--agents", type=int, default=5000)
    parser.add_argument("--weeks", type=int, default=104)
    parser.add_argument("--part", action="append", choices=["cold", "laptop", "publish", "memory"])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    parts = options.part or ["cold", "laptop", "publish", "memory"]
    os.environ.pop("EMPATHY_PROXY_HOPS", None)
    found: dict[str, Any] = {
        "agents": options.agents,
        "weeks": options.weeks,
        "workers": WORKERS,
        "load": os.getloadavg()[0],
    }
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        large = {"cold": cold, "memory": memory}
        small = {"laptop": laptop, "publish": publish}
        config = write_world(folder / "large", options.agents, options.weeks) if set(parts) & set(large) else None
        for part in parts:
            found[part] = small[part](folder) if part in small else large[part](config)  # type: ignore[arg-type]
            print(json.dumps({part: found[part]}), flush=True)
    if options.out:
        options.out.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
