"""Who may be shown: no number about fewer agents than the minimum, and none that subtraction would reveal.

A value (a team, a channel, ...) with fewer agents than the minimum is *tied* to the next smaller values beside it until
together they reach the minimum. A selection must take a tied group whole or not at all. Then no sum, difference or
sequence of allowed selections isolates a small group: every allowed selection is a union of tied groups, and so is
whatever remains when one is subtracted from another.

Assumptions
-----------
1. Rows are additive over the values of one filter, the others held fixed (checked: contacts belong to one value).
2. Groups are counted in distinct agents, the people to be protected.
3. Whoever asks cannot combine different *versions* of the data; access to old versions is the operator's decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from etl.errors import EmpathyError

UNASSIGNED = "\0"
"""Stands for rows without a value of a filter (never trained, no queue): nobody can choose them, yet everything less
all values is about them."""


class NotShownError(EmpathyError):
    """A selection that whoever asks may not see was asked for past the decision about it."""


@dataclass(frozen=True)
class Decision:
    """Whether a selection may be shown.

    Attributes
    ----------
    allowed : bool
    reason : str
        Why not, and what the minimum is; empty when allowed.
    relax : tuple of str
        Names of the filters whose removal would help, best first.
    n_agents : int
        Agents in the selection; 0 is told as such, other numbers under the minimum are not told.
    """

    allowed: bool
    reason: str = ""
    relax: tuple[str, ...] = ()
    n_agents: int = 0


def tied_groups(
    counts: Mapping[str, int], minimum: int, parents: Mapping[str, str] | None = None
) -> list[tuple[str, ...]]:
    """Values that can only be shown together.

    Parameters
    ----------
    counts : mapping
        Value to number of agents.
    minimum : int
        Smallest group shown.
    parents : mapping, optional
        Value to the larger unit it is part of (a team's site), whose own total can be asked for: values are tied
        within it, so that its total minus its shown parts is never a small group.

    Returns
    -------
    list of tuple of str
        A partition of the values with at least one agent; every part reaches the minimum, except when all of them
        together do not.
    """
    if parents:
        families: dict[str, dict[str, int]] = {}
        for value, count in counts.items():
            families.setdefault(parents.get(value, ""), {})[value] = count
        parts = [group for family in families.values() for group in tied_groups(family, minimum)]
        sizes = {str(k): sum(counts[value] for value in group) for k, group in enumerate(parts)}
        return [tuple(value for k in tied for value in parts[int(k)]) for tied in tied_groups(sizes, minimum)]
    ordered = sorted((value for value, count in counts.items() if count > 0), key=lambda value: (counts[value], value))
    groups: list[tuple[str, ...]] = []
    open_group: list[str] = []
    total = 0
    for value in ordered:
        if not open_group and counts[value] >= minimum:
            groups.append((value,))
            continue
        open_group.append(value)
        total += counts[value]
        # The partner must itself be large: two small values tied only to each other would still be told apart from a
        # remainder that is known, so the group closes when its sum reaches the minimum with at least two members.
        if total >= minimum and len(open_group) > 1:
            groups.append(tuple(open_group))
            open_group, total = [], 0
    if open_group:
        if groups:
            groups[-1] = (*groups[-1], *open_group)
        else:
            groups.append(tuple(open_group))
    return groups


def decide(
    chosen: Mapping[str, Sequence[str]],
    sizes: Mapping[str, Mapping[str, int]],
    n_agents: int,
    minimum: int,
    labels: Mapping[str, str] | None = None,
    parents: Mapping[str, Mapping[str, str]] | None = None,
) -> Decision:
    """Whether a selection may be shown.

    Parameters
    ----------
    chosen : mapping
        Filter name to the values selected; filters without a selection are left out.
    sizes : mapping
        For each of those filters, agents by value *with the other filters as they are*.
    n_agents : int
        Agents in the selection.
    minimum : int
        Smallest group shown.
    labels : mapping, optional
        Filter name to its name on screen.
    parents : mapping, optional
        Filter name to the parent of each of its values, see :func:`tied_groups`.
    """
    labels, parents = labels or {}, parents or {}
    if n_agents == 0:
        return Decision(False, "Nobody matches all of these filters together.", _by_gain(chosen, sizes))
    if n_agents < minimum:
        reason = (
            f"Fewer than {minimum} agents match, so nothing is shown: with so few, a number would be about persons "
            "and not about training."
        )
        return Decision(False, reason, _by_gain(chosen, sizes))
    for name, values in chosen.items():
        picked = set(values)
        for group in tied_groups(sizes[name], minimum, parents.get(name)):
            inside = picked & set(group)
            if inside and len(inside) < len(group):
                beside = sorted(set(group) - inside)
                label = labels.get(name, name).lower()
                way = "" if UNASSIGNED in beside else f"Select it together with {', '.join(beside)}, or clear"
                reason = (
                    f"Shown alone, this {label} would let fewer than {minimum} agents be worked out by subtraction. "
                    f"{way or 'Clear'} the {label} filter."
                )
                return Decision(False, reason, (name,))
    return Decision(True, n_agents=n_agents)


def decide_period(
    start: date | None, end: date | None, agents_by_week: Mapping[date, int], minimum: int, otherwise: Decision
) -> Decision:
    """Whether a period may be cut where it is: two periods that differ by one thin week would show that week.

    Parameters
    ----------
    start, end : date or None
        First and last week of the selection, any day of them; None is the edge of the data.
    agents_by_week : mapping
        Monday to agents observed, over the whole data.
    minimum : int
        Smallest group shown.
    otherwise : Decision
        The answer when the period is fine.
    """
    thin = sorted(week for week, count in agents_by_week.items() if 0 < count < minimum)
    first = None if start is None else start + timedelta(days=-start.weekday() % 7)  # weeks from this Monday on
    last = None if end is None else end - timedelta(days=end.weekday())
    for edge, beside in ((first, -7), (last, 7)):
        if edge is None:
            continue
        outside = edge + timedelta(days=beside)
        if (edge in thin or outside in thin) and outside in agents_by_week:
            reason = (
                f"The week of {edge.isoformat()} or the one beside it has fewer than {minimum} agents, and cutting the "
                "period there would show them. Choose another week."
            )
            return Decision(False, reason, ("from",) if beside < 0 else ("to",))
    return otherwise


def suppress(
    frame: pl.DataFrame,
    *,
    count: str,
    minimum: int,
    hide: Sequence[str],
    within: Sequence[str] = (),
    label: str | None = None,
) -> pl.DataFrame:
    """A table of groups with the small ones, and what would reveal them, blanked.

    Parameters
    ----------
    frame : DataFrame
        One row per group.
    count : str
        Column with the number of agents.
    minimum : int
        Smallest group shown.
    hide : sequence of str
        Columns to blank in suppressed rows; the count column is always blanked.
    within : sequence of str
        Columns of the parent whose total is known (site of a team); complementary suppression works inside it.
    label : str, optional
        Column that orders equal counts, so that the choice of the partner is the same everywhere.

    Returns
    -------
    DataFrame
        Same rows and order, with a boolean column ``suppressed``.
    """
    indexed = frame.with_row_index("_row")
    hidden: set[int] = set()
    parts: Iterable[pl.DataFrame] = (
        indexed.partition_by(list(within), maintain_order=True) if within and indexed.height else [indexed]
    )
    for part in parts:
        order = [count, label] if label else [count, "_row"]
        sizes = {str(row): int(n or 0) for row, n in part.sort(order).select("_row", count).iter_rows()}
        if any(0 < n < minimum for n in sizes.values()):
            for group in tied_groups(sizes, minimum):
                if len(group) > 1 or sizes[group[0]] < minimum:
                    hidden |= {int(row) for row in group}
    mask = pl.col("_row").is_in(sorted(hidden))
    blank = [name for name in dict.fromkeys((*hide, count)) if name in frame.columns]
    return indexed.with_columns(
        [pl.when(mask).then(None).otherwise(pl.col(name)).alias(name) for name in blank] + [mask.alias("suppressed")]
    ).drop("_row")


def _by_gain(chosen: Mapping[str, Sequence[str]], sizes: Mapping[str, Mapping[str, int]]) -> tuple[str, ...]:
    gain = {name: sum(sizes.get(name, {}).values()) for name in chosen}
    return tuple(sorted(gain, key=lambda name: (-gain[name], name)))
