"""Each check: passes where nothing is wrong, fails where something is, says so when it cannot tell."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from analysis import Panel, estimate
from analysis.checks import (
    balance,
    case_mix,
    composition,
    decomposition,
    estimator_gap,
    few_clusters,
    placebo_in_time,
    pre_trends,
    selection_dip,
    sensitivity,
)
from analysis.checks.leads import Contrast, lead_keys
from analysis.checks.randomisation import randomisation_test
from analysis.checks.result import SCHEMA, CheckResult, frame
from analysis.words.numbers import Reader
from tests.analysis.worlds import flat_world, panel_of, words

READER = Reader("en_GB", "EUR")
KPI = words()
SMALL = 0.005
WORLDS = 12


def grid(seed: int, *, teams: int = 40, size: int = 6, weeks: int = 44, noise: float = 0.01) -> Panel:
    """Teams of agents trained at week 20 or 28 or never; no effect; independent noise."""
    rng = np.random.default_rng(seed)
    team = np.repeat(np.arange(teams), size)
    start = np.array([20, 28, 10**6, 10**6])[np.arange(teams) % 4][team]
    y = 0.12 + rng.normal(0, 0.02, team.size)[:, None] + rng.normal(0, 0.01, weeks)[None, :]
    y = y + rng.normal(0, noise, (team.size, weeks))
    shape = y.shape
    return Panel(
        num=y * 100.0,
        den=np.full(shape, 100.0),
        cohort_ix=np.where(start > weeks, np.iinfo(np.int64).max, start).astype(np.int64),
        cluster_ix=team.astype(np.int64),
        units=np.arange(team.size),
        times=np.arange(weeks),
        clusters=np.arange(teams),
        outcome="escalation_rate",
    )


def shifted(panel: Panel, change: np.ndarray) -> Panel:
    return replace(panel, num=panel.num + change * panel.den)


def since(panel: Panel) -> np.ndarray:
    """Weeks since training; very negative where never."""
    weeks = np.arange(panel.n_periods)[None, :]
    return np.where(panel.trained_units[:, None], weeks - np.minimum(panel.cohort_ix, 10**6)[:, None], -(10**6))


def events(panel: Panel) -> object:
    return estimate(panel).aggregate("event_time")


@pytest.mark.parametrize("module", [pre_trends, placebo_in_time, selection_dip])
def test_quiet_worlds_hardly_ever_fail(module: object) -> None:
    failures = [module.check(events(grid(seed)), KPI, SMALL, READER).status for seed in range(WORLDS)]  # type: ignore[attr-defined]

    assert failures.count("failed") <= 1
    assert failures.count("passed") >= WORLDS - 3


def test_a_drift_before_training_fails() -> None:
    panel = grid(1)
    drift = np.where(since(panel) > -100, 0.0015 * np.maximum(since(panel) + 12, 0), 0.0)
    found = pre_trends.check(events(shifted(panel, drift)), KPI, SMALL, READER)  # type: ignore[arg-type]

    assert found.status == "failed"
    assert "drifting apart before training" in found.sentence
    assert "points" in found.sentence


def test_a_contrast_is_judged_by_one_rule() -> None:
    """Significant and material, not visible, or fine; without any error a value stands, without a known one nothing."""
    small = 0.01
    assert Contrast(0.020, 0.002, 40.0).status(small) == "failed"
    assert Contrast(0.004, 0.0001, 40.0).status(small) == "passed", "beyond chance, but less than half of what matters"
    assert Contrast(0.020, 0.020, 40.0).status(small) == "informational"
    assert Contrast(0.000, 0.001, 40.0).status(small) == "passed"
    assert Contrast(-0.02, 0.0, 40.0).status(small) == "failed"
    assert Contrast(0.0, 0.0, 40.0).status(small) == "passed"
    assert Contrast(0.0, math.nan, 40.0).status(small) == "informational"


def test_too_much_noise_is_said_and_not_passed() -> None:
    found = pre_trends.check(events(grid(2, noise=0.2)), KPI, SMALL, READER)  # type: ignore[arg-type]

    assert found.status == "informational"
    assert "could have hidden" in found.sentence


@pytest.mark.parametrize("side", ["above", "below"])
@pytest.mark.parametrize("noise", [0.01, 0.2])
def test_no_drift_is_never_said_beside_leads_on_one_side(side: str, noise: float) -> None:
    """Seven of seven weeks below zero may be chance, but a reader who sees them is not told that nothing was seen."""
    found = events(grid(0, noise=noise))
    leads = lead_keys(found)  # type: ignore[arg-type]
    columns = dict(found.columns)  # type: ignore[attr-defined]
    ours = np.isin(columns["key"], leads)
    small = 1e-4 * (1 if side == "above" else -1)
    columns["estimate"] = np.where(ours, small, columns["estimate"])
    result = pre_trends.check(replace(found, columns=columns), KPI, SMALL, READER)  # type: ignore[type-var]

    assert result.status == ("passed" if noise < 0.1 else "informational")
    assert "No drift" not in result.sentence
    assert "moved together" not in result.sentence
    assert f"{leads.size} of the {leads.size} weeks before training lie {side} no change" in result.sentence


def test_a_dip_just_before_training_fails_and_names_the_direction() -> None:
    panel = grid(3)
    dip = np.where((since(panel) >= -4) & (since(panel) < 0), 0.02, 0.0)
    found = selection_dip.check(events(shifted(panel, dip)), KPI, SMALL, READER)  # type: ignore[arg-type]

    assert found.status == "failed"
    assert "at a low point" in found.sentence
    assert "worse than their own past" in found.sentence


def test_an_effect_before_there_was_anything_fails_the_placebo() -> None:
    panel = grid(4)
    early = np.where((since(panel) >= -12) & (since(panel) < -4), 0.02, 0.0)

    assert placebo_in_time.check(events(shifted(panel, early)), KPI, SMALL, READER).status == "failed"  # type: ignore[arg-type]


def test_the_selection_dip_is_found_where_the_worst_are_trained_without_effect() -> None:
    """The phantom gain of picking the worst: the check must see the dip in most worlds of this size."""
    caught = 0
    for seed in range(6):
        world = flat_world(seed, teams=40, assignment="lowest_performers", effect_scale=0.0)
        panel = panel_of(world)
        found = selection_dip.check(events(panel), KPI, SMALL, READER, panel=panel)  # type: ignore[arg-type]
        caught += found.status == "failed"

    assert caught >= 5


def test_a_dip_inside_teams_is_seen_through_team_shocks() -> None:
    """Half of each trained team is picked; shocks shared by the team hide the dip from the leads, not from the team."""
    panel = grid(11)
    shocks = np.random.default_rng(11).normal(0, 0.2, (panel.n_clusters, panel.n_periods))[panel.cluster_ix]
    passed_over = panel.trained_units & (np.arange(panel.n_units) % 2 == 0)
    cohorts = np.where(passed_over, np.iinfo(np.int64).max, panel.cohort_ix)
    dip = np.where((since(panel) >= -4) & (since(panel) < 0) & ~passed_over[:, None], 0.01, 0.0)
    moved = shifted(panel, shocks + dip).with_cohorts(cohorts)

    assert selection_dip.check(events(moved), KPI, SMALL, READER).status == "informational"  # type: ignore[arg-type]
    assert selection_dip.check(events(moved), KPI, SMALL, READER, panel=moved).status == "failed"  # type: ignore[arg-type]


def test_balance_passes_when_alike_and_fails_for_those_who_chose_themselves() -> None:
    panel = grid(5)
    better = shifted(panel, np.where(panel.trained_units[:, None], 0.03, 0.0))

    assert balance.check(panel, KPI, READER, assigned=False).status == "passed"
    assert balance.check(better, KPI, READER, assigned=False).status == "failed"
    assert balance.check(better, KPI, READER, assigned=True).status == "informational"


def test_balance_needs_weeks_before_training() -> None:
    panel = grid(5)

    assert balance.check(panel.take(start=19), KPI, READER, assigned=True).status == "informational"


def test_composition_passes_when_everybody_stays() -> None:
    panel = grid(6)
    simple = estimate(panel).aggregate("simple")
    found = composition.check(panel, simple, KPI, SMALL, READER, of_stayers=simple)

    assert found.status == "passed"
    assert "100% of the trained" in found.sentence


def test_agents_whose_weeks_are_left_out_have_not_left() -> None:
    """Untrained weeks beside trained team-mates are no comparison; whoever worked in them is still there."""
    panel = grid(6)
    after = np.arange(panel.n_periods)[None, :] >= panel.cohorts.min()
    beside = after & ~panel.trained_units[:, None]
    without = replace(panel, num=np.where(beside, 0.0, panel.num), den=np.where(beside, 0.0, panel.den))
    simple = estimate(panel).aggregate("simple")
    last = np.full(panel.n_units, panel.n_periods - 1)

    assert "0% of the others" in composition.check(without, simple, KPI, SMALL, READER).sentence
    assert "100% of the others" in composition.check(without, simple, KPI, SMALL, READER, last=last).sentence
    assert composition.stayers(without, last).n_units == panel.n_units > composition.stayers(without).n_units


def test_composition_fails_when_the_change_is_a_change_of_people() -> None:
    """Half of the trained get worse and leave soon after: the others stay as they were."""
    panel = grid(7)
    leavers = panel.trained_units & (np.arange(panel.n_units) % 2 == 0)
    gone = leavers[:, None] & (since(panel) > 8)
    worse = np.where(leavers[:, None] & (since(panel) >= 0), 0.08, 0.0)
    panel = shifted(panel, worse)
    panel = replace(panel, num=np.where(gone, 0.0, panel.num), den=np.where(gone, 0.0, panel.den))
    everybody = estimate(panel).aggregate("simple")
    stayed = estimate(composition.stayers(panel)).aggregate("simple")
    found = composition.check(panel, everybody, KPI, SMALL, READER, of_stayers=stayed)

    assert found.status == "failed"
    assert "50% of the trained" in found.sentence


def test_a_gap_between_estimators_is_shown() -> None:
    """A level shift three quarters of a year before training moves imputation and not group-time."""
    panel = grid(8)
    old = np.where((since(panel) < -10) & (since(panel) > -100), 0.05, 0.0)
    panel = shifted(panel, old)
    pair = [estimate(panel, name).aggregate("simple") for name in ("imputation", "group_time")]
    quiet = [estimate(grid(8), name).aggregate("simple") for name in ("imputation", "group_time")]

    assert estimator_gap.check(pair[0], pair[1], KPI, SMALL, READER).status == "failed"
    assert estimator_gap.check(quiet[0], quiet[1], KPI, SMALL, READER).status == "passed"
    large = estimator_gap.check(pair[0], pair[1], KPI, 1.0, READER)
    assert (large.status, large.statistic > large.threshold) == ("passed", True)
    assert "too small to matter" in large.sentence, "beyond the noise is not within it"


def test_case_mix_fails_when_routing_moves_the_kpi() -> None:
    panel = grid(9)
    expected = panel.with_outcome(np.where(since(panel) >= 0, 0.13, 0.12) + 1e-4 * panel.y, "mix")
    found = case_mix.check(estimate(expected).aggregate("simple").overall, KPI, SMALL, READER)

    assert found.status == "failed"
    assert "routing alone" in found.sentence
    assert case_mix.check(None, KPI, SMALL, READER).status == "informational"


def test_sensitivity_passes_for_a_large_effect_and_not_for_a_small_one() -> None:
    panel = grid(10)
    sizes = {}
    for effect in (-0.05, -0.004):
        moved = shifted(panel, np.where(since(panel) >= 0, effect, 0.0))
        event = estimate(moved, "group_time", base="universal").aggregate("event_time")
        sizes[effect] = sensitivity.check(event, KPI, READER)

    assert sizes[-0.05].status == "passed"
    assert sizes[-0.05].statistic > sizes[-0.004].statistic or math.isnan(sizes[-0.004].statistic)
    assert sizes[-0.004].status == "informational"


def test_sensitivity_intervals_nest() -> None:
    moved = shifted(grid(10), np.where(since(grid(10)) >= 0, -0.03, 0.0))
    found = sensitivity.analyse(estimate(moved, "group_time", base="universal").aggregate("event_time"))

    assert found is not None
    widths = [interval.high - interval.low for _, interval in found.relative]
    assert np.all(np.diff(widths) >= 0)
    assert found.breakdown_mbar > 1


def test_decomposition_reports_the_share() -> None:
    found = decomposition.check(0.31, READER)

    assert found.status == "informational"
    assert "31%" in found.sentence
    assert decomposition.check(None, READER).status == "informational"


def test_checks_become_rows() -> None:
    rows = frame([CheckResult("balance", "Alike", "passed", 0.1, 0.25, "Fine.")])

    assert dict(rows.schema) == dict(SCHEMA)
    assert rows.height == 1


def test_with_few_teams_chance_is_judged_a_second_way() -> None:
    """A clear effect in 24 independent teams: both ways agree, twice the same; with 40 teams no second look is due."""
    panel = grid(3, teams=24)
    trained = shifted(panel, np.where(since(panel) >= 0, -0.02, 0.0))
    simple = estimate(trained).aggregate("simple")
    found, again = (few_clusters.check(simple, KPI, READER) for _ in range(2))

    assert found is not None
    assert found == again
    assert found.status == "passed"
    assert found.statistic < found.threshold
    assert "made for few teams (24 here), agrees: likely between" in found.sentence
    assert few_clusters.check(estimate(grid(3, teams=40)).aggregate("simple"), KPI, READER) is None


def test_randomisation_inference_must_agree_too() -> None:
    panel = grid(3, teams=24)
    trained = shifted(panel, np.where(since(panel) >= 0, -0.02, 0.0))
    simple = estimate(trained).aggregate("simple")
    permuted = randomisation_test(trained, draws=few_clusters.PERMUTATIONS, interval=False)
    found = few_clusters.check(simple, KPI, READER, permuted=permuted)
    doubted = few_clusters.check(simple, KPI, READER, permuted=replace(permuted, p_value=0.31))
    silent = few_clusters.check(simple, KPI, READER, permuted=replace(permuted, p_value=math.nan))

    assert found is not None
    assert doubted is not None
    assert silent is not None
    assert found.status == "passed"
    assert "fewer than 1 of 100 ways to draw the waves of the teams by lot would have looked" in found.sentence
    assert doubted.status == "informational"
    assert "31 of 100 ways" in doubted.sentence
    assert doubted.sentence.endswith("which disagrees.")
    assert (silent.status, "deals" in silent.sentence) == ("passed", False)


def test_a_range_that_hangs_on_five_teams_is_doubted() -> None:
    """t(19) excludes no change at t = 2.15; if 5 of 20 teams carry the number, 1 sign pattern in 16 is further out."""
    simple = estimate(grid(3, teams=20)).aggregate("simple")
    influence = np.zeros(20)
    influence[:5] = 0.001
    error = 0.001 * math.sqrt(5)
    claimed = replace(simple.overall, estimate=0.0048, std_error=error, ci_low=0.0001, ci_high=0.0095)
    found = few_clusters.check(replace(simple, overall=claimed, overall_influence=influence), KPI, READER)

    assert found is not None
    assert found.status == "informational"
    assert found.statistic > found.threshold
    assert "disagrees" in found.sentence
