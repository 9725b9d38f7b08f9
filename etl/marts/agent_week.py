"""``mart.agent_week``, generated from the KPI catalogue.

A KPI added to sql/kpis.toml gets its columns here. Every relation is read once, for all KPIs that use it, and reduced
to one row per place (agent, team, site), site-local week, channel and queue: the weekly relations of ``staging``. Later
steps, here and in the checks, read those instead of contacts.

Sums do not depend on the order in which rows are added up: truth values and whole numbers are counted exactly, other
numbers are rounded to six decimals first and added as decimals. So the same input gives identical results.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from etl.configuration.kpis import Catalogue, Kpi, KpiError
from etl.marts import constant_columns
from etl.marts.tenure import tenure_band_sql

KEYS = ("agent_ix", "week", "team_id", "site", "channel", "queue")
"""The grain of ``mart.agent_week``."""

FIRST_ROWS = 50_000
"""Rows searched first for KPIs that have data: most are found in these."""

_WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


@dataclass(frozen=True)
class Measure:
    """One summed column: its name and the aggregate that computes it."""

    column: str
    aggregate: str


@dataclass(frozen=True)
class Stream:
    """One pass over one relation.

    Attributes
    ----------
    relation : str
        The core relation.
    by_contact : bool
        Whether rows carry channel and queue; both are NULL otherwise.
    measures : tuple of Measure
        Columns summed in this pass.
    """

    relation: str
    by_contact: bool
    measures: tuple[Measure, ...]

    @property
    def name(self) -> str:
        """The relation this pass fills."""
        return f"staging.{self.relation}_by_week" if self.by_contact else f"staging.{self.relation}_by_agent_week"

    def sql(self) -> str:
        """SELECT of place, week, channel, queue, number of rows and the sums of this pass.

        Includes rows without a place, so that ``row_count`` sums to the rows of the relation.
        """
        lines = "".join(f",\n    {measure.aggregate} as {measure.column}" for measure in self.measures)
        contact = ("channel", "queue") if self.by_contact else ("cast(null as varchar)", "cast(null as varchar)")
        return (
            f"select\n    place_ix,\n    week,\n    {contact[0]} as channel,\n    {contact[1]} as queue,\n"
            f"    count(*) as row_count{lines}\n"
            f"from core.{self.relation}\n"
            f"group by place_ix, week{', channel, queue' if self.by_contact else ''}"
        )


CONTACTS = Stream("interaction", True, ())
"""The pass over contacts, made for every catalogue: checks and reconciliation need it."""


def streams(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> tuple[Stream, ...]:
    """Assign the sums of all KPIs with data to passes.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With every relation the catalogue counts in schema ``core``.
    catalogue : Catalogue

    Raises
    ------
    KpiError
        When an expression of an entry is not SQL over its relation; the message names the entry.
    """
    passes: dict[tuple[str, bool], list[Measure]] = {(CONTACTS.relation, CONTACTS.by_contact): []}
    kinds = _types(con, catalogue)
    with_rows = _with_rows(con, catalogue)
    for kpi in catalogue.values():
        if kpi.id not in with_rows:
            continue
        censored = f"local_date <= date '{_last_complete_day(con, kpi)}'" if kpi.censor_days else ""
        counted = _all_of(kpi.where, censored, _is_known(kpi.numerator))
        numerator = f"case when {counted} then {kpi.numerator} end"
        kind = kinds[kpi.base, kpi.numerator]
        base = passes.setdefault((kpi.base, kpi.by_contact), [])
        base.append(Measure(f"{kpi.id}_num", _sum(numerator, kind, counted, kpi.numerator)))
        if not kpi.binary:
            base.append(Measure(f"{kpi.id}_sq", _sum_of_squares(numerator, kind, counted, kpi.numerator)))
        if kpi.exposure:
            censored_exposure = censored if kpi.censor_days else ""
            counted = _all_of(kpi.exposure_where, censored_exposure)
        kind = kinds[kpi.exposed_to, kpi.denominator]
        exposed = passes.setdefault((kpi.exposed_to, kpi.by_contact), [])
        denominator = f"case when {counted} then {kpi.denominator} end" if counted else kpi.denominator
        exposed.append(Measure(f"{kpi.id}_den", _sum(denominator, kind, counted, kpi.denominator)))
    return tuple(Stream(relation, tied, tuple(measures)) for (relation, tied), measures in passes.items())


def create(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> tuple[dict[str, str], int]:
    """Build ``mart.agent_week``, and the weekly relations of ``staging`` it is joined from.

    Columns of KPIs without data are virtual: NULL in every row, neither stored nor read.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With the core relations and ``staging.window``.
    catalogue : Catalogue

    Returns
    -------
    dict of str to str
        Relation to SELECT, ``mart.agent_week`` last.
    int
        Rows of ``mart.agent_week``.

    Raises
    ------
    KpiError
        As :func:`streams`.
    """
    passes = streams(con, catalogue)
    queries = {stream.name: stream.sql() for stream in passes}
    queries["mart.agent_week"] = _together(passes, catalogue)
    for name, query in queries.items():
        if name != "mart.agent_week":
            con.execute(f"create or replace table {name} as {query}")
    measured = {measure.column for stream in passes for measure in stream.measures}
    unknown = {column: "null" for kpi in catalogue.values() for column in kpi.columns if column not in measured}
    rows = constant_columns.create(con, "mart.agent_week", queries["mart.agent_week"], unknown)
    return queries, rows


def contacts(con: duckdb.DuckDBPyConnection) -> int:
    """Number of rows of ``core.interaction``; where it is a view, summed from the weekly counts instead of computed
    again.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        After :func:`create`.
    """
    kept = con.execute("select true from duckdb_tables() where schema_name = 'core' and table_name = 'interaction'")
    counted = "count(*) from core.interaction" if kept.fetchall() else f"sum(row_count) from {CONTACTS.name}"
    row = con.execute(f"select {counted}").fetchone()
    return int(row[0] or 0) if row else 0


def _together(passes: tuple[Stream, ...], catalogue: Catalogue) -> str:
    """The SELECT of ``mart.agent_week`` over the weekly relations."""
    owner = {measure.column: stream.name for stream in passes for measure in stream.measures}
    summed = [column for kpi in catalogue.values() for column in kpi.columns if column in owner]
    alias = {stream.name: f"pass_{number}" for number, stream in enumerate(passes)}
    named = list(alias.values())

    exposed = {
        column: f"{kpi.id}_den"
        for kpi in catalogue.values()
        for column in kpi.columns
        if kpi.exposure and column != f"{kpi.id}_den" and {column, f"{kpi.id}_den"} <= set(owner)
    }

    def total(column: str) -> str:
        """SQL of a sum: zero where nothing is counted but the exposure is known, else NULL."""
        name = f"{alias[owner[column]]}.{column}"
        if column not in exposed:
            return name
        exposure = exposed[column]
        return f"case when {alias[owner[exposure]]}.{exposure} > 0 then coalesce({name}, 0) else {name} end as {column}"

    def cell(key: str, among: Sequence[str]) -> str:
        found = [f"{name}.{key}" for name in among]
        return f"coalesce({', '.join(found)})" if len(found) > 1 else found[0]

    joins = [f"from {named[0]}"]
    for number, name in enumerate(named[1:], start=1):
        same = (f"{name}.{key} is not distinct from {cell(key, named[:number])}" for key in _CELL)
        joins.append(f"full join {name}\n        on " + "\n        and ".join(same))
    return _TEMPLATE.format(
        passes=",\n\n".join(_PASS.format(name=name, relation=relation) for relation, name in alias.items()),
        cells=",\n        ".join(f"{cell(key, named)} as {key}" for key in _CELL),
        totals="".join(f",\n        {total(column)}" for column in summed),
        joins="\n    ".join(joins),
        tenure_band=tenure_band_sql("agent.hired_on", "weekly.week"),
        final="".join(f",\n    weekly.{column}" for column in summed),
    )


_CELL = ("place_ix", "week", "channel", "queue")
"""Key columns of the weekly relations; channel and queue may be NULL."""

_PASS = """{name} as (
    select * from {relation} where place_ix is not null
)"""

_TEMPLATE = """with {passes},

