"""``empathy plan`` before there are data: a number, a range, warnings, and messages for what cannot be planned."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from empathy import app

FIELDS = {"kpi", "teams", "waves", "weeks", "mde", "power", "order", "seed"}


def run(*options: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, ["plan", "-c", "/no/such/empathy.toml", *options])
    return found.exit_code, found.output


def test_six_teams_before_there_are_data() -> None:
    code, printed = run("--rate", "0.08:0.12:0.16", "--teams", "6", "--waves", "2", "--untrained", "2", "--json")
    made = json.loads(printed.splitlines()[-1])

    assert code == 0
    assert set(made) >= FIELDS
    assert (made["kpi"], made["teams"], made["waves"], made["order"]) == ("escalation_rate", 6, 2, [])
    assert made["mde_range"][0] < made["mde"] < made["mde_range"][-1]
    assert made["weeks_to_know"] is None
    assert "no verdict is given" in made["warnings"][0]


def test_everybody_at_once_is_warned_of_and_has_no_number() -> None:
    _, printed = run("--rate", "0.12", "--teams", "20", "--waves", "1", "--json")
    made = json.loads(printed.splitlines()[-1])

    assert made["mde"] is None
    assert "Everybody at once" in made["warnings"][0]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--rate", "lots"), "rising, such as 0.08:0.12:0.16"),
        (("--rate", "0.2:0.1:0.3"), "rising, such as 0.08:0.12:0.16"),
        (("--rate", "0.1", "--kpi", "escalation_rat"), "There is no KPI"),
        (("--rate", "0.1", "--out", "order.csv"), "no order to write"),
        (("--rate", "0.1", "--kpi", "aht_seconds"), "is no share of contacts"),
        (("--rate", "0.1", "--kpi", "agent_attrition"), "is no share of contacts"),
        (("--rate", "0.1", "--change", "0"), "above 0"),
        (("--rate", "0.1", "--change", "nan"), "above 0"),
        (("--rate", "0.1", "--change", "-1"), "no larger than the share can move"),
    ],
)
def test_what_cannot_be_planned_is_said(options: tuple[str, ...], says: str) -> None:
    code, printed = run(*options)

    assert code == 2
    assert says in " ".join(printed.replace("│", " ").split())


def test_more_waves_than_teams_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import empathy

    monkeypatch.setattr("sys.argv", ["empathy", "plan", "-c", "/no/such.toml", "--rate", "0.1", "--waves", "9"])
    with pytest.raises(SystemExit):
        empathy.main()
    assert "9 waves need as many teams" in capsys.readouterr().err


@pytest.mark.parametrize("day", ["9999-12-31", "1000-01-01"])
def test_a_start_out_of_reach_is_told(
    day: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import empathy

    monkeypatch.setattr("sys.argv", ["empathy", "plan", "-c", "/no/such.toml", "--rate", "0.1", "--start", day])
    with pytest.raises(SystemExit):
        empathy.main()
    assert "at most a year back and at most ten years ahead" in capsys.readouterr().err


def test_without_teams_nothing_is_accepted() -> None:
    code, printed = run("--rate", "0.1", "--teams", "12", "--accept")

    assert code == 2
    assert "a --start and an order drawn by lot" in " ".join(printed.replace("│", " ").split())
