"""A frame becomes a panel, or is refused with a sentence that helps."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import Panel, PanelError, estimate
from analysis.panel.panel import NEVER


def small(**columns: object) -> pl.DataFrame:
    base: dict[str, object] = {
        "agent": ["a", "a", "a", "b", "b", "b", "c", "c", "c"],
        "week": [1, 2, 3] * 3,
        "trained_week": [2, 2, 2, 3, 3, 3, None, None, None],
        "team": ["t1"] * 6 + ["t2"] * 3,
        "y": [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
        "n": [1, 2, 3, 4, 5, 6, 7, 8, 9],
    }
    return pl.DataFrame({**base, **columns})


def panel(frame: pl.DataFrame, **options: object) -> Panel:
    return Panel.from_frame(frame, "agent", "week", "trained_week", "y", **options)  # type: ignore[arg-type]


def test_arrays_hold_sums_and_weights() -> None:
    made = panel(small(), weight="n", cluster="team")
    np.testing.assert_array_equal(made.den, [[1, 2, 3], [4, 5, 6], [7, 8, 9]])
    np.testing.assert_array_equal(made.num, [[0, 2, 6], [12, 20, 30], [42, 56, 72]])
    np.testing.assert_array_equal(made.y, [[0, 1, 2], [3, 4, 5], [6, 7, 8]])
    np.testing.assert_array_equal(made.cohort_ix, [1, 2, NEVER])
    np.testing.assert_array_equal(made.cluster_ix, [0, 0, 1])
    assert made.times.tolist() == [1, 2, 3]
    assert made.clusters.tolist() == ["t1", "t2"]
    assert (made.n_units, made.n_periods, made.n_clusters, made.n_rows) == (3, 3, 2, 9)


def test_rows_in_any_order_give_the_same_panel() -> None:
    shuffled = panel(small().sample(fraction=1, shuffle=True, seed=3), weight="n", cluster="team")
    np.testing.assert_array_equal(shuffled.num, panel(small(), weight="n", cluster="team").num)


def test_pandas_and_polars_agree() -> None:
    from_pandas = panel(small().to_pandas(), weight="n", cluster="team")
    from_polars = panel(small(), weight="n", cluster="team")
    np.testing.assert_array_equal(from_pandas.num, from_polars.num)
    np.testing.assert_array_equal(from_pandas.cohort_ix, from_polars.cohort_ix)
    assert from_pandas.units.tolist() == from_polars.units.tolist()


def test_missing_outcomes_and_zero_weights_are_not_observed() -> None:
    frame = small(y=[0.0, None, float("nan"), 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], n=[1, 1, 1, 0, 5, 6, 7, 8, 9])
    np.testing.assert_array_equal(panel(frame, weight="n").observed[:2], [[True, False, False], [False, True, True]])


def test_infinity_means_never() -> None:
    made = panel(small(trained_week=[2.0] * 3 + [float("inf")] * 6))
    np.testing.assert_array_equal(made.cohort_ix, [1, NEVER, NEVER])


def test_a_value_can_mean_never() -> None:
    frame = small(trained_week=[2, 2, 2, 3, 3, 3, 0, 0, 0])
    assert panel(frame, never=0).cohort_ix[2] == NEVER
    assert panel(small(trained_week=[2.0] * 3 + [3.0] * 3 + [float("inf")] * 3)).cohort_ix[2] == NEVER


def test_weeks_missing_for_everybody_keep_event_time() -> None:
    frame = small().with_columns(pl.col("week") * 1).filter(pl.col("week") != 2)
    made = panel(pl.concat([frame, small(week=[4, 5, 6] * 3)]))
    assert made.times.tolist() == [1, 2, 3, 4, 5, 6]
    assert not made.observed[:, 1].any()


def test_mondays_are_a_weekly_grid_and_cohorts_between_them_start_with_the_next() -> None:
    monday = date(2026, 1, 5)
    frame = small(
        week=[monday + timedelta(weeks=k) for k in (0, 1, 2)] * 3,
        trained_week=[monday + timedelta(days=7)] * 3 + [monday + timedelta(days=9)] * 3 + [None] * 3,
    )
    made = panel(frame)
    assert made.times.tolist() == [monday, monday + timedelta(weeks=1), monday + timedelta(weeks=2)]
    np.testing.assert_array_equal(made.cohort_ix, [1, 2, NEVER])
    as_times = panel(frame.with_columns(pl.col("week", "trained_week").cast(pl.Datetime)))
    np.testing.assert_array_equal(as_times.cohort_ix, made.cohort_ix)
    assert as_times.times[0] == datetime(2026, 1, 5)


def test_months_written_as_year_and_month_are_numbered_in_order() -> None:
    made = panel(small(week=[202511, 202512, 202601] * 3, trained_week=[202512] * 3 + [202601] * 3 + [None] * 3))
    assert made.times.tolist() == [202511, 202512, 202601]
    np.testing.assert_array_equal(made.cohort_ix, [1, 2, NEVER])


def test_a_cohort_after_the_window_is_not_never() -> None:
    made = panel(small(trained_week=[2, 2, 2, 3, 3, 3, 9, 9, 9]))
    assert made.cohort_ix.tolist() == [1, 2, 8]
    assert made.cohorts.tolist() == [1, 2]


def test_agents_trained_in_the_first_week_are_dropped_and_counted() -> None:
    made = panel(small(trained_week=[1, 1, 1, 3, 3, 3, None, None, None]), cluster="team")
    assert (made.n_units, made.n_always_trained) == (2, 1)
    assert "1 agent already trained in the first week" in made.notes[0]
    overall = estimate(made, "imputation").aggregate("simple").overall
    assert any("already trained" in note for note in overall.notes)


REFUSED = {
    "duplicates": (
        pl.concat([small(), small().head(2)]),
        {},
        "2 agent-periods occur more than once, e.g. agent=a, week=1",
    ),
    "infinite outcome": (small(y=[float("inf"), *range(8)]), {}, "'y' is infinite in 1 rows"),
    "infinite weight": (small(n=[float("inf"), *range(8)]), {"weight": "n"}, "weight.*infinite"),
    "negative weight": (small(n=[-1, *range(8)]), {"weight": "n"}, "negative in 1 rows"),
    "cohort before the first week": (
        small(trained_week=[0, 0, 0, 3, 3, 3, None, None, None]),
        {},
        "1 agents have a 'trained_week' before the first 'week'.*never=<value>",
    ),
    "everybody trained before": (small(trained_week=[1] * 9), {}, "All 3 agents were already trained"),
    "cohort that changes": (
        small(trained_week=[2, 3, 2, 3, 3, 3, None, None, None]),
        {},
        "changes within 1 agents, e.g. a",
    ),
    "cluster that changes": (small(team=["t1", "t2", *["t1"] * 7]), {"cluster": "team"}, "'team' changes within"),
    "no rows": (small().clear(), {}, "no rows"),
    "no such column": (small().drop("y"), {}, "outcome='y': the frame has no such column"),
    "text outcome": (small(y=list("abcdefghi")), {}, "'y' must be numeric"),
    "text period": (small(week=list("abcdefghi")), {}, "must hold integers, dates"),
    "null period": (small(week=[None, 2, 3, 1, 2, 3, 1, 2, 3]), {}, "'week' is null in 1 rows"),
    "null agent": (small(agent=[None, *"aabbbccc"]), {}, "'agent' is null in 1 rows"),
    "agent that is no number": (
        small(agent=[float("nan"), 1, 1, 2, 2, 2, 3, 3, 3]),
        {},
        "'agent' is null in 1 rows",
    ),
    "null cluster": (small(team=[None] * 3 + ["t1"] * 6), {"cluster": "team"}, "'team' is null in 3 rows"),
    "cohort of minus infinity": (
        small(trained_week=[2.0] * 3 + [float("-inf")] * 6),
        {},
        "'trained_week' .* minus infinity in 6 rows; null means",
    ),
    "weeks as numbers, training as dates": (
        small(trained_week=[date(2024, 1, 8)] * 3 + [None] * 6),
        {},
        "'week' holds numbers and 'trained_week' .* holds dates",
    ),
    "weeks as dates, training as numbers": (
        small(week=[date(2024, 1, day) for day in (1, 8, 15)] * 3),
        {},
        "'week' holds dates and 'trained_week' .* holds numbers",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_reason(case: str) -> None:
    frame, options, message = REFUSED[case]
    with pytest.raises(PanelError, match=message):
        panel(frame, **options)


def test_agents_trained_before_the_window_can_be_dropped_on_request() -> None:
    made = panel(small(trained_week=[0, 0, 0, 3, 3, 3, None, None, None]), already_trained="drop")
    assert (made.n_units, made.n_always_trained) == (2, 1)


def test_something_that_is_no_frame_is_refused() -> None:
    with pytest.raises(PanelError, match="polars or pandas"):
        Panel.from_frame([1, 2], "a", "b", "c", "d")


def test_covariates_are_read_by_name() -> None:
    made = panel(small(x=[1, 1, 1, 2, 2, 2, 3, 3, 3]))
    np.testing.assert_array_equal(made.covariate("x")[:, 0], [1, 2, 3])
    with pytest.raises(PanelError, match="no covariate column 'z'"):
        made.covariate("z")


def test_taking_a_part_keeps_labels_together() -> None:
    made = panel(small(), weight="n", cluster="team").take(np.array([True, False, True]), 1, 3)
    assert made.units.tolist() == ["a", "c"]
    assert made.times.tolist() == [2, 3]
    assert made.clusters.tolist() == ["t1", "t2"]
    np.testing.assert_array_equal(made.cohort_ix, [0, NEVER])
    assert made.without_always_trained().units.tolist() == ["c"]


@settings(max_examples=60, deadline=None)
@given(
    cells=st.dictionaries(
        st.tuples(st.integers(0, 5), st.integers(0, 6)),
        st.tuples(st.floats(-1e6, 1e6), st.integers(0, 30)),
        min_size=1,
        max_size=30,
    )
)
def test_nothing_is_lost_or_invented(cells: dict[tuple[int, int], tuple[float, int]]) -> None:
    frame = pl.DataFrame(
        {
            "agent": [key[0] for key in cells],
            "week": [key[1] for key in cells],
            "trained_week": pl.Series([None] * len(cells), dtype=pl.Int64),
            "y": [value[0] for value in cells.values()],
            "n": [value[1] for value in cells.values()],
        }
    )
    made = panel(frame, weight="n")
    assert made.den.sum() == sum(n for _, n in cells.values())
    assert made.num.sum() == pytest.approx(sum(y * n for y, n in cells.values()), rel=1e-9, abs=1e-6)
    assert made.observed.sum() == sum(n > 0 for _, n in cells.values())
