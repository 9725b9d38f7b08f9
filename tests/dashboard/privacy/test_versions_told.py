"""One corrected record between two versions: readers of a shared dashboard cannot subtract it out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from dash import no_update

from dashboard.data import choosing, published, told
from dashboard.data.changes import _restated, changes
from dashboard.data.queries import Queries
from dashboard.data.versions import Prepared
from dashboard.page import Context
from dashboard.pages.overview import since_visit
from dashboard.privacy.viewer import OWN_MACHINE, READER, Viewer, seen_by
from dashboard.settings import from_config
from dashboard.state import Filters
from etl.warehouse.publish import Draft
from etl.warehouse.reader import Warehouse
from tests.dashboard.privacy.conftest import ACCESS, ENVIRONMENT

KPI = "escalation_rate"
ANALYST = Viewer("a", "analyst", shared=True)
CORRECTED = (
    "update mart.agent_week set escalation_rate_num = escalation_rate_num + 3 "
    "where agent_ix = 7 and week_ix = 10 and channel = 'chat'"
)
LATE = "update mart.agent_week set escalation_rate_den = escalation_rate_den + 1 where week_ix = 39"
"""What comes in later for everybody in the last week."""


def further(folder: Path, run_id: str, *changes: str) -> None:
    with Draft.open(folder / "warehouse", run_id, base=Warehouse(folder / "warehouse").current()) as draft:
        for sql in changes:
            draft.con.execute(sql)
        draft.publish()


@pytest.fixture(scope="module")
def folder(build: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.dashboard.conftest import TOML

    folder = tmp_path_factory.mktemp("told")
    build(folder, "r1", toml=TOML + ACCESS)
    further(folder, "r2", CORRECTED)
    return folder


@pytest.fixture(scope="module")
def later(folder: Path) -> Queries:
    """Readers are told of the corrected record together with what is new of everybody."""
    with seen_by(READER):
        assert asked(folder).run_id() == "r1"
    further(folder, "r3", LATE)
    return asked(folder)


def asked(folder: Path) -> Queries:
    return Queries(from_config(folder / "empathy.toml", environ=ENVIRONMENT))


def test_a_version_that_differs_by_one_record_is_not_told(folder: Path) -> None:
    queries = asked(folder)
    assert queries.served() == "r2"
    for viewer in (OWN_MACHINE, ANALYST):
        with seen_by(viewer), queries.pinned() as run_id:
            assert run_id == "r2"
    with seen_by(READER), queries.pinned() as run_id:
        assert run_id == "r1"
        assert not changes(queries).any
        assert changes(queries, "r2").since == ""  # whichever version the browser says it saw
        assert since_visit(Context(queries.settings, queries), "r2", "") is no_update


@pytest.fixture
def two_kpis(monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """Cells are chosen for two KPIs of the catalogue alone."""
    monkeypatch.setattr(Queries, "kpis", lambda self: [self.settings.catalogue[kpi] for kpi in (KPI, "csat_top2")])
    return KPI, "csat_top2"


def test_readers_stay_with_a_version_until_cells_of_the_next_are_chosen(
    folder: Path, later: Queries, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits for the choosing, and the one who asks first is not the one who pays for it."""
    monkeypatch.setattr(Queries, "kpis", lambda _: [])
    queries = asked(folder)
    registry = folder / "warehouse" / "CURRENT.json"
    now = registry.read_text(encoding="utf-8")
    registry.write_text(now.replace('"current": "r3"', '"current": "r1"'), encoding="utf-8")
    try:
        choosing.prepare(queries)
    finally:
        registry.write_text(now, encoding="utf-8")
    assert queries.served() == "r3"
    with seen_by(READER):
        assert queries.run_id() == "r1"
    with seen_by(ANALYST):
        assert queries.run_id() == "r3"
    choosing.prepare(queries)
    with seen_by(READER):
        assert queries.run_id() == "r3"


def test_readers_go_back_at_once_where_the_operator_does(folder: Path, later: Queries) -> None:
    queries = asked(folder)
    queries.prepared = Prepared("r3", "r3")
    with seen_by(READER), pytest.MonkeyPatch.context() as patch:
        patch.setattr(Queries, "served", lambda _: "r1")
        assert queries.run_id() == "r1"


