"""Value: edits in the address, refusals in words, the same money as the stored result, and an answer in time."""

from __future__ import annotations

import json
import math
import time
import tomllib
from dataclasses import replace
from urllib.parse import parse_qsl

import polars as pl
import pytest
from dash.development.base_component import Component
from hypothesis import given, settings
from hypothesis import strategies as st
from plotly.utils import PlotlyJSONEncoder

from analysis.panel.evaluations import OVERALL
from analysis.value.assumptions import Assumptions, from_config
from analysis.value.money import value_frame
from analysis.words.refreshers import Seen
from dashboard.app import asked
from dashboard.data.queries import Queries
from dashboard.data.refreshers import Refreshed, refreshed
from dashboard.data.value import money_parts
from dashboard.figures.svg import texts
from dashboard.figures.tornado import tornado
from dashboard.page import Context
from dashboard.pages import effects
from dashboard.pages import value as page
from dashboard.privacy.viewer import Viewer, seen_by
from dashboard.state import Filters
from dashboard.views import assumptions as address
from dashboard.views import value as view

SECONDS = 0.1
"""An edited assumption is answered within this on an idle machine; the test allows five times as long."""


@pytest.fixture(scope="module")
def configured(context: Context) -> Assumptions:
    return from_config(context.settings.config)


def shown(context: Context, configured: Assumptions, **choices: str) -> view.View:
    kpis = context.queries.kpis()
    parts = money_parts(context.queries)
    assert parts is not None
    read = address.read({k.replace("__", "."): v for k, v in choices.items()}, configured, {k.id: k for k in kpis})
    return view.view(parts, read, kpis, context.settings.reader, 0.95)


def words(part: Component) -> str:
    return json.dumps(part.to_plotly_json(), cls=PlotlyJSONEncoder, ensure_ascii=False)


def test_without_edits_the_page_says_what_is_stored(context: Context, configured: Assumptions) -> None:
    """``value_frame`` is what `empathy estimate` stores; the page works from the stored parts."""
    parts = money_parts(context.queries)
    assert parts is not None
    stored = value_frame(
        parts.worths,
        configured,
        reader=context.settings.reader,
        n_trained=parts.n_trained,
        n_everybody=parts.n_everybody,
        correlation=parts.correlation,
    )
    likely = stored.filter((pl.col("kpi") == "net") & (pl.col("scenario") == "likely")).row(0, named=True)
    net = shown(context, configured).lines[-1]

    assert (net.likely, net.low, net.high) == (likely["amount"], likely["amount_low"], likely["amount_high"])


@pytest.mark.parametrize("holds", [None, ()])
def test_money_that_may_be_counted_twice_is_asked_about(context: Context, holds: tuple[str, ...] | None) -> None:
    value = context.settings.config.value
    amount = value.kpis["escalation_rate"].model_copy(update={"contains": holds})
    value = value.model_copy(update={"kpis": {"escalation_rate": amount, "aht_seconds": amount}})
    config = context.settings.config.model_copy(update={"value": value})
    said = words(page.answer(replace(context, settings=replace(context.settings, config=config)), Filters(), {}))
    question = "Money that may be counted twice: what escalations cost or bring often holds handling time too"
    assert (question in said) == (holds is None)
    assert ("contains = [] under [value.kpis]" in said) == (holds is None)


def test_an_edit_in_the_address_changes_the_sum_and_shows_a_badge(context: Context, configured: Assumptions) -> None:
    before, after = shown(context, configured), shown(context, configured, value__escalation_rate="12_18_24")

    assert after.lines[0].likely == pytest.approx(2 * before.lines[0].likely)
    plain = words(page.answer(context, Filters(), {}))
    edited = words(page.answer(context, Filters(), {"value.escalation_rate": "12_18_24"}))
    assert "Your assumptions" in edited
    assert "Your assumptions" not in plain
    assert "Reset to the configuration" in edited


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("value.escalation_rate", "9_3_1", "must rise"),
        ("value.escalation_rate", "", "must all be numbers"),
        ("value.escalation_rate", "1_2", "written like 8_11_15"),
        ("value.escalation_rate", "1_2_inf", "must all be numbers"),
        ("value.escalation_rate", "-5_2_3", "fewer are better"),
        ("value.escalation_rate", "1_2_2e10", "taken for a slip"),
        ("value.nonsense", "1_2_3", "no such assumption"),
        ("value." + "x" * 200, "1_2_3", "no such assumption"),
        ("cost.programme", "-5_1_2", "not below zero"),
        ("cost.seat_per_agent", "1_2_3", "twice"),
        ("lasting_share", "10_20_30", "between 0 and 1"),
        ("half_life_months", "0_1_2", "above zero"),
        ("months", "0", "a whole number from 1 to 120"),
        ("months", "twelve", "a whole number from 1 to 120"),
        ("hurdle", "-3", "from 0 to 10,000"),
        ("goals", "some", "“all” or “clear”"),
    ],
)
def test_what_cannot_be_used_is_a_sentence_and_changes_nothing(
    context: Context, configured: Assumptions, name: str, text: str, says: str
) -> None:
    read = address.read({name: text}, configured, {kpi.id: kpi for kpi in context.queries.kpis()})

    assert len(read.refused) == 1
    assert says in read.refused[0]
    assert len(read.refused[0]) < 200
    assert read.assumptions == configured


