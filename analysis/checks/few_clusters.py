"""With few clusters the standard error may be too small: do bootstrap and randomisation tests agree with the
interval?"""

from __future__ import annotations

import math

import numpy as np

from analysis.checks.randomisation import Randomisation
from analysis.checks.result import CheckResult, Status
from analysis.inference.wild import wild_cluster_bootstrap
from analysis.results import Aggregation
from analysis.words.numbers import Reader, Wording

ID, LABEL = "few_clusters", "Chance judged a second way"
MANY_CLUSTERS = 40
"""From this many clusters on, the clustered standard error is reliable and the check is skipped."""
PERMUTATIONS = 199
"""Permutations of the waves: a p-value of 0.05 then has a simulation error of 0.015, and the test takes a third of a
second for 160 agents over 60 weeks."""


def check(
    headline: Aggregation,
    kpi: Wording,
    reader: Reader,
    *,
    cluster_word: str = "teams",
    permuted: Randomisation | None = None,
) -> CheckResult | None:
    """Compare the headline's interval with a wild cluster bootstrap and with randomisation inference over the waves.

    Parameters
    ----------
    headline
        ``simple`` aggregation with an available overall estimate.
    kpi, reader
        Wording and number format of the sentence.
    cluster_word
        Plural of the unit of assignment.
    permuted
        Randomisation inference over the waves, where whole clusters were assigned to them.

    Returns
    -------
    CheckResult or None
        ``statistic`` is the bootstrap's p-value of no effect, ``threshold`` one minus the level. Passed when all
        methods agree on whether zero is excluded, else informational. It never blocks a verdict. ``None`` with
        ``MANY_CLUSTERS`` clusters or more, or without influence values to resample.

    Notes
    -----
    Deterministic: all sign patterns below 12 clusters, else draws from a fixed seed. Source: see
    :func:`analysis.inference.wild.wild_cluster_bootstrap`. Like the interval it assumes independent clusters; it
    replaces only the t distribution. Randomisation inference is exact where waves were drawn by lot, and an
    approximation where they were planned.
    """
    found, influence = headline.overall, headline.overall_influence
    if not found.available or found.n_clusters >= MANY_CLUSTERS or not np.isfinite(influence).all():
        return None
    second = wild_cluster_bootstrap(influence, found.estimate, found.std_error, found.ci_level)
    if not np.isfinite(second.critical_value):
        return None
    excluded = found.ci_low > 0 or found.ci_high < 0
    also = second.ci_low > 0 or second.ci_high < 0
    span = reader.span(second.ci_low, second.ci_high, kpi, join="and")
    way = f"A second way of judging chance, made for few {cluster_word} ({found.n_clusters} here),"
    if excluded == also:
        words = f"{way} agrees: likely between {span}."
    elif excluded:
        words = f"{way} disagrees: with its range, between {span}, no change cannot be ruled out."
    else:
        words = f"{way} disagrees: its range, between {span}, rules out no change. The wider range is the one shown."
    agree = excluded == also
    if permuted is not None and math.isfinite(permuted.p_value):
        rare = permuted.p_value <= 1 - found.ci_level
        agree = agree and rare == excluded
        share = "fewer than 1" if permuted.p_value < 0.01 else reader.number(100 * permuted.p_value, 0)
        lots = (
            "orders that the accepted plan could have drawn"
            if permuted.by_plan
            else f"ways to draw the waves of the {cluster_word} by lot"
        )
        words += (
            f" Had training done nothing, {share} of 100 {lots} would "
            f"have looked like this or more{'' if rare == excluded else ', which disagrees'}."
        )
    status: Status = "passed" if agree else "informational"
    return CheckResult(ID, LABEL, status, second.p_value, 1 - found.ci_level, words)
