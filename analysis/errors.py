"""Exceptions of the analysis package; each message says what is wrong, where, and what to do."""

from __future__ import annotations

from etl.errors import EmpathyError


class PanelError(EmpathyError, ValueError):
    """The rows cannot become a panel: duplicates, infinities, an impossible cohort, a missing column.

    Examples
    --------
    >>> import polars as pl
    >>> from analysis import Panel, PanelError
    >>> try:
    ...     Panel.from_frame(pl.DataFrame({"agent": [1]}), "agent", "week", "start", "y")
    ... except PanelError as error:
    ...     print(error)
    time='week': the frame has no such column; it has agent.
    """

    exit_code = 1


class NothingObserved(PanelError):
    """No row of the selection has the outcome; this is no fault of data or configuration."""


class NotInVersionError(PanelError):
    """The warehouse version was built before the KPI was added."""

    def __init__(self, kpi_id: str) -> None:
        super().__init__(
            f"This version has no KPI '{kpi_id}': it was built before that KPI was counted, or there is none of that "
            "name. Build again (`empathy run`) to have it."
        )


class NoWeeksError(PanelError):
    """The whole warehouse holds no agent-week."""

    def __init__(self) -> None:
        super().__init__(
            "The warehouse holds no week of any agent (mart.agent_week is empty), so there is nothing to estimate: no "
            "contact of a known agent was loaded, or all are later than --as-of. See `empathy rejects list`, then "
            "build again."
        )


class EstimationError(EmpathyError, ValueError):
    """The requested estimate does not exist for this panel: unknown estimator, option or aggregation.

    Examples
    --------
    >>> import polars as pl
    >>> from analysis import EstimationError, Panel, estimate
    >>> weeks = pl.DataFrame({"agent": [1, 1], "week": [1, 2], "start": [2, 2], "y": [0.1, 0.2]})
    >>> try:
    ...     estimate(Panel.from_frame(weeks, "agent", "week", "start", "y"), "magic")
    ... except EstimationError as error:
    ...     print(error)
    estimator 'magic' is not known; use one of imputation, ...
    """

    exit_code = 1


class ProcessLost(EmpathyError):
    """A worker process of the estimation was ended from outside."""

    exit_code = 1
