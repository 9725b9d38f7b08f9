"""A small project of plain CSV files, and the command line run the way a shell runs it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import empathy

CONFIG = """
[project]
name = "Small centre"
warehouse = "warehouse"
currency = "EUR"
timezone = "UTC"

[sources.contacts]
format = "tabular"
table = "interaction"
path = "contacts.csv"
[sources.contacts.columns]
interaction_id = "Contact"
source_agent_id = "Agent"
started_at = "Started"
channel = "Channel"
handle_s = "Seconds"

[sources.staff]
format = "tabular"
table = "agent"
path = "staff.csv"
[sources.staff.columns]
source_agent_id = "Agent"
employee_number = "Agent"
hired_on = "Hired"
site = "Site"

[sources.training]
format = "tabular"
table = "training"
path = "training.csv"
[sources.training.columns]
source_agent_id = "Agent"
course_id = "Course"
completed_at = "Completed"
[sources.training.constants]
status = "completed"

[sources.ids]
format = "tabular"
table = "agent_identity"
path = "ids.csv"
[sources.ids.columns]
identity_source = "System"
source_agent_id = "Id"
employee_number = "Number"

[[programme.courses]]
id = "EMP101"
[programme.assignment]
mode = "unknown"
unit = "agent"
[privacy]
demo = true
"""

AGENTS = tuple(f"A{number:02d}" for number in range(12))


@dataclass(frozen=True)
class Result:
    """What a shell would have seen."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Project:
    """A folder of exports with its configuration, and the command line pointed at it."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    @property
    def config(self) -> Path:
        return self.folder / "empathy.toml"

    @property
    def contacts(self) -> Path:
        return self.folder / "contacts.csv"

    def run(self, *arguments: str) -> Result:
        """Run one verb on this project; an exception that escapes fails the test as the traceback it would be."""
        self.monkeypatch.setattr(sys, "argv", ["empathy", *arguments, "-c", str(self.config)])
        self.capsys.readouterr()
        code = 0
        try:
            empathy.main()
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else int(stop.code is not None)
        seen = self.capsys.readouterr()
        return Result(code, seen.out, seen.err)


@pytest.fixture
def project(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Project:
    contacts = ["Contact,Agent,Started,Channel,Seconds"]
    for number in range(600):
        start = f"2026-03-{1 + number % 28:02d}T{8 + number % 9:02d}:00:00Z"
        contacts.append(f"c{number},{AGENTS[number % 12]},{start},voice,{200 + number % 90}")
    (tmp_path / "contacts.csv").write_text("\n".join(contacts) + "\n")
    staff = ["Agent,Hired,Site", *(f"{agent},2025-01-0{1 + n % 9},Madrid" for n, agent in enumerate(AGENTS))]
    (tmp_path / "staff.csv").write_text("\n".join(staff) + "\n")
    training = ["Agent,Course,Completed", *(f"{agent},EMP101,2026-03-12T10:00:00Z" for agent in AGENTS[:6])]
    (tmp_path / "training.csv").write_text("\n".join(training) + "\n")
    ids = ["System,Id,Number", *(f"{s},{agent},{agent}" for s in ("contacts", "training") for agent in AGENTS)]
    (tmp_path / "ids.csv").write_text("\n".join(ids) + "\n")
    (tmp_path / "empathy.toml").write_text(CONFIG)
    return Project(tmp_path, capsys, monkeypatch)
