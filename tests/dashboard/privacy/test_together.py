"""Levels of everybody in a cell beside estimates of the trained of it: their difference may be few agents."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse

from dashboard.data import parts, published, published_estimates
from dashboard.data.compared import NOTHING
from dashboard.data.plan import plan_ground
from dashboard.data.queries import Queries
from dashboard.data.skills import _after
from dashboard.privacy.lattice import MOST_TOLD
from dashboard.privacy.together import Rows, Together, cells_of
from dashboard.privacy.viewer import OWN_MACHINE, Viewer, seen_by
from dashboard.state import Filters
from dashboard.views.plan import order_note, order_of, proposal_of, read
from tests.dashboard.privacy.conftest import NEW_TEAM, Corners

EXECUTIVE = Viewer("e", "executive", shared=True)
KPI = "escalation_rate"
FEW = "Porto-2"
"""Twelve trained agents, and three who were never trained and came in the middle."""


def best_of_few(agent: np.ndarray, answers: np.ndarray, most: int) -> float:
    """The best that is told of figures about few agents, by least squares: grown from each agent, one at a time."""
    left, sizes, _ = np.linalg.svd(answers.astype(float), full_matrices=False)
    space = left[:, sizes > 1e-8 * sizes.max()]
    people = [space[agent == one].T @ space[agent == one] for one in np.unique(agent)]
    best = 0.0
    for seed in range(len(people)):
        group, known = [seed], people[seed]
        while len(group) < min(most, len(people)):
            axis = np.linalg.eigh(known)[1][:, -1]
            others = [k for k in range(len(people)) if k not in group]
            group.append(max(others, key=lambda k: float(axis @ people[k] @ axis)))
            known = known + people[group[-1]]
        best = max(best, float(np.linalg.eigvalsh(known)[-1]))
    return best


def answers_of(queries: Queries, team: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows of a team, whose they are; and which of them every level and sum of an estimate is about."""
    places, rows = queries.held_weeks().places, published.observed(queries, KPI).rows
    inside = queries._rows(Filters(team=(team,)))
    assert inside is not None
    rows = rows[inside[rows]]
    since, week = published_estimates.event_week(queries)[rows], places.week[rows]
    _, answered = published.blocks(queries, KPI)
    levels = [(week >= block) & (week < block + published.BLOCK_WEEKS) for block in answered]
    sums = [since >= 0, *((since < 0) & (since >= -weeks) for weeks in published_estimates.BEFORE)]
    return places.agent[rows], np.stack([*levels, *sums], axis=1)


@pytest.mark.parametrize(("control", "at_once"), [(False, 300), (True, 300), (True, 0)])
def test_a_level_less_an_estimate_is_not_few_agents(
    corners: Corners, monkeypatch: pytest.MonkeyPatch, control: bool, at_once: int
) -> None:
    """Where a wave begins with a block of weeks, everybody after it less the trained is the few untrained.

    Blocks of one week, so that every wave does.
    """
    for module in (published, published_estimates):
        monkeypatch.setattr(module, "BLOCK_WEEKS", 1)
    monkeypatch.setattr(parts, "MOST_AT_ONCE", at_once)
    if not control:
        monkeypatch.setattr(Together, "admitted", lambda *given, **_: given[3])
    monkeypatch.setattr("dashboard.data.queries.comparison_of", lambda *_: (NOTHING, {}))  # another control
    queries = Queries(corners.shared.settings)
    teams = ("Lisbon-1", "Lisbon-4", "Madrid-1", "Porto-2", "Porto-5")
    with seen_by(EXECUTIVE):
        told = [team for team in teams if queries.publishes(KPI, Filters(team=(team,)))]
        levels = [team for team in teams if queries.decision(Filters(team=(team,))).allowed]
    found = {team: best_of_few(*answers_of(queries, team), queries.settings.min_group - 1) for team in teams}
    assert levels == list(teams)
    assert {team for team, share in found.items() if share > MOST_TOLD} == {NEW_TEAM, FEW}
    assert told == [team for team in teams if not control or team not in (NEW_TEAM, FEW)]


