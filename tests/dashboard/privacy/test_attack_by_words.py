"""An attack through choices: units, order, options, defaults and sentences that were made from what is not told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from scipy import stats

from analysis.planning.constrained_randomisation import draw_order
from analysis.planning.ground import Ground, Team
from analysis.words.numbers import Reader
from dashboard.data import adoption, attrition, cohorts, events, ladder, plan, refreshers, scope, skills
from dashboard.data.cohorts import NUMBERS, gains
from dashboard.data.compared import NOTHING
from dashboard.data.estimates_told import as_told
from dashboard.data.plan import plan_ground, without_own_weeks
from dashboard.data.published import Lattice
from dashboard.data.queries import Queries
from dashboard.page import Context
from dashboard.pages.effects import answer as effects_page
from dashboard.pages.plan import tried
from dashboard.privacy.checks import checks_as_told
from dashboard.privacy.lattice import LEAST_ERROR
from dashboard.privacy.redaction import unit_of_shares, withheld
from dashboard.privacy.viewer import READER, Viewer, seen_by
from dashboard.state import Filters
from dashboard.views import methods
from dashboard.views import plan as plan_view
from etl.configuration.programme import Holdout, Programme
from tests.dashboard.privacy.conftest import Corners

LEAD = Viewer("l", "site_lead", sites=("Madrid",), shared=True)
TEAM_LEAD = Viewer("t", "site_lead", teams=("Madrid-1",), shared=True)
SETTING = SimpleNamespace(design=SimpleNamespace(cluster="team"), ci_level=0.95)
TRAINER = Viewer("t", "training_lead", shared=True)


# -- units and decimals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [182, 181, 180, 178])
def test_the_unit_of_a_share_is_no_exact_count(n: int) -> None:
    """One over the unit in which a share is told was the number of agents, to the agent."""
    curve = pl.DataFrame(
        {"leave_type": ["any"] * 2, "arm": ["trained"] * 2, "tenure_week": [1, 9], "at_risk": [n, n - 20]}
        | {"survival": [1.0, 0.8], "ci_low": [1.0, 0.7], "ci_high": [1.0, 0.9]}
    )
    told = attrition.on_grid(curve, 5)
    assert told["survival"].to_list() == [1.0, pytest.approx(1 - 35 / 180)]
    assert pl.DataFrame({"of": [n, 2, None]}).select(5 / unit_of_shares(pl.col("of"), 5)).to_series().to_list() == [
        180.0, 5.0, None,
    ]  # fmt: skip


KPI = "csat_top2"


def asked(clusters: str) -> Any:
    """As much of the queries as estimates are told by: nothing is known of what is compared."""
    setting = SimpleNamespace(design=SimpleNamespace(cluster=clusters), ci_level=0.95)
    entry = SimpleNamespace(smallest_effect=0.02, answered_by="")
    settings = SimpleNamespace(min_group=5, catalogue={KPI: entry}, reader=Reader())
    return SimpleNamespace(setting=lambda: setting, settings=settings, remember=lambda *_: (NOTHING, {}))


@pytest.mark.parametrize("clusters", ["agent", "team"])
def test_an_interval_over_its_error_tells_no_number_of_agents(clusters: str) -> None:
    """It is a quantile of Student's t, whose degrees of freedom were the agents less one, to the agent."""
    queries = asked(clusters)

    def told(n: int) -> dict[str, Any]:
        half = float(stats.t.ppf(0.975, n - 1))
        rows = {"estimate": 0.0, "std_error": 1.0, "ci_low": -half, "ci_high": half, "df": n - 1.0, "n_clusters": n}
        return as_told(queries, KPI, Filters(), pl.DataFrame([rows])).row(0, named=True)

    ratios = [told(n)["ci_high"] / told(n)["std_error"] for n in (181, 182)]
    if clusters == "team":  # of whom the number is told
        assert ratios[1] == pytest.approx(stats.t.ppf(0.975, 181), rel=5e-3)
        assert (told(182)["df"], told(182)["n_clusters"]) == (181.0, 182)
    else:
        assert ratios[0] == pytest.approx(ratios[1], abs=1e-12)
        assert (told(182)["df"], told(182)["n_clusters"], told(181)["n_clusters"]) == (None, 180, 180)


