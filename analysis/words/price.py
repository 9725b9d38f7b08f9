"""Sentence on what training may cost agents (strain, time)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from analysis.words.verdict import CLAIMED

PRICE = ("absence_rate", "agent_attrition", "aht_seconds", "long_call_share")
"""KPIs that show strain on agents: emotional labour, and longer contacts."""


@dataclass(frozen=True)
class Burden:
    """One such KPI for one selection.

    Attributes
    ----------
    label
        Name of the KPI.
    state
        State of the verdict.
    worse
        Whether a clear change is for the worse.
    change
        In words with its unit; used where the change is clear.
    """

    label: str
    state: str
    worse: bool
    change: str


def sentence(burdens: Iterable[Burden]) -> str:
    """Which of these KPIs got worse, which did not, and which cannot be told; empty where none is measured."""
    groups: dict[str, list[str]] = {"worse": [], "spared": [], "open": []}
    for burden in burdens:
        label = burden.label
        name = label if label[:2].isupper() else f"{label[:1].lower()}{label[1:]}"
        if burden.state in CLAIMED:
            small = ", less than would matter" if burden.worse and burden.state == "clear_but_small" else ""
            groups["worse" if burden.worse else "spared"].append(f"{name} ({burden.change}{small})")
        elif burden.state == "no_meaningful_change":
            groups["spared"].append(name)
        else:
            groups["open"].append(name)
    parts = []
    if groups["worse"]:
        parts.append(f"{_listed(groups['worse'])} got worse")
    if groups["spared"]:
        parts.append(f"{_listed(groups['spared'])} did not get worse")
    if groups["open"]:
        parts.append(f"{_listed(groups['open'])} cannot be told yet")
    return f"What agents may pay: {'; '.join(parts)}." if parts else ""


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
