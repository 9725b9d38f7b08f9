"""The same numbers whatever the hash seed, and however many threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

#: Threads split sums differently; nothing else may differ. Critical values are simulated in single precision.
THREADS, CRITICAL_VALUE = 1e-11, 1e-5

SCRIPT = """
import json
import numpy as np, polars as pl
from analysis import Panel, estimate
draw = np.random.default_rng(3)
agent, week = np.repeat(np.arange(60), 20), np.tile(np.arange(20), 60)
start = np.where(agent // 5 % 4 == 0, None, 6 + 3 * (agent // 5 % 4))
frame = pl.DataFrame({
    "agent": [f"agent {a}" for a in agent], "team": [f"team {a // 5}" for a in agent], "week": week,
    "start": pl.Series(list(start), dtype=pl.Int64), "y": draw.normal(size=1200), "n": draw.integers(1, 9, 1200)})
panel = Panel.from_frame(frame, "agent", "week", "start", "y", weight="n", cluster="team")
out = {}
for name in ("imputation", "group_time", "interaction_weighted", "stacked", "extended_twfe", "twfe"):
    for variance in ("analytic", "jackknife"):
        study = estimate(panel, name, variance=variance)
        for kind in study.kinds:
            made = study.aggregate(kind)
            out[f"{name} {variance} {kind}"] = [made.overall.estimate, made.overall.std_error, made.critical_value]
print(json.dumps(out))
"""


def run(hash_seed: str, threads: str) -> dict[str, list[float]]:
    root = Path(__file__).parents[3]
    environment = {
        **os.environ,
        "PYTHONHASHSEED": hash_seed,
        "OPENBLAS_NUM_THREADS": threads,
        "OMP_NUM_THREADS": threads,
        "POLARS_MAX_THREADS": threads,
        "PYTHONPATH": str(root),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, cwd=root, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def reference() -> dict[str, list[float]]:
    return run("0", "1")


@pytest.mark.parametrize("hash_seed", ["1", "2", "4"])
def test_hash_seeds_change_nothing(reference: dict[str, list[float]], hash_seed: str) -> None:
    assert run(hash_seed, "1") == reference


def test_threads_change_rounding_only(reference: dict[str, list[float]]) -> None:
    threaded = run("3", "2")
    assert threaded.keys() == reference.keys()
    for key, values in reference.items():
        assert threaded[key][:2] == pytest.approx(values[:2], abs=THREADS), key
        assert threaded[key][2] == pytest.approx(values[2], abs=CRITICAL_VALUE), key
