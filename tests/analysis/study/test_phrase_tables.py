"""Phrases held against evaluations: what may be said, what blocks it, and which rules carry a change."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest

from analysis.checks import phrases as check
from analysis.estimators.imputation import Imputation
from analysis.panel.panel import NEVER
from analysis.panel.phrases import HITS, Labels
from analysis.study import phrase_labels, phrase_tables
from analysis.words.numbers import Reader
from analysis.words.verdict import verdict
from etl.configuration.kpis import load
from tests.analysis.estimators.test_many_outcomes import panel_of

FIRST = date(2026, 1, 5)
CATALOGUE = load()


def labels_of(n: int = 4000, taught: float = 0.0, teams: int = 20, seed: int = 1) -> Labels:
    """Contacts of 40 agents over 20 weeks; from week 10 on half of them are trained, and say phrases more often by
    ``taught`` where they do not show the skill."""
    rng = np.random.default_rng(seed)
    agent, week = rng.integers(0, 40, n), rng.integers(0, 20, n)
    after = (agent % 2 == 0) & (week >= 10)
    score = np.clip(rng.normal(0.6 + 0.1 * after, 0.2), 0, 1)
    shown = score >= 0.6
    heard = rng.random(n) < np.where(shown, 0.6, 0.1 + taught * after)
    team = np.char.add("T", (agent // (40 // teams)).astype(str))
    monday = np.datetime64(FIRST) + 7 * week.astype("timedelta64[D]")
    return Labels(
        agent_key=np.char.add("a", agent.astype(str)),
        team=team,
        week=monday,
        heard=dict.fromkeys(HITS, heard),
        scores=dict.fromkeys(HITS, score),
        others=dict.fromkeys(HITS, (team, heard)),
    )


def setting_of(**changes: Any) -> Any:
    keys = np.array([f"a{k}" for k in range(40)])
    start = np.array([10 if k % 2 == 0 else NEVER for k in range(40)])
    roster = SimpleNamespace(
        agent_key=keys, scheduled=start, trained=start, monday=lambda week: FIRST + timedelta(weeks=week)
    )
    design = SimpleNamespace(timing="trained", headline="imputation", anticipation_weeks=0)
    both = {"roster": roster, "design": design, "reader": Reader(), "ci_level": 0.95, "shown_from": 0.6}
    return SimpleNamespace(**both | {"kpis": dict(CATALOGUE.items())} | changes)


def study_of(kpi: str, state: str = "clear", estimate: float = 0.05) -> Any:
    found = SimpleNamespace(
        available=True,
        estimate=estimate,
        std_error=0.01,
        ci_low=estimate - 0.02,
        ci_high=estimate + 0.02,
        n_clusters=20,
    )
    return SimpleNamespace(kpi=CATALOGUE[kpi], headline=found, verdict=SimpleNamespace(state=state))


def row_of(labels: Labels | None, state: str = "clear") -> dict[str, Any]:
    return phrase_tables._heard(study_of("text_active_listening", state), "active_listening", labels, setting_of())


def test_every_measure_of_phrases_knows_its_skill() -> None:
    of = {kpi.id: phrase_labels.skill_of(kpi) for kpi in CATALOGUE.values() if phrase_labels.skill_of(kpi)}
    assert of == {
        "text_active_listening": "active_listening", "text_personalisation": "personalisation",
        "text_probing_questions": "probing_questions", "text_perspective_taking": "perspective_taking",
        "trigger_rate": "trigger_free_language",
    }  # fmt: skip
    assert phrase_labels.rule_skill_of(CATALOGUE["sympathy_rate"]) == "sympathy"
    assert phrase_labels.rule_skill_of(CATALOGUE["csat_top2"]) == ""


def test_a_size_is_told_where_phrases_mean_the_same() -> None:
    row = row_of(labels_of())
    assert row["state"] == "agree"
    assert row["corrected"] == pytest.approx(row["effect"] / row["sharpness"])
    assert row["sensitivity"] == pytest.approx(0.6, abs=0.04)
    assert row["specificity"] == pytest.approx(0.9, abs=0.03)
    assert row["level"] == pytest.approx(0.55, abs=0.08)
    assert "phrases hear a share of" in row["sentence"]


def test_taught_phrases_block_the_size_and_the_check_blocks_the_verdict() -> None:
    labels = labels_of(taught=0.2)
    row = row_of(labels)
    assert row["state"] == "differ"
    assert "corrected" not in row
    found, _ = phrase_labels.accuracy(labels, CATALOGUE["text_active_listening"], setting_of())
    result = check.check(found, Reader())
    assert result.status == "failed"
    kpi = CATALOGUE["text_active_listening"]
    both = {"estimate": 0.05, "ci_low": 0.03, "ci_high": 0.07, "smallest_effect": 0.01}
    said = verdict(kpi, **both, checks=[result], reader=Reader(), n_trained_clusters=20, n_control_clusters=20)
    assert said.state == "dont_use"
    assert "a change in phrases is no change in the skill" in said.sentence


def test_a_difference_too_small_to_matter_does_not_block() -> None:
    kpi = CATALOGUE["text_active_listening"]
    for taught, blocks in ((0.025, False), (0.2, True)):
        found, _ = phrase_labels.accuracy(labels_of(200_000, taught), kpi, setting_of())
        assert found is not None
        assert found.p_value < 0.01
        assert found.blocks is blocks


def test_a_broken_comparison_gives_no_size() -> None:
    row = row_of(labels_of(), state="dont_use")
    assert "effect" not in row
    assert "corrected" not in row


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (None, "evaluate contacts that are transcribed"),
        (labels_of(40), "are too few"),
        (labels_of(4000, teams=1), "one team"),
    ],
)
def test_without_enough_labels_phrases_stay_phrases(labels: Labels | None, said: str) -> None:
    row = row_of(labels)
    assert row["state"] == "not_compared"
    assert "phrases heard, not the skill" in row["sentence"]
    assert said in row["sentence"]
    found, why = phrase_labels.accuracy(labels, CATALOGUE["text_active_listening"], setting_of())
    result = check.check(found, Reader(), why)
    assert result.status == "informational"
    assert said in result.sentence


def test_labels_of_trigger_phrases_are_turned_round() -> None:
    labels = labels_of(100)
    shown = labels.shown("active_listening", 0.6)
    assert (labels.shown("trigger_free_language", 0.6) == ~shown).all()


def test_rules_have_the_effect_of_their_imputation_and_claim_only_with_their_kpi(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    panel = panel_of(5)
    monkeypatch.setattr(phrase_tables, "compare", lambda *_: SimpleNamespace(raw=panel))
    agent, week = np.nonzero(panel.num)
    heard = pl.DataFrame(
        {
            "agent_key": [str(panel.units[a]) for a in agent],
            "week": [panel.times[w] for w in week],
            "contacts": panel.num[agent, week].astype(int),
        }
    ).with_columns(skill=pl.lit("active_listening"), rule=pl.lit("say_back"), polarity=pl.lit("shows"))
    rare = heard.head(5).with_columns(rule=pl.lit("rare"))
    weeks = SimpleNamespace(rules=lambda: pl.concat([heard, rare]), labels=lambda: None)
    if not isinstance(panel.times[0], date):
        days = {value: FIRST + timedelta(weeks=k) for k, value in enumerate(panel.times)}
        dated = pl.col("week").replace_strict(days, return_dtype=pl.Date)
        both = pl.concat([heard, rare]).with_columns(dated)
        weeks = SimpleNamespace(rules=lambda: both, labels=lambda: None)
        object.__setattr__(panel, "times", [FIRST + timedelta(weeks=k) for k in range(panel.n_periods)])
    for state, claimed in (("clear", True), ("cant_tell_yet", False)):
        rows = phrase_tables._rules(weeks, {"x": study_of("text_active_listening", state)}, setting_of())
        by_rule = {row["rule"]: row for row in rows}
        assert by_rule["say_back"]["estimate"] == pytest.approx(Imputation(panel, 0).point("simple")[1][0])
        assert by_rule["say_back"]["claimed"] is claimed
        assert by_rule["say_back"]["after"] > by_rule["say_back"]["before"]
        assert np.isnan(by_rule["rare"]["estimate"])