AMOUNTS = st.one_of(
    st.sampled_from([0.0, -0.0, 1e-12, -1.0, 1.0, 1e10, 1e12, math.inf, -math.inf, math.nan]),
    st.floats(-1e13, 1e13, allow_nan=False),
)


@settings(max_examples=40, deadline=None)
@given(
    key=st.sampled_from(["value.escalation_rate", "value.aht_seconds", "value.csat_top2", "cost.programme", "months",
                         "lasting_share", "half_life_months", "discount_rate", "hurdle"]),
    ends=st.lists(AMOUNTS, min_size=3, max_size=3),
    rising=st.booleans(),
)  # fmt: skip
def test_whatever_is_typed_is_answered_or_refused_in_words(
    context: Context, configured: Assumptions, key: str, ends: list[float], rising: bool
) -> None:
    text = "_".join(f"{end:.10g}" for end in (sorted(ends) if rising else ends))
    kpis = context.queries.kpis()
    parts = money_parts(context.queries)
    assert parts is not None
    read = address.read(
        {key: text.split("_")[0] if key in ("months", "hurdle") else text}, configured, {k.id: k for k in kpis}
    )
    told = view.view(parts, read, kpis, context.settings.reader, 0.95)

    assert len(read.refused) <= 1
    assert (read.assumptions == configured) or not read.refused
    written = [told.title, *(tile.value for tile in told.tiles), *(tile.note for tile in told.tiles)]
    assert not any(word in text.split() for text in written for word in ("nan", "inf", "€nan", "€inf", "nan%", "inf%"))


def test_an_address_leads_back_to_itself(context: Context, configured: Assumptions) -> None:
    kpis = {kpi.id: kpi for kpi in context.queries.kpis()}
    given = {"value.escalation_rate": "5_6_7", "months": "24", "hurdle": "20", "goals": "clear"}
    read = address.read(given, configured, kpis)

    assert dict(parse_qsl(address.query_of(read, configured))) == given
    assert address.query_of(address.read({}, configured, kpis), configured) == ""


def test_the_toml_to_copy_is_read_back_as_the_same(context: Context, configured: Assumptions) -> None:
    kpis = {kpi.id: kpi for kpi in context.queries.kpis()}
    read = address.read({"lasting_share": "0.2_0.4_0.6", "months": "18"}, configured, kpis)
    document = tomllib.loads(address.as_toml(read.assumptions))["value"]

    assert document["period_months"] == 18
    assert document["lasting_share"] == {"low": 0.2, "likely": 0.4, "high": 0.6}
    assert document["half_life_months"]["likely"] == 6
    assert document["kpis"]["escalation_rate"] == {"low": 6, "likely": 9, "high": 12, "per": "contact"}
    assert document["programme_cost"]["likely"] == 50_000


@pytest.mark.parametrize("known", [True, False])
def test_a_priced_goal_without_a_result_is_named(context: Context, configured: Assumptions, known: bool) -> None:
    kpis = context.queries.kpis()
    parts = money_parts(context.queries)
    assert parts is not None
    left = [part for part in parts.worths if part.kpi.id == "escalation_rate"]
    if known:  # there is a result, and it may not be used
        csat = next(kpi for kpi in kpis if kpi.id == "csat_top2")
        left.append(replace(left[0], kpi=csat, money_group=csat.money_group, usable=False, state="dont_use"))
    some = replace(parts, worths=tuple(left))
    read = address.read({"value.csat_top2": "1_2_3"}, configured, {k.id: k for k in kpis})
    told = view.view(some, read, kpis, context.settings.reader, 0.95)

    assert "Not in the net, because no result of it is safe to use: satisfied customers." in told.detail
    assert not told.title.startswith("Likely does not pay")
    assert any(item.kpi.id == "csat_top2" and "no money is claimed" in item.words for item in told.unmoneyed)
    whole = view.view(parts, address.read({}, configured, {}), kpis, context.settings.reader, 0.95)
    assert "Not in the net" not in whole.detail