def test_a_click_chooses_no_cells_once_they_are_prepared(
    later: Queries, two_kpis: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    choosing.prepare(later)
    for module in (published, told):
        monkeypatch.setattr(module, "Audit", lambda *_: pytest.fail("cells were chosen while a reader waited"))
    with seen_by(READER), later.pinned():
        for filters in (Filters(), Filters(site=("Madrid",)), Filters(team=("Porto-1",)), Filters(channel=("chat",))):
            for kpi in two_kpis:
                if later.decision(filters).allowed:
                    later.study(kpi, filters)
                    later.weekly(kpi, filters)


def totals(queries: Queries, run_id: str) -> dict[object, float | None]:
    with seen_by(READER), queries.pinned(run_id):
        rows = queries.weekly(KPI, Filters())
        return dict(rows.select("week", "num").iter_rows())


def test_a_corrected_record_is_in_no_level_that_is_told_after_it(later: Queries) -> None:
    with seen_by(READER):
        assert later.run_id() == "r3"
        before, now = totals(later, "r1"), totals(later, "r3")
        week = later.held_weeks().places.origin + timedelta(weeks=10)
    told_apart = {block: now[block] - value for block, value in before.items() if value and now[block]}
    assert len(told_apart) > 5
    assert {round(change) for change in told_apart.values()} == {0}
    hidden = [block for block, value in now.items() if value is None]
    assert [block <= week < block + timedelta(weeks=4) for block in hidden] == [True]


def test_without_the_control_the_record_is_found(later: Queries, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(published, "told_before", lambda _queries, _known, _kpi, kept, _about: kept)
    fresh = Queries(later.settings)
    before, now = totals(fresh, "r1"), totals(fresh, "r3")
    assert max(now[block] - value for block, value in before.items() if value) == pytest.approx(3.0)


def test_estimates_differ_by_the_new_week_of_everybody(later: Queries) -> None:
    with seen_by(READER):
        assert later.publishes(KPI, Filters())
        assert set(later.difference("r1", "r3").filter(KPI)["agent_key"].to_list()) > {"agent-0007"}
        assert later.publishes("csat_top2", Filters())


def test_a_week_of_one_corrected_record_is_not_counted_as_restated(folder: Path, later: Queries) -> None:
    """Week 39 is another one for everybody, week 10 for one agent."""
    with seen_by(READER), later.pinned("r3"):
        assert _restated(later, "r1", "r3") == 1
        rows = later.difference("r1", "r3")
    assert rows["week"].n_unique() == 2


def test_a_cell_with_few_changed_agents_is_refused_and_others_are_not(folder: Path, later: Queries) -> None:
    """Eleven agents of one team and one of another have late records: that one's site tells no estimate of it."""
    further(
        folder, "r4",
        "update mart.agent_week set csat_top2_num = csat_top2_num + 1 where week_ix = 30 and channel = 'chat' "
        "and (team_id = 'Madrid-1' or agent_ix = 7)",
    )  # fmt: skip
    queries = asked(folder)
    with seen_by(READER):
        assert queries.run_id() == "r4"
        assert queries.publishes("csat_top2", Filters(site=("Porto",)))
        assert not queries.publishes("csat_top2", Filters(site=("Lisbon",)))
        assert queries.publishes(KPI, Filters(site=("Lisbon",)))


def test_a_moved_agent_counts_where_the_agent_was_too(folder: Path, later: Queries) -> None:
    further(folder, "r5", "update mart.agent_week set site = 'Porto', team_id = 'Porto-1' where agent_ix = 7")
    rows = later.difference("r4", "r5")
    assert set(rows["site"].to_list()) == {"Lisbon", "Porto"}
    assert rows["agent_key"].n_unique() == 1
    with seen_by(READER):
        assert asked(folder).run_id() == "r4"


def test_going_back_counts_what_was_told(folder: Path, later: Queries) -> None:
    versions = Warehouse(folder / "warehouse").versions()
    chain = told.told(versions, versions[0].run_id, 10, later.difference)
    assert chain[-1] == versions[0].run_id
    assert {version.run_id for version in versions[1:]} == set(chain[:-1])


def test_a_corrected_leaving_date_is_a_difference_too(folder: Path, later: Queries) -> None:
    """No agent-week changes with it; who left does."""
    served = later.served()
    further(folder, "r6", 'update mart.agent_spell set "left" = not "left" where agent_ix = 3')
    assert later.difference(served, "r6").is_empty()
    assert told.people_changed(Warehouse(folder / "warehouse"), served, "r6") == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("changed", "now"), [((1, 0), "a"), ((0, 4), "a"), ((30, 4), "a"), ((0, 0), "b"), ((5, 0), "b")]
)
def test_few_changed_spells_or_trainings_keep_a_version_back(changed: tuple[int, int], now: str) -> None:
    versions = [SimpleNamespace(run_id=run_id) for run_id in "ab"]
    same = pl.DataFrame(schema={"agent_key": pl.String})
    chain = told.told(versions, "b", 5, lambda *_: same, lambda *_: changed)  # type: ignore[arg-type]
    assert chain[-1] == now


def test_a_version_between_two_alike_is_not_told_by_what_came_before_it() -> None:
    """One record is corrected beside a new week, then set back beside another: the third less the first is it."""
    versions = [SimpleNamespace(run_id=run_id) for run_id in "abc"]
    same = pl.DataFrame(schema={"agent_key": pl.String})
    few = {("a", "c"): (1, 0)}
    chain = told.told(versions, "c", 5, lambda *_: same, lambda *pair: few.get(pair, (30, 30)))  # type: ignore[arg-type]
    assert chain == ("a", "b")


RULES = """
create or replace table mart.rule_week as select agent_ix, date '2025-06-02' as week, 'say_back' as rule, 9 as contacts,
    case when agent_ix < {changed} then 5 else 2 end as hits from range(40) t(agent_ix);
create or replace table core.qa_evaluation as select agent_key, agent_ix + {changed} as place_ix,
    case when agent_ix < {changed} then 9 else agent_ix % 4 end as evaluator_key from mart.agent;
"""


@pytest.mark.parametrize(("agents", "known"), [(0, 0), (1, 1), (12, 12)])
def test_phrases_and_raters_of_few_are_differences_too(tmp_path: Path, agents: int, known: int) -> None:
    """No agent-week changes with them; what is told of phrases, and of how raters differ, does."""
    for run_id, changed in (("r1", 0), ("r2", agents)):
        with Draft.open(tmp_path / "warehouse", run_id) as draft:
            for schema in ("core", "mart"):
                draft.con.execute(f"create schema if not exists {schema}")
            draft.con.execute(
                "create table mart.agent as select k as agent_ix, 'a' || k as agent_key from range(40) t(k)"
            )
            draft.con.execute(RULES.format(changed=changed))
            draft.publish()
    assert told.people_changed(Warehouse(tmp_path / "warehouse"), "r1", "r2") == (0, 0, known, known)
