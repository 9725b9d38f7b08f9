"""The plan before there are data: an answer from stated numbers, refusals in words, a page without a warehouse."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.errors import EstimationError
from analysis.planning.plan import Goal, Proposal, outlook, stated_components
from analysis.words.numbers import Reader
from dashboard import app as application
from dashboard.app import answer
from dashboard.data.queries import Queries
from dashboard.page import Context
from dashboard.pages import plan
from dashboard.settings import from_config
from dashboard.state import Filters
from dashboard.views import plan_stated as view
from etl.configuration.kpis import load

READER = Reader("en_GB", "EUR")
KPIS = load()


def test_stated_numbers_are_read_and_refused_in_words() -> None:
    found = view.read({"teams": "6", "rate": "0", "contacts": "x" * 60, "waves": "2"})
    assert (found.numbers["teams"], found.numbers["waves"], found.numbers["rate"]) == (6, 2, 12)
    assert [line.partition(":")[0] for line in found.refused] == ["Share now, %", "Contacts of a team a week"]
    assert all(len(line) < 120 for line in found.refused)


def test_the_answer_is_that_of_the_plan_over_the_stated_ranges() -> None:
    kpi = view.goal_of(KPIS)
    shown = view.view(view.read({}), kpi, READER, 0.95)
    usual, low, high = (one.detectable for one in shown.outlooks)
    assert low < usual < high
    alone = outlook(Goal(kpi, kpi.smallest_effect, stated_components(0.12, 900, 0.01, 0.8)), Proposal(12, 3, 4, 3))
    assert usual == pytest.approx(alone.detectable)
    assert READER.size(usual, kpi) in shown.title


def test_a_plan_that_cannot_be_carried_out_says_why() -> None:
    with pytest.raises(EstimationError, match="waves need as many teams"):
        view.view(view.read({"teams": "2", "waves": "3"}), view.goal_of(KPIS), READER, 0.95)


def test_plan_answers_before_anything_is_built(tmp_path: Path) -> None:
    (tmp_path / "empathy.toml").write_text('[project]\nname = "New"\nwarehouse = "warehouse"\n', encoding="utf-8")
    settings = from_config(tmp_path / "empathy.toml", environ={})
    context = Context(settings, Queries(settings))
    with application.Dash(__name__).server.test_request_context():
        said = str(answer(context, "/plan", "?teams=6&waves=2&untrained=1").outputs["page-body.children"])
        assert "Nothing has been built yet" in said
        assert "With 6 teams" in said
        assert "This plan cannot be carried out" in str(
            answer(context, "/plan", "?teams=2&waves=9").outputs["page-body.children"]
        )
        assert "the-plan" not in str(answer(context, "/value", "").outputs["page-body.children"])


def test_stated_numbers_answer_beside_data_too(world: Context) -> None:
    assert "With 8 teams" in str(plan.answer(world, Filters(), {"rate": "20", "teams": "8", "untrained": "2"}))
