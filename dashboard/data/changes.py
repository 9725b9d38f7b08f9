"""Changes since an earlier version: verdicts, overdue agents, late data, restated weeks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import polars as pl

from analysis.words.verdict import LABELS
from dashboard.data.queries import Queries
from dashboard.privacy.redaction import in_words
from dashboard.privacy.viewer import current
from dashboard.state import Filters

LATE = "freshness"
"""The check that names kinds of data that end too early."""


@dataclass(frozen=True)
class VerdictChange:
    """A KPI whose verdict changed; ``None`` where there was none."""

    kpi: str
    label: str
    before: str | None
    now: str | None


@dataclass(frozen=True)
class Changes:
    """Differences between two versions.

    Attributes
    ----------
    since, until
        Run ids; ``since`` is empty where there is no earlier version with results.
    verdicts
        In catalogue order.
    overdue_before, overdue_now
        Agents overdue at the end of the data; ``None`` where fewer than the minimum group, or not known.
    late
        Sentence about kinds of data that end too early and did not before; empty for none.
    restated_weeks
        Weeks with numbers that the current version changed.
    data_to_before, data_to_now
        Last day of the data.
    """

    since: str
    until: str
    verdicts: tuple[VerdictChange, ...] = ()
    overdue_before: int | None = None
    overdue_now: int | None = None
    late: str = ""
    restated_weeks: int = 0
    data_to_before: date | None = None
    data_to_now: date | None = None

    @property
    def any(self) -> bool:
        """Whether there is something to tell."""
        overdue = self.overdue_now is not None and self.overdue_now > (self.overdue_before or 0)
        return bool(self.since) and bool(self.verdicts or overdue or self.late or self.restated_weeks)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self) | {"verdicts": [asdict(one) for one in self.verdicts]}


def changes(queries: Queries, since: str | None = None) -> Changes:
    """Compare the version being served with an earlier one.

    Parameters
    ----------
    queries : Queries
    since : str, optional
        Run id to compare with; the last version with results before this one by default.

    Raises
    ------
    NoVersionError
        There is no version ``since``.
    """
    until = queries.run_id()
    told = queries.told(queries.served()) if current().restricted else None
    before = since or _previous(queries, until, told)
    if told is not None and before not in told:  # the browser says which one, and may say any
        before = ""
    counts = not current().restricted or current().role == "training_lead"  # who sees the counts on the Adoption page
    if not before or before == until:
        return Changes("", until, data_to_now=queries.about().data_to)
    now = _state(queries)
    with queries.pinned(before):
        then = _state(queries)
    labels = {kpi.id: kpi.label for kpi in queries.kpis()}
    moved = tuple(
        VerdictChange(name, label, then.verdicts.get(name), now.verdicts.get(name))
        for name, label in labels.items()
        if then.verdicts.get(name) != now.verdicts.get(name)
    )
    return Changes(
        since=before,
        until=until,
        verdicts=moved,
        overdue_before=then.overdue if counts else None,
        overdue_now=now.overdue if counts else None,
        late=now.late if now.late != then.late else "",
        restated_weeks=_restated(queries, before, until) if current().restricted else now.restated,
        data_to_before=then.data_to,
        data_to_now=now.data_to,
    )


def sentences(found: Changes, minimum: int) -> tuple[str, ...]:
    """The changes in words, one sentence each; empty where nothing changed.

    Parameters
    ----------
    found : Changes
    minimum : int
        Smallest group shown.
    """
    lines = [
        f"{one.label}: {LABELS.get(one.now or '', 'no verdict')}; before, {LABELS.get(one.before or '', 'no verdict')}."
        for one in found.verdicts
    ]
    if found.overdue_now is not None and found.overdue_now > (found.overdue_before or 0):
        before = f"fewer than {minimum}" if found.overdue_before is None else f"{found.overdue_before:,}"
        lines.append(f"{found.overdue_now:,} agents are overdue to finish; before, {before}.")
    if found.late:
        lines.append(found.late)
    if found.restated_weeks:
        weeks = "1 week was" if found.restated_weeks == 1 else f"{found.restated_weeks:,} weeks were"
        lines.append(f"{weeks} restated: their numbers are others than before.")
    return tuple(lines)


@dataclass(frozen=True)
class _State:
    verdicts: Mapping[str, str | None]
    overdue: int | None
    late: str
    restated: int
    data_to: date | None


def _state(queries: Queries) -> _State:
    """What one version says; of groups under the minimum nothing."""
    verdicts = {}
    if queries.has("result.effect"):
        for kpi in queries.kpis():
            row = queries.headline(kpi.id, Filters())
            verdicts[kpi.id] = None if row is None else row["verdict"]
    overdue = None
    if queries.has("mart.adoption"):
        sql = (
            "select sum(overdue)::bigint as overdue from mart.adoption "
            "where week = (select max(week) from mart.adoption)"
        )
        total = int(queries.frame(sql)["overdue"][0] or 0)
        overdue = total if total == 0 or total >= queries.settings.min_group else None
    late = ""
    if queries.has("meta.check_result"):
        sql = "select sentence from meta.check_result where \"check\" = ? and status = 'failed'"
        rows = queries.frame(sql, (LATE,))
        late = str(rows["sentence"][0]) if rows.height else ""
        late = in_words(late, queries.settings.min_group) if current().restricted else late
    restated = 0
    if queries.has("meta.restatement"):
        restated = int(queries.frame("select count(distinct week) as n from meta.restatement")["n"][0])
    return _State(verdicts, overdue, late, restated, queries.about().data_to)


def _restated(queries: Queries, before: str, until: str) -> int:
    """Weeks that the version before had and in which the smallest group or more of agents are not the same now."""
    rows = queries.difference(before, until)
    with queries.pinned(before):
        last = queries.about().data_to
    if rows.is_empty() or last is None:
        return 0
    agents = rows.filter(pl.col("week").cast(pl.Date) <= last).group_by("week").agg(pl.col("agent_key").n_unique())
    return agents.filter(pl.col("agent_key") >= queries.settings.min_group).height


def _previous(queries: Queries, until: str, told: Sequence[str] | None) -> str:
    earlier = ""
    for version in queries.versions():
        if version.run_id == until:
            return earlier
        if version.has_results and (told is None or version.run_id in told):
            earlier = version.run_id
    return earlier
