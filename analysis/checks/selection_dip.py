"""Were the trained picked at a low point? Then they would have improved anyway."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.checks.leads import Contrast, contrast, lead_keys
from analysis.checks.result import BLOCKING_LEVEL, CheckResult, Status, not_measured
from analysis.comparison.selection import CLEARLY_BETTER, RuleFit
from analysis.panel.panel import NEVER, Panel
from analysis.results import Aggregation
from analysis.words.numbers import Reader, Wording

ID, LABEL = "selection_dip", "Not picked at a low point"
DIP_WEEKS = 4
MIN_PICKED_CLUSTERS = 6
MIN_EARLIER_WEEKS = 4
RULE_EXPLAINS = 0.75
"""Least recall and precision of the recorded rule; below it agents were picked by another rule, and same-rule controls
mislead."""


def check(
    event: Aggregation,
    kpi: Wording,
    smallest_effect: float,
    reader: Reader,
    *,
    weeks: int = DIP_WEEKS,
    panel: Panel | None = None,
    alarm_level: float = BLOCKING_LEVEL,
) -> CheckResult:
    """Test for a dip: last weeks before training less earlier weeks, trained less untrained.

    Where enough clusters hold both agents picked and agents passed over, the two are compared inside each cluster,
    which removes what a team has in common and detects smaller dips. Otherwise the leads of the estimator are used.

    Parameters
    ----------
    event
        ``event_time`` aggregation of the imputation estimator (leads against the distant past).
    kpi, reader
        Wording and number format of the sentence.
    smallest_effect
        Natural unit.
    weeks
        Length of the dip looked for: the look-back of the selection rule when there is one.

    Returns
    -------
    CheckResult
        Failed when trained agents deviated from the others just before training by at least half the smallest effect
        and significantly (``BLOCKING_LEVEL``); informational when a dip as large as the smallest effect could not be
        detected.

    Notes
    -----
    Ashenfelter (1978, doi:10.2307/1924332). Agents picked in a bad month improve in the next with or without training
    (regression to the mean), so a comparison with agents not picked finds an effect where there is none.
    """
    dip = within_clusters(panel, weeks, alarm_level) if panel is not None else None
    if dip is None:
        keys = [k for k in lead_keys(event).tolist() if k >= -weeks - 2][-weeks:]
        if len(keys) < min(weeks, 2):
            return not_measured(ID, LABEL, "Too few weeks before training to see a low point.")
        dip = contrast(event, dict.fromkeys(keys, 1.0 / len(keys)), alarm_level)
    worse = (dip.value < 0) == (kpi.better == "higher")
    point, way = ("low", "worse") if worse else ("high", "better")
    seen = reader.size(dip.detectable, kpi)
    return dip.result(
        ID,
        LABEL,
        smallest_effect,
        {
            "failed": f"Agents were trained at a {point} point: in the {weeks} weeks before, they were "
            f"{dip.size(kpi, reader)} {way} than their own past, so part of the change would have come anyway.",
            "informational": "No low point was seen just before training, but one of up to "
            f"{seen} could have hidden in the noise.",
            "passed": f"Agents were not at a low or high point when they were picked; one of {seen} would have been "
            "seen.",
        },
    )


def check_rule(fit: RuleFit, better: RuleFit, reader: Reader) -> CheckResult:
    """Check that the recorded selection rule is the one that was used, where agents were picked at a low point on
    purpose.

    Parameters
    ----------
    fit
        Recall and precision of the recorded rule.
    better
        The rule that best explains who was picked; the recorded one where no other was tried.
    reader
        Wording and number format of the sentence.

    Returns
    -------
    CheckResult
        ``statistic`` is the smaller of recall and precision. Failed below ``RULE_EXPLAINS``, naming the rule that fits
        the data better.
    """
    weakest = min(fit.recall, fit.precision)
    percent = [f"{reader.number(100 * share, 0)}%" for share in (fit.recall, fit.precision)]
    words = (
        "The trained were picked at a low point on purpose; they are compared with agents whom the same rule would "
        f"have picked elsewhere. The recorded rule picks {percent[0]} of those who were trained, and {percent[1]} of "
        "those it picks were trained."
    )
    if better.agreement > fit.agreement + CLEARLY_BETTER:
        weeks = f"{better.lookback} {'week' if better.lookback == 1 else 'weeks'}"
        words += f" The data look more like the worst {reader.number(100 * better.share, 0)}% over {weeks}."
    status: Status = "informational" if weakest >= RULE_EXPLAINS else "failed"
    return CheckResult(ID, LABEL, status, weakest, RULE_EXPLAINS, words)


def within_clusters(panel: Panel, weeks: int = DIP_WEEKS, alarm_level: float = BLOCKING_LEVEL) -> Contrast | None:
    """The dip inside clusters: last weeks before training less earlier ones, picked less passed-over agents.

    Parameters
    ----------
    panel
        Agents x weeks; clusters are the teams inside which agents were picked.
    weeks
        Length of the dip.

    Returns
    -------
    Contrast or None
        Mean over clusters, weighted by the agents picked; ``None`` with fewer than ``MIN_PICKED_CLUSTERS`` that
        hold both kinds before their training.
    """
    n_clusters = panel.n_clusters
    first = np.full(n_clusters, NEVER, dtype=np.int64)
    np.minimum.at(first, panel.cluster_ix, panel.cohort_ix)
    start = first[panel.cluster_ix]
    inside = np.flatnonzero((start < panel.n_periods) & (start >= weeks + MIN_EARLIER_WEEKS))
    change = _change(panel, inside, start[inside], weeks)
    known = np.isfinite(change)
    members, change = inside[known], change[known]
    cluster = panel.cluster_ix[members]
    picked = panel.cohort_ix[members] == first[cluster]
    chosen = np.bincount(cluster[picked], minlength=n_clusters)
    passed_over = np.bincount(cluster[~picked], minlength=n_clusters)
    both = (chosen > 0) & (passed_over > 0)
    groups = int(both.sum())
    if groups < MIN_PICKED_CLUSTERS:
        return None
    of_chosen = np.bincount(cluster[picked], change[picked], n_clusters)[both] / chosen[both]
    of_others = np.bincount(cluster[~picked], change[~picked], n_clusters)[both] / passed_over[both]
    value, share = of_chosen - of_others, chosen[both] / chosen[both].sum()
    mean = float(share @ value)
    error = float(np.sqrt(np.sum((share * (value - mean)) ** 2) * groups / (groups - 1)))
    return Contrast(mean, error, groups - 1.0, alarm_level)


def _change(panel: Panel, members: NDArray[np.int64], start: NDArray[np.int64], weeks: int) -> NDArray[np.float64]:
    """(members,) outcome of the last weeks before each ``start`` less earlier ones; NaN where not seen in both."""
    rows, split = np.arange(members.size), start - weeks
    num, den = (np.cumsum(values[members], axis=1) for values in (panel.num, panel.den))
    early_num, early_den = num[rows, split - 1], den[rows, split - 1]
    late_num, late_den = num[rows, start - 1] - early_num, den[rows, start - 1] - early_den
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(late_num / late_den - early_num / early_den)
