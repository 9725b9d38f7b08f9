"""Coverage of mechanism estimates, and false claims of a link, in simulated worlds.

    python benchmarks/coverage_chain.py --worlds 1000 --workers 2 --out docs/coverage.md
    python benchmarks/coverage_chain.py --worlds 1000 --rows "phantom" --out docs/coverage.md

Draws worlds in which training moves a skill by a, the skill moves a KPI by b, training moves the KPI by another 0.2
directly, agents, weeks and teams differ, and skill and KPI drift within agents. The skill is measured by a few noisy
scores a week. A phantom is a world in which a shock that drifts within agents moves both, and b is zero.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from analysis import Panel, mechanism
from benchmarks import document_table

Floats = NDArray[np.float64]

SIZE, WEEKS, FIRST_SEED, NEVER_WEEK = 8, 40, 300_000, 999
STARTS = np.array([12, 18, 24, NEVER_WEEK])
DIRECT = 0.2


@dataclass(frozen=True)
class Row:
    """One kind of world.

    Attributes
    ----------
    learned, carried : float
        Effect of training on the skill, slope of the KPI on the skill.
    shock : float
        Size of a shock that moves skill and KPI alike within agents.
    scores, noise : float
        Scores per agent-week (Poisson mean), sd of a single score around the skill.
    """

    name: str
    teams: int
    learned: float = 0.5
    carried: float = 0.4
    shock: float = 0.0
    scores: float = 4.0
    noise: float = 2.0

    @property
    def truth(self) -> dict[str, float]:
        """True values of what is estimated."""
        indirect = self.learned * self.carried
        return {
            "effect": self.learned,
            "slope": self.carried,
            "indirect": indirect,
            "direct": DIRECT,
            "total": indirect + DIRECT,
        }


ROWS = tuple(
    Row(f"{name}, {teams} teams", teams, **changes)  # type: ignore[arg-type]
    for name, changes in (
        ("both links, 4 scores a week", {}),
        ("both links, 0.75 scores a week", {"scores": 0.75, "noise": 1.5}),
        ("skill moves, KPI does not follow it", {"carried": 0.0}),
        ("KPI follows the skill, training does not move it", {"learned": 0.0}),
        ("phantom: a shared shock, no link", {"carried": 0.0, "shock": 0.7}),
    )
    for teams in (40, 20)
)


@dataclass(frozen=True)
class World:
    """One world: panels of the KPI and of the skill as scored."""

    kpi: Panel
    skill: Panel


def world(row: Row, seed: int) -> World:
    """Draw one."""
    draw = np.random.default_rng(seed)
    agents = row.teams * SIZE
    team = np.repeat(np.arange(row.teams), SIZE)
    start = draw.permutation(STARTS[np.arange(row.teams) % STARTS.size])[team]
    trained = (np.arange(WEEKS)[None, :] >= start[:, None]).astype(np.float64)
    common = row.shock * _drift(draw, agents)

    def level() -> Floats:
        teams = 0.2 * draw.normal(size=(row.teams, WEEKS))[team]
        return draw.normal(size=agents)[:, None] + 0.2 * draw.normal(size=WEEKS)[None, :] + teams

    skill = level() + _drift(draw, agents) + common + row.learned * trained
    kpi = level() + row.carried * skill + DIRECT * trained + common + draw.normal(size=skill.shape)
    count = draw.poisson(row.scores, size=skill.shape)
    error = row.noise * draw.normal(size=skill.shape)
    # Sums of n scores around the skill: the mean's error, and the spread of the single scores around their mean.
    mean = skill + np.divide(error, np.sqrt(count), out=np.zeros_like(error), where=count > 0)
    spread = row.noise**2 * draw.chisquare(np.maximum(count - 1, 1)) * (count > 1)
    agent, week = (grid.ravel() for grid in np.mgrid[:agents, :WEEKS])
    frame = pl.DataFrame(
        {
            "agent": agent,
            "week": week,
            "team": team[agent],
            "start": start[agent],
            "y": kpi.ravel(),
            "skill": mean.ravel(),
            "n": count.ravel().astype(np.float64),
            "sq": (count * mean**2 + spread).ravel(),
        }
    )
    by = {"unit": "agent", "time": "week", "cohort": "start", "cluster": "team", "never": NEVER_WEEK}
    scored = frame.filter(pl.col("n") > 0)
    return World(
        Panel.from_frame(frame, outcome="y", **by),
        Panel.from_frame(scored, outcome="skill", weight="n", squares="sq", **by),
    )


def _drift(draw: np.random.Generator, agents: int, rho: float = 0.5) -> Floats:
    """(A, T) AR(1) with unit variance."""
    step = draw.normal(size=(agents, WEEKS))
    for week in range(1, WEEKS):
        step[:, week] = rho * step[:, week - 1] + np.sqrt(1 - rho**2) * step[:, week]
    return step


def one_world(row: Row, seed: int) -> dict[str, float]:
    """Estimates, whether intervals cover the true values, and claims."""
    drawn = world(row, seed)
    made = mechanism(drawn.kpi, {"skill": drawn.skill})
    skill = made.skills.row(0, named=True)
    out = {"claims": float(made.state in ("consistent", "supported")), "shock": made.correlation}
    out["supported"] = float(made.state == "supported")
    out["unreadable"] = float(made.state == "not_readable")
    for name in ("effect", "slope"):
        out[name], low, high = (skill[name + end] for end in ("", "_low", "_high"))
        out[f"{name}_held"] = float(low <= row.truth[name] <= high)
    for name in ("indirect", "direct", "total"):
        found = getattr(made, name)
        out[name] = found.estimate
        out[f"{name}_held"] = float(found.ci_low <= row.truth[name] <= found.ci_high)
    return out


@dataclass(frozen=True)
class Line:
    """A row's summary over its worlds: means by name; see ``one_world``."""

    row: Row
    worlds: int
    mean: dict[str, float]
    spread: dict[str, float]

    def bias(self, name: str) -> float:
        """Mean error."""
        return self.mean[name] - self.row.truth[name]


