"""Attack a shared dashboard: search for figures about few agents that its answers disclose together, by another search
than the one that chooses them.

    python -m benchmarks.attack -c empathy.toml                      # the first goal
    python -m benchmarks.attack -c empathy.toml --kpi csat_top2 --levels

The attacker has every level of every cell by block, the sums behind every estimate that is told and the naive
comparisons beside it, knows who is in each, and looks for any weights on the rows of as many agents as the smallest
group of which least squares tells most. Groups grow one agent at a time from those of whom most is told; the answers
are made orthonormal at once, by all their eigenvectors, and nothing is shared with ``dashboard/privacy/together.py``.
It takes minutes of processor for a KPI; ``--levels`` looks at blocks apart and takes seconds.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from dashboard.data import published, published_estimates
from dashboard.data.queries import Queries
from dashboard.privacy.lattice import MOST_TOLD
from dashboard.privacy.viewer import READER, seen_by
from dashboard.settings import from_config

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
STARTS = 60
"""Number of agents from which groups are grown."""


def orthonormal(answers: sparse.csr_array) -> Floats:
    """(N, K) directions that answers span, from (N, R)."""
    gram = (answers.T @ answers).toarray()
    scale = np.sqrt(np.diag(gram))
    values, axes = np.linalg.eigh(gram / np.outer(scale, scale))
    real = values > 1e-9
    return np.asarray(answers @ (axes[:, real] / np.sqrt(values[real]) / scale[:, None]))


def most_told(person: Ints, known: Floats, most: int) -> float:
    """The largest disclosed share of a figure about few agents, grown from each of the most disclosed agents."""
    n_people = int(person.max()) + 1
    order = np.argsort(person, kind="stable")
    rows = np.split(order, np.searchsorted(person[order], np.arange(1, n_people)))
    told = np.bincount(person, (known**2).sum(axis=1), n_people)
    best = 0.0
    for start in np.argsort(-told)[:STARTS].tolist():
        group = [start]
        while True:
            mine = known[np.concatenate([rows[k] for k in group])]
            values, axes = np.linalg.eigh(mine @ mine.T)
            best = max(best, float(values[-1]))
            if len(group) >= most:
                break
            pull = np.bincount(person, (known @ (mine.T @ axes[:, -1])) ** 2, n_people)
            pull[group] = -1.0
            group.append(int(pull.argmax()))
    return best


def answers_of(queries: Queries, kpi: str, volume: bool) -> tuple[Ints, Ints, dict[str, list[sparse.csc_array]]]:
    """Agent and block of each row, and the answers about them: ``levels`` and ``estimates``, (N, 1) each.

    Rows of one agent with the same answers are merged, weighted by the root of their number.
    """
    known, places, seen = published.lattice(queries), queries.held_weeks().places, published.observed(queries, kpi)
    _, told = published.blocks(queries, kpi)
    week, agent = places.week[seen.rows].astype(np.int64), places.agent[seen.rows]
    block = np.full(week.size, -1, dtype=np.int64)
    for first in told:
        block[(week >= first) & (week < first + published.BLOCK_WEEKS)] = first
    since, apart = published_estimates.event_week(queries)[seen.rows], queries.setting().design.anticipation_weeks
    after, before = since >= 0, (since < -apart) & (since > -published_estimates.NEVER)
    both = np.isin(agent, agent[after]) & np.isin(agent, agent[before])
    sums = [after & both, *(before & both & (since >= -weeks) for weeks in published_estimates.BEFORE), after, before]
    alike = np.column_stack([known.key[seen.rows], block, *sums])
    _, at, where = np.unique(alike, axis=0, return_index=True, return_inverse=True)
    size = np.square(seen.volume, dtype=np.float64) if volume else np.ones(week.size)
    root = np.sqrt(np.bincount(where.ravel(), size, at.size))
    inside, found = known.inside[known.key[seen.rows[at]]], {"levels": [], "estimates": []}
    estimated, compared = published_estimates.estimated(queries, kpi), published_estimates.compared(queries, kpi)
    for cell in range(len(known.cells)):
        here = (inside == cell).any(axis=1)
        found["levels"] += [root * (here & (block[at] == first)) for first, kept in told.items() if kept[cell]]
        if estimated[cell]:
            found["estimates"] += [root * (here & one[at]) for one in sums[:3]]
        if compared[cell]:
            ends = [root * (here & one[at]) for one in sums[3:]]
            sizes = [float(root @ end) or 1.0 for end in ends]
            found["estimates"].append(ends[0] / sizes[0] - ends[1] / sizes[1])
        for kind in found.values():
            kind[:] = [sparse.csc_array(one[:, None]) if isinstance(one, np.ndarray) else one for one in kind]
    return np.unique(agent[at], return_inverse=True)[1], block[at], found


def attack(queries: Queries, kpi: str, *, levels_alone: bool) -> dict[str, float]:
    """The largest share found of any figure, by whether every week of an agent tells as much, or every contact."""
    found: dict[str, float] = {}
    for name in ("weeks", "volume"):
        person, block, answers = answers_of(queries, kpi, name == "volume")
        if not levels_alone:
            found[name] = _told_by([*answers["levels"], *answers["estimates"]], person, queries.settings.min_group)
            continue
        levels = sparse.hstack(answers["levels"], format="csr")
        for first in np.unique(block[block >= 0]).tolist():
            rows = np.flatnonzero(block == first)
            told = [sparse.csc_array(levels[rows])]
            share = _told_by(told, person[rows], queries.settings.min_group)
            found[name] = max(found.get(name, 0.0), share)
    return found


def _told_by(answers: list[sparse.csc_array], person: Ints, most: int) -> float:
    told = sparse.csc_array(sparse.hstack(answers, format="csc"))
    told = told[:, np.flatnonzero(np.diff(told.indptr))]
    if not told.shape[1]:
        return 0.0
    return most_told(np.unique(person, return_inverse=True)[1], orthonormal(sparse.csr_array(told)), most)


def main() -> None:
    """Attack the published version, and print the largest disclosure found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-c", "--config", type=Path, required=True)
    parser.add_argument("--kpi", help="id of a KPI; the first goal by default")
    parser.add_argument("--levels", action="store_true", help="look at the levels of each block alone")
    options = parser.parse_args()
    environ: dict[str, Any] = {"EMPATHY_PROXY_SECRET": "x" * 40, "EMPATHY_SECRET": "x" * 40} | dict(os.environ)
    queries = Queries(from_config(options.config, environ=environ))
    with seen_by(READER), queries.pinned():
        kpi = options.kpi or queries.goals()[0].id
        for name, share in attack(queries, kpi, levels_alone=options.levels).items():
            print(f"{kpi}, by {name}: {share:.3f} of the variance of a figure is told; limit {MOST_TOLD}")


if __name__ == "__main__":
    main()
