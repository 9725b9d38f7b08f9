r"""Correct effects and levels measured from phrases for the phrases' sensitivity and specificity.

A rule detects a share of the contacts that show the skill (sensitivity :math:`Se`) and correctly ignores a share of
those that do not (specificity :math:`Sp`). The detected rate is :math:`p Se + (1-p)(1-Sp)`, so a detected change is
:math:`Se+Sp-1` times the true one: its sign is right, its size too small (Rogan and Gladen 1978,
doi:10.1093/oxfordjournals.aje.a112510). That needs :math:`Se` and :math:`Sp` to be the same before and after training;
where training teaches the phrases themselves they are not, and no result is given (:func:`same_accuracy`).

Levels use labels and phrases together, by prediction-powered inference with a tuned weight (Angelopoulos, Duchi and
Zrnic 2023, arXiv:2311.01453), its variance summed over clusters.

Standard errors are clustered by team: influences are summed within each, and intervals use t(G - 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from analysis.errors import EstimationError

Array = NDArray[np.float64]

FEWEST_LABELS = 30
"""Fewest labels of either kind (shown, not shown) for an estimate of sensitivity or specificity."""

SAME_LEVEL = 0.01
"""Level of :func:`same_accuracy`, both rates together: a false alarm among the five skills in one programme of twenty;
see ``benchmarks/heard.py``."""

SHARPEST_Z = 3.0
"""Se + Sp - 1 must exceed this many of its standard errors before it is used as a divisor: closer to zero the interval
of the ratio is unbounded (Fieller 1954)."""


@dataclass(frozen=True)
class Rate:
    """A share with its standard error and interval; ``n`` labels in ``n_clusters`` clusters."""

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    n: int
    n_clusters: int


@dataclass(frozen=True)
class Calibration:
    """Accuracy of the phrases, measured against labels of the same contacts.

    Attributes
    ----------
    sensitivity, specificity : Rate
    sharpness : float
        Se + Sp - 1 (Youden's J): the share of a true change that phrases detect; 0 is no better than chance.
    sharpness_error : float
        Its standard error, the covariance of the two included.
    kappa : float
        Cohen's kappa of phrases and labels.
    """

    sensitivity: Rate
    specificity: Rate
    sharpness: float
    sharpness_error: float
    kappa: float


@dataclass(frozen=True)
class AccuracyCheck:
    """Whether phrases are as accurate after training as without it.

    Attributes
    ----------
    blocks : bool
        They are not: phrases then show neither whether the skill changed nor by how much.
    sensitivity_change, specificity_change : Rate
        After training less otherwise.
    p_value : float
        Of the smaller of both, doubled (Bonferroni).
    sentence : str
    """

    blocks: bool
    sensitivity_change: Rate
    specificity_change: Rate
    p_value: float
    sentence: str


@dataclass(frozen=True)
class CorrectedEffect:
    """The effect on the skill, from the effect on phrases heard; in shares of contacts."""

    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    n_clusters: int


def calibrate(heard: ArrayLike, labelled: ArrayLike, cluster: ArrayLike, level: float = 0.95) -> Calibration:
    """Sensitivity and specificity of phrases, from contacts that are labelled too.

    Parameters
    ----------
    heard, labelled : array_like of bool, shape (n,)
        Whether the phrases were heard in the contact; whether its label says that the skill was shown.
    cluster : array_like, shape (n,)
        Team of the contact.
    level : float
        Coverage of the intervals.

    Returns
    -------
    Calibration

    Raises
    ------
    EstimationError
        With fewer than :data:`FEWEST_LABELS` labels of either kind, or fewer than two clusters.

    Notes
    -----
    1. Labelled contacts are drawn at random within contacts of one kind: not checked.
    2. Labels are right: not checked; errors of the label make the phrases look worse.

    Examples
    --------
    >>> heard = [1, 1, 1, 0] * 20 + [0, 0, 0, 1] * 20
    >>> found = calibrate(heard, [1] * 80 + [0] * 80, list(range(8)) * 20)
    >>> found.sensitivity.estimate, found.specificity.estimate, found.sharpness
    (0.75, 0.75, 0.5)
    """
    h, y, group = _arrays(heard, labelled, cluster)
    se, se_influence = _ratio(h * y, y, group)
    sp, sp_influence = _ratio((1 - h) * (1 - y), 1 - y, group)
    total = se_influence + sp_influence
    clusters = len(total)
    agreed = float(np.mean(h == y))
    by_chance = float(np.mean(h) * np.mean(y) + (1 - np.mean(h)) * (1 - np.mean(y)))
    return Calibration(
        _rate(se, se_influence, int(y.sum()), level),
        _rate(sp, sp_influence, int((1 - y).sum()), level),
        se + sp - 1,
        _error(total, clusters),
        (agreed - by_chance) / (1 - by_chance) if by_chance < 1 else math.nan,
    )


def same_accuracy(
    heard: ArrayLike, labelled: ArrayLike, cluster: ArrayLike, after: ArrayLike, matters: float = 0.0
) -> AccuracyCheck:
    """Test whether sensitivity and specificity are the same after training and otherwise.

    Parameters
    ----------
    heard, labelled : array_like of bool, shape (n,)
    cluster : array_like, shape (n,)
        Team of the contact.
    after : array_like of bool, shape (n,)
        Whether the agent was trained by then: before against after, and trained against others, in one contrast.
    matters : float
        Smallest change of the detected share that differing accuracy must cause to block: with thousands of labels,
        differences too small to matter are significant too.

    Returns
    -------
    AccuracyCheck

    Raises
    ------
    EstimationError
        With fewer than :data:`FEWEST_LABELS` labels of either kind on either side.
    """
    h, y, group = _arrays(heard, labelled, cluster)
    late = np.asarray(after, dtype=np.float64)
    changes = []
    for hit, kind in ((h, y), (1 - h, 1 - y)):
        first, one = _ratio(hit * kind * late, kind * late, group)
        second, other = _ratio(hit * kind * (1 - late), kind * (1 - late), group)
        changes.append(_rate(first - second, one - other, int(kind.sum()), 0.95))
    tests = [_two_sided(change) for change in changes]
    p_value = min(1.0, 2 * min(tests))
    shown = float(np.mean(y))
    shifts = (abs(changes[0].estimate) * shown, abs(changes[1].estimate) * (1 - shown))
    blocks = any(2 * test < SAME_LEVEL and shift >= matters for test, shift in zip(tests, shifts, strict=True))
    words = ("hear less or more of the skill", "are said more or less often without the skill")
    which = words[int(np.argmin(tests))]
    sentence = (
        f"Phrases {which} after training than otherwise, so a change in phrases is no change in the skill."
        if blocks
        else "Phrases mean the same after training as otherwise, as far as the labels can tell."
    )
    return AccuracyCheck(blocks, changes[0], changes[1], p_value, sentence)


def corrected(effect: float, std_error: float, calibration: Calibration, n_clusters: int) -> CorrectedEffect:
    """The effect on the skill from that on phrases heard: divided by Se + Sp - 1.

    Parameters
    ----------
    effect, std_error : float
        Of the share of contacts in which phrases are heard.
    calibration : Calibration
    n_clusters : int
        Clusters of the effect.

    Returns
    -------
    CorrectedEffect
        With the error of both, by the delta method.

    Raises
    ------
    EstimationError
        When Se + Sp - 1 is not clearly above zero, so that the size cannot be estimated.

    Examples
    --------
    >>> heard = [1, 1, 1, 0] * 200 + [0, 0, 0, 1] * 200
    >>> found = calibrate(heard, [1] * 800 + [0] * 800, [i // 80 for i in range(1600)])
    >>> corrected(0.05, 0.01, found, 20).estimate
    0.1
    """
    share, error = calibration.sharpness, calibration.sharpness_error
    if share <= SHARPEST_Z * error or share <= 0:
        raise EstimationError(
            f"phrases agree with the labels by {share:.2f} (Se + Sp - 1, error {error:.2f}): too little, or from too "
            "few labels, to say by how much the skill changed. Label more contacts, or mend the rules."
        )
    combined = math.sqrt((std_error / share) ** 2 + (effect * error / share**2) ** 2)
    degrees = min(n_clusters, calibration.sensitivity.n_clusters) - 1
    half = float(stdtrit(degrees, 0.975)) * combined
    estimate = effect / share
    return CorrectedEffect(estimate, combined, estimate - half, estimate + half, degrees + 1)


def level(
    heard: ArrayLike, labelled: ArrayLike, cluster: ArrayLike, heard_all: ArrayLike, cluster_all: ArrayLike
) -> Rate:
    """The share of contacts that show the skill, from labels and phrases together.

    Parameters
    ----------
    heard, labelled, cluster : array_like, shape (n,)
        Labelled contacts, drawn at random from all.
    heard_all, cluster_all : array_like, shape (m,)
        Contacts that are not labelled.

    Returns
    -------
    Rate
        ``n`` counts the labels. With a weight of 0 it is the estimate from labels alone; the tuned weight makes it no
        wider, apart from sampling error.

    Raises
    ------
    EstimationError
        With fewer than :data:`FEWEST_LABELS` labels, or two clusters.
    """
    h, y, group = _arrays(heard, labelled, cluster)
    if len(y) < FEWEST_LABELS:
        raise EstimationError(f"{len(y)} labels are too few for a level; {FEWEST_LABELS} are needed.")
    f = np.asarray(heard_all, dtype=np.float64)
    names = np.concatenate([group, np.asarray(cluster_all, dtype=str)])
    _, index = np.unique(names, return_inverse=True)
    clusters = int(index.max()) + 1
    own, others = index[: len(y)], index[len(y) :]
    of_labels = np.bincount(own, (y - y.mean()) / len(y), clusters)
    shift = np.bincount(others, (f - f.mean()) / len(f), clusters) - np.bincount(own, (h - h.mean()) / len(h), clusters)
    spread = float(shift @ shift)
    weight = float(np.clip(-(of_labels @ shift) / spread, 0.0, 1.0)) if spread > 0 else 0.0
    estimate = float(y.mean() + weight * (f.mean() - h.mean()))
    return _rate(estimate, of_labels + weight * shift, len(y), 0.95)


def _arrays(heard: ArrayLike, labelled: ArrayLike, cluster: ArrayLike) -> tuple[Array, Array, NDArray[np.str_]]:
    h, y = np.asarray(heard, dtype=np.float64), np.asarray(labelled, dtype=np.float64)
    group = np.asarray(cluster, dtype=str)
    if not len(h) == len(y) == len(group):
        raise EstimationError(f"heard, labelled and cluster differ in length: {len(h)}, {len(y)}, {len(group)}.")
    return h, y, group


def _ratio(numerator: Array, denominator: Array, cluster: NDArray[np.str_]) -> tuple[float, Array]:
    """A ratio of sums and the influence of each cluster on it, shape (clusters,)."""
    total = float(denominator.sum())
    if total < FEWEST_LABELS:
        raise EstimationError(
            f"{total:.0f} labelled contacts of one kind are too few; {FEWEST_LABELS} that show the skill and as many "
            "that do not are needed, before and after training."
        )
    _, index = np.unique(cluster, return_inverse=True)
    estimate = float(numerator.sum()) / total
    influence = np.bincount(index, (numerator - estimate * denominator) / total).astype(np.float64)
    if len(influence) < 2:
        raise EstimationError("all labels are of one team; errors need several.")
    return estimate, influence


def _error(influence: Array, clusters: int) -> float:
    return math.sqrt(float(influence @ influence) * clusters / (clusters - 1))


def _rate(estimate: float, influence: Array, n: int, level_of_interval: float) -> Rate:
    clusters = len(influence)
    error = _error(influence, clusters)
    half = float(stdtrit(clusters - 1, 0.5 + level_of_interval / 2)) * error
    return Rate(estimate, error, estimate - half, estimate + half, n, clusters)


def _two_sided(change: Rate) -> float:
    if change.std_error == 0:
        return 1.0 if change.estimate == 0 else 0.0
    return 2 * float(stdtr(change.n_clusters - 1, -abs(change.estimate) / change.std_error))
