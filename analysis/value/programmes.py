"""Net value of several programmes: effects shrunk to their mean where there are enough programmes, then summed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError
from analysis.value.appraisal import SEED, Spread, appraise
from analysis.value.draws import effect_draws, triangular
from analysis.value.model import Model, Worth
from analysis.value.shrinkage import FEWEST_PROGRAMMES, shrink

Array = NDArray[np.float64]
SUM_DRAWS = 5_000
"""Number of draws: enough for ranges with two digits, with all programmes drawn."""


@dataclass(frozen=True, eq=False)
class ProgrammeSum:
    """One programme's part of the sum.

    Attributes
    ----------
    name
        Of the programme.
    made
        Its own sum, in the common currency.
    worths
        All its KPIs with an effect, with or without a unit value: all enter the shrinkage.
    correlation
        (K, K) of the effects of ``made.used``.
    measured
        Its net at its own effects, where already computed.
    """

    name: str
    made: Model
    worths: tuple[Worth, ...]
    correlation: Array
    measured: Spread | None = None


@dataclass(frozen=True)
class Together:
    """The sum over programmes.

    Attributes
    ----------
    measured
        Net of each programme at its own effects, as on its own page.
    each
        Net of each at the effects that were summed; equal to ``measured`` where nothing was shrunk.
    net
        Sum of ``each``. Its range is the sum of the ranges, which is valid whether or not the programmes' errors are
        correlated (as where they share teams).
    apart
        The same sum with its range if the programmes' errors are independent.
    drawn_together
        Ids of the KPIs whose effects were shrunk before they were summed.
    """

    measured: tuple[Spread, ...]
    each: tuple[Spread, ...]
    net: Spread
    apart: Spread
    drawn_together: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Effects:
    """Effects of one programme's used KPIs, (K,) each: estimate, own standard error, standard error shared with the
    others."""

    points: Array
    own: Array
    shared: Array


def together(
    programmes: Sequence[ProgrammeSum], *, ci_level: float = 0.95, draws: int = SUM_DRAWS, seed: int = SEED
) -> Together:
    """Sum the nets of programmes.

    Parameters
    ----------
    programmes
        All programmes, whatever their result: a sum over successful ones is too high.
    ci_level
        Level of every range.
    draws, seed
        Of the joint simulation.

    Raises
    ------
    EstimationError
        When there are fewer than two, or one has no net.

    Notes
    -----
    Effects on a KPI that at least six programmes have are first shrunk to their mean
    (:func:`analysis.value.shrinkage.shrink`); the error of that mean is common to all. An assumption stated with the
    same range by several programmes counts as one and is drawn once. Without shrinkage, the range of ``net`` is exactly
    the sum of the ranges on the programmes' own pages.

    Assumptions: 1. those of :func:`analysis.value.appraisal.appraise`; 2. those of the shrinkage, of which the
    independence of programmes is not checked; 3. effects of programmes on the same people add up (not checked here; a
    check of each study names the programmes that ran at the same time).

    Source: B. Efron, C. Morris (1975), doi:10.1080/01621459.1975.10479864.
    """
    if len(programmes) < 2:
        raise EstimationError("A sum over programmes needs two or more.")
    measured = []
    for one in programmes:
        net = one.measured or appraise(one.made, correlation=one.correlation, ci_level=ci_level, seed=seed).net
        if not net.known:
            raise EstimationError(f"“{one.name}” has no net, and what is not known is not zero; leave it out by name.")
        measured.append(net)
    effects, shrunk = _effects(programmes)
    rng = np.random.default_rng(seed)
    common = effect_draws(
        np.zeros(len(shrunk)), np.ones(len(shrunk)), _mean_correlation(programmes, shrunk), math.inf, draws, rng
    )
    stated: dict[tuple[str, tuple[float, float, float]], Array] = {}
    ends = [(1 - ci_level) / 2, (1 + ci_level) / 2]
    each, total = [], np.zeros(draws)
    for one, known in zip(programmes, effects, strict=True):
        df = min((part.df for part in one.made.used), default=math.inf)
        drawn = effect_draws(known.points, known.own, one.correlation, df, draws, rng)
        for k, part in enumerate(one.made.used):
            if part.kpi.id in shrunk:
                drawn[:, k] += known.shared[k] * common[:, shrunk.index(part.kpi.id)]
        values = {}
        for key in one.made.uncertain():
            span = one.made.ends(key)
            if (key, span) not in stated:
                stated[key, span] = triangular(*span, draws, rng)
            values[key] = stated[key, span]
        amounts = np.broadcast_to(np.asarray(one.made.net(drawn, values), dtype=np.float64), (draws,))
        low, high = np.quantile(amounts, ends)
        each.append(Spread(float(one.made.net(known.points, one.made.likely())), float(low), float(high)))
        total += amounts
    if not shrunk:
        each = measured
    mid = math.fsum(one.mid for one in each)
    low, high = np.quantile(total, ends)
    return Together(
        measured=tuple(measured),
        each=tuple(each),
        net=Spread(mid, math.fsum(one.low for one in each), math.fsum(one.high for one in each)),
        apart=Spread(mid, float(low), float(high)),
        drawn_together=shrunk,
    )


def _effects(programmes: Sequence[ProgrammeSum]) -> tuple[list[_Effects], tuple[str, ...]]:
    """Effects to sum, and the KPIs whose effects were shrunk."""
    found: dict[str, dict[int, Worth]] = {}
    for i, one in enumerate(programmes):
        for part in one.worths:
            if part.available and part.std_error > 0:
                found.setdefault(part.kpi.id, {})[i] = part
    drawn: dict[str, dict[int, tuple[float, float, float]]] = {}
    for kpi, parts in found.items():
        if len(parts) < FEWEST_PROGRAMMES:
            continue
        errors = np.array([part.std_error for part in parts.values()])
        made = shrink(np.array([part.effect for part in parts.values()]), errors)
        own, shared = errors * np.sqrt(made.kept), (1 - made.kept) * made.error_of_mean
        drawn[kpi] = dict(zip(parts, zip(made.estimates, own, shared, strict=True), strict=True))
    effects = []
    for i, one in enumerate(programmes):
        rows = [drawn.get(p.kpi.id, {}).get(i, (p.effect, p.std_error, 0.0)) for p in one.made.used]
        columns = np.array(rows, dtype=np.float64).reshape(-1, 3).T
        effects.append(_Effects(*columns))
    used = {part.kpi.id for one in programmes for part in one.made.used}
    return effects, tuple(kpi for kpi in drawn if kpi in used)


def _mean_correlation(programmes: Sequence[ProgrammeSum], kpis: tuple[str, ...]) -> Array:
    """(K, K) correlation between the errors of the KPIs' means: the mean of the programmes' own."""
    sums, counts = np.zeros((len(kpis), len(kpis))), np.zeros((len(kpis), len(kpis)))
    for one in programmes:
        ids = [part.kpi.id for part in one.made.used]
        here = [(k, ids.index(kpi)) for k, kpi in enumerate(kpis) if kpi in ids]
        for k, i in here:
            for m, j in here:
                sums[k, m] += one.correlation[i, j]
                counts[k, m] += 1
    mean = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
    np.fill_diagonal(mean, 1.0)
    return mean
