"""What estimates of a selection compare: how many agents on either side, and whether these are few."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import duckdb

from analysis.comparison.fair_panel import fair_panel
from analysis.errors import PanelError
from analysis.panel.agent_weeks import WarehouseWeeks
from dashboard.data.published import observed
from dashboard.data.slices import to_slice
from dashboard.privacy import comparison
from dashboard.privacy.comparison import Compared
from dashboard.state import Filters

if TYPE_CHECKING:
    from dashboard.data.queries import Queries

Sides = tuple[Compared, Mapping[int, Compared]]
NOTHING = Compared(0, 0.0, 0.0)


def compared(queries: Queries, kpi: str, filters: Filters) -> Sides:
    """What the estimate of a KPI compares, and each of those by week from training.

    Leaving is counted by spells and not here: nothing is compared, as where nothing was observed.

    Parameters
    ----------
    queries : Queries
    kpi : str
    filters : Filters
    """

    def make() -> Sides:
        try:
            stamp = queries.remember(("observed as", kpi), lambda: observed(queries, kpi).stamp)
        except PanelError:
            return NOTHING, {}
        # KPIs that were observed in the same rows, of as much, compare the same.
        return queries.remember(("compared in", stamp, filters), lambda: _compared(queries, kpi, filters))

    return queries.remember(("compared", kpi, filters), make)


def _compared(queries: Queries, kpi: str, filters: Filters) -> Sides:
    setting, held = queries.setting(), queries.held_weeks()

    def make(cursor: duckdb.DuckDBPyConnection) -> Sides:
        try:
            panel = fair_panel(WarehouseWeeks(cursor, held), kpi, to_slice(filters), setting)
        except PanelError:
            return NOTHING, {}
        return comparison.compared(panel, setting.design.anticipation_weeks, queries.settings.min_group)

    return queries.ask(("panel compared", kpi, filters), make)
