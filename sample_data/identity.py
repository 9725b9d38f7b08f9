"""The ids by which each system knows an agent. No system uses another's."""

from __future__ import annotations

import polars as pl

PAD = 4


def _code(agent: pl.Expr) -> pl.Expr:
    return (agent + 1).cast(pl.String).str.zfill(PAD)


def employee_number(agent: pl.Expr) -> pl.Expr:
    """Return the number on the contract, known to BambooHR, Moodle, xAPI and the training plan: ``E0017``."""
    return pl.lit("E") + _code(agent)


def staff_id(agent: pl.Expr) -> pl.Expr:
    """Return BambooHR's own row id: ``1017``."""
    return (agent + 1001).cast(pl.String)


def username(agent: pl.Expr) -> pl.Expr:
    """Return the Amazon Connect username: ``ag0017``."""
    return pl.lit("ag") + _code(agent)


def assignee(agent: pl.Expr) -> pl.Expr:
    """Return the Zendesk assignee id, a number: ``360001017``."""
    return (agent.cast(pl.Int64) + 360001001).cast(pl.String)


def quality_id(agent: pl.Expr) -> pl.Expr:
    """Return the id in the quality tool: ``QA-0017``."""
    return pl.lit("QA-") + _code(agent)


def roster_id(agent: pl.Expr) -> pl.Expr:
    """Return the id in the workforce planner: ``W0017``."""
    return pl.lit("W") + _code(agent)


def email(agent: pl.Expr) -> pl.Expr:
    """Return the work e-mail, a code at a reserved domain: ``a0017@example.com``."""
    return pl.lit("a") + _code(agent) + pl.lit("@example.com")


def contact_id(contact: pl.Expr) -> pl.Expr:
    """Return the id of a contact in the telephone system: ``c-00000017``."""
    return pl.lit("c-") + (contact + 1).cast(pl.String).str.zfill(8)


def customer_id(customer: pl.Expr) -> pl.Expr:
    """Return the id of a customer, shared by the telephone system and the customer database: ``K0001234``."""
    return pl.lit("K") + customer.cast(pl.String).str.zfill(7)
