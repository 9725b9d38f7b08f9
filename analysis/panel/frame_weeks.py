"""The agent-weeks of a data frame, used by ``judge`` in place of the marts of a warehouse."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.design import Timing
from analysis.errors import PanelError
from analysis.panel.contact_kinds import ContactKinds
from analysis.panel.evaluations import Evaluations
from analysis.panel.frame_columns import columns_of
from analysis.panel.never import NEVER
from analysis.panel.panel import Panel
from analysis.panel.phrases import Labels
from analysis.panel.roster import Roster
from analysis.panel.slices import EVERYTHING, Slice, arrays_from_rows
from analysis.panel.training_records import SCHEMA as TRAINING

COUNTED_FROM = date(2000, 1, 3)
"""The Monday that stands for the first week where weeks are counted in numbers."""
MOST_WEEKS = 5_200
"""A hundred years: larger ranges are seconds, days or keys instead of weeks."""
_AGENT, _WEEK = "agent", "week"


@dataclass(frozen=True)
class FrameColumns:
    """Column names of a frame by their meaning.

    Attributes
    ----------
    unit, time, team
        Agent, week, team at assignment.
    cohort
        The first week in which the agent counts as trained; missing where never.
    kpis
        KPI id to the columns of its numerator and denominator.
    site, hired, completed
        Site, day or week of hiring, day or week of completion; ``None`` where there is no column.
    """

    unit: str
    time: str
    cohort: str
    team: str
    kpis: Mapping[str, tuple[str, str]]
    site: str | None = None
    hired: str | None = None
    completed: str | None = None

    @property
    def arguments(self) -> dict[str, str]:
        """Argument of ``judge`` to the name of its column; the KPI judged comes first among the KPIs."""
        asked = {"unit": self.unit, "time": self.time, "cohort": self.cohort, "team": self.team}
        more = {"site": self.site, "hired": self.hired, "completed": self.completed}
        asked |= {argument: name for argument, name in more.items() if name is not None}
        for place, (kpi_id, pair) in enumerate(self.kpis.items()):
            of = f" of {kpi_id}" if place else ""
            asked |= {f"numerator{of}": pair[0], f"denominator{of}": pair[1]}
        return asked


@dataclass(frozen=True, eq=False)
class FrameWeeks:
    """Agents and their weeks.

    Attributes
    ----------
    agent, week
        (N,) indices of the rows of the frame.
    sums
        KPI id to its numerators and denominators, (N,) each; NaN where not known.
    agents
        One row per agent, sorted by key: ``agent_key, team, site, cohort, hired, completed``, weeks counted from the
        first.
    first_week
        Monday of week 0.
    first_number
        The number of week 0 where weeks are counted in numbers, else ``None``.
    planned
        Whether ``cohort`` is the planned week rather than that of completion.
    """

    agent: NDArray[np.int64]
    week: NDArray[np.int64]
    sums: Mapping[str, tuple[NDArray[np.float64], NDArray[np.float64]]]
    agents: pl.DataFrame
    first_week: date
    first_number: int | None
    planned: bool

    @classmethod
    def read(cls, df: Any, columns: FrameColumns, *, never: Any = None, planned: bool = True) -> FrameWeeks:
        """Read a frame with one or more rows per agent and week (rows of one agent-week are added up).

        Parameters
        ----------
        df
            A polars or pandas frame, or an Arrow table.
        columns
            Which column is what.
        never
            The value of ``cohort`` that means never trained; missing always does.
        planned
            Whether ``cohort`` is the planned week.

        Raises
        ------
        analysis.errors.PanelError
            With the name of the argument and what to do.
        """
        _refuse_other_than_names(columns)
        frame = columns_of(df, columns.arguments, times=(columns.time, columns.cohort), caller="judge")
        if frame.is_empty():
            raise PanelError("df has no rows.")
        for argument, name in (("unit", columns.unit), ("time", columns.time), ("team", columns.team)):
            if frame[name].dtype.is_nested():
                raise PanelError(f"{argument}={name!r} holds {frame[name].dtype}; give one value per row.")
            missing = frame[name].null_count()
            if missing:
                raise PanelError(
                    f"{argument}={name!r} is missing in {missing} of {frame.height} rows; leave those rows out or fill "
                    "it in: every row needs its agent, its week and the team at assignment."
                )
        numbers = frame[columns.time].dtype.is_integer()
        week, origin = _weeks_of(frame, columns.time, "time", None)
        cohort = frame[columns.cohort]
        if never is not None:
            cohort = _without_never(cohort, never)
        made = frame.select(
            agent_key=pl.col(columns.unit).cast(pl.String),
            team=pl.col(columns.team).cast(pl.String),
            site=pl.lit("") if columns.site is None else pl.col(columns.site).cast(pl.String).fill_null(""),
            cohort=_weeks_of(frame.with_columns(cohort), columns.cohort, "cohort", origin, numbers)[0],
            hired=_optional(frame, columns.hired, "hired", origin, numbers),
            completed=_optional(frame, columns.completed, "completed", origin, numbers),
        )
        agents = _agents(made, columns)
        place = {key: i for i, key in enumerate(agents["agent_key"].to_list())}
        return cls(
            agent=np.array([place[key] for key in made["agent_key"].to_list()], dtype=np.int64),
            week=week.to_numpy().astype(np.int64),
            sums={kpi: _sums(frame, *pair) for kpi, pair in columns.kpis.items()},
            agents=agents,
            first_week=COUNTED_FROM if numbers else _monday_of(origin),
            first_number=origin if numbers else None,
            planned=planned,
        )

    def roster(self) -> Roster:
        """Agents with their teams and weeks."""
        last = np.full(self.agents.height, -1, dtype=np.int64)
        first = np.full(self.agents.height, NEVER, dtype=np.int64)
        np.maximum.at(last, self.agent, self.week)
        np.minimum.at(first, self.agent, self.week)
        cohort, nobody = self._known("cohort"), np.full(self.agents.height, NEVER, dtype=np.int64)
        return Roster(
            agent_key=self.agents["agent_key"].to_numpy().astype(str),
            team_id=self.agents["team"].to_numpy().astype(str),
            hired=self._known("hired"),
            first=first,
            last=last,
            scheduled=cohort if self.planned else nobody,
            trained=self._known("completed") if self.planned else cohort,
            origin=self.first_week,
        )

    def cells(self, kpi_id: str, slice_: Slice) -> Mapping[str, NDArray[Any]]:
        """Agent and week indices, numerators and denominators of one KPI."""
        if kpi_id not in self.sums:
            raise PanelError(f"The frame has no columns for KPI {kpi_id!r}.")
        if replace(slice_, cohort=()) != EVERYTHING:
            raise PanelError("A frame is judged as it is; filter its rows first.")
        num, den = self.sums[kpi_id]
        seen = (den > 0) & np.isfinite(num)
        return {"a": self.agent[seen], "w": self.week[seen], "num": num[seen], "den": den[seen]}

    def people(self, timing: str, cluster: str) -> Mapping[str, Any]:
        """Agents with cohort and cluster; see :func:`analysis.panel.slices.people_from_warehouse`."""
        column = {"team": "team", "agent": "agent_key", "site": "site"}[cluster]
        clusters, cluster_ix = np.unique(self.agents[column].to_numpy().astype(str), return_inverse=True)
        roster = self.roster()
        week = roster.scheduled if timing == "scheduled" else roster.trained
        known = week < NEVER
        cohort = np.full(week.size, np.datetime64("NaT"), dtype="datetime64[D]")
        cohort[known] = np.datetime64(self.first_week, "D") + 7 * week[known]
        return {
            "a": np.arange(week.size),
            "agent_key": roster.agent_key,
            "cohort": cohort,
            "cluster_ix": cluster_ix,
            "clusters": clusters,
            "first_week": self.first_week,
        }

    def panel(self, kpi_id: str, slice_: Slice, timing: Timing, cluster: str) -> Panel:
        """Agents x weeks of one KPI."""
        return Panel(**arrays_from_rows(self, kpi_id, slice_, timing, cluster)).without_always_trained()

    def contacts(self, kpi_id: str, slice_: Slice, timing: Timing) -> ContactKinds | None:
        """A frame does not tell channels and queues apart."""
        return None

    def courses(self, panel: Panel, courses: Sequence[str]) -> NDArray[np.float64] | None:
        """A frame holds no courses."""
        return None

    def spells(self, slice_: Slice, timing: Timing) -> pl.DataFrame | None:
        """A frame holds no spells of employment."""
        return None

    def evaluations(self) -> Evaluations | None:
        """A frame holds no evaluations."""
        return None

    def labels(self) -> Labels | None:
        """A frame holds no transcripts."""
        return None

    def rules(self) -> pl.DataFrame | None:
        """A frame holds no transcripts."""
        return None

    def doses(self, panel: Panel, courses: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """A frame holds no courses."""
        return {}

    def refreshed(self, panel: Panel, courses: Sequence[str], refreshers: Sequence[str]) -> NDArray[np.float64] | None:
        """A frame holds no courses."""
        return None

    def counted_twice(self) -> int:
        """A frame holds no contacts."""
        return 0

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Result of ``make``, not cached: a frame is read for one KPI only."""
        return make()

    def training(self) -> pl.DataFrame:
        """A frame holds no records of training."""
        return pl.DataFrame(schema=TRAINING)

    def week_number(self, monday: date) -> int | date:
        """A Monday as the frame counts weeks."""
        if self.first_number is None:
            return monday
        return self.first_number + (monday - self.first_week).days // 7

    def _known(self, column: str) -> NDArray[np.int64]:
        return np.asarray(self.agents[column].fill_null(NEVER).to_numpy()).astype(np.int64)


