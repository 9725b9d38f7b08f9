"""The verdict: one function turns an estimate into one of five states, for all pages, files and mails.

The verdict is deterministic. In order:

1. **Can't tell yet** when fewer than ``MIN_TRAINED_CLUSTERS`` units of assignment were trained, or too few are left to
   compare with: intervals and checks are then unreliable.
2. **Don't use this one** when there is no estimate, no comparison group, or a check that blocks a verdict failed;
   **can't tell yet** when agents chose themselves and the data cannot show that they were like the others.
3. **Clear** when the interval (after allowing for the number of KPIs tested) excludes zero and the estimate is at
   least the smallest change that matters; **clear but small** when it excludes zero and the estimate is smaller than
   that. Neither says that the true change is as large as the estimate; where the data would have shown the smallest
   change that matters less than half of the time, the sentence says by how much such an estimate overstates.
4. **No meaningful change** when the whole interval lies inside the band that does not matter.
5. **Can't tell yet** otherwise, with the weeks until it could be told at the present pace.

Wording rules: every number has a unit, numbers are rounded to what the interval supports, the interval reads "likely
between", and there are no probabilities, stars or claims of proof.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from analysis.words.change import Change, lower_first, lower_label
from analysis.words.numbers import Reader, Wording

STATES = ("clear", "clear_but_small", "no_meaningful_change", "cant_tell_yet", "dont_use")
MARKS = {
    "clear": "●",
    "clear_but_small": "◐",
    "no_meaningful_change": "○",
    "cant_tell_yet": "◌",
    "dont_use": "⊘",
}
LABELS = {
    "clear": "clear",
    "clear_but_small": "clear but small",
    "no_meaningful_change": "no meaningful change",
    "cant_tell_yet": "can't tell yet",
    "dont_use": "don't use this one",
}

CLAIMED = ("clear", "clear_but_small")
"""The verdicts that claim a change."""
MIN_TRAINED_CLUSTERS = 6
"""Fewest trained units of assignment for a verdict: with fewer, intervals are unreliable."""
MIN_CONTROL_CLUSTERS = 4
"""Fewest comparison units for a verdict. From four on, intervals with the jackknife's degrees of freedom have their
nominal coverage (docs/coverage.md); with two they have too, but are too wide to be useful."""
MIN_EFFECTIVE_CONTROLS = 2.0
"""Clusters of equal size that the comparison must amount to in the trained weeks, counted week by week. Above it, the
degrees of freedom of the interval account for how few they are; below it, they cannot be estimated."""
BLOCKING_CHECKS = ("pre_trends", "placebo_in_time", "selection_dip", "case_mix", "composition", "raters")
"""Checks that block a verdict: when one fails the comparison is not valid, and the number is not shown as an effect."""
NUMERIC_CHECKS = ("recomputed",)
"""Checks that block because two programs disagree on the number; they have no false alarms from sampling error."""
PHRASE_CHECKS = ("phrases",)  # when it fails, the phrases no longer measure the same skill
SELECTION_CHECKS = ("selection_dip", "balance")
"""Checks that must pass before an effect of self-selected training may be called clear."""
LONGEST_WAIT_WEEKS = 104


class CheckOutcome(Protocol):
    """Result of one check (``analysis.checks.result.CheckResult`` satisfies it)."""

    @property
    def check(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def sentence(self) -> str: ...


@dataclass(frozen=True)
class Limits:
    """Limits that the design sets to a verdict (``analysis.design.Design.limits`` makes it).

    Parameters
    ----------
    limited
        True when agents chose themselves or nobody recorded how they were chosen.
    cluster_word
        Plural noun of the unit of assignment: ``teams``, ``agents``, ``sites``.
    """

    limited: bool = False
    cluster_word: str = "teams"


@dataclass(frozen=True)
class Verdict:
    """The verdict on one KPI in one slice.

    Attributes
    ----------
    state
        One of ``STATES``.
    mark, label
        Symbol and label of the state.
    direction
        ``better``, ``worse`` or ``unknown``: only ``clear`` states have a direction.
    sentence
        The verdict in plain words, with units.
    reason
        Why this state; empty when the sentence gives the reason.
    weeks_to_know
        Weeks of further data, at the current pace, until the interval would decide; ``None`` when more weeks would not.
    believed
        Whether the interval may be used further (for money, say). False when the comparison is not valid, agents chose
        themselves and the required checks did not pass, or too few units were compared.
    """

    state: str
    mark: str
    label: str
    direction: str
    sentence: str
    reason: str
    weeks_to_know: float | None
    believed: bool = True


def verdict(
    kpi: Wording,
    *,
    estimate: float,
    ci_low: float,
    ci_high: float,
    smallest_effect: float,
    checks: Iterable[CheckOutcome] = (),
    limits: Limits | None = None,
    n_trained_clusters: int | None = None,
    n_control_clusters: int | None = None,
    effective_controls: float | None = None,
    excludes_zero: bool | None = None,
    n_tested: int = 1,
    weeks_to_know: float | None = None,
    unusable: str = "",
    too_few: str = "",
    who_answers: str = "",
    caveat: str = "",
    guardrail: bool = False,
    among: str = "KPIs",
    alone: str = "",
    reader: Reader | None = None,
) -> Verdict:
    """Decide the verdict on an estimate, and write its sentence.

    Parameters
    ----------
    kpi
        The KPI's label, unit and better direction.
    estimate, ci_low, ci_high
        Effect and its interval at the project's level, in the KPI's natural unit.
    smallest_effect
        Smallest change worth acting on, natural unit, positive.
    checks
        Diagnostics of the same slice (or of the whole, when the slice is too thin to check by itself).
    limits
        Limits set by the design.
    n_trained_clusters, n_control_clusters
        Units of assignment ever trained, and those giving untrained weeks; ``None`` when they do not apply.
    effective_controls
        Effective number of comparison units in the trained weeks.
    excludes_zero
        Whether zero is excluded after correction for all KPIs tested (Holm); by default, from the interval.
    n_tested
        Number of tests corrected for.
    weeks_to_know
        Further weeks until it could be told (``analysis.planning.waiting_time.weeks_to_know``).
    unusable
        A reason why there is no estimate at all; forces ``dont_use``.
    too_few
        Why there are too few data (too few leavers, say): gives ``cant_tell_yet``, because later data may decide.
    who_answers
        Where training changed the response rate: a sentence on what that means for the range. The interval given is
        then that of the bounds, and is not used for money.
    caveat
        Sentence added to a claim: another possible cause that the data could not show.
    guardrail
        Whether the KPI is one that was not meant to move: a change that would be for the better is then no improvement.
    among
        What ``n_tested`` counts, plural.
    alone
        Why an interval that excludes zero is not claimed, where the reason is not the number of tests.
    reader
        Locale and currency.

    Returns
    -------
    Verdict
    """
    reader = reader or Reader()
    limits = limits or Limits()
    held = list(checks)
    band = abs(smallest_effect)
    numbers = Change(kpi, reader, estimate, ci_low, ci_high, band, guardrail)

    thin = too_few or _too_few(n_trained_clusters, n_control_clusters, effective_controls, limits, reader)
    known = all(math.isfinite(v) for v in (estimate, ci_low, ci_high))
    broken = _broken(known, unusable, held)
    if thin and not known:
        return _make("cant_tell_yet", f"We can't tell yet for {lower_label(kpi)}. {thin}", thin, believed=False)
    if broken and not thin:
        return _make("dont_use", f"Don't use this one: {lower_first(broken)}", broken, believed=False)

    outside = ci_low > 0 or ci_high < 0
    claims = outside if excludes_zero is None else (outside and excludes_zero)
    inside_band = -band <= ci_low and ci_high <= band

    if thin:
        return _cant_tell(numbers, thin, None, believed=False)
    doubt = _self_selected(held) if limits.limited else ""
    if doubt:
        return _cant_tell(numbers, doubt, None, believed=False)
    believed = not who_answers
    if claims:
        size = min(abs(ci_low), abs(ci_high)) if who_answers else abs(estimate)
        state = "clear" if size >= band else "clear_but_small"
        words = f"{numbers.changed(small=state != 'clear')} {who_answers or caveat}".strip()
        return _make(state, words, who_answers, numbers.direction(), believed=believed)
    if inside_band:
        words = f"{numbers.nothing_that_matters()} {who_answers}".strip()
        return _make("no_meaningful_change", words, who_answers, believed=believed)
    reason = who_answers
    if outside:
        alone = alone or (
            f"On its own the range excludes no change, but {n_tested} {among} were tested together and one of that "
            "many can look like this by chance."
        )
        reason = f"{alone} {who_answers}".strip()
    return _cant_tell(numbers, reason, weeks_to_know, believed=believed)


def _broken(known: bool, unusable: str, checks: list[CheckOutcome]) -> str:
    if unusable or not known:
        return (
            unusable or "There is no estimate for this selection, because there is nobody comparable to compare with."
        )
    for name in (*NUMERIC_CHECKS, *PHRASE_CHECKS, *BLOCKING_CHECKS):
        for check in checks:
            if check.check == name and check.status == "failed":
                return check.sentence
    return ""


def _too_few(trained: int | None, control: int | None, effective: float | None, limits: Limits, reader: Reader) -> str:
    if trained == 0:
        units = _noun(limits.cluster_word, 1)
        return f"No trained {units} is seen after training yet; at least {MIN_TRAINED_CLUSTERS} are needed to judge."
    if trained is not None and trained < MIN_TRAINED_CLUSTERS:
        units = _noun(limits.cluster_word, trained)
        return f"Only {trained} trained {units}; at least {MIN_TRAINED_CLUSTERS} are needed to judge."
    if control is not None and control < MIN_CONTROL_CLUSTERS:
        return (
            f"Only {control} {_noun(limits.cluster_word, control)} to compare with; "
            f"at least {MIN_CONTROL_CLUSTERS} are needed to judge."
        )
    if effective is not None and effective < MIN_EFFECTIVE_CONTROLS:
        return (
            f"In the trained weeks the comparison amounts to {reader.number(effective, 1)} {limits.cluster_word} of "
            f"equal size; at least {reader.number(MIN_EFFECTIVE_CONTROLS, 0)} are needed to judge."
        )
    return ""


def _self_selected(checks: list[CheckOutcome]) -> str:
    states = {check.check: check.status for check in checks}
    missing = [name for name in SELECTION_CHECKS if states.get(name) != "passed"]
    if not missing:
        return ""
    words = {
        "selection_dip": "were not at a low or high point when they were picked",
        "balance": "were like the others before training",
    }
    what = " and ".join(words[name] for name in missing)
    return f"Training was not assigned by a plan, and the data do not show that the trained {what}."


def _cant_tell(numbers: Change, reason: str, weeks: float | None, *, believed: bool = True) -> Verdict:
    sentence = f"We can't tell yet for {lower_label(numbers.kpi)}: {numbers.range_sentence()}."
    when = ""
    if reason:
        sentence = f"{sentence} {reason}"
    elif weeks is not None:
        when = waiting(weeks)
    if when:
        sentence = f"{sentence} {when}"
    usable = weeks if not reason and weeks is not None and settles(weeks) else None
    return _make("cant_tell_yet", sentence, reason or when, weeks=usable, believed=believed)


def settles(weeks: float) -> bool:
    """Whether so many more weeks are worth waiting for."""
    return math.isfinite(weeks) and weeks <= LONGEST_WAIT_WEEKS


def whole_weeks(weeks: float) -> int:
    """Weeks as they are said: up to the next whole one."""
    return max(1, math.ceil(weeks))


def waiting(weeks: float) -> str:
    """When it could be told at the present pace, or that more weeks alone would not settle it.

    Parameters
    ----------
    weeks
        Further weeks; ``inf`` when no number of them suffices.

    Examples
    --------
    >>> waiting(8.2)
    'At the present pace we would know in about 9 weeks.'
    """
    if not settles(weeks):
        return "More weeks alone would not settle it at the present pace; more trained and untrained agents would."
    whole = whole_weeks(weeks)
    return f"At the present pace we would know in about {whole} {'week' if whole == 1 else 'weeks'}."


def _make(
    state: str,
    sentence: str,
    reason: str,
    direction: str = "unknown",
    weeks: float | None = None,
    *,
    believed: bool = True,
) -> Verdict:
    return Verdict(state, MARKS[state], LABELS[state], direction, sentence, reason, weeks, believed)


def _noun(plural: str, count: int) -> str:
    return plural[:-1] if count == 1 and plural.endswith("s") else plural
