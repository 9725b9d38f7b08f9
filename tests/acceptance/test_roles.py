"""Two hundred readers of five roles while versions are published: no error, and nothing outside anybody's scope."""

from __future__ import annotations

import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flask import Flask

from dashboard import create_app
from dashboard.app import OUTPUTS
from etl.warehouse.publish import Draft
from etl.warehouse.reader import Warehouse
from tests.dashboard.conftest import TOML, _build

READERS = 200
PUBLISHES = 10
SECRET = "s" * 40
ACCESS = """
[access]
proxy = ["10.0.0.5"]
hosts = ["training.example.org"]
[access.groups.executive]
role = "executive"
[access.groups.site_lead]
role = "site_lead"
sites = ["Madrid"]
[access.groups.training_lead]
role = "training_lead"
[access.groups.analyst]
role = "analyst"
[access.groups.agent]
role = "agent"
"""
PAGES = ("/effects/csat_top2", "/cohorts/csat_top2/team", "/adoption", "/attrition", "/data", "/methods")
SEARCHES = ("", "?site=Porto", "?team=Porto-3")
CLOSED = {
    "executive": {"/data"}, "site_lead": {"/data"}, "training_lead": {"/data", "/attrition"}, "analyst": set(),
}  # fmt: skip


def ask(server: Flask, role: str, path: str, search: str) -> tuple[int, str]:
    body = {
        "output": ".." + "...".join(OUTPUTS) + "..",
        "outputs": [dict(zip(("id", "property"), name.split("."), strict=True)) for name in OUTPUTS],
        "inputs": [
            {"id": "url", "property": "pathname", "value": path},
            {"id": "url", "property": "search", "value": search},
            {"id": "fresh", "property": "data", "value": None},
        ],
        "changedPropIds": ["url.pathname"],
    }
    headers = {
        "Host": "training.example.org", "X-Empathy-Secret": SECRET, "X-Forwarded-User": f"{role}@example.org",
        "X-Forwarded-Groups": role,
    }  # fmt: skip
    address = {"REMOTE_ADDR": "10.0.0.5"}
    answer = server.test_client().post("/_dash-update-component", json=body, headers=headers, environ_base=address)
    return answer.status_code, answer.get_data(as_text=True)


def fault_of(role: str, path: str, status: int, text: str) -> str:
    """What is wrong with one answer; empty when nothing is."""
    if role == "agent":
        return "" if status == 403 else f"{role} {path}: {status}"
    if status != 200:
        return f"{role} {path}: {status} {text[:200]}"
    body = json.dumps(json.loads(text)["response"].get("page-body", {}), ensure_ascii=False)
    if "could not be worked out" in text:
        return f"{role} {path}: not worked out"
    if ("Your role does not include" in body) != (path in CLOSED[role]):
        return f"{role} {path}: wrong page"
    plain = text.replace("“Porto”", "").replace("“Porto-3”", "").replace("“Lisbon”", "")
    if role == "site_lead" and ("Porto" in plain or "Lisbon" in plain):
        return f"{role} {path}: another site"
    return ""


def test_two_hundred_readers_of_five_roles_under_ten_publishes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _build(tmp_path, toml=TOML + ACCESS, only=("escalation_rate", "csat_top2"))
    monkeypatch.setenv("EMPATHY_PROXY_SECRET", SECRET)
    monkeypatch.setenv("EMPATHY_SECRET", "k" * 40)
    server = create_app(tmp_path / "empathy.toml").server
    warehouse = Warehouse(tmp_path / "warehouse")
    published, done = [], threading.Event()

    def publish() -> None:
        for number in range(PUBLISHES):
            with Draft.open(tmp_path / "warehouse", f"p{number}", base=warehouse.current()) as draft:
                published.append(draft.publish().run_id)
            done.wait(0.3)

    def read(reader: int) -> list[str]:
        drawn = random.Random(reader)
        role = ("executive", "site_lead", "training_lead", "analyst", "agent")[reader % 5]
        path, search = drawn.choice(PAGES), drawn.choice(SEARCHES)
        return [fault for fault in [fault_of(role, path, *ask(server, role, path, search))] if fault]

    writer = threading.Thread(target=publish)
    writer.start()
    with ThreadPoolExecutor(16) as readers:
        faults = [fault for found in readers.map(read, range(READERS)) for fault in found]
    done.set()
    writer.join()
    assert faults == []
    assert len(published) == PUBLISHES
