"""Skills: the sentence, the chain with its first open link, readings in words, what is missing, who may see what."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import polars as pl
import pytest

from analysis.estimators import fitted
from analysis.panel.evaluations import OVERALL
from analysis.study.result_tables import SCHEMAS
from dashboard.components.table import Table
from dashboard.data import phrases as phrase_data
from dashboard.data import skills as data
from dashboard.data.queries import Queries
from dashboard.page import Context
from dashboard.pages import skills as page
from dashboard.privacy.viewer import Viewer, seen_by
from dashboard.settings import from_config
from dashboard.state import Filters
from dashboard.views import phrases, skill_chain, skill_gaps
from dashboard.views import skills as view
from etl.warehouse.publish import Draft
from etl.warehouse.reader import Warehouse
from tests.dashboard.pages import chain_world

EVERYBODY = Filters()


def words(part: Any) -> str:
    """Everything a page says, the cells of its tables among it."""
    if isinstance(part, str):
        return part.replace("\u00a0", " ").replace("\u2060", "")
    if isinstance(part, list | tuple):
        return " ".join(words(one) for one in part)
    if isinstance(part, Table):
        return json.dumps(part.rows, ensure_ascii=False)
    return words(getattr(part, "children", None) or [])


def test_the_first_screen_answers_the_question(world: Context) -> None:
    answered = page.answer(world, EVERYBODY, "escalation_rate")
    assert words(answered.children[0]) == (
        "0 of 5 skills clearly rose; escalations clearly fell by 1.2 points; whether the skills carried it: "
        "consistent with the skill, or with a shared shock of 0.14."
    )
    told = words(answered.children[2])
    for part in ("Trained", "173 of 192", "Learned", "0.81", "Skills applied", "Escalations", "Money", "€70,000"):
        assert part in told, part
    assert "the first link that is not: skills applied" in told


@pytest.mark.parametrize(
    ("goal", "reading"),
    [("csat_top2", "no link"), ("escalation_rate", "or with a shared shock of 0.14"),
     ("upsell_conversion", "not readable")],
)  # fmt: skip
def test_every_reading_stands_in_the_sentence_and_beside_the_slopes(world: Context, goal: str, reading: str) -> None:
    answered = page.answer(world, EVERYBODY, goal)
    assert reading in words(answered.children[0])
    assert reading in words(answered.children[3])
    assert "because of it" in words(answered.children[3])


def test_a_goal_that_happens_once_has_no_slope_and_says_why(world: Context) -> None:
    assert "Leaving happens once" in words(page.answer(world, EVERYBODY, "agent_attrition"))


def test_the_goal_shown_first_is_one_that_moved(world: Context, changed: Callable[..., Context]) -> None:
    assert data.first_goal(world.queries) == "csat_top2"
    unsure = "update result.effect set verdict = 'cant_tell_yet' where kpi = 'csat_top2'"
    other = changed(unsure, "delete from core.qa_evaluation")
    assert data.first_goal(other.queries) == "escalation_rate"
    assert "No quality evaluations were loaded" in words(page.answer(other, EVERYBODY))
    assert words(page.answer(world, EVERYBODY, "no_such_goal")) == words(page.answer(world, EVERYBODY, "csat_top2"))


def test_a_wave_that_is_too_small_is_left_out_with_the_one_that_would_tell_of_it(world: Context) -> None:
    chain = data.chain(world.queries)
    assert chain is not None
    assert chain_world.SMALL_WAVE not in chain.links["wave"].to_list()
    assert chain.links["wave"].unique().to_list() != [""]
    assert (
        chain.n_hidden == 2
    )  # the smallest of the others hides with it, or the total less the shown would be the four
    assert "2 waves are too small" in words(page.answer(world, EVERYBODY, "escalation_rate"))


def test_no_single_rater_is_told_of(world: Context) -> None:
    told = words(page.answer(world, EVERYBODY, "escalation_rate"))
    assert "rater-1" not in told
    assert "0.12" not in told
    assert data._spread(chain_world.raters(2), 10)["sd_between"].to_list() == [None] * 6
    assert data._spread(chain_world.raters(3), 10)["sd_between"].drop_nulls().len() == 6


def test_a_selection_says_that_the_link_is_read_for_everybody(world: Context) -> None:
    filters = Filters(site=("Madrid",))
    answered = page.answer(world, filters, "escalation_rate")
    assert "whether the skills carried it" not in words(answered)
    assert "shared shock" not in words(answered)
    later = page._rest_answer(world, ["escalation_rate", filters.to_query()])
    told = words(later.outputs[page.REST])
    assert "The link is read for everybody" in told
    assert "Active listening" in told
    assert page._rest_asked(world, {"skills-wanted.data": ["a"]}) is None


@pytest.mark.parametrize(
    "filters", [EVERYBODY, Filters(site=("Madrid",), channel=("chat",)), Filters(site=("Madrid",))]
)
def test_a_skill_is_judged_as_its_effects_page_judges_it(world: Context, filters: Filters) -> None:
    for kpi in data.skills(world.queries)[:2]:
        judged, whole = world.queries.judged(kpi.id, filters), world.queries.study(kpi.id, filters)
        assert set(judged) == {"effect", "check"}
        for name, rows in judged.items():
            assert rows.equals(whole[name]), (kpi.id, name)


def test_no_band_is_simulated_for_a_page_that_draws_none(world: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    monkeypatch.setattr(fitted, "sup_t_critical_value", lambda *_: drawn.append(1) or 3.0)
    queries = Queries(world.settings)
    filters = Filters(site=("Madrid",), tenure_band=("over 12 months",))
    queries.judged(OVERALL, filters)
    assert not drawn
    queries.study(OVERALL, filters)
    assert drawn


def test_a_reader_of_a_shared_dashboard_sees_no_course(
    world: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.pages.skills.phrases._measures", lambda _: {})  # each takes long to be let through
    with seen_by(Viewer("somebody", "executive", shared=True)):
        chain = data.chain(world.queries)
        assert chain is not None
        assert chain.courses.is_empty()
        assert chain.links.filter(pl.col("course") != "").is_empty()
        assert "Courses are not compared" in words(page.answer(world, EVERYBODY, "escalation_rate"))
        rows = page.PAGE.downloads["skill_courses"].make(world, EVERYBODY, {})
        assert rows.is_empty()


def test_a_wave_of_which_a_goal_is_withheld_still_says_who_completed(world: Context) -> None:
    """Its links about no KPI went with the goal: the page said that nobody was planned and no score was loaded."""
    chain = chain_world.chain()
    queries: Any = SimpleNamespace(
        publishes=lambda kpi, where: kpi == OVERALL or not where.cohort, headline=lambda *_, **__: None,
        has=lambda _: False, settings=SimpleNamespace(min_group=5),
    )  # fmt: skip
    with seen_by(Viewer("somebody", "executive", shared=True)):
        links, _ = data._links(queries, chain, 12)
    for link in ("planned", "completed", "learned", "applied"):
        assert links.filter((pl.col("wave") != "") & (pl.col("link") == link))["wave"].to_list() == ["2025-09-08"], link
    goal, skill = (next(kpi for kpi in world.queries.kpis() if kpi.id == name) for name in ("csat_top2", OVERALL))
    told = skill_chain.chain_rows(links, goal, skill, {}, world.settings.reader)
    assert {row["learned"] for row in told} == {"not shown"}, "a mean score of few is not told; it was loaded"
    assert {row["completed"] for row in told} == {"not shown"}, "nine of ten completed, and the tenth are few"


def test_downloads_hold_the_rows_of_the_page(world: Context) -> None:
    made = {name: one.make(world, EVERYBODY, {"kpi": "csat_top2"}) for name, one in page.PAGE.downloads.items()}
    assert made["skill_slopes"]["kpi"].unique().to_list() == ["csat_top2"]
    assert set(made["skills"]["kpi"]) == set(chain_world.SKILLS)
    assert made["skill_courses"].height == 12


def test_where_nothing_can_be_estimated_every_part_says_so_and_not_something_else(world: Context) -> None:
    """One team: no estimate of a skill or a goal, whatever is priced and however many were evaluated."""
    reader, nan = world.settings.reader, None
    goal, skill = (next(kpi for kpi in world.queries.kpis() if kpi.id == name) for name in ("csat_top2", OVERALL))
    none = {"value": nan, "ci_low": nan, "ci_high": nan, "verdict": "cant_tell_yet"}
    effects = pl.col("link").is_in(["applied", "kpi"])
    rows = chain_world.chain()
    rows = rows.with_columns(
        pl.when(effects).then(pl.lit(value, rows.schema[name])).otherwise(pl.col(name)).alias(name)
        for name, value in none.items()
    )
    told = skill_chain.chain_rows(rows, goal, skill, {}, reader)

    assert told
    assert all("its range holds no change" not in row["broken"] for row in told), told
    assert any("no estimate can be made" in row["broken"] for row in told)
    money = skill_chain.strip(rows.filter(pl.col("link") != "money"), None, None, reader, valued=True)[-1]
    assert money.note == "no goal with a unit value has a result that may be used"
    assert "no unit value" in skill_chain.strip(rows.filter(pl.col("link") != "money"), None, None, reader)[-1].note


def test_a_column_of_the_chain_has_one_number_of_decimals(world: Context) -> None:
    """Waves and courses have ranges of different width; their changes stand below each other."""
    goal, skill = (next(kpi for kpi in world.queries.kpis() if kpi.id == name) for name in ("csat_top2", OVERALL))
    rows = chain_world.chain()
    wide = (pl.col("link") == "kpi") & (pl.col("wave") == rows["wave"].max())
    ends = ((-0.0123, "ci_low"), (0.1077, "ci_high"), (0.0477, "value"))
    rows = rows.with_columns(pl.when(wide).then(at).otherwise(pl.col(name)).alias(name) for at, name in ends)
    told = skill_chain.chain_rows(rows, goal, skill, {}, world.settings.reader)
    for column in ("applied", "goal"):
        numbers = [re.findall(r"[+\u2212]\d+(?:\.(\d+))?", row[column]) for row in told]
        assert len({len(decimals) for found in numbers for decimals in found}) == 1, numbers


def test_a_link_that_got_worse_is_not_made(world: Context) -> None:
    reader = world.settings.reader
    goal, skill = (next(kpi for kpi in world.queries.kpis() if kpi.id == name) for name in ("csat_top2", OVERALL))
    rows = chain_world.chain()
    fell = {"value": -0.05, "ci_low": -0.07, "ci_high": -0.03, "verdict": "clear"}
    rows = rows.with_columns(
        pl.when(pl.col("link") == "applied").then(pl.lit(value)).otherwise(pl.col(name)).alias(name)
        for name, value in fell.items()
    )
    told = skill_chain.chain_rows(rows, goal, skill, {}, reader)

    applied = [row for row in told if row["applied"] != "–" and row["learned"] != "no score"]
    assert applied
    assert all(row["broken"].endswith("it got worse") for row in applied), applied


# -- what is missing --------------------------------------------------------------------------------------------------


@pytest.fixture
def changed(pages_config: Path, tmp_path: Path) -> Callable[..., Context]:
    """The world of these tests with other evaluations, courses or agents."""

    def make(*statements: str) -> Context:
        warehouse = Warehouse(pages_config.parent / "warehouse")
        config = tmp_path / pages_config.name
        config.write_text(pages_config.read_text(encoding="utf-8"), encoding="utf-8")
        (tmp_path / "warehouse").mkdir()
        for file in (pages_config.parent / "warehouse").iterdir():
            (tmp_path / "warehouse" / file.name).hardlink_to(file)
        with Draft.open(tmp_path / "warehouse", "r3", base=warehouse.current()) as draft:
            for statement in statements:
                draft.con.execute(statement)
            draft.publish()
        settings = from_config(config, environ={})
        return Context(settings, Queries(settings))

    return make


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("delete from core.qa_evaluation", "No quality evaluations were loaded, so no skill can be read."),
        ("update core.qa_evaluation set evaluator_key = 'one'", "One rater scored everybody"),
        ("update core.qa_evaluation set evaluator_key = null", "do not say who made them"),
        ("update core.qa_evaluation set form_version = 'v1'", "All evaluations are on one form"),
        ("update core.qa_evaluation set form_version = null", "do not name their form"),
        ("update core.qa_evaluation set personalisation = 1", "Every score is the same for Personalisation"),
        ("update core.qa_evaluation set personalisation = null", "Never scored: Personalisation."),
        ("update core.qa_evaluation set personalisation = null where month(local_date) = 9",
         "Personalisation: not scored in September 2025, so nothing is said about that month."),
        ("delete from core.qa_evaluation where rowid not in (select rowid from core.qa_evaluation qualify row_number() "
         "over (partition by agent_key order by md5(evaluation_id)) <= 3)",
         "On average 3 evaluations an agent in"),
        ("update core.training set course_id = 'EMP101'", "There is one course"),
        ("update core.training set completed_at = null", "Nobody completed a course"),
        ("update mart.agent_week set team_id = 'all'", "All agents are in 1 team:"),
        ("update mart.agent set left_on = null", "Nobody left in these weeks"),
        ("update mart.agent set left_on = last_week", "Everybody on record has left"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_with_what_to_collect(
    world: Context, loose: duckdb.DuckDBPyConnection, statement: str, said: str
) -> None:
    loose.execute("begin")
    loose.execute(statement)
    found = data._scored(world.queries, loose)
    loose.execute("rollback")
    told = skill_gaps.gaps(found, data.skills(world.queries), "en_GB")
    assert [line for line in told if said in line], told


@pytest.fixture(scope="module")
def loose(world: Context) -> duckdb.DuckDBPyConnection:
    """What is known of evaluations, in memory, to be changed at will."""
    con = duckdb.connect()
    for name in ("core.qa_evaluation", "core.training", "mart.agent", "mart.agent_week"):
        columns = "team_id" if name == "mart.agent_week" else "*"
        rows = world.queries.frame(f"select {columns} from {name}").to_arrow()
        con.register("rows", rows)
        con.execute(f"create schema if not exists {name.split('.')[0]}")
        con.execute(f"create table {name} as select * from rows")
    return con


def test_what_is_missing_stands_on_the_page(world: Context) -> None:
    assert "Nobody left in these weeks" in words(page.answer(world, EVERYBODY, "escalation_rate"))


def test_nothing_is_missing_where_nothing_is(world: Context) -> None:
    scored = data.scored(world.queries)
    assert scored is not None
    said = skill_gaps.gaps(scored, data.skills(world.queries), "en_GB")
    assert [line for line in said if "Nobody left" not in line] == []  # the small warehouse has no leaver on record


def test_a_version_from_before_the_chain_still_shows_the_skills(context: Context) -> None:
    told = words(page.answer(context, EVERYBODY, "escalation_rate"))
    assert "0 of 5 skills clearly rose; escalations clearly fell by 1.2 points." in told
    assert data.chain(context.queries) is None
    assert page.PAGE.downloads["skill_chain"].make(context, EVERYBODY, {}).is_empty()


# -- words ------------------------------------------------------------------------------------------------------------


def test_the_first_open_link_is_named_and_completion_counts_as_a_link(world: Context) -> None:
    reader = world.settings.reader
    rows = chain_world.chain().with_columns(
        value=pl.when(pl.col("link") == "completed").then(0.5).otherwise(pl.col("value"))
    )
    links = skill_chain.strip(rows, None, None, reader)
    assert skill_chain.strip_title(links) == "The chain is not shown from its first link on: trained"
    whole = skill_chain.strip(chain_world.chain(), None, None, reader)
    assert skill_chain.first_broken(whole) == "Skills applied"
    closed = [skill_chain.Link("Trained", "1", "", "", holds=True)]
    assert skill_chain.strip_title(closed) == "Every link of the chain is shown"


def test_courses_stand_in_the_order_of_the_programme_and_say_where_they_differ(world: Context) -> None:
    kpis = {kpi.id: kpi for kpi in data.skills(world.queries)}
    labels = {name: kpi.label for name, kpi in kpis.items()}
    found = chain_world.courses()
    names = {"EMP201": "Later", "EMP101": "First"}
    rows = skill_chain.course_rows(found, names, kpis, world.settings.reader)
    assert [row["course"] for row in rows] == ["Later", "First"]  # by the programme, not by size
    assert rows[1]["personalisation"] == "+0.05 (+0.03 to +0.07)"
    assert skill_chain.courses_title(found, labels).startswith("Courses differ beyond chance in personalisation;")
    alike = found.with_columns(told_apart=False)
    assert skill_chain.courses_title(alike, labels).startswith("Which course moved which skill cannot be told")


@pytest.mark.parametrize(
    ("reliability", "said"),
    [(0.9, "enough"), (0.7, "enough"), (0.5, "2.3 times as many"), (0.2, "cannot be read; 9.3 times as many"),
     (0.0, "cannot be read")],
)  # fmt: skip
def test_more_evaluations_that_a_reliability_asks_for(world: Context, reliability: float, said: str) -> None:
    assert view.needed(reliability, world.settings.reader) == said


def test_months_without_a_skill_are_named_and_the_rest_counted() -> None:
    months = tuple(date(2026, m, 1) for m in range(1, 6))
    found = data.Scored(100, 20, 3, 2, 0, (), (), {"personalisation": months}, 2, 10, 20, 3)
    kpi: Any = type("Kpi", (), {"numerator": "personalisation", "label": "Personalisation"})
    (said,) = skill_gaps.gaps(found, [kpi], "en_GB")
    assert said.startswith("Personalisation: not scored in January 2026, February 2026, March 2026 and 2 more months,")


# -- phrases ----------------------------------------------------------------------------------------------------------


def test_phrases_stand_beside_the_scores_with_their_rule_and_what_to_say_instead(world: Context) -> None:
    told = words(page.answer(world, EVERYBODY, "escalation_rate"))
    assert "1 phrase clearly moved: “Let me play that back to you.”" in told
    assert "“That's our policy.”" in told
    assert "Here is what I can do for you today." in told
    assert "no_such_rule" in told
    assert "the customer's name" in told
    assert "An evaluation counts as showing the skill from a score of 0.6." in told


def test_a_phrase_of_few_agents_is_left_out(world: Context) -> None:
    found = phrase_data.phrases(world.queries)
    assert found is not None
    assert "sorry" not in found.rules["rule"].to_list()
    assert "+20" not in words(page.answer(world, EVERYBODY, "escalation_rate"))


def test_phrases_are_told_as_a_skill_only_where_evaluations_allow_it(world: Context) -> None:
    reader = world.settings.reader
    kpis = {kpi.id: kpi for kpi in world.queries.kpis() if kpi.role == "phrases"}
    effects = {
        name: view.effect(world.queries.headline(name, EVERYBODY) or {}, kpi, reader) for name, kpi in kpis.items()
    }
    rows = {row["measure"]: row for row in phrases.heard_rows(chain_world.heard(), effects, {}, reader)}
    size, level = "+10 points (+2 to +18)", "60.0% (50.0% to 70.0%)"
    expected = {
        "active_listening": (size, level),
        "personalisation": ("–", level),
        "probing_questions": ("–", "phrases heard only"),
        "perspective_taking": ("–", "phrases heard only"),
    }
    for skill, (corrected, shown) in expected.items():
        row = rows[kpis[f"text_{skill}"].label]
        assert (row["corrected"], row["level"]) == (corrected, shown), skill
    assert rows[kpis["sympathy_rate"].label]["agreement"] == "never evaluated"


def test_without_transcripts_one_sentence_says_what_to_add(context: Context, world: Context) -> None:
    assert "No transcript was read" in words(page.phrase_cards(context, {}, EVERYBODY))
    assert page.phrase_cards(world, {}, Filters(site=("Madrid",))) == []


def test_few_are_told_by_their_count_and_not_by_what_it_is_rounded_to() -> None:
    """Of 20 planned, 17 completed and 4 were scored: 3 are missing and 4 are few, though 15 and 5 are shown of them."""
    links = [("planned", 20, 1.0), ("completed", 17, 0.85), ("learned", 4, 0.7)]
    rows = pl.DataFrame(
        [("", "", at, link, None, n, value, None, None, None, "") for at, (link, n, value) in enumerate(links)],
        schema=SCHEMAS["chain"],
        orient="row",
    )
    everybody: Any = None  # no wave and no course, so nothing is asked of it
    with seen_by(Viewer("board", "executive", shared=True)):
        shown, _ = data._links(everybody, rows, 5)
    assert dict(shown.select("link", "n").iter_rows()) == {"planned": 20, "completed": None, "learned": None}
    assert dict(shown.select("link", "value").iter_rows())["learned"] is None
