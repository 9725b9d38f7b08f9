"""The words for a mechanism: four readings, of which none says that a skill caused a KPI.

A KPI that moves with a skill within agents may do so because the skill carries it, or because good weeks raise both.
The slope alone can never tell the two apart, so the strongest reading names the shock that would explain it.
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
            return f"No link shown: training did not clearly move {name}, and {kpi} does not clearly move with {name}."
        if not learned:
            return f"No link shown: training did not clearly move {name}."
        return f"No link shown: {name} moved, but {kpi} does not clearly move with {name} within agents."
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
