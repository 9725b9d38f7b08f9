"""Which KPIs a proposed configuration gives, and the exports that the others need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from etl.configuration.kpis import load
from etl.configuration.model import Source
from etl.contracts.kpi_needs import missing_for, what_to_export
from etl.contracts.tables import CONTRACTS
from etl.errors import EmpathyError
from etl.onboarding.inventory import Export, Found
from etl.sources.format import Context, Sample, get


def held(sources: Sequence[Found]) -> frozenset[str]:
    """Return the landing tables and columns (``table.column``) that proposed sources fill.

    For a known system, a table or column counts where the sample has the fields it is read from, or where the proposal
    asks for them.

    Parameters
    ----------
    sources : sequence of Found
    """
    found: set[str] = set()
    for source in sources:
        for file in source.files:
            proposal = file.proposal
            if proposal is None:
                found |= _read_by_format(source, file)
                continue
            tables = {proposal.table: proposal.columns, **{t: part["columns"] for t, part in proposal.also.items()}}
            for table, columns in tables.items():
                found |= {table, *(f"{table}.{name}" for name in columns)}
            if proposal.also.get("offer", {}).get("constants", {}).get("kind") == "cross_sell":
                found.add("offer.kind")
    return frozenset(found)


def _read_by_format(source: Found, file: Export) -> set[str]:
    """Tables and columns that the format of a file reads from it."""
    known, said = get(source.format), file.recognition
    options = dict(said.options)
    columns: dict[str, str | list[str]] = {**said.columns}
    section = Source(format=source.format, path=file.path.name, options=options, columns=columns)
    try:
        tables = known.plan(Context(source.name, section, "UTC", file.sample)).tables
    except EmpathyError:  # file or open setting prevents reading; `empathy check` reports it
        tables = ()
    found: set[str] = set()
    asked = {key.partition(".")[2] for key in said.undecided if key.startswith("columns.")}
    for table in tables:
        needed = {item.name for item in CONTRACTS[table.table] if item.required and item.default == "NULL"}
        there = {name for name, field in table.fields.items() if _has(file.sample, field.source)}
        if table.each and not needed & {name for name in there if not _is_of_record(table.fields[name].source)}:
            continue  # a list, such as surveys, missing in all records
        there |= {*said.columns, *asked} & set(CONTRACTS[table.table].column_names)
        found |= {table.table, *(f"{table.table}.{name}" for name in there)}
    return found


def _is_of_record(source: str) -> bool:
    """Whether a JSON field is at the top level of the record, beside its lists."""
    return "." not in source


def _has(sample: Sample, source: str) -> bool:
    """Whether the sample has one of the fields that a column is read from."""
    names = source.split(" + ")
    if not sample.is_json:
        header = {name.casefold() for name in sample.header}
        return not header or names == ["file name"] or any(name.casefold() in header for name in names)
    return not sample.rows or any(next(_values(row, name.split(".")), None) for row in sample.rows for name in names)


def _values(record: Any, parts: Sequence[str]) -> Iterator[bool]:
    """A True for each value at a path, through lists on the way."""
    if isinstance(record, list):
        for item in record:
            yield from _values(item, parts)
    elif not parts:
        if record is not None:
            yield True
    elif isinstance(record, Mapping):
        if record.get("name") == parts[0]:  # a list of named values
            yield True
        if ".".join(parts) in record and record[".".join(parts)] is not None:
            yield True
        yield from _values(record.get(parts[0]), parts[1:])


SOLD_ALONE = ("offer_rate", "offer_acceptance")
"""KPIs that a sold flag cannot give, because it does not record offers."""


def sold_alone(sources: Sequence[Found]) -> bool:
    """Whether offers are known only from a sold flag."""
    tables = [{file.proposal.table, *file.proposal.also} for s in sources for file in s.files if file.proposal]
    own = any(file.proposal and file.proposal.table == "offer" for s in sources for file in s.files)
    own |= any("offer" in get(source.format).tables for source in sources if not source.files[0].proposal)
    return not own and any("offer" in found for found in tables)


def promise(sources: Sequence[Found]) -> tuple[str, ...]:
    """Return lines listing the KPIs available, and the exports that the others need.

    Parameters
    ----------
    sources : sequence of Found
    """
    known = held(sources)
    transcripts = "utterance" in known
    known = frozenset(name for name in known if name.partition(".")[0] != "utterance")  # not read by default
    left_out = SOLD_ALONE if sold_alone(sources) else ()
    missing = [(kpi, missing_for(kpi, known)) for kpi in load().values() if kpi.id not in left_out]
    given = [kpi.label for kpi, names in missing if not names]
    kpis = f"{len(given)} KPI{'s' if len(given) > 1 else ''}"
    lines = [f"You will get {kpis}: {', '.join(given)}." if given else "These files give no KPI yet."]
    if transcripts:
        heard = [kpi.label for kpi, names in missing if names == ("utterance",)]
        missing = [(kpi, names) for kpi, names in missing if names != ("utterance",)]
        lines.append(f"Not yet: set [conversations] read = true for {', '.join(heard)}.")
    lines += [f"Not yet: export {phrase}." for phrase in what_to_export(missing)]
    if left_out:
        labels = " and ".join(load()[name].label for name in left_out)
        lines.append(f"Left out: {labels}: the file says what was sold, not what was offered; export the offers.")
    if "agent_team" not in known:
        lines.append("No teams: training is judged team against team; export who was in which team, from when.")
    if "training" not in known:
        lines.append("No training records: no effect can be judged until you export who completed which course, when.")
    return tuple(lines)
