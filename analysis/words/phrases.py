"""Sentences on how far phrases measure a skill, judged by evaluations of the same contacts."""

from __future__ import annotations

from typing import Literal

Agreement = Literal["not_compared", "differ", "weak", "agree"]
"""States: no labels; accuracy changed after training; too little agreement to estimate the size; usable."""

PHRASES_ONLY = "phrases heard, not the skill"


def sentence(state: Agreement, *, skill: str, why: str = "", sharpness: str = "", kappa: str = "") -> str:
    """Result of the comparison of phrases with evaluations.

    Parameters
    ----------
    state
        Which of the four.
    skill
        Label of the skill.
    why
        The reason, a sentence, where the change or its size cannot be estimated.
    sharpness, kappa
        Se + Sp - 1 and Cohen's kappa, formatted.

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
