"""Small worlds drawn at random, and the exports of them.

What is drawn has the properties of real exports in any combination: files that overlap, records sent twice or newer,
records that contradict each other, withheld numbers, columns that are missing, titles above the header and totals below
the data, workbooks with typed cells, compressed files and UTF-16, times and durations in every way they are saved,
amounts in every locale, yes and no in several languages and words nobody knows, ids that a spreadsheet rounded, names
of teams that differ in nothing seen, outcomes exported late and with gaps, contacts in two sources, invitations apart
from answers, people who come back, completions that are voided, and corrections. Contacts, escalations and surveys come
from a table, or from a system of their own (:mod:`benchmarks.random_systems`).
"""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import random
from collections.abc import Iterable, Mapping
from typing import Any

from benchmarks.random_systems import KINDS_OF_BAD, SECTIONS, genesys, qualtrics, salesforce, zendesk

FIRST = dt.datetime(2025, 3, 3)
WEEKS = 4
AGENTS = ("E1", "E2", "E3", "E4")
WITHHELD = ("anonymous", "0000", "Restricted", "unbekannt", "n/a", "+000000", "Private", "(null)", "#N/A", "k.A.")
WORDS = (("true", "false"), ("WAHR", "FALSCH"), ("oui", "non"), ("sí", "no"), ("Y", "N"), ("1", "0"), ("Ja", "Nein"))
TIMES = ("iso", "offset", "epoch", "epoch with decimals", "milliseconds", "serial", "american", "german", "two columns")
LASTING = ("seconds", "clock", "short", "words", "iso")
AMOUNTS = {"en": (",", "."), "de": (".", ","), "ch": ("'", "."), "fr": ("\u202f", ","), "plain": ("", ".")}
TEAMS = ("Team A", "TEAM a ", "Team A\u200b", "\uff34eam A")
BAD = ("word", "rounded", "total", "footer", "no time")
DAY_NOUGHT = dt.datetime(1899, 12, 30)
"""From which workbooks count days."""


def world(rng: random.Random) -> dict[str, Any]:
    """Contacts with what came of them, and how the exports of them are made.

    Parameters
    ----------
    rng : random.Random
    """
    contacts = []
    for number in range(rng.randint(20, 60)):
        minutes = rng.randint(0, WEEKS * 7 * 24 * 60 - 1)
        contacts.append(
            {
                "id": f"c{number}", "agent": rng.choice((*AGENTS, None)), "at": FIRST + dt.timedelta(minutes=minutes),
                "customer": rng.choice((None, rng.choice(WITHHELD), "K1", "K2", "K3", "K4")),
                "handle": rng.choice((None, rng.randint(0, 5000), rng.randint(60, 900))),
                "moved": rng.choice((None, True, False)), "escalated": rng.randint(0, 3) == 0,
                "invited": rng.random() < 0.5, "score": rng.choice((None, rng.randint(1, 5))),
                "offer": rng.choice((None, None, {"sold": rng.random() < 0.5, "amount": rng.randint(1, 2_000_000),
                                                  "cancelled": False})),
            }
        )  # fmt: skip
    for contact in contacts:
        if contact["offer"] and contact["offer"]["sold"]:
            contact["offer"]["cancelled"] = rng.randint(0, 4) == 0
    calls_in = rng.choice(("table", "table", "table", "genesys"))
    answers_in = rng.choice(("table", "qualtrics", "genesys" if calls_in == "genesys" else "table"))
    lacking = {name for name in ("customer", "handle", "moved") if calls_in == "table" and rng.randint(0, 5) == 0}
    for contact in contacts:
        contact.update(dict.fromkeys(lacking))
        if calls_in == "genesys":
            contact["moved"] = bool(contact["moved"])  # a conversation tells of every transfer
        if answers_in == "genesys" and not contact["invited"]:
            contact["score"] = None
    workbook = calls_in == "table" and rng.randint(0, 5) == 0
    return {
        "contacts": contacts, "lacking": lacking, "workbook": workbook, "calls_in": calls_in, "answers_in": answers_in,
        "escalations_in": rng.choice(("table", "table", "zendesk", "salesforce")), "embedded": rng.random() < 0.5,
        "gap": rng.choice((None, None, (rng.randint(2, 18), rng.randint(3, 14)))), "typed_times": rng.random() < 0.7,
        "capitals": rng.random() < 0.3, "nothing": rng.choice(("", "", "-", "NULL", "#N/A")),
        "escalations_from": rng.choice((0, 0, 1, 2)), "offers_from": rng.choice((0, 0, 1, 2)),
        "cut": rng.randint(0, len(contacts)), "overlap": rng.randint(0, 5), "twice": rng.random() < 0.5,
        "older": "handle" not in lacking and rng.random() < 0.5,
        "time": rng.choice(TIMES), "lasting": rng.choice(LASTING), "yes": rng.choice(WORDS),
        "amount": rng.choice(tuple(AMOUNTS)), "bad": rng.sample(BAD, rng.choice((0, 0, 1, 2))),
        "conflict": rng.randint(0, 3) == 0,
        "left": rng.choice((None, rng.randint(0, WEEKS * 7))), "back": rng.choice((None, rng.randint(1, 14))),
        "leaving_said": rng.randint(0, 3) > 0, "teams": [rng.choice(TEAMS) for _ in AGENTS],
        "sep": not workbook and rng.random() < 0.5, "utf16": rng.random() < 0.5, "gzip": rng.random() < 0.5,
        "titles": rng.randint(0, 2), "header": rng.choice(("as is", "upper", "lower", "spaced")),
        "empty_header": rng.random() < 0.3, "twin": rng.choice((None, None, "named", "unnamed")),
        "trained": [agent for agent in AGENTS if rng.random() < 0.6], "voided": rng.choice((None, *AGENTS)),
        "voided_first": rng.random() < 0.5, "withdrawn": rng.choice((None, None, *AGENTS)),
    }  # fmt: skip


