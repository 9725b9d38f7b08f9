"""From `empathy plan --accept` to a verdict, through exports and real builds: told in the week that the plan said.

The centre writes exports for its first weeks; the plan is made of what was built from them and accepted as a file; the
centre goes on as planned; one more build, in the week the plan named, is estimated.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from analysis.planning.variance_components import Components
from analysis.study import run
from empathy import app
from etl.configuration.kpis import Catalogue
from etl.warehouse.reader import Warehouse

KPI = "escalation_rate"
TEAMS, SEATS, CONTACTS, HISTORY, AHEAD = 18, 2, 50, 20, 16
RATE, CHANGE = 0.20, -0.05
SHOCKS = Components(0.0003, 0.6, 0.0)
"""What lasts in a team; chance of single contacts comes on top."""
MONDAY = date(2024, 1, 1)
FIRST_WAVE = MONDAY + timedelta(weeks=HISTORY)
TOML = f"""
[project]
name = "Planned"
warehouse = "warehouse"
timezone = "Europe/Madrid"
today = {MONDAY + timedelta(weeks=HISTORY)}
[sources.contacts]
format = "tabular"
table = "interaction"
path = "contacts-*.csv"
[sources.escalations]
format = "tabular"
table = "escalation"
path = "escalations-*.csv"
[sources.staff]
format = "tabular"
table = "agent"
path = "staff.csv"
[sources.staff.also.agent_team.columns]
source_agent_id = "source_agent_id"
team_id = "team_id"
site = "site"
valid_from = "hired_on"
[sources.lms]
format = "tabular"
table = "training"
path = "training.csv"
[identity]
match = ["crosswalk", "employee_number", "email"]
[programme]
[[programme.courses]]
id = "EMP101"
[programme.assignment]
mode = "randomised"
unit = "team"
[kpis.{KPI}]
smallest_effect = {-CHANGE}
[privacy]
demo = true
"""


@dataclass
class Centre:
    """A centre that writes exports week by week."""

    folder: Path
    rng: np.random.Generator

    def __post_init__(self) -> None:
        weeks = HISTORY + AHEAD
        path = self.rng.standard_normal((TEAMS, weeks)) @ np.linalg.cholesky(SHOCKS.covariance(weeks)).T
        self.base: NDArray[np.float64] = RATE + path + 0.01 * self.rng.standard_normal((1, weeks))
        agents = [f"E{k:03d}" for k in range(TEAMS * SEATS)]
        self.teams = [f"T{k:02d}" for k in range(TEAMS)]
        self.write(
            "staff.csv",
            pl.DataFrame({"source_agent_id": agents}).with_columns(
                employee_number=pl.col("source_agent_id"),
                team_id=pl.Series(np.repeat(self.teams, SEATS)),
                site=pl.Series(np.repeat(["Porto", "Madrid"], TEAMS * SEATS // 2)),
                hired_on=pl.lit("2022-01-03"),
            ),
        )
        (self.folder / "empathy.toml").write_text(TOML)
        self.write("training.csv", pl.DataFrame(schema=dict.fromkeys(TRAINING, pl.String)))

    def write(self, name: str, frame: pl.DataFrame) -> None:
        frame.write_csv(self.folder / name)

    def live(self, first: int, last: int, starts: dict[str, date | None]) -> None:
        """Contacts and escalations of weeks ``first`` to ``last - 1``, teams trained from their Monday on."""
        weeks = np.arange(first, last)
        begins = [starts.get(team) for team in self.teams]
        trained = np.array([[b is not None and MONDAY + timedelta(weeks=int(w)) >= b for w in weeks] for b in begins])
        rate = np.clip(self.base[:, first:last] + CHANGE * trained, 0.01, 0.99)
        rate = np.repeat(np.repeat(rate, SEATS, axis=0)[:, :, None], CONTACTS, axis=2)
        escalated = self.rng.random(rate.shape) < rate
        seat, week, n = (axis.ravel() for axis in np.indices(rate.shape))
        frame = pl.DataFrame({"seat": seat, "week": week + first, "n": n, "escalated": escalated.ravel()}).select(
            interaction_id=pl.format("c{}-{}-{}", "seat", "week", "n"),
            source_agent_id=pl.format("E{}", pl.col("seat").cast(pl.String).str.zfill(3)),
            started_at=pl.lit(MONDAY).cast(pl.Datetime)
            + pl.duration(days=7 * pl.col("week") + pl.col("n") % 5, hours=9, minutes=pl.col("n")),
            channel=pl.lit("voice"),
            handle_s=pl.lit(300),
            escalated="escalated",
        )
        self.write(f"contacts-{first:02d}.csv", frame.drop("escalated"))
        up = frame.filter("escalated").select(
            escalation_id=pl.format("x{}", "interaction_id"),
            interaction_id="interaction_id",
            kind=pl.lit("tier2"),
            at=pl.col("started_at") + pl.duration(minutes=5),
        )
        self.write(f"escalations-{first:02d}.csv", up)

    def train(self, starts: dict[str, date | None]) -> None:
        """The learning system's export once everybody of the planned waves has been."""
        rows = [
            (f"E{SEATS * k + seat:03d}", "EMP101", "completed", day.isoformat())
            for k, team in enumerate(self.teams)
            if (day := starts.get(team)) is not None
            for seat in range(SEATS)
        ]
        self.write("training.csv", pl.DataFrame(rows, schema=dict.fromkeys(TRAINING, pl.String), orient="row"))


