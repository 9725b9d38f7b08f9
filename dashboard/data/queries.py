"""Queries of the pages on one version of the warehouse, with small groups suppressed.

Pages and downloads use :class:`Queries` and have no database connection. So the minimum group size and viewers' rights
are applied in one place.

Assumptions
-----------
1. Which version is asked, and that its answers are remembered, is decided in :mod:`dashboard.data.versions`.
2. Effects of the whole and of single values of a filter are stored in ``result``; any other selection is estimated
   while the reader waits, by the same function (``analysis.study.run.study``), with the same columns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.panel.held_weeks import Columns, HeldWeeks, Places, dimensions_sql
from analysis.study.result_tables import JUDGED_TABLES, SIDE_TABLES, STUDY_TABLES
from dashboard.data import published, published_estimates, scope
from dashboard.data.beside_estimates import beside_as_told
from dashboard.data.compared import comparison_of
from dashboard.data.estimates_told import tables_as_told, withheld_study
from dashboard.data.published_estimates import told_by_week
from dashboard.data.slices import stored_slice, to_slice
from dashboard.data.versions import Versions
from dashboard.privacy.group_counts import Combinations, agents_by_wave, agents_by_week, sizes_by_week, weekly_level
from dashboard.privacy.redaction import about_few, without_few
from dashboard.privacy.suppression import Decision, NotShownError, decide, decide_period, suppress, tied_groups
from dashboard.privacy.viewer import current
from dashboard.state import DIMENSIONS, LABELS, Facets, Filters, from_query
from etl.configuration.kpis import Kpi
from etl.marts.tenure import TENURE_BANDS
from etl.warehouse.reader import frame

if TYPE_CHECKING:
    from analysis.comparison.setting import Setting

Frames = dict[str, pl.DataFrame]
WEEKLY = {"week": pl.Date, "num": pl.Float64, "den": pl.Float64, "n_agents": pl.Int64, "suppressed": pl.Boolean}


class Queries(Versions):
    """Answers about one configuration's warehouse; safe to share between threads.

    Parameters
    ----------
    settings : Settings
    """

    def facets(self) -> Facets:
        """What can be selected by whoever asks."""

        def make(cursor: duckdb.DuckDBPyConnection) -> Facets:
            combinations = self._combinations()
            values = {}
            for name in DIMENSIONS:
                found = combinations[name].drop_nulls().unique().sort().to_list()
                values[name] = tuple(sorted(found, key=_tenure_order) if name == "tenure_band" else found)
            if current().restricted:
                values = self._answered(values)
            return Facets(values, combinations["first_week"].min(), combinations["last_week"].max())  # type: ignore[arg-type]

        return self.ask(("facets",), make)

    def _answered(self, values: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        """The values of published cells, within what whoever asks leads."""
        viewer, answered = current(), published.lattice(self).answered()
        found = {name: tuple(value for value in values[name] if value in answered[name]) for name in values}
        teams = scope.led_teams(self)
        if teams is None:
            return found
        known, led = published.lattice(self), {"site": viewer.sites, "team": teams}
        within = {name: known.answered_within(name, led) for name in values if name not in led}
        # A value at other sites alone, such as a queue, would be told by being listed, and so would what all may ask.
        found = {name: tuple(value for value in values[name] if value in within[name]) for name in within} | {
            name: tuple(value for value in found[name] if value in led[name]) for name in led
        }
        if viewer.teams:
            found["site"] = ()
        return found

    def selection(self, given: str | Mapping[str, Sequence[str]]) -> Filters:
        """What an address selects, narrowed to what whoever asks leads before anything is decided.

        Parameters
        ----------
        given : str or mapping
            A query string, or names to values, as anybody may have typed them.
        """
        filters, viewer = from_query(given, self.facets(), self.settings.config.project.locale), current()
        if not viewer.restricted:
            return filters
        sites = self._site_of_team()
        if filters.team and set(filters.site) == {sites.get(team) for team in filters.team}:
            filters = replace(filters, site=())  # a team is within its site: that is one cell, not two
        facets = self.facets().values
        if viewer.sites and not (filters.site or filters.team):
            return replace(filters, site=tuple(site for site in facets["site"] if site in viewer.sites))
        if viewer.teams and not filters.team:
            return replace(filters, team=tuple(team for team in facets["team"] if team in viewer.teams))
        return filters

    def teams_by_site(self) -> dict[str, list[str]]:
        """Site to its teams, for grouped lists."""

        def make() -> dict[str, list[str]]:
            pairs = self._combinations().select("site", "team").drop_nulls().unique().sort("site", "team")
            grouped: dict[str, list[str]] = {}
            for site, team in pairs.iter_rows():
                grouped.setdefault(site, []).append(team)
            return grouped

        return self.remember(("site of team", "by site"), make)

    # -- who may be shown -----------------------------------------------------------------------------------------

    def decision(self, filters: Filters) -> Decision:
        """Whether a selection may be shown; every method below that takes filters expects an allowed one.

        On a shared dashboard only published cells are (:mod:`dashboard.data.published`), and they check it again.
        """
        if current().restricted:
            return self.remember(("decision", filters), lambda: scope.decide(self, filters, current()))
        return self.ask(("decision", filters), lambda _: self._decide(filters))

    def _combinations(self) -> pl.DataFrame:
        """Agents by the values of every filter they ever had, with first and last week; small, made once a version."""
        timing = self.setting().design.timing
        sql = (
            f"select agent_ix, {dimensions_sql(timing)}, min(week) as first_week, max(week) as last_week "
            "from mart.agent_week group by all"
        )
        return self.ask(("combinations",), lambda cursor: frame(cursor, sql))

    def _decide(self, filters: Filters) -> Decision:
        rows = self.remember(("coded combinations",), lambda: Combinations.of(self._combinations(), DIMENSIONS))
        chosen = {name: getattr(filters, name) for name in DIMENSIONS if getattr(filters, name)}
        period = rows.overlapping(filters.start, filters.end)
        tests = {name: rows.having(name, values) for name, values in chosen.items()}
        sizes: dict[str, dict[str, int]] = {}
        for name in chosen:
            others = [test for other, test in tests.items() if other != name]
            sizes[name] = rows.sizes(name, np.logical_and.reduce([period, *others]))
        sites = self._site_of_team()
        n_agents = rows.n_agents(np.logical_and.reduce([period, *tests.values()]))
        said = decide(chosen, sizes, n_agents, self.settings.min_group, LABELS, {"team": sites})
        if not said.allowed or not (filters.start or filters.end):
            return said
        return decide_period(filters.start, filters.end, self._agents_by_week(filters), self.settings.min_group, said)

    def require(self, filters: Filters) -> None:
        """Stop where a reader of a shared dashboard is about to be answered for what is not published.

        Raises
        ------
        NotShownError
        """
        if current().restricted and not (decision := self.decision(filters)).allowed:
            raise NotShownError(decision.reason)

    def publishes(self, kpi: str, filters: Filters) -> bool:
        """Whether estimates of a KPI are told for a selection: always on one's own machine."""
        return self._tells(published_estimates.estimated, kpi, filters)

    def compares(self, kpi: str, filters: Filters) -> bool:
        """Whether naive comparisons of a KPI are told for a selection: always on one's own machine."""
        return self._tells(published_estimates.compared, kpi, filters)

    def _tells(self, cells: Callable[[Queries, str], published.Bools], kpi: str, filters: Filters) -> bool:
        viewer = current()
        if not viewer.restricted:
            return True
        parts = published.lattice(self).parts(filters, viewer)
        told = parts is not None and bool(cells(self, kpi)[parts].all())
        return told and comparison_of(self, kpi, filters)[0].enough

    def _site_of_team(self) -> dict[str, str]:
        return {team: site for site, teams in self.teams_by_site().items() for team in teams}

    def _agents_by_week(self, filters: Filters) -> dict[date, int]:
        """Agents observed in each week of a selection, whatever its period."""
        whole = filters.without("from").without("to")
        return self.remember(("agents_by_week", whole), lambda: agents_by_week(self._places(), self._rows(whole)))

    def _rows(self, filters: Filters) -> NDArray[np.bool_] | None:
        """Which held rows a selection takes; None for all."""
        return self._places().inside(to_slice(filters), cohorts=True)

    def group_sizes(self, by: str, filters: Filters = Filters()) -> pl.DataFrame:  # noqa: B008
        """Agents by value of one filter, small ones suppressed: columns ``by, n_agents, suppressed``."""
        rows = self._combinations()
        tests = [pl.col(name).is_in(list(getattr(filters, name))) for name in DIMENSIONS if getattr(filters, name)]
        counted = (rows.filter(*tests) if tests else rows).drop_nulls(by)
        sizes = counted.group_by(by).agg(pl.col("agent_ix").n_unique().alias("n_agents")).sort(by)
        return suppress(sizes, count="n_agents", minimum=self.settings.min_group, hide=(), label=by)

    # -- levels ---------------------------------------------------------------------------------------------------

    def kpis(self) -> list[Kpi]:
        """KPIs of the catalogue that are shown."""
        return [kpi for kpi in self.settings.catalogue.values() if not kpi.hidden]

    def goals(self) -> list[Kpi]:
        """The primary KPIs, those the exports hold data for first; in catalogue order within."""
        primary = [kpi for kpi in self.kpis() if kpi.role == "primary"]

        def make(cursor: duckdb.DuckDBPyConnection) -> frozenset[str]:
            counted = [kpi for kpi in primary if kpi.kind.before_and_after]
            absent = frozenset(kpi.id for kpi in counted if not self.counts(kpi.id))
            counted = [kpi for kpi in counted if kpi.id not in absent]
            if not counted:
                return absent
            columns = ", ".join(f'count("{kpi.id}_den")' for kpi in counted)
            row = cursor.execute(f"select {columns} from mart.agent_week").fetchone() or ()
            return absent | {kpi.id for kpi, n in zip(counted, row, strict=True) if not n}

        empty = self.ask(("goals without data",), make)
        return sorted(primary, key=lambda kpi: kpi.id in empty)

    def unavailable(self, kpi: Kpi, filters: Filters) -> str:
        """Why a KPI cannot be read for a selection; empty when it can."""
        missing = [
            LABELS[name].lower()
            for name in DIMENSIONS
            if name != "cohort" and getattr(filters, name) and name not in kpi.dimensions
        ]
        return f"Not recorded by {' or '.join(missing)}." if missing else ""

    def counts(self, kpi: str) -> bool:
        """Whether this version counts a KPI by week; one built before the KPI was does not."""
        held = self.ask(("counted",), lambda cursor: frame(cursor, "describe mart.agent_week"))
        return f"{kpi}_den" in held["column_name"].to_list()

    def weekly(self, kpi: str, filters: Filters) -> pl.DataFrame:
        """Level of a KPI by week: ``week, num, den, n_agents``; weeks with too few agents have no numbers.

        Nor have weeks in which the selection, taken away from what stands beside it, would leave too few. On a shared
        dashboard a row is about four weeks.
        """
        self.settings.catalogue[kpi]
        if not self.counts(kpi):
            return pl.DataFrame(schema=WEEKLY)
        if (viewer := current()).restricted:
            self.require(filters)
            key = ("weekly", kpi, filters)
            return self.remember(key, lambda: published.levels(self, kpi, filters, viewer))

        def make() -> pl.DataFrame:
            rows = weekly_level(self._places(), self._columns(kpi), self._rows(filters))
            numbers = ("num", "den")
            rows = suppress(rows, count="n_agents", minimum=self.settings.min_group, hide=numbers, label="week")
            telling = pl.col("week").is_in(self._telling_weeks(kpi, filters))
            return rows.with_columns(
                *(pl.when(telling).then(None).otherwise(pl.col(name)).alias(name) for name in (*numbers, "n_agents")),
                suppressed=pl.col("suppressed") | telling,
            )

        return self.remember(("weekly", kpi, filters), make)

    @property
    def weeks_a_row(self) -> int:
        """Weeks that a row of :meth:`weekly` is about."""
        return published.BLOCK_WEEKS if current().restricted else 1

    def _telling_weeks(self, kpi: str, filters: Filters) -> list[date]:
        """Weeks in which the selection splits values tied by the agents observed in that very week."""
        minimum, found = self.settings.min_group, set()
        sites = self._site_of_team()
        for name in DIMENSIONS:
            picked = set(getattr(filters, name))
            if not picked:
                continue
            for week, sizes in self._sizes_by_week(kpi, name, filters.without(name)).items():
                if min(sizes.values()) >= minimum:
                    continue
                groups = tied_groups(sizes, minimum, sites if name == "team" else None)
                if any(0 < len(picked & set(group)) < len(group) for group in groups):
                    found.add(week)
        return sorted(found)

    def _sizes_by_week(self, kpi: str, name: str, others: Filters) -> dict[date, dict[str, int]]:
        columns = self._columns(kpi)
        about = kpi if columns.rows is not None else "every row"  # KPIs observed everywhere share their counts
        return self.remember(
            ("sizes_by_week", about, name, others),
            lambda: sizes_by_week(self._places(), columns, name, self._rows(others)),
        )

    def first_training(self, filters: Filters) -> date | None:
        """Monday of the first wave of a selection; shared, of the first with as many agents as the minimum."""

        def make() -> date | None:
            fewest = self.settings.min_group if current().restricted else 1
            sizes = agents_by_wave(self._places(), self._rows(filters))
            return min((wave for wave, n in sizes.items() if n >= fewest), default=None)

        return self.remember(("first_training", filters), make)

    # -- what estimates are made from --------------------------------------------------------------------------------

    def setting(self) -> Setting:
        """What is the same for every estimate of this version."""
        from analysis.study.run import setting_of

        return self.ask(("setting",), lambda cursor: setting_of(cursor, self.settings.config, self.settings.catalogue))

    def held_weeks(self) -> HeldWeeks:
        """The agent-weeks of this version, read once; for estimates, which say nothing about single agents."""
        from analysis.panel.slices import people_from_warehouse

        return HeldWeeks(
            self._places(),
            self._columns,
            lambda timing, cluster: self.ask(
                ("people", timing, cluster), lambda cursor: people_from_warehouse(cursor, timing, cluster)
            ),
        )

    def _places(self) -> Places:
        timing = self.setting().design.timing
        return self.ask(("places",), lambda cursor: Places.read(cursor, timing))

    def _columns(self, kpi: str) -> Columns:
        return self.ask(("columns", kpi), lambda cursor: Columns.read(cursor, kpi, self._places()))

    # -- effects --------------------------------------------------------------------------------------------------

    def study(self, kpi: str, filters: Filters, *, by_week: bool = False) -> dict[str, pl.DataFrame]:
        """Everything estimated for a KPI and a selection: the result tables named in ``STUDY_TABLES``.

        Effects by cohort and by calendar week are worked out only when ``by_week`` asks for them, where not stored.

        Rows about fewer agents than the minimum (an event week, a cohort) are left out; an effect on fewer trained
        agents than the minimum has no numbers and says why.
        """
        return self._estimated(kpi, filters, by_week)

    def judged(self, kpi: str, filters: Filters) -> dict[str, pl.DataFrame]:
        """Effect and checks of a KPI for a selection alone: less work than ``study`` where it has to be estimated."""
        return self._estimated(kpi, filters, course=False)

    def _estimated(self, kpi: str, filters: Filters, by_week: bool = False, course: bool = True) -> Frames:
        self.require(filters)
        if current().restricted and (nothing := withheld_study(self, kpi, filters)) is not None:
            return nothing
        how = (kpi, filters, by_week, course)
        return self.ask(("study", *how), lambda cursor: self._study(cursor, *how))

    def headline(self, kpi: str, filters: Filters, *, alone: bool = False) -> dict[str, Any] | None:
        """The headline row of a KPI for a selection, from ``judged`` if ``alone``; None when nothing was observed."""
        rows = (self.judged if alone else self.study)(kpi, filters)["effect"]
        return next((row for row in rows.iter_rows(named=True) if row["role"] == "headline"), None)

    def effects(self, filters: Filters) -> pl.DataFrame:
        """Every estimate of every KPI that can be read for a selection, in catalogue order."""
        parts = [self.study(kpi.id, filters)["effect"] for kpi in self.kpis() if not self.unavailable(kpi, filters)]
        known = [part for part in parts if not part.is_empty()]
        return pl.concat(known, how="diagonal_relaxed") if known else pl.DataFrame()

    def is_quick(self, filters: Filters) -> bool:
        """Whether a selection has stored results, so that all KPIs cost no more than a look-up."""
        stored = stored_slice(filters)
        if stored is None or not self.has("result.effect"):
            return False
        sql = "select count(*) from result.effect where slice_kind = ? and slice_value = ?"
        return bool(self.frame(sql, stored).item())

    def _study(
        self, cursor: duckdb.DuckDBPyConnection, kpi: str, filters: Filters, by_week: bool, course: bool
    ) -> Frames:
        names = STUDY_TABLES if course else JUDGED_TABLES
        frames: dict[str, pl.DataFrame] = {}
        stored = stored_slice(filters)
        if stored is not None:
            frames = {name: self._stored(cursor, name, kpi, *stored) for name in names}
        if stored is None or frames["effect"].is_empty():
            from analysis.study.request import WEEKLY, Request
            from analysis.study.run import study

            entry = self.settings.catalogue[kpi]
            request = Request(entry, to_slice(filters), tables=WEEKLY if by_week else frozenset(), course=course)
            live = study(cursor, request, self.setting(), rows=self.held_weeks())
            frames = {**frames, **live.frames(names)}
        minimum = self.settings.min_group
        shown = {name: without_few(name, frame, minimum) for name, frame in frames.items()}
        if about_few(frames["effect"], minimum):  # checks and naive comparisons speak of the same few agents
            for name in {"check", "ladder"} & set(shown):
                shown[name] = shown[name].clear()
        return self._published(kpi, filters, shown) if current().restricted else shown

    def _published(self, kpi: str, filters: Filters, shown: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
        """Result tables as a reader of a shared dashboard sees them: cells of the lattice, counts made coarse."""
        tables = (*published_estimates.TOLD, *(SIDE_TABLES if filters.is_everything else ()))
        told = tables_as_told(self, kpi, filters, beside_as_told(self, kpi, filters, shown), tables)
        if "event_time" in told and not told["event_time"].is_empty():
            event = pl.col("event_time")
            weeks = told["event_time"].select(event.drop_nulls().unique().sort()).to_series().to_list()
            weeks = told_by_week(self, kpi, filters, current(), weeks)
            told["event_time"] = told["event_time"].filter(event.is_in(weeks))
        if "ladder" in told and not self.compares(kpi, filters):
            told["ladder"] = told["ladder"].clear()
        waves = told.get("cohort_effect", pl.DataFrame())
        if "cohort" in waves.columns:
            wave = pl.col("cohort").cast(pl.String).str.slice(0, 10)
            named = waves.select(wave).to_series().drop_nulls().unique().to_list()
            known = [name for name in named if self.publishes(kpi, replace(filters, cohort=(name,)))]
            told["cohort_effect"] = waves.filter(wave.is_in(known))
        return told

    def _stored(self, cursor: duckdb.DuckDBPyConnection, name: str, kpi: str, kind: str, value: str) -> pl.DataFrame:
        if not self.has(f"result.{name}"):
            return pl.DataFrame()
        sliced = name != "att_gt"
        sql = f'select * from result."{name}" where kpi = ?' + (
            " and slice_kind = ? and slice_value = ?" if sliced else ""
        )
        return frame(cursor, sql, [kpi, kind, value] if sliced else [kpi])

    def design(self) -> tuple[pl.DataFrame, dict[str, str]]:
        """Admissible estimators in order, and notes on how agents came to be trained."""
        rows = (
            self.frame("select * from result.design order by position") if self.has("result.design") else pl.DataFrame()
        )
        notes: dict[str, str] = {}
        if self.has("result.design_note"):
            notes = dict(self.frame("select key, value from result.design_note").iter_rows())
        return rows, notes


def _tenure_order(band: str) -> int:
    """Place of a band in ``TENURE_BANDS``; names that a later version does not know come last."""
    return next((i for i, known in enumerate(TENURE_BANDS) if known.name == band), len(TENURE_BANDS))
