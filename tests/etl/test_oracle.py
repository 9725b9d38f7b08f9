"""KPIs of small worlds drawn at random, against a recomputation in plain Python that shares no code with the product.

What is drawn has the properties of real exports in any combination: files that overlap, records sent twice, withheld
numbers, titles above the header, compressed files, names of teams in another case, durations as clocks, yes and no in
German, escalations exported late, invitations apart from answers, people who come back. Every cell of every week has to
agree.
"""

from __future__ import annotations

import datetime as dt
import gzip
import math
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.etl.real_exports import read

FIRST = dt.datetime(2025, 3, 3, 8)
WEEKS = 4
AGENTS = ("E1", "E2", "E3", "E4")


@st.composite
def worlds(draw: st.DrawFn) -> dict[str, Any]:
    """Contacts with what came of them, and how the exports of them are made."""
    contacts = []
    for number in range(draw(st.integers(20, 60))):
        minutes = draw(st.integers(0, WEEKS * 7 * 24 * 60 - 1))
        contacts.append(
            {
                "id": f"c{number}", "agent": draw(st.sampled_from((*AGENTS, None))),
                "at": FIRST.replace(hour=0) + dt.timedelta(minutes=minutes),
                "customer": draw(st.sampled_from((None, "anonymous", "0000", "K1", "K2", "K3", "K4"))),
                "handle": draw(st.none() | st.integers(0, 5000)), "moved": draw(st.sampled_from((None, True, False))),
                "escalated": draw(st.integers(0, 3)) == 0, "invited": draw(st.booleans()),
                "score": draw(st.none() | st.integers(1, 5)),
            }
        )  # fmt: skip
    return {
        "contacts": contacts,
        "escalations_from": draw(st.sampled_from((0, 0, 1, 2))),
        "cut": draw(st.integers(0, len(contacts))), "overlap": draw(st.integers(0, 5)), "twice": draw(st.booleans()),
        "clock": draw(st.booleans()),
        "yes": draw(st.sampled_from((("true", "false"), ("WAHR", "FALSCH"), ("oui", "non")))),
        "left": draw(st.none() | st.integers(0, WEEKS * 7)), "back": draw(st.none() | st.integers(1, 14)),
        "sep": draw(st.booleans()), "utf16": draw(st.booleans()), "gzip": draw(st.booleans()),
        "titles": draw(st.integers(0, 2)),
    }  # fmt: skip


def day(contact: Mapping[str, Any]) -> int:
    return int((contact["at"].date() - FIRST.date()).days)


