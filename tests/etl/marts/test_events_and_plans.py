"""Events on waves, and plans accepted beforehand: stored once, read by every build, checked against what happened."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from etl.configuration import kpis
from etl.configuration.accepted_plans import PlanError, PlannedTeam, accept, accepted_plans
from etl.configuration.model import ConfigError, parse
from etl.marts import history, quality
from tests.etl.marts.test_quality import META

NOON = datetime(2024, 1, 2, 12)


def checked(built: Any) -> dict[str, quality.DataCheckResult]:
    for table, columns in META.items():
        built.con.execute(f"create table if not exists meta.{table} ({columns})")
    return {result.check: result for result in quality.run_checks(built.con, kpis.load())}


def people(n: int = 4) -> dict[str, list[dict[str, Any]]]:
    """Agents 1 and 2 in team A, trained on 20 January; 3 and 4 in team B, never."""
    staff = [{"source_agent_id": str(k), "employee_number": str(k), "hired_on": "2023-01-01"} for k in range(1, n + 1)]
    calls = [
        {"interaction_id": f"c{k}-{d}", "source_agent_id": str(k), "started_at": f"2024-{d}", "channel": "voice",
         "handle_s": 60}
        for k in range(1, n + 1)
        for d in ("01-05", "02-20")
    ]  # fmt: skip
    training = [
        {"source_agent_id": str(k), "course_id": "EMP101", "status": "completed", "completed_at": "2024-01-17"}
        for k in (1, 2)
    ]
    history = [{"source_agent_id": str(k), "team_id": "A" if k < 3 else "B", "site": "Porto" if k < 3 else "Madrid",
                "valid_from": "2023-01-01"} for k in range(1, n + 1)]  # fmt: skip
    return {"agent": staff, "interaction": calls, "training": training, "agent_team": history}


@pytest.mark.parametrize(
    ("event", "failed", "touched"),
    [
        ({"label": "New CRM", "at": "2024-01-16"}, True, "trained and untrained alike"),
        ({"label": "New CRM", "at": "2024-01-16", "site": "Porto"}, True, "trained only"),
        ({"label": "New CRM", "at": "2024-01-16", "team": "B"}, False, ""),
        ({"label": "Pay round", "at": "2024-02-19"}, False, ""),
        ({"label": "Campaign", "at": "2024-01-02", "until": "2024-01-10"}, True, "trained and untrained alike"),
    ],
)
def test_an_event_on_a_wave_is_named_with_whom_it_touched(
    build_rows: Callable[..., Any], event: dict[str, Any], failed: bool, touched: str
) -> None:
    result = checked(build_rows(people(), events=[event]))["event_on_wave"]

    assert (result.status == "failed") == failed
    assert touched in result.sample


def test_an_event_at_a_place_nobody_knows_is_named(build_rows: Callable[..., Any]) -> None:
    result = checked(build_rows(people(), events=[{"label": "Flood", "at": "2024-02-19", "site": "Atlantis"}]))

    assert result["event_unknown_place"].violations == 1
    assert checked(build_rows(people()))["event_unknown_place"].status == "passed"


def test_an_event_that_ends_before_it_begins_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="before it begins"):
        parse({"events": [{"label": "x", "at": "2024-02-01", "until": "2024-01-01"}]}, tmp_path / "empathy.toml")


def test_a_plan_is_written_once_and_read_back(tmp_path: Path) -> None:
    teams = (PlannedTeam("A", 1, date(2024, 1, 15)), PlannedTeam("B", None, None))
    rule = {"seed": 7, "digest": "abc", "kind": "by lot"}
    path = accept(tmp_path, teams, rule, ("01", "10"), {"escalation_rate": {"smallest_effect": 0.005}}, NOON)
    before = path.read_bytes()

    assert path.name == "plan-20240102T120000Z.json"
    with pytest.raises(PlanError, match="none is ever overwritten"):
        accept(tmp_path, teams, rule, (), {}, NOON)
    assert path.read_bytes() == before
    (found,) = accepted_plans(tmp_path)
    assert (found.teams, found.accepted_at, found.kept_orders) == (teams, NOON, ("01", "10"))
    later = accept(tmp_path, teams, rule, (), {}, datetime(2024, 1, 3))
    assert [plan.accepted_at for plan in accepted_plans(tmp_path)] == [NOON, datetime(2024, 1, 3)]
    assert accepted_plans(tmp_path)[1].plan_id == found.plan_id
    later.write_text(json.dumps({"teams": []}))
    with pytest.raises(PlanError, match="move it elsewhere"):
        accepted_plans(tmp_path)


def test_a_plan_that_was_not_followed_is_named(build_rows: Callable[..., Any], tmp_path: Path) -> None:
    """Team A was trained in the week of 15 January, as planned; C does not exist; with another week it is named."""
    teams = (
        PlannedTeam("A", 1, date(2024, 1, 15)),
        PlannedTeam("B", None, None),
        PlannedTeam("C", 2, date(2024, 5, 6)),
    )
    accept(tmp_path, teams, {}, (), {}, NOON)
    result = checked(build_rows(people()))

    assert result["plan_not_followed"].status == "passed"
    assert result["plan_unknown_team"].violations == 1
    accept(tmp_path, (PlannedTeam("A", 1, date(2024, 1, 22)),), {}, (), {}, datetime(2024, 1, 4))
    assert checked(build_rows(people()))["plan_not_followed"].violations == 1


def test_an_export_of_events_is_read_beside_those_that_are_stated(build_rows: Callable[..., Any]) -> None:
    told = [
        {"event_id": "CHG-1", "label": "New CRM", "at": "2024-01-16", "site": "Porto", "kind": "system"},
        {"event_id": "CHG-2", "label": "Pay round", "at": "2024-02-19", "until": "2024-02-20"},
        {"event_id": "CHG-3", "label": "Later", "at": "2024-06-01"},
    ]
    stated = {"label": "Strike", "at": "2024-03-01", "team": "B"}
    built = build_rows({**people(), "event": told}, events=[stated], as_of=date(2024, 3, 1))

    rows = built.con.execute('select label, "at", until, site, kind from core.event order by event_id').fetchall()
    assert rows == [
        ("New CRM", date(2024, 1, 16), date(2024, 1, 16), "Porto", "system"),
        ("Pay round", date(2024, 2, 19), date(2024, 2, 20), None, "other"),
        ("Strike", date(2024, 3, 1), date(2024, 3, 1), None, "other"),
    ]
    books = quality.reconcile(built.con, history.count_repairs(built.con), built.done.left_out)
    (event,) = (row for row in books if row.relation == "core.event")
    assert (event.difference, event.sentence) == (
        0, "3 rows from files, less 1 after the day asked for, beside 1 that the configuration states.",
    )  # fmt: skip
    waves = built.con.execute("select event_id, wave, on_wave, touched_others from mart.event_wave").fetchall()
    assert waves == [(1, date(2024, 1, 15), True, False), (2, date(2024, 1, 15), False, True)]


def test_a_holdout_that_is_trained_or_unknown_is_named(build_rows: Callable[..., Any]) -> None:
    def found(**holdout: Any) -> tuple[int, int]:
        results = checked(build_rows(people(), programme={"courses": [{"id": "EMP101"}], "holdout": holdout}))
        return results["holdout_trained"].violations, results["holdout_unknown_team"].violations

    assert found(teams=["B"]) == (0, 0)
    assert found(teams=["A", "Z"]) == (1, 1)
    assert found(teams=["A"], until="2024-01-10") == (0, 0), "it had ended"
    assert checked(build_rows(people()))["holdout_trained"].status == "passed"


def test_another_programme_that_ran_across_a_wave_is_a_concurrent_treatment(build_rows: Callable[..., Any]) -> None:
    rows = people()
    rows["training"] += [
        {"source_agent_id": str(k), "course_id": "SALES", "status": "completed", "completed_at": at}
        for k, at in ((1, "2024-02-01"), (2, "2024-02-02"), (3, "2024-02-03"))
    ]
    own = {"courses": [{"id": "EMP101"}]}
    result = checked(build_rows(rows, programme=own, programmes=[{"name": "Sales", "courses": ["SALES"]}]))
    (named,) = json.loads(result["concurrent_programme"].sample)
    assert (named["programme"], named["trained"], named["untrained"]) == ("Sales", "2", "1")
    late = checked(build_rows(people(), programme=own, programmes=[{"name": "Sales", "courses": ["SALES"]}]))
    assert late["concurrent_programme"].status == "passed"
