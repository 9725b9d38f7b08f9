"""Six folders of exports as six companies might have them, taken from README to a first verdict, and counted.

``python -m benchmarks.new_user --dir FOLDER`` writes the folders where they are missing, answers what
`empathy init --ask` asks as somebody who knows the company would, checks, runs, and prints for each folder the number
of questions, the seconds, and the verdict on satisfaction beside the change that was put in.

- **german**: workbooks saved by people: interactions of a contact centre with a title above the header, a transcript
  report of a learning system, survey answers, a list of staff.
- **french**: Zendesk tickets that are the contacts, with satisfaction ratings; a Moodle completion report in French;
  BambooHR.
- **stores**: Amazon Connect contact records under keys of an object store, without endings; Workday workers and
  organisations; Salesforce cases; a list of completed training and survey answers as CSV.
- **spanish**, **genesys**, **flat**: see :mod:`benchmarks.new_user_folders`.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xlsxwriter

from benchmarks.new_user_folders import flat, genesys, spanish

MONDAY = dt.datetime(2025, 1, 6, 8)
SITES = ("Leipzig", "Porto")
TRUE_CHANGE = 0.10
"""What training adds to the share of satisfied customers."""


@dataclass(frozen=True)
class Contact:
    """One contact and what came of it."""

    number: int
    agent: int
    at: dt.datetime
    seconds: int
    customer: int
    escalated: bool
    asked: bool
    score: int | None


@dataclass(frozen=True)
class World:
    """Agents in teams, trained team by team, and their contacts."""

    agents: int
    team_of: tuple[int, ...]
    trained_in: tuple[int | None, ...]
    contacts: tuple[Contact, ...]


def world(seed: int = 7, teams: int = 16, in_a_team: int = 5, weeks: int = 24, a_day: int = 4) -> World:
    """Draw a world: half of the teams trained in four waves, the others never.

    Parameters
    ----------
    seed, teams, in_a_team, weeks, a_day : int
    """
    rng = np.random.default_rng(seed)
    agents = teams * in_a_team
    team_of = tuple(agent // in_a_team for agent in range(agents))
    order = list(rng.permutation(teams))
    wave = {team: 8 + 3 * (place // max(teams // 8, 1)) for place, team in enumerate(order[: teams // 2])}
    level = rng.normal(0, 0.05, agents)
    contacts = []
    for agent in range(agents):
        for day in range(weeks * 7):
            if day % 7 >= 5:
                continue
            for slot in range(a_day):
                started = wave.get(team_of[agent])
                trained = started is not None and day // 7 > started
                at = MONDAY + dt.timedelta(days=day, hours=2 * slot, minutes=int(rng.integers(0, 90)))
                asked = bool(rng.random() < 0.6)
                happy = rng.random() < 0.62 + level[agent] + TRUE_CHANGE * trained
                score = (
                    int(rng.integers(4, 6) if happy else rng.integers(1, 4)) if asked and rng.random() < 0.7 else None
                )
                contacts.append(
                    Contact(
                        len(contacts), agent, at, int(rng.gamma(4, 80)) + 30, int(rng.integers(0, 9_000)),
                        bool(rng.random() < 0.12 - 0.03 * trained), asked, score,
                    )
                )  # fmt: skip
    trained_in = tuple(wave.get(team) for team in team_of)
    return World(agents, team_of, trained_in, tuple(contacts))


def trained_on(week: int, agent: int) -> dt.datetime:
    """The day in a week on which an agent completes."""
    return MONDAY + dt.timedelta(weeks=week, days=agent % 5, hours=6)


def site_of(agent: int, here: World) -> str:
    """Where an agent works."""
    return SITES[here.team_of[agent] % 2]


def sheet(path: Path, header: list[str], rows: list[list[object]], above: tuple[str, ...] = ()) -> None:
    """Save a workbook as people do: title lines, a header, typed cells."""
    book = xlsxwriter.Workbook(str(path), {"default_date_format": "dd.mm.yyyy hh:mm", "remove_timezone": True})
    page = book.add_worksheet("Bericht")
    for number, line in enumerate(above):
        page.write(number, 0, line)
    page.write_row(len(above), 0, header)
    for number, row in enumerate(rows, start=len(above) + 1):
        for place, value in enumerate(row):
            if value is not None:
                page.write(number, place, value)
    book.close()


def german(folder: Path, here: World) -> None:
    """Workbooks with German headers."""
    folder.mkdir(parents=True)
    sheet(
        folder / "Interaktionen Q1-Q2.xlsx",
        ["Konversations-ID", "Benutzer", "Beginn", "Ende", "Medientyp", "Warteschlange", "Bearbeitungszeit",
         "Kundennummer", "Weitergeleitet"],
        [
            [f"k{c.number}", f"M{c.agent:03}", c.at, c.at + dt.timedelta(seconds=c.seconds + 40), "Sprache", "Service",
             str(dt.timedelta(seconds=c.seconds)), f"K{c.customer}", "Ja" if c.number % 9 == 0 else "Nein"]
            for c in here.contacts
        ],
        above=("Interaktionen", "Stand: 23.06.2025", ""),
    )  # fmt: skip
    sheet(
        folder / "Transkriptbericht.xlsx",
        ["Benutzer-ID", "Schulungstitel", "Transkriptstatus", "Registrierungsdatum", "Abschlussdatum"],
        [
            [f"M{agent:03}", "Empathie im Gespräch", "Abgeschlossen", trained_on(week, agent) - dt.timedelta(days=9),
             trained_on(week, agent)]
            for agent, week in enumerate(here.trained_in) if week is not None
        ],
        above=("Transkriptbericht", ""),
    )  # fmt: skip
    sheet(
        folder / "Kundenbefragung.xlsx",
        ["Antwort-ID", "Konversations-ID", "Einladungsdatum", "Aufgezeichnet am", "Zufriedenheit"],
        [
            [f"R{c.number}", f"k{c.number}", c.at + dt.timedelta(minutes=30),
             c.at + dt.timedelta(hours=3) if c.score else None, c.score]
            for c in here.contacts if c.asked
        ],
    )  # fmt: skip
    sheet(
        folder / "Mitarbeiter.xlsx",
        ["Personalnummer", "Eintrittsdatum", "Austrittsdatum", "Standort", "Team"],
        [
            [f"M{agent:03}", dt.date(2023, 3, 1), None, site_of(agent, here), f"Team {here.team_of[agent]:02}"]
            for agent in range(here.agents)
        ],
    )  # fmt: skip


def french(folder: Path, here: World) -> None:
    """Zendesk, Moodle in French, BambooHR."""
    folder.mkdir(parents=True)
    with (folder / "tickets.jsonl").open("w", encoding="utf-8") as tickets:
        for c in here.contacts:
            record = {
                "id": 100_000 + c.number, "created_at": f"{c.at:%Y-%m-%dT%H:%M:%SZ}", "assignee_id": 7_000 + c.agent,
                "updated_at": f"{c.at + dt.timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}", "requester_id": 90_000 + c.customer,
                "tags": ["niveau_2_escalade"] if c.escalated else ["facture"], "custom_fields": [], "group_id": 3,
                "via": {"channel": "voice"}, "type": "question", "status": "solved",
            }  # fmt: skip
            tickets.write(json.dumps(record) + "\n")
    ratings = [
        {
            "id": 500_000 + c.number, "ticket_id": 100_000 + c.number, "assignee_id": 7_000 + c.agent,
            "score": "offered" if c.score is None else "good" if c.score >= 4 else "bad",
            "created_at": f"{c.at + dt.timedelta(minutes=20):%Y-%m-%dT%H:%M:%SZ}",
            "updated_at": f"{c.at + dt.timedelta(minutes=50):%Y-%m-%dT%H:%M:%SZ}", "comment": None,
        }
        for c in here.contacts if c.asked
    ]  # fmt: skip
    (folder / "satisfaction_ratings.json").write_text(json.dumps({"satisfaction_ratings": ratings}), encoding="utf-8")
    lines = ["ID,Nom,Numéro d'identification,Adresse de courriel,Écoute,Écoute - Date d'achèvement,Cours terminé"]
    for agent, week in enumerate(here.trained_in):
        done = "" if week is None else f'"{trained_on(week, agent):%d/%m/%Y, %H:%M}"'
        state = "Non terminé" if week is None else "Terminé"
        lines.append(f"{agent + 1},Agent {agent},,a{agent}@exemple.fr,{state},{done},{done}")
    (folder / "completion-empathie.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    people = ["id,employeeNumber,workEmail,hireDate,terminationDate,location,jobTitle"]
    jobs = ["employeeId,date,department,location,jobTitle"]
    for agent in range(here.agents):
        people.append(f"{agent},{agent},a{agent}@exemple.fr,2023-03-01,0000-00-00,{site_of(agent, here)},Conseiller")
        jobs.append(f"{agent},2023-03-01,Equipe {here.team_of[agent]:02},{site_of(agent, here)},Conseiller")
    (folder / "employees.csv").write_text("\n".join([*people, ""]), encoding="utf-8")
    (folder / "jobs.csv").write_text("\n".join([*jobs, ""]), encoding="utf-8")
    ids = ["system,agent id,email", *(f"tickets,{7_000 + agent},a{agent}@exemple.fr" for agent in range(here.agents))]
    ids += [f"ratings,{7_000 + agent},a{agent}@exemple.fr" for agent in range(here.agents)]
    (folder / "zendesk_users.csv").write_text("\n".join([*ids, ""]), encoding="utf-8")


def stores(folder: Path, here: World) -> None:
    """Amazon Connect under keys without endings, Workday, Salesforce, two CSV files."""
    by_day: dict[dt.date, list[str]] = {}
    for c in here.contacts:
        end = c.at + dt.timedelta(seconds=c.seconds)
        record = {
            "ContactId": f"cc-{c.number:07}", "Channel": "VOICE", "InitiationMethod": "INBOUND",
            "InitiationTimestamp": f"{c.at:%Y-%m-%dT%H:%M:%SZ}", "DisconnectTimestamp": f"{end:%Y-%m-%dT%H:%M:%SZ}",
            "LastUpdateTimestamp": f"{end:%Y-%m-%dT%H:%M:%SZ}", "Queue": {"Name": "Care"},
            "Agent": {
                "Username": f"u{c.agent}", "AgentInteractionDuration": c.seconds, "CustomerHoldDuration": 0,
                "AfterContactWorkDuration": 20, "ConnectedToAgentTimestamp": f"{c.at:%Y-%m-%dT%H:%M:%SZ}",
            },
            "Attributes": {"customer_id": f"C{c.customer}"},
        }  # fmt: skip
        by_day.setdefault(c.at.date(), []).append(json.dumps(record))
    for day, records in by_day.items():
        key = folder / "ctr" / f"{day:%Y}" / f"{day:%m}" / f"{day:%d}"
        key.mkdir(parents=True)
        name = f"ctr-stream-1-{day}-06-00-00-{day.toordinal():08x}"
        (key / name).write_text("".join(records), encoding="utf-8")  # as streams write them, without line ends
    workers = ["id,_fivetran_start,hire_date,worker_code,termination_date,business_site_summary_name,employee_type"]
    places = ["worker_id,position_id,organization_id,_fivetran_start,_fivetran_end"]
    for agent in range(here.agents):
        workers.append(f"w{agent},2023-03-01T00:00:00Z,2023-03-01,u{agent},,{site_of(agent, here)},full_time")
        team = f"TEAM_{here.team_of[agent]:02}"
        places.append(f"w{agent},p{agent},{team},2023-03-01T00:00:00Z,9999-12-31T23:59:59Z")
        places.append(f"w{agent},p{agent},COMPANY_1,2023-03-01T00:00:00Z,9999-12-31T23:59:59Z")
    (folder / "worker_history.csv").write_text("\n".join([*workers, ""]), encoding="utf-8")
    (folder / "worker_position_organization_history.csv").write_text("\n".join([*places, ""]), encoding="utf-8")
    cases = ["Id,OwnerId,IsEscalated,Type,CreatedDate,SystemModstamp,Contact_Id__c"]
    cases += [
        f"5003000000{c.number:05},0053000000{c.agent:05},{str(c.escalated).lower()},Problem,"
        f"{c.at:%Y-%m-%dT%H:%M:%S.000Z},{c.at:%Y-%m-%dT%H:%M:%S.000Z},cc-{c.number:07}"
        for c in here.contacts if c.escalated or c.number % 20 == 0
    ]  # fmt: skip
    (folder / "Case.csv").write_text("\n".join([*cases, ""]), encoding="utf-8")
    done = ["Employee ID,Course Code,Completion Date,Status"]
    done += [
        f"u{agent},EMP-101,{trained_on(week, agent):%Y-%m-%d %H:%M},Completed"
        for agent, week in enumerate(here.trained_in) if week is not None
    ]  # fmt: skip
    (folder / "learning_completions.csv").write_text("\n".join([*done, ""]), encoding="utf-8")
    answers = ["Response ID,Contact ID,Sent Date,Response Date,CSAT Score"]
    answers += [
        f"s{c.number},cc-{c.number:07},{c.at + dt.timedelta(minutes=30):%Y-%m-%d %H:%M},"
        f"{'' if c.score is None else format(c.at + dt.timedelta(hours=4), '%Y-%m-%d %H:%M')},{c.score or ''}"
        for c in here.contacts if c.asked
    ]  # fmt: skip
    (folder / "survey_answers.csv").write_text("\n".join([*answers, ""]), encoding="utf-8")
    owners = ["system,agent id,employee number"]
    owners += [f"cases,0053000000{agent:05},u{agent}" for agent in range(here.agents)]
    (folder / "salesforce_users.csv").write_text("\n".join([*owners, ""]), encoding="utf-8")


FOLDERS: Mapping[str, Callable[[Path, World], None]] = {
    "german": german, "french": french, "stores": stores,
    "spanish": spanish, "genesys": genesys, "flat": flat,
}  # fmt: skip


def answered(toml: str) -> tuple[str, int]:
    """Return the configuration with its questions answered by somebody who knows the company, and how many there were.

    Parameters
    ----------
    toml : str
        As ``empathy init`` wrote it.
    """
    from etl.onboarding.decisions import decisions, settled

    known = {
        "timezone": "UTC", "mode": "team_waves", "tickets_are": "contacts", "organization_pattern": "^TEAM_",
        "escalation_tags": '{ niveau_2_escalade = "tier2" }', "currency": "EUR",
    }  # fmt: skip
    asked = [decision for decision in decisions(toml) if decision.key]
    answers = {decision: known.get(decision.key, "") for decision in asked}
    left = {decision: "" for decision in decisions(toml) if not decision.key}
    return settled(toml, {**answers, **left}), len(asked)


def attempt(name: str, folder: Path) -> str:
    """From a folder of exports to a verdict; what it took, in one line.

    Parameters
    ----------
    name : str
    folder : Path
    """
    environment = {**os.environ, "EMPATHY_KEY": secrets.token_hex(32)}
    config = folder / "empathy.toml"
    began = time.perf_counter()

    def empathy(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "empathy", *arguments], capture_output=True, text=True, env=environment, check=False
        )
        if done.returncode:
            raise SystemExit(
                f"{name}: empathy {' '.join(arguments)} stopped:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
            )
        return done.stdout

    empathy("init", str(folder), "--force")
    toml, questions = answered(config.read_text(encoding="utf-8"))
    config.write_text(toml, encoding="utf-8")
    empathy("check", "-c", str(config))
    effects = json.loads(empathy("run", "-c", str(config), "--json"))["effects"]
    (found,) = (e for e in effects if (e["kpi"], e["slice"], e["role"]) == ("csat_top2", "overall", "headline"))
    seconds = time.perf_counter() - began
    estimate = (
        "none"
        if found["estimate"] is None
        else f"{found['estimate']:+.3f} ({found['ci_low']:+.3f} to {found['ci_high']:+.3f})"
    )
    return f"| {name} | {questions} | {seconds:.0f} | {estimate} | {TRUE_CHANGE:+.2f} | {found['verdict']} |"


def main() -> None:
    """Write the folders, try them, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--only", choices=sorted(FOLDERS))
    given = parser.parse_args()
    here = world()
    print("| folder | questions | seconds | estimate | put in | verdict |\n|---|---|---|---|---|---|")
    for name, write in FOLDERS.items():
        if given.only in (None, name):
            if not (given.dir / name).exists():
                write(given.dir / name, here)
            print(attempt(name, given.dir / name), flush=True)


if __name__ == "__main__":
    main()
