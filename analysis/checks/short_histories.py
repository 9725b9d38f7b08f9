"""Does the estimate rest on agents whose level before training is known from a few contacts?"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from analysis.checks.result import CheckResult
from analysis.panel.panel import Panel
from analysis.results import EffectEstimate
from analysis.words.numbers import Reader, Wording, plural

Bools = NDArray[np.bool_]

ID, LABEL = "short_histories", "Levels that rest on few contacts"
FEW = 0.1
"""An agent with fewer untrained contacts than this share of what the trained have at the median has a short history:
its level is at least three times as uncertain as theirs. A share does not depend on the unit of the weights."""
MENTIONED = 0.01
"""Share of the trained contacts that such agents must have for the estimate without them to be given."""


def known_long_enough(panel: Panel, anticipation: int = 0) -> Bools:
    """(A,) agents that are never trained, or have ``FEW`` of the usual contacts before training.

    Parameters
    ----------
    panel : Panel
        Of the headline.
    anticipation : int
        Weeks before training that do not count as untrained.
    """
    before = np.arange(panel.n_periods)[None, :] < panel.cohort_ix[:, None] - anticipation
    mass = np.where(before, panel.den, 0.0).sum(axis=1)
    usual = mass[panel.trained_units & (mass > 0)]
    least = FEW * float(np.median(usual)) if usual.size else 0.0
    return np.asarray((mass >= least) & (mass > 0) | ~panel.trained_units)


def share_of_contacts(panel: Panel, known: Bools) -> float:
    """Share of the trained contacts that agents with short histories have; 0 where nobody has trained contacts.

    Agents without any untrained contact are not counted: they are in no estimate that compares agents with themselves.
    """
    after = np.arange(panel.n_periods)[None, :] >= panel.cohort_ix[:, None]
    mass = np.where(after, panel.den, 0.0).sum(axis=1)
    seen = np.where(~after, panel.den, 0.0).sum(axis=1) > 0
    whole = float(mass[seen].sum())
    return float(mass[seen & ~known].sum()) / whole if whole > 0 else 0.0


def check(share: float, without: EffectEstimate, kpi: Wording, reader: Reader) -> CheckResult:
    """The estimate without agents whose level before training rests on few contacts.

    The headline compares agents with their own level before training and weighs them by their trained contacts. An
    agent hired just before training has a level that is mostly chance, which then counts for all contacts afterwards.
    That is no bias, and the error of the headline holds it; but a reader should know how far it moves the number.

    Parameters
    ----------
    share
        As from :func:`share_of_contacts`.
    without
        The same average without these agents.
    kpi, reader
        For the words.

    Returns
    -------
    CheckResult
        Always informational.
    """
    noun = plural(kpi.per)
    told = (
        f"Agents with less than a tenth of the usual number of {noun} before training have "
        f"{reader.number(100 * share, 0)}% of the {noun} after it, and their own level is little known"
    )
    if not without.available:
        return CheckResult(ID, LABEL, "informational", share, MENTIONED, f"{told}; without them there is no estimate.")
    ends = (without.ci_low, without.ci_high)
    change = reader.change(without.estimate, kpi, *ends)
    span = reader.span(*ends, kpi) if all(map(math.isfinite, ends)) else ""
    likely = f" (likely {span})" if span else ""
    return CheckResult(
        ID, LABEL, "informational", share, MENTIONED, f"{told}: without them the estimate is {change}{likely}."
    )
