"""Did training change which contacts agents handle? Then the KPI moves although nobody performs better."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.checks.result import BLOCKING_LEVEL, CheckResult, not_measured, t_quantile, t_statistic
from analysis.estimators.fitted import NEVER_VARIES
from analysis.panel.contact_kinds import ContactKinds
from analysis.panel.panel import Panel
from analysis.results import EffectEstimate
from analysis.solver.ratio import ratio
from analysis.words.numbers import Reader, Wording

Floats = NDArray[np.float64]

ID, LABEL = "case_mix", "The same kind of contacts"
MOST_UNKNOWN = 0.05
"""The check gives no result when more than this share of trained agents' contacts is of a kind (channel and queue) that
no untrained agent handled."""


@dataclass(frozen=True, eq=False)
class Mix:
    """Outcome predicted from the mix of contacts (channels and queues) alone.

    Attributes
    ----------
    panel
        The headline's panel with the predicted outcome. Contacts of a kind that no untrained agent handled have no
        prediction and count as not observed.
    unknown
        Share of contacts in trained weeks without a prediction.
    """

    panel: Panel
    unknown: float


def expected_by_mix(panel: Panel, contacts: ContactKinds) -> Mix | None:
    """Replace the panel's outcome by its prediction from the mix of channels and queues.

    Each contact counts the mean outcome of its channel and queue over all untrained weeks; an agent-week's value is
    the mean over its contacts. It moves only when routing moves.

    Parameters
    ----------
    panel
        The panel of the headline, units = ``agent_key``.
    contacts
        The same KPI by kind of contact, untrained weeks by the timing of the panel.

    Returns
    -------
    Mix or None
        ``None`` when there is only one kind of contact.
    """
    every, counted = contacts.every, contacts.counted
    if np.unique(counted.kind).size < 2:
        return None
    kinds = int(every.kind.max()) + 1
    before = every.untrained
    num, den = (np.bincount(every.kind[before], total[before], kinds) for total in (every.num, every.den))
    rate = ratio(np.asarray(num, dtype=np.float64), np.asarray(den, dtype=np.float64))[counted.kind]
    known = np.isfinite(rate)
    unit = {str(key): i for i, key in enumerate(panel.units)}
    row_of = np.full(int(max(contacts.index.max(), counted.agent.max())) + 1, -1, dtype=np.int64)
    row_of[contacts.index] = [unit.get(str(key), -1) for key in contacts.agent_key.tolist()]
    row, week = row_of[counted.agent], counted.week - (panel.times[0] - contacts.first_week).days // 7
    inside = (row >= 0) & (week >= 0) & (week < panel.n_periods)

    def summed(values: Floats) -> Floats:
        place = row[inside] * panel.n_periods + week[inside]
        sums = np.bincount(place, values[inside], panel.den.size)
        return np.asarray(sums, dtype=np.float64).reshape(panel.den.shape)

    foreseen = summed(counted.den * known)
    expected = ratio(summed(counted.den * np.where(known, rate, 0.0)), foreseen, 0.0)
    share = ratio(foreseen, summed(counted.den), 0.0)
    trained = panel.trained_cells & panel.observed
    total = float(panel.den[trained].sum())
    unknown = 1.0 - float((panel.den * share)[trained].sum()) / total if total > 0 else 0.0
    predicted = replace(panel, den=panel.den * share).with_outcome(expected, f"{panel.outcome} expected from the mix")
    return Mix(predicted, max(unknown, 0.0))


def check(
    effect: EffectEstimate | None, kpi: Wording, smallest_effect: float, reader: Reader, *, unknown: float = 0.0
) -> CheckResult:
    """Effect of training on the outcome that the mix alone predicts.

    Parameters
    ----------
    effect
        The headline estimator applied to :func:`expected_by_mix`; ``None`` when there is one kind of contact.
    kpi, reader
        Wording and number format of the sentence.
    smallest_effect
        Natural unit.
    unknown
        :attr:`Mix.unknown`.

    Returns
    -------
    CheckResult
        Failed when routing alone would have moved the KPI by at least half the smallest effect, significant at
        ``BLOCKING_LEVEL``; informational when too many contacts are of a kind that nobody untrained handled.
    """
    if effect is None:
        return not_measured(ID, LABEL, "There is one kind of contact here, so routing cannot have moved this KPI.")
    same = effect.reason is not None and effect.reason.startswith(NEVER_VARIES)
    if not same and not effect.available:
        return not_measured(ID, LABEL, "The mix of contacts cannot be compared here.")
    threshold = t_quantile(1 - BLOCKING_LEVEL / 2, effect.df)
    statistic = 0.0 if same else t_statistic(effect.estimate, effect.std_error)
    size = reader.size(effect.estimate, kpi, effect.ci_low, effect.ci_high)
    if statistic > threshold and abs(effect.estimate) >= smallest_effect / 2:
        way = "up" if effect.estimate > 0 else "down"
        return CheckResult(
            ID,
            LABEL,
            "failed",
            statistic,
            threshold,
            f"Trained agents got other contacts after training: routing alone moves this KPI {way} by {size}.",
        )
    if unknown > MOST_UNKNOWN:
        return CheckResult(
            ID,
            LABEL,
            "informational",
            statistic,
            threshold,
            f"{reader.number(100 * unknown, 0)}% of the trained agents' contacts are of a kind that nobody untrained "
            "handled, so whether routing moved this KPI cannot be said.",
        )
    if same:
        words = "Nobody's mix of contacts changed, so routing cannot have moved this KPI."
    else:
        most = reader.at_most(max(abs(effect.ci_low), abs(effect.ci_high)), kpi)
        words = f"Trained agents kept the same kind of contacts: routing alone could move this KPI by {most}."
    return CheckResult(ID, LABEL, "passed", statistic, threshold, words)