def day(contact: Mapping[str, Any]) -> int:
    """Day of the world a contact is on."""
    return int((contact["at"] - FIRST).days)


# ---- how values are saved


def _lasting(seconds: int | None, how: str) -> str:
    if seconds is None:
        return ""
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    return {
        "seconds": str(seconds), "clock": f"{hours}:{minutes:02}:{rest:02}",
        "short": f"{seconds // 60}:{rest:02}" if seconds < 3600 else f"{hours}:{minutes:02}:{rest:02}",
        "words": f"{hours}h {minutes:02}m {rest:02}s" if hours else f"{minutes}m {rest:02}s",
        "iso": f"PT{hours}H{minutes}M{rest}S",
    }[how]  # fmt: skip


def _serial(at: dt.datetime) -> float:
    """Days as a workbook counts them."""
    return (at - DAY_NOUGHT) / dt.timedelta(days=1)


def _instant(at: dt.datetime, how: str) -> str:
    seconds = int(at.replace(tzinfo=dt.UTC).timestamp())
    return {
        "iso": f"{at}", "offset": f"{at + dt.timedelta(hours=2):%Y-%m-%dT%H:%M:%S}+02:00", "epoch": str(seconds),
        "epoch with decimals": f"{seconds}.0", "milliseconds": str(seconds * 1000), "serial": f"{_serial(at):.9f}",
        "american": f"{at:%m/%d/%Y %I:%M:%S %p}", "german": f"{at:%d.%m.%Y %H:%M}",
        "two columns": f"{at:%Y-%m-%d;%H:%M:%S}",
    }[how]  # fmt: skip


def _amount(cents: int, locale: str) -> str:
    thousands, decimal = AMOUNTS[locale]
    return f"{cents / 100:,.2f}".translate({ord(","): thousands, ord("."): decimal})


def _rows(world: Mapping[str, Any], contacts: Iterable[Mapping[str, Any]], older: bool = False) -> list[list[Any]]:
    """Cells of contacts; those of a workbook have types."""
    yes, no = world["yes"]
    found = []
    for contact in contacts:
        handle = contact["handle"] + 7 if older and contact["handle"] is not None else contact["handle"]
        cells: list[Any] = [contact["id"], contact["agent"] or world["nothing"]]
        if world["workbook"]:
            cells.append(contact["at"] if world["typed_times"] else _serial(contact["at"]))
        else:
            cells += _instant(contact["at"], world["time"]).split(";")
        cells.append("Voice" if world["capitals"] else "voice")
        if "customer" not in world["lacking"]:
            cells.append(contact["customer"] or "")
        if "handle" not in world["lacking"]:
            typed = world["workbook"] and handle is not None
            said = _lasting(handle, world["lasting"]) or world["nothing"]
            cells.append(dt.timedelta(seconds=handle) if typed else said)
        if "moved" not in world["lacking"]:
            moved = contact["moved"]
            cells.append(world["nothing"] if moved is None else moved if world["workbook"] else yes if moved else no)
        found.append(cells)
    return found


