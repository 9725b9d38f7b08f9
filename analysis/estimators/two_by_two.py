"""Effect of one cohort in one week against one base week, with covariates: regression, weighting, doubly robust."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Propensities of controls above this are trimmed, as in DRDID.
TRIM = 0.995
#: Propensities are kept this far from one.
PROPENSITY_CEILING = 1 - 1e-6


def two_by_two(
    change: Floats, treated: Floats, design: Floats, weight: Floats, method: str
) -> tuple[float, Floats] | None:
    """Effect on the treated of a two-week comparison, and the influence of every agent.

    Parameters
    ----------
    change : (n,) array
        Outcome minus base-week outcome.
    treated : (n,) array of 0 and 1
    design : (n, k) array
        Covariates with a constant.
    weight : (n,) array
    method : {"reg", "ipw", "dr"}

    Returns
    -------
    (float, (n,) array) or None
        Effect and influence (the variance is the sum of squares of its cluster sums); None when covariates are
        collinear among the controls, or the propensity cannot be fitted.

    Source: Sant'Anna, Zhao (2020), equations 2.5-2.6 and appendix, doi:10.1016/j.jeconom.2020.06.003.
    """
    n = treated.size
    w = weight / weight.mean()
    outcome = None if method == "ipw" else _outcome_model(change, w * (1 - treated), design)
    if outcome is None:
        if method != "ipw":
            return None
        outcome = np.zeros(n), np.zeros((n, design.shape[1]))
    if method == "reg":
        effect, influence = _regression(change, treated, design, w, *outcome)
    else:
        propensity = _propensity_model(treated, design, w)
        if propensity is None:
            return None
        effect, influence = _weighted(change, treated, design, w, *outcome, *propensity)
    return effect, influence / n


def _outcome_model(change: Floats, w: Floats, design: Floats) -> tuple[Floats, Floats] | None:
    """Fitted change of every agent from the controls' regression, and its linear representation (n, k)."""
    n = change.size
    gram = design.T @ (design * w[:, None]) / n
    if np.linalg.cond(gram) > 1e14:
        return None
    coefficients = np.linalg.solve(gram, design.T @ (w * change) / n)
    fitted = design @ coefficients
    return fitted, np.asarray(np.linalg.solve(gram, (design * (w * (change - fitted))[:, None]).T).T, dtype=np.float64)


def _propensity_model(treated: Floats, design: Floats, w: Floats) -> tuple[Floats, Floats] | None:
    """Propensity of every agent and its linear representation (n, k), from a weighted logit."""
    from statsmodels.genmod import families
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import PerfectSeparationError, PerfectSeparationWarning

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", PerfectSeparationWarning)
            warnings.simplefilter("ignore", RuntimeWarning)
            result = GLM(treated, design, family=families.Binomial(), freq_weights=w).fit(
                tol=1e-10, rtol=1e-13, maxiter=100
            )
    except (PerfectSeparationError, PerfectSeparationWarning, np.linalg.LinAlgError):
        return None
    if not result.converged:
        return None
    propensity = np.minimum(result.fittedvalues, PROPENSITY_CEILING)
    n = treated.size
    hessian = np.linalg.inv(design.T @ (design * (w * propensity * (1 - propensity))[:, None])) * n
    return propensity, (design * (w * (treated - propensity))[:, None]) @ hessian


def _regression(
    change: Floats, treated: Floats, design: Floats, w: Floats, fitted: Floats, scores: Floats
) -> tuple[float, Floats]:
    on_treated = w * treated
    mass = on_treated.mean()
    first, second = (on_treated * change).mean() / mass, (on_treated * fitted).mean() / mass
    influence = on_treated * (change - first) - on_treated * (fitted - second)
    influence -= scores @ (design * on_treated[:, None]).mean(axis=0)
    return float(first - second), influence / mass


def _weighted(
    change: Floats,
    treated: Floats,
    design: Floats,
    w: Floats,
    fitted: Floats,
    outcome_scores: Floats,
    propensity: Floats,
    propensity_scores: Floats,
) -> tuple[float, Floats]:
    """Hajek-weighted change net of the outcome model (zero for pure weighting)."""
    kept = np.where(treated == 1, 1.0, (propensity < TRIM).astype(np.float64))
    on_treated = kept * w * treated
    on_control = kept * w * propensity * (1 - treated) / (1 - propensity)
    net = change - fitted
    first = (on_treated * net).mean() / on_treated.mean()
    second = (on_control * net).mean() / on_control.mean()
    from_treated = on_treated * (net - first) - outcome_scores @ (design * on_treated[:, None]).mean(axis=0)
    from_control = (
        on_control * (net - second)
        + propensity_scores @ (design * (on_control * (net - second))[:, None]).mean(axis=0)
        - outcome_scores @ (design * on_control[:, None]).mean(axis=0)
    )
    return float(first - second), from_treated / on_treated.mean() - from_control / on_control.mean()
