"""Did the agents change (leavers, joiners) rather than their performance?"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from analysis.checks.result import BLOCKING_LEVEL, CheckResult, Status, not_measured, t_quantile
from analysis.effects.survivors import Survivors
from analysis.panel.panel import Panel
from analysis.results import Aggregation, EffectEstimate
from analysis.words import survivors as words
from analysis.words.numbers import Reader, Wording

Ints = NDArray[np.int64]

ID, LABEL = "composition", "The same people before and after"
LAST_WEEKS = 4
OF_STAYERS = "mong agents who stayed"
"""Words in every sentence that gives the effect among those who stayed."""
LARGEST_GAP = 0.10
"""Smallest difference in the share of agents still there that the sentence mentions."""


def stayers(panel: Panel, last: Ints | None = None) -> Panel:
    """The agents seen before the first training and still seen in the last weeks.

    Parameters
    ----------
    panel
        Of the headline.
    last
        (A,) panel week in which each agent was last seen at all. By default the last week in the panel, from which
        weeks may be left out: those of untrained agents beside trained team-mates, who did not leave.
    """
    return panel.take(_seen_first(panel) & _seen_last(panel, last))


def check(
    panel: Panel,
    headline: Aggregation,
    kpi: Wording,
    smallest_effect: float,
    reader: Reader,
    *,
    of_stayers: Aggregation | None = None,
    survivors: Survivors | None = None,
    last: Ints | None = None,
) -> CheckResult:
    """Compare the share of trained and other agents still there at the end, and the effect among stayers with the
    headline.

    Parameters
    ----------
    panel
        The panel of the headline.
    headline, of_stayers
        The same aggregation on everybody and on :func:`stayers`; without the second only the shares are compared.
    kpi, reader
        Wording and number format of the sentence.
    smallest_effect
        Natural unit.
    survivors
        How leaving affects the headline (:func:`analysis.effects.survivors.survivors`), where known.
    last
        As in :func:`stayers`.

    Returns
    -------
    CheckResult
        Failed when the effect among stayers differs from the headline by at least the smallest effect and significantly
        (``BLOCKING_LEVEL``, joint standard error). Informational where training changed who stays, or the shares still
        there are far apart.
    """
    first = _seen_first(panel)
    if not first.any() or not panel.cohorts.size:
        return not_measured(ID, LABEL, "Nobody was seen before the first training.")
    there, trained = _seen_last(panel, last), panel.trained_units
    if not (first & trained).any() or not (first & ~trained).any():
        return not_measured(ID, LABEL, "Everybody was trained, so there is nobody to compare leaving with.")
    kept = [float(there[first & side].mean()) for side in (trained, ~trained)]
    share = [f"{reader.number(100 * value, 0)}%" for value in kept]
    shares = f"{share[0]} of the trained and {share[1]} of the others were still there at the end"
    gap = kept[0] - kept[1]
    if of_stayers is not None and of_stayers.overall.available and headline.overall.available:
        difference = of_stayers.overall.estimate - headline.overall.estimate
        error = _joint_error(headline, of_stayers, headline.overall, of_stayers.overall)
        threshold = t_quantile(1 - BLOCKING_LEVEL / 2, headline.overall.df)
        statistic = abs(difference) / error if error > 0 else math.nan
        if statistic > threshold and abs(difference) >= smallest_effect:
            return CheckResult(
                ID,
                LABEL,
                "failed",
                statistic,
                threshold,
                f"Part of the change is a change of people: a{OF_STAYERS} it is "
                f"{reader.size(difference, kpi)} "
                f"{'more' if difference > 0 else 'less'}; {shares}.",
            )
        stay = reader.change(of_stayers.overall.estimate, kpi, of_stayers.overall.ci_low, of_stayers.overall.ci_high)
        left = None if survivors is None else survivors.measured(smallest_effect)
        apart = abs(gap) > LARGEST_GAP or (left is not None and left.moved)
        status: Status = "informational" if apart else "passed"
        more = "" if left is None else f" {words.said(left, kpi, reader)}"
        return CheckResult(
            ID,
            LABEL,
            status,
            statistic,
            threshold,
            f"A{OF_STAYERS} throughout, the estimate is {stay}; {shares}.{more}",
        )
    return CheckResult(
        ID,
        LABEL,
        "informational" if abs(gap) > LARGEST_GAP else "passed",
        abs(gap),
        LARGEST_GAP,
        f"{shares[:1].upper()}{shares[1:]}.",
    )


def _seen_first(panel: Panel) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    first = int(panel.cohorts.min()) if panel.cohorts.size else 0
    return np.asarray(panel.observed[:, :first].any(axis=1))


def _seen_last(panel: Panel, last: Ints | None) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    if last is not None:
        return np.asarray(last >= panel.n_periods - LAST_WEEKS)
    return np.asarray(panel.observed[:, -LAST_WEEKS:].any(axis=1))


def _joint_error(one: Aggregation, two: Aggregation, a: EffectEstimate, b: EffectEstimate) -> float:
    """Error of the difference; the stayers are part of everybody, so Var(b) - Var(a) bounds it (Hausman), never
    negative."""
    if one.overall_influence.shape == two.overall_influence.shape:
        return float(np.sqrt(np.nansum((one.overall_influence - two.overall_influence) ** 2)))
    return math.sqrt(max(b.std_error**2 - a.std_error**2, 0.25 * b.std_error**2))