def _refuse_other_than_names(columns: FrameColumns) -> None:
    """Refuse arguments that are no names of columns, by the name of the argument."""
    for argument in ("unit", "time", "cohort", "team", "site", "hired", "completed"):
        name = getattr(columns, argument)
        if not isinstance(name, str) and not (name is None and argument in ("site", "hired", "completed")):
            raise PanelError(f"{argument}={name!r}: give the name of a column, as text.")
    for name in (name for pair in columns.kpis.values() for name in pair):
        if not isinstance(name, str):
            raise PanelError(f"{name!r} is given for a numerator or denominator; give the name of a column, as text.")


def _refuse_weeks_of_years(count: pl.Series, name: str, argument: str) -> None:
    """Refuse numbers that are not consecutive weeks: 202452 and 202501 are one week apart and not forty-nine."""
    low, high = count.min(), count.max()
    assert isinstance(low, int)
    assert isinstance(high, int)
    if low >= 190001 and high <= 210053 and bool((count.drop_nulls() % 100).is_between(1, 53).all()):
        raise PanelError(
            f"{argument}={name!r} holds years with weeks, such as {low}; give the Monday of each week, or number the "
            "weeks without gaps."
        )
    if high - low > MOST_WEEKS:
        raise PanelError(
            f"{argument}={name!r} runs from {low} to {high}; give dates, or number the weeks without gaps (at most "
            f"{MOST_WEEKS})."
        )


