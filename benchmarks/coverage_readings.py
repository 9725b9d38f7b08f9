"""Coverage of the estimates beside a headline: leaving, fading, spillover, groups, refreshers.

    python benchmarks/coverage_readings.py --worlds 1000 --out docs/coverage.md
    python benchmarks/coverage_readings.py --worlds 1000 --rows "stay" --out docs/coverage.md
    python benchmarks/coverage_readings.py --worlds 1000 --keep worlds --out docs/coverage.md

Every kind of world is drawn from a seed, with one feature that a plain effect would miss, and is estimated by the
function that the product uses. ``--keep`` appends every world to a folder, so that a run can be stopped and resumed.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from analysis import Panel, estimate
from analysis.effects.course import effect_path
from analysis.effects.exposure import Exposure, exposure_effects
from analysis.effects.hazard import hazard_ratio
from analysis.effects.refreshers import refresher_events
from analysis.effects.survivors import Staying, survivors
from analysis.effects.who_gains import by_starting_level, starting_thirds
from analysis.panel.never import NEVER
from benchmarks import document_table
from benchmarks.worlds_kept import worlds as kept_worlds

Floats = NDArray[np.float64]

FIRST_SEED, NEVER_WEEK = 500_000, 999


@dataclass(frozen=True)
class Found:
    """One number of one world: estimate, interval and true value."""

    truth: float
    estimate: float
    low: float
    high: float

    @property
    def held(self) -> bool:
        """Whether the interval covers the true value; an end that is NaN is open."""
        return not (self.truth < self.low or self.truth > self.high)

    @property
    def told(self) -> bool:
        """Whether the product gives the number."""
        return not math.isnan(self.truth)


UNTOLD = Found(math.nan, math.nan, math.nan, math.nan)
"""Result for a world in which the product does not give the number."""


@dataclass(frozen=True)
class Row:
    """One number in one kind of world.

    Attributes
    ----------
    name
        Of the world and the number.
    draw
        Function from a seed and the row's settings to the result; ``None`` where the product does not give the number.
    settings
        Of the world.
    """

    name: str
    draw: Callable[..., Found | None]
    settings: dict[str, Any] = field(default_factory=dict)


def _panel(team: Floats, start: Floats, y: Floats, seen: NDArray[np.bool_], weight: Floats | None = None) -> Panel:
    agent, week = np.nonzero(seen)
    frame = pl.DataFrame({"agent": agent, "week": week, "team": team[agent], "start": start[agent], "y": y[seen]})
    if weight is not None:
        frame = frame.with_columns(n=pl.Series(weight[seen]))
    by = {"unit": "agent", "time": "week", "cohort": "start", "cluster": "team", "never": NEVER_WEEK}
    return Panel.from_frame(frame, outcome="y", weight=None if weight is None else "n", **by)


def _levels(draw: np.random.Generator, team: Floats, weeks: int, *, team_sd: float = 0.2) -> Floats:
    """(A, T) outcomes without training: agent, week and drifting team effects (AR(1), 0.5)."""
    teams, agents = int(team.max()) + 1, team.size
    shock = draw.normal(size=(teams, weeks))
    for week in range(1, weeks):
        shock[:, week] = 0.5 * shock[:, week - 1] + np.sqrt(0.75) * shock[:, week]
    common = 0.3 * draw.normal(size=weeks).cumsum()
    return draw.normal(size=agents)[:, None] + common[None, :] + team_sd * shock[team]


def leaving(seed: int, *, teams: int, ratio: float, number: str, size: int = 12, weeks: int = 48) -> Found | None:
    """Agents who gain more stay longer, and training multiplies the chance to leave by ``ratio``.

    ``number``: ``bounds`` of the effect among those who stay either way, or the effect ``weighted`` by the chance to
    be still there (then leaving and gains hang on the level before training alone).
    """
    draw = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), size)
    start = draw.permutation(np.array([12, 18, 24, NEVER_WEEK])[np.arange(teams) % 4])[team]
    week = np.arange(weeks)
    trained = week[None, :] >= start[:, None]
    level = _levels(draw, team, weeks)
    kind = draw.normal(size=team.size)
    if number == "weighted":
        kind = level[:, :12].mean(axis=1)
        kind = (kind - kind.mean()) / kind.std()
    gain = 0.5 + 0.3 * kind
    chance = np.broadcast_to(0.02 * np.exp(-0.6 * kind)[:, None], trained.shape)
    patience = draw.exponential(size=team.size)[:, None]
    gone = {way: np.cumsum(chance * (ratio if way else 1.0) ** trained, axis=1) > patience for way in (True, False)}
    seen = ~np.roll(gone[True], 1, axis=1)
    seen[:, 0] = True
    y = level + gain[:, None] * trained + draw.normal(size=trained.shape)
    study = estimate(_panel(team, start, y, seen))
    left = gone[True] & seen
    agent, at = np.nonzero(seen)
    spans = pl.DataFrame(
        {
            "agent_ix": agent.astype(np.int32),
            "team_id": [f"t{t:03d}" for t in team[agent]],
            "site": ["a"] * agent.size,
            "tenure_week": (at + 110).astype(np.int32),
            "period": (at // 4).astype(np.int32),
            "trained": trained[seen],
            "left": left[seen],
            "days": np.full(agent.size, 7, dtype=np.int32),
            "leave_type": ["voluntary"] * agent.size,
        }
    )
    staying = Staying.of(hazard_ratio(spans))
    made = None if staying is None else survivors(study, staying)
    if made is None:
        return None
    mass = seen & trained
    if number == "weighted":
        cohorts = [start == s for s in np.unique(start) if s < NEVER_WEEK]
        began = [rows & seen[np.arange(team.size), np.minimum(start, weeks - 1)] for rows in cohorts]
        weights = [mass[rows].sum() for rows in cohorts]
        truth = float(np.average([gain[rows].mean() for rows in began], weights=weights))
        return Found(truth, made.weighted.estimate, made.weighted.ci_low, made.weighted.ci_high)
    either = mass & ~np.roll(gone[False], 1, axis=1)
    truth = float(np.average(gain, weights=either.sum(axis=1)))
    return Found(truth, made.headline.estimate, made.bounds.ci_low, made.bounds.ci_high)


def fading_world(
    seed: int, *, teams: int, half_life: float, size: float = 0.6, weeks: int = 70, ramp: float = 2.0
) -> Panel:
    """Whole teams in three waves and never; the effect comes with a ramp and fades to nothing."""
    draw = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), 10)
    start = draw.permutation(np.array([12, 20, 28, NEVER_WEEK])[np.arange(teams) % 4])[team]
    since = np.arange(weeks)[None, :] - start[:, None]
    kept = 2.0 ** (-np.maximum(since, 0) / half_life) * (1 - 2.0 ** (-(np.maximum(since, 0) + 1) / ramp))
    y = _levels(draw, team, weeks) + size * np.where(since >= 0, kept, 0.0) + draw.normal(size=since.shape)
    return _panel(team, start, y, np.ones(y.shape, dtype=bool))


def half_life(seed: int, *, teams: int, half_life: float) -> Found | None:
    """Weeks until half of an effect is gone."""
    found = effect_path(estimate(fading_world(seed, teams=teams, half_life=half_life)).aggregate("event_time"))
    if found is None:
        return None
    told = found.half_life
    return Found(half_life, told.estimate, told.low, told.high)


def mates(seed: int, *, teams: int, number: str) -> Found | None:
    """One number of the world of :func:`_mates_world`; three rows ask for one number each."""
    found = _mates_world(seed, teams)
    if found is None:
        return None
    truth = {"direct": DIRECT, "per_ten": CAUGHT / 10, "everybody": DIRECT + CAUGHT}[number]
    part = getattr(found, number)
    return Found(truth, part.estimate, part.ci_low, part.ci_high)


DIRECT, CAUGHT = 0.5, 0.4
"""Effect of own training, and of all team-mates trained."""


@cache
def _mates_world(seed: int, teams: int, size: int = 10, weeks: int = 44) -> Exposure | None:
    """Half of the agents of three teams in four are trained, one after the other; team-mates catch some of it."""
    draw = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), size)
    began = draw.permutation(np.array([12, 18, 24, NEVER_WEEK])[np.arange(teams) % 4])[team]
    seat = np.tile(draw.permutation(size), teams)
    own = np.where((seat < size // 2) & (began < NEVER_WEEK), began + 2 * seat, NEVER_WEEK)
    trained = np.arange(weeks)[None, :] >= own[:, None]
    done = np.zeros((teams, weeks))
    np.add.at(done, team, trained.astype(np.float64))
    share = (done[team] - trained) / (size - 1)
    y = _levels(draw, team, weeks) + DIRECT * trained + CAUGHT * share + draw.normal(size=share.shape)
    panel = _panel(team, own, y, np.ones(y.shape, dtype=bool))
    return exposure_effects(panel, np.where(began == NEVER_WEEK, NEVER, began))


def starting_level(seed: int, *, teams: int, size: int = 10, weeks: int = 44) -> Found | None:
    """Agents who start lower gain more; the difference of the worst third from the others."""
    draw = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), size)
    start = draw.permutation(np.array([16, 22, 28, NEVER_WEEK])[np.arange(teams) % 4])[team]
    trained = np.arange(weeks)[None, :] >= start[:, None]
    skill = draw.normal(size=team.size)
    gain = 0.5 - 0.2 * skill
    y = skill[:, None] + _levels(draw, team, weeks) + gain[:, None] * trained + 2.0 * draw.normal(size=trained.shape)
    panel = _panel(team, start, y, np.ones(y.shape, dtype=bool))
    made = by_starting_level(panel, better="higher")
    third = starting_thirds(panel, better="higher")
    if not made or third is None:
        return None
    cells = trained.sum(axis=1)
    worst, rest = (third == 0) & (cells > 0), (third > 0) & (cells > 0)
    truth = float(np.average(gain[worst], weights=cells[worst]) - np.average(gain[rest], weights=cells[rest]))
    return Found(truth, made[0].difference, made[0].difference_low, made[0].difference_high)


BROUGHT = 0.2
"""What a refresher brings in its first four weeks; half of it stays."""


def refreshed_world(seed: int, *, teams: int, brought: float = BROUGHT, weeks: int = 60) -> tuple[Panel, Floats]:
    """An effect that halves every 20 weeks; half of the trained have a refresher 22 to 27 weeks later."""
    draw = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), 10)
    start = draw.permutation(np.array([8, 12, 16, NEVER_WEEK])[np.arange(teams) % 4])[team]
    picked = (draw.random(team.size) < 0.5) & (start < NEVER_WEEK)
    again = np.where(picked, start + 22 + draw.integers(0, 6, team.size), NEVER_WEEK)
    since, after = (np.arange(weeks)[None, :] - begun[:, None] for begun in (start, again))
    y = _levels(draw, team, weeks) + draw.normal(size=since.shape)
    y += 0.6 * np.where(since >= 0, 2.0 ** (-np.maximum(since, 0) / 20), 0.0)
    y += brought * np.where(after >= 0, 1 - 0.5 * (after >= 4), 0.0)
    return _panel(team, start, y, np.ones(y.shape, dtype=bool)), (after >= 0).astype(np.float64)


def brought_back(seed: int, *, teams: int, brought: float = BROUGHT) -> Found | None:
    """What refreshers bring in their first four weeks."""
    panel, refreshed = refreshed_world(seed, teams=teams, brought=brought)
    found = next(event for event in refresher_events(panel, refreshed) if event.from_week == 0)
    return Found(brought, found.estimate, found.ci_low, found.ci_high) if math.isfinite(found.std_error) else None


ROWS: tuple[Row, ...] = (
    *(
        Row(f"stay: {name}, {teams} teams", leaving, {"teams": teams, **settings})
        for name, settings in (
            ("training keeps people, bounds", {"ratio": 0.5, "number": "bounds"}),
            ("training drives people away, bounds", {"ratio": 1.8, "number": "bounds"}),
            ("who gains stays, weighted", {"ratio": 0.5, "number": "weighted"}),
        )
        for teams in (40, 20)
    ),
    *(
        Row(f"team-mates: {words}, {teams} teams", mates, {"teams": teams, "number": number})
        for number, words in (
            ("direct", "direct effect"),
            ("per_ten", "ten points of team-mates"),
            ("everybody", "whole team trained"),
        )
        for teams in (40, 20)
    ),
    *(
        Row(f"half-life: {words}, {teams} teams", half_life, {"teams": teams, "half_life": weeks})
        for weeks, words in ((20.0, "20 weeks"), (math.inf, "never fades"))
        for teams in (40, 20)
    ),
    *(
        Row(f"who gains: worst third against the others, {teams} teams", starting_level, {"teams": teams})
        for teams in (40, 20)
    ),
    *(
        Row(f"refreshers: {words}, {teams} teams", brought_back, {"teams": teams, "brought": brought})
        for brought, words in ((BROUGHT, "what they bring back"), (0.0, "which bring nothing"))
        for teams in (40, 20)
    ),
)


@dataclass(frozen=True)
class Line:
    """A row's summary over its worlds."""

    row: Row
    worlds: int
    found: tuple[Found, ...]

    @property
    def coverage(self) -> float:
        """Share of intervals that cover the true value."""
        return float(np.mean([f.held for f in self.found])) if self.found else float("nan")

    @property
    def bias(self) -> float:
        """Median estimate less the mean truth."""
        return float(np.median([f.estimate for f in self.found])) - self.truth if self.found else float("nan")

    @property
    def truth(self) -> float:
        """Mean truth."""
        return float(np.mean([f.truth for f in self.found])) if self.found else float("nan")

    @property
    def width(self) -> float:
        """Median width of the interval, of those with two ends."""
        return float(np.nanmedian([f.high - f.low for f in self.found])) if self.found else float("nan")


