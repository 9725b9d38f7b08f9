"""From a warehouse to every result table, and live slices with the same columns."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pytest
from scipy import stats

from analysis import Slice, estimate
from analysis.checks.result import ALARM_LEVEL, BLOCKING_LEVEL
from analysis.checks.selection_dip import check_rule
from analysis.comparison.fair_panel import fair_panel
from analysis.comparison.selection import likeliest_rule, rule_fit
from analysis.design import Situation, choose
from analysis.estimators.stacked import SelectionRule
from analysis.panel.agent_weeks import WarehouseWeeks
from analysis.panel.facts import baseline, control_clusters, volumes, weeks_around
from analysis.panel.roster import Roster
from analysis.planning.waiting_time import weeks_to_decide
from analysis.study.family import bonferroni_excludes_zero, holm_excludes_zero
from analysis.study.kpi_study import KpiStudy
from analysis.study.request import Request
from analysis.study.result_tables import SCHEMAS, table
from analysis.study.run import OVERALL_CHECKS, estimate_all, setting_of, study
from analysis.words.numbers import Reader
from analysis.words.verdict import BLOCKING_CHECKS, STATES
from benchmarks.claim_worlds import drawn_inside_teams
from etl.configuration.programme import Assignment
from tests.analysis.worlds import catalogue, configuration, flat_world, panel_of, warehouse

VALUE = """
[value]
programme_cost = { low = 20000, likely = 30000, high = 40000 }
[value.kpis.escalation_rate]
low = 8
likely = 11
high = 15
"""
TEAMS, EFFECT = 32, 2.0


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    return warehouse(7, teams=TEAMS, hazard_ratio=0.5, effect_scale=EFFECT)


OF_RECORDS = {"mechanism", "course_skill", "course_event", "rater", "heard", "rule", "refresher"}
"""Result tables made from evaluations, transcripts and refreshers, of which this world has none; test_chain.py has."""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return configuration(tmp_path_factory.mktemp("config"), extra=VALUE)


@pytest.fixture(scope="module")
def results(con: duckdb.DuckDBPyConnection, config: Any) -> dict[str, pl.DataFrame]:
    return estimate_all(con, config, catalogue())


def asked(con: duckdb.DuckDBPyConnection, kpi: str, slice_: Slice, config: Any, kpis: Any) -> KpiStudy:
    """What a page gets for a selection that is not stored."""
    return study(con, Request(kpis[kpi], slice_), setting_of(con, config, kpis))


def test_every_result_table_is_there_with_its_columns(results: dict[str, pl.DataFrame]) -> None:
    assert set(results) == set(SCHEMAS)
    for name, schema in SCHEMAS.items():
        assert results[name].columns == list(schema), name
        assert results[name].is_empty() == (name in OF_RECORDS), name


def test_every_kpi_has_a_headline_and_a_verdict_for_every_slice_it_can_be_cut_by(
    results: dict[str, pl.DataFrame],
) -> None:
    heads = results["effect"].filter(pl.col("role") == "headline")
    found = {row[:3] for row in heads.select("kpi", "slice_kind", "slice_value").iter_rows()}

    assert heads.height == len(found)
    for kpi in catalogue().values():
        kinds = {"overall", "cohort", *(set(kpi.dimensions) & {"site", "channel", "tenure_band"})}
        assert {kind for name, kind, _ in found if name == kpi.id} == kinds
    assert set(heads["verdict"]) <= set(STATES)
    assert heads["sentence"].null_count() == 0


@pytest.mark.parametrize("name", ["event_time", "cohort_effect", "ladder", "check"])
def test_every_slice_has_its_event_times_cohorts_ladder_and_checks(results: dict[str, pl.DataFrame], name: str) -> None:
    """For every KPI that is compared before and after; leaving has no week before."""
    where = ["kpi", "slice_kind", "slice_value"]
    heads = results["effect"].filter(
        (pl.col("role") == "headline") & (pl.col("estimator") != "hazard") & pl.col("estimate").is_not_null()
    )
    found = set(results[name].select(where).iter_rows())

    assert found == set(heads.select(where).iter_rows())
    assert set(results[name]["slice_kind"]) == {"overall", "site", "channel", "tenure_band", "cohort"}
    if name == "ladder":
        assert set(results[name].group_by(where).len()["len"]) == {5}
        top = results[name].filter(pl.col("estimator") == "imputation").join(heads, on=where)
        assert (top["estimate"] == top["estimate_right"]).all(), "the last rung is the headline"


def test_cohorts_are_the_weeks_from_which_the_design_counts(tmp_path: Path) -> None:
    """Nobody recorded how agents were chosen, and courses end a week after they were planned."""
    con = warehouse(5, teams=16, seats=4)
    for relation in ("agent", "agent_week"):
        con.execute(f"update mart.{relation} set trained_week = scheduled_week + 7")
    kpis = catalogue(("escalation_rate",))
    effects = estimate_all(con, configuration(tmp_path, mode="unknown"), kpis)["effect"]
    rows = effects.filter((pl.col("slice_kind") == "cohort") & (pl.col("role") == "headline"))
    weeks = con.execute(
        "select distinct trained_week::varchar from mart.agent where trained_week is not null order by 1"
    )

    assert rows["slice_value"].to_list() == [week for (week,) in weeks.fetchall()]
    assert rows["estimate"].null_count() == 0


def test_numbers_agree_with_the_estimators_called_by_hand(
    con: duckdb.DuckDBPyConnection, config: Any, results: dict[str, pl.DataFrame]
) -> None:
    setting = setting_of(con, config, catalogue())
    panel = fair_panel(WarehouseWeeks(con), "escalation_rate", Slice(), setting)
    by_hand = {name: estimate(panel, name).aggregate("simple").overall for name in ("imputation", "group_time")}
    rows = results["effect"].filter((pl.col("kpi") == "escalation_rate") & (pl.col("slice_kind") == "overall"))
    for role, name in (("headline", "imputation"), ("second_opinion", "group_time")):
        row = rows.filter(pl.col("role") == role).row(0, named=True)
        for column in ("estimate", "std_error", "ci_low", "ci_high", "df"):
            assert row[column] == pytest.approx(getattr(by_hand[name], column), rel=1e-12)


def test_the_true_effect_is_inside_and_the_verdict_is_clear(results: dict[str, pl.DataFrame]) -> None:
    truth = flat_world(7, teams=TEAMS, effect_scale=EFFECT).att()
    row = (
        results["effect"]
        .filter(
            (pl.col("kpi") == "escalation_rate") & (pl.col("slice_kind") == "overall") & (pl.col("role") == "headline")
        )
        .row(0, named=True)
    )

    assert row["ci_low"] < truth < row["ci_high"]
    assert row["verdict"] == "clear"
    assert "fell by an estimated" in row["sentence"]
    assert results["headline"]["sentence"][0].startswith("Empathy training appears to work on")


def test_the_weeks_until_it_could_be_told_follow_from_their_row(results: dict[str, pl.DataFrame]) -> None:
    """So that whoever has another estimate, such as a rounded one, can work them out again."""
    waiting = results["effect"].filter(pl.col("weeks_to_know").is_not_null())
    assert waiting.height >= 3
    assert waiting["n_tested"].n_unique() > 1
    for row in waiting.iter_rows(named=True):
        of = {name: row[name] for name in ("ci_level", "n_tested", "post_weeks", "pre_weeks")}
        weeks = weeks_to_decide(row["estimate"], row["std_error"], row["smallest_effect"], row["df"], **of)
        assert weeks == pytest.approx(row["weeks_to_know"])


def test_a_guardrail_that_nothing_happened_to_is_not_clear(results: dict[str, pl.DataFrame]) -> None:
    row = (
        results["effect"]
        .filter(
            (pl.col("kpi") == "transfer_rate") & (pl.col("slice_kind") == "overall") & (pl.col("role") == "headline")
        )
        .row(0, named=True)
    )

    assert row["verdict"] != "clear"


def test_a_live_slice_gives_the_columns_and_the_numbers_of_the_stored_one(
    con: duckdb.DuckDBPyConnection, config: Any, results: dict[str, pl.DataFrame]
) -> None:
    live = asked(con, "escalation_rate", Slice(site=("Madrid",)), config, catalogue()).frames()
    key = (pl.col("kpi") == "escalation_rate") & (pl.col("slice_kind") == "site") & (pl.col("slice_value") == "Madrid")

    for name, frame in live.items():
        assert frame.columns == list(SCHEMAS[name]), name
    stored = results["effect"].filter(key & (pl.col("role") == "headline")).row(0, named=True)
    now = live["effect"].filter(pl.col("role") == "headline").row(0, named=True)
    for column in ("estimate", "std_error", "ci_low", "ci_high", "n_agents", "slice_kind", "slice_value"):
        assert now[column] == pytest.approx(stored[column], rel=1e-12) if isinstance(now[column], float) else True
    assert live["event_time"].height == results["event_time"].filter(key).height
    assert live["cohort_effect"].height > 0


def test_several_filters_at_once_are_estimated(con: duckdb.DuckDBPyConnection, config: Any) -> None:
    slice_ = Slice(site=("Madrid",), channel=("VOICE",), start=date(2024, 2, 5))
    made = asked(con, "aht_seconds", slice_, config, catalogue())

    assert made.request.where["slice_kind"] == "custom"
    assert made.headline is not None
    assert made.headline.available


def test_an_empty_slice_is_answered_and_not_an_error(con: duckdb.DuckDBPyConnection, config: Any) -> None:
    made = asked(con, "escalation_rate", Slice(site=("Nowhere",)), config, catalogue())
    row = made.frames()["effect"].row(0, named=True)

    assert made.verdict.state == "cant_tell_yet"
    assert row["estimate"] is None
    assert row["sentence"] == "We can't tell yet for escalations. This selection holds nothing it can be counted from."
    assert not row["believed"]


def test_a_kpi_that_no_export_holds_is_no_broken_comparison(config: Any) -> None:
    con = warehouse(11)
    con.execute("update mart.agent_week set transfer_rate_num = null, transfer_rate_den = null")
    effects = estimate_all(con, config, catalogue())["effect"].filter(kpi="transfer_rate", role="headline")
    whole = effects.row(by_predicate=pl.col("slice_kind") == "overall", named=True)

    assert whole["verdict"] == "cant_tell_yet"
    assert whole["sentence"] == (
        "We can't tell yet for transfers. The exports that were loaded hold nothing it can be counted from."
    )


def test_where_nobody_is_new_leaving_early_has_no_number(config: Any) -> None:
    con = warehouse(11)
    con.execute("update mart.agent_spell set entry_day = entry_day + 400, exit_day = exit_day + 400")
    frames = estimate_all(con, config, catalogue(("escalation_rate", "early_attrition")))
    early = frames["effect"].filter(kpi="early_attrition", role="headline", slice_kind="overall").row(0, named=True)

    assert early["estimate"] is None
    assert early["sentence"].endswith("Nobody was seen in their first 90 days of employment.")


def test_a_cohort_is_compared_with_everybody_not_trained_yet(con: duckdb.DuckDBPyConnection, config: Any) -> None:
    setting = setting_of(con, config, catalogue())
    first = con.execute("select min(scheduled_week) from mart.agent").fetchall()[0][0]
    panel = fair_panel(WarehouseWeeks(con), "escalation_rate", Slice(cohort=(str(first),)), setting)
    others = con.execute(
        "select count(*) from mart.agent where scheduled_week is not null and scheduled_week <> ?", [first]
    ).fetchall()[0][0]

    assert panel.cohorts.size == 1
    assert panel.n_units == con.execute("select count(*) from mart.agent").fetchall()[0][0]
    assert int((~panel.trained_units).sum()) >= others
    assert not panel.observed[~panel.trained_units][:, -1].all(), "others must leave when they are trained themselves"


def test_the_blocking_checks_of_a_kpi_share_one_alarm_level(results: dict[str, pl.DataFrame]) -> None:
    """Each at 1% would block about one KPI of a sound dashboard by chance: together they get 1%, so each one's t value
    is beyond that of 1% shared by five (3.09 for the normal, more for few teams)."""
    rows = results["check"].filter(
        (pl.col("slice_kind") == "overall") & pl.col("check").is_in(BLOCKING_CHECKS) & pl.col("threshold").is_not_nan()
    )

    assert pytest.approx(ALARM_LEVEL) == BLOCKING_LEVEL * len(BLOCKING_CHECKS)
    assert set(rows["check"]) >= {"pre_trends", "placebo_in_time", "selection_dip", "composition"}
    assert rows["threshold"].min() >= stats.norm.ppf(1 - ALARM_LEVEL / len(BLOCKING_CHECKS) / 2)


def test_before_anybody_is_trained_the_answer_is_not_yet(tmp_path: Path) -> None:
    """Waves planned for after the data end: nothing is broken, there is only nothing to see yet."""
    con = warehouse(3, teams=12, seats=4)
    for relation in ("agent", "agent_week"):
        con.execute(
            f"update mart.{relation} set trained_week = null, "
            "scheduled_week = case when scheduled_week is not null then date '2026-06-01' end"
        )
    made = asked(con, "escalation_rate", Slice(), configuration(tmp_path), catalogue(("escalation_rate",)))

    assert made.verdict.state == "cant_tell_yet"
    assert "Nobody is seen after training yet" in made.verdict.sentence
    assert made.frames()["effect"].filter(pl.col("role") == "headline")["believed"].to_list() == [False]


def test_leavers_are_studied_as_a_hazard(results: dict[str, pl.DataFrame]) -> None:
    row = (
        results["effect"]
        .filter(
            (pl.col("kpi") == "agent_attrition") & (pl.col("slice_kind") == "overall") & (pl.col("role") == "headline")
        )
        .row(0, named=True)
    )

    assert row["estimator"] == "hazard"
    assert row["estimate"] < 0
    assert results["hazard"].filter(pl.col("leave_type") == "any")["hazard_ratio"][0] < 1
    assert set(results["survival"]["arm"]) == {"trained", "untrained"}


def test_money_is_effect_times_volume_times_unit_value(results: dict[str, pl.DataFrame]) -> None:
    row = (
        results["value"]
        .filter((pl.col("kpi") == "escalation_rate") & (pl.col("scenario") == "likely"))
        .row(0, named=True)
    )

    assert row["amount"] == pytest.approx(row["effect"] * row["volume"] * -11)
    assert set(results["value"]["kpi"]) == {"escalation_rate", "total", "cost", "net"}


def test_progress_is_told(con: duckdb.DuckDBPyConnection, config: Any) -> None:
    told: list[tuple[str, float]] = []
    estimate_all(con, config, catalogue(("transfer_rate",)), lambda line, share: told.append((line, share)))

    assert told[-1] == ("Estimates done", 1.0)
    assert [share for _, share in told] == sorted(share for _, share in told)


def test_a_failed_check_of_the_whole_holds_for_its_slices(con: duckdb.DuckDBPyConnection, config: Any) -> None:
    other = con.cursor()
    other.execute(
        'create or replace table result."check" as select * from (values '
        "('escalation_rate', 'overall', '', 'case_mix', 'Mix', 'failed', 4.0, 2.8, 'Routing moved it.')) "
        't(kpi, slice_kind, slice_value, "check", label, status, statistic, threshold, sentence)'
    )
    try:
        made = asked(con, "escalation_rate", Slice(site=("Madrid",)), config, catalogue())
    finally:
        other.execute('drop table result."check"')

    assert "case_mix" in OVERALL_CHECKS
    assert made.verdict.state == "dont_use"
    assert made.verdict.reason == "Routing moved it."


def test_lowest_performers_are_compared_with_the_same_rule(tmp_path: Path) -> None:
    con = warehouse(3, teams=40, seats=12, assignment="lowest_performers", effect_scale=0.0)
    rule = 'rule = { kpi = "escalation_rate", lookback_weeks = 4, share = 0.5 }'
    ids = ("escalation_rate", "transfer_rate")
    ruled = configuration(tmp_path, "lowest_performers", rule=rule)
    frames = estimate_all(con, ruled, catalogue(ids))
    row = (
        frames["effect"]
        .filter(
            (pl.col("kpi") == "escalation_rate") & (pl.col("slice_kind") == "overall") & (pl.col("role") == "headline")
        )
        .row(0, named=True)
    )

    assert row["estimator"] == "stacked"
    assert row["ci_low"] < 0 < row["ci_high"]
    checks = frames["check"].filter((pl.col("kpi") == "escalation_rate") & (pl.col("slice_kind") == "overall"))
    dip = checks.filter(pl.col("check") == "selection_dip").row(0, named=True)
    assert dip["status"] == "informational"
    assert dip["statistic"] > 0.95
    everywhere = frames["check"].filter(pl.col("check") == "selection_dip")
    assert set(everywhere["slice_kind"]) >= {"overall", "tenure_band", "channel", "site"}
    assert everywhere["statistic"].min() > 0.95, "who was picked does not depend on the slice or KPI looked at"

    wrong = asked(con, "escalation_rate", Slice(), configuration(tmp_path, "team_waves"), catalogue(ids))
    assert wrong.verdict.state == "dont_use"
    assert "low point" in wrong.verdict.reason


def test_a_rule_that_was_not_the_rule_is_noticed() -> None:
    panel = panel_of(flat_world(3, teams=40, assignment="lowest_performers"))

    right, wrong_end = (rule_fit(panel, SelectionRule(0.5, 4, end)) for end in ("high", "low"))
    assert min(right.recall, right.precision) > 0.95
    assert max(wrong_end.recall, wrong_end.precision) < 0.25


def test_a_rule_that_picks_too_many_is_noticed_and_the_right_one_suggested() -> None:
    """The worst quarter was trained, and the worst half recorded: it explains all of the trained, and others too."""
    panel = panel_of(flat_world(3, teams=40, assignment="lowest_performers", chosen_share=0.25))
    recorded = SelectionRule(0.5, 4, "high")
    fit, better = rule_fit(panel, recorded), likeliest_rule(panel, recorded)

    assert fit.recall > 0.95
    assert fit.precision < 0.6
    assert min(better.recall, better.precision) > 0.9
    assert (round(better.share, 2), better.lookback) == (0.25, 4)
    said = check_rule(fit, better, Reader("en_GB", "EUR"))
    assert said.status == "failed"
    assert "The data look more like the worst 25% over 4 weeks." in said.sentence
    assert check_rule(better, better, Reader("en_GB", "EUR")).status == "informational"


def test_whole_teams_recorded_as_agents_are_clustered_by_team(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    setting = setting_of(con, configuration(tmp_path, unit="agent"), catalogue())

    assert setting.design.cluster == "team"
    assert "the agents of a team share their week" in dict(setting.design.notes)["cluster"]
    alone = warehouse(11, teams=24, assignment="randomised")
    assert not Roster.read(alone).situation().whole_teams


def test_agents_drawn_inside_every_team_are_compared_with_their_team_mates(tmp_path: Path) -> None:
    """Four of five agents of every team in one week: no team is left, and the lot answers all the same."""
    panel, truth = drawn_inside_teams(5)
    situation = Situation(True, 80, 80, 1.0, False, clean_teams=0)
    design = choose(Assignment(mode="randomised", unit="agent"), situation)
    assert design.within_teams
    assert not design.unexposed_controls
    assert design.cluster == "team"
    assert "team-mates who were not drawn" in dict(design.notes)["spillover"]

    covered = 0
    for seed in range(20):
        panel, truth = drawn_inside_teams(seed)
        found = estimate(panel).aggregate("simple").overall
        covered += found.ci_low <= truth <= found.ci_high
    assert covered >= 16


def test_the_roster_knows_the_plan(con: duckdb.DuckDBPyConnection) -> None:
    roster = Roster.read(con)
    situation = roster.situation()

    assert situation.has_schedule
    assert situation.exposed_share == pytest.approx(0.0)
    assert not situation.everybody_trained
    assert np.array_equal(np.unique(roster.team_start()[roster.team_id == "team-000"]).size, 1)


def test_holm_agrees_with_statsmodels_and_bonferroni_is_never_more_lenient() -> None:
    from statsmodels.stats.multitest import multipletests

    rng = np.random.default_rng(1)
    for _ in range(8):
        p = dict(zip("abcdef", rng.beta(0.5, 8, 6).tolist(), strict=True))
        theirs = multipletests(list(p.values()), alpha=0.05, method="holm")[0].tolist()
        ours = holm_excludes_zero(p, 0.95)
        assert [ours[name] for name in p] == theirs
        assert all(ours[n] or not bonferroni_excludes_zero(p[n], 6, 0.95) for n in p)
    assert holm_excludes_zero({"a": math.nan}, 0.95) == {}


def test_what_a_panel_says_about_itself() -> None:
    world = flat_world(5)
    panel = panel_of(world)
    frame = world.frame
    trained = frame.filter(pl.col("week") >= pl.col("scheduled_week"))
    before = frame.filter(
        (pl.col("week") < pl.col("scheduled_week")) & (pl.col("week") >= pl.col("scheduled_week") - 12)
    )
    post, pre = weeks_around(panel, 0)
    agents = frame.filter(pl.col("scheduled_week").is_not_null())["agent"].n_unique()

    assert post == pytest.approx(trained.height / agents)
    assert pre > 0
    assert baseline(panel, 0) == pytest.approx(float((before["y"] * before["n"]).sum() / before["n"].sum()))
    assert volumes(panel).per_week == pytest.approx(trained.filter(pl.col("week") >= 36)["n"].sum() / 8)
    assert control_clusters(panel, 0) is not None


def test_slices_are_named() -> None:
    assert Slice().label == ("overall", "")
    assert Slice(site=("Madrid",)).label == ("site", "Madrid")
    assert Slice(site=("Madrid", "Manila")).label[0] == "custom"
    assert Slice(start=date(2024, 1, 1)).label[0] == "custom"


def test_a_column_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="colour"):
        table("headline", [{"sentence": "x", "colour": "red"}])


_FINGERPRINT = """
import hashlib, pathlib, tempfile
from analysis.study.run import estimate_all
from tests.analysis.worlds import catalogue, configuration, warehouse
con = warehouse(7, teams=12, seats=4, hazard_ratio=0.6)
config = configuration(pathlib.Path(tempfile.mkdtemp()))
frames = estimate_all(con, config, catalogue(("escalation_rate", "agent_attrition")))
digest = hashlib.sha256()
for name in sorted(frames):
    digest.update(frames[name].write_csv(float_precision=12).encode())
print(digest.hexdigest())
"""


def test_results_do_not_depend_on_the_order_of_sets() -> None:
    found = set()
    for seed in ("0", "5"):
        made = subprocess.run(
            [sys.executable, "-c", _FINGERPRINT],
            cwd=Path(__file__).resolve().parents[3],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(made.stdout.strip())

    assert len(found) == 1
