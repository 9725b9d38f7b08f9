"""``judge``: a frame in a notebook gets the words of the pages, and a wrong call a sentence that helps."""

from __future__ import annotations

import math
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from analysis import Judged, PanelError, judge
from analysis.study.request import Request
from analysis.study.run import estimate_all, setting_of, study
from etl.configuration.kpis import load
from tests.analysis.worlds import catalogue, configuration, warehouse

FRAME = """
select agent_week.agent_key as agent, agent_week.week, agent.team_id as team, agent.site, agent.scheduled_week as start,
       agent.trained_week as done, agent.hired_on as hired, escalation_rate_num as escalated, escalation_rate_den as n,
       transfer_rate_num as transferred, transfer_rate_den as m, aht_seconds_num as handled, aht_seconds_den as k
from mart.agent_week join mart.agent using (agent_ix)
"""
CALL: dict[str, Any] = {
    "unit": "agent",
    "time": "week",
    "cohort": "start",
    "numerator": "escalated",
    "denominator": "n",
    "team": "team",
    "kpi": "escalation_rate",
    "assignment": {"mode": "team_waves", "unit": "team"},
}
SAME = 1e-9
"""Rows are added up in another order."""


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    return warehouse(7, teams=20, seats=4, weeks=36, effect_scale=4.0)


def page(con: duckdb.DuckDBPyConnection, kpi: str, config: Any) -> dict[str, pl.DataFrame]:
    """The result tables of everybody, as they are stored."""
    kpis = catalogue(("escalation_rate",))
    return study(con, Request(load()[kpi], thorough=True), setting_of(con, config, kpis)).frames()


