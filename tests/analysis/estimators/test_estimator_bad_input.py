"""What cannot be estimated gives an NA with its reason, or a clear error; never a number."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from analysis import EstimationError, Panel, PanelError, estimate, ladder
from analysis.estimators import ESTIMATORS
from analysis.results import KINDS

Rollout = Callable[..., pl.DataFrame]
ToPanel = Callable[..., Panel]


def one_cohort_nobody_else(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(trained_week=pl.lit(12))


def nobody_trained(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(trained_week=pl.lit(None, dtype=pl.Int64))


def one_cluster(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(team=pl.lit(1))


def no_variation(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(y=pl.lit(0.25))


def all_missing(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(y=pl.lit(None, dtype=pl.Float64))


def one_week(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.filter(pl.col("week") == 20).with_columns(
        trained_week=pl.when(pl.col("trained_week") > 20).then("trained_week")
    )


def trained_after_the_window(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(trained_week=pl.col("trained_week") + 500)


def by_agent_and_week_only(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(y=(pl.col("agent") * 0.37).sin() + (pl.col("week") * 0.11).cos())


NOT_AVAILABLE = {
    "everybody trained in the same week": (one_cohort_nobody_else, None),
    "nobody trained": (nobody_trained, "nobody is observed after training"),
    "one cluster": (one_cluster, "one cluster"),
    "an outcome that never varies": (no_variation, "never varies"),
    "nothing observed": (all_missing, "nothing is observed"),
    "one week": (one_week, "only one week"),
    "trained after the window": (trained_after_the_window, "nobody is observed after training"),
}
#: Compares with nobody, so an untrained team more or less is nothing to it.
NO_COMPARISON = {"before_after"}
#: Naive: differences between agents, or between weeks, count as effect.
NAIVE = {"before_after", "trained_vs_untrained"}


@pytest.mark.parametrize("case", NOT_AVAILABLE)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_not_available_with_a_reason(make_rollout: Rollout, to_panel: ToPanel, case: str, estimator: str) -> None:
    damage, reason = NOT_AVAILABLE[case]
    study = estimate(to_panel(damage(make_rollout(seed=1))), estimator)
    for kind in study.kinds:
        overall = study.aggregate(kind).overall
        assert np.isnan(overall.estimate), (kind, overall)
        assert np.isnan(overall.std_error)
        assert np.isnan(overall.ci_low)
        assert overall.reason
        if reason is not None:
            assert reason in overall.reason


@pytest.mark.parametrize("variance", ["analytic", "jackknife"])
@pytest.mark.parametrize("estimator", sorted(set(ESTIMATORS) - NAIVE))
def test_what_rounding_leaves_is_no_number(
    make_rollout: Rollout, to_panel: ToPanel, estimator: str, variance: str
) -> None:
    """Agent and week effects explain all: effect and error are 1e-17, and their ratio could be anything."""
    study = estimate(to_panel(by_agent_and_week_only(make_rollout(seed=1))), estimator, variance=variance)
    for kind in study.kinds:
        found = study.aggregate(kind)
        assert np.isnan(found.overall.estimate), kind
        assert "never varies beyond" in str(found.overall.reason)
        assert found.parts["estimate"].drop_nulls().is_empty()


@pytest.mark.parametrize("case", NOT_AVAILABLE)
@pytest.mark.parametrize("family", ["poisson", "logit"])
def test_neither_is_there_on_the_log_scale(make_rollout: Rollout, to_panel: ToPanel, case: str, family: str) -> None:
    damage, reason = NOT_AVAILABLE[case]
    frame = make_rollout(seed=1).with_columns(y=1 / (1 + (-pl.col("y")).exp()))
    overall = estimate(to_panel(damage(frame)), "extended_twfe", family=family).aggregate("simple").overall
    assert np.isnan(overall.estimate)
    assert (reason or "") in str(overall.reason)


@pytest.mark.parametrize(("family", "level"), [("poisson", 0.0), ("logit", 0.0), ("logit", 1.0)])
def test_a_rate_with_no_level_before_training_has_no_log(
    make_rollout: Rollout, to_panel: ToPanel, family: str, level: float
) -> None:
    trained = pl.col("week") >= pl.col("trained_week").fill_null(10**6)
    frame = make_rollout(seed=1).with_columns(y=pl.when(trained).then(0.3).otherwise(level))
    study = estimate(to_panel(frame), "extended_twfe", family=family)
    overall = study.aggregate("simple").overall
    assert np.isnan(overall.estimate)
    assert f"the outcome is {'one' if level else 'zero'} in every untrained week" in str(overall.reason)
    assert study.att_gt.is_empty()


@pytest.mark.parametrize("variance", ["analytic", "jackknife"])
@pytest.mark.parametrize("estimator", ["imputation", "group_time", "interaction_weighted", "stacked", "extended_twfe"])
def test_nobody_has_a_week_before_an_endless_anticipation(
    make_rollout: Rollout, to_panel: ToPanel, estimator: str, variance: str
) -> None:
    study = estimate(to_panel(make_rollout(seed=1)), estimator, anticipation=40, variance=variance)
    for kind in study.kinds:
        overall = study.aggregate(kind).overall
        assert np.isnan(overall.estimate), kind
        assert overall.reason
    assert study.att_gt.filter(pl.col("estimate").is_finite()).is_empty()


@pytest.mark.parametrize("estimator", ["imputation", "group_time", "stacked", "extended_twfe"])
def test_cohorts_without_a_week_before_their_anticipation_are_left_out(
    make_rollout: Rollout, to_panel: ToPanel, estimator: str
) -> None:
    study = estimate(to_panel(make_rollout(seed=1)), estimator, anticipation=12)
    cohorts = study.aggregate("cohort").parts.drop_nulls("estimate")
    assert cohorts["key"].to_list() == [14, 18, 22]
    assert study.aggregate("simple").overall.available


@pytest.mark.parametrize("case", NOT_AVAILABLE)
def test_the_ladder_survives(make_rollout: Rollout, to_panel: ToPanel, case: str) -> None:
    rungs = ladder(to_panel(NOT_AVAILABLE[case][0](make_rollout(seed=1))))
    missing = rungs.filter(pl.col("estimate").is_null())
    assert missing.height == rungs.height
    assert missing["note"].str.contains("Not available: ").all()


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_one_cohort_with_untrained_agents_is_fine(make_rollout: Rollout, to_panel: ToPanel, estimator: str) -> None:
    overall = estimate(to_panel(make_rollout(seed=2, waves=1)), estimator).aggregate("simple").overall
    assert overall.available
    assert overall.ci_low < overall.estimate < overall.ci_high


@pytest.mark.parametrize("variance", ["analytic", "jackknife"])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_one_trained_team_has_no_error_and_so_no_number(
    make_rollout: Rollout, to_panel: ToPanel, estimator: str, variance: str
) -> None:
    panel = to_panel(make_rollout(seed=3, never=13))
    overall = estimate(panel, estimator, variance=variance).aggregate("simple").overall
    assert np.isnan(overall.estimate)
    assert overall.reason is not None
    assert overall.n_trained_clusters == 1


@pytest.mark.parametrize("estimator", sorted(set(ESTIMATORS) - NO_COMPARISON))
def test_one_team_to_compare_with_has_no_error_and_so_no_number(
    make_rollout: Rollout, to_panel: ToPanel, estimator: str
) -> None:
    """Without the only untrained team nothing is left, so the leave-one-out error does not exist."""
    overall = estimate(to_panel(make_rollout(seed=3, never=1, waves=1)), estimator).aggregate("simple").overall
    assert np.isnan(overall.estimate)
    assert "hangs on a single cluster" in str(overall.reason)


def test_a_part_that_hangs_on_one_team_shows_its_reason(make_rollout: Rollout, to_panel: ToPanel) -> None:
    panel = to_panel(make_rollout(seed=4, teams=9, never=4, waves=4))
    parts = estimate(panel, "imputation").aggregate("cohort").parts
    alone = parts.filter(pl.col("n_trained_clusters") == 1)
    assert alone.height > 0
    assert alone["estimate"].null_count() == alone.height
    assert alone["reason"].to_list() == ["only one cluster is trained here"] * alone.height


UNKNOWN: dict[str, tuple[dict[str, object], str]] = {
    "estimator": ({"estimator": "magic"}, "estimator 'magic' is not known; use one of imputation"),
    "control": ({"control": "everyone"}, "control 'everyone' is not known"),
    "variance": ({"variance": "hc9"}, "variance 'hc9' is not known"),
    "anticipation": ({"anticipation": -1}, "anticipation counts weeks"),
    "level": ({"ci_level": 95}, "ci_level must lie between 0 and 1"),
    "option": ({"windows": (1, 2)}, "imputation has no option 'windows'; it takes leads"),
    "covariates": ({"estimator": "twfe", "covariates": ["x"]}, "twfe has no option 'covariates'; it takes none"),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_unknown_choices_are_refused(make_rollout: Rollout, to_panel: ToPanel, case: str) -> None:
    options, message = UNKNOWN[case]
    with pytest.raises(EstimationError, match=message):
        estimate(to_panel(make_rollout(seed=5)), **options)  # type: ignore[arg-type]


def test_unknown_aggregations_are_refused(make_rollout: Rollout, to_panel: ToPanel) -> None:
    panel = to_panel(make_rollout(seed=5))
    with pytest.raises(EstimationError, match=r"aggregate\('weekly'\) is not known"):
        estimate(panel).aggregate("weekly")
    for kind in set(KINDS) - {"simple"}:
        with pytest.raises(EstimationError, match="twfe gives one number"):
            estimate(panel, "twfe").aggregate(kind)


def test_missing_covariates_are_named(make_rollout: Rollout, to_panel: ToPanel) -> None:
    with pytest.raises(PanelError, match="no covariate column 'skill'"):
        estimate(to_panel(make_rollout(seed=5)), "group_time", covariates=["skill"]).aggregate("simple")
