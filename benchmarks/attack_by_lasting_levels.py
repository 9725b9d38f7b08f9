"""What levels by four weeks tell of few agents, if an agent is about as good in every block.

    python -m benchmarks.attack_by_lasting_levels -c empathy.toml --kpi empathy_score

Cells are chosen as if what an agent did in one block of four weeks had nothing to do with the next
(:mod:`dashboard.privacy.lattice`). This attacker fits one lasting level per agent to all told levels of a KPI, with
everybody's places and volumes known: agents who join, leave or change teams, and uneven volumes, tell them apart. A
contact is a fixed part (block, channel, queue, tenure band, site) plus its agent's lasting level, the agent's own part
of the block, and what one contact adds; the variances of these are those of the data. Printed is the share of the
variance of an agent's mean level, and of the best weighted mean of as many agents as are few, that told levels take
away: 0.9 is the most that cells are chosen for without lasting levels.

Source: best linear prediction (Henderson, C. R. (1975). Best linear unbiased estimation and prediction under a
selection model. Biometrics 31(2), 423-447. doi:10.2307/2529430).
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, sparse

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from dashboard.data import published
from dashboard.data.queries import Queries
from dashboard.privacy.viewer import READER, seen_by
from dashboard.settings import from_config

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FIXED = ("channel", "queue", "tenure_band", "site")
STARTS = 80
"""Agents from whom groups grow, those first of whom most is told."""
UNKNOWN = 100.0
"""Variance of a fixed part before anything is told, in variances of a contact's outcome."""


@dataclass(frozen=True)
class Told:
    """Rows (an agent, a place, a block) of a KPI, and which of them make each level that is told.

    Attributes
    ----------
    level, volume : (N,) float array
    agent, block : (N,) int array
    fixed : (N, F) sparse array
        Parts that agents share.
    shares : (K, N) sparse array
        Of every told level, the share of each row.
    """

    level: Floats
    volume: Floats
    agent: Ints
    block: Ints
    fixed: sparse.csr_array
    shares: sparse.csr_array


def told_levels(queries: Queries, kpi: str) -> Told:
    """All that readers are told of the levels of a KPI, by blocks of four weeks."""
    known, held, seen = published.lattice(queries), queries.held_weeks(), published.observed(queries, kpi)
    answered, columns = published.blocks(queries, kpi)[1], held.columns(kpi)
    num = np.asarray(columns.num[~np.isnan(columns.num)], dtype=np.float64)
    week = held.places.week[seen.rows].astype(np.int64)
    begin = np.array(sorted(answered), dtype=np.int64)
    block = np.searchsorted(begin, week, side="right") - 1
    here = np.flatnonzero((block >= 0) & (week < begin[block] + published.BLOCK_WEEKS) & (seen.volume > 0))
    rows, block = seen.rows[here], block[here]
    key = np.column_stack([held.places.agent[rows], known.key[rows], block])
    each, first, at = np.unique(key, axis=0, return_index=True, return_inverse=True)
    volume = np.asarray(np.bincount(at.ravel(), seen.volume[here].astype(np.float64)), dtype=np.float64)
    level = np.bincount(at.ravel(), num[here]) / volume
    codes = [each[:, 2], *(held.places.codes[name][rows[first]].astype(np.int64) for name in FIXED)]
    ones, n = np.ones(len(each)), np.arange(len(each))
    fixed = sparse.hstack([sparse.csr_array((ones, (n, code))) for code in codes], format="csr")
    inside, shares = known.inside[each[:, 1]], []
    for number, start in enumerate(begin.tolist()):
        mine = np.flatnonzero(each[:, 2] == number)
        for cell in np.flatnonzero(answered[start]):
            members = mine[(inside[mine] == cell).any(axis=1)]
            if cell >= known.elsewhere and members.size:
                part = volume[members] / volume[members].sum()
                shares.append(sparse.csr_array((part, (np.zeros(members.size, int), members)), shape=(1, len(each))))
    _, agent = np.unique(each[:, 0], return_inverse=True)
    return Told(level, volume, agent, each[:, 2], fixed, sparse.vstack(shares, format="csr"))


