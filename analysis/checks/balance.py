"""Were the trained like the others before anybody was trained?"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from analysis.checks.result import ALARM_LEVEL, CheckResult, Status, not_measured
from analysis.panel.panel import Panel
from analysis.words.numbers import Reader, Wording

ID, LABEL = "balance", "Alike before training"
LARGEST_DIFFERENCE = 0.25
"""Standardised differences beyond this make adjustments depend on the model (Imbens and Rubin 2015, ch. 14)."""


def check(panel: Panel, kpi: Wording, reader: Reader, *, assigned: bool) -> CheckResult:
    """Level of the KPI and contacts handled before the first training, trained less others, in standard deviations of
    agents.

    Parameters
    ----------
    panel
        Agents x weeks; only weeks before the first cohort are used.
    kpi, reader
        Wording and number format of the sentence.
    assigned
        True when a plan, a random draw or a rule assigned training: a difference in level is then only informational,
        because the comparison removes it. False when agents chose for themselves: a difference then fails.

    Returns
    -------
    CheckResult
        ``statistic`` is the larger standardised difference; ``threshold`` 0.25. A difference counts when it exceeds the
        threshold and is significant at 0.01 (test on cluster means).
    """
    first = int(panel.cohorts.min()) if panel.cohorts.size else 0
    if first < 2:
        return not_measured(ID, LABEL, "No weeks before the first training to compare.")
    den, seen = panel.den[:, :first], seen_before(panel)
    trained = panel.trained_units[seen]
    if trained.all() or not trained.any():
        return not_measured(
            ID, LABEL, "Everybody seen before the first training has the same fate; nobody to compare with."
        )
    volume = den[seen].sum(axis=1) / np.maximum((den[seen] > 0).sum(axis=1), 1)
    level = panel.num[seen, :first].sum(axis=1) / den[seen].sum(axis=1)
    clusters = panel.cluster_ix[seen]
    measured = {
        "level": _difference(level, trained, clusters),
        "volume": _difference(volume, trained, clusters),
    }
    worst = max(measured, key=lambda name: abs(measured[name][0]))
    size, p_value, raw = measured[worst]
    if not math.isfinite(size):
        return not_measured(ID, LABEL, "The KPI does not vary between agents before training.")
    if abs(size) <= LARGEST_DIFFERENCE or p_value > ALARM_LEVEL:
        shown = reader.number(abs(size), 2)
        note = "" if abs(size) <= LARGEST_DIFFERENCE else f", and its size of {shown} can be chance"
        status: Status = "passed" if abs(size) <= LARGEST_DIFFERENCE else "informational"
        return CheckResult(
            ID,
            LABEL,
            status,
            abs(size),
            LARGEST_DIFFERENCE,
            f"Before training the largest difference between trained and others was {reader.number(abs(size), 2)} "
            f"standard deviations of agents ({_name(worst)}){note}.",
        )
    side = "higher" if raw > 0 else "lower"
    by = reader.size(raw, kpi) if worst == "level" else f"{reader.number(abs(raw), 1)} {kpi.per}s a week"
    return CheckResult(
        ID,
        LABEL,
        "informational" if assigned else "failed",
        abs(size),
        LARGEST_DIFFERENCE,
        f"Before training the trained were already different: {_name(worst)} was {by} {side} than for the others.",
    )


def seen_before(panel: Panel) -> NDArray[np.bool_]:
    """(A,) agents who are compared: those seen before the first cohort."""
    first = int(panel.cohorts.min()) if panel.cohorts.size else 0
    return np.asarray(panel.den[:, :first].sum(axis=1) > 0)


def _difference(
    values: NDArray[np.float64], trained: NDArray[np.bool_], clusters: NDArray[np.int64]
) -> tuple[float, float, float]:
    """Standardised difference, its p-value from clustered standard errors, and the raw difference."""
    raw = float(values[trained].mean() - values[~trained].mean())
    spread = math.sqrt((float(values[trained].var()) + float(values[~trained].var())) / 2)
    if spread == 0:
        return math.nan, 1.0, raw
    residual = np.where(trained, values - values[trained].mean(), values - values[~trained].mean())
    weight = np.where(trained, 1 / trained.sum(), -1 / (~trained).sum())
    sums = np.bincount(clusters, weights=residual * weight)
    groups = int(np.unique(clusters).size)
    error = math.sqrt(float(sums @ sums) * groups / max(groups - 1, 1))
    p_value = float(2 * stdtr(max(groups - 2, 1), -abs(raw) / error)) if error > 0 else 1.0
    return raw / spread, p_value, raw


def _name(what: str) -> str:
    return "the level of this KPI" if what == "level" else "the number of contacts a week"
