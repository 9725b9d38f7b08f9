"""Checks of an estimate are told to readers in words without a number, and what compares few agents not at all."""

from __future__ import annotations

import importlib
import inspect
import re
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from analysis.checks import balance
from analysis.study.diagnostics import DIAGNOSTICS
from analysis.words.checks import STATUS_ONLY, UNMADE, WITHOUT_NUMBERS, without_numbers
from analysis.words.numbers import Reader
from analysis.words.survivors import Measured, remark
from dashboard.data import skills
from dashboard.data.compared import before_training, comparison_of
from dashboard.data.queries import Queries
from dashboard.pages.effects import PAGE
from dashboard.privacy.checks import NUMBERS, checks_as_told, reasons_as_told
from dashboard.privacy.viewer import READER, seen_by
from dashboard.state import Filters
from etl.configuration.kpis import load
from tests.dashboard.conftest import BROKEN, COHORTS, FIRST_WEEK
from tests.dashboard.privacy.conftest import Corners
from tests.dashboard.privacy.test_twin_worlds import told, twin

LISBON = Filters(site=("Lisbon",))
FIRST = COHORTS[0] or FIRST_WEEK
LATE = FIRST + timedelta(weeks=12)
KPI = "escalation_rate"
TWO_TEAMS = "(select distinct agent_ix from mart.agent_week where team_id in ('Lisbon-7', 'Lisbon-8'))"
NOT_STORED = tuple(f"delete from result.{name}" for name in ("effect", "event_time", "check"))
DIGIT = re.compile(r"\d")


def test_sentences_that_are_told_are_declared_and_hold_no_number() -> None:
    statuses = {"passed", "failed", "informational"}
    assert set(WITHOUT_NUMBERS) <= {each.check for each in DIAGNOSTICS}
    assert set(STATUS_ONLY) == statuses
    for name, said in WITHOUT_NUMBERS.items():
        module = importlib.import_module(f"analysis.checks.{name}")
        code = re.sub(r'"\s+f?"', "", inspect.getsource(module))
        for status, holds, words in said:
            assert status in statuses
            assert holds in code, f"no sentence of {name} holds {holds!r}"
            assert not DIGIT.search(words)
            assert words.endswith(".")


def test_a_check_that_nobody_named_is_told_by_its_status_alone() -> None:
    rows = pl.DataFrame(
        {
            "check": ["of_mine"] * 3,
            "status": ["passed", "failed", "informational"],
            "statistic": [1.2, 3.4, None],
            "threshold": [2.0, 2.0, None],
            "sentence": ["By 1.2 points.", "By 3.4 points.", "Nobody of two was seen."],
        }
    )
    made = checks_as_told(rows)
    assert made["sentence"].to_list() == list(STATUS_ONLY.values())
    assert all(made[name].is_null().all() for name in NUMBERS)


def test_why_a_check_measures_nothing_is_told_unless_it_counts() -> None:
    def said(sentence: str) -> str:
        return without_numbers("balance", "informational", sentence, measured=False)

    assert said("No weeks before the first training to compare.") == "No weeks before the first training to compare."
    assert not DIGIT.search(said("Only 3 agents were seen."))
    assert said(f"{UNMADE} (agent 7 has no weeks).") == f"{UNMADE}."


def test_a_verdict_quotes_a_check_as_it_is_told() -> None:
    exact = "Trained and untrained agents were already drifting apart before training: by 4.2 points in 12 weeks."
    check = {"check": "pre_trends", "status": "failed", "statistic": 4.4, "threshold": 3.1, "sentence": exact}
    effect = {"sentence": f"Don't use this one: t{exact[1:]}", "reason": exact}
    made = reasons_as_told(pl.DataFrame([effect]), pl.DataFrame([check, {**check, "sentence": ""}])).row(0, named=True)
    words = checks_as_told(pl.DataFrame([check]))["sentence"].item()
    assert made == {"sentence": f"Don't use this one: t{words[1:]}", "reason": words}


def test_no_reader_is_told_a_number_of_a_check(corners: Corners, tmp_path: Path) -> None:
    """In studies that are estimated here and in files; whoever opens the file sees all."""
    queries, seen = twin(corners, tmp_path, NOT_STORED).queries, set[str]()
    made = PAGE.downloads["checks"].make
    for filters in (Filters(), LISBON, Filters(channel=("chat",)), Filters(cohort=(f"{FIRST}",))):
        for kpi in (KPI, "csat_top2", "aht_seconds"):
            with seen_by(READER), queries.pinned():
                frames = [queries.study(kpi, filters)["check"], queries.judged(kpi, filters)["check"]]
                context = type(corners.shared)(corners.shared.settings, queries)
                frames.append(made(context, filters, {"kpi": kpi}))
            for rows in frames:
                seen |= set(rows["check"])
                assert not [text for text in rows["sentence"] if DIGIT.search(text)]
                assert all(rows[name].is_null().all() for name in NUMBERS)
            assert frames[0]["sentence"].to_list() == frames[2]["sentence"].to_list()
    assert seen >= {"pre_trends", "placebo_in_time", "selection_dip", "balance", "estimator_gap", "who_answers"}
    with queries.pinned():
        exact = queries.study(KPI, Filters())["check"]
    assert exact["statistic"].drop_nulls().len() >= 3
    assert any(DIGIT.search(text) for text in exact["sentence"])


