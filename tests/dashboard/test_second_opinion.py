"""What stands beside the headline of a KPI: the second opinion, the effect of completing, the effect per course.

Whether the second opinion agrees is decided once, by the check of the gap, and read everywhere.
"""

from __future__ import annotations

import polars as pl
import pytest

from analysis.words.numbers import Reader
from dashboard.views import effects as view
from etl.configuration.kpis import load

READER = Reader("en_GB", "EUR")
ROW = {
    "kpi": "escalation_rate",
    "slice_kind": "overall",
    "slice_value": "",
    "control": "not_yet_trained",
    "estimand": "",
    "df": 30.0,
    "ci_level": 0.95,
    "baseline": 0.12,
    "n_contacts": 1000.0,
    "n_agents": 100,
    "n_trained_agents": 60,
    "n_clusters": 31,
    "n_trained_clusters": 20,
    "smallest_effect": 0.005,
    "verdict": "clear",
    "sentence": "Fewer escalations.",
    "reason": "",
    "weeks_to_know": None,
    "believed": True,
    "unit": "share",
    "better": "lower",
}


def page(status: str | None) -> view.EffectsPage:
    """Two intervals far apart, and what the check said of them."""
    numbers = {"estimate": -0.02, "std_error": 0.002, "ci_low": -0.024, "ci_high": -0.016}
    other = {"estimate": -0.01, "std_error": 0.002, "ci_low": -0.014, "ci_high": -0.006}
    effect = pl.DataFrame(
        [
            {**ROW, **numbers, "role": "headline", "estimator": "imputation"},
            {**ROW, **other, "role": "second_opinion", "estimator": "group_time"},
        ]
    )
    checks = pl.DataFrame(
        [{"check": "estimator_gap", "label": "A second opinion agrees", "status": status, "sentence": "Words."}]
        if status
        else []
    )
    made = view.build(load()["escalation_rate"], {"effect": effect, "check": checks}, READER)
    assert made is not None
    return made


@pytest.mark.parametrize(
    ("status", "told"),
    [("passed", "in line with the first"), ("failed", "not the same; see the checks"), ("informational", "")],
)
def test_the_page_says_what_the_check_says(status: str, told: str) -> None:
    words = page(status).second

    assert told in words
    assert words.count("the first") == (status == "passed")
    assert words.count("not the same") == (status == "failed")


def test_without_a_check_nothing_is_said_about_agreement() -> None:
    words = page(None).second

    assert "first" not in words
    assert "not the same" not in words


def test_the_effect_per_course_follows_the_effect_of_completing() -> None:
    roles = {"headline": -0.02, "completion": -0.025, "dose": -0.005}
    rows = [
        {
            **ROW,
            "role": role,
            "estimator": "imputation",
            "estimate": value,
            "std_error": 0.001,
            "ci_low": value - 0.002,
            "ci_high": value + 0.002,
        }
        for role, value in roles.items()
    ]
    made = view.build(load()["escalation_rate"], {"effect": pl.DataFrame(rows)}, READER)
    once = view.build(load()["escalation_rate"], {"effect": pl.DataFrame(rows[:2])}, READER)
    assert made is not None
    assert once is not None

    assert made.completion.startswith("For those who completed the training: −2.5 points")
    assert "For each course completed: −0.5 points" in made.completion
    assert "course completed" not in once.completion
