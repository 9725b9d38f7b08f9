"""Plotly figures: public ones from a result of ``estimate``, hostile words, few and many points, nothing sent away."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest

import dashboard
from analysis.words.numbers import Reader
from dashboard import plots
from dashboard.figures.bars import count_bars
from dashboard.plots.spec import label, said

ASSETS = Path(dashboard.__file__).parent / "assets"
HOSTILE = ("<b>bold</b> & <script>", "x" * 200, "מרכז שירות", "e\u0301" * 40, "%{customdata}", "$\\alpha$")


def result(weeks: int) -> SimpleNamespace:
    """What ``study.aggregate("event_time")`` gives, with ``weeks`` parts."""
    keys = range(-(weeks // 2), weeks - weeks // 2)
    numbers = {"estimate": 0.1, "ci_low": 0.0, "ci_high": 0.2, "band_low": -0.1, "band_high": 0.3, "n_agents": 12}
    rows = [{"key": key, **numbers} for key in keys]
    overall = SimpleNamespace(estimate=0.1, ci_low=0.0, ci_high=0.2)
    parts = pl.DataFrame(rows) if rows else pl.DataFrame(schema={"key": pl.Int64, "estimate": pl.Float64})
    return SimpleNamespace(kind="event_time", parts=parts, overall=overall)


@pytest.mark.parametrize("weeks", [1, 2, 1000])
def test_an_event_study_has_a_point_for_every_week(weeks: int) -> None:
    drawn = plots.event_study(result(weeks), unit="points", scale=100, matters=0.5)
    points = [y for trace in drawn.data if trace.meta == "points" for y in trace.y]
    assert points == pytest.approx([10.0] * weeks)
    assert drawn.layout.paper_bgcolor == "#FFFFFF"
    assert plots.event_study(SimpleNamespace(event_time=result(weeks)), scheme="dark").layout.paper_bgcolor == "#1E2023"


def test_an_event_study_of_nothing_says_so() -> None:
    with pytest.raises(ValueError, match="nothing to draw"):
        plots.event_study(result(0))
    with pytest.raises(ValueError, match="event_time"):
        plots.event_study(SimpleNamespace(kind="cohort", parts=result(2).parts))
    with pytest.raises(ValueError, match="event_time"):
        plots.event_study(3)


@pytest.mark.parametrize("words", HOSTILE)
def test_names_of_any_kind_are_words_and_never_markup(words: str) -> None:
    row = plots.Row(words, words, words, 1.0, 0.5, 1.5, group=words)
    spec = plots.ranges([row], span=(-2, 2), across=words)
    text = json.dumps(spec, ensure_ascii=False)
    assert "<script" not in text
    assert "<b>bold" not in text
    plots.figure(spec)
    assert "".join(said(words).split("<br>")).replace(" ", "") == label(words).replace(" ", "")
    drawn = count_bars([{"label": words, "value": 3}], label="Counts", count=Reader().count)
    assert drawn is not None
    plots.figure(drawn["plot"])


@pytest.mark.parametrize("n", [1, 3, 1000])
def test_any_number_of_rows_is_drawn(n: int) -> None:
    rows = [plots.Row(f"Team {k}", "+1", f"Team {k}: +1", k / n, k / n - 1, k / n + 1) for k in range(n)]
    spec = plots.ranges(rows, span=(-2, 2), across="points")
    assert sum(len(trace["x"]) for trace in spec["data"]) == n
    assert len(spec["layout"]["yaxis"]["tickvals"]) == n


def test_a_tip_never_has_lines_wider_than_a_screen() -> None:
    assert max(map(len, said("word " * 80).split("<br>"))) <= 64


def test_no_button_sends_a_chart_away() -> None:
    script = (ASSETS / "plot.js").read_text(encoding="utf-8")
    config = re.search(r"CONFIG = \{(.*?)\};", script, re.DOTALL)
    assert config is not None
    for part in ("showSendToCloud: false", "displaylogo: false", "showEditInChartStudio: false"):
        assert part in config[1]
    assert '[["zoom2d", "pan2d", "resetScale2d"]]' in config[1]
    sources = Path(dashboard.__file__).parent.rglob("*.py")
    assert not [file.name for file in sources if re.search(r"\bGraph\(", file.read_text(encoding="utf-8"))]