def run(row: Row, worlds: int, workers: int = 1, first_seed: int = FIRST_SEED) -> Line:
    """All worlds of one row."""
    one, seeds = partial(one_world, row), range(first_seed, first_seed + worlds)
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            found: Sequence[dict[str, float]] = list(pool.map(one, seeds, chunksize=10))
    else:
        found = [one(seed) for seed in seeds]
    table = {name: np.array([f[name] for f in found]) for name in found[0]}
    return Line(
        row=row,
        worlds=worlds,
        mean={name: float(np.nanmean(values)) for name, values in table.items()},
        spread={name: float(np.nanstd(values)) for name, values in table.items()},
    )


HEAD = (
    "| world | worlds | effect on skill | slope | indirect | direct | indirect is off by | share off | "
    "says both links | shared shock named |\n|---|---|---|---|---|---|---|---|---|---|\n"
)


def markdown(line: Line) -> str:
    """A row of the table in docs/coverage.md."""
    told = ("effect", "slope", "indirect", "direct")
    held = " | ".join(document_table.share(line.mean[f"{name}_held"], line.worlds) for name in told)
    truth = line.row.truth["indirect"]
    share = f"{abs(line.bias('indirect') / truth):.1%}" if truth else "-"
    return (
        f"| {line.row.name} | {line.worlds} | {held} | {line.bias('indirect'):+.3f} | {share} | "
        f"{document_table.share(line.mean['claims'], line.worlds)} | {line.mean['shock']:.2f} |"
    )


def with_row(text: str, line: Line) -> str:
    """The document with one row of its table made new."""
    return document_table.with_row(text, "chain", HEAD, [row.name for row in ROWS], line.row.name, markdown(line))


def main(tell: Callable[[str], None] = print) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--rows", default="", help="only rows whose name contains this; the others stay as they are")
    parser.add_argument("--workers", type=int, default=1, help="processes; the numbers do not depend on it")
    parser.add_argument("--out", type=Path, default=None, help="file whose table is replaced")
    given = parser.parse_args()
    for row in (row for row in ROWS if given.rows in row.name):
        started = time.perf_counter()
        line = run(row, given.worlds, given.workers)
        tell(f"{markdown(line)}  ({time.perf_counter() - started:.0f} s)")
        if given.out is not None:
            given.out.write_text(with_row(given.out.read_text(encoding="utf-8"), line), encoding="utf-8")


if __name__ == "__main__":
    main()
