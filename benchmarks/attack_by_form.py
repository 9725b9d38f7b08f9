"""Attack a shared dashboard with the exact form of its estimates, and everybody's volume by week.

    python -m benchmarks.attack_by_form -c empathy.toml                     # the first goal
    python -m benchmarks.attack_by_form -c empathy.toml --kpi csat_top2

``benchmarks/attack.py`` takes estimates as sums over agents' weeks. This attacker knows more: an estimate weighs each
week of the trained by its contacts, subtracts the agents' own levels before training and the weeks of the comparison,
both fitted to the untrained weeks by weighted least squares (Borusyak, Jaravel and Spiess 2024, equation 3,
doi:10.1093/restud/rdae007). The attacker works out these weights for the headline and the weeks from training of every
cell that is told, adds every level by block, and those before and after training, takes the rounding of each answer as
an error of its size, and looks for any weights on the weeks of as many agents as the smallest group of which the best
linear estimate tells most.

Figures vary between agents' weeks as much as the KPI does there. It takes a minute for 300 agents and 40 weeks.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.comparison.fair_panel import fair_panel
from analysis.errors import PanelError
from analysis.panel.agent_weeks import WarehouseWeeks
from analysis.panel.panel import Panel
from benchmarks.attack import most_told
from dashboard.data import published, published_estimates
from dashboard.data.compared import comparison_of
from dashboard.data.estimates_told import NO_WEEK
from dashboard.data.queries import Queries
from dashboard.data.slices import to_slice
from dashboard.privacy.imprecision import STEPS, STEPS_BY_WEEK, step_of
from dashboard.privacy.lattice import MOST_TOLD
from dashboard.privacy.viewer import READER, seen_by
from dashboard.settings import from_config
from dashboard.state import Filters

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def weights_of(panel: Panel, anticipation: int) -> tuple[Ints, Floats]:
    """Weeks from training, and what the imputation estimate of each, and of all at the end, weighs ``panel.y`` by.

    Parameters
    ----------
    panel : Panel
        A agents by T weeks.
    anticipation : int
        Weeks before training that are left out.

    Returns
    -------
    (E,) int array, (E + 1, A, T) float array
    """
    since = np.arange(panel.n_periods)[None, :] - np.asarray(panel.cohort_ix)[:, None]
    untrained = panel.observed & (since < -anticipation)
    known = np.asarray(untrained.any(axis=1))[:, None] & np.asarray(untrained.any(axis=0))[None, :]
    trained = panel.observed & (since >= 0) & known
    events = np.unique(since[trained])
    parts = [trained & (since == event) for event in events] + [trained]
    found = np.stack([np.where(part, panel.den, 0.0) / panel.den[part].sum() for part in parts])
    base = np.where(untrained, panel.den, 0.0)
    agents, weeks = base.sum(axis=1), base.sum(axis=0)
    gram = np.block([[np.diag(agents), base], [base.T, np.diag(weeks)]])
    sums = np.concatenate([found.sum(axis=2), found.sum(axis=1)], axis=1)
    fitted = np.linalg.lstsq(gram, sums.T, rcond=1e-10)[0].T
    levels, common = fitted[:, : agents.size], fitted[:, agents.size :]
    return events, found - base[None] * (levels[:, :, None] + common[:, None, :])


@dataclass(frozen=True, eq=False)
class Answers:
    """What is told of a KPI: R answers about N agents' weeks.

    Attributes
    ----------
    person : (N,) int array
    weights : (R, N) float array
        Of the sums that the KPI is a mean over contacts of, in units of their spread.
    error : (R,) float array
        Standard deviation of what each answer is rounded by.
    gap : float
        Largest difference of an estimate that is told from its own form, in steps of its rounding.
    """

    person: Ints
    weights: Floats
    error: Floats
    gap: float


def answers_of(queries: Queries, kpi: str, *, rounded: bool = True) -> Answers:
    """All levels by block and beside estimates, headlines and weeks from training that readers are told.

    Parameters
    ----------
    queries : Queries
    kpi : str
        A share or a mean.
    rounded : bool, optional
        Whether answers are as imprecise as they are told.
    """
    known, held = published.lattice(queries), queries.held_weeks()
    places, seen, columns = held.places, published.observed(queries, kpi), held.columns(kpi)
    num = np.asarray(columns.num[~np.isnan(columns.num)], dtype=np.float64)
    spread = float(np.std(num / seen.volume))
    key, week, agent = known.key[seen.rows], places.week[seen.rows], places.agent[seen.rows]
    volume, anticipation = seen.volume.astype(np.float64), queries.setting().design.anticipation_weeks
    weights: list[Floats] = []
    errors: list[float] = []
    gaps = [0.0]
    sums, told = published.blocks(queries, kpi)
    for block in sums:
        here = (week >= block) & (week < block + published.BLOCK_WEEKS)
        for cell in np.flatnonzero(told[block]).tolist():
            weights.append(here * (known.inside[key] == cell).any(axis=1) * volume)
            errors.append(1e-9 * float(weights[-1].sum()))
    person = {str(k): i for k, i in _agents(queries)}
    for cell in range(known.elsewhere, len(known.cells)):
        filters = Filters(**dict(known.cells[cell]))  # type: ignore[arg-type]
        if not (queries.decision(filters).allowed and queries.publishes(kpi, filters)):
            continue
        frames, panel = queries.study(kpi, filters), _panel(queries, kpi, filters)
        head = frames["effect"].filter(role="headline").row(0, named=True)
        if panel is None or head["estimate"] is None:
            continue
        events, form = weights_of(panel, anticipation)
        here = (known.inside[key] == cell).any(axis=1)
        beside = [here * part * volume for part in published_estimates.rows_beside(queries, seen)]
        beside = [one for one in beside if one.any()]
        weights += beside
        errors += [1e-9 * float(one.sum()) for one in beside]
        inside = queries._places().inside(to_slice(filters.without("cohort")), cohorts=True)
        mine = np.ones(seen.rows.size, dtype=bool) if inside is None else inside[seen.rows]
        unit = np.full(int(places.agent.max()) + 1, -1, dtype=np.int64)
        unit[[person[str(name)] for name in panel.units]] = np.arange(panel.n_units)
        begin = (np.datetime64(panel.times[0]) - np.datetime64(places.origin)).astype("timedelta64[D]").astype(int) // 7
        at = (unit[agent], week - begin)
        mine &= (at[0] >= 0) & (at[1] >= 0) & (at[1] < panel.n_periods)
        rows = np.flatnonzero(mine)
        later = frames["event_time"].filter(pl.col("event_time").is_in(events.tolist())).drop_nulls("estimate")
        shown = [(events.size, head, STEPS)] + [
            (int(np.searchsorted(events, row["event_time"])), row, STEPS_BY_WEEK)
            for row in later.iter_rows(named=True)
        ]
        for which, row, steps in shown:
            one = np.zeros(seen.rows.size)
            one[rows] = (form[which] / np.where(panel.den > 0, panel.den, 1.0))[at[0][rows], at[1][rows]]
            step = _step(queries, kpi, filters, row, steps)
            gaps.append(abs(float(one @ num) - row["estimate"]) / step)
            weights.append(one * volume)
            errors.append(step / np.sqrt(12.0) / spread)
    error = np.array(errors) if rounded else 1e-9 * np.abs(np.array(weights)).sum(axis=1)
    return Answers(np.unique(agent, return_inverse=True)[1], np.array(weights), error, max(gaps))


def _agents(queries: Queries) -> list[tuple[str, int]]:
    return list(queries.frame("select distinct agent_key, agent_ix from mart.agent_week").iter_rows())


def _panel(queries: Queries, kpi: str, filters: Filters) -> Panel | None:
    def make(cursor: Any) -> Panel | None:
        try:
            return fair_panel(WarehouseWeeks(cursor, queries.held_weeks()), kpi, to_slice(filters), queries.setting())
        except PanelError:
            return None

    made: Callable[[Any], Panel | None] = make
    return queries.ask(("panel attacked", kpi, filters), made)


def _step(queries: Queries, kpi: str, filters: Filters, row: Mapping[str, Any], steps: float) -> float:
    whole, by_week = comparison_of(queries, kpi, filters)
    fewest = by_week.get(row.get("event_time", NO_WEEK), whole).fewest
    return float(step_of(np.array([row["std_error"]]), np.array([fewest]), queries.settings.min_group, steps)[0])


def told_of_few(answers: Answers, most: int) -> float:
    """The largest share that the best linear estimate tells of a figure about few agents."""
    gram = answers.weights @ answers.weights.T + np.diag(answers.error**2)
    scale = 1.0 / np.sqrt(np.diag(gram))
    values, axes = np.linalg.eigh(gram * np.outer(scale, scale))
    real = values > 1e-12
    known = answers.weights.T @ (scale[:, None] * axes[:, real] / np.sqrt(values[real]))
    return most_told(answers.person, known, most)


def main() -> None:
    """Attack the published version, and print the largest disclosure found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-c", "--config", type=Path, required=True)
    parser.add_argument("--kpi", help="id of a KPI; the first goal by default")
    options = parser.parse_args()
    environ: dict[str, Any] = {"EMPATHY_PROXY_SECRET": "x" * 40, "EMPATHY_SECRET": "x" * 40} | dict(os.environ)
    queries = Queries(from_config(options.config, environ=environ))
    with seen_by(READER), queries.pinned():
        kpi = options.kpi or queries.goals()[0].id
        for rounded, words in ((True, "as told"), (False, "were answers not rounded")):
            answers = answers_of(queries, kpi, rounded=rounded)
            share = told_of_few(answers, queries.settings.min_group)
            n = answers.error.size
            print(f"{kpi}, {n} answers {words}: {share:.3f} of the variance is told; limit {MOST_TOLD}")


if __name__ == "__main__":
    main()
