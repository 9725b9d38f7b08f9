"""Match each system's agent ids to one ``agent_key`` per person.

A person is known by employee number, else by e-mail, else by the id of the one system that knows them; people are read
from the ``agent`` exports and from the crosswalk. An id is matched by the first rule of ``[identity] match`` that finds
a person:

``crosswalk``
    a crosswalk table gives the person, and the period;
``employee_number``
    the id is an employee number, or its own system's directory gives one for it;
``email``
    the id is a work e-mail, or its own system's directory gives one for it;
``attributes``
    the id is made of attributes, named by ``[identity] attributes`` and joined by a slash; it means the people whose
    attributes agree wherever both are known.

One person: matched. Several: *ambiguous*, rejected with the candidates. None: *unknown*, rejected. Without an ``agent``
export and a crosswalk, all systems are assumed to use the same ids (``as_is``).

Systems: sources of one format share one directory of ids; every ``tabular`` source is a system of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from etl.configuration.kpis import SQL_FOLDER
from etl.contracts.tables import CONTRACTS
from etl.privacy import pseudonym
from etl.sql_text import insert_rows

if TYPE_CHECKING:
    from etl.configuration.model import Config, Identity

ATTRIBUTE_SEPARATOR = "/"


@dataclass(frozen=True)
class Coverage:
    """How many of a source's agent ids and rows were matched to a person."""

    source: str
    ids: int
    matched: int
    ambiguous: int
    unknown: int
    rows: int
    rows_matched: int


def resolve(con: duckdb.DuckDBPyConnection, config: Config, secret: bytes) -> tuple[Coverage, ...]:
    """Build ``staging.person``, ``staging.identity`` and ``staging.identity_fault`` from the landing tables.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With catalogues ``landing`` and ``staging`` attached.
    config : Config
        Its ``[identity]`` section gives the order of the rules.
    secret : bytes
        Key of the pseudonyms; ``agent_key`` is the pseudonym of a person's lasting id.

    Returns
    -------
    tuple of Coverage
        One per source that names agents.
    """
    systems = [
        (name, name if source.format == "tabular" else f"format:{source.format}")
        for name, source in config.sources.items()
    ]
    con.execute("create or replace table staging.system (source varchar, system varchar)")
    insert_rows(con, "staging.system", systems)
    collect_ids(con)
    register = con.execute(
        "select (select count(*) from landing.agent) + (select count(*) from landing.agent_identity)"
    ).fetchone()
    as_is = not (register and register[0])
    for relation in ("directory", "crosswalk"):
        _create(con, relation)
    if as_is:
        con.execute(
            "create or replace table staging.person as "
            "select distinct 'number:' || source_agent_id as person_id from staging.source_id "
            "where table_name not in ('supervisor', 'evaluator')"
        )
    else:
        _create(con, "person")
    _give_keys(con, secret)
    rules: list[tuple[str, int]] = [
        (rule, position) for position, rule in enumerate(config.identity.match) if rule != "attributes"
    ]
    rules += [("own_id", 90), ("attributes", 91), ("as_is", 92)]
    con.execute("create or replace table staging.identity_rule (rule varchar, position integer)")
    insert_rows(con, "staging.identity_rule", rules)
    if as_is:
        con.execute(
            "create or replace table staging.identity_candidate as select distinct source, source_agent_id, "
            "timestamp '0001-01-01' as valid_from, timestamp '9999-12-31' as valid_to, "
            "'number:' || source_agent_id as person_id, 'as_is' as method from staging.source_id"
        )
    else:
        _create(con, "identity_candidate")
        if "attributes" in config.identity.match:
            _add_candidates_by_attributes(con, config.identity)
    for relation in ("identity_choice", "identity", "identity_fault"):
        _create(con, relation)
    return _coverage(con)


def _create(con: duckdb.DuckDBPyConnection, relation: str) -> None:
    query = (SQL_FOLDER / "staging" / f"{relation}.sql").read_text(encoding="utf-8")
    con.execute(f"create or replace table staging.{relation} as {query}")