def test_worlds_that_differ_in_numbers_of_checks_are_told_alike(corners: Corners, tmp_path: Path) -> None:
    """Statistics and sentences, and verdicts that quote them."""
    changes = [
        "update result.check set statistic = 1.37 * statistic, threshold = 1.37 * threshold, "
        "sentence = 'They were apart by 4.21 points.'",
        "update result.effect set reason = 'They were apart by 4.21 points.', "
        "sentence = 'Don''t use this one: they were apart by 4.21 points.' "
        f"where kpi = '{BROKEN}' and role = 'headline'",
    ]
    other = twin(corners, tmp_path, changes)
    before, now = (told(context, READER) for context in (corners.shared, other))
    assert [name for name in before if before[name] != now[name]] == []
    with seen_by(READER), other.queries.pinned():
        head = other.queries.headline(BROKEN, Filters())
        assert other.queries.publishes(BROKEN, Filters())
    assert head is not None
    assert "apart" in head["reason"]
    assert "4.21" not in head["sentence"] + head["reason"]


def test_a_verdict_gives_no_bounds_for_leaving() -> None:
    """Bounds leave out those with the largest effects; their own table says whether these are few."""
    left = Measured(0.8, moved=True, excess=0.2, weighted=0.03, low=0.0125, high=0.0475, matters=True,
                    could_be_nothing=True)  # fmt: skip
    text = f"It rose by 4.5 points. {remark(left, load()[KPI], Reader())}"
    made = reasons_as_told(pl.DataFrame({"sentence": [text, None], "reason": ["", None]}), pl.DataFrame())
    said = "It rose by 4.5 points. Trained agents stayed longer, so this is measured on different people."
    assert made.rows() == [(said, ""), (None, None)]
    assert text != said


# -- the trained and the never trained ---------------------------------------------------------------------------------


def few_never_trained(corners: Corners, folder: Path, n: int) -> Queries:
    """Of Lisbon everybody is trained in the end, two teams late, but for some who left before that."""
    gone = f"(select distinct agent_ix from mart.agent_week where team_id = 'Lisbon-8' order by 1 limit {n})"
    waves = (
        (f"date '{FIRST}'", "(select distinct agent_ix from mart.agent_week where site = 'Lisbon')"),
        (f"date '{LATE}'", TWO_TEAMS),
        ("null", gone),
    )
    changes = [
        f"update {table} set trained_week = {week}, scheduled_week = {week} where agent_ix in {agents}"
        for table in ("mart.agent_week", "mart.agent")
        for week, agents in waves
    ]
    changes.append(f"delete from mart.agent_week where agent_ix in {gone} and week >= date '{LATE}'")
    return twin(corners, folder, [*changes, *NOT_STORED]).queries


@pytest.mark.parametrize(("n", "shown"), [(1, False), (12, True)])
def test_a_check_that_compares_with_few_is_not_told(corners: Corners, tmp_path: Path, n: int, shown: bool) -> None:
    """The estimate has two teams to compare with, the check before training those who left early."""
    queries = few_never_trained(corners, tmp_path, n)
    with queries.pinned():
        own = queries.study(KPI, LISBON)["check"].filter(check=balance.ID)
    with seen_by(READER), queries.pinned():
        assert queries.publishes(KPI, LISBON)
        assert comparison_of(queries, KPI, LISBON)[0].fewest > 10
        sides = before_training(queries, KPI, LISBON)
        rows = queries.study(KPI, LISBON)["check"]
    assert (own.height, DIGIT.search(own["sentence"].item()) is not None) == (1, True)
    assert (sides.effective, sides.enough) == (n, shown)
    assert (balance.ID in rows["check"]) == shown
    assert rows.height >= 3


def test_links_of_the_chain_quote_no_check(corners: Corners, monkeypatch: pytest.MonkeyPatch) -> None:
    """A goal whose comparison is broken has no number in the chain, and a sentence that gave one of its check."""
    queries = corners.shared.queries
    row = {"wave": "", "course": "", "link": "kpi", "about": KPI, "value": None, "ci_low": None, "ci_high": None}
    rows = pl.DataFrame([{**row, "sentence": "Don't use this one: apart by 4.21 points."}])
    monkeypatch.setattr(type(queries), "headline", lambda *_, **__: {"sentence": "As told.", "estimate": 1.0})
    with seen_by(READER), queries.pinned():
        made = skills._in_steps(queries, rows).row(0, named=True)
    assert (made["sentence"], made["value"]) == ("As told.", None)