def test_a_threshold_tells_no_number_of_agents() -> None:
    """It is a quantile of Student's t, which may have as many degrees of freedom as there are agents."""
    rows = {"check": ["x"] * 2, "status": ["passed"] * 2, "statistic": [1.0] * 2, "sentence": ["As usual."] * 2}
    told = checks_as_told(pl.DataFrame({**rows, "threshold": stats.t.ppf(0.995, [180, 181])}))
    assert told["threshold"].n_unique() == told["statistic"].n_unique() == 1


@pytest.mark.parametrize("leavers", [0, 1, 2])
def test_a_share_in_a_sentence_is_no_count_of_who_left(leavers: int) -> None:
    """92% of the trained of a team of twelve "still there" was one person who left."""
    words = f"{100 * (12 - leavers) / 12:.0f}% of the trained and 94% of the others were still there at the end."
    row = {"check": "composition", "status": "passed", "statistic": leavers / 12, "sentence": words}
    told = checks_as_told(pl.DataFrame([row])).row(0, named=True)
    said = "About as large a part of the trained as of the others was still there at the end."
    assert (told["sentence"], told["statistic"]) == (said, None)


def links(**more: Any) -> pl.DataFrame:
    rows = [
        {"wave": wave, "course": "", "link": link, "n": n, "value": value, "about": about, "verdict": "clear"}
        for wave in ("", "2026-01-05")
        for link, n, value, about in (
            ("planned", 182, None, None), ("completed", 160, 160 / 182, None), ("kpi", 3, 0.5, "csat"),
        )
    ]  # fmt: skip
    both = {"ci_low": 0.1, "ci_high": 0.9, "sentence": "It rose by 0.5 (0.1 to 0.9) for 43 agents.", "position": 0}
    return pl.DataFrame([{**row, **both, **more} for row in rows])


def test_a_link_about_few_has_no_verdict_and_no_sentence_and_a_share_no_exact_count() -> None:
    queries = SimpleNamespace(publishes=lambda *_: True, headline=lambda *_, **__: None)
    with seen_by(READER):
        told, _ = skills._links(queries, links(), 5)  # type: ignore[arg-type]
    few = told.filter(pl.col("link") == "kpi")
    assert few.height == 2
    assert few.select("n", "value", "ci_low", "ci_high", "verdict", "sentence").null_count().row(0) == (2,) * 6
    share = told.filter(pl.col("link") == "completed")["value"][0]
    assert share == pytest.approx(160 / 180)
    said = told.filter(pl.col("link") == "planned")["sentence"][0]
    assert said == "It rose by 0.5 (0.1 to 0.9) for 45 agents."


@pytest.mark.parametrize("viewer", [READER, Viewer("t", "training_lead", shared=True)])
def test_a_mean_course_score_tells_no_score_of_who_completed_between_two_versions(viewer: Viewer) -> None:
    """A sum of scores is the mean times how many there are; one more of them is the score of one agent."""
    queries = SimpleNamespace(publishes=lambda *_: True, headline=lambda *_, **__: None)
    rng, errors = np.random.default_rng(8), []
    is_kpi = pl.col("link") == "kpi"
    for _ in range(20):
        scores, means = np.round(rng.uniform(0.6, 1.0, 41), 2), []
        for many in (40, 41):
            of_course = {"link": pl.lit("learned"), "n": pl.lit(many), "value": pl.lit(float(scores[:many].mean()))}
            rows = links().with_columns(
                pl.when(is_kpi).then(value).otherwise(name).alias(name) for name, value in of_course.items()
            )
            with seen_by(viewer):
                told, _ = skills._links(queries, rows, 5)  # type: ignore[arg-type]
            row = told.filter(pl.col("link") == "learned", pl.col("wave") == "").row(0, named=True)
            assert row["n"] == 40
            means.append(row["value"])
        errors.append(41 * means[1] - 40 * means[0] - scores[40])
    assert np.sqrt(np.mean(np.square(errors))) > LEAST_ERROR * 0.4 / np.sqrt(12)


# -- sentences and verdicts of what has no number ----------------------------------------------------------------------