def test_a_clear_change_that_is_not_money_says_which_way_it_went(context: Context, configured: Assumptions) -> None:
    kpis = context.queries.kpis()
    parts = money_parts(context.queries)
    assert parts is not None
    csat = next(kpi for kpi in kpis if kpi.id == "csat_top2")
    for effect, words in ((0.03, "clear, for the better"), (-0.03, "clear, for the worse")):
        part = replace(parts.worths[0], kpi=csat, money_group=csat.money_group, effect=effect, state="clear")
        some = replace(parts, worths=(part,))
        told = view.view(some, address.read({}, configured, {}), kpis, context.settings.reader, 0.95)
        assert [item.words for item in told.unmoneyed if item.kpi.id == "csat_top2"] == [words]
    aht = next(kpi for kpi in kpis if kpi.role == "guardrail" and kpi.better == "lower")
    for effect, words in ((-3.0, "clear"), (3.0, "clear, for the worse")):  # one that moved is never an improvement
        part = replace(parts.worths[0], kpi=aht, money_group=aht.money_group, effect=effect, state="clear")
        some = replace(parts, worths=(part,))
        told = view.view(some, address.read({}, configured, {}), kpis, context.settings.reader, 0.95)
        assert words in [item.words for item in told.unmoneyed if item.kpi.id == aht.id]


def test_only_clear_goals_is_said_to_overstate(context: Context, configured: Assumptions) -> None:
    both = {"value.escalation_rate": "6_9_12", "value.aht_seconds": "0.001_0.002_0.003"}
    all_goals = words(page.answer(context, Filters(), both))
    clear = words(page.answer(context, Filters(), {**both, "goals": "clear"}))

    assert "That overstates" in clear
    assert "That overstates" not in all_goals
    lines = shown(context, configured, value__aht_seconds="0.001_0.002_0.003").lines
    assert next(line for line in lines if "◌" in line.label).unsure


def test_so_far_and_everybody_are_told_apart(context: Context, configured: Assumptions) -> None:
    tiles = {tile.name: tile for tile in shown(context, configured).tiles}

    assert tiles["So far"].value != tiles["If everybody"].value
    assert "all 280 agents" in tiles["If everybody"].note


def test_without_a_cost_no_return_is_claimed(context: Context, configured: Assumptions) -> None:
    without = Assumptions(12, stated={k: v for k, v in configured.stated.items() if k.startswith("value.")})
    found = shown(context, without)

    assert "before any cost, because none is stated" in found.title
    assert {tile.name: tile.value for tile in found.tiles}["Return on investment"] == "not known"


def test_the_tornado_is_largest_first(context: Context, configured: Assumptions) -> None:
    found = shown(context, configured)
    figure = tornado(found.swings, found.lines[-1].likely, context.settings.reader)

    assert figure is not None
    sizes = [row.swing.size for row in found.swings]
    assert sizes == sorted(sizes, reverse=True)
    said = texts(figure["wide"])
    assert all(any(row.name in text for text in said) for row in found.swings)


def test_the_twelve_principles_follow_the_assumptions(context: Context, configured: Assumptions) -> None:
    plain, longer = shown(context, configured).principles, shown(context, configured, months="36").principles

    assert [item.number for item in plain] == list(range(1, 13))
    assert (plain[8].met, longer[8].met) == ("met", "not met")
    assert plain[9].met == "in part"


def test_an_edited_assumption_is_answered_in_time(context: Context) -> None:
    page.answer(context, Filters(), {})
    taken = []
    for n in range(5):
        started = time.perf_counter()
        page.answer(context, Filters(), {"value.escalation_rate": f"6_9_{12 + n}"})
        taken.append(time.perf_counter() - started)

    assert min(taken) < 5 * SECONDS


def test_choices_are_part_of_what_an_answer_is_kept_under(context: Context) -> None:
    one = asked(context, "/value", "?months=12")
    other = asked(context, "/value", "?months=24")

    assert one.key is not None
    assert one.key != other.key
    assert asked(context, "/value", "?months=12").key == one.key


FADING = {"lasting_share": "0.1_0.2_0.3", "half_life_months": "3_6_9", "value.escalation_rate": "60_90_120"}


def test_a_refresher_is_told_by_those_seen_beside_the_sum_that_assumes_all_comes_back(world: Context) -> None:
    told = words(page.answer(world, Filters(), FADING))

    assert "brings the full effect back pays most when repeated every" in told
    section = told[told.index("When a refresher pays") :][:1500]
    assert "Empathy score: the refreshers so far brought +0.02" in section, section
    assert "such refresher is worth" not in told, "what training did to the skill is not clear here"


