"""Three more folders for :mod:`benchmarks.new_user`, of systems that have no module of their own or other files around.

- **spanish**: CSV files in Windows-1252 with Spanish headers, a title above and a total below each month's calls, day
  and time in two columns, durations in words, callers who withhold their number, staff who leave on 31/12/9999.
- **genesys**: packed conversations, a list of users that says whose each id is, and two workbooks of a personnel and a
  learning system.
- **flat**: one workbook: calls with their ratings, agents by name, and training, a sheet each.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xlsxwriter

if TYPE_CHECKING:
    from benchmarks.new_user import Contact, World

MONDAY = dt.datetime(2025, 1, 6, 8)
SITES = ("Sevilla", "Bogotá")


def _trained_on(week: int, agent: int) -> dt.datetime:
    return MONDAY + dt.timedelta(weeks=week, days=agent % 5, hours=6)


def _site(agent: int, here: World) -> str:
    return SITES[here.team_of[agent] % 2]


def _by(here: World, period: str) -> dict[int, list[Contact]]:
    """Contacts by month or by week of the year."""
    found: dict[int, list[Contact]] = {}
    for contact in here.contacts:
        number = contact.at.month if period == "month" else contact.at.isocalendar().week
        found.setdefault(number, []).append(contact)
    return found


def spanish(folder: Path, here: World) -> None:
    """Tables with Spanish headers, as a telephone system and spreadsheets save them."""
    folder.mkdir(parents=True)

    def save(name: str, rows: list[list[object]]) -> None:
        text = "\r\n".join(";".join("" if cell is None else str(cell) for cell in row) for row in rows)
        (folder / name).write_bytes(text.encode("cp1252") + b"\r\n")

    for month, contacts in _by(here, "month").items():
        rows: list[list[object]] = [
            ["Registro de llamadas"], [f"Generado el 01/{month + 1:02}/2025"], [],
            ["Id de llamada", "Agente", "Fecha", "Hora", "Duración", "Cola", "Teléfono", "Transferida", "Contestada"],
        ]  # fmt: skip
        for c in contacts:
            who = f"+34600{c.customer:06}" if c.customer % 11 else "Oculto"
            when = [f"{c.at:%d/%m/%Y}", f"{c.at:%H:%M:%S}"]
            lasted, moved = f"{c.seconds // 60}m {c.seconds % 60:02}s", "Sí" if c.number % 9 == 0 else "No"
            rows.append([f"L{c.number}", f"EMP{c.agent:04}", *when, lasted, "Atención", who, moved, "Sí"])
            if c.number % 20 == 0:  # a call nobody answered
                rows.append([f"P{c.number}", "", *when, "0m 00s", "Atención", who, "No", "No"])
        save(f"llamadas_2025_{month:02}.csv", [*rows, ["Total", *[""] * 7, len(contacts)]])
    head: list[object] = ["Id de encuesta", "Id de llamada", "Fecha de envío", "Fecha de respuesta", "Satisfacción"]
    save("encuestas.csv", [head, *(
        [f"S{c.number}", f"L{c.number}", f"{c.at:%d/%m/%Y %H:%M}",
         f"{c.at + dt.timedelta(hours=5):%d/%m/%Y %H:%M}" if c.score else "", c.score]
        for c in here.contacts if c.asked
    )])  # fmt: skip
    save("plantilla.csv", [["Número de empleado", "Fecha de alta", "Fecha de baja", "Centro", "Equipo"], *(
        [f"EMP{agent:04}", "01/03/2023", "31/12/9999", _site(agent, here), f"Equipo {here.team_of[agent]:02}"]
        for agent in range(here.agents)
    )])  # fmt: skip
    save("formacion.csv", [["Empleado", "Curso", "Estado", "Fecha de finalización"], *(
        [f"EMP{agent:04}", "Empatía al teléfono", "No iniciado" if week is None else "Completado",
         "" if week is None else f"{_trained_on(week, agent):%d/%m/%Y}"]
        for agent, week in enumerate(here.trained_in)
    )])  # fmt: skip
    save("reclamaciones.csv", [["Id de reclamación", "Id de llamada", "Fecha", "Tipo"], *(
        [f"R{c.number}", f"L{c.number}", f"{c.at:%d/%m/%Y %H:%M}", "Reclamación"]
        for c in here.contacts if c.escalated
    )])  # fmt: skip


def _conversation(c: Contact) -> dict[str, Any]:
    def stamp(at: dt.datetime) -> str:
        return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"

    end = c.at + dt.timedelta(seconds=c.seconds)
    segment = {
        "segmentType": "interact", "segmentStart": stamp(c.at), "segmentEnd": stamp(end), "queueId": "Q1",
        "wrapUpCode": "ESCALATED" if c.escalated else "DONE",
    }  # fmt: skip
    metrics = [{"name": "tHandle", "value": c.seconds * 1000, "emitDate": stamp(end)}]
    agent = {"purpose": "agent", "userId": f"guid-{c.agent:04}", "sessions": [
        {"mediaType": "voice", "segments": [segment], "metrics": metrics}]}  # fmt: skip
    customer = {"purpose": "customer", "externalContactId": f"ext{c.customer}", "sessions": [{"mediaType": "voice"}]}
    survey: dict[str, Any] = {"surveyId": f"sv{c.number}", "surveyStatus": "Sent", "userId": f"guid-{c.agent:04}"}
    if c.score:
        done = stamp(end + dt.timedelta(hours=2))
        survey |= {"surveyStatus": "Finished", "oSurveyTotalScore": 25 * (c.score - 1), "surveyCompletedDate": done}
    return {
        "conversationId": f"{c.number:08}-aaaa-bbbb", "conversationStart": stamp(c.at), "conversationEnd": stamp(end),
        "participants": [customer, agent], "surveys": [survey] if c.asked else [],
    }  # fmt: skip


def genesys(folder: Path, here: World) -> None:
    """Conversations packed week by week, the users of Genesys, and workbooks of other departments."""
    (folder / "genesys").mkdir(parents=True)
    for week, contacts in _by(here, "week").items():
        text = json.dumps({"conversations": [_conversation(c) for c in contacts], "totalHits": len(contacts)})
        (folder / "genesys" / f"conversations-2025-W{week:02}.json.gz").write_bytes(gzip.compress(text.encode()))
    with xlsxwriter.Workbook(str(folder / "Headcount Report.xlsx"), {"default_date_format": "mm/dd/yyyy"}) as book:
        sheet = book.add_worksheet("Workers")
        sheet.write_column(0, 0, ["Headcount Report", "As of: 06/30/2025"])
        sheet.write_row(3, 0, ["Employee ID", "Worker", "Email - Work", "Hire Date", "Termination Date", "Location",
                               "Supervisory Organization"])  # fmt: skip
        for agent in range(here.agents):
            sheet.write_row(4 + agent, 0, [20_000 + agent, f"Agent {agent}", f"Agent{agent}@Corp.example"])
            sheet.write_datetime(4 + agent, 3, dt.datetime(2022, 5, 2))
            sheet.write_row(4 + agent, 5, [_site(agent, here), f"CX Team {here.team_of[agent]:02}"])
    with xlsxwriter.Workbook(str(folder / "Training Transcript.xlsx"), {"default_date_format": "mm/dd/yyyy"}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["User ID", "User Email", "Training Title", "Transcript Status", "Completion Date"])
        trained = [(agent, week) for agent, week in enumerate(here.trained_in) if week is not None]
        for row, (agent, week) in enumerate(trained, start=1):
            said = [20_000 + agent, f"agent{agent}@corp.example", "Empathy Essentials", "Completed"]
            sheet.write_row(row, 0, said)
            sheet.write_datetime(row, 4, _trained_on(week, agent))
    users = [f"guid-{n:04},Agent {n},agent{n}@corp.example,{20_000 + n}" for n in range(here.agents)]
    (folder / "users.csv").write_text("\n".join(["Id,Name,Email,Employee Number", *users, ""]), encoding="utf-8")


def flat(folder: Path, here: World) -> None:
    """One workbook of three sheets, agents by name."""
    folder.mkdir(parents=True)
    with xlsxwriter.Workbook(str(folder / "Call-Center-Data 2025.xlsx"), {"default_date_format": "dd.mm.yyyy"}) as book:
        sheet, clock = book.add_worksheet("Calls"), book.add_format({"num_format": "hh:mm:ss"})
        sheet.write_row(0, 0, ["Call Id", "Agent", "Date", "Time", "Topic", "Answered (Y/N)", "Resolved",
                               "AvgTalkDuration", "Satisfaction rating"])  # fmt: skip
        for row, c in enumerate(here.contacts, start=1):
            answered = row % 8 != 0
            sheet.write_row(row, 0, [f"ID{c.number:05}", f"Agent {c.agent:02}"])
            sheet.write_datetime(row, 2, dt.datetime(c.at.year, c.at.month, c.at.day))
            sheet.write_number(row, 3, (c.at.hour * 60 + c.at.minute) / 1440, clock)
            sheet.write_row(row, 4, ["Contract", "Y" if answered else "N", "Y" if answered and c.number % 3 else "N"])
            if answered:
                sheet.write_number(row, 7, c.seconds / 86400, clock)
                if c.score:
                    sheet.write(row, 8, c.score)
        sheet = book.add_worksheet("Training")
        sheet.write_row(0, 0, ["Agent", "Course", "Completed on"])
        trained = [(agent, week) for agent, week in enumerate(here.trained_in) if week is not None]
        for row, (agent, week) in enumerate(trained, start=1):
            sheet.write_row(row, 0, [f"Agent {agent:02}", "Empathy"])
            sheet.write_datetime(row, 2, _trained_on(week, agent))
        sheet = book.add_worksheet("Agents")
        sheet.write_row(0, 0, ["Agent", "Team", "Site", "Start date", "End date"])
        for agent in range(here.agents):
            sheet.write_row(agent + 1, 0, [f"Agent {agent:02}", f"T{here.team_of[agent]:02}", _site(agent, here)])
            sheet.write_datetime(agent + 1, 3, dt.datetime(2023, 3, 1))
