"""What estimates of a selection compare: how many agents on either side, and whether these are few."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import duckdb

from analysis.checks import balance
from analysis.comparison.fair_panel import fair_panel
from analysis.comparison.selection import selection_rule
from analysis.errors import PanelError
from analysis.estimators.stacked import Stacked
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


def comparison_of(queries: Queries, kpi: str, filters: Filters) -> Sides:
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


def before_training(queries: Queries, kpi: str, filters: Filters) -> Compared:
    """What the check of balance compares: the trained and the never trained, as seen before the first training.

    They are other agents than the estimate compares: where everybody still there is trained in the end, the never
    trained are those who left early.

    Parameters
    ----------
    queries : Queries
    kpi : str
    filters : Filters
    """

    def count(cursor: duckdb.DuckDBPyConnection) -> Compared:
        weeks = WarehouseWeeks(cursor, queries.held_weeks())
        try:
            panel = fair_panel(weeks, kpi, to_slice(filters), queries.setting())
        except PanelError:
            return NOTHING
        trained = panel.trained_units[balance.seen_before(panel)]
        n_trained = int(trained.sum())
        return comparison.means_compared(n_trained, trained.size - n_trained, queries.settings.min_group)

    return queries.ask(("compared before training", kpi, filters), count)


def _compared(queries: Queries, kpi: str, filters: Filters) -> Sides:
    setting, held = queries.setting(), queries.held_weeks()

    def make(cursor: duckdb.DuckDBPyConnection) -> Sides:
        weeks, minimum = WarehouseWeeks(cursor, held), queries.settings.min_group
        wait, recorded = setting.design.anticipation_weeks, setting.design.same_rule
        try:
            panel = fair_panel(weeks, kpi, to_slice(filters), setting)
            if recorded is None:
                return comparison.compared(panel, wait, minimum)
            rule = selection_rule(weeks, panel, recorded, setting)
        except PanelError:
            return NOTHING, {}
        waves = Stacked(panel.without_always_trained(), wait, rule.of(panel.cohort_ix > 0))
        # The second opinion compares with everybody not trained yet.
        return _either(
            comparison.compared(panel, wait, minimum, [model.panel for _, model, _ in waves.models]),
            comparison.compared(panel, wait, minimum),
        )

    return queries.ask(("panel compared", kpi, filters), make)


def _either(one: Sides, other: Sides) -> Sides:
    """Of two comparisons whose estimates are told beside each other, the one with more in few agents, and fewer."""
    (whole, by_week), (whole_too, by_week_too) = one, other
    return _worse(whole, whole_too), {week: _worse(by_week[week], by_week_too.get(week, NOTHING)) for week in by_week}


def _worse(one: Compared, other: Compared) -> Compared:
    sizes = [each for each in (one.effective, other.effective) if each]
    n_trained = [each for each in (one.n_trained, other.n_trained) if each]
    return Compared(min(n_trained, default=0), min(sizes, default=0.0), max(one.of_few, other.of_few))
