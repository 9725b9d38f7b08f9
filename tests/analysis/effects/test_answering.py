"""Outcomes seen only for those who answered: bounds, their error, and what is said."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from scipy import stats

from analysis import estimate
from analysis.checks import who_answers
from analysis.effects import bounds as module
from analysis.effects.answering import AnswerBounds, answer_bounds, weighted_by_answering
from analysis.panel.panel import NEVER
from analysis.words.numbers import Reader
from analysis.words.verdict import verdict
from benchmarks.claim_worlds import Answered, answering_world, panel_of
from etl.configuration.kpis import SQL_FOLDER, KpiError, load

READER = Reader("en_GB", "EUR")


def bounds_of(world: Answered, scale: tuple[float, float] = (0.0, 1.0)) -> AnswerBounds:
    found = answer_bounds(estimate(world.outcome), estimate(world.answering), scale)
    assert found is not None
    return found


def exact_world(rate_before: float, rate_after: float, mean_before: float, mean_after: float) -> Answered:
    """No noise: 12 teams of one agent, the first half trained in week 5 of 10."""
    teams, weeks, asked = 12, 10, 1000.0
    cohort = np.where(np.arange(teams) < teams // 2, 5, NEVER).astype(np.int64)
    after = np.arange(weeks)[None, :] >= cohort[:, None]
    answers = asked * np.where(after, rate_after, rate_before)
    level = np.where(after, mean_after, mean_before)
    wobble = 1e-9 * np.random.default_rng(0).standard_normal(answers.shape)  # an error of nothing is refused
    invited = np.full(answers.shape, asked)
    build: Any = (cohort, np.arange(teams))
    return Answered(
        panel_of(answers * (level + wobble), answers, *build, "y"), panel_of(answers, invited, *build, "answered")
    )


def trimmed(answers: np.ndarray, share: float, *, top: bool) -> float:
    """Mean of what is left when a share of the sorted answers is taken away: Lee's estimator on single answers."""
    kept = np.sort(answers)
    cut = round(share * kept.size)
    return float((kept[: kept.size - cut] if top else kept[cut:]).mean())


@pytest.mark.parametrize(("before", "after"), [(0.30, 0.36), (0.36, 0.30)])
def test_bounds_of_a_yes_or_no_are_the_trimmed_means_of_single_answers(before: float, after: float) -> None:
    plain, trained = 0.70, 0.75
    found = bounds_of(exact_world(before, after, plain, trained))

    size = 90_000
    with_training = np.arange(size) < trained * size
    without = np.arange(size) < plain * size
    if after > before:
        share = (after - before) / after
        low = trimmed(with_training, share, top=True) - plain
        high = trimmed(with_training, share, top=False) - plain
    else:
        share = (before - after) / before
        low = trained - trimmed(without, share, top=False)
        high = trained - trimmed(without, share, top=True)
    assert found.moved
    assert (found.low, found.high) == pytest.approx((low, high), abs=2e-5)


def test_bounds_meet_where_training_makes_nobody_else_answer() -> None:
    found = bounds_of(exact_world(0.30, 0.30 + 1e-10, 0.70, 0.75))

    assert (found.low, found.high) == pytest.approx((0.05, 0.05), abs=1e-6)


def test_a_longer_scale_has_wider_bounds() -> None:
    world = exact_world(0.30, 0.36, 3.9, 4.0)

    narrow, wide = bounds_of(world, (1.0, 5.0)), bounds_of(world, (1.0, 7.0))
    assert wide.low < narrow.low < 0.1 < narrow.high
    assert narrow.low == pytest.approx(0.1 - (5 - 4.0) * 0.06 / 0.30, abs=1e-6)


@pytest.mark.parametrize("rate", [0.33, 0.36])
def test_satisfied_customers_who_answer_more_are_no_change_of_satisfaction(rate: float) -> None:
    """Over 800 worlds 4% exclude zero (docs/coverage.md); 6 or more of 24 would happen once in 400."""
    found = [bounds_of(answering_world(seed, rate_satisfied=rate)) for seed in range(300, 324)]

    assert sum(b.ci_low > 0 or b.ci_high < 0 for b in found if b.moved) <= 5
    assert sum(b.moved for b in found) >= 22


