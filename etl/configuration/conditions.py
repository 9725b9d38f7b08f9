"""Validate SQL conditions of the configuration: they may only compare columns of a row.

A condition becomes part of a query of the build, and a query can read files, environment variables and the key of the
pseudonyms. So an allow-list of syntax nodes admits comparisons only.
"""

from __future__ import annotations

from typing import Any

import sqlglot
from sqlglot import exp

_ALLOWED: tuple[type[Any], ...] = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Tuple, exp.Array, exp.Var,
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.In, exp.Between,
    exp.NullSafeEQ, exp.NullSafeNEQ, exp.Like, exp.ILike, exp.Escape, exp.RegexpLike, exp.RegexpFullMatch,
    exp.StartsWith, exp.EndsWith, exp.Contains, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.IntDiv, exp.Mod, exp.Neg,
    exp.Abs, exp.Round, exp.Floor, exp.Ceil, exp.Greatest, exp.Least, exp.Lower, exp.Upper, exp.Trim, exp.Length,
    exp.Concat, exp.DPipe, exp.Substring, exp.Left, exp.Right, exp.Coalesce, exp.Nullif, exp.Case, exp.If, exp.Cast,
    exp.TryCast, exp.DataType, exp.DataTypeParam, exp.Interval, exp.IntervalSpan, exp.Extract, exp.Year, exp.Month,
    exp.DateTrunc, exp.TimestampTrunc, exp.DateDiff,
)  # fmt: skip


def fault_of(condition: str) -> str:
    """Why a condition is not allowed; empty when it is.

    Parameters
    ----------
    condition : str
        SQL of a condition on columns.

    Examples
    --------
    >>> fault_of("queue = 'billing' and handle_s between 30 and 7200")
    ''
    >>> fault_of("(select count(*) from read_text('/etc/hosts')) > 0")
    'a condition may compare columns of the row, and not ask for other rows or files (SUBQUERY)'
    """
    try:
        parsed = sqlglot.parse(condition, dialect="duckdb")
    except sqlglot.errors.SqlglotError as error:
        return f"it is no condition in SQL ({str(error).splitlines()[0].split('. Line')[0]})"
    if len(parsed) != 1 or parsed[0] is None:
        return "it must be one condition"
    for node in parsed[0].walk():
        if isinstance(node, exp.Query | exp.Table | exp.Star):
            return f"a condition may compare columns of the row, and not ask for other rows or files ({_name(node)})"
        if not isinstance(node, _ALLOWED):
            return f"{_name(node)} is not allowed in a condition; compare columns with values"
    return ""


def _name(node: Any) -> str:
    if isinstance(node, exp.Anonymous):
        return f"the function {node.name}"
    return type(node).__name__.upper()
