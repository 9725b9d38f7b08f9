"""Correct scores for severity of rater and form, and test whether raters score trained agents differently.

Raters differ in severity, and a new form may be harder. Where raters and agents are unevenly matched, that looks like a
difference in skill. Both are estimated from evaluations of one agent in one month, in which the agent's skill is taken
as constant, so that neither training nor talent is mistaken for severity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from scipy.special import chdtrc

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST_EVALUATIONS = 10
"""Fewest evaluations of trained and of untrained agents for a rater to be compared with others."""
LARGEST_RATIO = 1e4
"""Largest ratio of between-rater to within-rater variance in the search."""


@dataclass(frozen=True, eq=False)
class RaterModel:
    """Severity of raters and forms.

    Attributes
    ----------
    adjusted : (N,) array
        Scores minus the effects of rater and form, with the overall mean unchanged; NaN where not scored.
    severity : (R,) array
        Effect of each rater, shrunk towards zero where the rater scored little (best linear unbiased prediction).
    raters, forms : labels, (R,) and (F,)
    form_effect : (F,) array
        Effect of each form relative to the first; 0 where they cannot be compared.
    sd_between, sd_within : float
        Standard deviation between raters, and of a single score around agent-month, rater and form.
    n_compared : int
        Evaluations in agent-months with at least two.
    """

    adjusted: Floats
    severity: Floats
    raters: NDArray[np.str_]
    form_effect: Floats
    forms: NDArray[np.str_]
    sd_between: float
    sd_within: float
    n_compared: int


@dataclass(frozen=True)
class Leakage:
    """Whether raters agree on how the trained compare with the untrained.

    Attributes
    ----------
    spread : float
        Standard deviation between raters of the gap each sees between trained and untrained agents, sampling error
        removed.
    p_value : float
        Of all raters seeing the same gap; NaN where it cannot be tested.
    n_raters : int
        Raters with enough evaluations on both sides.
    shift : float
        Change of the mean severity of the raters who score trained agents, from before to after training.
    """

    spread: float
    p_value: float
    n_raters: int
    shift: float


def rater_model(score: Floats, group: Ints, rater: NDArray[np.str_], form: NDArray[np.str_]) -> RaterModel:
    """Fit severity by restricted maximum likelihood.

    Parameters
    ----------
    score : (N,) array
        NaN where not scored.
    group : (N,) int array
        Agent-month of each evaluation, dense from 0.
    rater, form : (N,) labels

    Returns
    -------
    RaterModel
        No correction with one rater and one form, or where no agent-month has two evaluations.

    Notes
    -----
    ``score = agent-month + form + rater + error``; agent-months and forms fixed, raters normal. Agent-months and forms
    are projected out, so the likelihood needs a matrix of raters by raters only. Same numbers as statsmodels' MixedLM
    with dummies (tested).

    Assumptions: 1. a rater is as severe with one agent as with another (see :func:`leakage` for training); 2. within an
    agent-month, raters are assigned to contacts at random. Source: Patterson, Thompson (1971),
    doi:10.1093/biomet/58.3.545.
    """
    raters, r = np.unique(rater, return_inverse=True)
    forms, f = np.unique(form, return_inverse=True)
    seen = np.isfinite(score)
    plain = RaterModel(score, np.zeros(raters.size), raters, np.zeros(forms.size), forms, 0.0, np.nan, 0)
    used = np.flatnonzero(seen)
    if used.size == 0:
        return plain
    size = np.bincount(group[used], minlength=int(group.max()) + 1)
    used = used[size[group[used]] > 1]
    if used.size < 3 or (raters.size < 2 and forms.size < 2):
        return plain
    _, g = np.unique(group[used], return_inverse=True)
    columns = np.zeros((used.size, forms.size - 1 + raters.size + 1))
    n_forms = forms.size - 1
    later = f[used] > 0
    columns[np.flatnonzero(later), f[used][later] - 1] = 1.0
    columns[np.arange(used.size), n_forms + r[used]] = 1.0
    columns[:, -1] = score[used]
    count = np.bincount(g).astype(np.float64)
    means = np.column_stack([np.bincount(g, column) for column in columns.T]) / count[:, None]
    within = columns - means[g]
    gram = within.T @ within
    fixed, rank = _without(gram, n_forms)
    zz, zy, yy = fixed[:-1, :-1], fixed[:-1, -1], float(fixed[-1, -1])
    df = used.size - count.size - rank
    if df < 2 or yy <= 0:
        return plain
    values, vectors = np.linalg.eigh(zz)
    values, turned = values.clip(min=0.0), vectors.T @ zy

    def loss(log_ratio: float) -> float:
        ratio = np.exp(log_ratio)
        left = yy - float((ratio * turned**2 / (1 + ratio * values)).sum())
        return float(df * np.log(max(left, 1e-300) / df) + np.log1p(ratio * values).sum())

    found = optimize.minimize_scalar(loss, bounds=(-18.0, float(np.log(LARGEST_RATIO))), method="bounded")
    ratio = float(np.exp(found.x)) if loss(float(found.x)) < loss(-40.0) - 1e-9 else 0.0
    severity = vectors @ (ratio * turned / (1 + ratio * values))
    left = max(yy - float((ratio * turned**2 / (1 + ratio * values)).sum()), 0.0)
    form_effect = np.zeros(forms.size)
    if n_forms:
        top = gram[:n_forms, -1] - gram[:n_forms, n_forms:-1] @ severity
        form_effect[1:] = np.linalg.pinv(gram[:n_forms, :n_forms], hermitian=True) @ top
    added = severity[r] + form_effect[f]
    return RaterModel(
        adjusted=score - added + (added[seen].mean() if seen.any() else 0.0),
        severity=severity,
        raters=raters,
        form_effect=form_effect,
        forms=forms,
        sd_between=float(np.sqrt(ratio * left / df)),
        sd_within=float(np.sqrt(left / df)),
        n_compared=int(used.size),
    )


def _without(gram: Floats, n_fixed: int) -> tuple[Floats, int]:
    """Cross products after the first columns are projected out, and the rank of those columns."""
    if n_fixed == 0:
        return gram, 0
    own = gram[:n_fixed, :n_fixed]
    cross = gram[n_fixed:, :n_fixed]
    return gram[n_fixed:, n_fixed:] - cross @ np.linalg.pinv(own, hermitian=True) @ cross.T, int(
        np.linalg.matrix_rank(own, hermitian=True)
    )


def leakage(
    model: RaterModel, score: Floats, level: Floats, rater: NDArray[np.str_], trained: NDArray[np.bool_], cluster: Ints
) -> Leakage:
    """Test whether raters agree on the gap between trained and untrained agents.

    Parameters
    ----------
    model : RaterModel
        Of the same scores.
    score : (N,) array
    level : (N,) array
        Expected score: agent and week effects estimated from untrained weeks. NaN where there is none.
    rater : (N,) labels
    trained : (N,) bool array
        Whether the agent was trained by the week of the evaluation.
    cluster : (N,) int array
        Team of the agent, at which errors are clustered.

    Notes
    -----
    Each rater's gain is the mean of ``score - level`` over the trained less over the untrained. Raters who know who was
    trained and favour them differ from those who do not; if all favour them equally, the data cannot show it. Spread
    and test are those of a meta-analysis of the raters' gains (Cochran's Q; DerSimonian, Laird 1986,
    doi:10.1016/0197-2456(86)90046-2).
    """
    place = np.searchsorted(model.raters, rater)
    known = np.isfinite(score) & np.isfinite(level)
    gains, variances = [], []
    residual = np.where(known, score - level, 0.0)
    for k in range(model.raters.size):
        sides = [known & (place == k) & (trained == side) for side in (True, False)]
        if min(int(side.sum()) for side in sides) < LEAST_EVALUATIONS:
            continue
        gains.append(float(residual[sides[0]].mean() - residual[sides[1]].mean()))
        variances.append(sum(_variance_of_mean(residual[side], cluster[side]) for side in sides))
    severity = model.severity[place]
    shift = np.nan
    if known[trained].any() and known[~trained].any():
        shift = float(severity[known & trained].mean() - severity[known & ~trained].mean())
    if len(gains) < 2:
        return Leakage(np.nan, np.nan, len(gains), shift)
    gain, weight = np.array(gains), 1 / np.array(variances)
    mean = float((weight * gain).sum() / weight.sum())
    q, df = float((weight * (gain - mean) ** 2).sum()), len(gains) - 1
    scale = float(weight.sum() - (weight**2).sum() / weight.sum())
    return Leakage(float(np.sqrt(max(q - df, 0.0) / scale)), float(chdtrc(df, q)), len(gains), shift)


def _variance_of_mean(values: Floats, cluster: Ints) -> float:
    """Clustered variance of a mean; never below that of independent values."""
    centred = values - values.mean()
    alone = float((centred**2).sum()) / (values.size - 1) / values.size
    sums = np.bincount(cluster, centred)
    clusters = np.unique(cluster).size
    together = float((sums**2).sum()) / values.size**2 * clusters / max(clusters - 1, 1)
    return max(alone, together, 1e-12)