def test_a_ratio_that_is_not_shown_has_no_sentence_that_gives_its_range() -> None:
    hazard = {"model": "m", "leave_type": "any", "hazard_ratio": 1.2, "ci_low": 0.5, "ci_high": 3.0, "n_events": 12}
    hazard |= {"n_agents": 90, "n_clusters": 9, "verdict": "clear", "sentence": "Anything from 50% less to 200% more."}
    with duckdb.connect() as con:
        con.execute("create schema result")
        rows = pl.DataFrame([hazard])
        curves = pl.DataFrame(
            {"arm": ["trained"], "leave_type": ["any"], "tenure_week": [1], "at_risk": [90], "survival": [1.0]}
            | {"ci_low": [1.0], "ci_high": [1.0]}
        )
        for name, frame in (("hazard", rows), ("survival", curves)):
            con.register(f"_{name}", frame)
            con.execute(f"create table result.{name} as select * from _{name}")
        queries = SimpleNamespace(
            settings=SimpleNamespace(min_group=15), has=lambda name: name in ("result.hazard", "result.survival")
        )
        with seen_by(READER):
            told = attrition._answer(queries, con.cursor(), Filters()).hazard.row(0, named=True)  # type: ignore[arg-type]
    assert told["hazard_ratio"] is None
    assert (told["verdict"], told["sentence"]) == ("cant_tell_yet", attrition.FEW)


def test_a_withheld_estimate_is_not_said_to_be_believed() -> None:
    rows = pl.DataFrame(
        {"estimate": [1.0], "believed": [True], "verdict": ["clear"], "sentence": ["s"], "reason": [""]}
    )
    assert withheld(rows, pl.lit(value=True), "Few.")["believed"].to_list() == [None]


def test_of_a_group_that_is_not_shown_nothing_says_whether_it_changed(corners: Corners) -> None:
    kpi = corners.shared.settings.catalogue["escalation_rate"]
    with seen_by(READER):
        rows = gains(corners.shared.queries, kpi, "team", Filters()).rows
    hidden = rows.filter("suppressed")
    assert 0 < hidden.height < rows.height
    names = [*NUMBERS, "n_agents", "n_comparison", "claimed"]
    assert hidden.select(names).null_count().row(0) == (hidden.height,) * len(names)
    assert rows.filter(~pl.col("suppressed"))["claimed"].null_count() == 0


def test_notes_of_a_ladder_made_on_request_are_coarse(corners: Corners, monkeypatch: pytest.MonkeyPatch) -> None:
    made = pl.DataFrame({"position": [0], "estimator": ["twfe"], "label": ["3 agents"], "note": ["Of 43 agents."]})
    monkeypatch.setattr("analysis.study.run.study", lambda *_, **__: SimpleNamespace(frames=lambda: {"ladder": made}))
    monkeypatch.setattr(ladder, "can_ask", lambda *_: True)
    monkeypatch.setattr(ladder, "rungs_as_told", lambda *given: given[-1])
    nothing: dict[str, pl.DataFrame] = {}
    queries = SimpleNamespace(
        study=lambda *_: nothing, ask=lambda _, make: make(None), setting=lambda: SETTING, held_weeks=lambda: None,
        settings=corners.shared.settings, remember=lambda *_: (NOTHING, {}),
    )  # fmt: skip
    kpi = corners.shared.settings.catalogue["escalation_rate"]
    with seen_by(READER):
        told = ladder.ladder(queries, kpi, Filters())  # type: ignore[arg-type]
    assert told.row(0)[-2:] == ("fewer than 5 agents", "Of 45 agents.")


