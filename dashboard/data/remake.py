"""Reproduce one number of a page in a notebook, on the machine that holds the warehouse.

Assumptions
-----------
1. Whoever can read the configuration and the warehouse may see every row of it, so no group is left out here; pages
   ask :class:`dashboard.data.queries.Queries` instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dashboard.data.queries import Queries
from dashboard.data.slices import to_slice
from dashboard.settings import from_config
from dashboard.state import DIMENSIONS, Filters

if TYPE_CHECKING:
    from analysis.study.kpi_study import KpiStudy


def remake(
    config: str | Path,
    kpi: str,
    *,
    run: str | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
    **selection: Sequence[str],
) -> KpiStudy:
    """Estimate what training did to one KPI again, from the published agent-weeks.

    Parameters
    ----------
    config : str or Path
        The empathy.toml.
    kpi : str
        Id of the KPI.
    run : str, optional
        The version; the newest by default.
    start, end : str or date, optional
        First and last week, ISO.
    **selection : sequence of str
        Values of the filters of the pages: ``site``, ``team``, ``channel``, ``queue``, ``tenure_band``, ``cohort``.

    Returns
    -------
    KpiStudy
        ``.headline`` has ``estimate, std_error, ci_low, ci_high, n_clusters`` in natural units (shares, seconds);
        ``.verdict`` and ``.checks`` what the page says about it.

    Raises
    ------
    KpiError
        For an unknown KPI.
    ValueError
        For an unknown filter.
    """
    from analysis.study.request import Request
    from analysis.study.run import study

    unknown = sorted(set(selection) - set(DIMENSIONS))
    if unknown:
        raise ValueError(f"there is no filter {unknown[0]!r}; the filters are {', '.join(DIMENSIONS)}, start and end")
    ends = [None if day is None else date.fromisoformat(str(day)) for day in (start, end)]
    chosen: dict[str, Any] = {name: tuple(values) for name, values in selection.items()}
    filters = Filters(**chosen, start=ends[0], end=ends[1])
    queries = Queries(from_config(config))
    entry = queries.settings.catalogue[kpi]
    with queries.pinned(run):
        setting, rows = queries.setting(), queries.held_weeks()
        request = Request(entry, to_slice(filters))
        return queries.ask(("remake", kpi, filters), lambda cursor: study(cursor, request, setting, rows=rows))
