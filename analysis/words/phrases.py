"""The words for phrases heard: what they say of a skill, once they are held against labels, and what they do not."""

from __future__ import annotations

from typing import Literal

Agreement = Literal["not_compared", "differ", "weak", "agree"]
"""No labels; phrases mean something else after training; too little agreement to say how much; usable."""

PHRASES_ONLY = "phrases heard, not the skill"


def sentence(state: Agreement, *, skill: str, why: str = "", sharpness: str = "", kappa: str = "") -> str:
    """What the comparison of phrases with evaluations allows to be said.

    Parameters
    ----------
    state
        Which of the four.
    skill
        Label of the skill.
    why
        The reason, a sentence, where nothing or no size can be said.
    sharpness, kappa
        Se + Sp - 1 and Cohen's kappa as numbers in words.

    Examples
    --------
    >>> sentence("agree", skill="Active listening", sharpness="0.48", kappa="0.46")
    'Of a true change in active listening, phrases hear a share of 0.48; they agree with evaluations by 0.46 (kappa).'
    """
    name = skill[:1].lower() + skill[1:]
    if state == "not_compared":
        return f"{skill}: {PHRASES_ONLY}. {why}".strip()
    if state == "differ":
        return f"{skill}: {why}"
    if state == "weak":
        return f"{skill}: whether phrases moved can be told, by how much the skill did cannot. {why}"
    agreed = f"they agree with evaluations by {kappa} (kappa)"
    return f"Of a true change in {name}, phrases hear a share of {sharpness}; {agreed}."
