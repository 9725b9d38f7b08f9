"""Whatever the format: all records refused by a wrong mapping and tried again are what a build would have read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from etl.configuration.model import load
from etl.contracts.tables import CONTRACTS
from etl.landing.extract import extract

DATA = Path(__file__).parent / "data"

CASES = [
    ("amazon_connect", "amazon_connect.jsonl", 'leg = "x"', ""),
    ("amazon_connect", "amazon_connect_stream.json", 'leg = "x"', ""),
    ("bamboohr", "bamboohr_employees.csv", 'hired_on = "x"', ""),
    ("bamboohr", "bamboohr_job_history.csv", 'valid_from = "x"', ""),
    ("genesys", "genesys.json", 'leg = "x"', ""),
    ("moodle", "completion-emp101.csv", 'attempt = "x"', 'timezone = "Europe/Madrid"'),
    ("nice", "nice_contact_detail.csv", 'leg = "x"', 'timezone = "America/Denver"'),
    ("qualtrics", "qualtrics.csv", 'scale_min = "x"', ""),
    ("salesforce", "salesforce_case.csv", 'at = "x"', ""),
    ("salesforce", "salesforce_opportunity_line_item.csv", 'amount = "x"', ""),
    ("workday", "workday_worker_history.csv", 'hired_on = "x"', ""),
    ("workday", "workday_worker_position_organization_history.csv", 'valid_from = "x"', ""),
    ("xapi", "xapi.jsonl", 'attempt = "x"', ""),
    ("zendesk", "zendesk_tickets.jsonl", 'leg = "x"', 'options = { tickets_are = "contacts" }'),
    ("zendesk", "zendesk_satisfaction_ratings.json", 'scale_min = "x"', ""),
]


@pytest.mark.parametrize(("name", "file", "wrong", "section"), CASES, ids=[case[1] for case in CASES])
def test_all_records_tried_again_are_what_a_build_reads(
    tmp_path: Path, name: str, file: str, wrong: str, section: str
) -> None:
    head = f'[sources.s]\nformat = "{name}"\npath = "{file}"\nmax_reject_share = 1.0\n{section}\n'
    (tmp_path / file).write_bytes((DATA / file).read_bytes())

    def landed(constants: str, folder: str, **options: Any) -> tuple[Any, ...]:
        (tmp_path / "empathy.toml").write_text(f"{head}constants = {{ {constants} }}\n", encoding="utf-8")
        con = duckdb.connect()
        config = load(tmp_path / "empathy.toml")
        extract(config, None, con, enforce=False, folder=tmp_path / folder, **options).commit()
        books = con.execute('SELECT "read", loaded, rejected, duplicate FROM landing.file_manifest').fetchall()
        dropped = con.execute("SELECT count(*) FROM landing.reject WHERE status = 'dropped'").fetchone()
        rows = [con.execute(f"SELECT * FROM landing.{table} ORDER BY ALL").fetchall() for table in CONTRACTS]
        return books, dropped, rows

    right = landed("", "right")
    assert right[0][0][1] > 0
    ((_, loaded, _, _),), _, _ = landed(wrong, "again")
    assert loaded == 0
    (tmp_path / file).unlink()
    assert landed("", "again", replay=True) == right


def test_records_of_a_file_that_give_rows_of_other_tables_the_second_time_are_all_counted(tmp_path: Path) -> None:
    """Two tickets are escalations of a contact; the third names none, and becomes a contact itself."""
    times = {"created_at": "2025-03-10T09:00:00Z", "updated_at": "2025-03-10T09:00:00Z"}
    about = ("c1", "x" * 600, "c3")
    tickets = [
        {"id": n, "via": {"channel": "email"}, "tags": ["angry"], "custom_fields": [{"id": 7, "value": said}], **times}
        for n, said in enumerate(about)
    ]
    (tmp_path / "tickets.jsonl").write_text("\n".join(map(json.dumps, tickets)), encoding="utf-8")

    def books(options: str, *, replay: bool) -> list[tuple[int, ...]]:
        head = '[sources.s]\nformat = "zendesk"\npath = "tickets.jsonl"\nmax_reject_share = 1.0\n'
        tags = 'escalation_tags = { angry = "complaint" }'
        (tmp_path / "empathy.toml").write_text(f"{head}[sources.s.options]\n{tags}\n{options}\n", encoding="utf-8")
        con = duckdb.connect()
        config = load(tmp_path / "empathy.toml")
        extract(config, None, con, enforce=False, folder=tmp_path / "landed", replay=replay).commit()
        return con.execute('SELECT "read", loaded, rejected, duplicate FROM landing.file_manifest').fetchall()

    assert books('tickets_are = "escalations"\ncontact_field = "7"', replay=False) == [(3, 2, 1, 0)]
    assert books('tickets_are = "contacts"', replay=True) == [(3, 3, 0, 0)]