def test_what_is_not_told_is_not_worked_out(corners: Corners, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which tables could be made of a hidden cell, and how long that took, told of it; one answer is given to all."""
    monkeypatch.setattr(Queries, "_study", lambda *_: pytest.fail("it was estimated"))
    queries = corners.shared.queries
    kpis = ("csat_top2", "agent_attrition")
    with seen_by(READER):
        hidden = [
            (kpi, Filters(team=(team,)))
            for kpi in kpis
            for team in queries.facets().values["team"]
            if queries.decision(Filters(team=(team,))).allowed and not queries.publishes(kpi, Filters(team=(team,)))
        ]
        assert hidden
        told = [queries.study(*asked) for asked in hidden]
    effects = {kpi: one["effect"] for (kpi, _), one in zip(hidden, told, strict=True)}
    for (kpi, _), one in zip(hidden, told, strict=True):
        assert one["effect"].equals(effects[kpi])
        assert all(rows.is_empty() for name, rows in one.items() if name != "effect")
    with seen_by(READER):
        kpi, filters = hidden[0]
        page = repr(effects_page(Context(corners.shared.settings, queries), filters, kpi).to_plotly_json())
    assert "was observed for too few agents of this selection, or has too few to compare with, to be published" in page


def test_an_estimate_that_is_not_told_stands_in_no_table_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """What leaving does to it, slopes on skills, refreshers and fading are made of the same estimate."""
    asked: list[set[str]] = []
    monkeypatch.setattr(plan, "stored_fading", lambda _, goals: asked.append(set(goals)) or [])
    monkeypatch.setattr(attrition, "_survivor_as_told", lambda *given: given[-1])
    with duckdb.connect() as con:
        con.execute("create schema result; create schema mart")
        con.execute("create table mart.agent as select date '2026-01-05' as trained_week from range(180)")
        con.execute(
            "create table result.exit as select null::date as wave, 90::bigint as n_agents, 0::bigint as n_left, "
            "0.0::double as share_left"
        )
        for name in ("survivor", "effect", "refresher"):
            con.execute(
                f"create table result.{name} as select kpi, 'overall' as slice_kind, '' as slice_value, 0.1::double as "
                "estimate, 'headline' as role, 'clear' as verdict, 0::bigint as from_week, 90::bigint as n_agents, "
                "0.1::double as ci_low, 0.1::double as ci_high, true as stands_out, "
                "90::bigint as n_trained_agents, 0.1::double as excess_share "
                "from (values ('told'), ('hidden')) k(kpi)"
            )
        for column in ("verdict", "n_trained_agents"):
            con.execute(f"alter table result.survivor drop column {column}")
        kpis = [SimpleNamespace(id=name, better="higher") for name in ("told", "hidden")]
        queries: Any = SimpleNamespace(
            settings=SimpleNamespace(min_group=5), has=lambda _: True, goals=lambda: kpis, kpis=lambda: kpis,
            publishes=lambda kpi, _: kpi == "told", ask=lambda _, make: make(con.cursor()),
            decision=lambda _: SimpleNamespace(allowed=True), headline=lambda *_: None,
        )  # fmt: skip
        with seen_by(READER):
            _, survivors = attrition._left(queries, con.cursor(), Filters())
            plan.fading(queries)
            monkeypatch.setattr(refreshers, "OVERALL", "hidden")
            brought = refreshers.refreshed(queries)
    assert survivors["kpi"].to_list() == ["told"]
    assert asked == [{"told"}]
    assert brought is not None
    assert not brought.found


# -- options and defaults ----------------------------------------------------------------------------------------------


def cell(**values: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((name, (value,)) for name, value in values.items())


def test_a_lead_is_offered_what_is_answered_within_the_own_sites() -> None:
    """A queue of another site was in the list, and so was a wave."""
    cells = (cell(queue="a"), cell(queue="b"), cell(site="Madrid", queue="a"), cell(site="Porto", queue="b"))
    nothing = np.zeros((0,), dtype=np.int64)
    known = Lattice((*cells, cell(site="Madrid", queue="c")), np.array([True] * 4 + [False]), *[nothing] * 3)
    assert known.answered_within("queue", {"site": ("Madrid",), "team": ()}) == ("a",)
    assert known.answered_within("queue", {"site": ("Madrid", "Porto"), "team": ()}) == ("a", "b")
    assert known.answered_within("queue", {"site": (), "team": ("Madrid-1",)}) == ()


def test_options_of_a_lead_are_answered_when_they_are_chosen(corners: Corners) -> None:
    queries = corners.shared.queries
    with seen_by(LEAD):
        values = queries.facets().values
        offered = [(name, value) for name in ("channel", "tenure_band", "cohort") for value in values[name]]
        assert offered
        for name, value in offered:
            assert queries.decision(queries.selection({name: [value]})).allowed, (name, value)
        waves = {wave for wave in queries.held_weeks().places.values["cohort"] if wave}
        answered = {wave for wave in waves if queries.decision(Filters(site=("Madrid",), cohort=(wave,))).allowed}
        assert set(values["cohort"]) == answered  # whether the wave is published of everybody told of other sites
    with seen_by(TEAM_LEAD):
        assert not any(queries.facets().values[name] for name in ("site", "channel", "queue", "cohort"))


@pytest.mark.parametrize("viewer", [LEAD, TEAM_LEAD])
def test_no_other_site_is_named_by_why_something_is_not_shown(
    corners: Corners, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = np.zeros((0,), dtype=np.int64)
    tied = ((("site", ("Madrid", "Lisbon")),), (("team", ("Madrid-1", "Lisbon-2")),))
    monkeypatch.setattr(scope, "lattice", lambda _: Lattice(tied, np.array([True, True]), *[nothing] * 3))
    asked = Filters(site=("Madrid",)) if viewer.sites else Filters(team=("Madrid-1",))
    assert "Lisbon" in scope.decide(corners.shared.queries, asked, READER).reason
    said = scope.decide(corners.shared.queries, asked, viewer)
    assert not said.allowed
    assert "Lisbon" not in said.reason


@pytest.mark.parametrize("chosen", [{"site": ("Madrid",), "team": ("Lisbon-1",)}, {"team": ("Lisbon-1",)}, {}])
def test_a_team_of_another_site_is_outside_whatever_stands_beside_it(
    corners: Corners, chosen: Mapping[str, tuple[str, ...]]
) -> None:
    for viewer in (LEAD, TEAM_LEAD):
        assert not scope.in_scope(Filters(**chosen), viewer, corners.shared.queries)  # type: ignore[arg-type]


def test_the_goal_shown_first_tells_a_lead_nothing_of_everybody(
    corners: Corners, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = corners.shared.queries
    first, second = (kpi.id for kpi in queries.goals()[:2])
    verdicts = pl.DataFrame({"kpi": [first, second], "verdict": ["cant_tell_yet", "clear"]})
    monkeypatch.setattr(Queries, "frame", lambda *_: verdicts)
    monkeypatch.setattr(Queries, "publishes", lambda *_: True)
    with seen_by(READER):
        assert skills.first_goal(queries) == second
    with seen_by(LEAD):
        assert skills.first_goal(queries) == first
    monkeypatch.setattr(Queries, "publishes", lambda *_: False)  # a verdict that is withheld
    with seen_by(READER):
        assert skills.first_goal(queries) == first


def test_a_course_of_few_is_in_no_list() -> None:
    """That a course is offered says that somebody is on it: one agent, perhaps, for a reason of the agent's own."""
    counts = dict.fromkeys(adoption.COUNTS, 0)
    rows = [
        {"week": date(2026, 1, 5), "site": "Madrid", "team_id": team, "course_id": course, **counts, "planned": n}
        for course, sizes in (("EMP101", (1,)), ("ANGER", (1, 30)), ("TALK", (20, 30)))
        for team, n in zip(("Madrid-1", "Madrid-2"), sizes, strict=False)
    ]
    held = pl.DataFrame(rows)
    programme = SimpleNamespace(courses=[SimpleNamespace(id="EMP101")])

    def frame(sql: str, parameters: tuple[str, ...] = ()) -> pl.DataFrame:
        if "distinct" in sql:
            return held.select(pl.col("course_id").unique().sort())
        return held.filter(pl.col("course_id") == parameters[0])

    settings = SimpleNamespace(min_group=5, config=SimpleNamespace(programme=programme))
    queries: Any = SimpleNamespace(
        settings=settings, has=lambda _: True, frame=frame, remember=lambda _, make: make(),
        require=lambda _: None, decision=lambda filters: SimpleNamespace(allowed=filters != Filters()),
    )  # fmt: skip
    one, both = Filters(team=("Madrid-1",)), Filters(site=("Madrid",))
    with seen_by(READER):
        assert adoption.courses(queries, one) == ["EMP101", "TALK"]
        assert adoption.courses(queries, both) == ["ANGER", "EMP101", "TALK"]
        assert adoption.courses(queries) == ["EMP101"]  # not allowed: nothing is looked at
    assert adoption.courses(queries) == ["ANGER", "EMP101", "TALK"]


def test_a_kpi_that_is_left_out_is_not_answered_by_its_address(corners: Corners) -> None:
    queries = corners.shared.queries
    catalogue = {**queries.settings.catalogue}
    catalogue["escalation_rate"] = catalogue["escalation_rate"].model_copy(update={"hidden": True})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queries, "settings", replace(queries.settings, catalogue=catalogue))  # type: ignore[arg-type]
        with seen_by(READER), pytest.raises(KeyError):
            queries.study("escalation_rate", Filters())


