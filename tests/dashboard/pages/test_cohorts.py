"""Cohorts: who gained, in words and drawings, and nothing about small groups."""

from __future__ import annotations

import math
import re
from datetime import date, timedelta
from urllib.parse import parse_qs

import numpy as np
import polars as pl
import pytest

from analysis.words.numbers import Reader
from dashboard.data import cohorts as data
from dashboard.data.cohorts import NUMBERS, Gains
from dashboard.figures.dumbbell import dumbbell
from dashboard.figures.heatmap import heatmap
from dashboard.figures.svg import texts
from dashboard.page import Context
from dashboard.pages import cohorts
from dashboard.state import Filters
from dashboard.views import cohorts as view
from dashboard.views import waves_over_time
from etl.configuration import kpis
from etl.configuration.kpis import Kpi

READER = Reader("en_GB", "EUR")
LEVEL = 0.95


def kpi(name: str = "escalation_rate") -> Kpi:
    return kpis.load()[name]


def gains(*rows: tuple[str, float, float], mean: float = math.nan, spread: float = math.nan) -> Gains:
    """Groups with an effect and its error; the range is twice the error."""
    made = [
        {
            "name": name,
            "site": "",
            "n_agents": 20,
            "n_contacts": 1000.0,
            "before": 0.12,
            "after": 0.12 + effect,
            "estimate": effect,
            "own_error": error,
            "std_error": error,
            "df": 30.0,
            "ci_low": effect - 2 * error,
            "ci_high": effect + 2 * error,
            "shrunk": effect,
            "shrunk_low": effect - 2 * error,
            "shrunk_high": effect + 2 * error,
            "n_comparison": 30,
            "claimed": abs(effect) > 2 * error,
            "suppressed": False,
        }
        for name, effect, error in rows
    ]
    return Gains(pl.DataFrame(made), mean, spread, differ=spread > 0)


def test_the_largest_gain_comes_first_whichever_way_is_better() -> None:
    found = gains(("A", -0.02, 0.004), ("B", 0.01, 0.004), ("C", -0.001, 0.004))
    lower = view.groups(found, kpi("escalation_rate"), "team", {}, READER)
    higher = view.groups(found, kpi("csat_top2"), "team", {}, READER)
    assert [g.label for g in lower] == ["A", "C", "B"]
    assert [g.label for g in higher] == ["B", "C", "A"]
    assert [g.tone for g in lower] == ["better", "unsure", "worse"]
    assert [g.tone for g in higher] == ["better", "unsure", "worse"]


def test_expected_is_where_the_group_would_be_without_the_effect() -> None:
    (g,) = view.groups(gains(("A", -0.02, 0.004)), kpi(), "team", {}, READER)
    assert g.after == pytest.approx(0.10)
    assert g.expected == pytest.approx(0.12)


@pytest.mark.parametrize(
    ("rows", "spread", "words"),
    [
        ([("A", -0.02, 0.004), ("B", -0.03, 0.004)], math.nan, "Escalations clearly fell in all 2 teams."),
        ([("A", -0.02, 0.004), ("B", 0.0, 0.004)], math.nan, "Escalations clearly fell in 1 of 2 teams."),
        ([("A", 0.02, 0.004), ("B", 0.0, 0.004)], math.nan, "clearly fell in none of 2 teams, 1 got worse"),
        ([("A", 0.0, 0.004)], math.nan, "None of 1 team shows a clear change in escalations by itself."),
        ([("A", -0.02, 0.004)] * 4, 0.0, "differ by no more than chance could make them"),
        ([("A", -0.02, 0.004)] * 4, 0.02, "teams appear to differ, typically by 2.0 points from the average"),
    ],
)
def test_the_sentence_says_who_gained_and_whether_they_differ(
    rows: list[tuple[str, float, float]], spread: float, words: str
) -> None:
    found = gains(*rows, mean=-0.02, spread=spread)
    shown = view.groups(found, kpi(), "team", {}, READER)
    assert words in view.sentence(shown, kpi(), "team", found, READER)


def test_the_title_is_the_answer_and_the_groups_are_named() -> None:
    found = gains(("A", -0.02, 0.004), ("B", -0.018, 0.004), ("C", 0.02, 0.004), ("D", -0.001, 0.004))
    shown = view.groups(found, kpi(), "team", {}, READER)
    assert view.gains_title(shown, kpi(), "team", differ=True) == "Escalations fell most in A: −2.0 points"
    alike = view.gains_title(shown, kpi(), "team", differ=False)
    assert alike == "Escalations clearly fell in 2 of 4 teams: −1.8 points to −2.0 points"
    assert view.who(shown, kpi()) == "Clearly fell: A and B. Got worse: C."
    worse = view.groups(gains(("A", 0.02, 0.004), ("B", 0.0, 0.004)), kpi(), "team", {}, READER)
    assert (
        view.gains_title(worse, kpi(), "team", differ=True)
        == "No team clearly improved in escalations; A got worse by 2.0 points"
    )
    nothing = view.groups(gains(("A", 0.001, 0.004), ("B", 0.0, 0.004)), kpi(), "team", {}, READER)
    assert view.gains_title(nothing, kpi(), "team", differ=True) == "No team stands out in escalations by itself"
    assert view.who(nothing, kpi()) == ""
    unsure_first = view.groups(gains(("A", -0.03, 0.03), ("B", -0.02, 0.004)), kpi(), "team", {}, READER)
    told = view.gains_title(unsure_first, kpi(), "team", differ=True)
    assert told == "Escalations clearly fell in B alone: −2.0 points", "A's estimate is larger, though not clear"
    many = view.groups(gains(*((f"T{k}", -0.02 - k / 1e4, 0.001) for k in range(9))), kpi(), "team", {}, READER)
    assert view.who(many, kpi()) == "Clearly fell: T8, T7, T6, T5, T4, T3, T2 and 2 more."


