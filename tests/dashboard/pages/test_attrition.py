"""Attrition: the curve ends where few are left, the words are the verdict's, filters re-estimate."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import duckdb
import polars as pl
import pytest

from analysis.study.leaving import MODELS
from analysis.study.result_tables import SCHEMAS
from analysis.words.numbers import Reader
from dashboard.data.attrition import _answer, attrition, shown
from dashboard.figures.hazard import hazard
from dashboard.figures.survival import survival
from dashboard.figures.svg import texts
from dashboard.page import Context
from dashboard.pages import attrition as page
from dashboard.privacy.viewer import Viewer, seen_by
from dashboard.state import Filters
from dashboard.views import attrition as view

READER = Reader("en_GB", "EUR")


def curve(arm: str, levels: list[float], at_risk: list[int] | None = None) -> list[dict[str, object]]:
    risk = at_risk or [100 - k for k in range(len(levels))]
    return [
        {"arm": arm, "leave_type": "any", "tenure_week": 13 * k, "at_risk": n, "survival": level,
         "ci_low": level - 0.05, "ci_high": min(1.0, level + 0.05)}
        for k, (level, n) in enumerate(zip(levels, risk, strict=True))
    ]  # fmt: skip


def test_a_curve_ends_before_the_first_week_with_too_few() -> None:
    rows = pl.DataFrame(curve("trained", [1.0, 0.9, 0.8, 0.7], [50, 20, 9, 12]))
    assert shown(rows, 10)["tenure_week"].to_list() == [0, 13]


def test_the_title_compares_where_both_curves_still_run() -> None:
    rows = curve("trained", [1.0, 0.9, 0.8]) + curve("untrained", [1.0, 0.8, 0.7, 0.6])
    title = view.curve_title(rows, "any", READER)
    # 80% (75% to 85%) against 70% (65% to 75%)
    expected = "80% of trained agents are still here at month 6, against 70% of the untrained; their ranges overlap"
    assert title == expected
    apart = view.curve_title(curve("trained", [1, 0.9]) + curve("untrained", [1, 0.7]), "any", READER)
    assert apart == "90% of trained agents are still here at month 3, against 70% of the untrained"
    assert "as many" in view.curve_title(curve("trained", [1, 0.8]) + curve("untrained", [1, 0.8]), "any", READER)
    assert "Too few" in view.curve_title(curve("trained", [1.0, 0.9]), "any", READER)


@pytest.mark.parametrize(
    ("ratio", "low", "high", "words"),
    [
        (0.8, 0.65, 0.98, "20% less likely (between 35% less and 2% less)"),
        (0.8, 0.6, 1.1, "20% less likely (between 40% less and 10% more)"),
        (0.8, 0.6, 0.9997, "20% less likely (between 40% less and under 1% less)"),
        (None, None, None, ""),
    ],
)
def test_a_ratio_in_words_never_shows_a_bound_as_nothing(
    ratio: float | None, low: float | None, high: float | None, words: str
) -> None:
    assert view.ratio_words(ratio, low, high, READER) == words


def test_the_stored_sentence_is_the_answer(world: Context) -> None:
    found = attrition(world.queries, Filters())
    stored = world.queries.frame("select sentence from result.hazard where leave_type = 'any'").item()
    made = view.view(found.survival, found.hazard, "any", READER, 0.95)
    assert made.sentence == stored
    assert "less likely to leave" in stored  # the world was made with half the hazard for trained agents


def test_a_filter_estimates_again(world: Context) -> None:
    everybody, madrid = (attrition(world.queries, chosen) for chosen in (Filters(), Filters(site=("Madrid",))))
    counts = [found.hazard.filter(pl.col("leave_type") == "any")["n_agents"].item() for found in (everybody, madrid)]
    assert counts[1] < counts[0] / 2
    some = attrition(world.queries, Filters(tenure_band=("3-12 months",)))
    assert some.hazard.filter(pl.col("leave_type") == "any")["n_events"].item() > 0


def test_kinds_of_leaving_are_told_apart(world: Context) -> None:
    found = attrition(world.queries, Filters())
    events = dict(found.hazard.select("leave_type", "n_events").iter_rows())
    assert events["any"] == events["voluntary"] + events["involuntary"]
    for kind in view.NAMES:
        assert view.view(found.survival, found.hazard, kind, READER, 0.95).curves


def test_the_page_says_from_when_training_counts(world: Context) -> None:
    stored = attrition(world.queries, Filters())
    live = attrition(world.queries, Filters(site=("Madrid",)))
    assert "planned week" in view.view(live.survival, live.hazard, "any", READER, 0.95).curve_subtitle
    by_completion = stored.hazard.with_columns(model=pl.lit(MODELS["trained"]))
    assert "was completed" in view.view(stored.survival, by_completion, "any", READER, 0.95).curve_subtitle


def test_numbers_at_risk_stand_under_the_axis() -> None:
    rows = curve("trained", [1.0, 0.9, 0.8, 0.7, 0.6]) + curve("untrained", [1.0, 0.8, 0.7, 0.6, 0.5])
    figure = survival(rows, label="", names=view.ARM_NAMES, percent=lambda v: f"{v:.0%}", count=str)
    for tree in (figure["wide"], figure["narrow"]):
        words = texts(tree)
        assert "agents at risk" in words
        assert "98" in words
        assert any("Trained: 70% still here, likely 65% to 75%; 97 at risk" in tip for tip in words)


def test_a_kind_with_too_few_leavers_has_words_and_no_mark(world: Context) -> None:
    rows = [
        {"name": "A", "hazard_ratio": None, "ci_low": None, "ci_high": None, "tone": "unsure", "words": "Too few",
         "tip": "t"},
        {"name": "B", "hazard_ratio": 0.5, "ci_low": 0.01, "ci_high": 90.0, "tone": "better", "words": "x", "tip": "t"},
    ]  # fmt: skip
    tree = hazard(rows, label="")["wide"]
    assert "Too few" in texts(tree)
    assert str(tree).count("'circle'") == 1


def test_leaving_has_no_channel(world: Context) -> None:
    body = str(page.answer(world, Filters(channel=("chat",))))
    assert "Not recorded by channel" in body
    assert "Clear “channel”" in body
    assert page.PAGE.downloads["hazard"].make(world, Filters(channel=("chat",)), {}).is_empty()


def test_the_page_survives_every_kind(world: Context) -> None:
    for kind in (*view.NAMES, "nonsense"):
        assert "headline" in str(page.answer(world, Filters(), kind))


def test_few_who_left_are_told_by_their_count_and_not_by_what_it_is_rounded_to() -> None:
    """4 of 40 left, and 4 are still at risk in the second week: both would be 5 when rounded, and 5 may be shown."""
    ratios = [(model, "any", 0.8, 0.6, 1.1, left, 40, 8, "clear", "") for model, left in (("few", 4), ("many", 12))]
    weeks = [("trained", "any", week, n, 1.0 - week / 2, None, None) for week, n in ((0, 40), (1, 4))]
    stored = {"hazard": ratios, "survival": weeks}
    queries: Any = SimpleNamespace(
        settings=SimpleNamespace(min_group=5), has=lambda name: name.removeprefix("result.") in stored
    )
    with duckdb.connect() as con, seen_by(Viewer("board", "executive", shared=True)):
        con.execute("create schema result")
        for name, rows in stored.items():
            con.register("rows", pl.DataFrame(rows, schema=SCHEMAS[name], orient="row").to_arrow())
            con.execute(f"create table result.{name} as from rows")
        found = _answer(queries, con, Filters())
    assert dict(found.hazard.select("model", "n_events").iter_rows()) == {"few": None, "many": 10}
    assert dict(found.hazard.select("model", "hazard_ratio").iter_rows())["few"] is None
    assert found.survival["tenure_week"].to_list() == [0]


@pytest.mark.parametrize(("left", "says"), [(0, "then add the last day"), (90, "the last day worked"), (7, "")])
def test_where_nobody_or_everybody_left_it_is_said_what_to_check(left: int, says: str) -> None:
    rows = [{"leave_type": "voluntary", "n_agents": 90, "n_events": 0}]
    rows.append({"leave_type": "any", "n_agents": 90, "n_events": left})
    found = view.to_collect(rows)
    assert says in found
    assert bool(found) == bool(says)
    assert view.to_collect([]) == ""


def test_tables_of_whom_goals_are_measured_on_are_downloads_of_their_page(world: Context) -> None:
    """Readers who may not open the Data page had links to its table, which refused them."""
    assert {"survivors", "exits"} <= set(page.PAGE.downloads)
    for name in ("survivors", "exits"):
        rows = page.PAGE.downloads[name].make(world, Filters(), {})
        assert rows.height == 1
        assert rows.equals(getattr(attrition(world.queries, Filters()), name))
