"""Many KPIs were tested together: which of them still exclude zero."""

from __future__ import annotations

import math
from collections.abc import Mapping


def holm_excludes_zero(p_values: Mapping[str, float], ci_level: float) -> dict[str, bool]:
    """Which KPIs of a family exclude zero after Holm's allowance for all of them.

    Parameters
    ----------
    p_values
        KPI id to p-value; NaN is left out of the family.
    ci_level
        Level of the intervals; the family error rate is one minus it.

    Source: Holm (1979, jstor:4615733).
    """
    known = sorted((p, name) for name, p in p_values.items() if math.isfinite(p))
    out: dict[str, bool] = {}
    still = True
    for place, (p_value, name) in enumerate(known):
        still = still and p_value <= (1 - ci_level) / (len(known) - place)
        out[name] = still
    return out


def bonferroni_excludes_zero(p_value: float, n_tested: int, ci_level: float) -> bool:
    """The allowance when the other KPIs of the family are not at hand: Holm's first step, never more lenient."""
    return math.isfinite(p_value) and p_value * max(n_tested, 1) <= 1 - ci_level
