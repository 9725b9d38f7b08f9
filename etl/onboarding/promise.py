"""Which KPIs a proposed configuration will give, and what has to be exported for the others."""

from __future__ import annotations

from collections.abc import Sequence

from etl.configuration.kpis import load
from etl.contracts.kpi_needs import missing_for, what_to_export
from etl.contracts.tables import CONTRACTS
from etl.onboarding.inventory import Found
from etl.sources.format import get


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


def promise(sources: Sequence[Found]) -> tuple[str, ...]:
    """Return lines that say which KPIs there will be, and for the others what to export.

    Parameters
    ----------
    sources : sequence of Found
    """
    known = held(sources)
    transcripts = "utterance" in known
    known = frozenset(name for name in known if name.partition(".")[0] != "utterance")  # off until it is switched on
    missing = [(kpi, missing_for(kpi, known)) for kpi in load().values()]
    given = [kpi.label for kpi, names in missing if not names]
    lines = [f"You will get {len(given)} KPIs: {', '.join(given)}." if given else "These files give no KPI yet."]
    if transcripts:
        heard = [kpi.label for kpi, names in missing if names == ("utterance",)]
        missing = [(kpi, names) for kpi, names in missing if names != ("utterance",)]
        lines.append(f"Not yet: set [conversations] read = true for {', '.join(heard)}.")
    lines += [f"Not yet: export {phrase}." for phrase in what_to_export(missing)]
    if "training" not in known:
        lines.append("No training records: no effect can be judged until you export who completed which course, when.")
    return tuple(lines)
