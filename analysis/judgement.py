"""``judge``: design, estimates, checks and verdict of the dashboard, for a data frame in a notebook."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, get_args

import polars as pl
from pydantic import ValidationError

from analysis.checks.result import CheckResult
from analysis.comparison.setting import Setting
from analysis.design import Design, choose
from analysis.errors import PanelError
from analysis.panel.frame_weeks import FrameColumns, FrameWeeks
from analysis.results import Aggregation, EffectEstimate
from analysis.study.averages import evidence_of, study_from
from analysis.study.evidence import Evidence
from analysis.study.family import judged_beside
from analysis.study.kpi_study import KpiStudy
from analysis.study.request import Request
from analysis.study.run import judged_among
from analysis.words.numbers import Reader
from analysis.words.verdict import Verdict
from etl.configuration.kpis import Kpi, KpiError, load
from etl.configuration.model import Project
from etl.configuration.programme import Assignment, AssignmentMode

BY_PLAN = ("randomised", "team_waves", "lowest_performers")
"""Modes in which ``cohort`` is the planned week; in the others it is the week of completion."""

SAME_SUM = 1e-9
"""Relative tolerance for rounding when two sums are compared."""


@dataclass(frozen=True, eq=False)
class Judged:
    """The dashboard's results for a data frame.

    Attributes
    ----------
    verdict
        State, sentence, reason.
    headline, second
        The estimate and the second opinion, natural unit; ``None`` where nothing is observed.
    checks
        All checks, in order.
    design
        The comparison that the assignment allows, with its reasons.
    kpi
        The KPI that was judged.
    event_time
        The headline by week since training, for charts; ``None`` where nothing is observed.
    study
        The study behind the verdict.

    Examples
    --------
    See :func:`judge` for how one is made.

    >>> from analysis import Judged
    >>> sorted(name for name in Judged.__dataclass_fields__ if not name.startswith("_"))
    ['checks', 'design', 'event_time', 'headline', 'kpi', 'second', 'study', 'verdict']
    """

    verdict: Verdict
    headline: EffectEstimate | None
    second: EffectEstimate | None
    checks: tuple[CheckResult, ...]
    design: Design
    kpi: Kpi
    event_time: Aggregation | None
    study: KpiStudy
    _weeks: FrameWeeks

    def frames(self) -> dict[str, pl.DataFrame]:
        """The result tables of the pages (``effect``, ``event_time``, ``check``, ``ladder``, ...) for this frame.

        Weeks are counted as the frame counts them: Mondays, or numbers.
        """
        found = self.study.frames()
        if self._weeks.first_number is None:
            return found
        return {name: self._numbered(frame) for name, frame in found.items()}

    def _numbered(self, frame: pl.DataFrame) -> pl.DataFrame:
        dates = [name for name, kind in frame.schema.items() if kind == pl.Date]

        def number(monday: date | None) -> int | date | None:
            return None if monday is None else self._weeks.week_number(monday)

        return frame.with_columns(
            pl.Series(name, [number(monday) for monday in frame[name].to_list()], dtype=pl.Int64) for name in dates
        )


def judge(
    df: Any,
    *,
    unit: str,
    time: str,
    cohort: str,
    numerator: str,
    denominator: str,
    team: str,
    kpi: str | Kpi,
    assignment: Mapping[str, Any] | Assignment,
    site: str | None = None,
    hired: str | None = None,
    completed: str | None = None,
    answered: tuple[str, str] | None = None,
    never: Any = None,
    goals: int | Sequence[float] = 1,
    ci_level: float = 0.95,
    locale: str = "en_GB",
    currency: str = "EUR",
) -> Judged:
    """Judge what training did to one KPI, as the pages do: design, headline, second opinion, checks and verdict.

    Parameters
    ----------
    df : polars or pandas DataFrame, or Arrow table
        One or more rows per agent and week (by channel, say): sums of numerator and denominator. ``mart.agent_week``
        of a warehouse joined to ``mart.agent`` is such a frame.
    unit, time : str
        Columns of the agent and the week: a date per week (all on one weekday), or a number.
    cohort : str
        Column of the first week in which the agent counts as trained, missing where never: the **planned** week for the
        modes ``randomised``, ``team_waves`` and ``lowest_performers``, the week of completion for the others. One value
        per agent.
    numerator, denominator : str
        Columns of the sums whose ratio is the KPI, in the unit of the catalogue: satisfied answers and answers.
    team : str
        Column of the team at assignment, one value per agent.
    kpi : str or Kpi
        Id in the catalogue (``sql/kpis.toml``), or an entry of your own: unit, direction, smallest effect, role, words.
    assignment : mapping or Assignment
        ``[programme.assignment]`` of an ``empathy.toml``: mode, unit, anticipation_weeks, rule. The rule ranks agents
        by its KPI; where that is not the KPI judged, name its columns in the rule as ``numerator`` and ``denominator``.
    site : str, optional
        Column of the site, where whole sites were assigned.
    hired : str, optional
        Column of the day (or week) of hiring: the learning curve of new agents is then removed.
    completed : str, optional
        Column of the day (or week) of completion, where ``cohort`` is the plan: then the effect of completing stands in
        ``frames()["effect"]``.
    answered : tuple of str, optional
        Columns (invited, answered) where the outcome exists only for those who answered.
    never : value, optional
        The value of ``cohort`` that means never trained.
    goals : int or sequence of float
        How many KPIs of this role are judged together; the verdict allows for all of them (Bonferroni). The p-values of
        the **others** (``judged.study.p_value`` of each) give the verdict of the pages, which allow for goals by Holm's
        steps and for KPIs of other roles by the false discovery rate (Benjamini and Hochberg).
    ci_level : float
        Level of the intervals.
    locale, currency : str
        Wording and number format of the sentence.

    Returns
    -------
    Judged

    Raises
    ------
    PanelError
        An argument is wrong; the message names it and says what to do.

    Notes
    -----
    Uses the same steps as the dashboard: ``comparison.compare``, ``study.evidence``, ``study.diagnostics``,
    ``words.verdict``. Checks whose data a frame lacks are left out: kinds of contact (``case_mix``), doses, and raters
    of a skill (``raters``). KPIs of people leaving are refused: they are judged from spells of employment.

    Examples
    --------
    >>> import polars as pl
    >>> from analysis import judge
    >>> starts = {team: 10 + 4 * (team % 3) for team in range(12)}
    >>> rows = [
    ...     {
    ...         "agent": f"{team}-{seat}", "week": week, "team": team, "start": starts.get(team),
    ...         "satisfied": 12 + (team * team * 31 + seat * 17 + week * week * 13 + team * week * 7) % 7
    ...         + 2 * (week >= starts.get(team, 99)),
    ...     }
    ...     for team in range(20) for seat in range(4) for week in range(30)
    ... ]
    >>> frame = pl.DataFrame(rows).with_columns(answers=20)
    >>> judged = judge(
    ...     frame, unit="agent", time="week", cohort="start", numerator="satisfied", denominator="answers",
    ...     team="team", kpi="csat_top2", assignment={"mode": "team_waves", "unit": "team"},
    ... )
    >>> judged.verdict.state, round(judged.headline.estimate, 2), judged.headline.n_clusters
    ('clear', 0.1, 20)
    """
    entry = _kpi(kpi)
    plan, rule_columns = _assignment(assignment)
    if plan.unit == "site" and site is None:
        raise PanelError('site=None, but assignment says unit = "site"; name the column of the site.')
    others = _others(goals)
    if not isinstance(ci_level, (int, float)) or not 0.5 < ci_level < 1:
        raise PanelError(f"ci_level={ci_level!r} must lie between 0.5 and 1, e.g. 0.95.")
    reader = _reader(locale, currency)
    kpis = {entry.id: (numerator, denominator)} | _rule_kpi(plan, entry, rule_columns) | _answers(entry, answered)
    columns = FrameColumns(unit, time, cohort, team, kpis, site, hired, completed)
    weeks = FrameWeeks.read(df, columns, never=never, planned=plan.mode in BY_PLAN)
    _refuse_shares_above_one(weeks, entry, numerator, denominator)
    roster = weeks.roster()
    design = choose(plan, roster.situation())
    setting = Setting(
        design=design,
        roster=roster,
        reader=reader,
        ci_level=ci_level,
        rule_better=_better(plan, entry),
        kpis=dict(load().items()) | {entry.id: entry},
    )
    found = evidence_of(weeks, Request(entry, thorough=True), setting)
    alone = study_from(found) if isinstance(found, Evidence) else found
    made = judged_among(alone, others) if isinstance(others, int) else judged_beside(alone, others, ci_level)
    return Judged(
        verdict=made.verdict,
        headline=made.headline,
        second=made.second,
        checks=made.checks,
        design=design,
        kpi=entry,
        event_time=found.events if isinstance(found, Evidence) else None,
        study=made,
        _weeks=weeks,
    )


def _others(goals: Any) -> int | list[float]:
    """How many KPIs are judged together, or the p-values of the others."""
    if isinstance(goals, int) and not isinstance(goals, bool) and goals >= 1:
        return goals
    try:
        found = [] if isinstance(goals, (str, bytes, int, float)) else [float(p) for p in goals]
    except (TypeError, ValueError):
        found = []
    if not found or not all(math.isnan(p) or 0 <= p <= 1 for p in found):
        raise PanelError(
            f"goals={goals!r} counts the KPIs that are judged together; give 1 or more, or the p-values of the others."
        )
    return found


def _reader(locale: str, currency: str) -> Reader:
    """Check locale and currency here; otherwise an unknown locale would be reported as a failed check."""
    try:
        project = Project(locale=locale, currency=currency)
    except ValidationError as error:
        wrong = str(error.errors()[0]["loc"][0])
        given, remedy = {
            "locale": (locale, 'give a name such as "en_GB" or "de_DE"'),
            "currency": (currency, 'give three capital letters, such as "EUR"'),
        }[wrong]
        raise PanelError(f"{wrong}={given!r}: {remedy}.") from None
    return Reader(project.locale, project.currency)


def _refuse_shares_above_one(weeks: FrameWeeks, entry: Kpi, numerator: str, denominator: str) -> None:
    """Refuse a share above 1: its numerator counts part of its denominator, so the columns must be wrong."""
    if entry.unit != "share":
        return
    num, den = weeks.sums[entry.id]
    above = int(((den > 0) & (num > den * (1 + SAME_SUM))).sum())
    if above:
        raise PanelError(
            f"numerator={numerator!r} is above denominator={denominator!r} in {above} rows, but {entry.id} is a share; "
            "give the count of those that qualify and the count of all, not a percentage."
        )


def _kpi(kpi: str | Kpi) -> Kpi:
    if not isinstance(kpi, (str, Kpi)):
        raise PanelError(f"kpi={kpi!r}: give an id of the catalogue, or an etl.configuration.kpis.Kpi.")
    try:
        entry = load()[kpi] if isinstance(kpi, str) else kpi
    except KpiError as error:
        raise PanelError(f"kpi={kpi!r}: {error} Or give a Kpi of your own.") from None
    if not entry.kind.before_and_after:
        raise PanelError(
            f"kpi={entry.id!r} counts people leaving, which is judged from spells of employment and not from weeks of "
            "agents; run `empathy estimate`, or see analysis.effects.hazard."
        )
    return entry


def _assignment(assignment: Mapping[str, Any] | Assignment) -> tuple[Assignment, tuple[str, str] | None]:
    """The assignment as the configuration has it, and the columns of the rule's KPI where they are named."""
    if isinstance(assignment, Assignment):
        return assignment, None
    if not isinstance(assignment, Mapping):
        raise PanelError(
            f'assignment={assignment!r}: give a dictionary, e.g. {{"mode": "team_waves", "unit": "team"}}.'
        )
    if "mode" not in assignment:
        raise PanelError(
            f"assignment={dict(assignment)!r} has no mode, which decides what may be claimed: give one of "
            f'{", ".join(repr(mode) for mode in get_args(AssignmentMode))}; "unknown" where nobody wrote it down.'
        )
    given = {str(key): value for key, value in assignment.items()}
    columns = None
    if isinstance(given.get("rule"), Mapping):
        rule = dict(given["rule"])
        pair = (rule.pop("numerator", None), rule.pop("denominator", None))
        columns = None if pair == (None, None) else pair
        if columns is not None and None in columns:
            raise PanelError("assignment: the rule needs both numerator and denominator, or neither.")
        given["rule"] = rule
    try:
        return Assignment(**given), columns
    except ValidationError as error:
        detail = error.errors()[0]
        key = ".".join(str(part) for part in detail["loc"])
        raise PanelError(
            f"assignment{f' {key}' if key else ''}: {detail['msg'].removeprefix('Value error, ')}"
        ) from None