def _head(world: Mapping[str, Any]) -> list[str]:
    two = world["time"] == "two columns" and not world["workbook"]
    names = ["Contact ID", "Agent", *(("Day", "Clock") if two else ("Started",)), "Channel"]
    names += [
        name
        for field, name in (("customer", "ANI"), ("handle", "Handle"), ("moved", "Moved"))
        if field not in world["lacking"]
    ]
    change = {"as is": str, "upper": str.upper, "lower": str.lower, "spaced": lambda name: f" {name} "}[world["header"]]
    return [change(name) for name in names] + ([""] if world["empty_header"] else [])


def bad_rows(world: Mapping[str, Any]) -> list[list[Any]]:
    """Rows that have to be refused, each with a reason."""
    width = len(_rows(world, world["contacts"][:1])[0])
    found: list[list[Any]] = []
    for kind in bad_kinds(world):
        extra = {"id": f"x{kind}", "agent": "E2", "at": FIRST + dt.timedelta(days=9), "customer": None, "handle": None}
        (row,) = _rows(world, [{**extra, "moved": None}])
        if kind == "word":
            row[-1] = "jein"
        elif kind == "rounded":
            row[0] = 4.30001e17 if world["workbook"] else "4.30001E+17"
        elif kind == "total":
            row = ["Total", *[""] * (width - 2), "412"]
        elif kind == "footer":
            row = ["Printed on 2 April 2025"]
        else:
            row[2] = ""
        found.append(row)
    return found


def bad_kinds(world: Mapping[str, Any]) -> list[str]:
    """Those of the drawn kinds of wrong rows that a world with its columns can have."""
    two = world["time"] == "two columns" and not world["workbook"]
    if world["calls_in"] != "table":
        return [kind for kind in world["bad"] if kind in KINDS_OF_BAD[world["calls_in"]]]
    return [
        kind
        for kind in world["bad"]
        if not (kind == "word" and "moved" in world["lacking"]) and not (kind == "no time" and two)
    ]


def _conflicting(world: Mapping[str, Any]) -> list[list[Any]]:
    """Two rows of one file with one key that contradict each other, and nothing that orders them."""
    if not world["conflict"]:
        return []
    at = FIRST + dt.timedelta(days=10)
    extra = {"id": "two", "agent": "E2", "customer": None, "handle": None, "moved": None}
    return _rows(world, [{**extra, "at": at}, {**extra, "at": at + dt.timedelta(hours=1)}])


# ---- files


def _text(world: Mapping[str, Any], rows: list[list[Any]]) -> bytes:
    end = ";" if world["empty_header"] else ""  # a last column that has no name, and nothing in it
    lines = [";".join(_head(world)), *(";".join(map(str, row)) + end for row in rows), ""]
    lines = [f"Calls, page {number}" for number in range(world["titles"])] + lines
    content = "\n".join(["sep=;", *lines] if world["sep"] else lines).encode("utf-16" if world["utf16"] else "utf-8")
    return gzip.compress(content) if world["gzip"] else content


def _workbook(world: Mapping[str, Any], rows: list[list[Any]]) -> bytes:
    import xlsxwriter

    kept = io.BytesIO()
    with xlsxwriter.Workbook(kept, {"default_date_format": "yyyy-mm-dd hh:mm:ss"}) as book:
        sheet, lasting = book.add_worksheet(), book.add_format({"num_format": "[h]:mm:ss"})
        for number in range(world["titles"]):
            sheet.write(number, 0, f"Calls, page {number}")
        for number, row in enumerate([_head(world), *rows], start=world["titles"]):
            for place, cell in enumerate(row):
                if isinstance(cell, dt.timedelta):
                    sheet.write_number(number, place, cell.total_seconds() / 86400, lasting)
                elif cell != "":
                    sheet.write(number, place, cell)
    return kept.getvalue()


