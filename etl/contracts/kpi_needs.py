"""Of which exported tables and columns every KPI is made, and what to export for those that have no data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from etl.configuration.kpis import Kpi
from etl.contracts.tables import CONTRACTS

MADE_OF: Mapping[str, tuple[str, ...]] = {
    "interaction": ("interaction",),
    "customer_contact": ("interaction.source_customer_id",),
    "survey_response": ("survey_response",),
    "escalation": ("escalation",),
    "offer": ("offer",),
    "agent_day": ("agent_day",),
    "qa_evaluation": ("qa_evaluation",),
    "conversation": ("utterance",),
    "employment_week": ("agent.hired_on",),
}
"""Core relation to what it is made of: landing tables, or single columns of them."""

OUTCOMES = {
    "escalated": "escalation",
    "offered": "offer",
    "upsell_sold": "offer",
    "cross_sell_sold": "offer.kind",
    "sold_amount": "offer.amount",
    "csat_norm": "survey_response.csat_raw",
    "felt_heard_norm": "survey_response.felt_heard",
    "left_in_week": "agent.left_on",
    "churned_90d": "customer_event",
    "referred_90d": "customer_event",
}
"""Columns of core relations that are made of another table, or of a column under another name."""

_OPTIONAL = frozenset(("interaction.eligible", "qa_evaluation.calibration", "qa_evaluation.empathy_score"))
"""Columns without which a KPI that names them is known all the same."""


def needs(kpi: Kpi) -> tuple[str, ...]:
    """Return the landing tables (``escalation``) and columns (``interaction.handle_s``) a KPI is made of, tables last.

    Parameters
    ----------
    kpi : Kpi
    """
    wanted = [*MADE_OF.get(kpi.base, ()), *MADE_OF.get(kpi.exposed_to, ())]
    said = f"{kpi.where} {kpi.numerator}"
    wanted += [made_of for column, made_of in OUTCOMES.items() if column in said]
    contract = CONTRACTS.get(kpi.base)
    if contract is not None:
        named = said.replace("(", " ").replace(")", " ").replace(",", " ").split()
        wanted += [f"{kpi.base}.{item.name}" for item in contract if item.name in named and not item.required]
    if "'complaint'" in said:
        wanted.append("escalation.kind")
    wanted += [name.partition(".")[0] for name in wanted]
    return tuple(name for name in dict.fromkeys(wanted) if name not in _OPTIONAL)


def missing_for(kpi: Kpi, known: Collection[str]) -> tuple[str, ...]:
    """Return the tables and columns that a KPI needs and nothing fills.

    Parameters
    ----------
    kpi : Kpi
    known : collection of str
        Landing tables and columns (``table.column``) that are filled.
    """
    missing = [name for name in needs(kpi) if name not in known]
    return tuple(name for name in missing if "." not in name or name.partition(".")[0] not in missing)


def in_words(name: str) -> str:
    """Return a table or column with what it is: ``escalation (one escalation or complaint)``.

    Parameters
    ----------
    name : str
        As :func:`needs` gives it.
    """
    table, _, column = name.partition(".")
    if column:
        return f"{column} of {table} ({CONTRACTS[table][column].doc.split(';')[0].rstrip('.').lower()})"
    doc = CONTRACTS[table].doc.split(":")[0].split(". ")[0].rstrip(".")
    return f"{table} ({doc[0].lower()}{doc[1:]})"


def what_to_export(missing: Iterable[tuple[Kpi, tuple[str, ...]]]) -> tuple[str, ...]:
    """Return one phrase per set of missing exports, with the KPIs that wait for it.

    Parameters
    ----------
    missing : iterable of (Kpi, tuple of str)
        KPIs with what :func:`missing_for` found.
    """
    waiting: dict[tuple[str, ...], list[str]] = {}
    for kpi, names in missing:
        waiting.setdefault(names, []).append(kpi.label)
    return tuple(
        f"{' and '.join(map(in_words, names))} for {', '.join(labels)}" for names, labels in waiting.items() if names
    )
