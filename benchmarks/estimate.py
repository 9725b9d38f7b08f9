"""Speed of estimation beside the peers that install, in one run, every tool in a process of its own.

Usage::

    python -m benchmarks.estimate --dir /tmp/estimation [--peers PYTHON] [--contacts 10 50] [--repeat 5]
        [--write docs/benchmarks.md]

``--peers`` is an interpreter with pyfixest, diff-diff and csdid (best a virtual environment of its own); absent peers
are skipped with a note. Times are the best of ``--repeat`` runs after one warm-up, without imports and without reading
the panel; for contacts they include reading the Parquet file. Peak is the resident memory of the whole process.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.document_table import write_part

ROOT = Path(__file__).parents[1]
MEASURE = """
import json, resource, sys, time
def measure(work, repeat):
    start = time.perf_counter(); result = work(); cold = time.perf_counter() - start
    best = cold
    for _ in range(repeat):
        start = time.perf_counter(); result = work(); best = min(best, time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": best, "cold": cold, "peak_mb": peak, "estimate": result[0], "std_error": result[1]}))
folder, repeat = sys.argv[1], int(sys.argv[2])
"""
OURS = """
import polars as pl
from analysis import Panel, estimate
from analysis.panel.panel import from_contacts
def whole(panel):
    imputation = estimate(panel, "imputation")
    events, overall = imputation.aggregate("event_time"), imputation.aggregate("simple").overall
    group_time = estimate(panel, "group_time")
    group_time.aggregate("event_time"), group_time.aggregate("simple")
    return overall.estimate, overall.std_error
def shown(panel, name, kind, **options):
    study = estimate(panel, name, **options)
    study.aggregate(kind)
    overall = study.aggregate("simple").overall
    return overall.estimate, overall.std_error
def load():
    frame = pl.read_parquet(folder + "/panel.parquet")
    return frame, Panel.from_frame(frame, "agent", "week", "trained_week", "y", cluster="team")
"""
PEERS = """
import warnings; warnings.filterwarnings("ignore")
import numpy as np, pandas as pd
frame = pd.read_parquet(folder + "/panel.parquet")
frame["g"] = frame["trained_week"].fillna(0).astype(int)
frame["D"] = ((frame["g"] > 0) & (frame["week"] >= frame["g"])).astype(float)
"""


@dataclass(frozen=True)
class Case:
    """One tool on one task.

    Attributes
    ----------
    task, tool : str
    body : str
        Python after the preamble, ending in a call of ``measure``.
    needs : str or None
        Module that must import; None for this project.
    """

    task: str
    tool: str
    body: str
    needs: str | None = None


def _cases(contacts: list[int]) -> list[Case]:
    event = "imputation event study"
    group = "group-time, event study"
    cases = [
        Case(
            "both, with interval shown",
            "empathy-lift",
            "frame, panel = load()\nmeasure(lambda: whole(panel), repeat)",
        ),
        Case(
            "both, from rows",
            "empathy-lift",
            "frame, _ = load()\nmeasure(lambda: whole(Panel.from_frame(frame, 'agent', 'week', 'trained_week', 'y', "
            "cluster='team')), repeat)",
        ),
        Case(
            event,
            "empathy-lift (jackknife)",
            "_, panel = load()\nmeasure(lambda: shown(panel, 'imputation', 'event_time'), repeat)",
        ),
        Case(
            event,
            "empathy-lift (analytic)",
            "_, panel = load()\nmeasure(lambda: shown(panel, 'imputation', 'event_time', variance='analytic'), repeat)",
        ),
        Case(
            event,
            "diff-diff",
            "import diff_diff as dd\n"
            "def work():\n"
            "    model = dd.ImputationDiD(cluster='team')\n"
            "    made = model.fit(frame, 'y', 'agent', 'week', 'g', aggregate='event_study')\n"
            "    return float(made.overall_att), float(made.overall_se)\n"
            "measure(work, min(repeat, 2))",
            "diff_diff",
        ),
        Case(
            group,
            "empathy-lift (jackknife)",
            "_, panel = load()\nmeasure(lambda: shown(panel, 'group_time', 'event_time', control='never_trained'), "
            "repeat)",
        ),
        Case(
            group,
            "empathy-lift (analytic)",
            "_, panel = load()\nmeasure(lambda: shown(panel, 'group_time', 'event_time', control='never_trained', "
            "variance='analytic'), repeat)",
        ),
        Case(
            group,
            "diff-diff",
            "import diff_diff as dd\n"
            "def work():\n"
            "    model = dd.CallawaySantAnna(control_group='never_treated', estimation_method='reg', cluster='team')\n"
            "    made = model.fit(frame, 'y', 'agent', 'week', 'g', aggregate='event_study')\n"
            "    return float(made.overall_att), float(made.overall_se)\n"
            "measure(work, min(repeat, 2))",
            "diff_diff",
        ),
        Case(
            group,
            "csdid",
            "import contextlib, io\n"
            "from csdid.att_gt import ATTgt\n"
            "def work():\n"
            "    with contextlib.redirect_stdout(io.StringIO()):\n"
            "        made = ATTgt('y', 'week', 'agent', 'g', frame, clustervar='team').fit('reg', bstrap=False)\n"
            "        made = made.aggte('simple', bstrap=False, cband=False)\n"
            "    return float(made.atte['overall_att']), float(np.ravel(made.atte['overall_se'])[0])\n"
            "measure(work, min(repeat, 2))",
            "csdid",
        ),
        Case(
            "two-way fixed effects",
            "empathy-lift (analytic)",
            "_, panel = load()\nmeasure(lambda: shown(panel, 'twfe', 'simple', variance='analytic'), repeat)",
        ),
        Case(
            "two-way fixed effects",
            "pyfixest",
            "import pyfixest as pf\n"
            "def work():\n"
            "    made = pf.feols('y ~ D | agent + week', frame, vcov={'CRV1': 'team'})\n"
            "    return float(made.coef().iloc[0]), float(made.se().iloc[0])\n"
            "measure(work, min(repeat, 2))",
            "pyfixest",
        ),
    ]
    for million in contacts:
        path = f"folder + '/contacts_{million}.parquet'"
        read = f"from_contacts({path}, 'agent', 'week', 'trained_week', 'y', cluster='team')"
        task = f"{million}M contacts, Parquet to both with intervals"
        cases.append(Case(task, "empathy-lift", f"measure(lambda: whole({read}), min(repeat, 2))"))
    return cases


def _prepare(folder: Path, contacts: list[int]) -> float:
    from benchmarks.workload import make, write_contacts

    workload = make()
    folder.mkdir(parents=True, exist_ok=True)
    workload.cells.write_parquet(folder / "panel.parquet")
    for million in contacts:
        path = folder / f"contacts_{million}.parquet"
        if not path.exists():
            write_contacts(workload, path, million * 1_000_000)
    return workload.truth


def _run(case: Case, folder: Path, repeat: int, peers: str) -> dict[str, Any]:
    interpreter = sys.executable if case.needs is None else peers
    if case.needs is not None:
        probe = subprocess.run([interpreter, "-c", f"import {case.needs}"], capture_output=True, check=False)
        if probe.returncode:
            return {"note": f"{case.needs} does not import in {Path(interpreter).name}: skipped"}
    script = MEASURE + (OURS if case.needs is None else PEERS) + case.body
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "3"}
    done = subprocess.run(
        [interpreter, "-c", script, str(folder), str(repeat)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}"
        return {"note": f"failed: {last[:120]}"}
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def _table(rows: list[tuple[Case, dict[str, Any]]]) -> str:
    lines = [
        "| task | tool | seconds, warm | first run | peak MB | estimate | error |",
        "|---|---|---|---|---|---|---|",
    ]
    for case, row in rows:
        if "note" in row:
            lines.append(f"| {case.task} | {case.tool} | {row['note']} | | | | |")
            continue
        lines.append(
            f"| {case.task} | {case.tool} | {row['seconds']:.3f} | {row['cold']:.2f} | {row['peak_mb']:.0f} "
            f"| {row['estimate']:.10f} | {row['std_error']:.7f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run every case, print the table, and put it into a page when asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--peers", default=sys.executable)
    parser.add_argument("--contacts", type=int, nargs="*", default=[10])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--write", type=Path)
    chosen = parser.parse_args()
    truth = _prepare(chosen.dir, chosen.contacts)
    rows = []
    for case in _cases(chosen.contacts):
        row = _run(case, chosen.dir, chosen.repeat, chosen.peers)
        print(f"{case.task} | {case.tool} | {row}", flush=True)
        rows.append((case, row))
    load = os.getloadavg()[0]
    head = (
        f"True average effect {truth:.10f}. Run on {date.today().isoformat()}, {os.cpu_count()} cores "
        f"({platform.machine()}), load average at the end {load:.1f}, Python {platform.python_version()}."
    )
    table = f"{head}\n\n{_table(rows)}\n"
    print("\n" + table)
    if chosen.write is not None:
        write_part(chosen.write, "estimation", table)


if __name__ == "__main__":
    main()
