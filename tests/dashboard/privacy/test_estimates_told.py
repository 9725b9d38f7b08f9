"""Estimates are told as precisely as few agents allow, of comparisons of enough agents, and alike on every page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.panel.panel import Panel
from analysis.words.change import Change, reworded
from analysis.words.numbers import Reader
from benchmarks import attack, attack_by_form
from dashboard.data import cohorts, estimates_told, published, published_estimates, skills
from dashboard.data.cohorts import gains
from dashboard.data.compared import comparison_of
from dashboard.data.queries import Queries
from dashboard.data.value import money_parts
from dashboard.privacy import comparison
from dashboard.privacy.comparison import MOST_OF_FEW, Compared
from dashboard.privacy.imprecision import STEPS, imprecise, step_of
from dashboard.privacy.lattice import MOST_TOLD
from dashboard.privacy.viewer import READER, seen_by
from dashboard.settings import from_config
from dashboard.state import Filters
from tests.dashboard.conftest import COHORTS
from tests.dashboard.privacy.conftest import ENVIRONMENT, Corners
from tests.dashboard.privacy.test_twin_worlds import twin

KPI = "escalation_rate"
FIRST = COHORTS[0] or date.min
LISBON = Filters(site=("Lisbon",))
ALONE = "(select max(agent_ix) from mart.agent_week where team_id = 'Lisbon-8')"
TWO_TEAMS = "(select distinct agent_ix from mart.agent_week where team_id in ('Lisbon-7', 'Lisbon-8'))"
ONE_TEAM = "(select distinct agent_ix from mart.agent_week where team_id = 'Lisbon-8')"


# -- how precisely -----------------------------------------------------------------------------------------------------

sizes = st.floats(0.01, 100.0)
scales = st.sampled_from([1e-9, 1.0, 1e9])


@given(st.floats(-8, 8), sizes, st.integers(5, 5_000), st.sampled_from([5, 10]), st.floats(0.1, 4), scales)
@example(1.875, 1.0, 5, 5, 0.25, 1.0)  # an end put half a step back from one number, and so across another
def test_what_is_told_is_near_and_says_the_same(
    t: float, error: float, n: int, minimum: int, matters: float, scale: float
) -> None:
    """Within half a step, or one where the nearest is across zero or what matters; ends as claimed; no narrower."""
    error, band = error * scale, matters * error * scale
    row = {"estimate": t * error, "std_error": error, "ci_low": (t - 2) * error, "ci_high": (t + 2) * error}
    told = imprecise(pl.DataFrame([row]), n, minimum, band).row(0, named=True)
    step = 1.06 * float(step_of(np.array([error]), np.array([n]), minimum)[0])
    assert abs(told["estimate"] - row["estimate"]) <= step
    for name in ("estimate", "ci_low", "ci_high"):
        assert told[name] * row[name] >= 0
    for name in ("ci_low", "ci_high"):
        for number in (band, -band):
            # As for zero: an end that lies on a number is on neither side of it.
            assert np.sign(told[name] - number) * np.sign(row[name] - number) >= 0
    assert told["ci_low"] <= told["estimate"] <= told["ci_high"]
    assert 0.94 * error <= told["std_error"] <= 1.06 * error * np.sqrt(1 + STEPS**2 / 12)


def test_few_agents_are_not_read_off_an_estimate() -> None:
    """The mean of twelve with and without what one did: alike in steps, or a step apart whatever the one did."""
    rng, errors = np.random.default_rng(4), []
    for _ in range(400):
        values = rng.normal(size=12)
        exact = [values.mean(), values[1:].sum() / 12]
        rows = pl.DataFrame({"estimate": exact, "std_error": [values.std(ddof=1) / np.sqrt(12)] * 2})
        told = imprecise(rows, 12, 5)["estimate"]
        errors.append(12 * (told[0] - told[1]) - values[0])
    assert np.std(errors) > 0.5  # of the one's spread; 0 where estimates are exact
    assert abs(np.mean(errors)) < 0.15


def test_rounding_of_many_agents_is_a_small_part_of_the_interval() -> None:
    rows = pl.DataFrame({"estimate": [0.0417], "std_error": [0.01], "ci_low": [0.0217], "ci_high": [0.0617]})
    for n, wider in ((80, 1.05), (2_500, 1.01)):  # 160 and 5,000 agents, half of them trained
        told = imprecise(pl.DataFrame([rows.row(0, named=True)]), n, 5).row(0, named=True)
        exact = np.sqrt(1 + STEPS**2 * (5 / n) / 12)
        assert exact < wider
        assert (told["ci_high"] - told["ci_low"]) / 0.04 == pytest.approx(exact, rel=0.03)


def test_rows_without_an_error_and_tables_without_estimates_are_left_alone() -> None:
    nothing = pl.DataFrame({"estimate": [None, 0.1], "std_error": pl.Series([None, None], dtype=pl.Float64)})
    assert imprecise(nothing, 10, 5).equals(nothing)
    assert imprecise(pl.DataFrame({"n": [1]}), 10, 5).equals(pl.DataFrame({"n": [1]}))


def test_a_sentence_gives_the_numbers_that_are_told(corners: Corners) -> None:
    kpi = corners.own.settings.catalogue["csat_top2"]
    for band in (0.001, 0.02, 0.3):
        said, told = (Change(kpi, Reader(), x, x - 0.0151, x + 0.0151, band) for x in (0.0421, 0.0532))
        for words in (said.changed(small=True), said.changed(small=False), said.nothing_that_matters()):
            assert reworded(f"{words} It may fade.", said, told) != f"{words} It may fade."
            assert reworded(words, said, told) in (
                told.changed(small=True),
                told.changed(small=False),
                told.nothing_that_matters(),
            )
        assert told.range_sentence() in reworded(f"We can't tell: {said.range_sentence()}.", said, told)
    assert reworded("Nothing of it is here.", said, told) == "Nothing of it is here."


def test_all_pages_tell_the_same_number_and_not_the_exact_one(corners: Corners) -> None:
    shared, own = corners.shared.queries, corners.own.queries
    reader, changed = shared.settings.reader, 0
    with seen_by(READER), shared.pinned():
        goals = [kpi for kpi in shared.goals() if shared.publishes(kpi.id, Filters())]
        heads = {kpi.id: shared.headline(kpi.id, Filters()) for kpi in goals}
        judged = {kpi.id: shared.headline(kpi.id, Filters(), alone=True) for kpi in goals}
        worths = {one.kpi.id: one for one in (money_parts(shared) or pytest.fail("no money")).worths}
        chain = skills.chain(shared)
        sites = {site: shared.headline(KPI, Filters(site=(site,))) for site in ("Lisbon", "Madrid", "Porto")}
        by_site = gains(shared, shared.settings.catalogue[KPI], "site", Filters()).rows
    rows = {row["name"]: row for row in by_site.to_dicts()}
    for kpi, head in heads.items():
        exact = own.headline(kpi, Filters())
        assert head is not None
        assert exact is not None
        assert judged[kpi] is not None
        assert judged[kpi]["estimate"] == head["estimate"]  # type: ignore[index]
        if head["estimate"] is None:
            continue
        changed += head["estimate"] != exact["estimate"]
        if kpi in worths:
            assert (worths[kpi].effect, worths[kpi].effect_low) == (head["estimate"], head["ci_low"])
        if head["verdict"] == "clear":
            entry = shared.settings.catalogue[kpi]
            assert reader.size(head["estimate"], entry, head["ci_low"], head["ci_high"]) in head["sentence"]
    assert changed >= 2
    for link in chain.links.filter(pl.col("link") == "kpi", pl.col("wave") == "").to_dicts() if chain else ():
        head = heads.get(link["about"])
        if head is not None and link["value"] is not None:
            assert (link["value"], link["sentence"]) == (head["estimate"], head["sentence"])
    for site, head in sites.items():
        if head is not None and head["estimate"] is not None:
            assert rows[site]["estimate"] == head["estimate"]


# -- of which comparisons ----------------------------------------------------------------------------------------------


def all_but(corners: Corners, folder: Path, untrained: str) -> Queries:
    """Lisbon was trained in one week but for some, and nothing is stored, so that everything is estimated here."""
    at_lisbon, changes = "(select distinct agent_ix from mart.agent_week where site = 'Lisbon')", list[str]()
    for table in ("mart.agent_week", "mart.agent"):
        for week, agents in ((f"date '{FIRST}'", at_lisbon), ("null", untrained)):
            weeks = f"trained_week = {week}, scheduled_week = {week}"
            changes.append(f"update {table} set {weeks} where agent_ix in {agents}")
    changes += [f"delete from result.{name}" for name in ("effect", "event_time", "check")]
    return twin(corners, folder, changes).queries


def test_a_team_whose_trained_are_mostly_few_has_no_estimate_of_its_own(
    corners: Corners, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is estimated within the selection, so that the selection's comparison says nothing of the team itself."""
    queries, kpi = corners.shared.queries, corners.shared.settings.catalogue[KPI]
    with seen_by(READER):
        rows = gains(queries, kpi, "team", Filters()).rows.drop_nulls("estimate")
        assert rows.height
        held, seen = queries.held_weeks(), published.observed(queries, KPI)
        after = published_estimates.event_week(queries)[seen.rows] >= 0
        for team in rows["name"]:
            found = published_estimates.trained_of(queries, KPI, Filters(team=(team,)))
            here = after & (held.places.codes["team"][seen.rows] == held.places.values["team"].index(team) + 1)
            each = np.bincount(held.places.agent[seen.rows[here]], seen.volume[here])
            most = np.sort(each**2)[-queries.settings.min_group :].sum() / (each**2).sum()
            assert found.enough
            assert most <= MOST_OF_FEW
            assert found.n_trained == (each > 0).sum()
        monkeypatch.setattr(cohorts, "trained_of", lambda *_: Compared(12, 0.0, 1.1))
        again = Queries(queries.settings)
        assert gains(again, kpi, "team", Filters()).rows["estimate"].drop_nulls().is_empty()


