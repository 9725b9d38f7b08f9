"""The errors a reader of an estimate can meet: each says what, where and what to do."""

from __future__ import annotations


class PanelError(ValueError):
    """The rows cannot become a panel: duplicates, infinities, an impossible cohort, a missing column."""


class EstimationError(ValueError):
    """The question cannot be put to this panel: an unknown estimator, option or aggregation."""