def test_a_lead_reads_of_the_own_teams_of_a_holdout_only() -> None:
    programme = Programme(name="p", holdout=Holdout(teams=("Madrid-1", "Lisbon-1")))
    assert "Madrid-1, Lisbon-1." in methods.beside(programme, (), Reader())[0]
    assert "purpose: Madrid-1." in methods.beside(programme, (), Reader(), frozenset({"Madrid-1"}))[0]
    assert methods.beside(programme, (), Reader(), frozenset({"Porto-1"})) == []


# -- orders by lot and trials ------------------------------------------------------------------------------------------


FIRST_GOAL: Any = SimpleNamespace(id="csat_top2", label="Satisfied customers", better="higher")
LAST_BLOCKS = pl.DataFrame({"num": [1.0, 2.0, 3.0], "den": [10.0, 10.0, 10.0], "suppressed": [False] * 3})


def ground_of(level: float, n_agents: int = 12) -> Ground:
    """Nine teams with levels of their own; of the last there is more to say."""
    teams = [Team(f"t{k}", "s", 12, value) for k, value in enumerate(np.arange(0.1, 0.9, 0.1))]
    teams.append(Team("t8", "s", n_agents, level))
    blocks = {"x": (np.ones((9, 26)), np.ones((9, 26)))}
    return Ground((), (), tuple(teams), 26, blocks, FIRST_GOAL)