@pytest.mark.parametrize(("untrained", "shown"), [(ALONE, False), (TWO_TEAMS, True)])
def test_a_comparison_with_one_agent_is_not_told(
    corners: Corners, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, untrained: str, shown: bool
) -> None:
    """Estimates by week, single teams and the headline of a site where one agent is left followed that agent."""
    queries = all_but(corners, tmp_path, untrained)
    kpi = queries.settings.catalogue[KPI]

    def told() -> tuple[bool, bool, bool]:
        with seen_by(READER), queries.pinned():
            frames = queries.study(KPI, LISBON)
            later = frames["event_time"].filter(pl.col("event_time") >= 0)
            teams = gains(queries, kpi, "team", LISBON).rows
            return queries.publishes(KPI, LISBON), not later.is_empty(), teams["estimate"].drop_nulls().len() > 0

    assert told() == (shown, shown, shown)
    if not shown:  # what the control is for
        monkeypatch.setattr(Compared, "enough", property(lambda _: True))
        without = Queries(queries.settings)
        with seen_by(READER), without.pinned():
            assert comparison_of(without, KPI, LISBON)[0].effective < 1.5
            assert without.publishes(KPI, LISBON)
            assert not without.study(KPI, LISBON)["event_time"].is_empty()


def test_how_much_lies_in_few_is_counted_on_either_side() -> None:
    def of_few(trained: Sequence[int], others: Sequence[int]) -> float:
        """Eight weeks before training and one after it, in which only ``others`` are compared with."""
        n = len(trained) + len(others)
        den = np.tile(np.array([*trained, *others], dtype=float)[:, None], (1, 9))
        since = np.repeat(np.where(np.arange(n) < len(trained), 8, 99), 9)
        columns = {"agent": np.repeat(np.arange(n), 9), "week": np.tile(np.arange(9), n), "since": since}
        weeks = pl.DataFrame({**columns, "y": 0.5, "den": den.ravel()})
        panel = Panel.from_frame(weeks, "agent", "week", "since", "y", weight="den", never=99)
        whole, by_week = comparison.compared(panel, 0, 5)
        assert by_week[0] == whole
        assert whole.n_trained == len(trained)
        return whole.of_few

    assert of_few([10] * 40, [10] * 40) < 0.3
    assert of_few([10] * 40, [10] * 5) > 1
    assert of_few([10] * 40, [400, *[1] * 39]) > 1  # one has nearly all of the contacts
    assert of_few([10] * 6, [10] * 40) > 1
    assert of_few([400, *[1] * 39], [10] * 40) > 1


