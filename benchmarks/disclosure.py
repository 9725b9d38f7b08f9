"""Cost of disclosure control: share of cells answered, time, and loss of precision with noise instead.

    python -m benchmarks.disclosure            # 160, 350 (30 teams) and 5,000 agents
    python -m benchmarks.disclosure --write    # into docs/data-protection.md, row by row

Worlds are drawn: teams of eight to fifteen within sites, waves by team but for one agent in twenty, two of three
channels for every agent, tenure by agent. For each: how many cells are answered, how much the best search finds of any
figure about few agents, and how long choosing takes. Beside it the alternative, cell keys: every answer carries noise
of the size of the largest single influence, the same for the same agents. Its cost is how much wider the headline
becomes; its weakness, how far the error of an attack falls when the same agents are asked for over many ranges.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from benchmarks import document_table
from dashboard.privacy.imprecision import step_of
from dashboard.privacy.lattice import LEAST_ERROR, Audit, Candidates, Rows

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "data-protection.md"
WORLDS = ((160, 5), (160, 10), (350, 5), (350, 10), (5000, 5), (5000, 10))
HEAD = (
    "| agents, smallest group | cells answered | most told of few | of all cells | headline wider | by cell keys "
    "| choosing, s |\n|---|---:|---:|---:|---:|---:|---:|\n"
)


def name(agents: int, minimum: int) -> str:
    """First cell of a row of the table."""
    return f"{agents:,}, {minimum}"


def world(agents: int, minimum: int, rng: np.random.Generator) -> Rows:
    """Agents by channel: codes of every filter."""
    sizes = rng.integers(8, 16, agents)
    team_of = np.repeat(np.arange(agents), sizes)[:agents]
    teams = int(team_of.max()) + 1
    site_of_team = np.arange(teams) * max(3, agents // 500) // teams
    wave_of_team = rng.integers(0, max(4, teams // 40), teams)
    wave = wave_of_team[team_of]
    moved = rng.random(agents) < 0.05
    wave = np.where(moved, rng.integers(0, wave.max() + 1, agents), wave)
    band = rng.integers(0, 3, agents)
    agent = np.repeat(np.arange(agents), 2)
    channel = (agent + np.tile([0, 1], agents)) % 3
    codes = {
        "site": site_of_team[team_of][agent] + 1, "team": team_of[agent] + 1, "channel": channel + 1,
        "queue": channel * 2 + agent % 2 + 1, "tenure_band": band[agent] + 1, "cohort": wave[agent] + 1,
    }  # fmt: skip
    values = {name: tuple(f"{k:04d}" for k in range(1, int(code.max()) + 1)) for name, code in codes.items()}
    return Rows(agent, codes, values)


def measure(agents: int, minimum: int, seed: int) -> str:
    """Measure one world, print the results and return the row of the table."""
    rng = np.random.default_rng(seed)
    rows = world(agents, minimum, rng)
    parents = {
        rows.values["team"][team - 1]: rows.values["site"][site - 1]
        for team, site in zip(rows.codes["team"], rows.codes["site"], strict=True)
    }
    candidates = Candidates.of(rows, minimum, parents)
    started = time.process_time()
    audit = Audit(rows.agent, candidates.inside, len(candidates.cells), minimum)
    kept = audit.admitted()
    seconds = time.process_time() - started
    share = audit.told(kept).worst(minimum)[0][0]
    every = audit.told(np.ones_like(kept)).worst(minimum)[0][0]
    limit = 1 - LEAST_ERROR**2
    cost = f"{seconds:.1f} s of processor"
    print(f"{agents:,} agents, smallest group {minimum}: {kept.sum()} of {kept.size} cells answered, {cost}")
    print(f"  best found of a small group: {share:.3f} of its variance (all cells: {every:.2f}); limit {limit:.2f}")
    kinds: dict[str, list[bool]] = {}
    for cell, there in zip(candidates.cells, kept, strict=True):
        kinds.setdefault(" at one ".join(name for name, _ in reversed(cell)) or "everybody", []).append(bool(there))
    print("  " + "; ".join(f"{name} {sum(flags)} of {len(flags)}" for name, flags in kinds.items()))
    effect = rng.normal(0.0, 1.0, agents)
    influence = np.abs(effect - effect.mean()).max() / agents
    error = effect.std(ddof=1) / np.sqrt(agents)
    keys = f"{100 * (np.hypot(1, influence / error) - 1):.1f}%"
    half = np.array([agents / 2.0])  # those trained, and those compared with
    step = step_of(np.array([error]), half, minimum)[0]
    steps = f"{100 * (np.hypot(1, step / error / np.sqrt(12)) - 1):.1f}%"
    print(f"  headline: {steps} wider by the steps in which it is told; by cell keys {keys}")
    for ranges in (1, 20, 400):
        print(f"  cell keys, one agent over {ranges} ranges: error {np.sqrt(2 / ranges):.2f} of the largest influence")
    cells = f"{kept.sum()} of {kept.size}"
    return f"| {name(agents, minimum)} | {cells} | {share:.3f} | {every:.2f} | {steps} | {keys} | {seconds:.1f} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="put the rows into docs/data-protection.md")
    options = parser.parse_args()
    names = [name(*each) for each in WORLDS]
    for n_agents, smallest in WORLDS:
        row = measure(n_agents, smallest, options.seed)
        if options.write:
            text = DOCUMENT.read_text(encoding="utf-8")
            made = document_table.with_row(text, "disclosure", HEAD, names, name(n_agents, smallest), row)
            DOCUMENT.write_text(made, encoding="utf-8")
