"""What stands beside a headline and changes how it is read, as rows of the result tables; for the whole programme only.

Each table is made from the fit of the headline: nothing is fitted again.
"""

from __future__ import annotations

import math
from typing import Any

from analysis.study.evidence import Evidence
from analysis.words import survivors as survivor_words

Rows = dict[str, list[dict[str, Any]]]


def side_rows(evidence: Evidence) -> Rows:
    """Rows by result table: ``survivor``."""
    if not (evidence.request.thorough and evidence.request.is_overall and evidence.found.available):
        return {}
    return {"survivor": _survivor_rows(evidence)}


def _survivor_rows(evidence: Evidence) -> list[dict[str, Any]]:
    found = evidence.survivors
    if found is None:
        return []
    kpi, reader = evidence.request.kpi, evidence.setting.reader
    left = found.measured(kpi.smallest_effect)
    return [
        {
            **evidence.request.where,
            "state": survivor_words.state(left),
            "hazard_ratio": math.exp(found.staying.log_ratio),
            "excess_share": found.excess,
            "estimate": found.headline.estimate,
            "weighted": found.weighted.estimate,
            "weighted_low": found.weighted.ci_low,
            "weighted_high": found.weighted.ci_high,
            "bound_low": found.bounds.low,
            "bound_high": found.bounds.high,
            "ci_low": found.bounds.ci_low,
            "ci_high": found.bounds.ci_high,
            "sentence": survivor_words.said(left, kpi, reader),
        }
    ]
