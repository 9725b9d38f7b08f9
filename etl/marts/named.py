"""Find names in the configuration that do not occur in the data, usually misspelt or changed in the export.

Words of the exports (tags, fields, explained values, conditions) are searched while files are read; sites, teams and
values in KPI conditions are searched in the built relations. Courses, events and accepted plans have checks of their
own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from etl.configuration.kpis import Catalogue
from etl.reading.header_names import folded
from etl.sources import number_marks
from etl.sql_text import insert_rows, literal, quoted

if TYPE_CHECKING:
    from etl.configuration.model import Config


def note_names(con: duckdb.DuckDBPyConnection, config: Config, catalogue: Catalogue) -> None:
    """Fill ``staging.named_in_config``: the setting, the name, and whether the name occurs in the data.

    Also fills ``staging.number_form``: the number formats found in sources whose format is not configured.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With landing attached, and core built.
    config : Config
    catalogue : Catalogue
        With the configuration's overrides.
    """
    con.execute("create or replace table staging.named_in_config (setting varchar, name varchar, met boolean)")
    is_mark = f"starts_with(setting, {literal(number_marks.SETTING)})"
    con.execute(
        "insert into staging.named_in_config select 'sources.' || source || '.' || setting, word, met "
        f"from landing.named_word where not {is_mark}"
    )
    con.execute(
        "create or replace table staging.number_form as "
        f"select source, substr(setting, {len(number_marks.SETTING) + 1}) as column_name, word as form, met "
        f"from landing.named_word where {is_mark}"
    )
    rows: list[list[object]] = []
    places = con.execute("select distinct site, team_id from core.place where is_agent").fetchall()
    there = ({folded(str(site)) for site, _ in places}, {folded(str(team)) for _, team in places})
    rows += [["sites", site, folded(site) in there[0]] for site in config.sites]
    groups = config.access.groups if config.access else {}
    for name, group in groups.items():
        for key, wanted, known in (("sites", group.sites, there[0]), ("teams", group.teams, there[1])):
            rows += [[f'access.groups."{name}".{key}', place, folded(place) in known] for place in wanted]
    for kpi, override in config.kpis.items():
        if override.where and not override.hidden:
            base = f"core.{quoted(catalogue[kpi].base)}"
            for column, value in compared_with(override.where):
                row = con.execute(f"select 1 from {base} where {quoted(column)} = ? limit 1", [value]).fetchone()
                rows.append([f"kpis.{kpi}.where ({column})", value, row is not None])
    insert_rows(con, "staging.named_in_config", rows)


def compared_with(condition: str) -> tuple[tuple[str, str], ...]:
    """Return the columns of a condition with the texts they are tested for equality with.

    Parameters
    ----------
    condition : str
        SQL of a condition that may be used.

    Examples
    --------
    >>> compared_with("queue in ('billing', 'sales') and channel <> 'chat' and handle_s > 30")
    (('channel', 'chat'), ('queue', 'billing'), ('queue', 'sales'))
    """
    import sqlglot  # slow to import, and seldom needed
    from sqlglot import exp

    found: dict[tuple[str, str], None] = {}
    for node in sqlglot.parse_one(condition, dialect="duckdb").walk():
        if isinstance(node, exp.EQ | exp.NEQ):
            pairs = [(node.this, node.expression), (node.expression, node.this)]
        elif isinstance(node, exp.In):
            pairs = [(node.this, option) for option in node.expressions]
        else:
            continue
        for column, text in pairs:
            if isinstance(column, exp.Column) and isinstance(text, exp.Literal) and text.is_string:
                found[column.name, str(text.this)] = None
    return tuple(sorted(found))