def _monday_of(origin: int) -> date:
    return date(1970, 1, 1) + timedelta(days=origin)


def _weeks_of(
    frame: pl.DataFrame, name: str, argument: str, origin: int | None, numbers: bool | None = None
) -> tuple[pl.Series, int]:
    """Weeks since the first one as integers, and the first one (a number, or a day since 1970)."""
    column = frame[name]
    if column.null_count() == len(column):
        return pl.Series(name, [None] * len(column), dtype=pl.Int64), origin or 0
    dated = column.dtype.is_temporal()
    if not dated and not column.dtype.is_numeric():
        raise PanelError(
            f"{argument}={name!r} holds {column.dtype}; give dates or numbers of weeks, e.g. "
            f'df["{name}"].str.to_date() in polars or pd.to_datetime(df["{name}"]) in pandas.'
        )
    if numbers is not None and dated == numbers:
        kinds = ("numbers", "dates") if numbers else ("dates", "numbers")
        raise PanelError(f"time holds {kinds[0]} and {argument}={name!r} holds {kinds[1]}; give both on one scale.")
    if column.dtype.is_float():
        column = column.fill_nan(None)
        if bool((column.drop_nulls() != column.drop_nulls().round()).any()):
            raise PanelError(f"{argument}={name!r} holds fractions of weeks; give whole numbers or dates.")
    count = column.cast(pl.Date).cast(pl.Int64) if dated else column.cast(pl.Int64)
    if origin is not None:
        return ((count - origin) // 7 if dated else count - origin), origin
    low = count.min()
    assert isinstance(low, int)
    if not dated:
        _refuse_weeks_of_years(count, name, argument)
    if dated and bool(((count - low) % 7 != 0).any()):
        raise PanelError(
            f"{argument}={name!r} holds days that are not whole weeks apart; add up to weeks first, e.g. with "
            f'pl.col("{name}").dt.truncate("1w").'
        )
    return ((count - low) // 7 if dated else count - low), low


def _optional(frame: pl.DataFrame, name: str | None, argument: str, origin: int, numbers: bool) -> pl.Expr | pl.Series:
    if name is None:
        return pl.lit(None, dtype=pl.Int64)
    return _weeks_of(frame, name, argument, origin, numbers)[0]


def _without_never(cohort: pl.Series, never: Any) -> pl.Series:
    try:
        meant = pl.Series([never]).cast(cohort.dtype)[0]
    except (pl.exceptions.PolarsError, TypeError):
        holds = f"cohort={cohort.name!r}, which holds {cohort.dtype}"
        raise PanelError(f"never={never!r} cannot be compared with {holds}.") from None
    return cohort.set(cohort == meant, None)


def _agents(made: pl.DataFrame, columns: FrameColumns) -> pl.DataFrame:
    """One row per agent; refuses attributes of an agent that differ between rows."""
    remedies = {
        "team": "give the team at assignment (mart.agent.team_id of a warehouse)",
        "site": "give the site at assignment",
        "cohort": "give the first training of each agent",
        "hired": "give one day of hiring",
        "completed": "give the first completion of each agent",
    }
    counted = made.group_by("agent_key").agg(pl.col(name).n_unique() for name in remedies).sort("agent_key")
    for name, remedy in remedies.items():
        wrong = counted.filter(pl.col(name) > 1)
        if not wrong.is_empty():
            column = getattr(columns, name)
            who = wrong["agent_key"][0]
            raise PanelError(f"{name}={column!r} changes within {wrong.height} agents, e.g. {who}; {remedy}.")
    return made.unique("agent_key", keep="first", maintain_order=True).sort("agent_key")


def _sums(frame: pl.DataFrame, numerator: str, denominator: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    found = []
    for argument, name in (("numerator", numerator), ("denominator", denominator)):
        column = frame[name]
        if not (column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null)):
            raise PanelError(f"{argument}={name!r} holds {column.dtype}; it must be numbers: sums per agent and week.")
        values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        infinite = int(np.isinf(values).sum())
        if infinite:
            raise PanelError(f"{argument}={name!r} is infinite in {infinite} rows; correct them or leave them empty.")
        found.append(np.asarray(values, dtype=np.float64))
    negative = int((found[1] < 0).sum())
    if negative:
        raise PanelError(f"denominator={denominator!r} is negative in {negative} rows; it counts contacts or answers.")
    return found[0], np.nan_to_num(found[1], nan=0.0)