def looked_at(agent: np.ndarray, block: np.ndarray, cells: np.ndarray, sums: np.ndarray, most: int) -> Together:
    """Levels of cells by block as what is told anyway; sums are part of what tells rows apart."""
    _, pattern = np.unique(np.column_stack([block, cells, sums]), axis=0, return_inverse=True)
    rows = Rows.of(agent, pattern, None)
    inside = np.where(cells, np.arange(cells.shape[1]), -1)[rows.first]
    at = block[rows.first]
    everywhere = np.ones(cells.shape[1], dtype=bool)
    told = [cells_of(np.where((at == k)[:, None], inside, -1), everywhere) for k in range(int(block.max()) + 1)]
    return Together(rows, most, at, told)


def test_what_is_looked_at_is_what_least_squares_finds(rng: np.random.Generator) -> None:
    """Teams of twelve in which some are trained later, or never, in weeks that no block fits."""
    for late in (0, 1, 2, 3, 6, 10, 11):
        agent, week = np.repeat(np.arange(12), 20), np.tile(np.arange(20), 12)
        start = np.where(np.arange(12) < late, rng.choice([13, 99], 12), rng.integers(6, 9))[agent]
        block, after = week // 4, (week >= start)[:, None]
        answers = np.column_stack([block[:, None] == np.arange(5), after])
        together = looked_at(agent, block, np.ones((agent.size, 1), dtype=bool), after, 4)
        _, first = np.unique(np.column_stack([block, np.ones(agent.size), after]), axis=0, return_index=True)
        found = together.most_told(sparse.csr_array(after[first].astype(float)))
        assert found == pytest.approx(best_of_few(agent, answers, 4), abs=0.02)


def test_a_site_less_its_other_teams_is_the_team_that_is_not_told() -> None:
    """Eleven of one team are trained in week 8 and one in 14; of two others all in week 8. Nothing is told of the first
    team but its levels, and still its estimate: that of the site less those of the others."""
    agent, week = np.repeat(np.arange(36), 20), np.tile(np.arange(20), 36)
    team, block = agent // 12, week // 4
    start = np.where(agent == 0, 14, 8)
    after = week >= start
    cells = np.column_stack([np.ones(agent.size, dtype=bool), *(team == k for k in range(3))])
    together = looked_at(agent, block, cells, after[:, None], 5)
    _, first = np.unique(np.column_stack([block, cells, after]), axis=0, return_index=True)
    sums = sparse.csr_array((cells & after[:, None])[first].astype(float))
    start_with = np.array([True, False, True, True])
    assert together.most_told(sums[:, [2, 3]]) < MOST_TOLD  # each alone and both together tell of nobody
    assert together.most_told(sums[:, np.flatnonzero(start_with)]) > 0.99
    kept = together.admitted(sums, np.arange(4), start_with)
    assert kept.tolist() in ([True, False, True, False], [False, False, True, True])
    assert together.most_told(sums[:, np.flatnonzero(kept)]) <= MOST_TOLD


def test_a_part_of_what_few_do_is_a_figure_too() -> None:
    """Of a team that works by phone two also chat; the channel less the others is the chats of the two."""
    agent = np.append(np.repeat(np.arange(24), 2), [0, 1, *range(12, 24)])
    chat = np.append(np.zeros(48, dtype=bool), np.ones(14, dtype=bool))
    cells = np.column_stack([chat, agent >= 12, chat & (agent >= 12)])
    _, pattern = np.unique(cells, axis=0, return_inverse=True)
    rows = Rows.of(agent, pattern, None)
    answers = cells_of(np.where(cells, np.arange(3), -1)[rows.first], np.ones(3, dtype=bool))
    together = Together(rows, 5)
    assert together.most_told(answers) > 0.99
    kept = together.admitted(answers, np.arange(3), np.ones(3, dtype=bool))
    assert kept.tolist() == [True, True, False]


