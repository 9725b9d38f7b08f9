"""DuckDB SQL -> the SQL of another engine with the same meaning.

The files of sql/ and the generated ``mart.agent_week`` are written once, for DuckDB. sqlglot translates names and
syntax; where the translation would have another meaning or fail, one of the rewrites below changes the statement first.
Each rewrite takes and returns a parsed statement.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel, SqlglotError

from etl.errors import EmpathyError

Dialect = Literal["spark", "snowflake", "bigquery", "trino"]
DIALECTS: tuple[Dialect, ...] = ("spark", "snowflake", "bigquery", "trino")
"""Dialects; only Spark is run in tests, for the others statements are translated and parsed."""

Rewrite = Callable[[exp.Expr], exp.Expr]


class RewriteError(EmpathyError):
    """A statement that has no equivalent in the SQL of an engine."""


def seconds_as_timestamp_add(tree: exp.Expr) -> exp.Expr:
    """``at + to_seconds(n)`` -> the engine's function that adds seconds; ``to_seconds`` exists in DuckDB alone."""
    for call in _calls(tree, "to_seconds"):
        added = call.parent
        seconds = call.expressions[0]
        if not isinstance(added, (exp.Add, exp.Sub)) or added.expression is not call:
            raise RewriteError(f"to_seconds can only be added to or taken from a time: {tree.sql('duckdb')[:200]}")
        if isinstance(added, exp.Sub):
            seconds = exp.Neg(this=exp.paren(seconds, copy=False))
        added.replace(exp.TimestampAdd(this=added.this, expression=seconds, unit=exp.var("SECOND")))
    return tree


def truth_as_coalesce(tree: exp.Expr) -> exp.Expr:
    """``x is true`` -> ``coalesce(x, false)``: some engines know no truth tests, and NOT of unknown is unknown."""
    for test in list(tree.find_all(exp.Is)):
        said = test.expression
        if isinstance(said, exp.Boolean):
            known = exp.Coalesce(this=test.this, expressions=[exp.false() if said.this else exp.true()])
            test.replace(known if said.this else exp.Not(this=known))
    return tree


def extremes_of_known(tree: exp.Expr) -> exp.Expr:
    """``greatest(a, b)`` -> ``coalesce(greatest(a, b), a, b)``, where an engine returns NULL for any NULL."""
    for call in list(tree.find_all(exp.Greatest, exp.Least)):
        *others, last = (call.this, *call.expressions)
        kind = type(call)
        for other in reversed(others):
            pair = kind(this=other.copy(), expressions=[last.copy()], ignore_nulls=False)
            last = exp.Coalesce(this=pair, expressions=[other.copy(), last.copy()])
        call.replace(last)
    return tree


def extremes_by_known_value(tree: exp.Expr) -> exp.Expr:
    """Add a filter to ``min_by(x, key)``: only DuckDB ignores rows without an ``x``.

    ``arg_max_null(x, key)``, which ignores no rows, becomes the engine's ``max_by``.
    """
    for call in list(tree.find_all(exp.ArgMin, exp.ArgMax)):
        known = call.this.copy().is_(exp.null()).not_()
        outer = call.parent
        if isinstance(outer, exp.Filter):
            outer.expression.set("this", exp.and_(outer.expression.this, known))
        else:
            place = exp.Placeholder()
            call.replace(place)
            place.replace(exp.Filter(this=call, expression=exp.Where(this=known)))
    for name, kind in (("arg_max_null", exp.ArgMax), ("arg_min_null", exp.ArgMin)):
        for named in _calls(tree, name):
            named.replace(kind(this=named.expressions[0], expression=named.expressions[1]))
    return tree


def rows_of_a_range(tree: exp.Expr) -> exp.Expr:
    """``select f(unnest(range(0, n)))`` -> ``select f(step.n) from unnest(range(0, n)) as step(n)``.

    Other engines give rows in FROM, or not inside an expression.
    """
    for select in list(tree.find_all(exp.Select)):
        made = [item for item in select.expressions for _ in (item.find(exp.Unnest, exp.Explode),) if _]
        if select.args.get("from_") or len(made) != 1:
            continue
        inner = made[0].find(exp.Unnest, exp.Explode)
        rows = inner.expressions[0] if isinstance(inner, exp.Unnest) else inner.this
        inner.replace(exp.column("n", table="step"))
        select.from_(
            exp.Unnest(
                expressions=[rows],
                alias=exp.TableAlias(this=exp.to_identifier("step"), columns=[exp.to_identifier("n")]),
            ),
            copy=False,
        )
    return tree


def group_by_expressions(tree: exp.Expr) -> exp.Expr:
    """``group by name`` of a computed column -> ``group by`` what computes it, which every engine understands."""
    for select in tree.find_all(exp.Select):
        group = select.args.get("group")
        named = {item.alias: item.this for item in select.expressions if isinstance(item, exp.Alias)}
        for column in list(group.expressions) if group else ():
            meant = named.get(column.name) if isinstance(column, exp.Column) and not column.table else None
            if meant is not None and not isinstance(meant, exp.Column):
                column.replace(meant.copy())
    return tree


_MICROSECONDS = {
    "spark": "unix_micros(cast({} as timestamp_ltz))",
    "snowflake": "date_part(epoch_microsecond, {})",
    "bigquery": "unix_micros(timestamp({}))",
    "trino": "cast(to_unixtime({}) * 1000000 as bigint)",
}


def microseconds_in(dialect: Dialect) -> Rewrite:
    """``epoch_us(at)`` -> the engine's microseconds since 1970."""

    def rewrite(tree: exp.Expr) -> exp.Expr:
        for call in _calls(tree, "epoch_us"):
            at = call.expressions[0].sql(dialect)
            call.replace(sqlglot.parse_one(_MICROSECONDS[dialect].format(at), read=dialect))
        return tree

    return rewrite


