"""What is missing to read skills, and what to collect: one sentence for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from babel.dates import format_date

from analysis.words.numbers import plural
from dashboard.data.skills import Scored
from dashboard.views.attrition import END_DATE, NOT_EXPORTED
from etl.configuration.kpis import Kpi

FEW_TEAMS = 6
"""Teams below which no error can be relied on."""
FEWEST_A_MONTH = 1.0
"""Evaluations an agent and month below which that is said."""
MOST_MONTHS = 3
"""Months that are named."""

NO_EVALUATIONS = (
    'No quality evaluations were loaded, so no skill can be read. Add a source with table = "qa_evaluation" to '
    "empathy.toml: agent, time, evaluator, form and a score per skill; two or more evaluations an agent and month, "
    "from before the first training on, untrained agents among them."
)


def gaps(found: Scored | None, skills: Sequence[Kpi], locale: str) -> list[str]:
    """What is missing, most serious first.

    Parameters
    ----------
    found : Scored or None
        None in a version that keeps no evaluations.
    skills : sequence of Kpi
    locale : str
        For the names of months.
    """
    if found is None or not found.n_evaluations:
        return [NO_EVALUATIONS]
    labels = {kpi.numerator: kpi.label for kpi in skills}
    return [
        *_scores(found, labels, locale),
        *_raters(found),
        *_programme(found),
    ]


def _scores(found: Scored, labels: Mapping[str, str], locale: str) -> list[str]:
    said = []
    if found.never:
        named = _listed([labels[name] for name in found.never])
        said.append(f"Never scored: {named}. Add the score to the form, or map its column in the source.")
    if found.constant:
        named = _listed([labels[name] for name in found.constant])
        said.append(
            f"Every score is the same for {named}, so nothing can move with it. Use a scale on which agents differ, "
            "and check that the column is mapped to the score and not to its maximum."
        )
    each = found.n_evaluations / max(found.n_agents, 1)
    if found.n_months and each < found.n_months * FEWEST_A_MONTH:
        said.append(
            f"On average {each:.0f} {plural('evaluation', round(each))} an agent in {found.n_months} "
            f"{plural('month', found.n_months)}: whether a goal moves with a skill within agents hangs on these few. "
            "Evaluate two or more contacts an agent and month, from before the first training on."
        )
    by_months: dict[tuple[date, ...], list[str]] = {}
    for name, months in found.missing.items():
        by_months.setdefault(months, []).append(labels[name])
    for months, skills in by_months.items():
        when = [format_date(month, "MMMM y", locale=locale) for month in months[:MOST_MONTHS]]
        if len(months) > MOST_MONTHS:
            when.append(f"{len(months) - MOST_MONTHS} more months")
        these = "that month" if len(months) == 1 else "those months"
        said.append(
            f"{_listed(skills)}: not scored in {_listed(when)}, so nothing is said about {these}. Keep every skill on "
            "every form."
        )
    return said


def _raters(found: Scored) -> list[str]:
    said = []
    if found.unknown_rater == found.n_evaluations:
        said.append(
            "The evaluations do not say who made them, so a strict rater cannot be told from a weak skill. Export the "
            "evaluator's id."
        )
    elif found.n_raters == 1:
        said.append(
            "One rater scored everybody, so a change in that rater's measure cannot be told from a change in skill. "
            "Have a second rater score some of the same weeks."
        )
    if found.n_forms == 0:
        said.append("The evaluations do not name their form. Export its version, so that a new form is no new skill.")
    elif found.n_forms == 1:
        said.append(
            "All evaluations are on one form, so there is nothing to correct. If the form changes, use both side by "
            "side for some weeks."
        )
    return said


def _programme(found: Scored) -> list[str]:
    said = []
    if found.n_courses == 0:
        said.append("Nobody completed a course, so no effect on a skill can be worked out yet.")
    elif found.n_courses == 1:
        said.append(
            "There is one course, so courses cannot be compared, and the second route (several courses at "
            "different weeks) is closed."
        )
    if found.n_teams is not None and found.n_teams < FEW_TEAMS:
        teams = f"{found.n_teams} {plural('team', found.n_teams)}"
        said.append(
            f"All agents are in {teams}: ranges need at least {FEW_TEAMS} teams, trained at different times. "
            "Load the team of every agent, or widen the roll-out."
        )
    if found.n_people and not found.n_left:
        said.append(f"Nobody left in these weeks, so who stays cannot change who is measured; {NOT_EXPORTED}")
    elif found.n_people and found.n_left == found.n_people:
        said.append(f"Everybody on record has left, so nobody is there to be compared to the end. {END_DATE}")
    return said


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