def two_waves() -> tuple[SimpleNamespace, published.Observed]:
    """Waves of 16 trained in week 4; one agent of the first came with the training, so that no estimate rests on it."""
    agent, week = np.repeat(np.arange(32), 12), np.tile(np.arange(12), 32)
    there = (agent > 0) | (week >= 4)
    agent, week = agent[there], week[there]
    wave = agent // 16 + 1
    places = SimpleNamespace(
        agent=agent, week=week, origin=date(2025, 1, 6), n_rows=agent.size,
        values={"cohort": ("2025-02-03", "2025-02-04")}, codes={"cohort": wave},
    )  # fmt: skip
    cells = ((), *((("cohort", (name,)),) for name in places.values["cohort"]))
    inside = np.column_stack([np.zeros(32, dtype=np.int64), 1 + np.arange(32) // 16])
    known = published.Lattice(cells, np.ones(3, dtype=bool), np.arange(32), agent, inside)
    queries = SimpleNamespace(
        held_weeks=lambda: SimpleNamespace(places=places),
        remember=lambda key, make: known if len(key) == 1 else make(),
        settings=SimpleNamespace(min_group=5),
        setting=lambda: SimpleNamespace(design=SimpleNamespace(anticipation_weeks=0)),
    )  # fmt: skip
    return queries, published.Observed(np.arange(agent.size), np.ones(agent.size))


def test_weeks_from_training_less_their_block_are_not_whom_estimates_leave_out() -> None:
    """Four weeks from training of a wave are weeks of the calendar; the level of their block is of everybody there."""
    queries, seen = two_waves()
    places = queries.held_weeks().places
    cells = [np.ones(places.n_rows, dtype=bool), *(places.codes["cohort"] == k for k in (1, 2))]
    levels = {block: np.ones(3, dtype=bool) for block in (0, 4, 8)}
    alone = {event: np.ones(3, dtype=bool) for event in range(-4, 8)}
    usable = places.agent > 0

    def found(told: dict[int, np.ndarray]) -> float:
        blocks = [cell & (places.week // 4 * 4 == block) for block in levels for cell in cells]
        events = [cells[k] & usable & (places.week - 4 == event) for event, those in told.items()
                  for k in (0, 1, 2) if those[k]]  # fmt: skip
        return best_of_few(places.agent, np.column_stack([*blocks, *events]), 5)

    assert found(alone) > 0.99
    less = published_estimates._less_of_waves(queries, seen, alone, levels)  # type: ignore[arg-type]
    assert found(less) <= MOST_TOLD
    # Both waves began in one week, so everybody's weeks from training are weeks of the calendar as well.
    for k in (0, 1):
        assert {event for event, those in less.items() if not those[k]} == set(range(8))
    assert all(those[2] for those in less.values())


@pytest.mark.parametrize(("viewer", "level"), [(OWN_MACHINE, 31.0 / 23.0), (EXECUTIVE, 1.0)])
def test_a_level_after_training_leaves_out_whoever_estimates_leave_out(viewer: Viewer, level: float) -> None:
    """Eleven agents are seen before and after, one after only: two levels after training would tell of that one."""
    agent, week = np.append(np.repeat(np.arange(11), 4), 11), np.append(np.tile(np.arange(4), 11), 3)
    places = SimpleNamespace(
        n_rows=45, agent=agent, week=week, origin=date(2025, 1, 6), values={"cohort": ("2025-01-20",)},
        codes={"cohort": np.ones(45, dtype=np.int64)}, inside=lambda *_, **__: None,
    )  # fmt: skip
    columns = SimpleNamespace(rows=None, num=np.where(agent == 11, 9.0, 1.0), den=np.ones(45), complete=True)
    held = SimpleNamespace(places=places, columns=lambda _: columns)
    settings, setting = SimpleNamespace(min_group=5), SimpleNamespace(design=SimpleNamespace(anticipation_weeks=0))
    queries = SimpleNamespace(
        held_weeks=lambda: held, remember=lambda _, make: make(), settings=settings, setting=lambda: setting
    )
    with seen_by(viewer):
        assert _after(queries, SimpleNamespace(id="x"), Filters()) == pytest.approx(level)  # type: ignore[arg-type]


def test_an_order_by_need_goes_by_levels_that_are_told(corners: Corners) -> None:
    """Between the levels of two teams beside it, a team's own would be known as nearly as they are alike."""
    own = plan_ground(corners.own.queries)
    assert not any(math.isnan(team.level) for team in own.teams)
    with seen_by(Viewer("t", "training_lead", shared=True)):
        queries = corners.shared.queries
        ground = plan_ground(queries)
        assert ground.ranked_by is not None
        cells = {team.name: Filters(team=(team.name,)) for team in ground.teams}
        shown = {name: cell for name, cell in cells.items() if queries.decision(cell).allowed}
        levels = {name: queries.weekly(ground.ranked_by.id, cell) for name, cell in shown.items()}
    last = {name: rows.tail(3) for name, rows in levels.items()}
    told = {
        name: rows["num"].sum() / rows["den"].sum()
        for name, rows in last.items()
        if rows.height == 3 and not rows["suppressed"].any()
    }
    assert {team.name: team.level for team in ground.teams if not math.isnan(team.level)} == told
    hidden = {team.name for team in ground.teams} - set(told)
    assert set() < hidden < set(cells)
    asked = read({"order": "worst"}, ground, date(2026, 6, 1))
    asked = replace(asked, numbers={**asked.numbers, "waves": len(ground.teams), "untrained": 0, "gap": 1})
    alone, _ = order_of(asked, ground, proposal_of(asked, ground))
    assert {place.team for place in alone[-len(hidden) :]} == hidden
    assert f"{len(hidden)} team" in order_note(None, asked, ground)


@pytest.mark.parametrize("control", [False, True])
def test_of_the_same_events_no_two_kpis_tell_of_different_cells(
    corners: Corners, monkeypatch: pytest.MonkeyPatch, control: bool
) -> None:
    """Complaints of contacts, and of days of agents: cells of the one less cells of the other are complaints of few."""
    first, second = "complaints_per_1000", "complaints_per_1000_agent_days"
    queries = Queries(corners.shared.settings)
    assert published.of_same_events(queries, second) == first
    assert [kpi.id for kpi in queries.kpis() if published.of_same_events(queries, kpi.id)] >= [second]
    stamp = published.observed(queries, first).stamp
    assert stamp != published.observed(queries, second).stamp

    def chosen(_: Queries, seen: published.Observed, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        kept = start.copy()
        kept[3 if seen.stamp == stamp else 5] = False
        return kept, np.ones(start.size)

    monkeypatch.setattr(published, "answerable", chosen)
    if not control:
        monkeypatch.setattr(published, "of_same_events", lambda *_: None)
    with seen_by(EXECUTIVE):
        both = [published.kept_of(queries, kpi) for kpi in (first, second)]
        levels = [published.blocks(queries, kpi)[1] for kpi in (first, second)]
    assert (not (both[1] & ~both[0]).any()) is control
    assert (not any((levels[1][block] & ~levels[0][block]).any() for block in levels[0])) is control


def test_everybodys_answer_is_the_last_to_be_given_up() -> None:
    """Less a fifth of the other answer it is about four agents: the other one goes, though it is little involved."""
    agent, pattern = np.arange(64), np.repeat([0, 1], [4, 60])
    answers = sparse.csr_array(np.array([[1.0, 0.0], [0.2, 1.0]]))
    together = Together(Rows.of(agent, pattern, None), 5)
    assert together.most_told(answers) > MOST_TOLD
    kept = together.admitted(answers, np.array([0, 1]), np.ones(2, dtype=bool))
    assert kept.tolist() == [True, False]
    assert together.most_told(answers[:, [0]]) <= MOST_TOLD
