"""Tables with constant columns, which are made virtual: neither stored nor read.

Most centres export data for a dozen of some thirty KPIs and thirty columns of contacts.
"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from etl.sql_text import quoted


def create(con: duckdb.DuckDBPyConnection, relation: str, query: str, values: Mapping[str, str]) -> int:
    """Create a table from a query, with the named columns virtual; return its number of rows.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    relation : str
        ``schema.name``; replaced when it exists.
    query : str
        A SELECT.
    values : mapping of str to str
        Column to SQL of the value it has in every row, ``null`` for none; columns that the query does not give follow
        the others, as DOUBLE.

    Examples
    --------
    >>> with duckdb.connect() as con:
    ...     create(con, "main.week", "select 1 as week, true as is_known", {"is_known": "true", "sales": "null"})
    ...     con.execute("from main.week").fetchall()
    1
    [(1, True, None)]
    """
    kinds = _kinds(con, query)
    columns = ", ".join(
        # a literal, because DuckDB evaluates it every 2,048 rows, and a cast takes twice as long
        f"{quoted(name)} {kind}" + (f" generated always as ({values[name]}) virtual" if name in values else "")
        for name, kind in {**kinds, **{name: "double" for name in values if name not in kinds}}.items()
    )
    con.execute(f"create or replace table {relation} ({columns})")
    left_out = ", ".join(quoted(name) for name in kinds if name in values)
    rows = f"select * exclude ({left_out}) from ({query})" if left_out else query
    made = con.execute(f"insert into {relation} {rows}")
    counted = (made or con.execute(f"select count(*) from {relation}")).fetchone()  # None: another engine
    return int(counted[0]) if counted else 0


def view(con: duckdb.DuckDBPyConnection, relation: str, query: str, values: Mapping[str, str]) -> None:
    """Create a view of a query in which those columns are literals, so that their sources are not read.

    Parameters
    ----------
    con, relation, query
        As :func:`create`.
    values : mapping of str to str
        Column of the query to SQL of the value it has in every row; at least one.
    """
    kinds = _kinds(con, query)
    literals = ", ".join(f"cast({value} as {kinds[name]}) as {quoted(name)}" for name, value in values.items())
    con.execute(f"create or replace view {relation} as select * replace ({literals}) from ({query})")


def _kinds(con: duckdb.DuckDBPyConnection, query: str) -> dict[str, str]:
    return {str(row[0]): str(row[1]) for row in con.execute(f"describe {query}").fetchall()}
