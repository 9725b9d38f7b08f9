"""Planning: reference variances to 1e-9, the centre's own components, and what a roll-out can tell."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import stdtrit

from analysis import Panel, estimate, planning
from analysis.errors import EstimationError
from analysis.planning.detectable_change import minimum_detectable_effect, power
from analysis.planning.rollout import imputation_weights, reach, standard_error, weeks_to_detect
from analysis.planning.serial_correlation import ar1, difference_in_differences_variance, mean_covariances
from analysis.planning.shown_interval import shown_interval
from analysis.planning.variance_components import Components, estimate_components, untreated_block

EXACT = 1e-9


@pytest.mark.parametrize(
    ("structure", "given", "variance", "chance"),
    [
        ("exchangeable", {}, 0.006048520710059172, 0.9711159588959257),
        ("nested_exchangeable", {"cac": 0.8}, 0.00891409395973154, 0.888295783657707),
        ("decay", {"cac": 0.8}, 0.009975992026966484, 0.8516748687062852),
    ],
)
def test_variances_match_the_reference(structure: str, given: dict[str, float], variance: float, chance: float) -> None:
    found = planning.stepped_wedge_variance([2, 2, 2, 2], 5, 50, 0.05, structure=structure, **given)

    assert found == pytest.approx(variance, rel=EXACT)
    assert power(0.3, math.sqrt(found)) == pytest.approx(chance, rel=1e-7)


def test_hussey_and_hughes_in_their_own_numbers() -> None:
    """Variances .95 within and .05 between, 20 a period; and their closed form."""
    found = planning.stepped_wedge_variance([2, 2, 2, 2], 5, 20, 0.05)
    assert found == pytest.approx(0.01431012658227848, rel=EXACT)

    x = (np.arange(5)[None, :] >= np.repeat([1, 2, 3, 4], 2)[:, None]).astype(float)
    clusters, periods, s2, tau2 = 8, 5, 0.95 / 20, 0.05
    u, w, v = x.sum(), (x.sum(axis=0) ** 2).sum(), (x.sum(axis=1) ** 2).sum()
    closed = (
        clusters
        * s2
        * (s2 + periods * tau2)
        / ((clusters * u - w) * s2 + (u**2 + clusters * periods * u - periods * w - clusters * v) * tau2)
    )
    assert found == pytest.approx(closed, rel=EXACT)


def test_the_closed_cohort_contains_the_others() -> None:
    nested = planning.stepped_wedge_variance([2, 2, 2, 2], 5, 50, 0.05, structure="nested_exchangeable", cac=0.8)
    repeated = planning.stepped_wedge_variance([2, 2, 2, 2], 5, 50, 0.05, structure="closed_cohort", cac=0.8, iac=0.0)
    people = planning.stepped_wedge_variance([2, 2, 2, 2], 5, 50, 0.05, structure="closed_cohort", cac=0.8, iac=0.6)

    assert repeated == pytest.approx(nested, rel=EXACT)
    assert people < nested


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"clusters_by_wave": [4], "starts": [1], "periods": 3}, "nothing is left to compare"),
        ({"clusters_by_wave": [1], "periods": 3}, "One team"),
        ({"clusters_by_wave": [1, 1, 1, 1], "periods": 3}, "more periods or fewer waves"),
        ({"clusters_by_wave": [], "periods": 3}, "at least one team"),
        ({"clusters_by_wave": [2, 2], "periods": 3, "icc": 1.2}, "between 0 and 1"),
        ({"clusters_by_wave": [2, 2], "periods": 3, "cluster_size": 0}, "above zero"),
        ({"clusters_by_wave": [2, 2], "periods": 3, "structure": "magic"}, "There is no structure"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_in_words(given: dict[str, object], says: str) -> None:
    plain: dict[str, object] = {"cluster_size": 50, "icc": 0.05}
    with pytest.raises(EstimationError, match=says):
        planning.stepped_wedge_variance(**{**plain, **given})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("pre", "post", "rho", "error"),
    [(1, 1, 0.5, 0.2582), (5, 5, 0.0, 0.1633), (5, 5, 0.5, 0.2221), (26, 12, 0.8, 0.2097)],
)
def test_lasting_errors_match_burlig_preonas_woerman(pre: int, post: int, rho: float, error: float) -> None:
    psi = mean_covariances(ar1(pre + post, rho), pre)
    found = difference_in_differences_variance(60, 0.5, pre, post, 1.0, *psi)

    assert math.sqrt(found) == pytest.approx(error, abs=5e-5)
    starts = np.repeat([pre, pre + post + 1], 30)
    assert standard_error(starts, pre + post, Components(1.0, rho, 0.0)) == pytest.approx(math.sqrt(found), rel=EXACT)


def test_two_sample_power_is_the_reference() -> None:
    assert power(1.2, math.sqrt(2 / 10)) == pytest.approx(0.7652576053107516, rel=1e-6)


def test_few_teams_need_a_larger_change() -> None:
    ratio = minimum_detectable_effect(1.0, 7) / minimum_detectable_effect(1.0)

    assert 1.1 < ratio < 1.3
    assert power(minimum_detectable_effect(1.0, 7), 1.0, 7) == pytest.approx(0.8, abs=1e-6)
    assert math.isnan(minimum_detectable_effect(math.nan, 7))


def test_weights_are_those_of_the_estimator() -> None:
    rng = np.random.default_rng(2)
    starts = np.array([6, 6, 9, 9, 12, 12, 30, 30])
    means = rng.standard_normal((8, 16))
    weights = imputation_weights(starts, 16)
    assert weights is not None
    panel = Panel(
        means, np.ones_like(means), starts.astype(np.int64), np.arange(8), np.arange(8), np.arange(16), np.arange(8)
    )
    found = estimate(panel, "imputation").aggregate("simple").overall

    assert float((weights * means).sum()) == pytest.approx(found.estimate, rel=1e-8)


def test_all_at_once_leaves_nothing_to_tell() -> None:
    found = reach(np.zeros(8, dtype=np.int64), 20, 12, Components(0.01, 0.5, 0.01))

    assert all(math.isnan(point.detectable) for point in found)
    assert weeks_to_detect(found, 10.0) == math.inf


def test_more_weeks_and_more_teams_tell_smaller_changes() -> None:
    components = Components(0.0004, 0.8, 0.0009)
    few, many = (reach(np.tile([0, 4, 8, -1], n), 26, 16, components) for n in (3, 9))

    assert few[-1].detectable < few[3].detectable
    assert many[-1].detectable < few[-1].detectable
    assert weeks_to_detect(many, many[7].detectable * 1.001) <= 8


def test_components_are_found_again() -> None:
    """Team shocks with an autocorrelation of .8: plain residual autocovariances of 26 weeks would say about .66."""
    rng = np.random.default_rng(5)
    true = Components(0.0009, 0.8, 0.0004)
    root = np.linalg.cholesky(true.covariance(26))
    found = [
        estimate_components(
            rng.standard_normal((40, 26)) @ root.T + rng.standard_normal((40, 1)) + rng.standard_normal((1, 26))
        )
        for _ in range(12)
    ]

    assert np.median([one.autocorrelation for one in found]) == pytest.approx(0.8, abs=0.05)
    assert np.median([one.lasting for one in found]) == pytest.approx(true.lasting, rel=0.15)
    assert np.median([one.weekly for one in found]) == pytest.approx(true.weekly, rel=0.25)


def test_the_untreated_block_holds_no_trained_week() -> None:
    means = np.arange(6 * 20, dtype=float).reshape(6, 20)
    starts = np.array([4, 12, 12, 12, 12, 99])
    panel = Panel(means, np.ones_like(means), starts, np.arange(6), np.arange(6), np.arange(20), np.arange(6))
    block, sizes = untreated_block(panel)

    assert block.shape == sizes.shape == (5, 12)
    assert np.array_equal(block, means[1:, :12])
    few = Panel(means[:3], np.ones((3, 20)), starts[:3], np.arange(3), np.arange(3), np.arange(20), np.arange(3))
    with pytest.raises(EstimationError, match="State it instead"):
        untreated_block(few)




@pytest.mark.parametrize(
    "starts", [np.repeat([0, 3, 6, -1], 6), np.repeat([0, -1], [16, 4]), np.array([0, 0, 4, 8, 8, 8, -1, -1, -1])]
)
def test_the_interval_of_a_plan_is_the_one_that_is_shown(starts: np.ndarray) -> None:
    """Its degrees of freedom are the estimator's; mean and spread of its error are those of worlds made anew."""
    components, history, after = Components(0.0004, 0.8, 0.0004), 16, 10
    weeks, teams = history + after, starts.size
    begins = np.where(starts < 0, weeks + 1, history + starts).astype(np.int64)
    found = shown_interval(begins, weeks, components)
    assert found.std_error == pytest.approx(standard_error(begins, weeks, components), rel=EXACT)

    whole = imputation_weights(begins, weeks)
    assert whole is not None
    moves = []
    for team in range(teams):
        kept = np.arange(teams) != team
        without = imputation_weights(begins[kept], weeks)
        assert without is not None
        move = -whole.copy()
        move[kept] += without
        moves.append(move)
    products = np.einsum("atw,wv,btv->ab", np.array(moves), components.covariance(weeks), np.array(moves))
    mean = np.trace(products) * (teams - 1) / teams
    assert found.inflation * found.std_error == pytest.approx(math.sqrt(mean), rel=1e-8)
    assert found.df_error == pytest.approx(np.trace(products) ** 2 / (products**2).sum(), rel=1e-8)

    ix = np.arange(teams)
    y = np.random.default_rng(3).standard_normal((teams, weeks))
    shown = estimate(Panel(y, np.ones_like(y), begins, ix, ix, np.arange(weeks), ix), "imputation").aggregate("simple")
    assert found.df_shown == pytest.approx(shown.overall.df, rel=1e-8)