def test_two_groups_are_compared_by_what_each_gained() -> None:
    shown = view.groups(gains(("A", -0.03, 0.003), ("B", -0.01, 0.004)), kpi(), "team", {}, READER)
    made = view.pair(*shown, kpi(), 30.0, LEVEL, READER)
    assert made.difference == pytest.approx(-0.02)
    assert (made.high - made.low) / 2 == pytest.approx(2.042 * 0.005, rel=1e-3)  # t(30), errors add as squares
    assert made.sentence.startswith("Escalations fell 2.0 points more in A than in B")
    close = view.groups(gains(("A", -0.03, 0.01), ("B", -0.02, 0.01)), kpi(), "team", {}, READER)
    assert "may well have changed by the same" in view.pair(*close, kpi(), 30.0, LEVEL, READER).sentence


def test_the_address_chooses_the_pair_and_nonsense_falls_back() -> None:
    shown = view.groups(gains(("A", -0.03, 0.003), ("B", -0.02, 0.003), ("C", 0.0, 0.003)), kpi(), "team", {}, READER)
    assert [g.value for g in view.pair_of("C_vs_B", shown) or ()] == ["C", "B"]
    for text in ("", "C_vs_C", "C_vs_nobody", "C"):
        assert [g.value for g in view.pair_of(text, shown) or ()] == ["A", "C"]
    assert view.pair_of("", shown[:1]) is None


def test_a_block_of_weeks_has_the_cautious_error() -> None:
    start = date(2025, 1, 6)
    cells = pl.DataFrame(
        {
            "cohort": [start] * 5,
            "week": [start + timedelta(weeks=k) for k in range(5)],
            "estimate": [-0.01, -0.02, -0.03, -0.02, 0.0],
            "std_error": [0.004, 0.005, 0.006, 0.005, 0.004],
            "n_agents": [30, 30, 30, 29, 28],
        }
    )
    first, second = waves_over_time.blocks(cells, kpi(), LEVEL, READER)
    assert first["estimate"] == pytest.approx(-0.02)
    assert (first["high"] - first["low"]) / 2 == pytest.approx(1.959964 * 0.005)
    assert (first["tone"], second["tone"]) == ("better", "unsure")
    assert first["value"] == pytest.approx(2.0)  # points, better is positive
    assert waves_over_time.heat_title([first, second], kpi()).endswith(
        "1 of 2 cells shows a clear improvement: one wave in its weeks 1–4"
    )
    again = [{**first, "row": "2025-02-03"}, {**second, "row": "2025-02-03"}]
    assert waves_over_time.heat_title([first, second, *again], kpi()).endswith(
        "every wave shows a clear improvement, from the first four weeks on"
    )
    late = [{**first, "column": 2}, {**first, "column": 3, "row": "2025-02-03"}]
    assert waves_over_time.heat_title([*late, second], kpi()).endswith("every wave shows a clear improvement"), (
        "one cell is no start"
    )


def test_no_cell_counts_as_a_gain_and_reads_as_none() -> None:
    start = date(2025, 1, 6)
    tiny = {"cohort": [start] * 4, "week": [start + timedelta(weeks=k) for k in range(4)], "n_agents": [30] * 4}
    cells = pl.DataFrame({**tiny, "estimate": [-0.0003] * 4, "std_error": [0.0001] * 4})
    (cell,) = waves_over_time.blocks(cells, kpi(), LEVEL, READER)
    assert (cell["tone"], cell["words"]) == ("better", "−0.03")


def test_the_dumbbell_says_every_number_on_pointing_and_points_outwards() -> None:
    found = gains(("A", -0.02, 0.004), ("B", 0.001, 0.004), ("C", -0.02, 0.2))
    shown = view.groups(found, kpi(), "team", {}, READER)
    figure = dumbbell(shown, label="who", kpi=kpi(), mean=-0.01, reader=READER)
    assert figure is not None
    for tree in (figure["wide"], figure["narrow"]):
        words = " ".join(texts(tree))
        assert "Expected without training 12.0%" in words
        assert "likely" in words
    assert dumbbell([], label="", kpi=kpi(), mean=0.0, reader=READER) is None


