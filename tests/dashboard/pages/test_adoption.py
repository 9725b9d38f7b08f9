"""Adoption: how far the plan is done, where it is behind, nothing about small teams."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest

from analysis.units import Reader
from dashboard.data import adoption as data
from dashboard.figures.adoption_curve import adoption_curve
from dashboard.figures.bars import part_bars
from dashboard.figures.svg import texts
from dashboard.pages import Context
from dashboard.pages import adoption as page
from dashboard.state import Filters
from dashboard.views import adoption as view

READER = Reader("en_GB", "EUR")
START = date(2025, 1, 6)


def weeks(planned: list[int], completed: list[int]) -> list[dict[str, object]]:
    return [
        {"week": START + timedelta(weeks=k), "planned": p, "started": p, "completed": c, "overdue": max(0, p - c)}
        for k, (p, c) in enumerate(zip(planned, completed, strict=True))
    ]


@pytest.mark.parametrize(
    ("planned", "completed", "sentence", "title"),
    [
        ([0, 10, 20], [0, 5, 18], "18 of 20 agents planned so far have completed X; 2 are overdue.", "1 week ago"),
        ([0, 10, 20], [0, 5, 19], "19 of 20 agents planned so far have completed X; 1 is overdue.", "95% of the plan"),
        ([0, 20], [0, 20], "20 of 20 agents planned so far have completed X, and nobody is overdue.", "fulfilled"),
        ([0, 0], [0, 0], "Nobody in this selection has been planned for X yet.", "No plan is recorded"),
        ([0, 0], [0, 7], "7 agents have completed X; no plan was recorded to compare with.", "No plan is recorded"),
    ],
)
def test_the_sentence_and_the_title(planned: list[int], completed: list[int], sentence: str, title: str) -> None:
    rows = weeks(planned, completed)
    assert view.sentence(rows, "X", READER) == sentence
    assert title in view.curve_title(rows, READER)


def test_nobody_planned_at_all() -> None:
    assert view.sentence([], "X", READER) == "Nobody in this selection is planned for X."


def test_where_the_overdue_are() -> None:
    rows = [
        {"label": name, "suppressed": False, "planned": 20, "completed": 20 - late, "overdue": late}
        for name, late in (("A", 8), ("B", 1), ("C", 1))
    ]
    assert view.group_title(rows, "site", READER) == "A has 80% of all agents who are overdue"
    assert view.group_title(rows[1:], "site", READER) == "B has 50% of all agents who are overdue"
    none = [{**row, "overdue": 0} for row in rows]
    assert view.group_title(none, "team", READER) == "No team has anybody overdue"


def test_counts_are_those_of_the_mart(world: Context) -> None:
    last = data.progress(world.queries, Filters(), "EMP101").to_dicts()[-1]
    direct = world.queries.frame(
        "select sum(planned)::int, sum(completed)::int from mart.adoption where course_id = 'EMP101' "
        "and week = (select max(week) from mart.adoption)"
    ).row(0)
    assert (last["planned"], last["completed"]) == direct
    assert last["planned"] - last["completed"] == last["overdue"]


def test_site_and_period_change_the_counts(world: Context) -> None:
    everybody = data.progress(world.queries, Filters(), "EMP101").to_dicts()[-1]["planned"]
    madrid = data.progress(world.queries, Filters(site=("Madrid",)), "EMP101").to_dicts()[-1]["planned"]
    early = data.progress(world.queries, Filters(end=date(2025, 9, 29)), "EMP101").to_dicts()[-1]["planned"]
    assert madrid < everybody
    assert early < everybody


def test_a_small_team_and_its_neighbour_have_no_counts(world: Context) -> None:
    rows = data.by_group(world.queries, Filters(), "EMP101", "team")
    shown = rows.filter(~pl.col("suppressed") & (pl.col("planned") > 0))
    assert (shown["planned"] >= world.settings.min_group).all()
    hidden = rows.filter("suppressed")
    assert all(hidden[name].is_null().all() for name in data.COUNTS)


def test_weeks_with_few_on_the_list_are_left_out(world: Context) -> None:
    """A team large enough to be shown may have three agents in a course."""
    for team in world.queries.facets().values["team"]:
        rows = data.progress(world.queries, Filters(team=(team,)), "EMP101")
        most = rows.select(pl.max_horizontal(data.COUNTS)).to_series()
        assert ((most == 0) | (most >= world.settings.min_group)).all(), team


def test_a_filter_that_means_nothing_for_a_plan_is_named(world: Context) -> None:
    body = str(page.answer(world, Filters(channel=("chat",)), "EMP101"))
    assert "A training plan has no channel: the filter does not change this page." in body


def test_the_drawings_say_their_numbers() -> None:
    figure = adoption_curve(weeks([0, 10, 20], [0, 5, 18]), label="", count=str, show_day=str)
    for tree in (figure["wide"], figure["narrow"]):
        words = texts(tree)
        assert any("20 planned, 20 started, 18 completed, 2 overdue" in tip for tip in words)
        assert any("18" in word and "completed" in word for word in words)
    assert part_bars([{"label": "A", "whole": None, "part": None, "words": "", "strong": False}], label="") is None


def test_courses_have_their_names_and_downloads_know_them(world: Context) -> None:
    assert list(page.course_names(world)) == ["EMP101", "EMP201"]
    assert "headline" in str(page.answer(world, Filters(), "nonsense"))
    for name, download in page.DOWNLOADS.items():
        frame = download.make(world, Filters(), {"course": "EMP101"})
        assert frame["planned"].dtype.is_integer(), name
        assert download.make(world, Filters(), {"course": "'; drop table x"}).is_empty()


def test_without_a_plan_the_page_says_what_to_add(context: Context) -> None:
    body = str(page.answer(context, Filters()))
    assert "No training is recorded" in body
    assert "table = " in body
