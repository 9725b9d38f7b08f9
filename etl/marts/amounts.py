"""Money amounts of the configuration as a table, for the checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from etl.configuration.kpis import Catalogue
from etl.configuration.money_overlap import overlaps
from etl.sql_text import insert_rows

if TYPE_CHECKING:
    from etl.configuration.model import Config


def note_overlaps(con: duckdb.DuckDBPyConnection, config: Config, catalogue: Catalogue) -> None:
    """Fill ``staging.money_overlap``: a KPI, the kind of money its amount often includes, and the KPI that counts that
    money too.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With ``staging``.
    config : Config
    catalogue : Catalogue
    """
    con.execute("create or replace table staging.money_overlap (kpi varchar, often_holds varchar, counted_by varchar)")
    rows = [
        [found.kpi.id, found.money_group, other.id]
        for found in overlaps(config.value, catalogue.values())
        for other in found.others
    ]
    insert_rows(con, "staging.money_overlap", rows)
