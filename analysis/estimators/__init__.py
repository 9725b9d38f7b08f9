"""One estimator per file; ``estimate`` chooses among them by name."""

from __future__ import annotations

from analysis.estimators.fitted import Study
from analysis.estimators.registry import ESTIMATORS, estimate
from analysis.estimators.rungs import ladder

__all__ = ["ESTIMATORS", "Study", "estimate", "ladder"]
