"""A centre whose training does nothing, from its exports to the first screen: nothing is claimed for it anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from dashboard.data.queries import Queries
from dashboard.page import Context
from dashboard.pages import cohorts as cohorts_page
from dashboard.pages import effects as effects_page
from dashboard.pages.overview import head_of, rest_of
from dashboard.settings import from_config
from dashboard.state import Filters
from etl import build
from etl.configuration import kpis
from etl.configuration import model as config
from etl.warehouse import publish
from sample_data import exports
from sample_data.parameters import Parameters
from sample_data.world import simulate
from tests import goals_alone

CENTRE = Parameters.sample(effect_scale=0.0, weeks=36, pre_weeks=12, waves=3, contacts_per_week=12.0)
"""The demo without effects, shorter and quieter, so that it is loaded and estimated in seconds."""


@pytest.fixture(scope="module")
def null_world(tmp_path_factory: pytest.TempPathFactory) -> Context:
    """Loaded, estimated and ready to be read."""
    folder: Path = tmp_path_factory.mktemp("null")
    exports.write(simulate(CENTRE), folder)
    settings = config.load(folder / "empathy.toml")
    with publish.Draft.open(settings.warehouse) as draft:
        build.build(settings, into=draft)
        draft.write_results(goals_alone.estimate_all(draft.con, settings, kpis.load(), lambda *_: None))
        draft.publish()
    found = from_config(folder / "empathy.toml", environ={})
    return Context(found, Queries(found))


def test_the_first_screen_claims_nothing(null_world: Context) -> None:
    head = head_of(null_world, Filters())
    assert head.sentence.startswith("Nothing can be claimed for empathy training yet")
    assert all(card.effect.tone == "unsure" for card in head.cards)


def test_no_money_is_promised(null_world: Context) -> None:
    rest = rest_of(null_world, Filters())
    net = [line for line in rest.money if line.label == "Net of cost"]
    assert all(line.low < 0 for line in net)
    assert "pays back" not in rest.money_note
    assert rest.money_sentence.startswith(
        ("We can't tell yet whether", "After its cost, the programme leaves −", "No mon")
    )


def test_the_pages_below_claim_nothing_either(null_world: Context) -> None:
    for kpi in [kpi for kpi in null_world.queries.kpis() if kpi.role == "primary"]:
        words = str(effects_page.answer(null_world, Filters(), kpi.id))
        assert "tone-better" not in words, kpi.id
    shown = str(cohorts_page.answer(null_world, Filters(), "escalation_rate", "wave"))
    assert "None of" in shown
    assert "clearly gained" not in shown