RULE = """mode = "lowest_performers"
unit = "agent"
[programme.assignment.rule]
kpi = "escalation_rate"
lookback_weeks = 8
share = SHARE
"""
TWO_OF_EACH = (
    "(select distinct agent_ix from mart.agent_week where site = 'Lisbon' and team_id not in ('Lisbon-7', 'Lisbon-8') "
    "and agent_ix % 12 < 2)"
)


@pytest.mark.parametrize(("share", "shown"), [(0.2, False), (0.6, True)])
def test_a_comparison_by_the_same_rule_with_few_agents_is_not_told(
    corners: Corners, tmp_path: Path, share: float, shown: bool
) -> None:
    """Of a hundred untrained agents of a site the estimate compares with the four whom the rule would have picked."""
    untrained = "(select distinct agent_ix from mart.agent_week where site = 'Lisbon')"
    changes = list[str]()
    for table in ("mart.agent_week", "mart.agent"):
        for week, agents in (("null", untrained), (f"date '{FIRST}'", TWO_OF_EACH)):
            weeks = f"trained_week = {week}, scheduled_week = {week}"
            changes.append(f"update {table} set {weeks} where agent_ix in {agents}")
    changes += [f"delete from result.{name}" for name in ("effect", "event_time", "check")]
    twin(corners, tmp_path, changes)
    path = tmp_path / "shared.toml"
    by_rule = RULE.replace("SHARE", str(share))
    plain = path.read_text(encoding="utf-8").replace('mode = "team_waves"\nunit = "team"\n', by_rule)
    path.write_text(plain, encoding="utf-8")
    queries = Queries(from_config(path, environ=ENVIRONMENT))
    with seen_by(READER), queries.pinned():
        assert queries.setting().design.headline == "stacked"
        assert (comparison_of(queries, KPI, LISBON)[0].effective > 10) == shown
        assert queries.publishes(KPI, LISBON) == shown
        assert queries.study(KPI, LISBON)["event_time"].is_empty() != shown