TRAINING = ("source_agent_id", "course_id", "status", "completed_at")


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``command("build")``: its one JSON object; estimates are those of one KPI."""
    every = run.estimate_all

    def one(cur: Any, config: Any, catalogue: Catalogue, **named: Any) -> Any:
        return every(cur, config, Catalogue([catalogue[KPI]]), **named)

    monkeypatch.setattr(run, "estimate_all", one)

    def call(*words: str) -> dict[str, Any]:
        found = CliRunner().invoke(app, [words[0], "-c", str(tmp_path / "empathy.toml"), *words[1:], "--json"])
        assert found.exit_code == 0, found.output
        told: dict[str, Any] = json.loads(found.stdout.splitlines()[-1])
        return told

    return call


def test_a_wave_planned_here_is_told_in_the_week_the_plan_said(tmp_path: Path, command: Any) -> None:
    centre = Centre(tmp_path, np.random.default_rng(3))
    centre.live(0, HISTORY, {})
    command("build")
    plan = command(
        "plan", "--kpi", KPI, "--waves", "2", "--gap", "3", "--untrained", "6", "--weeks", str(AHEAD),
        "--start", FIRST_WAVE.isoformat(), "--seed", "5", "--accept",
    )  # fmt: skip
    week = int(plan["weeks_to_know"])
    assert 2 <= week < AHEAD
    accepted = json.loads(Path(plan["accepted"]).read_text())
    starts = {row["team"]: row["starts_on"] and date.fromisoformat(row["starts_on"]) for row in accepted["teams"]}
    assert sorted(starts) == centre.teams
    assert accepted["goals"][KPI]["weeks_to_know"] == week

    centre.live(HISTORY, HISTORY + week, starts)
    centre.train({team: day for team, day in starts.items() if day and day < MONDAY + timedelta(weeks=HISTORY + week)})
    command("build")
    effects = command("estimate")["effects"]

    (headline,) = [e for e in effects if e["role"] == "headline" and e["slice"] == "overall"]
    assert headline["verdict"] in ("clear", "clear_but_small"), "the change is exactly the one that would matter"
    assert headline["ci_high"] < 0
    assert headline["ci_low"] <= CHANGE <= headline["ci_high"]
    with Warehouse(tmp_path / "warehouse").reader() as cursor:
        stored = cursor.execute("select team_id, starts_on from core.accepted_plan order by position").fetchall()
        kept = cursor.execute("select waves from core.accepted_order order by order_ix").fetchall()
        checks = dict(cursor.execute('select "check", status from meta.check_result').fetchall())
        dealt = cursor.execute("select sentence from result.check where \"check\" = 'few_clusters'").fetchall()
    assert dict(stored) == starts
    assert [waves for (waves,) in kept] == accepted["kept_orders"]
    assert len(kept) == plan["kept_orders"]
    assert (checks["plan_not_followed"], checks["plan_unknown_team"]) == ("passed", "passed")
    assert any("orders that the accepted plan could have drawn" in sentence for (sentence,) in dealt)
