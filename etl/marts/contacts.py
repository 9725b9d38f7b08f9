"""``core.interaction``, the largest relation of a version, without columns that are constant.

Fields and outcomes that no export has, and the run, are the same in every row. They are not stored, since storing
contacts is the slowest step of a build, nor looked up where contacts are only reduced
(:mod:`etl.marts.constant_columns`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from etl.marts import constant_columns
from etl.sql_text import literal

if TYPE_CHECKING:
    from etl.configuration.model import Config

RELATION = "core.interaction"

_FIELDS = {
    "customer_key": ("source_customer_id", "null"),
    "ended_at": ("ended_at", "null"),
    "queue": ("queue", "null"),
    "reason": ("reason", "null"),
    "handle_s": ("handle_s", "null"),
    "transferred": ("transferred", "null"),
    "hostile": ("hostile", "null"),
    "eligible": ("eligible", "true"),
    "parent_id": ("parent_id", "null"),
}
"""Column to the only field of contacts it comes from, and its value without that field."""

_SPANS = {
    "escalated": ("escalations", "null"),
    "offered": ("offers", "null"),
    "upsell_sold": ("upsells", "null"),
    "cross_sell_sold": ("cross_sells", "null"),
    "sold_amount": ("offers", "null"),
    "complaints_known": ("complaints", "false"),
    "evaluations_known": ("evaluations", "false"),
    "transcripts_known": ("transcripts", "false"),
}
"""Column to the outcome of ``staging.known`` that it depends on, and its value where no export covers that outcome."""


def create(con: duckdb.DuckDBPyConnection, query: str, run_id: str, *, keep: bool) -> int:
    """Build ``core.interaction``; return its number of rows, 0 for a view, whose rows are not counted yet.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With the relations that the query reads.
    query : str
        The SELECT of sql/core/interaction.sql.
    run_id : str
        The run, as in ``staging.parameter``.
    keep : bool
        Whether contacts are stored as a table, or only reduced, through a view.
    """
    values = {"_run_id": literal(run_id), **_without_data(con)}
    if keep:
        return constant_columns.create(con, RELATION, query, values)
    constant_columns.view(con, RELATION, query, values)
    return 0


def _without_data(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Columns without any data, and their constant value."""
    contacts, known = "staging.landed_interaction", "staging.known"
    asked = [
        *(f"exists (select 1 from {contacts} where {field} is not null)" for field, _ in _FIELDS.values()),
        *(f"(select {span}_from is not null and {span}_to is not null from {known})" for span, _ in _SPANS.values()),
    ]
    found = con.execute(f"select {', '.join(asked)}").fetchone() or ()
    columns = {**_FIELDS, **_SPANS}
    return {name: value for (name, (_, value)), there in zip(columns.items(), found, strict=True) if not there}


def are_kept(config: Config) -> bool:
    """Whether single contacts stay in the version, or are only reduced to ``mart.agent_week`` on the way.

    ``[engine] options = { contacts = "reduce" }`` leaves them out: a build of tens of millions of contacts then writes
    agents and weeks only.
    """
    return config.engine.options.contacts == "keep"
