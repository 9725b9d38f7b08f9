"""Coverage of intervals, and false claims for programmes without effect, in simulated worlds.

    python benchmarks/coverage.py --worlds 500 --out docs/coverage.md
    python benchmarks/coverage.py --rows "at random" --workers 2 --out docs/coverage.md
    python benchmarks/coverage.py --keep ~/worlds --count --out docs/coverage.md

Draws worlds with known truth (the fast panel of the sample world), estimates each by the design's own headline through
the same function that the dashboard uses, and counts how often the 95% interval covers the true average effect over the
trained weeks. About an hour of one slow core for every row; ``--rows`` makes some of them and leaves the others in the
table as they are. ``--keep`` appends every world to a folder, so that a run can be stopped and resumed; ``--count``
makes the table from the worlds kept.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from analysis import Panel, estimate
from analysis.comparison.compare import Comparison
from analysis.comparison.fair_panel import without_exposed
from analysis.comparison.learning_curve import without_learning_curve
from analysis.comparison.setting import Setting
from analysis.design import Situation, choose
from analysis.estimators.stacked import SelectionRule
from analysis.panel.panel import NEVER
from analysis.study.averages import study_of
from analysis.study.request import Request
from analysis.words.numbers import Reader
from benchmarks import document_table
from benchmarks.worlds_kept import worlds as kept_worlds
from etl.configuration.kpis import Kpi, load
from etl.configuration.programme import Assignment, AssignmentRule
from sample_data.panel import PanelWorld, simulate_panel
from sample_data.parameters import Parameters

SEATS, WEEKS, PRE_WEEKS, FIRST_SEED = 12, 52, 20, 50_000


@dataclass(frozen=True)
class Row:
    """One line of the table: a way of choosing agents, a size, and what was recorded about it.

    ``times`` multiplies the number of worlds: with 200 teams intervals are narrowest, so more worlds are needed to
    detect a deviation of one point of coverage.
    """

    name: str
    world_mode: str
    recorded_mode: str
    teams: int
    effect_scale: float = 1.0
    whole: bool = False
    times: int = 1


ROWS = (
    Row("agents drawn at random, 200 teams", "randomised", "randomised", 200, times=4),
    Row("agents drawn at random, 40 teams", "randomised", "randomised", 40),
    Row("agents drawn at random, 15 teams", "randomised", "randomised", 15),
    Row("team waves, 200 teams", "team_waves", "team_waves", 200, times=4),
    Row("team waves, 40 teams", "team_waves", "team_waves", 40),
    Row("team waves, 15 teams", "team_waves", "team_waves", 15),
    Row("team waves, 40 teams, with turnover and learning", "team_waves", "team_waves", 40, 1.0, True),
    Row("worst first, rule recorded, 200 teams", "lowest_performers", "lowest_performers", 200, times=4),
    Row("worst first, rule recorded, 40 teams", "lowest_performers", "lowest_performers", 40),
    Row("worst first, rule recorded, 15 teams", "lowest_performers", "lowest_performers", 15, times=4),
    Row("no effect, team waves, 40 teams", "team_waves", "team_waves", 40, 0.0),
    Row("no effect, worst first, rule recorded, 40 teams", "lowest_performers", "lowest_performers", 40, 0.0),
    Row("no effect, worst first, recorded as unknown, 40 teams", "lowest_performers", "unknown", 40, 0.0),
    Row("no effect, worst first, recorded as team waves, 40 teams", "lowest_performers", "team_waves", 40, 0.0),
)


@dataclass(frozen=True)
class Outcome:
    """One world: estimate, standard error, interval, true effect, verdict and naive estimates."""

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    truth: float
    state: str
    before_after: float
    twfe: float


@dataclass(frozen=True)
class Line:
    """A row's summary over its worlds.

    ``coverage`` counts intervals that cover the average effect over the trained contacts of their own world;
    ``expected_coverage`` those that cover its mean over all worlds, the expected effect for such teams.
    """

    row: Row
    worlds: int
    truth: float
    coverage: float
    expected_coverage: float
    bias: float
    spread: float
    std_error: float
    clear: float
    wrong_clear: float
    before_after: float
    twfe: float


def panel_of(world: PanelWorld) -> Panel:
    """Agents x weeks by planned week, clustered by team."""
    return Panel.from_frame(
        world.frame, unit="agent", time="week", cohort="scheduled_week", outcome="y", weight="n", cluster="team"
    )


def setting_of(mode: str, params: Parameters) -> Setting:
    """The design that the recorded mode gives."""
    rule = None
    if mode == "lowest_performers":
        rule = AssignmentRule(kpi="escalation_rate", lookback_weeks=params.lookback_weeks, share=params.chosen_share)
    assignment = Assignment(mode=mode, unit="team", rule=rule)
    exposed = 0.0 if params.hazard_monthly[0] == 0 and mode == "team_waves" else 0.5
    design = choose(assignment, Situation(True, 1, 1, exposed, False))
    empty: Any = None
    return Setting(design=design, roster=empty, reader=Reader(), ci_level=0.95)


@cache
def _kpi() -> Kpi:
    return load()["escalation_rate"]


def one_world(row: Row, seed: int, **changes: Any) -> Outcome:
    """Simulate, estimate, judge."""
    settings = {"seats_per_team": SEATS, "weeks": WEEKS, "pre_weeks": PRE_WEEKS, **changes}
    settings |= {"seed": seed, "teams": row.teams, "assignment": row.world_mode, "effect_scale": row.effect_scale}
    params = Parameters(contacts_per_week=100.0, **settings) if row.whole else Parameters.coverage(**settings)
    world = simulate_panel(params)
    panel = panel_of(world)
    setting = setting_of(row.recorded_mode, params)
    whole = panel
    if setting.design.unexposed_controls:
        start = np.full(panel.n_clusters, NEVER, dtype=np.int64)
        np.minimum.at(start, panel.cluster_ix, panel.cohort_ix)
        panel = without_exposed(panel, panel.clusters[panel.cluster_ix], start[panel.cluster_ix])
    hired = dict(world.frame.select("agent", "hired_week").unique().iter_rows())
    panel = without_learning_curve(panel, np.array([hired[agent] for agent in panel.units.tolist()], dtype=np.int64))
    rule = None
    if setting.design.same_rule is not None:
        rule = SelectionRule(params.chosen_share, params.lookback_weeks, "high")
    kpi = _kpi()
    made = study_of(Comparison.of(panel, rule), Request(kpi, tables=frozenset()), setting)
    found = made.headline
    assert found is not None
    naive = {
        name: estimate(whole, name, variance="analytic").aggregate("simple").overall.estimate
        for name in ("before_after", "twfe")
    }
    return Outcome(
        found.estimate, found.std_error, found.ci_low, found.ci_high, _truth(world, row), made.verdict.state, **naive
    )


def _truth(world: PanelWorld, row: Row) -> float:
    """Average true effect over the weeks that count as trained: planned in a whole world (no-shows), else completed."""
    if not row.whole:
        return world.att()
    cells = world.truth.join(world.frame.select("agent", "week", "scheduled_week"), on=["agent", "week"])
    cells = cells.filter(pl.col("week") >= pl.col("scheduled_week"))
    return float(np.average(cells["tau"].to_numpy(), weights=cells["n"].to_numpy()))


def summarise(row: Row, outcomes: Sequence[Outcome]) -> Line:
    """Coverage, bias and verdicts over worlds."""
    table = np.array(
        [(o.estimate, o.std_error, o.ci_low, o.ci_high, o.truth, o.before_after, o.twfe) for o in outcomes]
    )
    theta, error, low, high, truth, naive, twfe = table.T
    clear = np.array([o.state == "clear" for o in outcomes])
    return Line(
        row=row,
        worlds=len(outcomes),
        truth=float(truth.mean()),
        coverage=float(np.mean((low <= truth) & (truth <= high))),
        expected_coverage=float(np.mean((low <= truth.mean()) & (truth.mean() <= high))),
        bias=float(np.mean(theta - truth)),
        spread=float(np.std(theta - truth)),
        std_error=float(np.mean(error)),
        clear=float(clear.mean()),
        wrong_clear=float(np.mean(clear & ((theta > 0) != (truth > 0)))) if row.effect_scale else float(clear.mean()),
        before_after=float(np.mean(naive - truth)),
        twfe=float(np.mean(twfe - truth)),
    )


def run(
    row: Row,
    worlds: int,
    tell: Callable[[str], None] = lambda _: None,
    *,
    workers: int = 1,
    keep: Path | None = None,
    draw: bool = True,
    **changes: Any,
) -> Line | None:
    """All worlds of one row; ``None`` when nothing is drawn and none was kept."""
    started = time.perf_counter()
    one, seeds = partial(one_world, row, **changes), range(FIRST_SEED, FIRST_SEED + worlds)
    outcomes = kept_worlds(one, Outcome, row.name, seeds, keep=keep, workers=workers, draw=draw)
    if not outcomes:
        return None
    line = summarise(row, outcomes)
    tell(f"{row.name}: coverage {line.coverage:.3f}, {time.perf_counter() - started:.0f} s")
    return line


HEAD = (
    "| how agents were chosen | worlds | true effect | coverage of 95% | of the effect to expect | bias | "
    "bias / effect | error of the estimate | mean standard error | says clear | before/after is off by | "
    "usual regression is off by |\n|---|---|---|---|---|---|---|---|---|---|---|---|\n"
)


def half_width(share: float, worlds: int) -> float:
    """Half-width of the 95% simulation interval of a share over worlds, in percentage points."""
    return 196 * float(np.sqrt(share * (1 - share) / worlds))


def markdown(line: Line) -> str:
    """A row of the table in docs/coverage.md."""
    share = f"{abs(line.bias / line.truth):.1%}" if line.row.effect_scale else "-"
    return (
        f"| {line.row.name} | {line.worlds} | {100 * line.truth:+.2f} | "
        f"{line.coverage:.1%} ± {half_width(line.coverage, line.worlds):.1f} | {line.expected_coverage:.1%} | "
        f"{100 * line.bias:+.3f} | {share} | {100 * line.spread:.3f} | {100 * line.std_error:.3f} | "
        f"{line.clear:.1%} | {100 * line.before_after:+.2f} | {100 * line.twfe:+.2f} |"
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=500)
    parser.add_argument("--rows", default="", help="only rows whose name contains this; the others stay as they are")
    parser.add_argument("--workers", type=int, default=1, help="processes; the numbers do not depend on it")
    parser.add_argument("--out", type=Path, default=None, help="file whose table is replaced")
    parser.add_argument("--keep", type=Path, default=None, help="folder of worlds made so far, read and added to")
    parser.add_argument("--count", action="store_true", help="draw nothing; count what is kept")
    given = parser.parse_args()
    for row in (row for row in ROWS if given.rows in row.name):
        line = run(
            row, given.worlds * row.times, lambda text: print(text, flush=True),
            workers=given.workers, keep=given.keep, draw=not given.count,
        )  # fmt: skip
        if line is None:
            continue
        print(markdown(line), flush=True)
        if given.out is not None:
            given.out.write_text(with_row(given.out.read_text(encoding="utf-8"), line), encoding="utf-8")


def with_row(text: str, line: Line) -> str:
    """The document with one row of its table made new; written after every row, so that an interrupted run keeps its
    results."""
    return document_table.with_row(text, "table", HEAD, [row.name for row in ROWS], line.row.name, markdown(line))


if __name__ == "__main__":
    main()
