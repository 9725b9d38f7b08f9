"""Who finished, at 500 agents: what all readers are told of all sites and teams, night after night, tells of no few."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from dashboard.data.adoption import COUNTS, by_group, in_steps, progress
from dashboard.privacy.lattice import LEAST_ERROR
from dashboard.privacy.viewer import Viewer, seen_by
from dashboard.state import Filters
from dashboard.views.adoption import view
from tests.dashboard.privacy.conftest import Corners

AGENTS, MINIMUM, WEEKS = 500, 10, 30
TEAM = np.arange(AGENTS) // 12
SITE = TEAM // 14
FIRST = date(2026, 1, 5)
EXECUTIVE = Viewer("e", "executive", shared=True)
COURSE = "EMP101"


def finishing(rng: np.random.Generator) -> NDArray[np.int64]:
    """The week in which every agent finishes, planned by wave of seven teams; one in five never does."""
    planned = 4 * (TEAM % 7)
    late = rng.geometric(0.25, AGENTS)
    return np.where(rng.random(AGENTS) < 0.2, WEEKS + 1, planned + late)


def mart(done: NDArray[np.int64]) -> pl.DataFrame:
    """``mart.adoption`` of one course."""
    planned, rows = 4 * (TEAM % 7), []
    for week in range(WEEKS):
        for team in range(int(TEAM.max()) + 1):
            here = team == TEAM
            due, finished = here & (planned <= week), here & (done <= week)
            late = due & ~finished & (planned + 4 <= week)
            rows.append(
                {
                    "week": FIRST + timedelta(weeks=week), "site": f"s{SITE[here][0]}", "team_id": f"t{team}",
                    "course_id": COURSE, "planned": int(due.sum()), "started": int(finished.sum()),
                    "completed": int(finished.sum()), "overdue": int(late.sum()), "left_unfinished": 0,
                }
            )  # fmt: skip
    return pl.DataFrame(rows)


def queries_of(rows: pl.DataFrame) -> Any:
    """Every selection is allowed: the counts alone are on trial."""
    return SimpleNamespace(
        settings=SimpleNamespace(min_group=MINIMUM),
        require=lambda _filters: None,
        remember=lambda _key, make: make(),
        has=lambda _name: True,
        frame=lambda _sql, _values=(): rows,
    )


def selections() -> list[Filters]:
    sites = [Filters(site=(f"s{k}",)) for k in range(int(SITE.max()) + 1)]
    return [Filters(), *sites, *(Filters(team=(f"t{k}",)) for k in range(int(TEAM.max()) + 1))]


def inside(filters: Filters) -> NDArray[np.bool_]:
    if filters.team:
        return np.isin([f"t{k}" for k in TEAM], filters.team)
    return np.isin([f"s{k}" for k in SITE], filters.site) if filters.site else np.ones(AGENTS, dtype=bool)


def told(rows: pl.DataFrame, of: list[Filters]) -> dict[tuple[Filters, int], dict[str, int]]:
    """All numbers of some selections by number of the week."""
    found = {}
    with seen_by(EXECUTIVE):
        for filters in of:
            weekly = progress(queries_of(rows), filters, COURSE).filter(~pl.col("suppressed"))
            for row in weekly.iter_rows(named=True):
                found[filters, (row["week"] - FIRST).days // 7] = {name: row[name] for name in COUNTS}
    return found


def test_nobody_is_told_by_all_sites_and_teams_together() -> None:
    """The best linear estimate from every number of every week, memberships and the course of waves known, errs enough.

    The attacker knows how completions of every wave run (mean, and covariance of an agent's weeks), and that rounding
    errs evenly by half a group.
    """
    rng, wave, weeks = np.random.default_rng(1), TEAM % 7, np.arange(WEEKS)
    many = np.concatenate([finishing(rng)[:, None] <= weeks for _ in range(200)]).astype(float)
    of_wave = np.tile(wave, 200)
    mean = np.array([many[of_wave == w].mean(axis=0) for w in range(7)])
    spread = np.array([np.cov(many[of_wave == w].T) for w in range(7)])
    groups = [rng.choice(np.flatnonzero(team == TEAM), size, replace=False) for team in range(20) for size in (1, 4, 9)]
    target = np.zeros((len(groups), AGENTS))
    for row, group in zip(target, groups, strict=True):
        row[group] = 1.0
    errors, last = [], WEEKS - 1
    for _ in range(3):
        done = finishing(rng)
        answers = told(mart(done), selections())
        assert len(answers) > 25
        cell = np.array([inside(filters) for filters, _ in answers], dtype=float)
        week = np.array([k for _, k in answers])
        said = np.array([row["completed"] for row in answers.values()], dtype=float)
        system = np.eye(week.size) * MINIMUM**2 / 12
        toward = np.zeros((len(groups), week.size))
        for w in range(7):
            here = cell * (wave == w)
            system += (here @ here.T) * spread[w][np.ix_(week, week)]
            toward += (target @ here.T) * spread[w][last, week]
        expected = np.einsum("na,an->n", cell, mean[wave][:, week])
        guess = target @ mean[wave, last] + toward @ np.linalg.solve(system, said - expected)
        errors.append(guess - target @ (done <= last))
    alone = np.sqrt([spread[wave[group], last, last].sum() for group in groups])
    size = np.array([group.size for group in groups])
    for n in (1, 4, 9):
        assert np.sqrt(np.mean(np.square(np.array(errors)[:, size == n]))) / alone[size == n].mean() > 2 * LEAST_ERROR


def test_one_completion_moves_every_number_by_nothing_or_by_a_whole_group() -> None:
    rng = np.random.default_rng(2)
    done, moved = finishing(rng), 0
    for agent in rng.choice(np.flatnonzero(done > WEEKS), 5, replace=False):
        of = [each for each in selections() if inside(each)[agent]]
        before = told(mart(done), of)
        after = told(mart(np.where(np.arange(AGENTS) == agent, WEEKS - 3, done)), of)
        for place in before.keys() & after.keys():
            both = [(after[place][name], before[place][name]) for name in COUNTS]
            steps = [now - then for now, then in both if now is not None and then is not None]
            assert all(step % MINIMUM == 0 for step in steps)
            moved += any(steps)
    assert moved < 5


@pytest.mark.parametrize("by", ["site", "team"])
def test_groups_of_the_last_week_are_told_by_whole_groups(by: str) -> None:
    rows = mart(finishing(np.random.default_rng(3)))
    with seen_by(EXECUTIVE):
        shown = by_group(queries_of(rows), Filters(), COURSE, by).filter(~pl.col("suppressed"))
    assert by == "team" or not shown.is_empty()
    assert {n % MINIMUM for name in COUNTS for n in shown[name]} <= {0}


def test_whoever_runs_the_plan_would_be_found_out_by_the_same_attack() -> None:
    """The exemption of training leads is one: exact counts of teams tell of one completion."""
    done = finishing(np.random.default_rng(4))
    agent = int(np.flatnonzero(done > WEEKS)[0])
    with seen_by(Viewer("t", "training_lead", shared=True)):
        now = [
            progress(queries_of(mart(each)), Filters(team=(f"t{TEAM[agent]}",)), COURSE)["completed"].to_list()[-1]
            for each in (done, np.where(np.arange(AGENTS) == agent, WEEKS - 1, done))
        ]
    assert now[1] - now[0] == 1


def weeks_of(**counts: list[int]) -> pl.DataFrame:
    n = len(counts["planned"])
    rows = {"week": [date(2025, 1, 6) + timedelta(weeks=k) for k in range(n)], **counts, "suppressed": [False] * n}
    return pl.DataFrame(rows)


def test_few_who_left_take_no_other_count_with_them() -> None:
    """From the third week on two agents have left: what is planned and completed is told, how the rest parts is not."""
    left = [0, 0, 2, 2]
    done, late = [10, 20, 30, 40], [90, 80, 68, 58]
    found = weeks_of(planned=[100] * 4, started=[100] * 4, completed=done, overdue=late, left_unfinished=left)
    told = in_steps(found, 5)
    assert told["completed"].to_list() == done
    assert told["overdue"].to_list() == [90, 80, None, None]
    assert told["left_unfinished"].to_list() == [0, 0, None, None]
    assert not told["suppressed"].any()


def test_a_step_of_few_across_weeks_that_are_not_told_is_none() -> None:
    """Six left at last: one more than were known to when the count was told before."""
    late, left = [95, 92, 94], [5, 8, 6]
    found = weeks_of(planned=[150] * 3, started=[150] * 3, completed=[50] * 3, overdue=late, left_unfinished=left)
    assert in_steps(found, 5)["suppressed"].to_list() == [False]
    found = weeks_of(
        planned=[150] * 3, started=[150] * 3, completed=[50] * 3, overdue=[95, 97, 94], left_unfinished=[5, 3, 6]
    )
    told = in_steps(found, 5)
    assert told["left_unfinished"].to_list() == [5, None]  # six is one more than five


def test_a_page_that_lags_says_of_which_week_it_is(corners: Corners) -> None:
    reader = corners.own.settings.reader
    found = weeks_of(planned=[100], started=[90], completed=[70], overdue=[20], left_unfinished=[10])
    blank = found.with_columns(pl.lit(None, pl.Int64).alias(name) for name in ("overdue", "left_unfinished"))
    numbers = dict.fromkeys(("overdue", "planned", "completed"), pl.Int64)
    groups = pl.DataFrame(schema={"label": pl.String, "suppressed": pl.Boolean} | numbers)

    def said(rows: pl.DataFrame, until: date) -> tuple[str, str]:
        shown = view(rows, groups, course="Empathy", by="site", reader=reader, until=until)
        return shown.sentence, shown.curve_title

    now, later = date(2025, 1, 6), date(2025, 3, 3)
    assert said(found, now) == (
        "70 of 100 agents planned so far have completed Empathy; 20 are overdue; 10 left before finishing.",
        "70% of the plan is done; 30 of 100 agents have not finished",
    )
    assert said(blank, now)[0] == "70 of 100 agents planned so far have completed Empathy; 30 have not finished."
    assert said(found, later) == (
        "By the week of 6 Jan 2025, the last that may be told, 70 of 100 agents planned by then had completed Empathy; "
        "20 were overdue; 10 left before finishing.",
        "By 6 Jan 2025, 70% of the plan was done; 30 of 100 agents had not finished",
    )
    assert said(blank, later)[0].endswith("had completed Empathy; 30 had not finished.")
