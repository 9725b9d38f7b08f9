"""Corrections on the record: an entry of a person that an export has wrong, who says so, when, and why."""

from __future__ import annotations

from collections.abc import Mapping

from etl.contracts.columns import ROW_VERSION, agent_id
from etl.contracts.grammar import Column, Contract, Knowledge, Rule
from etl.contracts.people import AGENT, AGENT_DAY, AGENT_TEAM, TRAINING

CORRECTABLE: Mapping[str, tuple[str, ...]] = {
    "agent": ("hired_on", "left_on", "leave_type", "site", "role", "employment"),
    "agent_team": ("team_id", "valid_from", "valid_to", "last_day", "site"),
    "agent_day": ("worked_s", "absent"),
    "training": (
        "course_id", "status", "assigned_at", "started_at", "completed_at", "planned_on", "planned_wave", "score",
    ),
}  # fmt: skip
"""Tables of which entries may be corrected, and the columns of each."""

ENTRY: Mapping[str, str] = {
    "agent": "cast(hired_on as varchar)",
    "agent_team": "cast(valid_from as varchar)",
    "agent_day": 'cast("day" as varchar)',
    "training": "course_id",
}
"""SQL of what tells the entries of one agent apart: the day it begins or is about, or the course."""

TABLES: Mapping[str, Contract] = {table.name: table for table in (AGENT, AGENT_TEAM, AGENT_DAY, TRAINING)}
"""Their contracts."""

_READ_AS = {"date": "date", "timestamp": "timestamp", "number": "double", "boolean": "boolean"}


def _rules() -> tuple[Rule, ...]:
    known = " or ".join(
        f"(table_name = '{table}' and list_contains([{', '.join(repr(name) for name in names)}], field))"
        for table, names in CORRECTABLE.items()
    )
    columns = ", ".join(f"{table}: {', '.join(names)}" for table, names in CORRECTABLE.items())
    rules = [
        Rule("names_a_field", "action = 'set' and field is null", "field is empty: which column is wrong?"),
        Rule(
            "field_of_table",
            f"action = 'set' and field is not null and not ({known})",
            f"field is no column that can be corrected ({columns})",
        ),
        Rule(
            "withdraws_whole",
            "action = 'withdraw' and field is not null",
            "an entry is withdrawn whole: leave field empty",
        ),
        Rule(
            "names_an_entry",
            "entry is null and table_name <> 'agent'",
            "entry is empty: which day or course is it about?",
        ),
    ]
    for kind, sql_type in _READ_AS.items():
        names = sorted(
            {c.name for t, fields in CORRECTABLE.items() for c in TABLES[t] if c.name in fields and c.type == kind}
        )
        listed = ", ".join(f"'{name}'" for name in names)
        rules.append(
            Rule(
                f"value_is_{kind}",
                f"list_contains([{listed}], field) and value is not null and try_cast(value as {sql_type}) is null",
                f"value cannot be read as the {kind} that field holds (write days as 2025-03-31, times in UTC)",
            )
        )
    for name in ("leave_type", "status"):
        contract = next(table for table in TABLES.values() if name in table)
        words = contract[name].domain
        rules.append(
            Rule(
                f"value_of_{name}",
                f"field = '{name}' and value is not null and not list_contains([{', '.join(map(repr, words))}], value)",
                f"value is not one of {', '.join(words)}",
            )
        )
    return tuple(rules)


CORRECTION = Contract(
    "correction",
    "One correction of one entry about a person: what an export has wrong, who says so, when and why.",
    ("table_name", "corrected_source", "source_agent_id", "entry", "field", "corrected_at"),
    (
        Column("table_name", "text", "Table of the wrong entry.", required=True, domain=tuple(CORRECTABLE)),
        agent_id(),
        Column(
            "corrected_source",
            "text",
            "The source, by its name in empathy.toml, whose entry is wrong; NULL takes every source with this id.",
        ),
        Column(
            "entry",
            "text",
            "Which entry: first day of a spell (agent, agent_team), the day (agent_day), or the course (training).",
        ),
        Column(
            "action",
            "text",
            "Whether a field is set, or the whole entry withdrawn.",
            domain=("set", "withdraw"),
            default="'set'",
        ),
        Column("field", "text", "Column of the table that is wrong; NULL when the entry is withdrawn."),
        Column("value", "text", "What is right; NULL when it is not known or there is none."),
        Column("corrected_by", "text", "Who says so.", required=True, free_text=True),
        Column("corrected_at", "timestamp", "When they said so.", required=True),
        Column("why", "text", "Why, in words.", required=True, free_text=True, max_length=2_000),
        ROW_VERSION,
    ),
    _rules(),
    happened_at="corrected_at",
    known_by=Knowledge("corrected_at < {at}"),
)