def test_comparisons_of_waves_apart_are_added_up_by_agent() -> None:
    """Two waves of ten, each compared with four: the same four, or eight."""
    columns = {"agent": np.repeat(np.arange(40), 12), "week": np.tile(np.arange(12), 40)}
    since = np.repeat(np.select([np.arange(40) < 10, np.arange(40) < 20], [4, 8], 99), 12)
    frame = pl.DataFrame({**columns, "since": since, "y": 0.5})
    panel = Panel.from_frame(frame, "agent", "week", "since", "y", never=99)

    def of(*others: range) -> Compared:
        """The two waves with untrained agents for each."""
        rows = [np.r_[10 * k : 10 * k + 10, list(mine)] for k, mine in enumerate(others)]
        return comparison.compared(panel, 0, 5, [panel.take(mine) for mine in rows])[0]

    assert of(range(20, 24), range(20, 24)).effective == pytest.approx(4)
    assert 7 < of(range(20, 24), range(24, 28)).effective < 8
    assert not of(range(20, 24), range(20, 24)).enough
    assert of(range(20, 40), range(20, 40)).enough


def test_a_wave_is_told_in_the_same_steps_wherever_it_stands(
    corners: Corners, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two roundings of one number would tell more of it than one; here its wave is compared with fewer than all are."""
    real = comparison_of

    def fewer(queries: Queries, kpi: str, filters: Filters) -> Any:
        whole, by_week = real(queries, kpi, filters)
        return (replace(whole, effective=11.0) if filters.cohort else whole), by_week

    monkeypatch.setattr(estimates_told, "comparison_of", fewer)
    queries, found = all_but(corners, tmp_path, TWO_TEAMS), list[float]()
    with seen_by(READER), queries.pinned():
        for kpi in ("csat_top2", "transfer_rate", "upsell_conversion"):
            for row in queries.study(kpi, Filters(), by_week=True)["cohort_effect"].iter_rows(named=True):
                head = queries.headline(kpi, Filters(cohort=(str(row["cohort"])[:10],)))
                if head is not None and head["estimate"] is not None:
                    assert row["estimate"] == pytest.approx(head["estimate"], rel=1e-9)
                    found.append(row["estimate"])
    assert any(found)


# -- against who knows how estimates are made --------------------------------------------------------------------------


def test_the_exact_form_of_estimates_tells_of_no_few(
    corners: Corners, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever works out what every told estimate weighs each week of each agent by, and has all levels as well."""
    monkeypatch.setattr(attack, "STARTS", 6)
    queries = all_but(corners, tmp_path, ONE_TEAM)
    minimum = queries.settings.min_group
    with seen_by(READER), queries.pinned():
        answers = attack_by_form.answers_of(queries, KPI)
    assert answers.gap < 1.1  # the form is right: what is told differs from it by the rounding
    assert answers.error.size > 300
    assert 0.3 < attack_by_form.told_of_few(answers, minimum) <= MOST_TOLD
    monkeypatch.setattr(Compared, "enough", property(lambda _: True))
    without = Queries(queries.settings)
    with seen_by(READER), without.pinned():
        assert published.lattice(without).kept.any()
        answers = attack_by_form.answers_of(without, KPI, rounded=False)
    assert attack_by_form.told_of_few(answers, minimum) > MOST_TOLD
