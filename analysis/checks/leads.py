"""Linear contrasts of the leads (coefficients of the weeks before training) with their joint standard error.

Not a check itself; ``pre_trends``, ``selection_dip`` and ``placebo_in_time`` are three contrasts of the same leads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.checks.result import BLOCKING_LEVEL, POWER, CheckResult, Status, t_quantile, t_statistic
from analysis.results import Aggregation
from analysis.words.numbers import Reader, Wording

MIN_LEAD_CLUSTERS = 4
"""A lead observed in fewer trained clusters than this is left out: its standard error is unreliable."""


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of leads: value, standard error, t value, and the size detectable with power 0.8."""

    value: float
    std_error: float
    df: float
    alarm_level: float = BLOCKING_LEVEL

    @property
    def t_value(self) -> float:
        """Value over its standard error, signed; infinite where the standard error is zero."""
        return math.copysign(t_statistic(self.value, self.std_error), self.value)

    @property
    def alarm(self) -> float:
        """Absolute t value beyond which a check fails."""
        return t_quantile(1 - self.alarm_level / 2, self.df)

    @property
    def detectable(self) -> float:
        """Smallest true value that raises the alarm with power 0.8."""
        return (self.alarm + t_quantile(POWER, self.df)) * self.std_error

    def status(self, smallest_effect: float) -> Status:
        """Status of a check whose contrast should be zero.

        Parameters
        ----------
        smallest_effect
            Natural unit.

        Returns
        -------
        str
            ``failed`` when the t value exceeds the alarm and the value is at least half the smallest effect;
            ``informational`` when a value as large as the smallest effect could not be detected; else ``passed``.
        """
        if abs(self.t_value) > self.alarm and abs(self.value) >= smallest_effect / 2:
            return "failed"
        return "passed" if self.detectable <= smallest_effect else "informational"

    def size(self, kpi: Wording, reader: Reader) -> str:
        """The value as text, with the digits its standard error allows."""
        half = 1.96 * self.std_error
        return reader.size(self.value, kpi, self.value - half, self.value + half)

    def result(self, check: str, label: str, smallest_effect: float, words: Mapping[Status, str]) -> CheckResult:
        """The check that this contrast decides, with the sentence for its status."""
        status = self.status(smallest_effect)
        return CheckResult(check, label, status, abs(self.t_value), self.alarm, words[status])


def lead_keys(event: Aggregation) -> NDArray[np.int64]:
    """Event times of the leads with a reliable standard error, ascending."""
    keys, usable = _usable(event)
    return keys[usable]


def contrast(event: Aggregation, weights: dict[int, float], alarm_level: float = BLOCKING_LEVEL) -> Contrast:
    """``sum(weights[k] * lead k)`` with its clustered standard error.

    Parameters
    ----------
    event
        An ``event_time`` aggregation with leads.
    weights
        Event time to weight.
    alarm_level
        Significance level of the check.
    """
    keys, usable = _usable(event)
    at = [int(np.flatnonzero((keys == k) & usable)[0]) for k in weights]
    w = np.array(list(weights.values()))
    theta = np.asarray(event.columns["estimate"])[at]
    psi = event.influence[:, at] @ w
    return Contrast(float(theta @ w), float(np.sqrt(np.nansum(psi**2))), event.overall.df, alarm_level)


def _usable(event: Aggregation) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    keys = np.asarray(event.columns["key"]).astype(np.int64)
    error = np.asarray(event.columns["std_error"])
    clusters = np.asarray(event.columns["n_trained_clusters"])
    return keys, (keys < 0) & np.isfinite(error) & (error > 0) & (clusters >= MIN_LEAD_CLUSTERS)
