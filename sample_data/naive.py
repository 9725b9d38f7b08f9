"""Naive comparisons, whose error the sample world is built to show."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from sample_data.panel import PanelWorld, simulate_panel
from sample_data.parameters import Parameters


@dataclass(frozen=True)
class Comparison:
    """A naive estimate with the true effect on the same agent-weeks, both in the KPI's units.

    Parameters
    ----------
    naive : float
    truth : float
        Zero where nobody was trained.
    """

    naive: float
    truth: float

    @property
    def error(self) -> float:
        """Naive estimate minus true effect."""
        return self.naive - self.truth


def before_after(world: PanelWorld, window: int, announced: int | None = None) -> Comparison:
    """Compare the trained agents' rate in the weeks after their training with the weeks before.

    Parameters
    ----------
    world : PanelWorld
    window : int
        Weeks on each side; the week of training is the first week after.
    announced : int, optional
        Where nobody was trained: compare everybody around this week instead.
    """
    cells = world.frame.join(world.truth.select("agent", "week", "tau"), on=["agent", "week"], how="left")
    start = pl.lit(announced) if announced is not None else pl.col("trained_week")
    timed = cells.with_columns((pl.col("week") - start).alias("since")).filter(pl.col("since").is_not_null())
    before = timed.filter(pl.col("since").is_between(-window, -1))
    after = timed.filter(pl.col("since").is_between(0, window - 1))
    return Comparison(naive=_mean(after, "y") - _mean(before, "y"), truth=_mean(after, "tau"))


def trained_vs_untrained(world: PanelWorld, weeks: int) -> Comparison:
    """Compare trained with untrained agents in the last weeks of the window."""
    cells = world.frame.join(world.truth.select("agent", "week", "tau", "trained"), on=["agent", "week"], how="left")
    last = cells.filter(pl.col("week") > cells["week"].max() - weeks)  # type: ignore[operator]
    trained, untrained = last.filter(pl.col("trained")), last.filter(~pl.col("trained"))
    return Comparison(naive=_mean(trained, "y") - _mean(untrained, "y"), truth=_mean(trained, "tau"))


def _mean(cells: pl.DataFrame, column: str) -> float:
    if cells.is_empty():
        return float("nan")
    return float(np.average(cells[column].to_numpy(), weights=cells["n"].to_numpy()))


@dataclass(frozen=True)
class Row:
    """One line of the table in docs/sample-world.md, in points (share times 100).

    Parameters
    ----------
    mode : str
    scale : float
        ``effect_scale`` of the worlds.
    figures : dict of (float, float)
        Mean over worlds and its standard error of: ``truth`` (12 weeks from training), ``error_4``, ``error_12``
        (of before/after with that many weeks on each side) and ``error_groups`` (of trained against untrained).
    """

    mode: str
    scale: float
    figures: dict[str, tuple[float, float]]


FIGURES = ("truth", "error_4", "error_12", "error_groups")


def row(mode: str, scale: float, seeds: int, base: Parameters | None = None) -> Row:
    """Measure the naive comparisons over several worlds of one assignment mode.

    Parameters
    ----------
    mode : str
    scale : float
        0 is a null world.
    seeds : int
        Number of worlds, at least two.
    base : Parameters, optional
        The default world when not given.
    """
    params = base or Parameters()
    draws: dict[str, list[float]] = {name: [] for name in FIGURES}
    for seed in range(seeds):
        world = simulate_panel(params.replace(seed=1000 + seed, assignment=mode, effect_scale=scale))
        announced = params.pre_weeks if mode == "none" else None
        short, long = before_after(world, 4, announced), before_after(world, 12, announced)
        draws["truth"].append(100 * long.truth)
        draws["error_4"].append(100 * short.error)
        draws["error_12"].append(100 * long.error)
        draws["error_groups"].append(100 * trained_vs_untrained(world, 12).error)
    figures = {
        name: (float(np.mean(values)), float(np.std(values, ddof=1) / np.sqrt(seeds))) for name, values in draws.items()
    }
    return Row(mode=mode, scale=scale, figures=figures)
