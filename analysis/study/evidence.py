"""What is estimated for one KPI that is an average: the headline, its event study and the second opinion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from analysis.checks.result import BLOCKING_LEVEL, SLICE_ALARM_LEVEL
from analysis.comparison.compare import Comparison
from analysis.comparison.setting import Setting
from analysis.estimators import Study, estimate
from analysis.panel.panel import Panel
from analysis.results import Aggregation, EffectEstimate
from analysis.study.request import Request


@dataclass(frozen=True, eq=False)
class Evidence:
    """All that checks, tables and the verdict of one study rest on.

    Attributes
    ----------
    request, setting, comparison
        What was asked, under which design, who is compared with whom.
    main
        The headline estimator, fitted.
    simple, events
        Its average and its event study.
    second
        Average of the second opinion.
    """

    request: Request
    setting: Setting
    comparison: Comparison
    main: Study
    simple: Aggregation
    events: Aggregation
    second: Aggregation

    @classmethod
    def of(cls, comparison: Comparison, request: Request, setting: Setting) -> Evidence:
        """Fit the two estimators of the design."""
        main = fitted(comparison, setting, setting.design.headline)
        second = fitted(comparison, setting, setting.design.second_opinion)
        averages = (main.aggregate("simple"), main.aggregate("event_time"), second.aggregate("simple"))
        return cls(request, setting, comparison, main, *averages)

    @property
    def found(self) -> EffectEstimate:
        """The headline."""
        return self.simple.overall

    @property
    def alarm_level(self) -> float:
        """Chance of a false alarm accepted for each check that blocks: smaller for slices, of which there are many."""
        return BLOCKING_LEVEL if self.request.is_overall else SLICE_ALARM_LEVEL

    def fit(self, estimator: str, panel: Panel | None = None, **options: Any) -> Study:
        """Another estimator under the same design, on the panel of the headline when no other is given."""
        return fitted(self.comparison, self.setting, estimator, panel, **options)


def fitted(
    comparison: Comparison, setting: Setting, estimator: str, panel: Panel | None = None, **options: Any
) -> Study:
    """An estimator on a comparison, with what the design says of controls, anticipation and the rule."""
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
