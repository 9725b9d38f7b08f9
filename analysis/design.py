"""Choose the comparison and estimators from how agents were assigned to training, with reasons.

No estimator is right for every programme. Random or planned waves make the not-yet-trained a fair comparison.
Training the worst performers first makes them an unfair one, because of regression to the mean. Volunteers differ in
ways that are not recorded.

Sources: Borusyak, Jaravel and Spiess (2024, doi:10.1093/restud/rdae007) for imputation; Callaway and Sant'Anna (2021,
doi:10.1016/j.jeconom.2020.12.001) for group-time; Cengiz, Dube, Lindner and Zipperer (2019, doi:10.1093/qje/qjz014) for
stacking; Ashenfelter (1978, doi:10.2307/1924332) for the dip before training.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import polars as pl

from analysis.words.estimators import in_design_order
from analysis.words.verdict import MIN_CONTROL_CLUSTERS, Limits

PARTLY_TRAINED_SHARE = 0.02
"""From this share of untrained agent-weeks beside trained team-mates on, those weeks are left out of the comparison."""
NONCOMPLIANCE_SHARE = 0.0
"""Smallest share of planned agents without completion for which effects count from the planned week: any."""

Timing = Literal["scheduled", "trained"]


class Rule(Protocol):
    """The recorded rule of ``lowest_performers`` (``etl.configuration.programme.AssignmentRule`` satisfies it)."""

    @property
    def kpi(self) -> str: ...
    @property
    def lookback_weeks(self) -> int: ...
    @property
    def share(self) -> float: ...


class Assignment(Protocol):
    """``[programme.assignment]`` (``etl.configuration.programme.Assignment`` satisfies it)."""

    @property
    def mode(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def anticipation_weeks(self) -> int: ...
    @property
    def rule(self) -> Rule | None: ...


@dataclass(frozen=True)
class Situation:
    """How the roll-out went, from the data, without looking at any outcome.

    Parameters
    ----------
    has_schedule
        Whether a planned wave is known for at least some agents.
    n_trained, n_scheduled
        Agents who completed, and agents with a planned wave.
    exposed_share
        Share of untrained agent-weeks (after roll-out began) with a trained team-mate.
    everybody_trained
        Whether nobody stays untrained to the end.
    whole_teams
        Whether all agents of a team start in the same week, and teams in different weeks.
    clean_teams
        Teams without a trained agent when roll-out began; ``None`` when not known.
    """

    has_schedule: bool
    n_trained: int
    n_scheduled: int
    exposed_share: float
    everybody_trained: bool
    whole_teams: bool = False
    clean_teams: int | None = None


@dataclass(frozen=True)
class Choice:
    """One estimator, whether it may be used here, in which role, and why."""

    estimator: str
    admissible: bool
    role: str
    reason: str


@dataclass(frozen=True)
class Design:
    """The comparison this programme allows.

    Attributes
    ----------
    mode, unit
        As recorded: how agents were chosen, and the level at which they were.
    cluster
        The level at which standard errors are clustered: ``unit``, or the team where agents were chosen inside teams
        and compared with other teams, and where all agents of a team start in the same week.
    timing
        ``scheduled``: an agent counts as treated from the planned week (intention to treat); ``trained``: from
        completion.
    estimand
        The headline's estimand in words.
    headline, second_opinion
        Estimator names.
    control
        ``not_yet_trained``: agents not trained yet in that week are the comparison.
    anticipation_weeks
        Weeks before training left out of the comparison because agents may already behave differently.
    unexposed_controls
        Whether untrained weeks beside trained team-mates are left out.
    within_teams
        Whether agents drawn by lot are compared with team-mates who were not drawn, because no team was left out.
    same_rule
        The selection rule applied to not-yet-started teams to find controls; ``None`` in the other modes.
    limited
        True when a clear verdict needs the dip and balance checks to pass.
    choices
        Every estimator with its reason, in the order shown.
    notes
        Further facts, as key and sentence.
    """

    mode: str
    unit: str
    cluster: str
    timing: Timing
    estimand: str
    headline: str
    second_opinion: str
    control: str
    anticipation_weeks: int
    unexposed_controls: bool
    same_rule: Rule | None
    limited: bool
    choices: tuple[Choice, ...]
    notes: tuple[tuple[str, str], ...]
    within_teams: bool = False

    def limits(self) -> Limits:
        """Limits that this design sets to a verdict."""
        return Limits(limited=self.limited, cluster_word=f"{self.cluster}s")

    def frame(self) -> pl.DataFrame:
        """Rows of ``result.design``."""
        return pl.DataFrame(
            [(i, c.estimator, c.admissible, c.role, c.reason) for i, c in enumerate(self.choices)],
            schema={
                "position": pl.Int32,
                "estimator": pl.String,
                "admissible": pl.Boolean,
                "role": pl.String,
                "reason": pl.String,
            },
            orient="row",
        )

    def notes_frame(self) -> pl.DataFrame:
        """Rows of ``result.design_note``."""
        return pl.DataFrame(list(self.notes), schema={"key": pl.String, "value": pl.String}, orient="row")


_PICKED = {
    "randomised": "Agents were drawn at random.",
    "team_waves": "Whole teams were trained in waves.",
    "lowest_performers": "The lowest performers were trained first, by a written rule.",
    "volunteers": "Agents chose themselves.",
    "unknown": "Nobody recorded how agents were chosen.",
}
_DOUBT = {
    "randomised": "so the not-yet-trained are a fair comparison.",
    "team_waves": "so teams not yet trained are the comparison; it is fair if they were on the same path before.",
    "volunteers": "so the comparison rests on both groups having been on the same path; the verdict is limited.",
    "unknown": "so the comparison rests on both groups having been on the same path; the verdict is limited.",
    "lowest_performers": "No rule was recorded, so the comparison cannot be made fair; the verdict is limited.",
}
"""Doubts about the comparison where no selection rule was recorded."""


def choose(assignment: Assignment, situation: Situation) -> Design:
    """Choose the estimators that may be used, from how agents were chosen.

    Parameters
    ----------
    assignment
        The configuration's ``[programme.assignment]``.
    situation
        How the roll-out went, from the marts.

    Returns
    -------
    Design

    Raises
    ------
    ValueError
        When the mode is not one of the five.

    Notes
    -----
    Assumptions behind the choice:

    1. The recorded mode is true. Checked in part: ``selection_dip`` and ``balance`` fail when a "random" or "planned"
       roll-out picked agents at a low point.
    2. The rule of ``lowest_performers`` is the one that was applied. Checked in part: the share of the trained whom the
       rule would have picked is printed with the design.
    3. The recorded unit is true. Checked in part: where the agents of every team share their week, the team is the
       unit.
    4. Agents do not move between teams because of training. Not checked here; the composition check looks at it.
    """
    mode = assignment.mode
    if mode not in _PICKED:
        raise ValueError(f"programme.assignment.mode is {mode!r}; it must be one of {', '.join(_PICKED)}")
    same_rule = assignment.rule if mode == "lowest_performers" else None
    limited = mode in ("volunteers", "unknown") or (mode == "lowest_performers" and same_rule is None)
    planned = situation.has_schedule and situation.n_scheduled >= situation.n_trained * (1 - NONCOMPLIANCE_SHARE)
    by_plan = planned and (mode in ("randomised", "team_waves") or same_rule is not None)
    timing: Timing = "scheduled" if by_plan else "trained"
    beside = situation.exposed_share > PARTLY_TRAINED_SHARE and same_rule is None
    none_left = situation.clean_teams is not None and situation.clean_teams < MIN_CONTROL_CLUSTERS
    within_teams = beside and none_left and mode == "randomised" and assignment.unit == "agent"
    spread = beside and not within_teams
    by_team = beside or same_rule is not None or situation.whole_teams
    cluster = "team" if assignment.unit == "agent" and by_team else assignment.unit
    headline = "stacked" if same_rule is not None else "imputation"
    second = "imputation" if same_rule is not None else "group_time"
    return Design(
        mode=mode,
        unit=assignment.unit,
        cluster=cluster,
        timing=timing,
        estimand=_estimand(timing),
        headline=headline,
        second_opinion=second,
        control="not_yet_trained",
        anticipation_weeks=assignment.anticipation_weeks,
        unexposed_controls=spread,
        same_rule=same_rule,
        limited=limited,
        choices=_choices(mode, same_rule, situation),
        notes=_notes(assignment, situation, timing, spread, limited, cluster, within_teams),
        within_teams=within_teams,
    )


def _estimand(timing: Timing) -> str:
    who = (
        "agents whose planned week has come, whether they completed or not"
        if timing == "scheduled"
        else "agents who completed training"
    )
    return f"average change per contact for {who}, over their trained weeks so far"


def _choices(mode: str, rule: Rule | None, situation: Situation) -> tuple[Choice, ...]:
    words = {"picked": _PICKED[mode], "doubt": "", "rule": ""}
    if rule is not None:
        words["rule"] = f"worst {rule.share:.0%} on {rule.kpi} over {rule.lookback_weeks} weeks"
    elif _DOUBT[mode][0].islower():
        words |= {"picked": _PICKED[mode][:-1], "doubt": f", {_DOUBT[mode]}"}
    else:
        words["doubt"] = f" {_DOUBT[mode]}"
    found = []
    for record in in_design_order(same_rule=rule is not None):
        standing = record.standing(same_rule=rule is not None)
        found.append(Choice(record.name, standing.admissible, standing.role, standing.reason.format(**words)))
    if situation.everybody_trained:
        found.append(
            Choice(
                "never_trained",
                False,
                "control",
                "Everybody was trained in the end, so weeks after the last wave have no comparison and are left out.",
            )
        )
    return tuple(found)


def _notes(
    assignment: Assignment,
    situation: Situation,
    timing: Timing,
    spread: bool,
    limited: bool,
    cluster: str,
    within_teams: bool,
) -> tuple[tuple[str, str], ...]:
    notes = [
        ("mode", _PICKED[assignment.mode]),
        ("estimand", f"The headline is the {_estimand(timing)}."),
        ("cluster", _cluster_note(assignment.unit, cluster, situation.whole_teams, within_teams)),
    ]
    if timing == "scheduled":
        notes.append(
            (
                "timing",
                "Agents count from their planned week; the effect of completing it is shown beside the headline.",
            )
        )
    elif situation.has_schedule:
        notes.append(
            ("timing", "A plan is known but does not decide who was trained here, so agents count from completion.")
        )
    else:
        notes.append(
            ("timing", "No plan is known, so agents count from completion; who completes may differ from who does not.")
        )
    if within_teams:
        notes.append(
            (
                "spillover",
                "Agents were drawn inside every team, so they are compared with team-mates who were not drawn. If "
                "training changed those too, the effect shown is off by their change: it is measured by teams that "
                "training reached in other weeks, where there are such.",
            )
        )
    elif spread:
        notes.append(
            (
                "spillover",
                f"{situation.exposed_share:.0%} of untrained agent-weeks were spent beside trained team-mates; they "
                "are not used as comparison.",
            )
        )
    else:
        notes.append(("spillover", "Untrained agents hardly ever worked beside trained team-mates."))
    if assignment.anticipation_weeks:
        weeks = assignment.anticipation_weeks
        notes.append(
            (
                "anticipation",
                f"The {weeks} {'week' if weeks == 1 else 'weeks'} before training {'is' if weeks == 1 else 'are'} "
                "left out of the comparison.",
            )
        )
    if limited:
        notes.append(
            (
                "limit",
                "No result is called clear unless the trained were not picked at a low point and were like the "
                "others before.",
            )
        )
    return tuple(notes)


def _cluster_note(unit: str, cluster: str, whole_teams: bool, within_teams: bool) -> str:
    if cluster == unit:
        return f"Errors are clustered by {unit}, the level at which training was assigned."
    if whole_teams:
        return (
            f"The configuration says that training was assigned by {unit}, but the agents of a team share their week: "
            f"errors are clustered by {cluster}."
        )
    if within_teams:
        return f"Agents were drawn inside teams, whose members share much else, so errors are clustered by {cluster}."
    return (
        "Agents were chosen inside teams and are compared with agents of other teams, "
        f"so errors are clustered by {cluster}."
    )


def in_words(choices: pl.DataFrame, notes: pl.DataFrame) -> list[str]:
    """The design as lines of text: recorded assignment, estimators used and why, estimators not used.

    Parameters
    ----------
    choices, notes
        ``result.design`` and ``result.design_note``.
    """
    named = {"headline": "Headline", "second_opinion": "Second opinion"}
    lines = notes["value"].to_list()
    rows = choices.sort("position").to_dicts()
    lines += [f"{named[row['role']]}: {row['estimator']}. {row['reason']}" for row in rows if row["role"] in named]
    lines += [
        f"{'Admissible' if row['admissible'] else 'Not admissible'}: {row['estimator']}. {row['reason']}"
        for row in rows
        if row["role"] not in named
    ]
    return lines
