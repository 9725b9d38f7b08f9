"""The demo: time to its first page, and number of clear goals over seeds.

Usage::

    python -m benchmarks.demo --times 5 --dir DIR     time `empathy demo` so often, each from nothing
    python -m benchmarks.demo --seeds 20              judge the goals of the demo's centre under other seeds
    python -m benchmarks.demo --shown DIR/demo        the figures that README.md names, from a demo that was made

Seeds are judged from the simulated contacts, without exports and warehouse: four goals by ``analysis.judge`` with the
allowance for five; attrition, which needs years, counts as not clear.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
import polars as pl

from analysis import judge
from analysis.words.verdict import CLAIMED
from etl.warehouse.reader import Warehouse
from sample_data.parameters import Parameters
from sample_data.staff import NEVER
from sample_data.world import simulate

PORT = 8399


def first_page_and_all(folder: Path, port: int) -> tuple[float, float]:
    """Seconds until the first page is answered, and until everything is estimated."""
    shutil.rmtree(folder, ignore_errors=True)
    command = [sys.executable, "-m", "empathy", "demo", "--dir", str(folder), "--port", str(port)]
    began = time.perf_counter()
    demo = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        while not _answers(port):
            if demo.poll() is not None:
                raise SystemExit("the demo ended before it answered")
            time.sleep(0.1)
        first = time.perf_counter() - began
        while len(Warehouse(folder / "warehouse").versions()) < 2:
            time.sleep(0.1)
        return first, time.perf_counter() - began
    finally:
        os.killpg(demo.pid, signal.SIGINT)
        demo.wait()


def _answers(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def timed(folder: Path, times: int) -> str:
    """Table of the times of several demos."""
    lines = ["| `empathy demo` | first page, s | everything, s |", "|---|---:|---:|"]
    for number in range(1, times + 1):
        first, everything = first_page_and_all(folder / "demo", PORT)
        lines.append(f"| {number} | {first:.1f} | {everything:.1f} |")
        print(lines[-1], file=sys.stderr)
    return "\n".join(lines)


def verdicts(seed: int) -> dict[str, str]:
    """The verdict on each goal of the demo's centre under a seed, each judged with the allowance for five goals."""
    world = simulate(Parameters.demo(seed=seed))
    staff, programme, count = world.centre.staff, world.centre.programme, world.centre.staff.count
    planned = np.asarray(programme.scheduled[:count], dtype=np.int64)
    agents = pl.DataFrame(
        {"agent": np.arange(count, dtype=np.int32), "hired": np.asarray(staff.hired[:count], dtype=np.int64)}
    ).with_columns(planned=pl.Series(planned), done=pl.Series(world.trained_week))
    agents = agents.with_columns(
        pl.when(pl.col(name) < NEVER).then(pl.col(name)).alias(name) for name in ("planned", "done")
    )
    first_team = world.contacts.group_by("agent").agg(pl.col("team").first())
    whole = world.contacts.drop("team").with_columns(week=(pl.col("day") // 7).cast(pl.Int64))
    whole = whole.join(first_team, on="agent").join(agents, on="agent")
    seen = pl.col("day") < 7 * world.params.weeks - 7
    upsold = (pl.col("offer_kind") == 1) & pl.col("accepted") & ~pl.col("cancelled")
    counted = {
        "escalation_rate": (pl.col("escalated"), pl.lit(True)),
        "csat_top2": (pl.col("score") >= 4, pl.col("answered")),
        "upsell_conversion": (upsold, pl.col("offer_kind") > 0),
        "fcr_7d": (~pl.col("repeated"), seen),
    }
    found = {"agent_attrition": "not judged here, counted as not clear"}
    for kpi, (hit, among) in counted.items():
        cells = (
            whole.filter(among)
            .group_by("agent", "week", "team", "planned", "done", "hired")
            .agg(num=hit.cast(pl.Int64).sum(), den=pl.len())
        )
        judged = judge(
            cells, unit="agent", time="week", cohort="planned", completed="done", hired="hired", team="team",
            numerator="num", denominator="den", kpi=kpi, goals=5, assignment={"mode": "team_waves", "unit": "team"},
        )  # fmt: skip
        found[kpi] = judged.verdict.state
    return found


def goals(seeds: int) -> str:
    """How often each goal is clear, and the number of clear goals per seed."""
    clear: Counter[str] = Counter()
    at_once: Counter[int] = Counter()
    for seed in range(1, seeds + 1):
        found = verdicts(seed)
        clear.update({kpi: int(verdict in CLAIMED) for kpi, verdict in found.items()})
        at_once[sum(verdict in CLAIMED for verdict in found.values())] += 1
        print(seed, json.dumps(found), file=sys.stderr, flush=True)
    lines = ["| goal | clear, or clear but small |", "|---|---:|"]
    lines += [f"| `{kpi}` | {count} of {seeds} |" for kpi, count in clear.items()]
    lines += [f"| exactly {n} of {len(clear)} goals | {at_once[n]} of {seeds} |" for n in sorted(at_once)]
    return "\n".join(lines)


def shown(folder: Path) -> str:
    """The demo's figures in README.md."""
    truth = pl.read_csv(folder / "truth" / "effects.csv").filter(estimand="att").select("kpi", truth="effect")
    with Warehouse(folder / "warehouse").reader() as cursor:
        found = cursor.execute(
            "select kpi, 100 * estimate, 100 * ci_low, 100 * ci_high, verdict from result.effect where role = "
            "'headline' and slice_kind = 'overall' and kpi in (select kpi from result.family) order by kpi"
        ).fetchall()
        naive = cursor.execute(
            "select kpi, 100 * estimate from result.ladder where slice_kind = 'overall' and estimator = 'before_after'"
        ).fetchall()
    known = dict(truth.iter_rows())
    lines = []
    for kpi, estimate, low, high, verdict in found:
        true = f"{100 * known[kpi]:.2f}" if kpi in known else "not in this unit"
        lines.append(
            f"{kpi}: {estimate:.2f} points ({low:.2f} to {high:.2f}), in truth {true}, "
            f"before against after {dict(naive).get(kpi, float('nan')):.2f}: {verdict}"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, default=Path("build/demo-benchmark"))
    parser.add_argument("--times", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=0)
    parser.add_argument("--shown", type=Path)
    chosen = parser.parse_args(arguments)
    chosen.dir.mkdir(parents=True, exist_ok=True)
    if chosen.times:
        print(timed(chosen.dir, chosen.times))
    if chosen.seeds:
        print(goals(chosen.seeds))
    if chosen.shown:
        print(shown(chosen.shown))


if __name__ == "__main__":
    main()