@pytest.mark.parametrize(
    ("rise", "pays"),
    [((0.07, 0.075, 0.08), "it pays"), ((1e-5, 2e-5, 3e-5), "it does not pay"), ((1e-5, 0.02, 0.08), "is open")],
)
def test_whether_a_refresher_pays_hangs_on_what_those_seen_brought(
    world: Context, rise: tuple[float, float, float], pays: str
) -> None:
    told = _told(world, Seen("gain", rise[1], rise[0], rise[2], full=0.08))

    assert "If the goals follow the skill in proportion, one such refresher is worth" in told
    assert told.endswith(f"{pays}.")


@pytest.mark.parametrize("group", [81, 10_000])
def test_refreshers_of_too_few_agents_are_not_told(world: Context, group: int) -> None:
    privacy = world.settings.config.privacy.model_copy(update={"min_group": group})
    config = world.settings.config.model_copy(update={"privacy": privacy})
    assert refreshed(Queries(replace(world.settings, config=config))) is None


@pytest.mark.parametrize(
    ("found", "says"),
    [
        (None, "No refresher was seen"),
        (Seen("cannot_tell", 0.01, -0.02, 0.04), "whether the refreshers so far changed it cannot be told yet"),
        (Seen("cannot_tell"), "cannot be told apart from fading"),
        (Seen("moved_before", 0.02, 0.01, 0.03), "had already moved in the weeks before"),
        (Seen("loss", -0.03, -0.05, -0.01), "brought nothing back"),
        (Seen("gain", 0.03, 0.01, 0.05), "Empathy score: the refreshers so far brought +0.03"),
    ],
)
def test_refreshers_that_tell_nothing_bring_no_money(world: Context, found: Seen | None, says: str) -> None:
    """Also where they tell something and the effect of training on the skill does not."""
    told = _told(world, found)

    assert says in told
    assert "such refresher is worth" not in told


def test_the_effects_page_says_what_refreshers_brought_to_its_goal(world: Context) -> None:
    told = words(effects.answer(world, Filters(), "escalation_rate"))
    part = words(effects.answer(world, Filters(channel=("voice",)), "escalation_rate"))

    assert "Escalations: whether the refreshers so far changed it cannot be told yet" in told
    assert "refreshers so far" not in part, "they are read for everybody together"


def test_readers_of_a_shared_dashboard_are_told_of_refreshers_in_the_score_alone(world: Context) -> None:
    """Agents with and without a refresher are parts of the waves whose effects on the goals they see."""
    with seen_by(Viewer("somebody", "executive", shared=True)):
        brought = refreshed(world.queries)
        told = words(effects.answer(world, Filters(), "escalation_rate"))

    assert brought is None or set(brought.found) <= {OVERALL}
    assert "refreshers so far" not in told
    assert set(refreshed(world.queries).found) == {OVERALL, "escalation_rate"}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("fall", "pays"),
    [(-0.5, "it pays"), (-1e-6, "it does not pay"), (-0.01, "is open")],
)
def test_what_refreshers_brought_to_every_goal_with_a_price_is_their_worth(
    world: Context, fall: float, pays: str
) -> None:
    """The skill and its proportion are not needed then, and no goal may be missing or have moved before."""
    half = 1e-7 if abs(fall) != 0.01 else 0.05
    goal = Seen("gain", fall, fall - half, fall + half, full=-0.02)
    told = _of_goals(world, {"escalation_rate": goal, OVERALL: Seen("gain", 0.02, 0.01, 0.03, full=0.08)})

    assert "By what those so far brought to Escalations, one refresher is worth" in told, told
    assert told.endswith(f"{pays}.")
    assert "in proportion" not in told
    moved = replace(goal, state="moved_before")
    assert "By what those so far brought" not in _of_goals(world, {"escalation_rate": moved})


def _of_goals(world: Context, found: dict[str, Seen]) -> str:
    """The same where the escalation rate alone has a price."""
    parts = money_parts(world.queries)
    assert parts is not None
    parts = replace(parts, worths=tuple(part for part in parts.worths if part.kpi.id == "escalation_rate"))
    kpis = world.queries.kpis()
    read = address.read(FADING, from_config(world.settings.config), {kpi.id: kpi for kpi in kpis})
    return view.view(parts, read, kpis, world.settings.reader, 0.95, Refreshed(found)).refresher


def _told(world: Context, found: Seen | None) -> str:
    """The card about refreshers, were they found to have brought so much."""
    parts = money_parts(world.queries)
    assert parts is not None
    kpis = world.queries.kpis()
    read = address.read(FADING, from_config(world.settings.config), {kpi.id: kpi for kpi in kpis})
    brought = Refreshed({OVERALL: found} if found else {})
    return view.view(parts, read, kpis, world.settings.reader, 0.95, brought).refresher