def test_the_change_a_plan_calls_detectable_is_detected_in_80_of_100() -> None:
    """A small part of ``benchmarks/planning.py``: with teams less one and the true error it would be 77 or fewer."""
    starts = np.repeat([0, 3, 6, -1], 6)
    begins = np.where(starts < 0, 39, 26 + starts).astype(np.int64)
    components = Components(0.0004, 0.8, 0.0004)
    found = shown_interval(begins, 38, components)
    change = reach(starts, 26, 12, components)[-1].detectable
    rng = np.random.default_rng(8)
    whole = imputation_weights(begins, 38)
    assert whole is not None
    rest = [imputation_weights(np.delete(begins, team), 38) for team in range(24)]
    y = rng.standard_normal((4000, 24, 38)) @ np.linalg.cholesky(components.covariance(38)).T
    estimates = np.einsum("ntw,tw->n", y, whole)
    left = np.stack([np.einsum("ntw,tw->n", np.delete(y, team, axis=1), rest[team]) for team in range(24)])
    errors = np.sqrt(((left - estimates) ** 2).sum(axis=0) * 23 / 24)
    critical = float(stdtrit(found.df_shown, 0.975))
    assert np.mean(estimates + change - critical * errors > 0) == pytest.approx(0.80, abs=0.02)
