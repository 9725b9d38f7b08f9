"""Every published number on the county teen-employment panel (Callaway and Sant'Anna 2021), to nine digits.

Sources: output of R's ``did`` (group-time), ``fixest`` (two-way and Sun-Abraham) as recorded by their authors, and the
published Bacon and imputation values; see the estimators' docstrings for the papers.
"""

from __future__ import annotations

import moderndid
import numpy as np
import polars as pl
import pytest

from analysis import Panel, estimate
from analysis.estimators.group_time import GroupTime
from analysis.estimators.naive.bacon import bacon
from analysis.inference import small_sample_factor, sup_t_critical_value

#: Points and analytic errors must agree with the reference implementations to rounding.
EXACT = 1e-9
#: Reference printed with fewer digits (imputation, extended TWFE errors: 10 digits; Poisson: 7).
PRINTED = 2e-9
#: The reference Poisson error is a numerical derivative.
POISSON_ERROR = 5e-4
#: Critical values come from simulation on both sides.
SIMULATED = 0.02

KINDS = ("simple", "cohort", "event_time", "calendar_time")


@pytest.fixture(scope="module")
def frame() -> pl.DataFrame:
    return moderndid.load_mpdta()


@pytest.fixture(scope="module")
def panel(frame: pl.DataFrame) -> Panel:
    return Panel.from_frame(
        frame, unit="countyreal", time="year", cohort="first.treat", outcome="lemp", cluster=None, never=0
    )


def test_the_data_are_the_published_data(frame: pl.DataFrame) -> None:
    assert frame.height == 2500
    assert frame["lemp"].sum() == pytest.approx(14431.290816068074, abs=1e-8)


GROUP_TIME = {
    "never_trained": (
        (-0.0399512751551763, 0.0120340127701854),
        (-0.0310182822287485, 0.0124460593209979),
        (-0.0772398214573151, 0.0199649890618494),
        (-0.0417004321312822, 0.01597185188456),
    ),
    "not_yet_trained": (
        (-0.0397636256230437, 0.0120524247873419),
        (-0.030462228112565, 0.0125751201316818),
        (-0.0773993139705847, 0.0195601769463944),
        (-0.0442670834758837, 0.0155709044211449),
    ),
}


@pytest.mark.parametrize("control", GROUP_TIME)
def test_group_time_without_covariates(panel: Panel, control: str) -> None:
    study = estimate(panel, "group_time", control)
    for kind, (point, error) in zip(KINDS, GROUP_TIME[control], strict=True):
        overall = study.aggregate(kind).overall
        assert overall.estimate == pytest.approx(point, abs=EXACT)
        assert overall.std_error == pytest.approx(error, abs=EXACT)


def test_group_time_parts(panel: Panel) -> None:
    study = estimate(panel, "group_time", "never_trained")
    cohorts = study.aggregate("cohort").parts
    assert cohorts["key"].to_list() == [2004, 2006, 2007]
    np.testing.assert_allclose(
        cohorts["estimate"], [-0.0797491265747291, -0.0229095392495403, -0.0260544107191966], atol=EXACT
    )
    np.testing.assert_allclose(
        cohorts["std_error"], [0.0263677994350273, 0.0167033302551619, 0.0166554353492522], atol=EXACT
    )
    events = study.aggregate("event_time").parts
    assert events["key"].to_list() == [-3, -2, -1, 0, 1, 2, 3]
    np.testing.assert_allclose(
        events["estimate"],
        [
            0.0305066555832928,
            -0.000563084626385429,
            -0.0244587449711696,
            -0.0199318167892593,
            -0.0509573670651939,
            -0.137258738889403,
            -0.100811363085404,
        ],
        atol=EXACT,
    )
    np.testing.assert_allclose(
        events["std_error"],
        [
            0.01503356028013,
            0.01329164473655,
            0.0142364022105193,
            0.0118263640580582,
            0.016893476268678,
            0.0364356642876865,
            0.0343592258346733,
        ],
        atol=EXACT,
    )


def test_group_time_pre_test(panel: Panel) -> None:
    statistic, df, p_value = GroupTime(panel, "never_trained").pre_test()
    assert statistic == pytest.approx(7.79123662720035, abs=EXACT)
    assert df == 5
    assert p_value == pytest.approx(0.16812, abs=1e-5)


COVARIATES = {
    "dr": (
        (-0.0417517720586164, 0.011502838151545),
        (-0.0328195971613023, 0.0118981787276308),
        (-0.0803539497440241, 0.0189575572448247),
        (-0.0441773577565536, 0.015038175096397),
    ),
    "reg": (
        (-0.0419686124215432, 0.0114448297682151),
        (-0.0329292402290042, 0.0118603087662617),
        (-0.0807817453337615, 0.0187458547114755),
        (-0.0445323313531745, 0.0148850278130483),
    ),
}


@pytest.mark.parametrize("method", COVARIATES)
def test_group_time_with_log_population(panel: Panel, method: str) -> None:
    study = estimate(panel, "group_time", "never_trained", covariates=["lpop"], method=method)
    for kind, (point, error) in zip(KINDS, COVARIATES[method], strict=True):
        overall = study.aggregate(kind).overall
        assert overall.estimate == pytest.approx(point, abs=EXACT)
        assert overall.std_error == pytest.approx(error, abs=EXACT)


