"""The errors a reader of an estimate can meet: each says what, where and what to do."""

from __future__ import annotations


class PanelError(ValueError):
    """The rows cannot become a panel: duplicates, infinities, an impossible cohort, a missing column."""


class NothingObserved(PanelError):
    """No row of the selection has the outcome: nothing is wrong, there is nothing to read."""


class EstimationError(ValueError):
    """The question cannot be put to this panel: an unknown estimator, option or aggregation."""
