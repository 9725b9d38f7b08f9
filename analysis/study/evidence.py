"""Estimates of one KPI that is an average: headline, event study and second opinion."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from analysis.checks.result import BLOCKING_LEVEL, SLICE_ALARM_LEVEL
from analysis.comparison.compare import Comparison
from analysis.comparison.setting import Setting
from analysis.effects.answering import AnswerBounds, answer_bounds, weighted_by_answering
from analysis.effects.survivors import Staying, Survivors, survivors
from analysis.estimators import Study, estimate
from analysis.panel.panel import Panel
from analysis.results import Aggregation, EffectEstimate
from analysis.study.request import Request


@dataclass(frozen=True, eq=False)
class Evidence:
    """Estimates and data behind the checks, tables and verdict of one study.

    Attributes
    ----------
    request, setting, comparison
        The request, the settings with the design, and the panels compared.
    main
        The headline estimator, fitted.
    simple, events
        Average effect and event study of the headline.
    second
        Average effect by the second estimator.
    answers
        Bounds for an outcome known only for respondents; ``None`` for other outcomes, and where it is not known who was
        asked.
    survivors
        The effect corrected for leaving; ``None`` for slices, and where there is no estimate of leaving.
    counted_twice
        Number of contacts that are in two sources and therefore count twice.
    """

    request: Request
    setting: Setting
    comparison: Comparison
    main: Study
    simple: Aggregation
    events: Aggregation
    second: Aggregation
    answers: AnswerBounds | None = None
    survivors: Survivors | None = None
    counted_twice: int = 0

    @classmethod
    def of(cls, comparison: Comparison, request: Request, setting: Setting, staying: Staying | None = None) -> Evidence:
        """Fit the two estimators of the design; ``staying`` is the effect of training on leaving, where known."""
        main = fitted(comparison, setting, setting.design.headline)
        second = fitted(comparison, setting, setting.design.second_opinion)
        averages = (main.aggregate("simple"), main.aggregate("event_time"), second.aggregate("simple"))
        found = cls(request, setting, comparison, main, *averages, _answers(comparison, request, setting, main))
        if staying is None or not found.simple.overall.available:
            return found
        last = setting.roster.last_weeks(main.panel)
        return replace(found, survivors=survivors(main, staying, last))

    @property
    def found(self) -> EffectEstimate:
        """The headline; its interval is that of the bounds where training moved who answers."""
        found = self.simple.overall
        if self.answers is None or not self.answers.moved:
            return found
        note = "Training moved who answers: the interval is that of bounds for those who answer either way."
        return replace(found, ci_low=self.answers.ci_low, ci_high=self.answers.ci_high, notes=(*found.notes, note))

    @property
    def alarm_level(self) -> float:
        """Significance level of each check that blocks: smaller for slices, of which there are many."""
        return BLOCKING_LEVEL if self.request.is_overall else SLICE_ALARM_LEVEL

    def fit(self, estimator: str, panel: Panel | None = None, **options: Any) -> Study:
        """Another estimator under the same design, on the panel of the headline when no other is given."""
        return fitted(self.comparison, self.setting, estimator, panel, **options)


def _answers(comparison: Comparison, request: Request, setting: Setting, main: Study) -> AnswerBounds | None:
    """Bounds for an outcome known only for respondents."""
    answering, scale = comparison.answering, request.kpi.span
    if answering is None or scale is None:
        return None
    weighted = math.nan
    if request.thorough:
        panel = weighted_by_answering(comparison.panel, answering.panel)
        weighted = fitted(comparison, setting, setting.design.headline, panel).aggregate("simple").overall.estimate
    share = fitted(answering, setting, setting.design.headline)
    return answer_bounds(main, share, scale, weighted=weighted)


def fitted(
    comparison: Comparison, setting: Setting, estimator: str, panel: Panel | None = None, **options: Any
) -> Study:
    """Fit an estimator to a comparison, with the design's controls, anticipation and selection rule."""
    design = setting.design
    if estimator == "stacked" and comparison.rule is not None:
        options["rule"] = comparison.rule
    return estimate(
        comparison.panel if panel is None else panel,
        estimator,
        design.control,
        design.anticipation_weeks,
        ci_level=setting.ci_level,
        **options,
    )
