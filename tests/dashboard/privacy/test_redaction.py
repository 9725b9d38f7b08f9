"""Result tables about few agents: what is left out, and from which number on it is shown."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from dashboard.privacy.redaction import about_few, without_few

MINIMUM = 10


def effects(**changes: Any) -> pl.DataFrame:
    """A headline of a hundred agents, ten of them trained."""
    row = {
        "role": "headline", "estimate": 0.1, "std_error": 0.01, "ci_low": 0.08, "ci_high": 0.12, "n_agents": 100,
        "n_trained_agents": MINIMUM, "verdict": "clear", "sentence": "It fell.", "reason": "",
    }  # fmt: skip
    return pl.DataFrame([row | changes], schema_overrides={"n_agents": pl.Int64, "n_trained_agents": pl.Int64})


def cohorts(*sizes: int) -> pl.DataFrame:
    return pl.DataFrame(
        {"cohort": [f"2024-0{i + 1}-01" for i in range(len(sizes))], "n_agents": sizes, "estimate": 0.1}
    )


@pytest.mark.parametrize(
    ("agents", "trained", "shown"),
    [(100, 10, True), (100, 9, False), (100, 1, False), (100, 0, True), (100, None, True), (9, 0, False)],
)
def test_an_effect_on_fewer_trained_agents_than_the_minimum_has_no_numbers(
    agents: int, trained: int | None, shown: bool
) -> None:
    rows = effects(n_agents=agents, n_trained_agents=trained)
    row = without_few("effect", rows, MINIMUM).row(0, named=True)

    assert (row["estimate"] is not None) == shown
    assert (row["verdict"] == "clear") == shown
    assert shown or "Fewer than 10 trained agents match" in row["sentence"]


@pytest.mark.parametrize(("trained", "few"), [(9, True), (1, True), (10, False), (0, False), (None, False)])
def test_checks_and_ladder_are_about_few_where_the_headline_is(trained: int | None, few: bool) -> None:
    assert about_few(effects(n_trained_agents=trained), MINIMUM) == few


def test_a_small_wave_is_left_out_and_another_with_it() -> None:
    """All waves together are known: the one that is missing would be the difference."""
    shown = without_few("cohort_effect", cohorts(30, 4, 25, 40), MINIMUM)

    assert "2024-02-01" not in shown["cohort"].to_list()
    assert shown.height == 2
    assert without_few("cohort_effect", cohorts(30, 25), MINIMUM).height == 2


@pytest.mark.parametrize("name", ["event_time", "calendar_effect"])
def test_weeks_are_shown_from_the_minimum_on(name: str) -> None:
    rows = pl.DataFrame({"week": [1, 2, 3], "n_agents": [9, 10, 11]})

    assert without_few(name, rows, MINIMUM)["week"].to_list() == [2, 3]