def written(world: Mapping[str, Any]) -> dict[str, str | bytes]:
    """The world as files.

    Parameters
    ----------
    world : mapping
        As :func:`world` draws it.
    """
    contacts = world["contacts"]
    files = dict(_calls(world)) if world["calls_in"] == "table" else dict(genesys(world, bad_kinds(world)))
    if world["escalations_in"] != "table":
        files |= {"zendesk": zendesk, "salesforce": salesforce}[world["escalations_in"]](world, escalations(world))
    else:
        files["esc.csv"] = "id,contact,agent,kind,at\n" + "".join(
            f"e{contact['id']},{contact['id']},{contact['agent'] or ''},{'Tier2' if world['capitals'] else 'tier2'},"
            f"{contact['at']}\n"
            for contact in escalations(world)
        )
    files["offers.csv"] = "id;contact;kind;at;sold;amount;off\n" + "".join(
        f"o{c['id']};{c['id']};upsell;{c['at']};{world['yes'][not c['offer']['sold']]};"
        f"{_amount(c['offer']['amount'], world['amount'])};{c['at'] if c['offer']['cancelled'] else ''}\n"
        for c in offers(world)
    )
    if world["answers_in"] == "qualtrics":
        files |= qualtrics(world)
    elif world["answers_in"] == "table":
        files["invitations.csv"] = "id,contact,sent\n" + "".join(
            f"i{contact['id']},{contact['id']},{contact['at']}\n" for contact in contacts if contact["invited"]
        )
        files["answers.csv"] = "id,contact,at,score\n" + "".join(
            f"a{contact['id']},{contact['id']},{contact['at']},{contact['score']}\n"
            for contact in contacts
            if contact["score"] is not None
        )
    if world["twin"]:
        files["archive.csv"] = "id,agent,at,channel\n" + "".join(
            f"{contact['id']},{contact['agent'] or ''},{contact['at']},voice\n" for contact in contacts[::3]
        )
    return {**files, **_staff(world), **_courses(world)}


def _calls(world: Mapping[str, Any]) -> dict[str, str | bytes]:
    contacts, cut, overlap = world["contacts"], world["cut"], world["overlap"]
    first = [*_rows(world, contacts[:cut]), *_rows(world, contacts[cut : cut + overlap], older=world["older"])]
    second = _rows(world, contacts[cut:])
    if world["twice"]:
        second = [*second, *second[:3]]
    second += [*_conflicting(world), *bad_rows(world)]
    save, ending = (_workbook, "xlsx") if world["workbook"] else (_text, "csv")
    return {f"calls.{ending}": save(world, first), f"calls (1).{ending}": save(world, second)}


def _staff(world: Mapping[str, Any]) -> dict[str, str]:
    rows = [(str(n), agent, "2024-01-08", "") for n, agent in enumerate(AGENTS[1:], start=2)]
    rows += [("1", "E1", str(hired), str(left or "0000-00-00")) for hired, left in employments(world)]
    if world["leaving_said"]:
        lines = ["id,employeeNumber,hireDate,terminationDate,location", *(f"{','.join(row)},Lyon" for row in rows), ""]
    else:
        lines = ["id,employeeNumber,hireDate,location", *(f"{','.join(row[:3])},Lyon" for row in rows[:4]), ""]
    jobs = [f"{n},2024-01-08,{team},Lyon" for n, team in enumerate(world["teams"], start=1)]
    return {
        "employees.csv": "\n".join(lines),
        "jobs.csv": "\n".join(["employeeId,date,department,location", *jobs, ""]),
    }


def _courses(world: Mapping[str, Any]) -> dict[str, str]:
    said: list[dict[str, Any]] = []
    for number, agent in enumerate(world["trained"]):
        at = f"2025-03-1{number}T09:00:00Z"
        said.append(
            {"id": f"s{agent}", "actor": {"account": {"name": agent}},
             "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
             "object": {"objectType": "Activity", "id": "https://lms.example/EMP101"}, "timestamp": at, "stored": at}
        )  # fmt: skip
    if world["voided"]:
        at = "2025-03-20T09:00:00Z"
        voiding = {"id": "v", "actor": {"account": {"name": "admin"}},
                   "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"}, "timestamp": at, "stored": at,
                   "object": {"objectType": "StatementRef", "id": f"s{world['voided']}"}}  # fmt: skip
        said.insert(0 if world["voided_first"] else len(said), voiding)
    withdrawn = ""
    if world["withdrawn"] in trained(world, before_corrections=True):
        withdrawn = f"training,{world['withdrawn']},EMP101,withdraw,,,an officer,2025-04-01 09:00:00,never attended\n"
    head = "table_name,source_agent_id,entry,action,field,value,corrected_by,corrected_at,why\n"
    files = {"corrections.csv": head + withdrawn}
    if said:  # an export without a statement is an empty file, which is refused
        files["x.jsonl"] = "".join(json.dumps(item) + "\n" for item in said)
    return files