def _rule_kpi(plan: Assignment, entry: Kpi, columns: tuple[str, str] | None) -> dict[str, tuple[str, str]]:
    rule = plan.rule
    if rule is None or (rule.kpi == entry.id and columns is None):
        return {}
    if columns is None:
        raise PanelError(
            f"assignment: the rule ranks agents by {rule.kpi!r}, which is not the KPI judged; name its columns: "
            f'rule={{"kpi": "{rule.kpi}", ..., "numerator": "...", "denominator": "..."}}.'
        )
    return {rule.kpi: columns}


def _answers(entry: Kpi, answered: tuple[str, str] | None) -> dict[str, tuple[str, str]]:
    if answered is None:
        return {}
    if not isinstance(answered, (tuple, list)) or len(answered) != 2:
        raise PanelError(f"answered={answered!r}: give two columns, (invited, answered).")
    if not entry.answered_by:
        raise PanelError(
            f"answered={answered!r}: {entry.id} is counted for everybody, not only for those who answered; leave it "
            "out, or give a Kpi with answered_by."
        )
    invited, answers = answered
    return {entry.answered_by: (answers, invited)}


def _better(plan: Assignment, entry: Kpi) -> str:
    """Which way is better for the KPI of the rule."""
    if plan.rule is None:
        return "lower"
    if plan.rule.kpi == entry.id:
        return entry.better
    try:
        return load()[plan.rule.kpi].better
    except KpiError as error:
        raise PanelError(f"assignment: rule: {error}") from None