def test_group_time_by_inverse_probability_agrees_with_the_bundled_implementation(
    panel: Panel, frame: pl.DataFrame
) -> None:
    theirs = moderndid.aggte(
        moderndid.att_gt(
            data=frame,
            yname="lemp",
            tname="year",
            idname="countyreal",
            gname="first.treat",
            xformla="~lpop",
            est_method="ipw",
            boot=False,
        ),
        type="simple",
    )
    ours = estimate(panel, "group_time", "never_trained", covariates=["lpop"], method="ipw").aggregate("simple").overall
    assert ours.estimate == pytest.approx(theirs.overall_att, abs=EXACT)
    assert ours.std_error == pytest.approx(theirs.overall_se, abs=EXACT)


def test_uniform_band(panel: Panel) -> None:
    study = estimate(panel, "group_time", "never_trained")
    events = study.aggregate("event_time")
    assert sup_t_critical_value(events.influence, draws=100_000) == pytest.approx(2.660, abs=SIMULATED)
    model = GroupTime(panel, "never_trained")
    cells = [model.layout.by_cluster(c.influence)[:, np.isfinite(c.att)] for c in model.cells()]
    assert sup_t_critical_value(np.concatenate(cells, axis=1), draws=100_000) == pytest.approx(2.830, abs=SIMULATED)


def test_two_way_fixed_effects(panel: Panel) -> None:
    overall = estimate(panel, "twfe").aggregate("simple").overall
    assert overall.estimate == pytest.approx(-0.0365489366740671, abs=EXACT)
    assert overall.std_error == pytest.approx(0.0132651554293389, abs=EXACT)


def test_two_way_fixed_effects_leave_one_out(panel: Panel) -> None:
    """The reference multiplies the plain sum of squares by fixest's factor; ours is (G - 1) / G times the sum."""
    overall = estimate(panel, "twfe", variance="jackknife").aggregate("simple").overall
    scale = small_sample_factor(2500, 6, 500) * 500 / 499
    assert overall.std_error * np.sqrt(scale) == pytest.approx(0.01332900628, abs=1e-10)


def test_sun_abraham(panel: Panel) -> None:
    study = estimate(panel, "interaction_weighted")
    overall = study.aggregate("simple").overall
    assert overall.estimate == pytest.approx(-0.0399512751551736, abs=EXACT)
    assert overall.std_error == pytest.approx(0.0117962774417539, abs=EXACT)
    parts = study.aggregate("event_time").parts.filter(pl.col("key") != -1)
    assert parts["key"].to_list() == [-4, -3, -2, 0, 1, 2, 3]
    np.testing.assert_allclose(
        parts["estimate"],
        [
            0.00330635669251,
            0.02502182959756,
            0.02445874497117,
            -0.01993181678926,
            -0.05095736706519,
            -0.13725873888939,
            -0.10081136308539,
        ],
        atol=EXACT,
    )
    np.testing.assert_allclose(
        parts["std_error"],
        [0.0245550955, 0.0181543444, 0.0142667922, 0.0118575390, 0.0168706784, 0.0365894760, 0.0345042719],
        atol=1e-10,
    )


def test_imputation(panel: Panel) -> None:
    overall = estimate(panel, "imputation", variance="analytic").aggregate("simple").overall
    assert overall.estimate == pytest.approx(-0.0477099182778, abs=EXACT)
    assert overall.std_error == pytest.approx(0.0132224886500, abs=EXACT)


def test_imputation_shows_the_analytic_error_with_five_hundred_clusters(panel: Panel) -> None:
    overall = estimate(panel, "imputation").aggregate("simple").overall
    assert (overall.variance, overall.n_clusters) == ("analytic", 500)
    assert overall.std_error == pytest.approx(0.0132224886500, abs=EXACT)


def test_extended_twfe_gaussian(panel: Panel) -> None:
    overall = estimate(panel, "extended_twfe").aggregate("simple").overall
    assert overall.estimate == pytest.approx(-0.0477099182785, abs=EXACT)
    assert overall.std_error == pytest.approx(0.0132649578, abs=1e-10)


def test_extended_twfe_poisson(frame: pl.DataFrame) -> None:
    panel = Panel.from_frame(
        frame.with_columns(emp=pl.col("lemp").exp()), "countyreal", "year", "first.treat", "emp", never=0
    )
    overall = estimate(panel, "extended_twfe", family="poisson").aggregate("simple").overall
    assert overall.estimate == pytest.approx(-28.913832752, abs=1e-7)
    assert overall.std_error == pytest.approx(23.7821, abs=POISSON_ERROR)


BACON = {
    (2004, None): (0.0817795657, -0.0797491266),
    (2006, None): (0.2453386971, -0.0225700476),
    (2007, None): (0.5356561553, -0.0431060328),
    (2004, 2006): (0.0052931758, -0.0456079052),
    (2006, 2004): (0.0105863515, 0.0542869002),
    (2004, 2007): (0.0260027260, -0.0910554016),
    (2007, 2004): (0.0260027260, -0.0196048059),
    (2006, 2007): (0.0520054520, 0.0184803808),
    (2007, 2006): (0.0173351507, 0.0105754539),
}


def test_bacon_decomposition(panel: Panel) -> None:
    result = bacon(panel)
    ours = {(row["trained"], row["control"]): row for row in result.comparisons.iter_rows(named=True)}
    assert ours.keys() == BACON.keys()
    for pair, (weight, point) in BACON.items():
        assert ours[pair]["weight"] == pytest.approx(weight, abs=1e-10)
        assert ours[pair]["estimate"] == pytest.approx(point, abs=1e-10)
    assert result.exact
    assert abs(result.gap) < 1e-10
    assert result.forbidden_weight == pytest.approx(0.0105863515 + 0.0260027260 + 0.0173351507, abs=1e-9)
