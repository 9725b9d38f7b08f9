"""Adoption: how far the plan is done, where it is behind, nothing about small teams."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import combinations

import polars as pl
import pytest
from flask.testing import FlaskClient

from analysis.words.numbers import Reader
from dashboard import create_app
from dashboard.data import adoption as data
from dashboard.data.data_quality import take
from dashboard.figures.adoption_curve import adoption_curve
from dashboard.figures.bars import part_bars
from dashboard.figures.svg import texts
from dashboard.page import Context
from dashboard.pages import adoption as page
from dashboard.state import Filters
from dashboard.views import adoption as view

READER = Reader("en_GB", "EUR")
START = date(2025, 1, 6)
SHORT_LIST = "Madrid-3"
"""A team of twelve with three agents on the list of the second course."""


def weeks(planned: list[int], completed: list[int]) -> list[dict[str, object]]:
    return [
        {"week": START + timedelta(weeks=k), "planned": p, "started": p, "completed": c, "overdue": max(0, p - c)}
        | {"left_unfinished": 0}
        for k, (p, c) in enumerate(zip(planned, completed, strict=True))
    ]


@pytest.mark.parametrize(
    ("planned", "completed", "sentence", "title"),
    [
        ([0, 10, 20], [0, 5, 18], "18 of 20 agents planned so far have completed X; 2 are overdue.", "2 of 20 agents"),
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


def test_one_team_is_not_set_against_others() -> None:
    rows = [{"label": "Madrid 02", "planned": 7, "overdue": 1, "suppressed": False}]
    assert view.group_title(rows, "team", READER) == "Madrid 02: 1 of 7 planned is overdue"


def test_a_group_that_is_not_shown_may_hold_the_overdue() -> None:
    rows = [
        {"label": "Madrid", "planned": 20, "overdue": 0, "suppressed": False},
        {"label": "Manila", "planned": None, "overdue": None, "suppressed": True},
    ]
    assert view.group_title(rows, "site", READER) == "No site that may be shown has anybody overdue"
    unplanned = {"label": "Lisbon", "planned": 0, "overdue": 0, "suppressed": False}
    assert view.group_title([rows[0], unplanned], "site", READER) == "No site has anybody overdue"


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
    assert last["planned"] == last["completed"] + last["overdue"] + last["left_unfinished"]
    assert last["left_unfinished"] > 0


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


def test_weeks_with_few_on_the_list_have_no_counts(world: Context) -> None:
    """A team large enough to be shown may have three agents in a course."""
    for team in world.queries.facets().values["team"]:
        rows = data.progress(world.queries, Filters(team=(team,)), "EMP201")
        most = rows.filter(~pl.col("suppressed")).select(pl.max_horizontal(data.COUNTS)).to_series()
        assert ((most == 0) | (most >= world.settings.min_group)).all(), team
        assert all(rows.filter("suppressed")[name].is_null().all() for name in data.COUNTS)


def test_who_left_is_not_overdue() -> None:
    rows = weeks([0, 20], [0, 15])
    rows[-1] |= {"overdue": 2, "left_unfinished": 3}
    words = "15 of 20 agents planned so far have completed X; 2 are overdue; 3 left before finishing."
    assert view.sentence(rows, "X", READER) == words
    rows[-1] |= {"overdue": 0, "left_unfinished": 5}
    words = "15 of 20 agents planned so far have completed X, and nobody is overdue; 5 left before finishing."
    assert view.sentence(rows, "X", READER) == words
    assert view.curve_title(rows, READER) == "Everybody planned who is still here has finished"


Cells = frozenset[str]


def doors(world: Context, course: str, client: FlaskClient) -> Iterator[Cells]:
    """Every set of teams whose counts of the last week can be had: by page, file and address typed by hand."""
    queries = world.queries
    by_site = queries.teams_by_site()
    every = [team for teams in by_site.values() for team in teams]
    addresses = [Filters(), *(Filters(site=(site,)) for site in by_site), *(Filters(team=(team,)) for team in every)]
    addresses += [Filters(team=tuple(other for other in every if other != team)) for team in every]
    addresses += [Filters(team=pair) for teams in by_site.values() for pair in combinations(teams, 2)]
    addresses += [Filters(site=pair) for pair in combinations(by_site, 2)]
    addresses += [
        Filters(site=(site,), team=tuple(other for other in teams if other != team))
        for site, teams in by_site.items()
        for team in teams
    ]
    for filters in addresses:
        taken = frozenset(t for s, ts in by_site.items() for t in ts if filters.site in ((), (s,)) or s in filters.site)
        taken &= frozenset(filters.team or every)
        rows = data.progress(queries, filters, course)
        if rows.height and not rows["suppressed"][-1]:
            yield taken
        for by in ("site", "team"):
            for row in data.by_group(queries, filters, course, by).filter(~pl.col("suppressed"))["label"]:
                yield taken & frozenset(by_site[row] if by == "site" else [row])
        query = f"course={course}&{filters.to_query()}"
        for name in ("adoption", "adoption_by_site", "adoption_by_team"):
            answer = client.get(f"/download/{name}.csv?{query}", headers={"Host": "127.0.0.1"})
            if answer.status_code == 200:
                file = pl.read_csv(io.BytesIO(answer.data), comment_prefix="#", infer_schema_length=None)
                same = {"adoption": lambda f=filters: data.progress(queries, f, course)}.get(
                    name, lambda f=filters, by=name[-4:]: data.by_group(queries, f, course, by)
                )()
                assert file["planned"].cast(pl.Int64).to_list() == same["planned"].to_list(), (name, query)


def test_no_way_of_asking_tells_of_fewer_than_the_minimum(world: Context) -> None:
    """Teams that no door tells apart are one atom: sums and differences of what is shown are about whole atoms."""
    client = create_app(world.settings.config).server.test_client()
    for course in page.course_names(world):
        rows = world.queries.frame(
            "select team_id, max(planned) from mart.adoption where course_id = ? group by 1", (course,)
        )
        people = dict(rows.iter_rows())
        shown = set(doors(world, course, client))
        assert len(shown) > 10
        atoms: dict[tuple[bool, ...], int] = {}
        for team, count in people.items():
            atom = tuple(team in cells for cells in shown)
            atoms[atom] = atoms.get(atom, 0) + count
        assert all(count == 0 or count >= world.settings.min_group for count in atoms.values())


def test_the_table_to_take_along_says_no_more(world: Context) -> None:
    rows = take(world.queries, "mart.adoption").filter(pl.col("week") == pl.col("week").max())
    for course in page.course_names(world):
        page_rows = data.by_group(world.queries, Filters(), course, "team")
        told = rows.filter((pl.col("course_id") == course) & ~pl.col("suppressed"))["team_id"].to_list()
        assert sorted(told) == sorted(page_rows.filter(~pl.col("suppressed"))["label"].to_list())
    short = rows.filter((pl.col("team_id") == SHORT_LIST) & (pl.col("course_id") == "EMP201"))
    assert short["suppressed"].to_list() == [True]


def test_a_selection_that_would_reveal_its_neighbour_is_refused_in_words(world: Context) -> None:
    rows = data.by_group(world.queries, Filters(site=("Madrid",)), "EMP201", "team")
    partners = rows.filter(pl.col("suppressed") & (pl.col("label") != SHORT_LIST))["label"].to_list()
    assert partners
    for team in (SHORT_LIST, *partners):
        body = str(page.answer(world, Filters(team=(team,)), "EMP201"))
        assert "Too few agents of this selection are planned" in body
        assert "Clear “team”" in body
        assert "overdue;" not in body
    together = data.progress(world.queries, Filters(team=(SHORT_LIST, *partners)), "EMP201")
    assert not together["suppressed"][-1]


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
    for name, download in page.PAGE.downloads.items():
        frame = download.make(world, Filters(), {"course": "EMP101"})
        assert frame["planned"].dtype.is_integer(), name
        assert download.make(world, Filters(), {"course": "'; drop table x"}).is_empty()


def test_without_a_plan_the_page_says_what_to_add(context: Context) -> None:
    body = str(page.answer(context, Filters()))
    assert "No training is recorded" in body
    assert "table = " in body


def test_single_agents_are_listed_only_on_the_machine_that_holds_the_warehouse(world: Context) -> None:
    from dashboard.data import adoption as data
    from dashboard.privacy.viewer import Viewer, seen_by

    rows = [("T1", "k1", date(2025, 1, 6), 62, False, "X", "S"), ("T2", "k2", date(2025, 2, 3), 34, True, "X", "S")]
    names = ["team_id", "agent_key", "planned_on", "days_overdue", "has_started", "course_id", "site"]
    late = pl.DataFrame(rows, schema=names, orient="row")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(world.queries), "has", lambda *_: True)
        patch.setattr(type(world.queries), "ask", lambda *_: late)
        assert data.remind(world.queries, Filters(), "X")["agent_key"].to_list() == ["k1", "k2"]
        assert data.remind(world.queries, Filters(team=("T2",)), "X")["agent_key"].to_list() == ["k2"]
        assert data.remind(world.queries, Filters(), "Y").is_empty()
        for role in ("analyst", "training_lead", "executive"):
            with seen_by(Viewer("x", role, shared=True)):
                assert data.remind(world.queries, Filters(), "X").is_empty()
