"""Plan: the address decides, warnings come at once, the order is drawn by lot, a moved slider is answered in time."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from dash.development.base_component import Component
from hypothesis import given, settings
from hypothesis import strategies as st
from plotly.utils import PlotlyJSONEncoder

from analysis.errors import EstimationError
from analysis.planning.ground import Ground, Team
from analysis.planning.plan import Goal
from analysis.planning.variance_components import Components
from dashboard.data.plan import plan_ground
from dashboard.figures.plan_curves import plan_curves
from dashboard.figures.svg import texts
from dashboard.page import Context
from dashboard.pages import plan as page
from dashboard.state import Filters
from dashboard.views import plan as view
from tests.analysis.worlds import words as kpi_words

SECONDS = 0.3
"""A moved slider is answered within this on an idle machine; the test allows five times as long."""
TODAY = date(2026, 3, 11)


def words(part: Component) -> str:
    return json.dumps(part.to_plotly_json(), cls=PlotlyJSONEncoder, ensure_ascii=False)


def ground(n_teams: int = 16, matters: float = 0.02) -> Ground:
    teams = tuple(
        Team(f"Team {k:02d}", "Porto" if k % 3 else "Madrid", 10 + k % 4, 0.1 + 0.01 * k) for k in range(n_teams)
    )
    kpi = kpi_words()
    return Ground((Goal(kpi, matters, Components(0.0001, 0.8, 0.0002)),), (), teams, 30, {}, kpi)


def shown(found: Ground, context: Context, **choices: str) -> view.View:
    return view.view(view.read(choices, found, TODAY), found, context.settings.reader, 0.95)


def test_the_page_answers_from_the_data(context: Context) -> None:
    found = plan_ground(context.queries)
    said = words(page.answer(context, Filters(), {}))

    assert len(found.teams) == 8, "a third of 24 teams is never trained"
    assert "Train 6 teams from" in said
    assert all(part in said for part in ("empathy plan", "--waves 3", "--accept"))
    assert said.count("Refreshers: how fast effects fade cannot be told from the data yet") == 1


def test_a_plan_says_by_when(context: Context) -> None:
    made = shown(ground(), context, untrained="4", start="2026-04-01")

    assert made.order[0].start == date(2026, 4, 6), "weeks start on Mondays"
    assert "Train 12 teams from 6 Apr 2026: we would know" in made.title
    assert made.curves[0].multiples[-1] < 1 < made.curves[0].multiples[0]


def test_everybody_now_and_the_worst_first_are_warned_of(context: Context) -> None:
    at_once = shown(ground(), context, waves="1", untrained="0")
    worst = shown(ground(), context, order="worst")

    assert "Everybody at once" in at_once.warnings[0]
    assert at_once.curves == ()
    assert "nobody is left to compare with" in at_once.curves_title
    assert any("low point" in line for line in worst.warnings)
    assert worst.order[0].wave == 1
    assert worst.order[0].team in {"Team 12", "Team 13", "Team 14", "Team 15"}, "the highest level is the worst"
    assert "over the last 12 weeks" in worst.order_note
    higher = replace(ground(), ranked_by=kpi_words(better="higher"))
    first = shown(higher, context, order="worst").order[0].team
    assert first in {"Team 00", "Team 01", "Team 02", "Team 03"}, "by the goal that levels are of, whichever is first"


def test_the_same_seed_draws_the_same_order(context: Context) -> None:
    one, again, other = (shown(ground(), context, seed=seed) for seed in ("3", "3", "4"))

    assert one.order == again.order
    assert one.order != other.order
    assert "Seed 3" in one.order_note


def test_a_locked_team_stays_in_its_wave(context: Context) -> None:
    made = shown(ground(), context, lock="Team 05=2|Team 09=1")
    by_name = {place.team: place for place in made.order}

    assert (by_name["Team 05"].wave, by_name["Team 09"].wave) == (2, 1)
    assert by_name["Team 05"].locked


def test_two_plans_are_compared(context: Context) -> None:
    found = ground()
    asked = view.read({"untrained": "4"}, found, TODAY)
    other = view.beside_of("1-1-0", asked)
    made = view.view(asked, found, context.settings.reader, 0.95, beside=other)

    assert "not in time there" in made.beside
    assert view.beside_of("many", asked) is None


@pytest.mark.parametrize(
    ("choices", "says"),
    [
        ({"waves": "none"}, "a whole number from 1 to 12"),
        ({"untrained": "-3"}, "a whole number from 0 to 60"),
        ({"start": "tomorrow"}, "written like 2026-01-05"),
        ({"lock": "Team 99=1"}, "no untrained team"),
        ({"lock": "Team 01=9"}, "waves 1 to 3"),
        ({"lock": "x" * 200 + "=1"}, "no untrained team"),
        ({"lock": "Team 01"}, "locked like"),
        ({"waves": "²"}, "a whole number from 1 to 12"),
        ({"start": "9999-12-31"}, "ten years ahead"),
        ({"start": "0001-01-01"}, "a year back"),
        ({"order": "best"}, "by “lot” or the “worst” first"),
        ({"beside": "many"}, "written like 3-4-2"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(choices: dict[str, str], says: str) -> None:
    refused = view.read(choices, ground(), TODAY).refused

    assert len(refused) == 1
    assert says in refused[0]
    assert len(refused[0]) < 160


TYPED = st.one_of(st.text(max_size=12), st.integers(-20, 300).map(str), st.dates().map(str), st.just("²³"))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(view.CHOICES), TYPED, max_size=4))
def test_whatever_is_typed_is_a_proposal_or_a_sentence(choices: dict[str, str]) -> None:
    own = ground()
    asked = view.read(choices, own, TODAY)
    with contextlib.suppress(EstimationError):  # a sentence of its own
        view.proposal_of(asked, own).check()
    for line in asked.refused:
        assert line.endswith(".")
        assert len(line) < 160


def test_more_waves_than_teams_is_said_and_has_no_number(context: Context) -> None:
    said = words(page.answer(context, Filters(), {"waves": "9"}))

    assert "9 waves need as many teams" in said
    assert "Smallest change" not in said


def test_names_of_lines_do_not_lie_on_each_other(context: Context) -> None:
    goals = tuple(
        Goal(kpi_words(id=f"k{k}", label=f"Goal {k}"), 0.02, Components(0.0001, 0.8, 0.0002)) for k in range(4)
    )
    found = Ground(goals, (), ground().teams, 30, {})
    figure = plan_curves(shown(found, context, untrained="4").curves, context.settings.reader)

    assert figure is not None
    names = [part for part in figure["wide"][2:] if part[0] == "text" and str(part[2]).startswith("Goal")]
    heights = sorted(part[1]["y"] for part in names)
    assert all(b - a >= 14 for a, b in pairwise(heights))
    assert any("week 26" in text for text in texts(figure["wide"]))


def test_further_trials_add_to_those_already_counted(context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "TRIALS_AT_ONCE", 3)
    said, counts = page.tried(context, {}, [0, 0, 0])
    again, more = page.tried(context, {}, counts)

    assert (counts[0], more[0]) == (3, 6)
    assert "3 of 200 tried on" in said
    assert "6 of 200" in again


def test_a_moved_slider_is_answered_in_time(context: Context) -> None:
    page.answer(context, Filters(), {})
    taken = []
    for gap in range(1, 5):
        started = time.perf_counter()
        page.answer(context, Filters(), {"gap": str(gap), "untrained": "2"})
        taken.append(time.perf_counter() - started)

    assert min(taken) < 5 * SECONDS


def test_a_holdout_stays_untrained_whatever_the_address_says(world: Context) -> None:
    ground = plan_ground(world.queries)
    held = [ground.teams[0].name, ground.teams[3].name]
    for choices in ({}, {"untrained": "0"}, {"order": "worst"}, {"lock": f"{held[0]}=1"}):
        asked = view.read(choices, ground, date(2026, 3, 9), held)
        order, _ = view.order_of(asked, ground, view.proposal_of(asked, ground))
        assert {place.team for place in order if place.wave is None} >= set(held), choices
    refused = view.read({"untrained": "0", "lock": f"{held[0]}=1"}, ground, date(2026, 3, 9), held).refused
    assert any("are a holdout" in line for line in refused)
    assert any("is a holdout, so it is in no wave" in line for line in refused)
