"""Did the trained get other contacts? Then the KPI moves without anybody doing better."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from analysis.checks.result import BLOCKING_LEVEL, CheckResult, not_measured, t_quantile, t_statistic
from analysis.panel import Panel
from analysis.results import EffectEstimate
from analysis.slices import Slice, identifier
from analysis.units import Reader, Wording

if TYPE_CHECKING:
    import duckdb

ID, LABEL = "case_mix", "The same kind of contacts"
MOST_UNKNOWN = 0.05
"""Share of the trained agents' contacts of a kind that nobody untrained handled, beyond which nothing is said."""


@dataclass(frozen=True, eq=False)
class Mix:
    """The outcome that the mix of contacts alone predicts.

    Attributes
    ----------
    panel
        The panel of the headline with that outcome. Contacts of a kind nobody untrained handled have no prediction
        and are not observed.
    unknown
        Share of the trained weeks' contacts that are of such a kind.
    """

    panel: Panel
    unknown: float


def expected_by_mix(
    cur: duckdb.DuckDBPyConnection, panel: Panel, kpi_id: str, slice_: Slice, *, timing: str
) -> Mix | None:
    """The panel's outcome replaced by what the mix of channels and queues alone would predict.

    Each contact counts the mean outcome of its channel and queue over all untrained weeks; an agent-week's value is
    the mean over its contacts. It moves only when routing moves.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    panel
        The panel of the headline, units = ``agent_key``.
    kpi_id, slice_
        Which KPI, which agent-weeks.
    timing
        ``scheduled`` or ``trained``: which weeks count as untrained.

    Returns
    -------
    Mix or None
        ``None`` when there is only one kind of contact.
    """
    where, values = slice_.where()
    cohort = "scheduled_week" if timing == "scheduled" else "trained_week"
    num, den = identifier(f"{kpi_id}_num"), identifier(f"{kpi_id}_den")
    rows = cur.execute(
        f"""
        with counted as (
            select agent_key, week, channel, queue, {num} as num, {den} as den
            from mart.agent_week where {den} > 0 and {num} is not null and {where}
        ),
        base as (
            select channel, queue, sum({num}) / sum({den}) as rate
            from mart.agent_week
            where {den} > 0 and {num} is not null and ({cohort} is null or week < {cohort})
            group by channel, queue
        )
        select agent_key, week, sum(den * rate) / sum(den) filter (where rate is not null) as expected,
               coalesce(sum(den) filter (where rate is not null), 0) / sum(den) as known,
               (select count(*) from (select distinct channel, queue from counted)) as kinds
        from counted left join base
          on counted.channel is not distinct from base.channel and counted.queue is not distinct from base.queue
        group by agent_key, week
        """,
        values,
    ).fetchnumpy()
    if len(rows["agent_key"]) == 0 or int(rows["kinds"][0]) < 2:
        return None
    unit = {str(key): i for i, key in enumerate(panel.units)}
    time = {str(label)[:10]: i for i, label in enumerate(panel.times)}
    a = np.array([unit.get(str(k), -1) for k in rows["agent_key"].tolist()])
    weeks, place = np.unique(np.asarray(rows["week"]).astype("datetime64[D]"), return_inverse=True)
    t = np.array([time.get(str(week)[:10], -1) for week in weeks])[place]
    inside = (a >= 0) & (t >= 0)
    expected, known = np.zeros_like(panel.den), np.zeros_like(panel.den)
    expected[a[inside], t[inside]] = np.ma.filled(np.ma.asarray(rows["expected"]), 0.0)[inside]
    known[a[inside], t[inside]] = np.asarray(rows["known"])[inside]
    trained = panel.trained_cells & panel.observed
    total = float(panel.den[trained].sum())
    unknown = 1.0 - float((panel.den * known)[trained].sum()) / total if total > 0 else 0.0
    predicted = replace(panel, den=panel.den * known).with_outcome(expected, f"{kpi_id} expected from the mix")
    return Mix(predicted, max(unknown, 0.0))


def check(
    effect: EffectEstimate | None, kpi: Wording, smallest_effect: float, reader: Reader, *, unknown: float = 0.0
) -> CheckResult:
    """Effect of training on the outcome that the mix alone predicts.

    Parameters
    ----------
    effect
        The headline estimator applied to :func:`expected_by_mix`; ``None`` when there is one kind of contact.
    kpi, reader
        For the words.
    smallest_effect
        Natural unit.
    unknown
        :attr:`Mix.unknown`.

    Returns
    -------
    CheckResult
        Failed when routing alone would have moved the KPI by at least half the smallest effect, beyond luck (level
        ``BLOCKING_LEVEL``); informational when too many contacts are of a kind that nobody untrained handled.
    """
    if effect is None:
        return not_measured(ID, LABEL, "There is one kind of contact here, so routing cannot have moved this KPI.")
    if not effect.available:
        return not_measured(ID, LABEL, "The mix of contacts cannot be compared here.")
    threshold = t_quantile(1 - BLOCKING_LEVEL / 2, effect.df)
    statistic = t_statistic(effect.estimate, effect.std_error)
    size = reader.size(effect.estimate, kpi, effect.ci_low, effect.ci_high)
    if statistic > threshold and abs(effect.estimate) >= smallest_effect / 2:
        way = "up" if effect.estimate > 0 else "down"
        return CheckResult(
            ID,
            LABEL,
            "failed",
            statistic,
            threshold,
            f"Trained agents got other contacts after training: routing alone moves this KPI {way} by {size}.",
        )
    if unknown > MOST_UNKNOWN:
        return CheckResult(
            ID,
            LABEL,
            "informational",
            statistic,
            threshold,
            f"{reader.number(100 * unknown, 0)}% of the trained agents' contacts are of a kind that nobody untrained "
            "handled, so whether routing moved this KPI cannot be said.",
        )
    most = reader.at_most(max(abs(effect.ci_low), abs(effect.ci_high)), kpi)
    return CheckResult(
        ID,
        LABEL,
        "passed",
        statistic,
        threshold,
        f"Trained agents kept the same kind of contacts: routing alone could move this KPI by {most}.",
    )
