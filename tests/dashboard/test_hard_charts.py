"""Every chart with none, one, two and a thousand rows or points, and with names of any kind, in both drawings."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from analysis.words.numbers import Reader
from dashboard import plots
from dashboard.figures import svg
from dashboard.figures.adoption_curve import adoption_curve
from dashboard.figures.bars import count_bars, part_bars
from dashboard.figures.dumbbell import dumbbell
from dashboard.figures.event_study import event_study
from dashboard.figures.forest import forest
from dashboard.figures.hazard import hazard
from dashboard.figures.heatmap import heatmap
from dashboard.figures.money import money_bars
from dashboard.figures.pair_lines import pair_lines
from dashboard.figures.plan_curves import plan_curves
from dashboard.figures.roll_out import roll_out
from dashboard.figures.sparkline import sparkline
from dashboard.figures.survival import survival
from dashboard.plots.spec import cut
from dashboard.views.cohorts import Group, unclaimed_words
from dashboard.views.effects import EventPoint
from dashboard.views.events import Tick
from dashboard.views.overview import Money, Week
from dashboard.views.plan import Curve, Place
from dashboard.views.verdicts import Effect, effect
from etl.configuration.kpis import load
from tests.dashboard.test_figures import check

READER = Reader("en_GB", "EUR")
KPI = load()["escalation_rate"]
START = date(2024, 1, 1)
NAMES = {
    "long": "x" * 200,
    "long words": "a very long name of a team that goes on " * 5,
    "right to left": "מרכז שירות לקוחות בלב",
    "combining": "e\u0301" * 40,
    "markup": "<b>Team</b> & %{x} $\\alpha$",
    "empty": "",
}
SIZES = (0, 1, 2, 1000)
Draw = Callable[[int, str], dict[str, Any] | None]


def day(k: int) -> date:
    return START + timedelta(weeks=k)


def ticks(n: int, name: str) -> list[Tick]:
    return [Tick(day(k), str(k), f"{k} {name}") for k in range(0, min(n, 40), 3)]


def known(estimate: float = -0.01) -> Effect:
    row = {"estimate": estimate, "ci_low": estimate - 0.01, "ci_high": estimate + 0.01, "verdict": "clear"}
    return effect(row | {"baseline": 0.1, "n_agents": 20, "n_contacts": 900}, KPI, READER)


def groups(n: int, name: str) -> list[Group]:
    numbers = {"before": 0.1, "after": 0.09, "expected": 0.1, "estimate": -0.01, "low": -0.02, "high": 0.0}
    own = {"own_estimate": -0.01, "own_low": -0.02, "own_high": 0.0, "own_error": 0.005}
    words = {"change": "−1.0 points", "span": "−2.0 to 0.0 points", "levels": "10% to 9%", "tip": name, "href": ""}
    one = {**numbers, **own, **words, "tone": "unsure", "n_agents": 9, "n_contacts": 99, "label": name, "name": name}
    return [Group(value=str(k), **one) for k in range(n)]  # type: ignore[arg-type]


def test_a_range_that_leaves_out_no_change_is_explained_where_its_group_is_not_filled() -> None:
    holds, apart = groups(1, "Held")[0], replace(groups(1, "Apart")[0], high=-0.005)
    assert unclaimed_words([holds, replace(apart, tone="better")], "wave") == ""
    assert "(Apart): by its own numbers" in unclaimed_words([holds, apart], "wave")
    assert "(3 teams)" in unclaimed_words([apart] * 3, "team")
    assert "share their agents" in unclaimed_words([apart], "course")


def course(n: int, name: str) -> dict[str, Any] | None:
    points = [EventPoint(k - n // 2, -0.01, -0.02, 0.0, -0.03, 0.01, 9, 99) for k in range(n)]
    return event_study(points, known(), READER, known(), [Tick(0.0, "1", name)])


def adopted(n: int, name: str) -> dict[str, Any]:
    rows = [{"week": day(k), "planned": 9, "started": 5, "completed": k % 9, "overdue": 1} for k in range(n)]
    return adoption_curve(rows, label=name or "x", count=str, show_day=str, ticks=ticks(n, name))


def alive(n: int, name: str) -> dict[str, Any]:
    rows = [
        {"arm": arm, "tenure_week": k, "at_risk": 9, "survival": 0.999**k, "ci_low": 0.9 * 0.999**k, "ci_high": 1.0}
        for arm in ("trained", "untrained")
        for k in range(n)
    ]
    names = {"trained": name or "Trained", "untrained": "Untrained"}
    return survival(rows, label="x", names=names, percent=lambda v: f"{v:.0%}", count=str)


def pair(n: int, name: str) -> dict[str, Any] | None:
    points = [{"week": day(k), "level": 0.1 + 0.001 * (k % 7)} for k in range(n)]
    return pair_lines(
        points, label=name or "x", span=(0.0, 0.2), period=(START, day(max(n, 1))), trained_from=day(n // 2),
        before=0.1, after=0.11, expected=math.nan, show=str, show_day=str, ticks=ticks(n, name),
    )  # fmt: skip


def cells(n: int, name: str) -> dict[str, Any] | None:
    one = {"row_label": name, "column_label": "1–4", "value": 1.0, "tone": "better", "words": "+1.0", "tip": name}
    rows = [{**one, "row": str(k), "column": k % 5, "events": "1"} for k in range(n)]
    return heatmap(rows, label="x")


def small(n: int, name: str) -> dict[str, Any] | None:
    return sparkline(
        [Week(day(k), 0.1 + 0.001 * (k % 5), 9) for k in range(n)], label=name or "x", show=str, show_day=str,
        ticks=ticks(n, name),
    )  # fmt: skip


def parts(n: int, name: str) -> dict[str, Any] | None:
    return part_bars([{"label": name, "whole": 9, "part": 3, "words": "3 of 9", "strong": False}] * n, label="x")


def planned(n: int, name: str) -> dict[str, Any] | None:
    weeks = tuple(range(1, n + 1))
    return plan_curves([Curve(name, weeks, tuple(9.0 / w for w in weeks), "", 3.0)] if n else [], READER)


@pytest.mark.parametrize(("most", "marked"), [(9.0, False), (40.0, True)])
def test_what_is_drawn_along_the_top_edge_is_marked_there(most: float, marked: bool) -> None:
    figure = plan_curves([Curve("Goal", (1, 2, 3), (most, 3.0, 2.0), "", 3.0)], READER)
    assert figure is not None
    for drawing in ("wide", "narrow"):
        assert ("12+" in str(figure[drawing])) is marked


def leaving(n: int, name: str) -> dict[str, Any]:
    row = {"name": name, "hazard_ratio": 0.8, "ci_low": 0.5, "ci_high": 1.2, "tone": "unsure", "words": "", "tip": name}
    return hazard([row] * n, label="x")


DRAWN: dict[str, Draw] = {
    "event_study": course,
    "adoption": adopted,
    "survival": alive,
    "pair": pair,
    "heatmap": cells,
    "sparkline": small,
    "part_bars": parts,
    "plan_curves": planned,
    "hazard": leaving,
    "count_bars": lambda n, name: count_bars([{"label": name, "value": 3.0}] * n, label="x", count=str),
    "money": lambda n, name: money_bars([Money(name, -1.0, 2.0, 5.0, "€2", each="€1 each")] * n, READER),
    "roll_out": lambda n, name: roll_out([Place(name, "S", 8, 1, START, True)] * n, 4, 26),
    "dumbbell": lambda n, name: dumbbell(groups(n, name), label="x", kpi=KPI, mean=-0.01, reader=READER),
    "forest": lambda n, _: forest([known(-0.001 * k) for k in range(n)], READER) if n else None,
}
NEEDS_ROWS = ("adoption", "survival", "hazard")
"""Their pages say in words that there is nothing, and do not ask for a drawing."""


@pytest.mark.parametrize(("chart", "n"), [(c, n) for c in DRAWN for n in SIZES if n or c not in NEEDS_ROWS])
def test_any_number_of_points_is_drawn_in_both_ways_or_not_at_all(chart: str, n: int) -> None:
    figure = DRAWN[chart](n, "Team")
    assert figure is not None or n < 2
    if figure is not None:
        check(figure)
        if "plot" in figure:
            plots.figure(figure["plot"])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("chart", DRAWN)
def test_names_of_any_kind_stay_words_in_both_drawings(chart: str, name: str) -> None:
    figure = DRAWN[chart](3, NAMES[name])
    check(figure)
    assert figure is not None
    if "plot" in figure:
        made = json.loads(plots.figure(figure["plot"]).to_json())
        for trace in made["data"]:
            trace.pop("meta", None)  # told to tests and scripts, never shown
        assert "<b>Team" not in json.dumps(made, ensure_ascii=False)


def out_of_room(tree: Any, width: float) -> list[str]:
    """Texts that begin in a drawing and would leave it on the right."""
    if isinstance(tree, str):
        return []
    found = [text for child in tree[2:] for text in out_of_room(child, width)]
    names = tree[1]
    if tree[0] == "text" and names.get("text-anchor", "start") == "start":
        words = "".join(child for child in tree[2:] if isinstance(child, str))
        if names["x"] + svg.text_width(words, 11) > width:
            found.append(words)
    return found


@pytest.mark.parametrize("name", ["long", "long words"])
@pytest.mark.parametrize("chart", DRAWN)
def test_a_long_name_stays_in_its_drawing(chart: str, name: str) -> None:
    figure = DRAWN[chart](3, NAMES[name])
    assert figure is not None
    for kind in ("wide", "narrow"):
        tree = figure.get(kind)
        if tree is not None:
            assert out_of_room(tree, float(tree[1]["viewBox"].split()[2])) == [], kind


def names_of(spec: Any) -> list[str]:
    """Words of a Plotly figure that stand beside its data: in the legend, along the axes and above bars."""
    layout = spec["layout"]
    ticks = [words for name in ("xaxis", "yaxis") for words in layout.get(name, {}).get("ticktext") or []]
    legend = [trace["name"] for trace in spec["data"] if trace.get("showlegend", True) and "name" in trace]
    return [*ticks, *legend, *(note["text"] for note in layout["annotations"])]


@pytest.mark.parametrize("name", ["long", "long words", "combining"])
@pytest.mark.parametrize("chart", DRAWN)
def test_a_long_name_leaves_room_in_plotly(chart: str, name: str) -> None:
    """Nothing breaks or cuts a name there; it is shortened, and no accent parts from its letter."""
    figure = DRAWN[chart](3, NAMES[name])
    assert figure is not None
    spec = figure.get("plot", {"layout": {"annotations": []}, "data": []})
    assert [words for words in names_of(spec) if len(words) > 60] == []


@pytest.mark.parametrize("most", range(3, 12))
def test_accents_stay_with_their_letter(most: int) -> None:
    shortened = cut("e\u0301" * 40, most)
    assert len(shortened) <= most
    assert shortened.endswith("e\u0301…")
    assert cut("short", 5) == "short"


@pytest.mark.parametrize("chart", ["adoption", "survival", "plan_curves"])
def test_a_plotly_line_of_one_point_is_seen(chart: str) -> None:
    plot = DRAWN[chart](1, "Team")["plot"]
    lines = [trace for trace in plot["data"] if trace.get("meta") != "band"]
    assert lines
    assert all("markers" in trace["mode"] for trace in lines)
    assert plot["layout"]["xaxis"].get("type") != "date" or plot["layout"]["xaxis"]["tickvals"] == ["2024-01-01"]


def test_shares_still_here_stand_only_beside_curves_that_end_together() -> None:
    rows = [
        {"arm": arm, "tenure_week": k, "at_risk": 9, "survival": 0.5, "ci_low": 0.4, "ci_high": 0.6}
        for arm, end in (("trained", 8), ("untrained", 12))
        for k in range(end)
    ]
    names = {"trained": "Trained", "untrained": "Untrained"}
    made = survival(rows, label="x", names=names, percent=lambda v: f"{v:.0%}", count=str)
    for kind in ("wide", "narrow"):
        words = [part[2] for part in made[kind][2:] if part[0] == "text"]
        assert "Trained 50%" in words
        assert "Untrained" in words
