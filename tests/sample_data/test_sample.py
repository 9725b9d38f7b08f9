"""``empathy sample`` in one call, and what it says to impossible wishes."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from sample_data import Parameters, write_demo, write_sample
from sample_data.calendar import first_monday, season, utc_offsets
from sample_data.outcomes import Outcome
from sample_data.panel import simulate_panel
from sample_data.prices import Money
from sample_data.sample import parameters
from sample_data.settings_file import settings
from sample_data.streams import stream


def test_writes_exports_configuration_and_truth(tmp_path: Path) -> None:
    steps: list[str] = []
    summary = write_sample(tmp_path / "new", agents=12, weeks=12, seed=2, progress=steps.append)
    assert (tmp_path / "new" / "empathy.toml").exists()
    assert (tmp_path / "new" / "truth" / "effects.csv").exists()
    assert all(path.exists() for path in summary.files)
    assert summary.contacts > 0
    assert summary.weeks == 12
    assert summary.teams == 3
    assert steps
    assert all(isinstance(step, str) for step in steps)
    assert "agents trained" in str(summary)


def test_dirt_is_counted_in_the_summary(tmp_path: Path) -> None:
    summary = write_sample(tmp_path, agents=12, weeks=12, seed=2, dirt=True)
    assert summary.planted["contact_duplicate"] > 0
    assert "contact_duplicate" in str(summary)
    clean = write_sample(tmp_path, agents=12, weeks=12, seed=2)
    assert clean.planted == {}


def test_a_world_without_training_says_so(tmp_path: Path) -> None:
    summary = write_sample(tmp_path, agents=8, weeks=12, assignment="none")
    assert summary.trained_agents == 0
    assert "True effect" not in str(summary)


@pytest.mark.parametrize("mode", ["randomised", "team_waves", "lowest_performers", "volunteers"])
def test_smallest_world_of_every_mode_is_written(mode: str, tmp_path: Path) -> None:
    assert write_sample(tmp_path, agents=4, weeks=12, assignment=mode, contacts_per_week=1).contacts > 0


@pytest.mark.parametrize(
    ("wish", "key"),
    [
        ({"agents": 3}, "agents"),
        ({"weeks": 11}, "weeks"),
        ({"assignment": "alphabetical"}, "assignment"),
        ({"effect": -1.0}, "effect"),
        ({"effect": 11.0}, "effect"),
        ({"seed": -1}, "seed"),
        ({"contacts_per_week": 0.0}, "contacts_per_week"),
    ],
)
def test_impossible_wishes_are_explained(wish: dict, key: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"^{key}: .*\b(give|use|0 is)\b"):
        write_sample(tmp_path, **wish)
    assert not list(tmp_path.iterdir())


def test_size_is_about_what_was_asked() -> None:
    for agents in (4, 40, 160, 480):
        assert parameters(agents=agents).seats == pytest.approx(agents, rel=0.1)


def test_demo_is_small_enough_to_load_in_seconds(tmp_path: Path) -> None:
    summary = write_demo(tmp_path)
    assert 450_000 < summary.contacts < 650_000
    assert (summary.weeks, summary.teams) == (78, 40)
    assert summary.agents > 300
    assert summary.trained_agents > 160


def test_start_must_be_a_monday() -> None:
    with pytest.raises(ValueError, match="start: 2024-01-02 is a Tuesday"):
        first_monday(Parameters(start="2024-01-02"))


def test_unknown_assignment_and_empty_centres_are_refused() -> None:
    with pytest.raises(ValueError, match="assignment"):
        simulate_panel(Parameters(assignment="alphabetical"))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least 1"):
        simulate_panel(Parameters(weeks=0))
    with pytest.raises(ValueError, match="kpi"):
        simulate_panel(Parameters.committed(), kpi="nps")


def test_every_parameter_is_documented() -> None:
    import dataclasses

    for kind in (Parameters, Outcome, Money):
        text = kind.__doc__ or ""
        described = {
            name for line in re.findall(r"^ {4}(\w+(?:, \w+)*) :", text, re.MULTILINE) for name in line.split(", ")
        }
        fields = {field.name for field in dataclasses.fields(kind)}
        assert fields - {"queues", "channels"} <= described | {"queues", "channels"}, fields - described


def test_streams_are_independent_of_order_and_differ_by_name_and_week() -> None:
    first = stream(1, "form", 3).random(4).tolist()
    stream(1, "absence", 3).random(100)
    assert stream(1, "form", 3).random(4).tolist() == first
    assert stream(1, "form", 4).random(4).tolist() != first
    assert stream(1, "leave", 3).random(4).tolist() != first
    assert stream(2, "form", 3).random(4).tolist() != first


def test_clocks_change_within_the_window() -> None:
    offsets = utc_offsets(Parameters(start="2024-01-01", weeks=52))
    assert set(offsets[0].tolist()) == {3600, 7200}
    assert set(offsets[1].tolist()) == {-18000, -14400}
    assert set(offsets[2].tolist()) == {28800}


def test_winter_peak_is_in_winter() -> None:
    peak = season(Parameters(start="2024-01-01", weeks=52))
    assert peak.argmax() in (0, 51)
    assert peak[26] < 1e-6


def test_the_values_of_the_demo_count_no_handling_time_twice() -> None:
    """An escalated contact is worth the supervisor's minutes: its own time is in the value of a second of handling."""
    money = Money()
    minutes = [value / (money.handle_second[1] * 60) for value in money.escalation]

    assert all(5 <= spent <= 15 for spent in minutes), "more than a supervisor's minutes would hold the call itself"
    whole_contact = 450 * money.handle_second[1]
    assert money.repeat[0] <= whole_contact <= money.repeat[2], "one more contact is the time of one more contact"
    given = tomllib.loads(settings(Parameters()))["value"]["kpis"]
    assert sorted(name for name, entry in given.items() if "handling" in entry["note"]) == ["aht_seconds"]