weekly as (
    select
        {cells}{totals}
    {joins}
)

select
    place.agent_ix,
    place.agent_key,
    weekly.week,
    calendar.week_ix,
    place.team_id,
    place.site,
    weekly.channel,
    weekly.queue,
    cast(floor(date_diff('day', least(agent.hired_on, weekly.week), weekly.week) / 7.0) as integer) as tenure_weeks,
    {tenure_band} as tenure_band,
    programme.trained_week,
    programme.scheduled_week,
    case
        when member.is_trained is null and team_week.members > 0
            then team_week.trained / cast(team_week.members as double)
        when team_week.members > 1
            then (team_week.trained - case when member.is_trained then 1 else 0 end)
                / cast(team_week.members - 1 as double)
    end as team_share_trained{final}
from weekly
inner join core.place as place on place.place_ix = weekly.place_ix
inner join core.agent as agent on agent.agent_ix = place.agent_ix
inner join core.week as calendar on calendar.week = weekly.week
left join core.agent_programme as programme on programme.agent_key = place.agent_key
left join core.team_week as team_week
    on team_week.team_id = place.team_id and team_week.week = weekly.week
left join core.team_member_week as member
    on member.agent_ix = place.agent_ix and member.week = weekly.week and member.team_id = place.team_id
where place.is_agent
order by place.agent_ix, weekly.week, weekly.place_ix, weekly.channel, weekly.queue
"""
# place_ix orders an agent's places by team and site (sql/core/agent_place.sql), and an integer sorts faster.


def _all_of(*conditions: str) -> str:
    """The conditions joined by AND, without duplicates."""
    return " and ".join(f"({condition})" for condition in dict.fromkeys(conditions) if condition)


def _is_known(expression: str) -> str:
    return f"{expression if expression.isidentifier() else f'({expression})'} is not null"


def _count(condition: str) -> str:
    return f"cast(count(case when {condition} then 1 end) as double)"  # faster than count(*) filter (where ...)


def _sum(expression: str, kind: str, counted: str, bare: str) -> str:
    """An order-independent sum as DOUBLE of an expression of SQL type ``kind``."""
    if bare == "1":
        return _count(counted) if counted else "cast(count(*) as double)"
    if kind == "BOOLEAN":
        return _count(f"{counted} and ({bare})" if counted else bare)
    if kind in _WHOLE or kind.startswith("DECIMAL"):
        return f"cast(sum({expression}) as double)"
    return f"cast(sum(cast({expression} as decimal(18, 6))) as double)"


def _sum_of_squares(expression: str, kind: str, counted: str, bare: str) -> str:
    if bare == "1" or kind == "BOOLEAN":
        return _sum(expression, kind, counted, bare)
    if kind in _WHOLE:
        return f"cast(sum(cast({expression} as bigint) * cast({expression} as bigint)) as double)"
    # rounded once, as for the sum; with 19 digits the product is computed in 128 bits
    rounded = f"cast(cast({expression} as decimal(18, 6)) as decimal(19, 6))"
    return f"cast(sum({rounded} * {rounded}) as double)"


def _with_rows(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> set[str]:
    """Ids of the KPIs with data: found in the first rows of a relation where possible, else in all rows.

    One scan per relation, not per KPI, because contacts may be an expensive view.
    """
    left: dict[str, dict[str, str]] = {}
    for kpi in catalogue.values():
        known = _all_of(kpi.where, _is_known(kpi.numerator), "place_ix is not null")
        left.setdefault(kpi.base, {})[kpi.id] = known
    found: set[str] = set()
    for relation, conditions in left.items():
        for rows in (f"(select * from core.{relation} limit {FIRST_ROWS})", f"core.{relation}"):
            asked = {kpi: condition for kpi, condition in conditions.items() if kpi not in found}
            if not asked:
                break
            counted = ", ".join(f"bool_or({condition})" for condition in asked.values())
            met = " or ".join(f"({condition})" for condition in asked.values())  # where it never is, nothing is read
            try:
                row = con.execute(f"select {counted} from {rows} where {met}").fetchone() or ()
            except duckdb.Error:  # look at them one by one, to name the entry at fault
                exist = (f"select exists (select 1 from {rows} where {condition})" for condition in asked.values())
                answers = [_ask(con, catalogue[kpi], query) for kpi, query in zip(asked, exist, strict=True)]
                row = tuple(bool(answer and answer[0]) for answer in answers)
            found.update(kpi for kpi, there in zip(asked, row, strict=True) if there)
    return found


def _types(con: duckdb.DuckDBPyConnection, catalogue: Catalogue) -> dict[tuple[str, str], str]:
    """SQL types of what the catalogue sums: (relation, expression) to type."""
    wanted: dict[str, dict[str, Kpi]] = {}
    for kpi in catalogue.values():
        wanted.setdefault(kpi.base, {}).setdefault(kpi.numerator, kpi)
        wanted.setdefault(kpi.exposed_to, {}).setdefault(kpi.denominator, kpi)
    found = {}
    for relation, expressions in wanted.items():
        try:
            kinds = _described(con, relation, expressions)
        except duckdb.Error:  # look at them one by one, to name the entry at fault
            kinds = []
            for expression, kpi in expressions.items():
                with _naming(kpi):
                    kinds += _described(con, relation, [expression])
        found.update({(relation, expression): kind for expression, kind in zip(expressions, kinds, strict=True)})
    return found


def _described(con: duckdb.DuckDBPyConnection, relation: str, expressions: Iterable[str]) -> list[str]:
    listed = ", ".join(f"({expression})" for expression in expressions)
    return [str(row[1]) for row in con.execute(f"describe select {listed} from core.{relation}").fetchall()]


def _last_complete_day(con: duckdb.DuckDBPyConnection, kpi: Kpi) -> str:
    """The last day whose window has closed by the end of the contacts and of the relation the window uses."""
    ends = "data_to"
    if kpi.censor_by:
        ends = f'least(data_to, cast((select max("at") from core.{kpi.censor_by}) + to_seconds(offset_s) as date))'
    row = _ask(con, kpi, f"select {ends} - {kpi.censor_days} from staging.window")
    return str(row[0]) if row and row[0] is not None else "0001-01-01"


def _ask(con: duckdb.DuckDBPyConnection, kpi: Kpi, query: str) -> tuple[object, ...] | None:
    with _naming(kpi):
        row: tuple[object, ...] | None = con.execute(query).fetchone()
    return row


@contextmanager
def _naming(kpi: Kpi) -> Iterator[None]:
    """Turn a database error into one that names the catalogue entry."""
    try:
        yield
    except duckdb.Error as error:
        raise KpiError(
            f"sql/kpis.toml: [{kpi.id}], or [kpis.{kpi.id}] of empathy.toml, cannot be counted on core.{kpi.base}: "
            f"{str(error).splitlines()[0]}"
        ) from None