def readers(told: Any) -> Any:
    """What is asked of queries: levels by four weeks as told of every team, and of the last one."""
    return SimpleNamespace(
        decision=lambda filters: SimpleNamespace(allowed=told is not None or filters.team != ("t8",)),
        weekly=lambda _, filters: told if filters.team == ("t8",) else LAST_BLOCKS,
        settings=SimpleNamespace(min_group=5),
    )


WITHHELD = LAST_BLOCKS.with_columns(suppressed=pl.Series([False, True, False]))


@pytest.mark.parametrize("told", [None, WITHHELD, LAST_BLOCKS.head(2)], ids=["cell", "a block", "too few blocks"])
def test_no_lot_goes_by_a_level_that_is_not_told(told: Any) -> None:
    """Which orders are balanced enough to be drawn, asked for again and again, was that level within narrow bounds."""
    grounds = [ground_of(0.05), ground_of(0.9)]
    masked = [without_own_weeks(readers(told), one) for one in grounds]
    exact, drawn = (
        [draw_order([3, 3, 3], one.covariates(), 1, {0: 0}).kept.tolist() for one in some] for some in (grounds, masked)
    )
    assert exact[0] != exact[1]
    assert drawn[0] == drawn[1]
    assert all(not one.blocks for one in masked), "trials with known seeds add up to a team's weeks"
    assert [math.isnan(team.level) for team in masked[0].teams] == [False] * 8 + [True]


def test_no_lot_goes_by_weeks_after_the_last_block_or_by_agents_of_other_teams() -> None:
    """Levels are the very ones that are told by four weeks, whatever the last twelve weeks of the last team are."""
    told = [without_own_weeks(readers(LAST_BLOCKS), ground_of(level)) for level in (0.05, 0.9)]
    assert told[0].teams == told[1].teams
    assert {team.level for team in told[0].teams} == {0.2}


def test_the_size_of_a_team_below_the_smallest_group_is_in_no_title_and_no_lot() -> None:
    """All agents less the sizes shown beside each team were that of the one without."""
    grounds = [ground_of(0.5, n_agents) for n_agents in (3, 4)]
    told = [without_own_weeks(readers(LAST_BLOCKS), one) for one in grounds]
    assert told[0].teams == told[1].teams
    for ground, said in ((told[0], "Train 9 teams"), (ground_of(0.5, 5), "Train 101 agents in 9 teams")):
        asked = plan_view.read({"untrained": "0", "waves": "2"}, ground, date(2026, 6, 1))
        assert plan_view.view(asked, ground, Reader(), 0.95, 5).title.startswith(said)


