"""View models: what a page says, computed from rows, without a browser."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from analysis.words.numbers import Reader, plural
from dashboard.components.table import HIDDEN, Column, table
from dashboard.data.published import BLOCK_WEEKS
from dashboard.page import Context
from dashboard.pages.overview import _to_do, head_of, rest_of
from dashboard.privacy.viewer import OWN_MACHINE, PAGES, Viewer, seen_by
from dashboard.state import Filters
from dashboard.views import effects as view
from dashboard.views import overview
from dashboard.views.verdicts import effect, split_level
from etl.configuration.kpis import load

READER = Reader("en_GB", "EUR")


def row(**changes: object) -> dict[str, object]:
    base = {
        "estimate": -0.012, "std_error": 0.002, "ci_low": -0.016, "ci_high": -0.008, "baseline": 0.2, "n_agents": 200,
        "n_contacts": 1e5, "verdict": "clear", "sentence": "Fell.", "reason": "", "weeks_to_know": None,
    }  # fmt: skip
    return base | changes


def test_the_sentence_is_the_products_own_and_equals_the_stored_one(context: Context) -> None:
    stored = context.queries.frame("select sentence, detail from result.headline").row(0)
    head = head_of(context, Filters())
    assert (head.sentence, head.detail) == stored


def test_the_sentence_names_the_selection(context: Context) -> None:
    assert "(Madrid)" in head_of(context, Filters(site=("Madrid",))).sentence


def test_every_goal_has_a_card_with_the_level_of_the_last_weeks(context: Context) -> None:
    head = head_of(context, Filters())
    ids = [card.effect.kpi.id for card in head.cards]
    assert ids == ["csat_top2", "escalation_rate", "upsell_conversion", "agent_attrition", "fcr_7d"]
    weekly = context.queries.weekly("escalation_rate", Filters()).tail(overview.LEVEL_WEEKS)
    expected = weekly["num"].sum() / weekly["den"].sum()
    card = head.cards[1]
    assert card.level == READER.level(expected, card.effect.kpi)
    assert card.target == "target 10.0%, not reached"


@pytest.mark.parametrize(
    ("hidden", "weeks_a_row", "level", "seen"),
    [
        ((), 1, 0.85, "last 4 weeks"),
        ((9,), 1, 0.75, "4 weeks to 9 Mar 2025"),  # the last week is of few agents
        ((8,), 1, 0.775, "4 weeks to 16 Mar 2025"),
        ((), 4, 1.0, "4 weeks to 6 Apr 2025"),  # readers of a shared dashboard are told blocks of four weeks
        (tuple(range(10)), 1, math.nan, ""),
    ],
)
def test_a_level_says_which_weeks_it_is_of(hidden: tuple[int, ...], weeks_a_row: int, level: float, seen: str) -> None:
    """Of readers, sixteen weeks stood above "last 4 weeks"."""
    first = date(2025, 1, 6)
    values = [None if k in hidden else float(k + 1) for k in range(10)]
    rows = pl.DataFrame(
        {"week": [first + timedelta(weeks=k) for k in range(10)], "num": values, "den": [10.0] * 10},
        schema_overrides={"num": pl.Float64},
    )
    known, words = overview.level_now(rows, weeks_a_row, READER)
    assert words == seen
    assert known == pytest.approx(level, nan_ok=True)


def test_readers_of_a_shared_dashboard_have_levels_of_four_weeks_not_of_four_blocks(context: Context) -> None:
    rows = context.queries.weekly("escalation_rate", Filters())
    assert context.queries.weeks_a_row == 1
    with seen_by(Viewer("somebody", "executive", shared=True)):
        assert context.queries.weeks_a_row == BLOCK_WEEKS
    blocks = rows.with_columns(pl.col("week").dt.truncate("4w")).group_by("week", maintain_order=True).sum()
    last = blocks.tail(1).row(0, named=True)
    assert overview.level_now(blocks, BLOCK_WEEKS, READER)[0] == last["num"] / last["den"]


def test_arrow_words_and_colour_agree(context: Context) -> None:
    kpi = context.settings.catalogue["escalation_rate"]
    fell = effect(row(), kpi, READER)
    assert (fell.tone, fell.change) == ("better", "−1.2 points")
    rose = effect(row(estimate=0.012, ci_low=0.008, ci_high=0.016), kpi, READER)
    assert (rose.tone, rose.change) == ("worse", "+1.2 points")
    unsure = effect(row(ci_high=0.004, verdict="cant_tell_yet"), kpi, READER)
    assert unsure.tone == "unsure"
    hidden = effect(row(estimate=None, ci_low=None, ci_high=None, n_agents=None), kpi, READER)
    assert not hidden.available
    assert hidden.counts == ""


def test_a_share_of_a_level_near_zero_is_not_shown(context: Context) -> None:
    kpi = context.settings.catalogue["nps"]
    assert math.isnan(effect(row(baseline=0.0001), kpi, READER).relative(0.01))


def test_the_forest_title_counts_goals_and_the_rest_stands_apart(context: Context) -> None:
    rest = rest_of(context, Filters())
    goals = [item for item in rest.effects if item.kpi.role == "primary"]
    better = sum(item.verdict.state == "clear" and item.tone == "better" for item in goals)
    assert rest.title.startswith(f"{better} of {len(goals)} goals clearly improved")
    assert "handling time" not in rest.title
    assert "got worse: handling time" in overview.beside(rest.effects, 0.95)
    assert "at most 1 in 20 of what is called clear there is chance" in overview.beside(rest.effects, 0.95)
    unsure = [item for item in goals if item.tone == "unsure"]
    said = overview.forest_title(unsure)
    assert said == f"None of {len(unsure)} {'goal' if len(unsure) == 1 else 'goals'} shows a clear change"


def test_a_small_change_is_no_improvement_and_a_guardrail_never_improves() -> None:
    catalogue = load()
    small = effect(row(verdict="clear_but_small"), catalogue["escalation_rate"], READER)
    assert overview.forest_title([small]) == "None of 1 goal shows a clear change"
    faster = effect(row(), catalogue["aht_seconds"], READER)
    assert faster.verdict.direction == "unknown"
    assert overview.beside([faster], 0.95).startswith("1 of 1 guardrail moved without getting worse.")
    slower = effect(row(estimate=0.012, ci_low=0.008, ci_high=0.016), catalogue["aht_seconds"], READER)
    assert overview.beside([slower], 0.95).startswith("1 of 1 guardrail got worse: handling time.")


def test_money_has_a_range_and_cost_is_to_the_left(context: Context) -> None:
    rest = rest_of(context, Filters())
    lines = {line.label: line for line in rest.money}
    cost = lines["Cost of the programme"]
    assert cost.likely == -50_000
    assert cost.low < cost.likely < cost.high
    assert lines["Net of cost"].shown == "€70,000"
    assert rest.money_sentence == "What it is worth"
    assert rest_of(context, Filters(site=("Madrid",))).money == ()


def money(**amounts: tuple[float, float, float]) -> pl.DataFrame:
    """Rows of ``result.value``: KPI to low end, estimate and high end."""
    words = "We can't tell yet whether it pays; it is above zero in 45 of 100 cases."
    return pl.DataFrame(
        [
            {"kpi": kpi, "scenario": "likely", "amount": likely, "amount_low": low, "amount_high": high,
             "sentence": "No money is claimed." if kpi == "total" else words}
            for kpi, (low, likely, high) in amounts.items()
        ]
    )  # fmt: skip


def test_the_score_of_all_skills_is_not_counted_among_them() -> None:
    """The page on skills counts the single ones: two pages must not say 6 of 6 and 5 of 5."""
    found = row(estimate=0.1, ci_low=0.05, ci_high=0.15, baseline=0.5)
    skills = [effect(found, load()[name], READER) for name in ("empathy_score", "active_listening", "personalisation")]
    assert overview.beside(skills, 0.95).startswith("2 of 2 skills clearly improved.")
    assert overview.beside(skills[:1], 0.95).startswith("1 of 1 skill clearly improved.")


def test_money_is_drawn_beside_its_sentence_and_note() -> None:
    unsure = money(escalation_rate=(-10.0, 5.0, 20.0), cost=(4.0, 5.0, 6.0), net=(-16.0, 1.0, 15.0))
    lines, sentence, note = overview.money_lines(unsure, {}, READER)
    assert [line.spent for line in lines] == [False, True, False]
    assert sentence == "We can't tell yet whether it pays"
    assert note == "It is above zero in 45 of 100 cases."


def test_a_cost_with_nothing_against_it_is_not_drawn() -> None:
    nan = math.nan
    lines, sentence, note = overview.money_lines(
        money(total=(nan, nan, nan), cost=(4.0, 5.0, 6.0), net=(nan, nan, nan)), {}, READER
    )
    assert (lines, sentence, note) == ((), "No money is claimed.", "")


def test_what_would_change_the_verdict_reads_on_from_its_heading(context: Context) -> None:
    kpi = context.settings.catalogue["escalation_rate"]
    told = view.CheckLine(
        "sensitivity", "i", "for information", "Robust", "The answer would change if drift were twice."
    )
    assert view.would_change(effect(row(), kpi, READER), (told,), READER)[-1] == "…drift were twice."
    little = view.CheckLine("sensitivity", "i", "", "Robust", "The answer would change with even a little drift.")
    assert view.would_change(effect(row(), kpi, READER), (little,), READER)[-1] == "…there were even a little drift."
    nothing = view.CheckLine("sensitivity", "i", "for information", "Robust", "There is nothing to overturn.")
    assert view.would_change(effect(row(verdict="cant_tell_yet"), kpi, READER), (nothing,), READER) == ()


def points(after: list[float]) -> tuple[view.EventPoint, ...]:
    before = [view.EventPoint(week, 0.0, -0.002, 0.002, -0.003, 0.003, 100, 900) for week in range(-8, 0)]
    later = [view.EventPoint(k, v, v - 0.002, v + 0.002, v - 0.003, v + 0.003, 100, 900) for k, v in enumerate(after)]
    return (*before, *later)


@pytest.mark.parametrize(
    ("after", "words"),
    [
        ([-0.012] * 16, "half of it at once, and it lasted"),
        ([-0.0015 * min(k, 8) for k in range(20)], "half of it within 4 weeks, and it lasted"),
        ([-0.016] * 10 + [-0.001] * 8, "fading"),
        ([-0.012] * 4, "fell by about 1.2 points after training"),
        ([0.012] * 16, "but not steadily"),
    ],
)
def test_the_course_is_told_as_it_is(context: Context, after: list[float], words: str) -> None:
    kpi = context.settings.catalogue["escalation_rate"]
    assert words in view.course_title(effect(row(), kpi, READER), points(after), READER)


def test_an_unclear_course_claims_nothing(context: Context) -> None:
    kpi = context.settings.catalogue["escalation_rate"]
    for state in ("cant_tell_yet", "no_meaningful_change", "dont_use"):
        title = view.course_title(effect(row(verdict=state), kpi, READER), points([-0.012] * 16), READER)
        assert "fell" not in title
        assert "rose" not in title


def test_a_change_that_is_not_credited_is_not_said_to_hold_no_change(context: Context) -> None:
    kpi = context.settings.catalogue["escalation_rate"]
    title = view.course_title(effect(row(verdict="cant_tell_yet"), kpi, READER), (), READER)
    assert title == "Escalations after training: a change, but not one that can be credited to training yet"


def test_the_page_of_a_kpi(context: Context) -> None:
    kpi = context.settings.catalogue["escalation_rate"]
    model = view.build(kpi, context.queries.study(kpi.id, Filters()), READER)
    assert model is not None
    assert (
        model.ladder_title == "Before against after would have said −2.3 points; the fair comparison says −1.2 points"
    )
    assert model.checks_title == "No check failed: 1 passed, 2 for information"
    assert [rung.preferred for rung in model.rungs] == [False, False, True]
    assert max(point.week for point in model.events) == 23, "weeks under the minimum group are left out"
    assert any("wider" in words for words in model.would_change)
    assert view.build(kpi, {}, READER) is None


def test_the_naive_answers_never_stand_alone(context: Context) -> None:
    kpi = context.settings.catalogue["escalation_rate"]
    frames = context.queries.study(kpi.id, Filters())
    without = frames["effect"].with_columns(
        estimate=pl.lit(math.nan), ci_low=pl.lit(math.nan), ci_high=pl.lit(math.nan)
    )
    model = view.build(kpi, {**frames, "effect": without}, READER)
    assert model is not None
    assert not model.effect.available
    assert model.rungs == ()


def test_failed_checks_come_first() -> None:
    rows = pl.DataFrame(
        {
            "check": ["a", "b", "c"],
            "label": ["A", "B", "C"],
            "status": ["informational", "passed", "failed"],
            "sentence": ["", "", ""],
        }
    )
    assert [line.label for line in view.check_lines(rows)] == ["C", "B", "A"]


@pytest.mark.parametrize(
    ("level", "parts"),
    [
        ("19.8%", ("19.8%", "")),
        ("361 seconds", ("361", "seconds")),
        ("3.5 leavers per 100 agents a month", ("3.5", "leavers per 100 agents a month")),
        ("€4.20", ("€4.20", "")),
        ("4,20 €", ("4,20 €", "")),
        ("not known", ("not known", "")),
    ],
)
def test_a_level_is_split_into_number_and_unit(level: str, parts: tuple[str, str]) -> None:
    assert split_level(level) == parts


def test_plurals() -> None:
    words = [plural("contact"), plural("contact", 1), plural("reply"), plural("agent-day")]
    assert words == ["contacts", "contact", "replies", "agent-days"]


def test_a_table_says_where_it_hides_and_counts_in_the_locale() -> None:
    columns = [Column("team", "Team"), Column("n", "Agents", numeric=True)]
    made: Any = table(
        columns, [{"team": "A", "n": None, "suppressed": True}, {"team": "B", "n": 4000}], reader=Reader("de_DE", "EUR")
    )
    assert made.rows == [["A", None], ["B", ["4.000", 4000]]]
    assert made.hidden == HIDDEN


def test_the_overview_leads_to_what_there_is_to_do_where_a_reader_may_go() -> None:
    def led(viewer: Viewer) -> set[str]:
        with seen_by(viewer):
            return {part.href for line in _to_do() for part in line.children if hasattr(part, "href")}

    assert led(OWN_MACHINE) == {"/plan", "/adoption"}
    for role in PAGES:
        viewer = Viewer("", role, shared=True)
        assert led(viewer) == {f"/{page}" for page in ("plan", "adoption") if viewer.may_open(page)}