def clock(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def written(world: Mapping[str, Any]) -> dict[str, str | bytes]:
    """The world as files."""
    yes, no = world["yes"]
    rows = []
    for contact in world["contacts"]:
        handle = contact["handle"]
        spoken = "" if handle is None else clock(handle) if world["clock"] else str(handle)
        moved = "" if contact["moved"] is None else yes if contact["moved"] else no
        said = (contact["id"], contact["agent"] or "", contact["at"], "voice", contact["customer"] or "", spoken, moved)
        rows.append(";".join(map(str, said)))
    head = "Contact ID;AGENT;started ;Channel;ANI;Handle;Moved"
    head = "".join(f"Calls, page {number}\n" for number in range(world["titles"])) + head
    head = f"sep=;\n{head}" if world["sep"] else head
    cut, overlap = world["cut"], world["overlap"]
    first, second = rows[: cut + overlap], rows[cut:]
    if world["twice"]:
        second = [*second, *second[:3]]
    encoding = "utf-16" if world["utf16"] else "utf-8"
    files: dict[str, str | bytes] = {}
    for name, lines in (("calls.csv", first), ("calls (1).csv", second)):
        content = "\n".join([head, *lines, ""]).encode(encoding)
        files[name] = gzip.compress(content) if world["gzip"] else content
    files["esc.csv"] = "id,contact,agent,kind,at\n" + "".join(
        f"e{contact['id']},{contact['id']},{contact['agent'] or ''},tier2,{contact['at']}\n"
        for contact in escalations(world)
    )
    files["invitations.csv"] = "id,contact,sent\n" + "".join(
        f"i{contact['id']},{contact['id']},{contact['at']}\n" for contact in world["contacts"] if contact["invited"]
    )
    files["answers.csv"] = "id,contact,at,score\n" + "".join(
        f"a{contact['id']},{contact['id']},{contact['at']},{contact['score']}\n"
        for contact in world["contacts"]
        if contact["score"] is not None
    )
    return {**files, **staff(world)}


def staff(world: Mapping[str, Any]) -> dict[str, str]:
    lines = [f"{n},{agent},2024-01-08,,Lyon" for n, agent in enumerate(AGENTS[1:], start=2)]
    for hired, left in employments(world):
        lines.append(f"1,E1,{hired},{left or '0000-00-00'},Lyon")
    jobs = [f"{n},2024-01-08,{('Team A', 'TEAM a ')[n % 2]},Lyon" for n in range(1, 5)]
    return {
        "employees.csv": "\n".join(["id,employeeNumber,hireDate,terminationDate,location", *lines, ""]),
        "jobs.csv": "\n".join(["employeeId,date,department,location", *jobs, ""]),
    }


def employments(world: Mapping[str, Any]) -> list[tuple[dt.date, dt.date | None]]:
    """Of agent E1; all others stay."""
    hired = dt.date(2024, 1, 8)
    if world["left"] is None:
        return [(hired, None)]
    left = FIRST.date() + dt.timedelta(days=world["left"])
    back = [] if world["back"] is None else [(left + dt.timedelta(days=world["back"]), None)]
    return [(hired, left), *back]


def escalations(world: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        contact
        for contact in world["contacts"]
        if contact["escalated"] and contact["agent"] and day(contact) >= 7 * world["escalations_from"]
    ]


def expected(world: Mapping[str, Any]) -> dict[str, dict[int, tuple[float, float]]]:
    """KPI to week to numerator and denominator; weeks without either are left out."""
    contacts = world["contacts"]
    handled = [contact for contact in contacts if contact["agent"]]
    kpis: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))

    def count(kpi: str, contact: Mapping[str, Any], value: float) -> None:
        cell = kpis[kpi][day(contact) // 7]
        cell[0] += value
        cell[1] += 1

    first, last = known_days(world)
    for contact in handled:
        if contact["handle"] is not None:
            count("aht_seconds", contact, contact["handle"])
        if contact["moved"] is not None:
            count("transfer_rate", contact, contact["moved"])
        if escalations(world) and first <= day(contact) <= last:
            count("escalation_rate", contact, contact in escalations(world))
        if contact["score"] is not None:
            count("csat_top2", contact, contact["score"] >= 4)
        if contact["invited"]:
            count("survey_response_rate", contact, contact["score"] is not None)
    end = max(contact["at"] for contact in contacts)
    week = dt.timedelta(days=7)
    for contact in contacts:
        who = contact["customer"]
        if who not in ("K1", "K2", "K3", "K4") or not contact["agent"] or contact["at"] + week > end:
            continue
        if contact["at"].date() > end.date() - week:
            continue
        later = [
            other
            for other in contacts
            if other["customer"] == who and (other["at"], other["id"]) > (contact["at"], contact["id"])
        ]
        again = any(other["at"] <= contact["at"] + week for other in later)
        count("fcr_7d", contact, not again and not contact["moved"])
    return {kpi: {at: (num, den) for at, (num, den) in cells.items()} for kpi, cells in kpis.items()}


def known_days(world: Mapping[str, Any]) -> tuple[int, int]:
    """First and last day of which the export of escalations speaks: the 1% rule, written down once more."""
    rows = escalations(world)
    if not rows:
        return 0, -1
    days = sorted(day(row) for row in rows)
    all_days = [day(contact) for contact in world["contacts"] if contact["agent"]]
    first, last = days[0], days[-1]
    before, after = sum(d < first for d in all_days), sum(d > last for d in all_days)
    total = len(all_days)
    surprising = 0.01

    def empty(rate_over: int, contacts: int) -> bool:
        return math.exp(-(len(rows) - 1) * contacts / max(rate_over, 1)) < surprising

    late, early = empty(total - before, before), empty(total - after, after)
    later_over = total - before - after if early else total - before
    sooner_over = total - before - after if late else total - after
    known_from, known_to = 0, 10_000
    if empty(later_over, before):
        monday = first // 7 * 7
        partly = sum(monday <= d < first for d in all_days)
        known_from = first if empty(later_over, partly) else monday
    if empty(sooner_over, after):
        sunday = last // 7 * 7 + 6
        partly = sum(last < d <= sunday for d in all_days)
        known_to = last if empty(sooner_over, partly) else sunday
    return known_from, known_to


TOML = """
[sources.staff]
format = "bamboohr"
path = ["employees.csv", "jobs.csv"]
[sources.calls]
format = "tabular"
table = "interaction"
path = "calls*.csv"
[sources.calls.columns]
interaction_id = "Contact ID"
source_agent_id = "Agent"
started_at = "Started"
channel = "Channel"
source_customer_id = "ANI"
handle_s = "Handle"
transferred = "Moved"
[sources.esc]
format = "tabular"
table = "escalation"
path = "esc.csv"
optional = true
columns = { escalation_id = "id", interaction_id = "contact", source_agent_id = "agent", kind = "kind", at = "at" }
[sources.invitations]
format = "tabular"
table = "survey_response"
path = "invitations.csv"
columns = { response_id = "id", interaction_id = "contact", invited_at = "sent" }
[sources.answers]
format = "tabular"
table = "survey_response"
path = "answers.csv"
columns = { response_id = "id", interaction_id = "contact", answered_at = "at", csat_raw = "score" }
"""


@settings(max_examples=7, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=worlds())
def test_every_cell_agrees_with_a_recomputation_in_plain_python(
    world: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder: Path = tmp_path_factory.mktemp("world")
    toml = TOML.replace("format =", 'timezone = "UTC"\nformat =')
    options = f"options = {{ header_row = {world['titles'] + 1} }}"
    toml = toml.replace('path = "calls*.csv"', f'path = "calls*.csv"\n{options}')
    found = read(folder, written(world), toml, staff=False, utc=True)
    assert found.reasons() == []
    wanted = expected(world)
    for kpi in ("aht_seconds", "transfer_rate", "escalation_rate", "csat_top2", "survey_response_rate", "fcr_7d"):
        cells = {
            (dt.date.fromisoformat(week) - FIRST.date()).days // 7: (num, den)
            for week, (num, den) in found.weekly(kpi).items()
            if den
        }
        assert cells == wanted.get(kpi, {}), kpi
    books = found.rows('select sum("read" - loaded - rejected - duplicate) from landing.file_manifest')
    assert books == [(0,)]
