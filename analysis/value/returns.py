"""Return on investment, benefit-cost ratio and payback, as Phillips defines them.

Source: J. J. Phillips and P. P. Phillips, Handbook of Training Evaluation and Measurement Methods (4th ed., 2016),
doi:10.4324/9781315757230: ROI is net benefit over cost, in per cent; BCR is benefit over cost.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def roi_percent(benefit: float, cost: float) -> float:
    """``100 (benefit - cost) / cost``; NaN where there is no cost.

    Examples
    --------
    >>> roi_percent(150_000, 100_000)
    50.0
    """
    return 100.0 * (benefit - cost) / cost if cost > 0 else math.nan


def benefit_cost_ratio(benefit: float, cost: float) -> float:
    """``benefit / cost``; NaN where there is no cost.

    Examples
    --------
    >>> benefit_cost_ratio(150_000, 100_000)
    1.5
    """
    return benefit / cost if cost > 0 else math.nan


def payback_months(benefit_by_month: Array, cost: float) -> float:
    """Months until the cumulative benefit covers the cost.

    Parameters
    ----------
    benefit_by_month
        (T,) benefit of each month, discounted if wanted.
    cost
        Paid at the start.

    Returns
    -------
    float
        Months, with fractions; 0 without a cost, infinity where T months are not enough.

    Examples
    --------
    >>> payback_months(np.full(12, 10_000.0), 30_000.0)  # cost / yearly benefit x 12
    3.0
    """
    if cost <= 0:
        return 0.0
    paid = np.cumsum(benefit_by_month)
    reached = np.flatnonzero(paid >= cost)
    if reached.size == 0:
        return math.inf
    month = int(reached[0])
    before = float(paid[month - 1]) if month else 0.0
    return month + (cost - before) / float(benefit_by_month[month])
