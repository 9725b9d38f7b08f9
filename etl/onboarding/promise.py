"""Which KPIs a proposed configuration will give, and what has to be exported for the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from etl.configuration.kpis import Kpi, load
from etl.contracts.tables import CONTRACTS
from etl.onboarding.inventory import Found
from etl.sources.format import get

NEEDS: Mapping[str, tuple[str, ...]] = {
    "interaction": ("interaction",),
    "customer_contact": ("interaction.source_customer_id",),
    "survey_response": ("survey_response",),
    "escalation": ("escalation",),
    "offer": ("offer",),
    "agent_day": ("agent_day",),
    "qa_evaluation": ("qa_evaluation",),
    "employment_week": ("agent.hired_on", "agent.left_on"),
}
"""Core relation to what it is made of: landing tables, or single columns of them."""

OUTCOMES = {
    "escalated": "escalation",
    "offered": "offer",
    "upsell_sold": "offer",
    "cross_sell_sold": "offer",
    "sold_amount": "offer.amount",
    "csat_norm": "survey_response.csat_raw",
    "felt_heard_norm": "survey_response.felt_heard",
    "churned_90d": "customer_event",
    "referred_90d": "customer_event",
}
"""Columns of core relations that are made of another table, or of a column under another name."""


def held(sources: Sequence[Found]) -> frozenset[str]:
    """Return the landing tables and columns (``table.column``) that proposed sources fill.

    Parameters
    ----------
    sources : sequence of Found
    """
    found: set[str] = set()
    for source in sources:
        for file in source.files:
            proposal = file.proposal
            if proposal is None:
                for table in get(source.format).tables:
                    found |= {table, *(f"{table}.{name}" for name in CONTRACTS[table].column_names)}
                continue
            tables = {proposal.table: proposal.columns, **{t: part["columns"] for t, part in proposal.also.items()}}
            for table, columns in tables.items():
                found |= {table, *(f"{table}.{name}" for name in columns)}
    return frozenset(found)


def missing_for(kpi: Kpi, known: frozenset[str]) -> tuple[str, ...]:
    """Return the tables and columns that a KPI needs and nothing fills.

    Parameters
    ----------
    kpi : Kpi
    known : frozenset of str
        As :func:`held` gives them.
    """
    wanted = [*NEEDS.get(kpi.base, ()), *NEEDS.get(kpi.exposed_to, ())]
    said = f"{kpi.where} {kpi.numerator}"
    wanted += [made_of for column, made_of in OUTCOMES.items() if column in said]
    contract = CONTRACTS.get(kpi.base)
    if contract is not None:
        named = said.replace("(", " ").replace(")", " ").replace(",", " ").split()
        wanted += [f"{kpi.base}.{item.name}" for item in contract if item.name in named and not item.required]
    wanted += [name.partition(".")[0] for name in wanted]
    optional = {"interaction.eligible", "qa_evaluation.calibration"}
    missing = [name for name in dict.fromkeys(wanted) if name not in known and name not in optional]
    return tuple(name for name in missing if "." not in name or name.partition(".")[0] not in missing)


def promise(sources: Sequence[Found]) -> tuple[str, ...]:
    """Return lines that say which KPIs there will be, and for the others what to export.

    Parameters
    ----------
    sources : sequence of Found
    """
    known = held(sources)
    given: list[str] = []
    lacking: dict[tuple[str, ...], list[str]] = {}
    for kpi in load().values():
        missing = missing_for(kpi, known)
        if missing:
            lacking.setdefault(missing, []).append(kpi.label)
        else:
            given.append(kpi.label)
    lines = [f"You will get {len(given)} KPIs: {', '.join(given)}." if given else "These files give no KPI yet."]
    for missing, labels in lacking.items():
        what = " and ".join(_in_words(name) for name in missing)
        lines.append(f"Not {', '.join(labels)}: for {'it' if len(labels) == 1 else 'them'}, export {what}.")
    if "training" not in known:
        lines.append("No training records: no effect can be judged until you export who completed which course, when.")
    return tuple(lines)


def _in_words(name: str) -> str:
    table, _, column = name.partition(".")
    if column:
        return f"{column} of {table} ({CONTRACTS[table][column].doc.split(';')[0].rstrip('.').lower()})"
    doc = CONTRACTS[table].doc.split(":")[0].rstrip(".")
    return f"{table} ({doc[0].lower()}{doc[1:]})"
