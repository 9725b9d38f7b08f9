"""One record per estimator: names, options, aggregations, and when it is admissible and why.

The functions that compute them are in ``analysis/estimators/registry.py``, under the same names.
"""

from __future__ import annotations

from dataclasses import dataclass

ALL_AGGREGATIONS = ("simple", "event_time", "cohort", "calendar_time")
"""Aggregations of estimators with effects by cohort and week."""
ONE_NUMBER = ("simple",)


@dataclass(frozen=True)
class Standing:
    """Role of an estimator under one kind of design.

    Attributes
    ----------
    admissible
        Whether it may be used.
    role
        ``headline``, ``second_opinion``, ``ladder`` or ``none``.
    reason
        Why, as a sentence. Placeholders: ``{picked}`` how agents were picked, ``{doubt}`` the doubts that leaves,
        ``{rule}`` the recorded rule.
    """

    admissible: bool
    role: str
    reason: str


@dataclass(frozen=True)
class EstimatorRecord:
    """One estimator.

    Attributes
    ----------
    name
        As :func:`analysis.estimate` takes it and the result tables hold it.
    label
        Name shown on pages.
    term
        Term used in econometrics.
    section
        The heading of docs/methods.md under which it is described.
    usual
        Its standing where agents not trained yet are a comparison.
    same_rule
        Its standing where the lowest performers were picked by a recorded rule.
    aggregations
        Aggregations that ``aggregate`` accepts.
    options
        Its own options, besides those of all estimators.
    compared_with
        Whom it compares with; empty where the caller chooses by ``control``.
    lesson
        Text of its rung of the ladder; empty when it is no rung.
    """

    name: str
    label: str
    term: str
    section: str
    usual: Standing
    same_rule: Standing
    aggregations: tuple[str, ...] = ALL_AGGREGATIONS
    options: frozenset[str] = frozenset()
    compared_with: str = ""
    lesson: str = ""

    def standing(self, *, same_rule: bool) -> Standing:
        """Its standing under the design."""
        return self.same_rule if same_rule else self.usual


def _naive(name: str, label: str, term: str, *, reason: str, compared_with: str, lesson: str) -> EstimatorRecord:
    """Record of a naive estimator: shown on the ladder with the reason for its bias, under every design."""
    standing = Standing(False, "ladder", reason)
    return EstimatorRecord(
        name,
        label,
        term,
        "Other estimators",
        usual=standing,
        same_rule=standing,
        aggregations=ONE_NUMBER,
        compared_with=compared_with,
        lesson=lesson,
    )


_RECORDS = (
    EstimatorRecord(
        "imputation",
        "Against all not yet trained",
        "Imputation",
        "Headline: imputation",
        usual=Standing(True, "headline", "{picked}{doubt}"),
        same_rule=Standing(
            False,
            "second_opinion",
            "Shown beside it, not believed: it compares the worst with everybody, and the worst improve by themselves.",
        ),
        options=frozenset({"leads"}),
        compared_with="not_yet_trained",
        lesson="Every trained week against what untrained weeks predict: the headline.",
    ),
    EstimatorRecord(
        "group_time",
        "Each wave against not yet trained",
        "Group-time",
        "Second opinion: group-time",
        usual=Standing(
            True,
            "second_opinion",
            "Asks the same of a shorter stretch before training; a gap between the two is shown.",
        ),
        same_rule=Standing(
            False, "none", "Compares the picked with the not picked from one base week, the week of the low point."
        ),
        options=frozenset({"covariates", "method", "base"}),
        lesson="Each cohort against agents not yet trained, from one base week: robust, less precise.",
    ),
    EstimatorRecord(
        "stacked",
        "Waves stacked, same rule",
        "Stacked, wave by wave",
        "Lowest performers: same-rule controls",
        usual=Standing(True, "none", "Agrees with imputation here, and is noisier."),
        same_rule=Standing(
            True,
            "headline",
            "{picked} Each wave is compared with the agents whom the same rule ({rule}) would have picked in teams "
            "that had not started, so both sides rebound alike.",
        ),
        options=frozenset({"rule", "window"}),
        compared_with="not_yet_trained",
        lesson="Against agents whom the same rule would have picked elsewhere: the headline.",
    ),
    EstimatorRecord(
        "interaction_weighted",
        "Waves weighted one by one",
        "Interaction-weighted",
        "Other estimators",
        usual=Standing(True, "none", "Equal to group-time against the never trained; kept for readers who know it."),
        same_rule=Standing(
            False, "none", "Equal to group-time against the never trained; kept for readers who know it."
        ),
        compared_with="never_trained, or the last cohort before it",
    ),
    EstimatorRecord(
        "extended_twfe",
        "Fixed effects by wave and week",
        "Extended two-way fixed effects",
        "Other estimators",
        usual=Standing(
            True,
            "none",
            "Equal to imputation for averages; used for rates near zero in its Poisson and logit forms.",
        ),
        same_rule=Standing(
            False,
            "none",
            "Equal to imputation for averages; used for rates near zero in its Poisson and logit forms.",
        ),
        options=frozenset({"family"}),
        compared_with="not_yet_trained",
    ),
    _naive(
        "twfe",
        "The usual regression",
        "Two-way fixed effects",
        reason="Uses agents already trained as comparison for those trained later.",
        compared_with="all other agent-weeks, already trained ones included",
        lesson="Agents already trained serve as controls; with growing effects this is biased.",
    ),
    _naive(
        "trained_vs_untrained",
        "Trained against untrained",
        "Trained against untrained",
        reason="Compares people who differ; ignores where each group started.",
        compared_with="untrained agents in the same weeks",
        lesson="Differences from before training count as effect.",
    ),
    _naive(
        "before_after",
        "Before against after",
        "Before against after",
        reason="Takes every other change of those months for the effect of training.",
        compared_with="the same agents before, no other agents",
        lesson="No comparison group: season, learning curve and the return from a bad patch count as effect.",
    ),
)
RECORDS = {record.name: record for record in _RECORDS}
"""By name."""
RUNGS = ("before_after", "trained_vs_untrained", "twfe", "group_time", "imputation")
"""The ladder, from least to most believable."""
DESIGN_ORDER = {
    False: ("imputation", "group_time", "stacked"),
    True: ("stacked", "imputation", "group_time"),
}
"""Order of the estimators in a design's reasons, without and with a recorded rule."""


def label(name: str) -> str:
    """Label of an estimator; other names (the hazard model, a control) with spaces for underscores."""
    record = RECORDS.get(name)
    return record.label if record is not None else name.replace("_", " ")


def in_design_order(*, same_rule: bool) -> tuple[EstimatorRecord, ...]:
    """Every estimator in the order in which a design gives its reasons."""
    first = DESIGN_ORDER[same_rule]
    return tuple(RECORDS[name] for name in (*first, *(name for name in RECORDS if name not in first)))
