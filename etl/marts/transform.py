"""Build core and marts from landing tables: run the files of sql/ in order of dependency, timed.

Inputs that SQL cannot compute are prepared here: views without refused records and (with ``as_of``) later rows, time
zone offsets, keyed pseudonyms, courses and currency of the configuration.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import duckdb

from etl.configuration.accepted_plans import accepted_plans
from etl.configuration.kpis import Catalogue
from etl.contracts.tables import CONTRACTS
from etl.conversations.score import score
from etl.marts import agent_week, contacts, coverage, identity, names
from etl.marts.amounts import note_overlaps
from etl.marts.corrections import Refuse, apply_corrections
from etl.marts.named import note_names
from etl.marts.relations import ordered, relations
from etl.marts.zone_offsets import zone_offsets
from etl.privacy import Pseudonyms
from etl.sql_text import insert_rows, literal, quoted

if TYPE_CHECKING:
    from etl.configuration.model import Config

Progress = Callable[[str], None]
FAR = datetime(9999, 12, 31)

LONGEST_DATE = timedelta(hours=26)
"""Largest difference of local times, from UTC-12 to UTC+14: a row more than this after the first is later in every
zone."""


@dataclass(frozen=True)
class Step:
    """One relation that was built: its rows and the seconds it took."""

    relation: str
    rows: int
    seconds: float


@dataclass(frozen=True)
class Transformed:
    """What :func:`transform` did.

    Attributes
    ----------
    steps : tuple of Step
        In the order in which they ran.
    coverage : tuple of etl.marts.identity.Coverage
        Matched agent ids by source.
    generated : mapping of str to str
        The SELECTs of ``mart.agent_week`` and of the weekly relations under it, by relation.
    first_day, last_day : date or None
        The days the data cover.
    """

    steps: tuple[Step, ...]
    coverage: tuple[identity.Coverage, ...]
    generated: Mapping[str, str]
    first_day: date | None
    last_day: date | None
    left_out: Mapping[str, int] = field(default_factory=dict)


def transform(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    catalogue: Catalogue,
    *,
    run_id: str,
    secret: bytes,
    refuse: Refuse,
    as_of: date | None = None,
    progress: Progress | None = None,
    landed_in: Mapping[str, Path] = MappingProxyType({}),
) -> Transformed:
    """Build ``core`` and ``mart`` from the attached catalogue ``landing``.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        A draft's connection, with the landing tables attached.
    config : Config
    catalogue : Catalogue
        KPIs, with the configuration's overrides.
    run_id : str
    secret : bytes
        Key of the pseudonyms.
    refuse : callable
        Called with rows whose agent is ambiguous or unknown.
    as_of : date, optional
        Use only what was known by the end of this day (UTC).
    progress : callable, optional
        Called with the name of each step.
    landed_in : mapping of str to Path
        Landing folders by the ids of their files.

    Returns
    -------
    Transformed
    """
    say = progress or (lambda step: None)
    say("matching agents")
    matched = match_agents(con, config, run_id, secret, refuse, as_of)
    left_out = _land(con, config, as_of)
    if as_of is not None:  # ids that come into use later name nobody yet
        identity.collect_ids(con, "staging.landed_")
    _people_by_other_ids(con, Pseudonyms(con, secret))
    names.leave_out_nobody(con, config)
    _moments(con, config)
    say("listening")
    score(con, config.conversations.language, landed_in)
    steps: list[Step] = []
    keep_contacts = contacts.are_kept(config)
    generated: dict[str, str] = {}
    for relation, query in ordered(relations()):
        say(relation)
        started = time.perf_counter()
        kind = "view" if relation == contacts.RELATION and not keep_contacts else "table"
        rows = 0
        if relation == "mart.agent_week":
            generated, rows = agent_week.create(con, catalogue)
        elif relation == contacts.RELATION and config.engine.kind == "duckdb":
            rows = contacts.create(con, query, run_id, keep=keep_contacts)
        else:
            made = con.execute(f"create or replace {kind} {relation} as {query}")
            if kind == "table":  # creating a table returns its number of rows
                counted = (made or con.execute(f"select count(*) from {relation}")).fetchone()
                rows = int(counted[0]) if counted else 0
        steps.append(Step(relation, rows, time.perf_counter() - started))
    note_names(con, config, catalogue)
    note_overlaps(con, config, catalogue)
    if not keep_contacts:  # a view: its rows are counted when it is reduced
        rows_now = agent_week.contacts(con)
        steps = [replace(step, rows=rows_now) if step.relation == contacts.RELATION else step for step in steps]
    first_day, last_day = con.execute("select first_day, last_day from staging.window").fetchone() or (None, None)
    return Transformed(tuple(steps), matched, generated, first_day, last_day, left_out)


def match_agents(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    run_id: str,
    secret: bytes,
    refuse: Refuse,
    as_of: date | None = None,
) -> tuple[identity.Coverage, ...]:
    """Match every agent id to a person, and refuse rows whose id is not matched.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With the landing tables attached; receives the in-memory catalogue ``staging``.
    config : Config
    run_id : str
    secret : bytes
        Key of the pseudonyms.
    refuse : callable
        Called with rows whose agent is ambiguous or unknown, and with corrections that cannot be applied.
    as_of : date, optional
        Apply only corrections made by the end of this day.
    """
    con.execute("attach ':memory:' as staging")
    apply_corrections(con, refuse, as_of)
    _parameters(con, config, run_id)
    matched = identity.resolve(con, config, secret)
    _refuse_unresolved(con, refuse)
    return matched


def _land(con: duckdb.DuckDBPyConnection, config: Config, as_of: date | None) -> dict[str, int]:
    """Create views ``staging.landed_<table>``: landing rows without refused records and rows after ``as_of``."""
    row = con.execute("select count(*) from staging.refused").fetchone()
    refused = bool(row and row[0])
    left_out = {}
    shared = _share_contacts(con, config)
    names_of = names.fold(con, config)
    for table in CONTRACTS:
        where, replaced = _known_by(table, as_of)
        named = [f"{sql} as {quoted(column)}" for column, sql in names_of.get(table, {}).items()]
        replaced = ", ".join([*([replaced] if replaced else []), *named])
        rows = f"from landing.{table} as landed"
        if refused:
            rows += (
                " anti join staging.refused as refused"
                " on refused._file_id = landed._file_id and refused._line = landed._line"
            )
        if table == "interaction" and shared:
            rows += (
                " anti join staging.same_contact as same"
                " on same._file_id = landed._file_id and same._line = landed._line and same.leg = landed.leg"
            )
        select = f"select * {f'replace ({replaced}) ' if replaced else ''}{rows}"
        if where:
            select += f" where {where}"
            later = con.execute(f"select count(*) {rows} where ({where}) is not true").fetchone()
            left_out[table] = int(later[0]) if later else 0
        con.execute(f"create or replace view staging.landed_{table} as {select}")
    return left_out


def _share_contacts(con: duckdb.DuckDBPyConnection, config: Config) -> bool:
    """Create ``staging.same_contact``: contacts that a later source of their group has too. Returns whether there are
    any.

    ``staging.shared_contact`` holds ids common to several sources without a rule in the configuration.
    """
    con.execute("create or replace table staging.same_contact (_file_id varchar, _line bigint, leg bigint)")
    con.execute("create or replace table staging.shared_contact (interaction_id varchar, taken varchar, other varchar)")
    allowed = (*config.identity.same_contacts, *config.identity.separate_contacts)
    grouped = {name: number for number, group in enumerate(allowed) for name in group}
    for group in config.identity.same_contacts:
        con.execute(
            """
            insert into staging.same_contact
            select contact._file_id, contact._line, contact.leg
            from landing.interaction as contact
            anti join staging.refused as refused
                on refused._file_id = contact._file_id and refused._line = contact._line
            where list_contains(?, contact._source)
            qualify list_position(?, contact._source)
                < max(list_position(?, contact._source)) over (partition by contact.interaction_id)
            """,
            [list(group)] * 3,
        )
    query = "select distinct source from landing.unsaid_field where table_name = 'interaction'"
    exported = con.execute(query).fetchall()
    if not exported:  # contacts may lie in another engine
        exported = con.execute("select distinct _source from landing.interaction").fetchall()
    if len(exported) > 1:
        groups = " ".join(
            f"when {literal(name)} then {literal(f'group {number}')}" for name, number in sorted(grouped.items())
        )
        system = f"case _source {groups} else _source end" if groups else "_source"
        con.execute(
            f"insert into staging.shared_contact select interaction_id, min(_source), max(_source) "
            f"from landing.interaction group by interaction_id having min({system}) <> max({system})"
        )
    row = con.execute("select count(*) from staging.same_contact").fetchone()
    return bool(row and row[0])


def _known_by(table: str, as_of: date | None) -> tuple[str, str]:
    """Row condition and column replacements that hide everything after ``as_of``."""
    if as_of is None:
        return "", ""
    known_by = CONTRACTS[table].known_by
    if known_by is None:
        return "", ""
    end = as_of + timedelta(days=1)
    moment = {"at": f"timestamp '{end.isoformat()} 00:00:00'", "day": f"date '{end.isoformat()}'"}
    replaced = [f"{expression.format(**moment)} as {name}" for name, expression in known_by.replaced.items()]
    return known_by.when.format(**moment), ", ".join(replaced)


def _fill(con: duckdb.DuckDBPyConnection, table: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
    con.execute(f"create or replace table staging.{table} ({columns})")
    insert_rows(con, f"staging.{table}", rows)


def _parameters(con: duckdb.DuckDBPyConnection, config: Config, run_id: str) -> None:
    _fill(
        con, "parameter",
        "run_id varchar, currency varchar, default_zone varchar, complete varchar, study_from date, study_to date, "
        "hide_ids boolean",
        [(
            run_id, config.project.currency, config.project.timezone, config.programme.complete,
            config.programme.study_from, config.programme.study_to, config.identity.ids_are_names,
        )],
    )  # fmt: skip
    _fill(con, "site_zone", "site varchar, zone varchar", sorted(config.site_timezones().items()))
    courses: list[tuple[str, bool]] = [
        (course.id, course.id in config.programme.treatment_courses) for course in config.programme.courses
    ]
    if not courses:  # no course is named: every course is the treatment
        courses = [
            (course, True)
            for (course,) in con.execute("select distinct course_id from landing.training order by 1").fetchall()
        ]
    _fill(con, "course", "course_id varchar, is_treatment boolean", courses)
    _fill(
        con, "stated_event",
        "label varchar, \"at\" date, until date, site varchar, team_id varchar, kind varchar",
        [(one.label, one.at, one.until or one.at, one.site, one.team, one.kind) for one in config.events],
    )  # fmt: skip
    holdout = config.programme.holdout
    _fill(
        con, "holdout", "team_id varchar, until date, reason varchar",
        [(team, holdout.until, holdout.reason) for team in holdout.teams] if holdout else [],
    )  # fmt: skip
    _fill(
        con, "other_programme", "programme varchar, course_id varchar",
        [(other.name, course) for other in config.programmes for course in other.courses],
    )  # fmt: skip
    plans = accepted_plans(config.folder)
    _fill(
        con, "accepted_plan",
        "plan_id varchar, accepted_at timestamp, position integer, team_id varchar, wave integer, starts_on date",
        [
            (plan.plan_id, plan.accepted_at, position, team.team, team.wave, team.starts_on)
            for plan in plans
            for position, team in enumerate(plan.teams)
        ],
    )  # fmt: skip
    _fill(
        con, "accepted_order", "plan_id varchar, accepted_at timestamp, order_ix integer, waves varchar",
        [
            (plan.plan_id, plan.accepted_at, number, waves)
            for plan in plans
            for number, waves in enumerate(plan.kept_orders)
        ],
    )  # fmt: skip
    coverage.declare_spans(con, config)
    con.execute("create or replace table staging.unsaid as select * from landing.unsaid_field")
    con.execute("create or replace table staging.file_order as select * from landing.file_order")


def _resolved(by: str) -> list[str]:
    return [contract.name for contract in CONTRACTS.values() if contract.identity == by]


def _refuse_unresolved(con: duckdb.DuckDBPyConnection, refuse: Refuse) -> None:
    """Refuse rows whose agent id is unknown, ambiguous, or belonged to nobody at that time."""
    con.execute(
        """
        create or replace table staging.identity_limited as
        select source, source_agent_id
        from staging.identity
        group by source, source_agent_id
        having min(valid_from) > timestamp '0001-01-01' or max(valid_to) < timestamp '9999-12-31'
            or sum(epoch(valid_to) - epoch(valid_from)) < epoch(max(valid_to)) - epoch(min(valid_from))
        """
    )
    row = con.execute(
        "select exists (from staging.identity_fault) or exists (from staging.identity_limited)"
    ).fetchone()
    in_doubt = bool(row and row[0])
    for table in (*_resolved("own"), *_resolved("contact")) if in_doubt else ():
        has_contact = (
            "and not exists (select 1 from landing.interaction as contact "
            "where contact.interaction_id = landed.interaction_id and contact.source_agent_id is not null)"
            if CONTRACTS[table].identity == "contact"
            else ""
        )
        con.execute(
            f"""
            create or replace table staging.refusal as
            select landed._file_id, landed._line, fault.reason
            from landing.{table} as landed
            inner join staging.identity_fault as fault
                on fault.source = landed._source and fault.source_agent_id = landed.source_agent_id
            where true {has_contact}
            union all
            select landed._file_id, landed._line,
                'source_agent_id: "***" belonged to nobody at that time; the crosswalk says from when to when it did'
            from (select *, {CONTRACTS[table].happened_at} as happened_at from landing.{table}) as landed
            semi join staging.identity_limited as limited
                on limited.source = landed._source and limited.source_agent_id = landed.source_agent_id
            left join staging.identity as identity
                on identity.source = landed._source
                and identity.source_agent_id = landed.source_agent_id
                and identity.valid_from <= landed.happened_at
                and landed.happened_at < identity.valid_to
            where identity.agent_key is null and landed.happened_at is not null {has_contact}
            """
        )
        row = con.execute("select count(*) from staging.refusal").fetchone()
        if row and row[0]:
            refuse(table, "staging.refusal")
            con.execute("insert into staging.refused select distinct _file_id, _line from staging.refusal")


def _people_by_other_ids(con: duckdb.DuckDBPyConnection, pseudonyms: Pseudonyms) -> None:
    """Create pseudonyms of customers and of evaluators, who need not be agents."""
    pseudonyms.table(
        "staging.customer_key",
        "customer",
        "select source_customer_id as identifier from staging.landed_interaction "
        "where source_customer_id is not null "
        "union all select source_customer_id from staging.landed_customer_event",
    )
    unknown = pseudonyms.sql("agent", "'id:' || system.system || ':' || ids.source_evaluator_id")
    con.execute(
        f"""
        create or replace table staging.evaluator as
        select
            ids._source as source,
            ids.source_evaluator_id,
            coalesce(min(identity.agent_key), min({unknown})) as evaluator_key
        from (
            select distinct _source, source_evaluator_id
            from staging.landed_qa_evaluation
            where source_evaluator_id is not null
        ) as ids
        inner join staging.system as system on system.source = ids._source
        left join staging.identity as identity
            on identity.source = ids._source and identity.source_agent_id = ids.source_evaluator_id
        group by ids._source, ids.source_evaluator_id
        """
    )


def _moments(con: duckdb.DuckDBPyConnection, config: Config) -> None:
    """``staging.moment``, the first and last rows of the data, and ``staging.zone_offset`` for the time between.

    Their local days depend on the agents' sites, and are computed later in sql/staging/window.sql.
    """
    first_at = last_at = None
    ranked = sorted((contract for contract in CONTRACTS.values() if contract.window_rank), key=lambda c: c.window_rank)
    chosen, happened_at = ranked[0].name, ranked[0].happened_at
    for contract in ranked:
        at = contract.window_at or contract.happened_at
        row = con.execute(f"select min({at}), max({at}) from staging.landed_{contract.name}").fetchone()
        if row and row[0] is not None:
            chosen, happened_at = contract.name, at
            first_at, last_at = row
            break
    con.execute(
        f"""
        create or replace table staging.moment as
        select
            _source as source, source_agent_id, {happened_at} as happened_at,
            {"day" if chosen == "agent_day" else "cast(null as date)"} as local_day
        from staging.landed_{chosen}
        where {happened_at} <= cast(? as timestamp) or {happened_at} >= cast(? as timestamp)
        """,
        [first_at and first_at + LONGEST_DATE, last_at and last_at - LONGEST_DATE],
    )
    zones = {config.project.timezone, *config.site_timezones().values()}
    edge = timedelta(days=2)
    start = first_at - edge if first_at else FAR - edge
    end = last_at + edge if last_at else FAR
    offsets = [
        (stretch.zone, stretch.from_at, stretch.to_at, stretch.offset_s) for stretch in zone_offsets(zones, start, end)
    ]
    _fill(con, "zone_offset", "zone varchar, from_at timestamp, to_at timestamp, offset_s integer", offsets)