def run(row: Row, worlds: int, first_seed: int = FIRST_SEED, *, keep: Path | None = None, workers: int = 1) -> Line:
    """All worlds of one row; those in the folder ``keep`` are read, the others are drawn and added to it."""
    seeds = range(first_seed, first_seed + worlds)
    made = kept_worlds(partial(_world, row), Found, row.name, seeds, keep=keep, workers=workers)
    return Line(row, worlds, tuple(found for found in made if found.told))


def _world(row: Row, seed: int) -> Found:
    return row.draw(seed, **row.settings) or UNTOLD


HEAD = (
    "| number and world | worlds | told in | true value | interval holds it | estimate is off by (median) | "
    "width of the interval (median) |\n|---|---|---|---|---|---|---|\n"
)


def markdown(line: Line) -> str:
    """A row of the table in docs/coverage.md."""
    told = len(line.found) / line.worlds
    finite = math.isfinite(line.truth)
    off, width = (f"{line.bias:+.3f}", f"{line.width:.3g}") if finite else ("-", "-")
    truth = f"{line.truth:.3g}" if finite else "never"
    held = document_table.share(line.coverage, len(line.found))
    return f"| {line.row.name} | {line.worlds} | {told:.0%} | {truth} | {held} | {off} | {width} |"


def with_row(text: str, line: Line) -> str:
    """The document with one row of its table made new."""
    return document_table.with_row(text, "readings", HEAD, [row.name for row in ROWS], line.row.name, markdown(line))


def main(tell: Callable[[str], None] = print) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=1000)
    parser.add_argument("--rows", default="", help="only rows whose name contains this; the others stay as they are")
    parser.add_argument("--out", type=Path, default=None, help="file whose table is replaced")
    parser.add_argument("--keep", type=Path, default=None, help="folder of worlds made so far, read and added to")
    parser.add_argument("--workers", type=int, default=1, help="processes; the numbers do not depend on it")
    given = parser.parse_args()
    for row in (row for row in ROWS if given.rows in row.name):
        started = time.perf_counter()
        line = run(row, given.worlds, keep=given.keep, workers=given.workers)
        tell(f"{markdown(line)}  ({time.perf_counter() - started:.0f} s)")
        if given.out is not None:
            given.out.write_text(with_row(given.out.read_text(encoding="utf-8"), line), encoding="utf-8")


if __name__ == "__main__":
    main()