def test_better_is_on_the_right_whichever_way_the_kpi_goes() -> None:
    for name in ("escalation_rate", "csat_top2"):
        effect = -0.02 if name == "escalation_rate" else 0.02
        shown = view.groups(gains(("A", effect, 0.004)), kpi(name), "team", {}, READER)
        figure = dumbbell(shown, label="", kpi=kpi(name), mean=math.nan, reader=READER)
        assert figure is not None
        dots = [part for part in _walk(figure["wide"]) if part[0] == "circle" and "fill-better" in part[1]["class"]]
        zero = [part for part in _walk(figure["wide"]) if part[0] == "line" and part[1]["class"] == "axis"]
        assert dots[0][1]["cx"] > zero[0][1]["x1"]


def test_cells_that_are_not_there_are_crossed_out() -> None:
    cells = [
        {"row": "a", "row_label": "A", "column": c, "column_label": str(c), "value": 1.0, "tone": "better",
         "words": "+1", "tip": "t"}
        for c in (0, 2)
    ]  # fmt: skip
    figure = heatmap(cells, label="")
    assert figure is not None
    drawn = list(_walk(figure["wide"]))
    assert sum(part[0] == "rect" for part in drawn) == 2
    assert sum(part[0] == "line" for part in drawn) == 1
    assert heatmap([], label="") is None


def test_sites_carry_the_stored_numbers(world: Context) -> None:
    found = data.gains(world.queries, kpi(), "site", Filters()).rows
    stored = world.queries.frame(
        "select slice_value, estimate, ci_low, ci_high from result.effect where kpi = 'escalation_rate' "
        "and slice_kind = 'site' and role = 'headline' order by 1"
    )
    for name in ("estimate", "ci_low", "ci_high"):
        np.testing.assert_allclose(found.sort("name")[name].to_numpy(), stored[name].to_numpy(), rtol=1e-9)


def test_small_teams_and_what_would_reveal_them_have_no_numbers(world: Context) -> None:
    rows = data.gains(world.queries, kpi(), "team", Filters()).rows
    hidden = rows.filter("suppressed")
    assert hidden.filter(pl.col("site") == "Porto").height >= 2
    for name in (*NUMBERS, "n_agents"):
        assert hidden[name].is_null().all()
    shown = rows.filter(~pl.col("suppressed"))
    assert (shown["n_agents"] >= world.settings.min_group).all()
    assert "Porto-8" not in shown["name"].to_list()


def test_a_filter_changes_what_is_compared(world: Context) -> None:
    everybody = data.gains(world.queries, kpi(), "team", Filters()).rows
    madrid = data.gains(world.queries, kpi(), "team", Filters(site=("Madrid",))).rows
    chat = data.gains(world.queries, kpi(), "team", Filters(channel=("chat",))).rows
    assert set(madrid["name"]) < set(everybody["name"])
    assert chat["n_contacts"].sum() < everybody["n_contacts"].sum()


def test_a_course_counts_from_the_week_after_it_was_completed(world: Context) -> None:
    rows = {row["name"]: row for row in data.gains(world.queries, kpi(), "course", Filters()).rows.to_dicts()}
    assert rows["EMP201"]["n_agents"] < rows["EMP101"]["n_agents"]
    assert rows["EMP201"]["n_contacts"] < rows["EMP101"]["n_contacts"] / 2  # half the agents, and weeks later


def test_levels_of_a_group_that_may_not_be_shown_alone_are_empty(world: Context) -> None:
    assert data.levels(world.queries, kpi(), Filters(team=("Porto-8",))).is_empty()
    assert data.levels(world.queries, kpi(), Filters(team=("Madrid-3",))).height > 5


def test_the_page_survives_every_choice(world: Context) -> None:
    for by in data.BY:
        for name in ("escalation_rate", "upsell_revenue", "nonsense"):
            body = str(cohorts.answer(world, Filters(), name, by, ""))
            assert "headline" in body
    body = str(cohorts.answer(world, Filters(channel=("chat",)), "absence_rate", "team"))
    assert "Not recorded by channel" in body or "not recorded by channel" in body


def test_an_unfiltered_page_has_no_small_team_in_it(world: Context) -> None:
    assert "Porto-8" not in str(cohorts.answer(world, Filters(), "escalation_rate", "team"))
    frame = cohorts.PAGE.downloads["cohorts"].make(world, Filters(), {"kpi": "escalation_rate", "by": "team"})
    assert frame.filter(pl.col("name") == "Porto-8")["estimate"].is_null().all()


def _walk(tree: list) -> list:  # type: ignore[type-arg]
    found = [tree]
    for child in tree[2:]:
        if not isinstance(child, str):
            found += _walk(child)
    return found


@pytest.mark.parametrize(("by", "name"), [("wave", "cohort"), ("site", "site"), ("team", "team"), ("course", "")])
def test_a_row_leads_to_the_effect_of_its_group(world: Context, by: str, name: str) -> None:
    found = str(cohorts.answer(world, Filters(channel=("chat",)), "escalation_rate", by))
    leads = set(re.findall(r"'data-href': '([^']*)'", found))
    if not name:
        assert leads == set()
        return
    assert leads
    for address in leads:
        path, _, query = address.partition("?")
        asked = parse_qs(query)
        assert path == "/effects/escalation_rate"
        assert asked["channel"] == ["chat"]
        assert len(asked[name]) == 1