def weeks_from_monday(tree: exp.Expr) -> exp.Expr:
    """``date_trunc('week', day)`` -> Monday's; weeks of BigQuery begin on Sunday by default."""
    for call in tree.find_all(exp.TimestampTrunc, exp.DateTrunc):
        if call.text("unit").upper() == "WEEK":
            call.set("unit", exp.WeekStart(this=exp.var("MONDAY")))
    return tree


def unknown_last_by_flag(tree: exp.Expr) -> exp.Expr:
    """``order by x nulls last`` in a window -> ``order by x is null, x``, where windows do not support NULLS LAST."""
    for order in list(tree.find_all(exp.Order)):
        if isinstance(order.parent, exp.Window):
            order.set("expressions", [part for item in order.expressions for part in _with_flag(item)])
        elif isinstance(order.parent, exp.GroupConcat) or order.find_ancestor(exp.GroupConcat):
            for item in order.expressions:  # texts to be joined are known: NULL is joined to nothing
                item.set("nulls_first", not item.args.get("desc"))
    return tree


def _with_flag(item: exp.Expr) -> tuple[exp.Expr, ...]:
    descending = bool(item.args.get("desc"))
    smallest_first = not descending  # NULL sorts first in this engine
    first = bool(item.args.get("nulls_first"))
    flag = exp.Ordered(this=item.this.copy().is_(exp.null()), desc=first, nulls_first=not first)
    item.set("nulls_first", smallest_first)
    return (flag, item) if first != smallest_first else (item,)


def star_without_replaced(tree: exp.Expr) -> exp.Expr:
    """``select * replace (f(x) as x)`` -> ``select * except (x), f(x) as x``; Spark has no REPLACE."""
    for star in list(tree.find_all(exp.Star)):
        replaced = star.args.get("replace")
        select = star.find_ancestor(exp.Select)
        if not replaced or select is None:
            continue
        star.set("replace", None)
        star.set("except_", [*(star.args.get("except_") or []), *(exp.to_identifier(item.alias) for item in replaced)])
        select.select(*replaced, copy=False)
    return tree


def regexp_flags_inside(tree: exp.Expr) -> exp.Expr:
    """``regexp_replace(x, 'a', 'b', 'i')`` -> ``regexp_replace(x, '(?i)a', 'b')``; Spark takes no flags."""
    for call in tree.find_all(exp.RegexpReplace):
        flags = call.text("modifiers")
        if not flags:
            continue
        inside = "".join(sorted(set(flags) - {"g"}))
        if inside and isinstance(call.expression, exp.Literal):
            call.set("expression", exp.Literal.string(f"(?{inside}){call.expression.this}"))
        call.set("modifiers", None)
        call.set("single_replace", None)
    return tree


def octets_counted(tree: exp.Expr) -> exp.Expr:
    """``strlen(x)`` -> ``octet_length(x)``: the bytes of a text."""
    for call in _calls(tree, "strlen"):
        call.replace(exp.func("octet_length", call.expressions[0]))
    return tree


def relations_as_views(tree: exp.Expr) -> exp.Expr:
    """``core.week`` -> ``core__week as week``: temporary views have no schema."""
    for table in tree.find_all(exp.Table):
        if table.db:
            name = table.name
            table.set("this", exp.to_identifier(f"{table.db}__{name}"))
            table.set("db", None)
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(name)))
    return tree


_EVERYWHERE: tuple[Rewrite, ...] = (
    seconds_as_timestamp_add,
    truth_as_coalesce,
    extremes_by_known_value,
    rows_of_a_range,
    group_by_expressions,
)
_OF_DIALECT: dict[Dialect, tuple[Rewrite, ...]] = {
    "spark": (star_without_replaced, regexp_flags_inside, octets_counted),
    "snowflake": (),
    "bigquery": (extremes_of_known, weeks_from_monday, unknown_last_by_flag),
    "trino": (extremes_of_known,),
}


def rewritten(query: str, dialect: Dialect, *, flat: bool = False) -> str:
    """Return a SELECT written for DuckDB as one with the same meaning for another engine.

    Parameters
    ----------
    query : str
        One statement in the SQL of DuckDB.
    dialect : {"spark", "snowflake", "bigquery", "trino"}
    flat : bool
        Whether relations are views named ``schema__name``.

    Raises
    ------
    RewriteError
        When the statement is not SQL, or has no equivalent in the engine's SQL.

    Examples
    --------
    >>> rewritten("select started_at + to_seconds(offset_s) as local_at from contact", "spark")
    'SELECT DATE_ADD(SECOND, offset_s, started_at) AS local_at FROM contact'
    """
    try:
        tree = parsed(query)
        for rewrite in (*_EVERYWHERE, microseconds_in(dialect), *_OF_DIALECT[dialect]):
            tree = rewrite(tree)
        if flat:
            tree = relations_as_views(tree)
        return tree.sql(dialect, unsupported_level=ErrorLevel.RAISE, comments=False)
    except SqlglotError as error:
        said = str(error).splitlines()[0]
        raise RewriteError(f"A statement cannot be said in the SQL of {dialect}: {said}") from None


def parsed(query: str) -> exp.Expr:
    """Return a statement of DuckDB as a tree.

    Parameters
    ----------
    query : str
    """
    return _parsed(query).copy()


@lru_cache(maxsize=256)
def _parsed(query: str) -> exp.Expr:
    return sqlglot.parse_one(query, read="duckdb")


def _calls(tree: exp.Expr, name: str) -> list[exp.Anonymous]:
    return [call for call in tree.find_all(exp.Anonymous) if call.name.lower() == name]
