"""One KPI in one slice: estimates, checks and verdict, as rows of the result tables."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from analysis.checks import who_answers
from analysis.checks.result import CheckResult
from analysis.comparison.setting import Setting
from analysis.effects.answering import AnswerBounds
from analysis.effects.survivors import Survivors
from analysis.panel.facts import Volumes
from analysis.panel.slices import Slice
from analysis.planning.waiting_time import weeks_to_decide
from analysis.results import EffectEstimate
from analysis.study.request import Request
from analysis.study.result_tables import SCHEMAS, STUDY_TABLES, check_rows, table
from analysis.words.survivors import remark
from analysis.words.verdict import Verdict, verdict

if TYPE_CHECKING:
    from etl.configuration.kpis import Kpi


SAID_OF = ("clear", "clear_but_small", "no_meaningful_change")
"""Verdict states with a statement about a change, to which the measured population is added."""


@dataclass(frozen=True, eq=False)
class KpiStudy:
    """Everything estimated for one KPI in one slice.

    Attributes
    ----------
    request
        What was asked.
    headline, second, completion, dose
        The estimates; ``None`` where there is none. ``dose`` is the effect per course completed.
    tables
        Rows of the result tables other than ``effect``.
    checks
        Diagnostics of this slice.
    verdict
        The verdict.
    baseline
        Level of the trained before training, natural unit.
    influence
        Cluster labels and (n_clusters,) influence of the headline, for sums over KPIs.
    volumes
        Denominators of trained and of all agents, for sums of money.
    n_tested
        Tests that the verdict is corrected for.
    """

    request: Request
    headline: EffectEstimate | None
    second: EffectEstimate | None
    completion: EffectEstimate | None
    tables: Mapping[str, list[dict[str, Any]]]
    checks: tuple[CheckResult, ...]
    verdict: Verdict
    baseline: float
    context: Judgement
    influence: tuple[Any, Any] | None = None
    volumes: Volumes = field(default_factory=Volumes)
    dose: EffectEstimate | None = None
    n_tested: int = 1

    @property
    def kpi(self) -> Kpi:
        """The catalogue entry."""
        return self.request.kpi

    @property
    def p_value(self) -> float:
        """p-value of the headline, for multiple testing; NaN when there is none.

        Where training changed the response rate, the p-value given the bounds.
        """
        answers = self.context.answers
        if answers is not None and answers.moved:
            return answers.p_value
        return self.headline.p_value if self.headline is not None else math.nan

    def judged(self, *, excludes_zero: bool, n_tested: int, among: str = "KPIs", alone: str = "") -> KpiStudy:
        """The same study with the verdict after correction for multiple testing (``among``: plural noun for what was
        tested).

        ``alone`` is the reason why an interval that excludes zero is not claimed, where it is not the number of tests.
        """
        said = self.context.decide(
            self.headline, excludes_zero=excludes_zero, n_tested=n_tested, among=among, alone=alone
        )
        return replace(self, verdict=said, n_tested=n_tested)

    def frames(self, names: Iterable[str] = STUDY_TABLES) -> dict[str, pl.DataFrame]:
        """Result table name -> frame, same columns as the stored tables; of those named."""
        rows = self.rows()
        return {name: table(name, rows[name]) for name in names}

    def rows(self) -> dict[str, list[dict[str, Any]]]:
        """Result table name -> rows."""
        rows: dict[str, list[dict[str, Any]]] = {name: list(self.tables.get(name, [])) for name in STUDY_TABLES}
        rows["effect"] = self.effect_rows()
        rows["check"] = check_rows(self.request.where, self.checks)
        return rows

    def effect_rows(self) -> list[dict[str, Any]]:
        """Rows of ``result.effect``: headline, second opinion, completion, dose."""
        said = self.verdict
        rows = []
        for role, found in (
            ("headline", self.headline),
            ("second_opinion", self.second),
            ("completion", self.completion),
            ("dose", self.dose),
        ):
            if found is None and role != "headline":
                continue
            row: dict[str, Any] = {
                **self.request.where,
                "role": role,
                "baseline": self.baseline,
                "smallest_effect": self.kpi.smallest_effect,
                "unit": self.kpi.unit,
                "better": self.kpi.better,
            }
            if found is not None:
                names = set(SCHEMAS["effect"]) & set(EffectEstimate.__dataclass_fields__)
                row.update({name: getattr(found, name) for name in names if name != "reason"})
                row["n_contacts"] = float(found.n_contacts)
            if role == "headline":
                row.update(
                    verdict=said.state,
                    sentence=said.sentence,
                    reason=said.reason,
                    weeks_to_know=said.weeks_to_know,
                    n_tested=self.n_tested,
                    post_weeks=self.context.post_weeks,
                    pre_weeks=self.context.pre_weeks,
                    believed=said.believed,
                )
            else:
                row.update(verdict=None, sentence=None, reason=found.reason if found is not None else None)
            rows.append(row)
        return rows


@dataclass(frozen=True, eq=False)
class Judgement:
    """Inputs of a verdict other than the estimates."""

    kpi: Kpi
    setting: Setting
    checks: tuple[CheckResult, ...]
    n_trained_clusters: int | None
    n_control_clusters: int | None
    post_weeks: float
    pre_weeks: float
    unusable: str
    too_few: str = ""
    answers: AnswerBounds | None = None
    effective_controls: float | None = None
    survivors: Survivors | None = None

    def decide(
        self,
        found: EffectEstimate | None,
        *,
        excludes_zero: bool | None = None,
        n_tested: int = 1,
        among: str = "KPIs",
        alone: str = "",
    ) -> Verdict:
        nan = math.nan
        estimate_, low, high = (found.estimate, found.ci_low, found.ci_high) if found is not None else (nan, nan, nan)
        wait = None
        if found is not None and found.available:
            wait = weeks_to_decide(
                found.estimate,
                found.std_error,
                self.kpi.smallest_effect,
                found.df,
                ci_level=found.ci_level,
                n_tested=n_tested,
                post_weeks=self.post_weeks,
                pre_weeks=self.pre_weeks,
            )
            wait = None if math.isnan(wait) else wait
        made = verdict(
            self.kpi,
            estimate=estimate_,
            ci_low=low,
            ci_high=high,
            smallest_effect=self.kpi.smallest_effect,
            checks=self.checks,
            limits=self.setting.design.limits(),
            n_trained_clusters=self.n_trained_clusters,
            n_control_clusters=self.n_control_clusters,
            effective_controls=self.effective_controls,
            excludes_zero=excludes_zero,
            n_tested=n_tested,
            weeks_to_know=wait,
            unusable=self.unusable,
            too_few=self.too_few,
            who_answers=who_answers.words(
                self.answers, who_answers.share_of(self.setting.kpis.get(self.kpi.answered_by)), self.setting.reader
            ),
            caveat=who_answers.unseen(
                self.answers,
                who_answers.share_of(self.setting.kpis.get(self.kpi.answered_by)),
                found,
                self.setting.reader,
            ),
            guardrail=self.kpi.role == "guardrail",
            among=among,
            alone=alone,
            reader=self.setting.reader,
        )
        if self.survivors is None or made.state not in SAID_OF:
            return made
        left = self.survivors.measured(self.kpi.smallest_effect)
        words = remark(left, self.kpi, self.setting.reader)
        return replace(made, sentence=f"{made.sentence} {words}") if words else made


def nothing_seen(slice_: Slice) -> str:
    """Sentence for a KPI without observations: in no export, or not in this selection."""
    if slice_ == Slice():
        return "The exports that were loaded hold nothing it can be counted from."
    return "This selection holds nothing it can be counted from."


def no_study(request: Request, setting: Setting, why: str = "", *, missing: str = "") -> KpiStudy:
    """A study of a slice without an estimate.

    Parameters
    ----------
    request, setting
        The request, and the settings with the design.
    why
        Why the question cannot be answered by any data: the verdict is "don't use this one".
    missing
        The data that are missing: the verdict is "can't tell yet", because the comparison itself is valid.
    """
    nan = math.nan
    judgement = Judgement(request.kpi, setting, (), None, None, nan, nan, why, too_few=missing)
    return KpiStudy(
        request=request,
        headline=None,
        second=None,
        completion=None,
        tables={},
        checks=(),
        verdict=judgement.decide(None),
        baseline=nan,
        context=judgement,
    )


def failed(checks: Iterable[CheckResult], names: Iterable[str]) -> tuple[CheckResult, ...]:
    """Those of the named checks that failed."""
    wanted = set(names)
    return tuple(c for c in checks if c.check in wanted and c.status == "failed")