def variances(told: Told) -> tuple[float, float, float]:
    """Of lasting levels, of an agent's part of a block, and of one contact: by products of what fixed parts leave."""
    weighted = told.fixed.T @ sparse.diags_array(told.volume)
    beta = np.linalg.lstsq((weighted @ told.fixed).toarray(), weighted @ told.level, rcond=1e-9)[0]
    left = told.level - told.fixed @ beta
    shape = (int(told.agent.max()) + 1, int(told.block.max()) + 1)
    sums, volumes = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, (told.agent, told.block), told.volume * left)
    np.add.at(volumes, (told.agent, told.block), told.volume)
    over = (volumes.sum(axis=1) ** 2 - (volumes**2).sum(axis=1)).sum()
    lasting = max(float((sums.sum(axis=1) ** 2 - (sums**2).sum(axis=1)).sum() / over), 0.0)
    own = (volumes**2).sum() - (told.volume**2).sum()
    within = float(((sums**2).sum() - ((told.volume * left) ** 2).sum()) / own)
    of_block = max(within - lasting, 0.0)
    of_contact = float(np.mean(told.volume * left**2) - np.mean(told.volume) * (lasting + of_block))
    return lasting, of_block, max(of_contact, 1e-12)


def told_of_few(told: Told, lasting: float, of_block: float, of_contact: float, few: int) -> tuple[float, float]:
    """Share told of the best single agent's mean level, and of the best mean of ``few`` agents."""
    n, rows = int(told.agent.max()) + 1, np.arange(told.level.size)
    of_agent = sparse.csr_array((np.ones(rows.size), (rows, told.agent)))
    pair = told.agent * (int(told.block.max()) + 1) + told.block
    of_pair = sparse.csr_array((np.ones(rows.size), (rows, pair)))
    alone = sparse.diags_array(of_contact / told.volume)
    share = told.volume / np.bincount(told.agent, told.volume)[told.agent]
    means = sparse.csr_array((share, (told.agent, rows)), shape=(n, rows.size))

    def covariance(one: sparse.csr_array, other: sparse.csr_array) -> Floats:
        parts = lasting * ((one @ of_agent) @ (other @ of_agent).T)
        parts = parts + of_block * ((one @ of_pair) @ (other @ of_pair).T) + (one @ alone) @ other.T
        return np.asarray(parts.toarray(), dtype=np.float64)

    shared = told.shares @ told.fixed
    both = covariance(told.shares, told.shares) + UNKNOWN * (of_contact + lasting) * (shared @ shared.T).toarray()
    values, axes = np.linalg.eigh(both)
    kept = values > values.max() * 1e-11
    across = (covariance(means, told.shares) @ axes[:, kept]) / np.sqrt(values[kept])
    before, taken = covariance(means, means), across @ across.T
    size = np.sqrt(np.diag(before))
    before, taken = before / np.outer(size, size), taken / np.outer(size, size)
    alone_told, best = np.diag(taken), 0.0
    for start in np.argsort(-alone_told)[:STARTS].tolist():
        group = [start]
        while True:
            square = np.ix_(group, group)
            share_told, axis = linalg.eigh(taken[square], before[square])
            if len(group) == few:
                break
            pull = np.abs(taken[:, group] @ axis[:, -1])
            pull[group] = -1.0
            group.append(int(pull.argmax()))
        best = max(best, float(share_told[-1]))
    return float(alone_told.max()), best


def main() -> None:
    """Print both shares with lasting levels, and as if blocks had nothing to do with each other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-c", "--config", type=Path, default=Path("empathy.toml"), help="of a shared dashboard")
    parser.add_argument("--kpi", default="empathy_score")
    given = parser.parse_args()
    settings = from_config(given.config, environ={"EMPATHY_SECRET": "x" * 40, "EMPATHY_PROXY_SECRET": "x" * 40})
    queries = Queries(settings)
    with seen_by(READER), queries.pinned():
        told = told_levels(queries, given.kpi)
    lasting, of_block, of_contact = variances(told)
    few = settings.min_group - 1
    print(f"{given.kpi}: {told.shares.shape[0]:,} levels told, {int(told.agent.max()) + 1} agents")
    for name, model in (("lasting levels", (lasting, of_block)), ("blocks apart", (0.0, lasting + of_block))):
        one, group = told_of_few(told, *model, of_contact, few)
        print(f"{name}: told of one agent {one:.3f}, of {few} agents {group:.3f}")


if __name__ == "__main__":
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")
    main()
