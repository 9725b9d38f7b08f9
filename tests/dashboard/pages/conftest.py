"""The small warehouse of the dashboard's tests, with everything the further pages read."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from analysis.effects.hazard import LEAVE_TYPES, hazard_ratio, person_weeks, survival
from analysis.study.leaving import hazard_words
from analysis.words.numbers import Reader
from dashboard.data.queries import Queries
from dashboard.page import Context
from dashboard.settings import from_config
from etl.warehouse.publish import Draft
from etl.warehouse.reader import Warehouse, frame
from tests.dashboard.pages import chain_world

COURSES = ("EMP101", "EMP201")
SHORT_LIST, SHORT_LIST_AGENTS = "Madrid-3", 3
N_UNMATCHED = 40
"""Contacts whose agent is not known."""
HAZARD, TRAINED_RATIO = 0.0016, 0.5
"""Daily chance of leaving when untrained, and what training multiplies it by."""


def spells(agents: pl.DataFrame, first: date, n_weeks: int, seed: int = 11) -> pl.DataFrame:
    """``mart.agent_spell``: every agent from a random tenure on, cut at training, leaving by a known hazard."""
    rng = np.random.default_rng(seed)
    rows = []
    for agent in agents.iter_rows(named=True):
        tenure = int(rng.integers(0, 300))
        wave = (agent["scheduled_week"] - first).days if agent["scheduled_week"] is not None else None
        trained_on = None if wave is None else wave + tenure
        leaves, kind = tenure + n_weeks * 7, None
        for day in range(tenure, tenure + n_weeks * 7):
            ratio = TRAINED_RATIO if trained_on is not None and day >= trained_on else 1.0
            if rng.random() < HAZARD * ratio:
                leaves, kind = day + 1, "voluntary" if rng.random() < 0.7 else "involuntary"
                break
        edges = [tenure, leaves]
        if trained_on is not None and tenure < trained_on < leaves:
            edges = [tenure, trained_on, leaves]
        for start, end in pairwise(edges):
            last = end == leaves
            rows.append(
                {
                    "agent_ix": agent["agent_ix"],
                    "agent_key": agent["agent_key"],
                    "team_id": agent["team_id"],
                    "site": agent["site"],
                    "entry_day": start,
                    "exit_day": end,
                    "start_on": first + timedelta(days=start - tenure),
                    "trained": trained_on is not None and start >= trained_on,
                    "scheduled": trained_on is not None and start >= trained_on,
                    "left": last and kind is not None,
                    "leave_type": kind if last else None,
                }
            )
    return pl.DataFrame(rows, infer_schema_length=None)


def adoption(agents: pl.DataFrame, first: date, n_weeks: int) -> pl.DataFrame:
    """``mart.adoption``: everybody planned starts; of every ten agents nine finish two weeks later, some others leave.

    The second course has three agents of a team of twelve on its list: too few, though the team is large enough.
    """
    rows = []
    for course in COURSES:
        lag = 2 if course == "EMP101" else 8
        for (site, team), part in agents.group_by("site", "team_id", maintain_order=True):
            waves = [
                ((agent["scheduled_week"] - first).days // 7 + lag, agent["agent_ix"] % 10 != 0, agent["agent_ix"] % 30)
                for agent in part.iter_rows(named=True)
                if agent["scheduled_week"] is not None
            ]
            if course == COURSES[1] and team == SHORT_LIST:
                waves = waves[:SHORT_LIST_AGENTS]
            for k in range(n_weeks):
                planned = sum(week <= k for week, *_ in waves)
                completed = sum(week + 2 <= k and done for week, done, _ in waves)
                gone = sum(week + 4 <= k and not done and turn == 0 for week, done, turn in waves)
                rows.append(
                    {
                        "week": first + timedelta(weeks=k),
                        "site": site,
                        "team_id": team,
                        "course_id": course,
                        "planned": planned,
                        "started": planned,
                        "completed": completed,
                        "overdue": planned - completed - gone,
                        "left_unfinished": gone,
                    }
                )
    return pl.DataFrame(rows)


def meta(first: date) -> dict[str, pl.DataFrame]:
    """The relations of ``meta`` with something in each of them."""
    files = [
        ("contacts", "amazon_connect", f"exports/contacts/contacts-2025-{month:02}.jsonl", 50_000, 49_950, 30, 20)
        for month in range(6, 9)
    ]
    files.append(("surveys", "qualtrics", "exports/qualtrics.csv", 9_000, 8_990, 10, 0))
    manifest = pl.DataFrame(
        [
            {"file_id": i, "source": s, "format": f, "path": p, "sha256": "0", "bytes": 1, "read": n, "loaded": a,
             "rejected": b, "duplicate": c}
            for i, (s, f, p, n, a, b, c) in enumerate(files)
        ]
    )  # fmt: skip
    reject = pl.DataFrame(
        [
            {"file_id": 0, "source": "contacts", "path": files[0][2], "line": line, "table_name": "interaction",
             "reasons": ["ended_at is before started_at"] + (["queue is missing"] if line % 3 == 0 else []),
             "raw": "***", "status": "open"}
            for line in range(90)
        ]
    )  # fmt: skip
    lineage = pl.DataFrame(
        [
            ("mart.agent_week", "escalation_rate_num", "core.interaction", "escalated"),
            ("mart.agent_week", "escalation_rate_den", "core.interaction", "interaction_id"),
            ("core.interaction", "escalated", "landing.escalation", "kind"),
            ("core.interaction", "interaction_id", "landing.interaction", "interaction_id"),
            ("landing.escalation", "kind", "tickets (zendesk)", "tags"),
            ("landing.interaction", "interaction_id", "contacts (amazon_connect)", "ContactId"),
        ],
        schema=["relation", "column_name", "source_relation", "source_column"],
        orient="row",
    )
    return {
        "file_manifest": manifest,
        "reject": reject,
        "lineage": lineage,
        "reconciliation": pl.DataFrame(
            [{"relation": "core.interaction", "rows": 149_850, "from_files": 149_850, "difference": 0, "sentence": "."}]
        ),
        "check_result": pl.DataFrame(
            [
                {"check": "grain_agent_week", "severity": "error", "status": "passed", "violations": 0,
                 "sentence": "One row per agent, week and place.", "sample": ""},
                {"check": "volume_by_weekday", "severity": "warning", "status": "failed", "violations": 3,
                 "sentence": "Three Mondays have far fewer contacts than usual.", "sample": ""},
            ]
        ),
        "restatement": pl.DataFrame(
            [
                {"kpi": "escalation_rate", "week": first, "old_num": 10.0, "old_den": 100.0, "new_num": 14.0,
                 "new_den": 120.0, "change": 0.0167, "moved": 0.07},
                {"kpi": "csat_top2", "week": first, "old_num": 50.0, "old_den": 100.0, "new_num": 50.0,
                 "new_den": 101.0, "change": -0.005, "moved": 0.0},
            ]
        ),
        "identity_coverage": pl.DataFrame(
            [
                {"source": "contacts", "ids": 280, "matched": 278, "ambiguous": 1, "unknown": 1, "rows": 149_850,
                 "rows_matched": 149_850 - N_UNMATCHED},
                {"source": "staff", "ids": 280, "matched": 280, "ambiguous": 0, "unknown": 0, "rows": 280,
                 "rows_matched": 280},
            ]
        ),
        "repair": pl.DataFrame([{"relation": "core.agent_team", "kind": "overlap", "rows": 4}]),
    }  # fmt: skip


def training(agents: pl.DataFrame) -> pl.DataFrame:
    """``core.training``: who completed which course when."""
    rows = [
        {
            "agent_key": agent["agent_key"],
            "course_id": course,
            "attempt": 1,
            "completed_at": datetime.combine(agent["scheduled_week"], datetime.min.time()) + timedelta(weeks=lag),
            "status": "completed",
        }
        for agent in agents.iter_rows(named=True)
        if agent["scheduled_week"] is not None
        for course, lag in zip(COURSES, (1, 8), strict=True)
        if course == "EMP101" or agent["agent_ix"] % 2
    ]
    return pl.DataFrame(rows)


def extend(config_path: Path, folder: Path) -> Path:
    """A copy of a small warehouse with a further version that has every relation; returns its configuration."""
    shutil.copytree(config_path.parent, folder, dirs_exist_ok=True)
    config = folder / config_path.name
    warehouse = Warehouse(folder / "warehouse")
    with warehouse.reader() as cursor:
        agents = frame(cursor, "select * from mart.agent order by agent_ix")
        first, n_weeks = cursor.execute("select min(week), max(week_ix) + 1 from mart.agent_week").fetchone() or (
            None,
            0,
        )
    found = spells(agents, first, n_weeks)
    weeks = person_weeks(found)
    reader = Reader("en_GB", "EUR")
    hazards = []
    for kind in LEAVE_TYPES:
        ratio = hazard_ratio(weeks, leave_type=kind)
        state, words = hazard_words(ratio, reader)
        names = ("leave_type", "hazard_ratio", "ci_low", "ci_high", "n_events", "n_agents", "n_clusters")
        row = {name: getattr(ratio, name) for name in names}
        hazards.append({"model": "hazard", **row, "verdict": state, "sentence": words})
    month = pl.DataFrame(
        {"agent_key": agents["agent_key"], "month": first, "team_id": agents["team_id"], "site": agents["site"],
         "skill": "active_listening", "n": 3, "score_sum": 2.1, "score_sq": 1.6}
    )  # fmt: skip
    with Draft.open(folder / "warehouse", "r2", base=warehouse.current()) as draft:
        for name, rows in meta(first).items():
            draft.con.execute(f'drop table if exists meta."{name}"')
            draft.write_table("meta", name, rows)
        draft.write_table("mart", "agent_spell", found)
        draft.write_table("mart", "adoption", adoption(agents, first, n_weeks))
        draft.write_table("mart", "skill_month", month)
        draft.write_table("core", "training", training(agents))
        evaluated = chain_world.evaluations(first, n_weeks, agents["agent_key"].to_list())
        draft.write_table("core", "qa_evaluation", evaluated)
        found_tables = {"survival": survival(weeks), "hazard": pl.DataFrame(hazards)}
        draft.write_results(found_tables | chain_world.results())
        draft.publish(created_at=datetime(2026, 3, 9, 6, 30, tzinfo=UTC))
    return config


@pytest.fixture(scope="session")
def pages_config(config_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empathy.toml beside a warehouse with every relation; read only."""
    return extend(config_path, tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="session")
def world(pages_config: Path) -> Context:
    """Settings and query layer over that warehouse."""
    settings = from_config(pages_config, environ={})
    return Context(settings, Queries(settings))