def test_trials_of_a_training_lead_are_not_made_of_own_weeks(corners: Corners) -> None:
    with seen_by(TRAINER):
        ground = plan_ground(corners.shared.queries)
        words, _ = tried(Context(corners.shared.settings, corners.shared.queries), {}, [0, 0, 0])
    assert not ground.blocks
    assert "own weeks would tell of single teams" in words


def test_the_command_draws_the_lot_of_the_page(corners: Corners) -> None:
    from empathy.planning import _from_data

    settings = corners.shared.settings
    with seen_by(TRAINER):
        page = plan_ground(corners.shared.queries)
    command = _from_data(settings.config, settings.catalogue, None)
    assert np.allclose(command.covariates(), page.covariates(), equal_nan=True)
    assert any(math.isnan(team.level) for team in command.teams)
    assert command.blocks, "whoever runs the command can open the file"


# -- weeks and names of waves ------------------------------------------------------------------------------------------


def test_where_training_began_is_no_week_of_one_agent() -> None:
    """The line on a chart of a team stood at the wave of the one agent who was trained before the others."""
    agent = np.arange(7)
    codes = {"cohort": np.array([1, 2, 2, 2, 2, 2, 0])}
    places = SimpleNamespace(agent=agent, codes=codes, values={"cohort": ("2025-08-04", "2025-09-08")})
    queries: Any = SimpleNamespace(
        settings=SimpleNamespace(min_group=5), _places=lambda: places, _rows=lambda _: None,
        remember=lambda _, make: make(),
    )  # fmt: skip
    assert Queries.first_training(queries, Filters()) == date(2025, 8, 4)
    with seen_by(READER):
        assert Queries.first_training(queries, Filters()) == date(2025, 9, 8)
        codes["cohort"][1] = 0
        assert Queries.first_training(queries, Filters()) is None


@pytest.mark.parametrize("viewer", [READER, LEAD])
def test_names_of_groups_that_are_not_shown_are_those_of_the_filters(corners: Corners, viewer: Viewer) -> None:
    """A wave of one agent had a row without numbers; and so had a team with a trained agent, and no other."""
    queries = corners.shared.queries
    kpi = corners.shared.settings.catalogue["escalation_rate"]
    with seen_by(viewer):
        chosen = queries.selection({})
        for by, name in (("wave", "cohort"), ("team", "team")):
            rows = gains(queries, kpi, by, chosen).rows
            hidden, shown = (set(rows.filter(part)["name"]) for part in ("suppressed", ~pl.col("suppressed")))
            assert hidden == set(queries.facets().values[name]) - shown
            assert by == "wave" or hidden
            assert rows["name"].is_sorted()


def test_a_wave_of_one_agent_has_no_row() -> None:
    rows = pl.DataFrame(
        {"name": ["2025-08-04", "2025-09-08"], "site": ["", ""], "n_agents": [None, 45], "suppressed": [True, False]}
    )
    offered = SimpleNamespace(values={"cohort": ("2025-09-08", "2025-11-03")})
    queries: Any = SimpleNamespace(facets=lambda: offered)
    told = cohorts._as_listed(queries, rows, "wave", Filters())
    assert told.rows() == [("2025-09-08", "", 45, False), ("2025-11-03", "", None, True)]


def test_an_event_names_no_wave_of_few(corners: Corners, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick of a chart said how many weeks an event was from every wave, a wave of one agent among them."""
    known = date(2025, 9, 8)
    day = {"at": [known], "until": [known], "site": [None], "team_id": [None]}
    tables = {
        events.EVENTS: pl.DataFrame({"event_id": [1], "label": ["Outage"], **day}),
        events.WAVES: pl.DataFrame(
            {"event_id": [1, 1], "wave": [known, date(2025, 11, 3)], "on_wave": [True] * 2}
            | {"touched_others": [False] * 2}
        ),
    }
    monkeypatch.setattr(Queries, "has", lambda *_: True)
    monkeypatch.setattr(Queries, "frame", lambda _, sql: tables[sql])
    with seen_by(READER):
        (told,) = events.happenings(corners.shared.queries)
    assert [wave.monday for wave in told.waves] == [known]
    with seen_by(LEAD):
        (told,) = events.happenings(corners.shared.queries)
    assert not told.waves, "whom it touched is counted over all sites"
    (told,) = events.happenings(corners.own.queries)
    assert len(told.waves) == 2
