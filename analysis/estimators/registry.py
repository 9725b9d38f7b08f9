"""``estimate``: fit an estimator by name, or give the reason why nothing can be estimated."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from analysis.errors import EstimationError
from analysis.estimators.extended_glm import ExtendedGlm
from analysis.estimators.extended_twfe import ExtendedTwfe
from analysis.estimators.fitted import NEVER_VARIES, ROUNDING, VARIANCES, Source, Study, refuse
from analysis.estimators.group_time import GroupTime
from analysis.estimators.imputation import Imputation
from analysis.estimators.interaction_weighted import InteractionWeighted
from analysis.estimators.naive.before_after import before_after
from analysis.estimators.naive.trained_vs_untrained import trained_vs_untrained
from analysis.estimators.naive.twfe import twfe
from analysis.estimators.stacked import Stacked
from analysis.panel.panel import Panel
from analysis.words.estimators import RECORDS

FAR_LEVEL = 1e3
"""The outcome is centred before fitting when its mean exceeds this many standard deviations."""
CONTROLS = ("not_yet_trained", "never_trained")


def _imputation(study: Study, options: dict[str, Any]) -> Source:
    return Imputation(study.panel, study.anticipation, **options)


def _group_time(study: Study, options: dict[str, Any]) -> Source:
    options["covariates"] = tuple(options.get("covariates", ()))
    return GroupTime(study.panel, study.control, study.anticipation, **options)


def _interaction_weighted(study: Study, options: dict[str, Any]) -> Source:
    return InteractionWeighted(study.panel, study.anticipation)


def _stacked(study: Study, options: dict[str, Any]) -> Source:
    return Stacked(study.panel, study.anticipation, **options)


def _extended_twfe(study: Study, options: dict[str, Any]) -> Source:
    family = options.get("family", "gaussian")
    if family == "gaussian":
        return ExtendedTwfe(study.panel, study.anticipation)
    return ExtendedGlm(study.panel, study.anticipation, family)


def _twfe(study: Study, options: dict[str, Any]) -> Source:
    return twfe(study.panel, study.anticipation)


def _before_after(study: Study, options: dict[str, Any]) -> Source:
    return before_after(study.panel, study.anticipation)


def _trained_vs_untrained(study: Study, options: dict[str, Any]) -> Source:
    return trained_vs_untrained(study.panel, study.anticipation)


MAKERS: dict[str, Callable[[Study, dict[str, Any]], Source]] = {
    "imputation": _imputation,
    "group_time": _group_time,
    "interaction_weighted": _interaction_weighted,
    "stacked": _stacked,
    "extended_twfe": _extended_twfe,
    "twfe": _twfe,
    "before_after": _before_after,
    "trained_vs_untrained": _trained_vs_untrained,
}
"""Estimator name to the function that fits it; labels and options are in its record in
``analysis.words.estimators``."""
ESTIMATORS = {name: RECORDS[name] for name in MAKERS}


def estimate(
    panel: Panel,
    estimator: str = "imputation",
    control: str = "not_yet_trained",
    anticipation: int = 0,
    *,
    covariates: Sequence[str] | None = None,
    variance: str = "auto",
    ci_level: float = 0.95,
    **options: Any,
) -> Study:
    """Fit one estimator to a panel.

    Parameters
    ----------
    panel : Panel
    estimator : str
        One of ``ESTIMATORS``.
    control : {"not_yet_trained", "never_trained"}
        Who a cohort is compared with, where the estimator lets one choose (``group_time``); ``never_trained`` is
        refused by estimators that compare with others.
    anticipation : int
        Weeks before training that are neither before nor after (scheduling, classes off the phone).
    covariates : sequence of str, optional
        Columns of the source frame; ``group_time`` only.
    variance : {"auto", "analytic", "jackknife"}
        How errors are computed. ``auto`` uses the leave-one-cluster-out jackknife below 250 clusters, where the
        influence-function standard error is too small, and the latter from 250 clusters on, where the two agree.
    ci_level : float
    options
        Of the estimator: ``method`` ("reg", "ipw", "dr") and ``base`` ("varying", "universal") of ``group_time``,
        ``leads`` of ``imputation``, ``family`` of ``extended_twfe``, ``rule`` and ``window`` of ``stacked``.

    Returns
    -------
    Study
        Where nothing can be estimated (nobody trained, one cluster, nobody to compare with, an outcome that never
        varies) the study is not available, and every aggregation gives the reason.

    Raises
    ------
    EstimationError
        Unknown estimator, control or option.

    Examples
    --------
    >>> import polars as pl
    >>> from analysis import Panel, estimate
    >>> starts = {0: 3, 1: 3, 2: 5, 3: 5, 4: None, 5: None, 6: None}
    >>> rows = [
    ...     {"agent": a, "week": w, "start": s, "y": a + w % 3 + (a * w) % 5 / 10 + (2.0 if s and w >= s else 0.0)}
    ...     for a, s in starts.items()
    ...     for w in range(8)
    ... ]
    >>> panel = Panel.from_frame(pl.DataFrame(rows), "agent", "week", "start", "y")
    >>> study = estimate(panel, "group_time", control="never_trained")
    >>> round(study.aggregate("simple").overall.estimate, 1)
    2.0
    >>> study.att_gt.columns[:3]
    ['cohort', 'time', 'estimate']
    """
    if estimator not in ESTIMATORS:
        raise EstimationError(f"estimator {estimator!r} is not known; use one of {', '.join(ESTIMATORS)}.")
    record = ESTIMATORS[estimator]
    if control not in CONTROLS:
        raise EstimationError(f"control {control!r} is not known; use one of {', '.join(CONTROLS)}.")
    if control == "never_trained" and record.compared_with and control not in record.compared_with:
        raise EstimationError(
            f"{estimator} compares with {record.compared_with.replace('_', ' ')}, whatever control says; "
            'use estimator="group_time" for control="never_trained".'
        )
    if variance not in VARIANCES:
        raise EstimationError(f"variance {variance!r} is not known; use one of {', '.join(VARIANCES)}.")
    if not 0 < ci_level < 1:
        raise EstimationError(f"ci_level must lie between 0 and 1, e.g. 0.95; it is {ci_level}.")
    if anticipation < 0 or anticipation != int(anticipation):
        raise EstimationError(f"anticipation counts weeks (0, 1, 2, ...); it is {anticipation}.")
    if covariates:
        options["covariates"] = covariates
    unknown = sorted(set(options) - record.options)
    if unknown:
        known = f"it takes {', '.join(sorted(record.options))}" if record.options else "it takes none"
        raise EstimationError(f"{estimator} has no option {unknown[0]!r}; {known}.")
    if options.get("rule") is not None:
        options["rule"] = options["rule"].of(panel.cohort_ix > 0)
    study = Study(
        panel=panel.without_always_trained(),
        estimator=estimator,
        control=record.compared_with or control,
        anticipation=int(anticipation),
        variance=variance,
        ci_level=ci_level,
        kinds=record.aggregations,
    )
    reason = cannot_be_estimated(study.panel)
    if reason is not None:
        return refuse(study, reason)
    fitted = study if options.get("family", "gaussian") != "gaussian" else replace(study, panel=from_level(study.panel))
    return replace(study, source=MAKERS[estimator](fitted, options), _cache={})


def from_level(panel: Panel) -> Panel:
    """The panel with a centred outcome, where its mean is much larger than its standard deviation.

    Avoids cancellation in differences of large numbers. Other panels are returned unchanged, so their results do not
    change in any digit.
    """
    level, spread = panel.level_and_spread
    if abs(level) <= FAR_LEVEL * spread:
        return panel
    num = np.where(panel.observed, (panel.y - level) * panel.den, 0.0)
    return replace(panel, num=num, sq=None)


def cannot_be_estimated(panel: Panel) -> str | None:
    """Why no estimator applies to this panel; None when at least one may."""
    seen = panel.observed
    if not np.isfinite(panel.num.sum() + panel.den.sum()):
        return "the outcome or its weight is not finite in some agent-week"
    if panel.n_always_trained and not seen.any():
        return "everybody was already trained when the data begin"
    if not seen.any():
        return "nothing is observed: the outcome is missing in every agent-week"
    if panel.n_periods < 2:
        return "only one week is observed; a before and an after are needed"
    agents = seen.any(axis=1)
    trained = seen & panel.trained_cells
    if not trained.any():
        return "nobody is observed after training within the window"
    if np.unique(panel.cluster_ix[agents]).size < 2:
        return "all agents belong to one cluster; at least two are needed to know how sure we are"
    if panel.extent <= ROUNDING * panel.largest:
        return NEVER_VARIES
    return None
