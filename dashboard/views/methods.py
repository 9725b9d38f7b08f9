"""View model of the methods page: verdicts, design of this programme, and definitions of KPIs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from analysis.words.estimators import label as estimator_label
from analysis.words.numbers import Reader
from analysis.words.verdict import LABELS, MARKS, STATES
from dashboard.state import day
from dashboard.views.verdicts import MEANINGS
from etl.configuration.kpis import Catalogue, Kpi
from etl.configuration.programme import OtherProgramme, Programme

ROLES = {
    "primary": "Primary: what the training is judged by",
    "secondary": "Secondary: supports or qualifies a primary KPI",
    "guardrail": "Guardrail: must not get worse",
    "mechanism": "Mechanism: how the training is meant to work",
    "phrases": "Phrases: what is heard in conversations, not calibrated",
}
MODES = {
    "randomised": "chance decided who was trained when",
    "team_waves": "whole teams were trained in planned waves",
    "lowest_performers": "the lowest performers by a recorded rule were trained first",
    "volunteers": "agents chose for themselves",
    "unknown": "nobody recorded how agents were chosen",
}


def beside(
    programme: Programme, others: Sequence[OtherProgramme], reader: Reader, led: Collection[str] | None = None
) -> list[str]:
    """What stands beside this programme: who is kept out of it on purpose, and which others ran.

    Parameters
    ----------
    programme : Programme
    others : sequence of OtherProgramme
    reader : Reader
    led : collection of str, optional
        Teams that may be named; all by default.
    """
    found, holdout = [], programme.holdout
    teams = [team for team in holdout.teams if led is None or team in led] if holdout is not None else []
    if holdout is not None and teams:
        until = f" until {day(holdout.until, reader.locale)}" if holdout.until else ""
        reason = f": {holdout.reason}" if holdout.reason else ""
        found.append(f"Holdout, kept untrained on purpose{until}: {', '.join(teams)}{reason}.")
    found += [f"Another programme: {other.name} ({', '.join(other.courses)})." for other in others]
    return found


@dataclass(frozen=True)
class Entry:
    """A KPI in the glossary.

    Attributes
    ----------
    kpi : Kpi
    better : str
        ``higher is better`` or ``lower is better``.
    matters : str
        Smallest change that matters, in the reader's unit.
    role : str
    sliced_by : str
    counted : str
        Numerator over denominator, as SQL.
    """

    kpi: Kpi
    better: str
    matters: str
    role: str
    sliced_by: str
    counted: str


def glossary(catalogue: Catalogue, reader: Reader) -> dict[str, list[Entry]]:
    """KPIs under the claim they test, in the order of the catalogue."""
    return {claim: [_entry(kpi, reader) for kpi in kpis] for claim, kpis in catalogue.claims().items()}


def verdicts() -> list[tuple[str, str, str]]:
    """Mark, words and meaning of the five verdicts."""
    return [(MARKS[state], LABELS[state], MEANINGS[state]) for state in STATES]


def how_trained(mode: str, unit: str) -> str:
    """How agents came to be trained, in one sentence for the head of the page."""
    return f"In this programme {MODES.get(mode, MODES['unknown'])}, so it is compared {unit} by {unit}."


def in_ten_lines(
    design: pl.DataFrame, notes: Mapping[str, str], mode: str, unit: str, ci_level: float
) -> tuple[str, ...]:
    """The method in at most ten lines, for a reader who will ask no further.

    Parameters
    ----------
    design : DataFrame
        ``result.design``.
    notes : mapping
        ``result.design_note``.
    mode, unit : str
        How agents came to be trained, as configured.
    ci_level : float
        Level of the intervals.
    """
    roles = {"headline": "The estimate", "second_opinion": "A second opinion"}
    chosen = [
        f"{roles[str(row['role'])]}: {estimator_label(str(row['estimator'])).lower()}. {row['reason'] or ''}".strip()
        for row in design.iter_rows(named=True)
        if row["role"] in roles
    ]
    lines = [
        how_trained(mode, unit),
        "Every number compares trained agents with agents who were not trained yet in the same weeks, never before "
        "with after alone.",
        *chosen,
        f"Ranges hold the truth in about {ci_level:.0%} of programmes like this one; they count whole {unit}s, since "
        f"results of agents of one {unit} are correlated.",
        "A verdict is clear only where the range leaves out no change and every check that could break the comparison "
        "was passed.",
        "Goals, guardrails and other KPIs are judged apart, each for how many stand beside it.",
        *notes.values(),
    ]
    return tuple(lines[:10])


def estimators(design: pl.DataFrame) -> list[dict[str, str]]:
    """Which comparisons the design allows: ``estimator, allowed, role, reason``."""
    return [
        {
            "estimator": estimator_label(str(row["estimator"])),
            "allowed": "● yes" if row["admissible"] else "⊘ no",
            "role": str(row["role"] or "").replace("_", " "),
            "reason": str(row["reason"] or ""),
        }
        for row in design.iter_rows(named=True)
    ]


def _entry(kpi: Kpi, reader: Reader) -> Entry:
    names = {"tenure_band": "tenure"}
    sliced = ", ".join(names.get(name, name) for name in kpi.dimensions)
    condition = f" where {kpi.where}" if kpi.where else ""
    return Entry(
        kpi=kpi,
        better=f"{kpi.better} is better",
        matters=reader.size(kpi.smallest_effect, kpi),
        role=ROLES[kpi.role],
        sliced_by=sliced or "nothing",
        counted=f"{kpi.numerator} / {kpi.denominator} on core.{kpi.base}{condition}",
    )
