"""Coverage of intervals and rate of claims in worlds in which a claim would be wrong.

    python benchmarks/coverage_claims.py --worlds 2000 --out docs/coverage.md
    python benchmarks/coverage_claims.py --worlds 2000 --rows "answer" --out docs/coverage.md
    python benchmarks/coverage_claims.py --keep ~/worlds --count --out docs/coverage.md

Each row draws its worlds anew (benchmarks/claim_worlds.py), estimates them as the product does, and counts. The last
column is the rate of claims in the same worlds without the rule that the row tests. ``--keep`` appends every world to a
folder, so that a run can be stopped and resumed; ``--count`` makes the table from the worlds kept.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy import stats

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from analysis import Panel, estimate
from analysis.comparison.compare import Comparison
from analysis.comparison.setting import Setting
from analysis.design import Situation, choose
from analysis.effects.answering import answer_bounds
from analysis.effects.by_group import Groups, claimed, group_effects
from analysis.effects.hazard import hazard_ratio
from analysis.effects.hierarchical import shrink
from analysis.estimators.stacked import SelectionRule
from analysis.panel.slices import EVERYTHING, Slice
from analysis.study.averages import study_of
from analysis.study.family import judged_together
from analysis.study.kpi_study import KpiStudy
from analysis.study.request import Request
from analysis.words.numbers import Reader
from benchmarks import document_table
from benchmarks.claim_worlds import (
    answering_world,
    bad_performers_leave,
    drawn_inside_teams,
    drifting_teams,
    leaving_world,
    panel_of,
)
from benchmarks.worlds_kept import worlds as kept_worlds
from etl.configuration.kpis import Catalogue, load
from etl.configuration.programme import Assignment, AssignmentRule
from sample_data.panel import simulate_panel
from sample_data.parameters import Parameters

FIRST_SEED = 700_000


@dataclass(frozen=True)
class Outcome:
    """One world: share of intervals that cover the true value (NaN without intervals), whether anything was claimed,
    and whether it would have been claimed without the rule."""

    held: float
    claim: bool
    without: bool


@dataclass(frozen=True)
class Row:
    """A kind of world, and the function that judges one."""

    name: str
    judge: Callable[[int], Outcome]


@cache
def catalogue() -> Catalogue:
    """The KPIs as shipped."""
    return load()


def setting(mode: str = "team_waves", rule: AssignmentRule | None = None) -> Setting:
    """The design of whole teams in waves, or of a rule."""
    design = choose(Assignment(mode=mode, unit="team", rule=rule), Situation(True, 1, 1, 0.0, False))
    empty: Any = None
    return Setting(design, empty, Reader(), 0.95, kpis=dict(catalogue().items()))


def answering(seed: int, **world: float) -> Outcome:
    """Satisfaction among those who answer."""
    drawn = answering_world(seed, **world)  # type: ignore[arg-type]
    outcome, share = estimate(drawn.outcome), estimate(drawn.answering)
    plain, found = outcome.aggregate("simple").overall, answer_bounds(outcome, share, (0.0, 1.0))
    assert found is not None
    low, high = (found.ci_low, found.ci_high) if found.moved else (plain.ci_low, plain.ci_high)
    truth = world.get("effect", 0.0)
    return Outcome(float(low <= truth <= high), low > 0 or high < 0, plain.ci_low > 0 or plain.ci_high < 0)


def few_teams(seed: int, **world: Any) -> Outcome:
    """Few teams, or few untrained ones; without: t(G - 1)."""
    found = estimate(drifting_teams(seed, **world)).aggregate("simple").overall
    half = stats.t.ppf(0.975, found.n_clusters - 1) * found.std_error
    held = found.ci_low <= 0 <= found.ci_high
    return Outcome(float(held), not held, abs(found.estimate) > half)


def recorded_as_agents(seed: int) -> Outcome:
    """Whole teams trained, recorded as agents: clustered by team; without: by agent."""
    panel = drifting_teams(seed, trained=16, never=8, waves=4)
    found = estimate(panel).aggregate("simple").overall
    alone = estimate(panel.with_clusters(panel.units)).aggregate("simple").overall
    held = found.ci_low <= 0 <= found.ci_high
    return Outcome(float(held), not held, alone.ci_low > 0 or alone.ci_high < 0)


def inside_teams(seed: int, effect: float) -> Outcome:
    """80% of every team drawn by lot in one week."""
    panel, truth = drawn_inside_teams(seed, effect=effect)
    found = estimate(panel).aggregate("simple").overall
    claim = found.ci_low > 0 or found.ci_high < 0
    return Outcome(float(found.ci_low <= truth <= found.ci_high), claim, False)


def wrong_rule(seed: int) -> Outcome:
    """The worst quarter was trained and the worst half recorded; without: recall alone."""
    params = Parameters.coverage(
        seed=seed, teams=40, seats_per_team=12, weeks=44, pre_weeks=20, assignment="lowest_performers",
        chosen_share=0.25, effect_scale=0.0, spillover=0.0,
    )  # fmt: skip
    frame = simulate_panel(params).frame
    panel = Panel.from_frame(frame, "agent", "week", "scheduled_week", "y", weight="n", cluster="team")
    rule = SelectionRule(0.5, params.lookback_weeks, "high")
    recorded = AssignmentRule(kpi="escalation_rate", lookback_weeks=params.lookback_weeks, share=0.5)
    made = study_of(
        Comparison.of(panel, rule), Request(catalogue()["escalation_rate"]), setting("lowest_performers", recorded)
    )
    found = made.headline
    assert found is not None
    outside = found.ci_low > 0 or found.ci_high < 0
    return Outcome(float(not outside), made.verdict.state.startswith("clear"), outside)


def leaving(seed: int, effect: float = 0.0) -> Outcome:
    """Hazard of one over tenure, training in weeks 1 to 4; without: bands of 4, 13, 26, 52 weeks."""
    import analysis.effects.hazard as hazard

    weeks = leaving_world(seed)
    found = hazard_ratio(weeks)
    fine = hazard.TENURE_EDGES_WEEKS
    try:
        hazard.TENURE_EDGES_WEEKS = (4, 13, 26, 52, 104)
        coarse = hazard_ratio(weeks)
    finally:
        hazard.TENURE_EDGES_WEEKS = fine
    held = found.ci_low <= 1 <= found.ci_high
    return Outcome(float(held), not held, not coarse.ci_low <= 1 <= coarse.ci_high)


def results_of_who_stays(seed: int, kept: float) -> Outcome:
    """Bad performers leave; results of agents beside themselves; without: means of whoever is in a team."""
    panel, _ = bad_performers_leave(seed, kept=kept)
    found = estimate(panel).aggregate("simple").overall
    units = np.arange(panel.n_clusters)
    together = np.zeros((units.size, panel.num.shape[0]))
    together[panel.cluster_ix, np.arange(panel.num.shape[0])] = 1.0
    first = np.array([np.flatnonzero(panel.cluster_ix == unit)[0] for unit in units])
    teams = panel_of(together @ panel.num, together @ panel.den, panel.cohort_ix[first], units, "y")
    naive = estimate(teams).aggregate("simple").overall
    held = found.ci_low <= 0 <= found.ci_high
    return Outcome(float(held), not held, naive.ci_low > 0 or naive.ci_high < 0)


def leaving_for_results(seed: int) -> Outcome:
    """Bad performers leave, training does nothing to it: the hazard ratio; without: its ratio of plain rates."""
    _, people = bad_performers_leave(seed)
    found = hazard_ratio(people)
    held = found.ci_low <= 1 <= found.ci_high
    counts = people.group_by("trained").agg(pl.col("left").sum(), weeks=pl.len()).sort("trained")
    left, weeks = counts["left"].to_numpy(), counts["weeks"].to_numpy()
    ratio = np.log(left[1] / weeks[1]) - np.log(left[0] / weeks[0])
    return Outcome(float(held), not held, bool(abs(ratio) > 1.96 * np.sqrt((1 / left).sum())))


def single_teams(seed: int, **world: Any) -> Outcome:
    """Some single team claimed; held: drawn intervals, averaged over teams; without: any own interval beside zero."""
    panel = drifting_teams(seed, seats=4, **world)
    truth = np.array([float(note) for note in panel.notes]) if world.get("spread") else np.zeros(panel.n_clusters)
    found = group_effects(panel, Groups.of([str(panel.clusters[k]) for k in panel.cluster_ix]), panel.cluster_ix)
    estimates, own, errors, df = (found[n].to_numpy() for n in ("estimate", "own_error", "std_error", "df"))
    drawn = shrink(estimates, own, errors, df)
    true = truth[[int(name[1:]) for name in found["name"]]]
    held = float(np.mean((drawn.ci_low <= true) & (true <= drawn.ci_high)))
    alone = np.abs(estimates) > stats.t.ppf(0.975, df) * errors
    return Outcome(held, any(claimed(found)), bool(alone.any()))


def drawn_ranges(seed: int, spread: float, groups: int = 12, beside: int = 24) -> Outcome:
    """Groups whose true effects differ by ``spread`` errors about zero: their drawn ranges, without panels.

    Some range leaves out zero; without: some group's own range.
    """
    rng = np.random.default_rng(seed)
    true = spread * rng.standard_normal(groups)
    estimates = true + rng.standard_normal(groups) + rng.standard_normal() / np.sqrt(beside)
    error = np.sqrt(rng.chisquare(beside - 1) / (beside - 1))
    own, errors = np.full(groups, error), np.full(groups, error * np.sqrt(1 + 1 / beside))
    df = np.full(groups, beside - 1.0)
    drawn = shrink(estimates, own, errors, df)
    held = float(np.mean((drawn.ci_low <= true) & (true <= drawn.ci_high)))
    alone = np.abs(estimates) > stats.t.ppf(0.975, df) * errors
    return Outcome(held, bool(((drawn.ci_low > 0) | (drawn.ci_high < 0)).any()), bool(alone.any()))


@cache
def _template() -> KpiStudy:
    panel = drifting_teams(1, trained=12, never=12)
    return study_of(Comparison.of(panel), Request(catalogue()["escalation_rate"]), setting())


def everything_at_once(seed: int) -> Outcome:
    """Every KPI, overall and in eight parts, correlated, none moved: is a goal, or a wave's or site's goal, claimed?

    Without: any KPI or part whose own interval leaves out zero.
    """
    rng = np.random.default_rng(seed)
    kpis = [kpi for kpi in catalogue().values() if not kpi.hidden]
    waves = (Slice.of("cohort", f"2024-0{month}-01") for month in range(1, 6))
    parts = [EVERYTHING, *(Slice.of("site", name) for name in "ABC"), *waves]
    shared, own = rng.standard_normal(len(parts)), rng.standard_normal((len(parts), len(kpis)))
    z = np.sqrt(0.3) * shared[:, None] + np.sqrt(0.7) * own
    z[0] = (z[1:4].sum(axis=0) / np.sqrt(3) + z[4:].sum(axis=0) / np.sqrt(5)) / np.sqrt(2)
    template = _template()
    assert template.headline is not None
    studies = []
    for part, row in zip(parts, z, strict=True):
        for kpi, value in zip(kpis, row, strict=True):
            error = 10 * kpi.smallest_effect
            at, half = value * error, 1.96 * error
            found = replace(
                template.headline, estimate=at, std_error=error, ci_low=at - half, ci_high=at + half, df=1e6
            )
            context = replace(template.context, kpi=kpi, checks=(), answers=None)
            studies.append(replace(template, request=Request(kpi, part), headline=found, context=context))
    claims = [
        made.verdict.state.startswith("clear") for made in judged_together(studies, 0.95) if made.kpi.role == "primary"
    ]
    return Outcome(float("nan"), any(claims), bool((np.abs(z) > 1.96).any()))


BESIDE_24: dict[str, Any] = {"trained": 12, "never": 24}
BESIDE_10: dict[str, Any] = {"trained": 20, "never": 10}
ROWS = (
    Row("satisfied customers answer 30 to 33%, nobody more satisfied", partial(answering, rate_satisfied=0.33)),
    Row("satisfied customers answer 30 to 36%, nobody more satisfied", partial(answering, rate_satisfied=0.36)),
    Row("answering does not move, no effect", answering),
    Row("answering does not move, 2 points more satisfied", partial(answering, effect=0.02)),
    Row("a shift too small to be seen: satisfied customers answer 30 to 31%", partial(answering, rate_satisfied=0.31)),
    Row("a shift too small to be seen: others answer 30 to 28%", partial(answering, rate_other=0.28)),
    Row("eight teams, four waves", partial(few_teams, trained=8, never=0, waves=4)),
    Row("sixteen teams in one shot, four not", partial(few_teams, trained=16, never=4)),
    Row("sixteen uneven teams in waves, four never", partial(few_teams, trained=16, never=4, waves=4, uneven=True)),
    Row("sixty teams in one shot, four not", partial(few_teams, trained=60, never=4, seats=4)),
    Row("300 teams in one shot, four not", partial(few_teams, trained=300, never=4, seats=2)),
    Row("fifteen teams, five waves", partial(few_teams, trained=15, never=0, waves=5)),
    Row("whole teams trained, recorded as agents", recorded_as_agents),
    Row("drawn inside every team, effect of 8.5 points", partial(inside_teams, effect=0.085)),
    Row("drawn inside every team, no effect", partial(inside_teams, effect=0.0)),
    Row("worst quarter trained, worst half recorded, no effect", wrong_rule),
    Row("hazard falls as one over tenure, trained in weeks 1 to 4, no effect", leaving),
    Row("bad performers leave, no effect", partial(results_of_who_stays, kept=1.0)),
    Row("bad performers leave, training keeps six in ten and moves no result", partial(results_of_who_stays, kept=0.4)),
    Row("bad performers leave, training does not move leaving: its hazard", leaving_for_results),
    Row("single teams, 12 beside 24, slow drift, no effect", partial(single_teams, **BESIDE_24, memory=0.97)),
    Row("single teams, 12 beside 24, effects differ", partial(single_teams, **BESIDE_24, spread=0.02)),
    Row(
        "single teams, 12 beside 24, half hired just before, no effect",
        partial(single_teams, **BESIDE_24, newcomers=2),
    ),
    Row(
        "single teams, 12 beside 24, half hired just before, effects differ",
        partial(single_teams, **BESIDE_24, newcomers=2, spread=0.02),
    ),
    Row("single teams, 20 beside 10, slow drift, no effect", partial(single_teams, **BESIDE_10, memory=0.97)),
    *(
        Row(f"drawn ranges of 12 groups whose effects differ by {words}", partial(drawn_ranges, spread=spread))
        for spread, words in ((0.0, "nothing"), (0.5, "half an error"), (1.0, "one error"), (2.0, "two errors"))
    ),
    Row("every KPI and eight parts at once, no effect", everything_at_once),
)


def line(row: Row, outcomes: Sequence[Outcome]) -> str:
    """A row of the table."""
    n = len(outcomes)

    def share(values: list[float]) -> str:
        known = np.array([v for v in values if np.isfinite(v)])
        if not known.size:
            return "-"
        return document_table.share(float(known.mean()), n)

    return (
        f"| {row.name} | {n} | {share([o.held for o in outcomes])} | {share([float(o.claim) for o in outcomes])} | "
        f"{share([float(o.without) for o in outcomes])} |"
    )


HEAD = "| world | worlds | coverage of 95% | something is claimed | without the rule |\n|---|---|---|---|---|\n"


def run(row: Row, worlds: int, *, workers: int = 1, keep: Path | None = None, draw: bool = True) -> list[Outcome]:
    """All worlds of one row."""
    seeds = range(FIRST_SEED, FIRST_SEED + worlds)
    return kept_worlds(row.judge, Outcome, row.name, seeds, keep=keep, workers=workers, draw=draw)


def with_row(text: str, row: Row, made: str) -> str:
    """The document with one row of its table made new."""
    return document_table.with_row(text, "claims", HEAD, [each.name for each in ROWS], row.name, made)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=2_000)
    parser.add_argument("--rows", default="", help="only rows whose name contains this; the others stay as they are")
    parser.add_argument("--workers", type=int, default=1, help="processes; the numbers do not depend on it")
    parser.add_argument("--out", type=Path, default=None, help="file whose table is replaced")
    parser.add_argument("--keep", type=Path, default=None, help="folder of worlds made so far, read and added to")
    parser.add_argument("--count", action="store_true", help="draw nothing; count what is kept")
    given = parser.parse_args()
    for row in (row for row in ROWS if given.rows in row.name):
        started = time.perf_counter()
        found = run(row, given.worlds, workers=given.workers, keep=given.keep, draw=not given.count)
        if not found:
            continue
        made = line(row, found)
        print(f"{made} {time.perf_counter() - started:.0f} s", flush=True)
        if given.out is not None:
            given.out.write_text(with_row(given.out.read_text(encoding="utf-8"), row, made), encoding="utf-8")


if __name__ == "__main__":
    main()