@pytest.fixture(scope="module")
def frame(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    return con.sql(FRAME).pl()


@pytest.fixture(scope="module")
def judged(frame: pl.DataFrame) -> Judged:
    return judge(frame, **CALL, hired="hired", completed="done")


def test_the_verdict_and_the_checks_are_those_of_the_pages(
    con: duckdb.DuckDBPyConnection, judged: Judged, tmp_path: Path
) -> None:
    stored = page(con, "escalation_rate", configuration(tmp_path))
    effects = stored["effect"]
    row = effects.row(by_predicate=pl.col("role") == "headline", named=True)
    checks = stored["check"].filter(pl.col("check") != "case_mix")

    assert judged.headline is not None
    assert (judged.verdict.state, judged.verdict.sentence) == (row["verdict"], row["sentence"])
    for name in ("estimate", "std_error", "ci_low", "ci_high", "df", "n_agents", "n_clusters"):
        assert getattr(judged.headline, name) == pytest.approx(row[name], rel=SAME), name
    assert [(c.check, c.status, c.sentence) for c in judged.checks] == list(
        checks.select("check", "status", "sentence").iter_rows()
    )
    mine = judged.frames()
    assert set(mine["effect"]["role"]) == set(effects["role"])
    for name in ("event_time", "cohort_effect", "calendar_effect", "ladder"):
        theirs = stored[name]["estimate"].to_list()
        assert mine[name]["estimate"].to_list() == pytest.approx(theirs, rel=1e-6), name
    assert mine["cohort_effect"]["cohort"].to_list() == stored["cohort_effect"]["cohort"].to_list()


def test_goals_judged_together_are_allowed_for(frame: pl.DataFrame, judged: Judged) -> None:
    many = judge(frame, **CALL, hired="hired", completed="done", goals=1_000_000_000)

    assert judged.verdict.state == "clear"
    assert many.verdict.state == "cant_tell_yet"
    assert many.headline == judged.headline


def test_every_headline_of_the_pages_is_what_judge_says(tmp_path: Path) -> None:
    """Three goals, two of them clear by themselves and not beside the others: what is stored, word for word."""
    con = warehouse(4, teams=16, seats=3, weeks=24, pre_weeks=10, effect_scale=1.5)
    frame = con.sql(FRAME).pl()
    extra = '[kpis.aht_seconds]\nrole = "primary"\n[kpis.transfer_rate]\nrole = "primary"\n'
    config = configuration(tmp_path, extra=extra)
    kpis = catalogue(("escalation_rate", "aht_seconds", "transfer_rate"))
    stored = estimate_all(con, config, kpis, goals_only=True)["effect"].filter(
        (pl.col("role") == "headline") & (pl.col("slice_kind") == "overall")
    )
    columns = {
        "escalation_rate": ("escalated", "n"), "aht_seconds": ("handled", "k"), "transfer_rate": ("transferred", "m"),
    }  # fmt: skip
    entries = kpis.with_overrides(config)

    def said(kpi: str, goals: Any) -> Judged:
        numerator, denominator = columns[kpi]
        given = {**CALL, "kpi": entries[kpi], "numerator": numerator, "denominator": denominator, "goals": goals}
        return judge(frame, **given, hired="hired", completed="done")

    alone = {kpi: said(kpi, 1) for kpi in columns}
    assert [kpi for kpi, made in alone.items() if made.verdict.state == "clear"] == ["escalation_rate", "aht_seconds"]
    p_values = {kpi: made.study.p_value for kpi, made in alone.items()}
    assert set(stored["kpi"]) == set(columns)
    for row in stored.iter_rows(named=True):
        found = said(row["kpi"], [p for kpi, p in p_values.items() if kpi != row["kpi"]])
        assert (found.verdict.state, found.verdict.sentence) == (row["verdict"], row["sentence"])


def test_weeks_may_be_numbers_and_come_back_as_numbers(frame: pl.DataFrame, judged: Judged) -> None:
    origin = frame["week"].min()
    numbered = frame.with_columns((pl.col("week", "start", "hired", "done") - origin).dt.total_days() // 7 + 5)
    found = judge(numbered, **CALL, hired="hired", completed="done")

    assert found.verdict == judged.verdict
    cohorts = judged.frames()["cohort_effect"]["cohort"].to_list()
    assert found.frames()["cohort_effect"]["cohort"].to_list() == [(day - origin).days // 7 + 5 for day in cohorts]


def test_pandas_and_a_value_for_never_give_the_same(frame: pl.DataFrame, judged: Judged) -> None:
    far = date(2199, 1, 7)
    table = frame.with_columns(pl.col("start").fill_null(far)).to_pandas()

    assert judge(table, **CALL, hired="hired", completed="done", never=far).verdict == judged.verdict


def test_the_way_agents_were_chosen_decides(frame: pl.DataFrame) -> None:
    found = judge(frame, **(CALL | {"assignment": {"mode": "unknown", "unit": "team"}}))

    assert found.design.timing == "trained"
    assert found.design.limited


def test_lowest_performers_are_ranked_by_the_rule_of_another_kpi(tmp_path: Path) -> None:
    con = warehouse(3, teams=20, seats=8, weeks=36, assignment="lowest_performers", effect_scale=0.0)
    rule = {"kpi": "escalation_rate", "lookback_weeks": 4, "share": 0.5}
    call = CALL | {"kpi": "transfer_rate", "numerator": "transferred", "denominator": "m"}
    plan = {"mode": "lowest_performers", "unit": "agent", "rule": rule | {"numerator": "escalated", "denominator": "n"}}
    frame = con.sql(FRAME).pl()
    found = judge(frame, **(call | {"assignment": plan}), hired="hired")
    text = 'rule = { kpi = "escalation_rate", lookback_weeks = 4, share = 0.5 }'
    config = configuration(tmp_path, "lowest_performers", unit="agent", rule=text)
    stored = page(con, "transfer_rate", config)["effect"]
    row = stored.row(by_predicate=pl.col("role") == "headline", named=True)

    assert found.headline is not None
    assert found.headline.estimator == "stacked"
    assert found.headline.estimate == pytest.approx(row["estimate"], rel=1e-6)
    assert found.verdict.sentence == row["sentence"]
    with pytest.raises(PanelError, match=r"assignment: the rule ranks agents by 'escalation_rate'.* name its columns"):
        judge(frame, **(call | {"assignment": plan | {"rule": rule}}))


def test_outcomes_of_those_who_answered_are_bound_to_who_answers(frame: pl.DataFrame) -> None:
    """Training brings a third more answers; without the columns nobody knows."""
    asked = frame.with_columns(invited=10 * pl.col("n"), answered=pl.col("n") * 3).with_columns(
        answered=pl.when(pl.col("week") >= pl.col("start")).then(4 * pl.col("n")).otherwise(pl.col("answered"))
        + pl.col("escalated") % 2
    )
    call = CALL | {"kpi": "csat_top2"}
    known, unknown = judge(asked, **call, answered=("invited", "answered")), judge(asked, **call)
    said = {c.check: c.sentence for c in known.checks}

    assert known.headline is not None
    assert any("Training moved who answers" in note for note in known.headline.notes)
    assert "answer" in said["who_answers"]
    assert "is not known" in {c.check: c.sentence for c in unknown.checks}["who_answers"]


def test_a_frame_without_observations_has_no_headline(frame: pl.DataFrame) -> None:
    found = judge(frame.with_columns(n=pl.lit(0)), **CALL)

    assert found.verdict.state == "cant_tell_yet"
    assert found.headline is None
    assert found.event_time is None


def test_a_kpi_of_ones_own_is_judged_in_its_own_words(frame: pl.DataFrame) -> None:
    own = load()["escalation_rate"].model_copy(update={"id": "own", "label": "Raised voices", "role": "secondary"})

    assert "raised voices" in judge(frame, **(CALL | {"kpi": own})).verdict.sentence.lower()


RULE: dict[str, Any] = {
    "mode": "lowest_performers",
    "rule": {"kpi": "transfer_rate", "lookback_weeks": 4, "share": 0.5},
}
WRONG: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "no such column": ({}, {"team": "squad"}, "team='squad': the frame has no such column; it has"),
    "no such numerator": ({}, {"numerator": "bad"}, "numerator='bad': the frame has no such column"),
    "no such rule column": (
        {},
        {"assignment": RULE | {"rule": RULE["rule"] | {"numerator": "low", "denominator": "n"}}},
        "numerator of transfer_rate='low': the frame has no such column",
    ),
    "nothing said of the assignment": ({}, {"assignment": {}}, "assignment={} has no mode.*'team_waves'.*unknown"),
    "no such KPI": ({}, {"kpi": "escalations"}, "kpi='escalations': .*Or give a Kpi of your own"),
    "a KPI of leaving": ({}, {"kpi": "agent_attrition"}, "kpi='agent_attrition' counts people leaving"),
    "no KPI at all": ({}, {"kpi": 7}, "kpi=7: give an id"),
    "an unknown mode": ({}, {"assignment": {"mode": "chosen"}}, "assignment mode: .*randomised"),
    "a rule that is missing": (
        {},
        {"assignment": {"mode": "lowest_performers"}},
        'assignment: mode "lowest_performers" needs rule',
    ),
    "an unknown key": ({}, {"assignment": {"mode": "unknown", "level": "team"}}, "assignment level:"),
    "no dictionary": ({}, {"assignment": "team_waves"}, "assignment='team_waves': give a dictionary"),
    "sites without a column": ({}, {"assignment": {"mode": "team_waves", "unit": "site"}}, "site=None, but assignment"),
    "goals": ({}, {"goals": 0}, "goals=0 counts"),
    "level": ({}, {"ci_level": 95}, "ci_level=95 must lie between"),
    "answers of everybody": ({}, {"answered": ("n", "m")}, "answered=.*escalation_rate is counted for everybody"),
    "answers as one name": ({}, {"answered": "n"}, "answered='n': give two columns"),
    "no team": ({"team": pl.lit(None)}, {}, "team='team' is missing in .* rows; leave those rows out"),
    "a team that changes": (
        {"team": pl.concat_str("team", pl.col("week").dt.to_string())},
        {},
        "team='team' changes within .* agents, e.g. .*; give the team at assignment",
    ),
    "training that changes": ({"start": pl.col("week")}, {}, "cohort='start' changes within .*first training"),
    "days": (
        {"week": pl.col("week") + pl.duration(days=pl.col("n").cast(pl.Int64) % 2)},
        {},
        "time='week' holds days that are not whole weeks apart; add up to weeks first",
    ),
    "text": ({"week": pl.col("week").dt.to_string()}, {}, "time='week' holds String; give dates"),
    "two scales": ({"start": pl.lit(7)}, {}, "time holds dates and cohort='start' holds numbers"),
    "infinity": ({"escalated": pl.lit(math.inf)}, {}, "numerator='escalated' is infinite in .* rows"),
    "a negative count": ({"n": -pl.col("n")}, {}, "denominator='n' is negative in .* rows"),
    "numerators as text": ({"escalated": pl.lit("a")}, {}, "numerator='escalated' holds String; it must be numbers"),
    "a list for a name": ({}, {"time": ["week"]}, r"time=\['week'\]: give the name of a column"),
    "no name of a team": ({}, {"team": None}, "team=None: give the name of a column"),
    "a level as text": ({}, {"ci_level": "95%"}, "ci_level='95%' must lie between"),
    "goals as an answer": ({}, {"goals": True}, "goals=True counts"),
    "answers as a number": ({}, {"answered": 5}, "answered=5: give two columns"),
    "an unknown locale": ({}, {"locale": "klingon"}, "locale='klingon': give a name such as"),
    "no locale": ({}, {"locale": None}, "locale=None: give a name such as"),
    "a currency in words": ({}, {"currency": "euros"}, "currency='euros': give three capital letters"),
    "keys that are no text": ({}, {"assignment": {"mode": "unknown", 1: 2}}, "assignment (mode|1):"),
    "more than all": ({"escalated": pl.col("n") + 1}, {}, "numerator='escalated' is above denominator='n'.*percentage"),
    "lists as teams": ({"team": pl.concat_list("team")}, {}, r"team='team' holds List\(String\); give one value"),
    "years with weeks": (
        {"week": 202440 + pl.col("n").cast(pl.Int64) % 7},
        {},
        "time='week' holds years with weeks, such as 20244.*Monday",
    ),
    "seconds for weeks": ({"week": pl.col("week").cast(pl.Int64) * 86_400}, {}, "time='week' runs from .*at most"),
    "never of another kind": ({}, {"never": "never"}, "never='never' cannot be compared with cohort='start'"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_call_names_the_argument_and_the_remedy(frame: pl.DataFrame, case: str) -> None:
    columns, arguments, message = WRONG[case]
    with pytest.raises(PanelError, match=message):
        judge(frame.with_columns(**columns), **(CALL | arguments))


def test_rows_of_one_agent_and_week_are_added_up(frame: pl.DataFrame, judged: Judged) -> None:
    keys = ["agent", "week", "team", "site", "start", "done", "hired"]
    whole = frame.group_by(keys, maintain_order=True).agg(pl.col("escalated", "n").sum())

    assert whole.height < frame.height
    assert judge(whole, **CALL, hired="hired", completed="done").verdict == judged.verdict


def test_a_week_is_the_one_that_holds_the_day_of_training(frame: pl.DataFrame, judged: Judged) -> None:
    late = frame.with_columns(pl.col("start") + timedelta(days=3))

    assert judge(late, **CALL, hired="hired", completed="done").verdict == judged.verdict


def test_an_effect_without_any_error_is_not_taken_for_one_computed_wrongly() -> None:
    """Every agent of a wave changes by the same: what two programs differ by is rounding, as is the error."""
    starts = {team: 10 + 4 * (team % 3) for team in range(12)}
    rows = [
        {"agent": f"{team}-{seat}", "week": week, "team": team, "start": starts.get(team), "n": 20}
        | {"escalated": 14 + (7 * team + 3 * seat + 5 * week) % 5 - 2 * (week >= starts.get(team, 99))}
        for team in range(20)
        for seat in range(4)
        for week in range(30)
    ]
    found = judge(pl.DataFrame(rows), **CALL)
    refit = next(c for c in found.checks if c.check == "recomputed")

    assert refit.status == "passed"
    assert found.verdict.state == "clear"