def collect_ids(con: duckdb.DuckDBPyConnection, rows_of: str = "landing.") -> None:
    """Create ``staging.source_id``: every id with the number of rows that use it, per source and table.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    rows_of : str
        Prefix of the relation that holds a table's rows.
    """
    parts = [
        f"select _source as source, source_agent_id, '{table}' as table_name, count(*) as row_count "
        f"from {rows_of}{table} where source_agent_id is not null group by _source, source_agent_id"
        for table in (contract.name for contract in CONTRACTS.values() if contract.identity)
    ]
    parts += [
        f"select _source, {column}, '{role}', count(*) from {rows_of}{table} where {column} is not null "
        f"group by _source, {column}"
        for role, table, column in (
            ("supervisor", "agent_team", "source_supervisor_id"),
            ("evaluator", "qa_evaluation", "source_evaluator_id"),
        )
    ]
    con.execute("create or replace table staging.source_id as " + " union all ".join(parts))


def _give_keys(con: duckdb.DuckDBPyConnection, secret: bytes) -> None:
    people = con.execute("select person_id from staging.person order by person_id").fetchall()
    con.execute("create or replace table staging.person_key (person_id varchar, agent_key varchar)")
    ids = [person for (person,) in people]
    keys = [pseudonym(secret, "agent", person) for person in ids]
    con.execute("insert into staging.person_key select unnest(?::varchar[]), unnest(?::varchar[])", [ids, keys])


def _add_candidates_by_attributes(con: duckdb.DuckDBPyConnection, section: Identity) -> None:
    """Add people whose attributes equal an id's wherever both are known; the first attribute must be known."""
    names = [f"attribute_{number}" for number in range(1, len(section.attributes) + 1)]
    parts = ", ".join(
        f"case when not list_contains(?, part[{number}]) then part[{number}] end as {name}"
        for number, name in enumerate(names, start=1)
    )
    unknown = ["", *section.unknown]
    agree = "".join(f" and coalesce(people.{name} = ids.{name}, true)" for name in names[1:])
    con.execute(
        f"""
        insert into staging.identity_candidate
        with ids as (
            select distinct source, source_agent_id, {parts}
            from (
                select *, string_split(source_agent_id, '{ATTRIBUTE_SEPARATOR}') as part
                from staging.source_id
                where table_name not in ('supervisor', 'evaluator')
            )
        ),
        people as (
            select distinct directory.person_id, {", ".join(f"ids.{name}" for name in names)}
            from staging.directory as directory
            inner join ids
                on ids.source = directory.source and ids.source_agent_id = directory.source_agent_id
        )
        select
            ids.source, ids.source_agent_id, timestamp '0001-01-01', timestamp '9999-12-31',
            people.person_id, 'attributes'
        from ids
        inner join people on people.attribute_1 = ids.attribute_1{agree}
        """,
        [unknown] * len(names),
    )


def _coverage(con: duckdb.DuckDBPyConnection) -> tuple[Coverage, ...]:
    rows = con.execute(
        """
        with ids as (
            select source, source_agent_id, sum(row_count) as row_count
            from staging.source_id
            where table_name not in ('supervisor', 'evaluator')
            group by source, source_agent_id
        )
        select
            ids.source,
            count(*),
            count(*) filter (where fault.fault is null),
            count(*) filter (where fault.fault = 'ambiguous'),
            count(*) filter (where fault.fault = 'unknown'),
            sum(ids.row_count),
            coalesce(sum(ids.row_count) filter (where fault.fault is null), 0)
        from ids
        left join staging.identity_fault as fault
            on fault.source = ids.source and fault.source_agent_id = ids.source_agent_id
        group by ids.source
        order by ids.source
        """
    ).fetchall()
    return tuple(Coverage(row[0], *(int(number) for number in row[1:])) for row in rows)