def test_power_is_kept_where_answering_does_not_move() -> None:
    worlds = [answering_world(seed, effect=0.03) for seed in range(24)]

    claimed = 0
    for world in worlds:
        found, plain = bounds_of(world), estimate(world.outcome).aggregate("simple").overall
        claimed += (found.ci_low if found.moved else plain.ci_low) > 0
    assert claimed >= 19


def test_the_interval_is_one_sided_where_bounds_are_wide_and_two_sided_where_they_meet() -> None:
    """Imbens and Manski (2004): Phi(c + width) - Phi(-c) = level."""
    quantile = partial(stats.t.ppf, df=25)

    assert module._reach(50.0, 25.0, 0.95) == pytest.approx(quantile(0.95), rel=1e-9)
    assert module._reach(0.0, 25.0, 0.95) == pytest.approx(quantile(0.975), rel=1e-9)
    between = module._reach(0.4, 25.0, 0.95)
    assert stats.t.cdf(between + 0.4, 25) - stats.t.cdf(-between, 25) == pytest.approx(0.95)


def test_interval_and_p_value_of_the_bounds_say_the_same() -> None:
    worlds = [answering_world(seed, rate_satisfied=0.33, effect=0.02) for seed in range(24)]

    found = [bounds_of(world) for world in worlds]
    said = [(b.ci_low > 0 or b.ci_high < 0, b.p_value < 0.05) for b in found]
    assert all(outside == small for outside, small in said)
    assert {outside for outside, _ in said} == {True, False}


def test_a_claim_names_a_shift_that_could_have_made_it() -> None:
    kpi = load()["csat_top2"]
    world = answering_world(7, effect=0.02)
    bounds, headline = bounds_of(world), estimate(world.outcome).aggregate("simple").overall
    assert not bounds.moved

    rate = load()["survey_response_rate"]
    told = who_answers.unseen(bounds, rate, headline, READER)
    assert "but 1.1% more or fewer answers, all of them at one end of the scale, would be enough to look like" in told
    assert "a change of the survey response rate by less than 3.2% of it cannot be seen here" in told
    assert not who_answers.unseen(replace(bounds, hidden=0.001), rate, replace(headline, ci_low=0.01), READER)
    said = verdict(kpi, estimate=0.02, ci_low=0.01, ci_high=0.03, smallest_effect=0.01, caveat=told)
    assert said.sentence.endswith(told)
    unsure = verdict(kpi, estimate=0.02, ci_low=-0.01, ci_high=0.05, smallest_effect=0.01, caveat=told)
    assert told not in unsure.sentence


def test_weighting_undoes_answers_that_moved_between_agents() -> None:
    """Trained agents with better outcomes get more answers; every agent's own outcome stays."""
    teams, weeks = 12, 10
    cohort = np.where(np.arange(teams) < 6, 5, NEVER).astype(np.int64).repeat(2)
    team = np.arange(teams).repeat(2)
    good = np.tile([True, False], teams)
    after = np.arange(weeks)[None, :] >= cohort[:, None]
    answers = 300 * np.where(after & good[:, None], 2.0, 1.0)
    level = np.where(good, 0.9, 0.5)[:, None] + 1e-6 * np.random.default_rng(1).standard_normal(answers.shape)
    outcome = panel_of(answers * level, answers, cohort, team, "y")
    answering = panel_of(answers, np.full(answers.shape, 1000.0), cohort, team, "r")

    weighted = weighted_by_answering(outcome, answering)
    assert np.allclose(weighted.den, 1000.0)
    assert np.allclose(weighted.y, level)
    assert estimate(weighted).aggregate("simple").overall.estimate == pytest.approx(0.0, abs=1e-5)


def test_agents_and_weeks_without_anybody_asked_are_not_weighted() -> None:
    world = answering_world(1, teams=10, seats=2, weeks=20)
    part = world.answering.take(np.arange(3, 20), 2, 18)

    weighted = weighted_by_answering(world.outcome, part)
    assert not weighted.observed[:3].any()
    assert not weighted.observed[:, :2].any()
    assert np.allclose(weighted.den[3:, 2:18], np.where(world.outcome.observed[3:, 2:18], part.den, 0.0))


