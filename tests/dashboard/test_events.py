"""Events on charts: whom they touched, where their ticks stand in both drawings, and what is said beneath and above."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest

from analysis.words.numbers import Reader
from dashboard import plots
from dashboard.data.events import Happening, Wave, happenings
from dashboard.figures import svg
from dashboard.figures.adoption_curve import adoption_curve
from dashboard.figures.event_study import event_study
from dashboard.figures.event_ticks import beside
from dashboard.figures.heatmap import heatmap
from dashboard.figures.pair_lines import pair_lines
from dashboard.figures.sparkline import sparkline
from dashboard.page import Context
from dashboard.state import Filters
from dashboard.views import effects, events, waves_over_time
from dashboard.views.overview import Week

READER = Reader("en_GB", "EUR")
MONDAY = date(2024, 1, 1)
WAVE = Wave(date(2024, 2, 5), on_wave=True, touched_others=False)
LATER = Wave(date(2024, 3, 4), on_wave=False, touched_others=True)
CRM = Happening(1, "New CRM", date(2024, 2, 7), date(2024, 2, 7), "Porto", (WAVE, LATER))
PAY = Happening(2, "Pay round", date(2024, 3, 20), date(2024, 4, 2), "", ())
DAYS = [MONDAY + timedelta(weeks=k) for k in range(16)]


def ticks() -> tuple[events.Tick, ...]:
    return events.by_day((CRM, PAY), DAYS[0], DAYS[-1], READER)


def show_day(value: Any) -> str:
    return str(value)


def drawn_with(made: tuple[events.Tick, ...]) -> dict[str, Any]:
    """Every chart over days, with ticks."""
    rows = [{"week": day, "planned": k, "started": k, "completed": k, "overdue": 0} for k, day in enumerate(DAYS)]
    points = [{"week": day, "level": 0.1 + k / 100} for k, day in enumerate(DAYS)]
    trend = [Week(day, 0.1 + k / 100, 9) for k, day in enumerate(DAYS)]
    levels = {"trained_from": None, "before": 0.1, "after": 0.2, "expected": 0.1, "show": str, "show_day": show_day}
    return {
        "adoption": adoption_curve(rows, label="x", count=str, show_day=show_day, ticks=made),
        "pair": pair_lines(points, label="x", span=(0, 1), period=(DAYS[0], DAYS[-1]), ticks=made, **levels),
        "sparkline": sparkline(trend, label="x", show=str, show_day=show_day, ticks=made),
    }


@pytest.mark.parametrize("chart", ["adoption", "pair", "sparkline"])
def test_a_tick_stands_in_both_drawings_of_every_chart_over_days(chart: str) -> None:
    figure, bare = drawn_with(ticks())[chart], drawn_with(())[chart]
    for name in ("wide", "narrow"):
        if figure[name] is None:
            continue
        said = svg.texts(figure[name])
        assert [words for words in said if words.startswith(("1 New CRM", "2 Pay round"))] == [t.words for t in ticks()]
        assert {"1", "2"} <= set(said) - (set(svg.texts(bare[name])) - {"1", "2"})
    if "plot" in figure:
        notes = [note for note in figure["plot"]["layout"]["annotations"] if "hovertext" in note]
        there = [(note["x"], note["text"], note["hovertext"].replace("<br>", " ")) for note in notes]
        assert there == [(tick.at.isoformat(), tick.numbers, tick.words) for tick in ticks()]
        plots.figure(figure["plot"])


def test_an_event_study_has_a_tick_for_every_wave_an_event_touched(context: Context) -> None:
    model = effects.build(
        context.settings.catalogue["escalation_rate"], context.queries.study("escalation_rate", Filters()), READER,
        fell="; New CRM fell on a wave and touched the trained only",
    )  # fmt: skip
    assert model is not None
    assert model.course_title.endswith("New CRM fell on a wave and touched the trained only")
    made = events.by_week((CRM, PAY), -10, 10, READER)
    assert [(tick.at, tick.numbers) for tick in made] == [(-4.0, "1"), (0.0, "1")]
    figure = event_study(model.events, model.effect, READER, ticks=made)
    assert figure is not None
    spec = figure["plot"]
    assert [note["x"] for note in spec["layout"]["annotations"] if "hovertext" in note] == [-4.0, 0.0]
    for tree in (figure["wide"], figure["narrow"]):
        assert [words for words in svg.texts(tree) if words.startswith("1 New CRM")] == [tick.words for tick in made]


def test_a_cell_of_a_wave_holds_the_numbers_of_its_events() -> None:
    cell = {"row": "2024-02-05", "row_label": "5 Feb", "column": 0, "column_label": "1–4", "value": 1.0}
    cells = waves_over_time.with_events([cell | {"tone": "better", "words": "+1.0", "tip": "t"}], (CRM, PAY), READER)
    assert cells[0]["events"] == "1"
    assert cells[0]["tip"] == "t\n1 New CRM (7 Feb 2024, Porto)"
    figure = heatmap(cells, label="x")
    assert figure is not None
    assert "1" in svg.texts(figure["wide"])
    assert figure["plot"]["data"][0]["text"] == [["+1.0<sup> 1</sup>"]]


def test_events_are_listed_and_named_in_a_title_by_whom_they_touched() -> None:
    assert events.listed((), READER) == ""
    assert events.in_title((PAY,)) == ""
    assert events.listed((CRM, PAY), READER) == (
        "Also happened: 1 New CRM (7 Feb 2024, Porto), on a wave; it touched the trained only. "
        "2 Pay round (20 Mar 2024 to 2 Apr 2024)."
    )
    shared = Happening(3, "Strike", CRM.at, CRM.at, "", (Wave(WAVE.monday, on_wave=True, touched_others=True),))
    assert events.in_title((shared,)) == "; Strike fell on a wave and touched trained and untrained alike"
    assert events.in_title((shared, CRM)) == "; New CRM (and 1 more) fell on a wave and touched the trained only"


def test_events_of_one_day_share_a_tick_and_those_outside_have_none() -> None:
    twin = Happening(7, "Storm", CRM.at, CRM.at, "", ())
    made = events.by_day((CRM, twin, PAY), MONDAY, date(2024, 3, 1), READER)
    assert [(tick.numbers, tick.words.count("\n")) for tick in made] == [("1, 7", 1)]
    assert events.shown((CRM, twin, PAY), made) == (CRM, twin)
    late = events.by_day((PAY,), date(2024, 3, 25), date(2024, 5, 1), READER)
    assert [tick.at for tick in late] == [date(2024, 3, 25)], "it began before the axis and still goes on"


def test_a_day_finds_its_place_among_points_of_any_length() -> None:
    place = beside([date(2024, 1, 1), date(2024, 1, 29), date(2024, 2, 26)])
    assert [place(day) for day in (date(2024, 1, 15), date(2024, 2, 26), date(2023, 12, 31), date(2024, 3, 25))] == [
        0.5, 2.0, None, None,
    ]  # fmt: skip


class _Asked:
    """What :func:`happenings` asks of a version."""

    def __init__(self, *, has: bool = True) -> None:
        self._has = has

    def has(self, _: str) -> bool:
        return self._has

    def teams_by_site(self) -> dict[str, list[str]]:
        return {"Porto": ["A", "B"], "Madrid": ["C"]}

    def frame(self, sql: str) -> pl.DataFrame:
        if "event_wave" in sql:
            return pl.DataFrame({"event_id": [1, 2], "wave": [date(2024, 2, 5)] * 2, "on": [True] * 2, "o": [True] * 2})
        at = {"at": [CRM.at] * 3, "until": [CRM.at] * 3}
        names = {"event_id": [1, 2, 3], "label": ["all", "site", "team"]}
        return pl.DataFrame(names | at | {"site": [None, "Porto", None], "team_id": [None, None, "C"]})


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(), [1, 2, 3]),
        (Filters(site=("Madrid",)), [1, 3]),
        (Filters(site=("Porto",)), [1, 2]),
        (Filters(team=("A",)), [1, 2]),
        (Filters(team=("C",)), [1, 3]),
        (Filters(site=("Porto",), team=("A",)), [1, 2]),
    ],
)
def test_a_selection_sees_the_events_that_touched_it(filters: Filters, expected: list[int]) -> None:
    found = happenings(_Asked(), filters)  # type: ignore[arg-type]
    assert [event.number for event in found] == expected
    assert happenings(_Asked(), Filters(cohort=("2024-05-06",)))[0].waves == ()  # type: ignore[arg-type]
    assert happenings(_Asked(has=False), filters) == ()  # type: ignore[arg-type]
