"""Sentences on a mechanism; none of the four readings says that a skill caused a KPI.

A KPI may move with a skill within agents because of the skill, or because good weeks raise both. The slope cannot
distinguish the two, so even the strongest reading names the shock that would explain it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

State = Literal["not_readable", "no_link", "consistent", "supported"]

NOT_READABLE = "not readable"
NO_LINK = "no link"
CONSISTENT = "consistent with the skill, or with a shared shock of {r}"
SUPPORTED = "supported by a second route"


def reading(state: State, correlation: float) -> str:
    """The reading in a few words.

    Parameters
    ----------
    state
        Which of the four.
    correlation
        Of skill and KPI within agents and weeks: the strength of a shared shock that would explain all of it.
    """
    size = "unknown size" if math.isnan(correlation) else f"{abs(correlation):.2f}"
    return {
        "not_readable": NOT_READABLE,
        "no_link": NO_LINK,
        "consistent": CONSISTENT.format(r=size),
        "supported": SUPPORTED,
    }[state]


def sentence(
    state: State,
    *,
    kpi: str,
    skills: Sequence[str],
    correlation: float,
    learned: bool,
    carried: bool,
    why: str = "",
) -> str:
    """The reading as one sentence for a page.

    Parameters
    ----------
    state, correlation
        As in :func:`reading`.
    kpi, skills
        Labels.
    learned, carried
        Whether training moved the skill, and whether the KPI moves with the skill within agents, beyond chance.
    why
        Why nothing can be read.
    """
    name = skills[0] if len(skills) == 1 else "the skills"
    head = name[:1].upper() + name[1:]
    if state == "not_readable":
        return f"Whether {name} carried {kpi} cannot be read: {why}." if why else f"{head}: {NOT_READABLE}."
    if state == "no_link":
        if not learned and not carried:
            return f"No link shown: training did not clearly move {name}, and no slope of {kpi} on {name} is clear."
        if not learned:
            return f"No link shown: training did not clearly move {name}."
        return f"No link shown: {name} moved, but within agents no clear slope of {kpi} on {name} is seen."
    shock = "a shock that moves both"
    if not math.isnan(correlation):
        shock = f"a shared shock of {abs(correlation):.2f}"
    if state == "supported":
        return (
            f"Consistent with {name}, and supported by a second route: the courses, which came at different weeks, "
            f"move {kpi} in proportion to how they move {name}."
        )
    return (
        f"Consistent with {name} moving {kpi}, or with {shock}: such a shock would explain all of it, and these data "
        "cannot tell the two apart."
    )


def skills_moved(risen: int, fallen: int, skills: int) -> str:
    """How many skills clearly moved.

    Examples
    --------
    >>> skills_moved(4, 1, 5)
    '4 of 5 skills clearly rose and 1 clearly fell'
    """
    fell = f" and {fallen} clearly fell" if fallen else ""
    return f"{risen} of {skills} {'skill' if skills == 1 else 'skills'} clearly rose{fell}"


def chain_headline(skills: str, goal: str, moved: str, *, told: bool, reading: str) -> str:
    """Headline of the chain: which skills moved, whether the goal did, and whether they are linked.

    Parameters
    ----------
    skills
        Words on the skills, such as from :func:`skills_moved`.
    goal
        Label of the goal; empty without one.
    moved
        Change of the goal, such as ``clearly fell by 1.7 points``; without a claim, the words of its verdict.
    told
        Whether ``moved`` claims a change.
    reading
        Of the goal with all skills together, from :func:`reading`; empty where none was made.

    Examples
    --------
    >>> chain_headline("5 of 5 skills clearly rose", "Escalations", "clearly fell by 1.7 points", told=True,
    ...                reading="no link")
    '5 of 5 skills clearly rose; escalations clearly fell by 1.7 points; whether the skills carried it: no link.'
    """
    if not goal:
        return f"{skills}."
    name = goal if goal[1:2].isupper() else goal[:1].lower() + goal[1:]
    second = f"{name} {moved}" if told else f"{name}: {moved}"
    carried = "whether the skills carried it" if told else f"link between the skills and {name}"
    return f"{skills}; {second}; {carried}: {reading}." if reading else f"{skills}; {second}."