def test_the_verdict_says_that_the_range_is_that_of_the_bounds() -> None:
    kpi = load()["csat_top2"]
    said = verdict(
        kpi, estimate=0.05, ci_low=0.02, ci_high=0.10, smallest_effect=0.01, who_answers="Training moved who answers."
    )
    assert (said.state, said.direction) == ("clear", "better")
    assert said.sentence.endswith("Training moved who answers.")
    assert not said.believed
    small = verdict(kpi, estimate=0.05, ci_low=0.002, ci_high=0.10, smallest_effect=0.01, who_answers="Moved.")
    assert small.state == "clear_but_small"


def test_a_guardrail_that_moved_is_never_an_improvement() -> None:
    rate = load()["survey_response_rate"]
    up = verdict(rate, estimate=0.05, ci_low=0.03, ci_high=0.07, smallest_effect=0.01, guardrail=True)
    down = verdict(rate, estimate=-0.05, ci_low=-0.07, ci_high=-0.03, smallest_effect=0.01, guardrail=True)

    assert (up.state, up.direction) == ("clear", "unknown")
    assert "for the better" not in up.sentence
    assert "was not meant to move" in up.sentence
    assert down.direction == "worse"


def test_the_check_says_what_moved_and_what_could_have_hidden() -> None:
    catalogue = load()
    kpi, rate = catalogue["csat_top2"], catalogue["survey_response_rate"]
    moved = bounds_of(answering_world(1, rate_satisfied=0.36))
    still = bounds_of(answering_world(5))
    told = [who_answers.check(found, kpi, rate, 0.01, READER) for found in (moved, still, None)]

    assert "Training moved who answers: the survey response rate changed by +" in told[0].sentence
    assert "offset each other cannot be seen" in told[1].sentence
    assert "not known" in told[2].sentence
    assert math.isnan(told[2].statistic)
    assert [result.status for result in told] == ["informational", "informational", "informational"]


def test_a_kpi_of_answers_names_who_was_asked(tmp_path: Any) -> None:
    catalogue = load()
    for kpi in catalogue.values():
        if kpi.base == "survey_response" and kpi.id != "survey_response_rate":
            assert kpi.answered_by == "survey_response_rate", kpi.id
            assert kpi.span is not None
        if kpi.base == "qa_evaluation" and not kpi.exposure:
            assert (kpi.answered_by, kpi.span) == ("evaluated_share", (0.0, 1.0)), kpi.id
        if kpi.base == "conversation" and kpi.id != "transcript_share":
            assert kpi.answered_by == "transcript_share", kpi.id
        if kpi.where and "offered" in kpi.where:
            assert kpi.answered_by == "offer_rate", kpi.id
    file = tmp_path / "kpis.toml"
    text = (SQL_FOLDER / "kpis.toml").read_text(encoding="utf-8")
    file.write_text(text.replace('answered_by = "survey_response_rate"', 'answered_by = "response_rate"', 1))
    with pytest.raises(KpiError, match=r'answered_by: there is no KPI "response_rate"'):
        load(file)


def test_a_shift_as_large_as_it_says_makes_the_whole_claim_and_one_smaller_does_not() -> None:
    """As many customers as it says who are not satisfied, and did not answer once trained, are put back."""
    world = answering_world(7, effect=0.02)
    bounds, headline = bounds_of(world), estimate(world.outcome).aggregate("simple").overall
    shift = bounds.overturning(headline.ci_low, headline.ci_high)

    asked, trained = world.answering.den, world.outcome.trained_cells

    def put_back(share: float) -> float:
        answers = world.outcome.den + np.where(trained, share * asked, 0.0)
        of = (world.outcome.cohort_ix, world.outcome.cluster_ix, "csat_top2")
        return estimate(panel_of(world.outcome.num, answers, *of)).aggregate("simple").overall.ci_low

    assert headline.ci_low > 0
    assert put_back(shift) == pytest.approx(0.0, abs=0.1 * headline.ci_low)
    assert put_back(0.5 * shift) > 0.3 * headline.ci_low
    assert 0 < shift < bounds.unseen
    assert bounds.overturning(-0.01, 0.01) == 0.0