def configuration(world: Mapping[str, Any]) -> str:
    """The sections of empathy.toml that read the files of a world, below those of project, sites and courses."""
    two = world["time"] == "two columns" and not world["workbook"]
    started = '["Day", "Clock"]' if two else '"Started"'
    formats = {"american": "%m/%d/%Y %I:%M:%S %p", "german": "%d.%m.%Y %H:%M"}
    date_format = "" if world["workbook"] else formats.get(world["time"], "")
    asked = [f"header_row = {world['titles'] + 1}"] + ([f'date_format = "{date_format}"'] if date_format else [])
    columns = [
        f'{name} = "{own}"'
        for field, name, own in (
            ("customer", "source_customer_id", "ANI"), ("handle", "handle_s", "Handle"),
            ("moved", "transferred", "Moved"),
        )
        if field not in world["lacking"]
    ]  # fmt: skip
    decimal = AMOUNTS[world["amount"]][1]
    text = """
[sources.staff]
format = "bamboohr"
path = ["employees.csv", "jobs.csv"]
timezone = "UTC"
"""
    calls = f"""[sources.calls]
format = "tabular"
table = "interaction"
path = "calls*.{"xlsx" if world["workbook"] else "csv"}"
timezone = "UTC"
max_reject_share = 1.0
options = {{ {", ".join(asked)} }}
columns = {{ interaction_id = "Contact ID", source_agent_id = "Agent", started_at = {started}, channel = "Channel"{
        "".join(f", {column}" for column in columns)
    } }}
"""
    systems = [world[name] for name in ("calls_in", "escalations_in", "answers_in")]
    text += calls if world["calls_in"] == "table" else ""
    text += "".join(SECTIONS[name] for name in dict.fromkeys(systems) if name != "table")
    for name, table, file, mapping, more in (
        ("esc", "escalation", "esc.csv", 'escalation_id = "id", interaction_id = "contact", source_agent_id = "agent"',
         "optional = true"),
        ("offers", "offer", "offers.csv", 'offer_id = "id", interaction_id = "contact", made_at = "at", '
         'accepted = "sold", cancelled_at = "off"', f'optional = true\noptions = {{ decimal = "{decimal}" }}'),
        ("invitations", "survey_response", "invitations.csv",
         'response_id = "id", interaction_id = "contact", invited_at = "sent"', "optional = true"),
        ("answers", "survey_response", "answers.csv",
         'response_id = "id", interaction_id = "contact", answered_at = "at", csat_raw = "score"', "optional = true"),
        ("archive", "interaction", "archive.csv",
         'interaction_id = "id", source_agent_id = "agent", started_at = "at"', ""),
        ("corrections", "correction", "corrections.csv", "", "optional = true"),
    ):  # fmt: skip
        place = {"esc": "escalations_in", "invitations": "answers_in", "answers": "answers_in"}.get(name)
        if world["twin"] if name == "archive" else place is None or world[place] == "table":
            said = f'[sources.{name}]\nformat = "tabular"\ntable = "{table}"\npath = "{file}"\ntimezone = "UTC"\n'
            text += f"{said}{more}\ncolumns = {{ {mapping} }}\n"
    text += '[sources.lms]\nformat = "xapi"\npath = "x.jsonl"\noptional = true\n'
    if world["twin"] == "named":
        text += '[identity]\nsame_contacts = [["archive", "calls"]]\n'
    return text


# ---- what the files say


def employments(world: Mapping[str, Any]) -> list[tuple[dt.date, dt.date | None]]:
    """Of agent E1; all others stay."""
    hired = dt.date(2024, 1, 8)
    if world["left"] is None:
        return [(hired, None)]
    left = FIRST.date() + dt.timedelta(days=world["left"])
    back = [] if world["back"] is None else [(left + dt.timedelta(days=world["back"]), None)]
    return [(hired, left), *back]


def trained(world: Mapping[str, Any], before_corrections: bool = False) -> set[str]:
    """Agents whose completion counts."""
    gone = {world["voided"]} if before_corrections else {world["voided"], world["withdrawn"]}
    return set(world["trained"]) - gone


def _delivered(world: Mapping[str, Any], contact: Mapping[str, Any], week: int) -> bool:
    """Whether an export of outcomes that begins in a week, and may have a gap, names a contact."""
    first, length = world["gap"] or (0, 0)
    return day(contact) >= 7 * week and not first <= day(contact) < first + length


def escalations(world: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Contacts that the export of escalations names."""
    return [
        contact
        for contact in world["contacts"]
        if contact["escalated"] and contact["agent"] and _delivered(world, contact, world["escalations_from"])
    ]


def offers(world: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Contacts that the export of offers names."""
    return [
        contact
        for contact in world["contacts"]
        if contact["offer"] and contact["agent"] and _delivered(world, contact, world["offers_from"])
    ]
