"""The records of the estimators: one a name, with what computes it and where it is described."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.design import Situation, choose
from analysis.estimators.registry import MAKERS
from analysis.words.estimators import RECORDS, RUNGS, label
from etl.configuration.programme import Assignment, AssignmentRule

METHODS = Path(__file__).resolve().parents[3] / "docs" / "methods.md"
MODES = ("randomised", "team_waves", "lowest_performers", "volunteers", "unknown")


def test_every_estimator_has_one_record_and_one_maker() -> None:
    assert set(RECORDS) == set(MAKERS)
    assert all(record.name == name for name, record in RECORDS.items())
    assert len({record.label for record in RECORDS.values()}) == len(RECORDS)


@pytest.mark.parametrize("name", RECORDS)
def test_an_estimator_is_described_where_its_record_says(name: str) -> None:
    text = METHODS.read_text(encoding="utf-8")
    section = text.split(f"### {RECORDS[name].section}\n", 1)

    assert len(section) == 2, f"docs/methods.md has no heading {RECORDS[name].section!r}"


@pytest.mark.parametrize("mode", MODES)
def test_a_design_takes_its_choices_from_the_records(mode: str) -> None:
    rule = None
    if mode == "lowest_performers":
        rule = AssignmentRule(kpi="escalation_rate", lookback_weeks=4, share=0.5)
    design = choose(Assignment(mode=mode, unit="team", rule=rule), Situation(True, 1, 1, 0.0, False))
    roles = {choice.role: choice.estimator for choice in design.choices if choice.role not in ("none", "ladder")}

    assert {choice.estimator for choice in design.choices} == set(RECORDS)
    assert roles == {"headline": design.headline, "second_opinion": design.second_opinion}
    assert not any("{" in choice.reason for choice in design.choices)


def test_every_rung_of_the_ladder_has_a_lesson() -> None:
    assert all(RECORDS[name].lesson for name in RUNGS)
    assert label("imputation") == "Against all not yet trained"
    assert label("never_trained") == "never trained"
