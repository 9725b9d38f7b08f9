"""Cells that are answered together tell of no few agents, by any other search for what they tell."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from dashboard.privacy.lattice import LEAST_ERROR, MOST_TOLD, Audit, Candidates, Rows, cell_of


def world(rng: np.random.Generator, agents: int = 60, movers: int = 4) -> Rows:
    """Teams of ten in three sites, waves by team but for some agents, two channels, two bands."""
    agent = np.repeat(np.arange(agents), 2)
    team = agent // 10
    wave = team % 3 + 1
    wave = np.where(np.isin(agent, rng.choice(agents, movers, replace=False)), wave % 3 + 1, wave)
    codes = {
        "site": team // 2 + 1, "team": team + 1, "channel": np.tile([1, 2], agents), "queue": np.tile([1, 2], agents),
        "tenure_band": (agent % 10 < 4) + 1, "cohort": wave,
    }  # fmt: skip
    values = {name: tuple(f"{name}-{k}" for k in range(1, int(code.max()) + 1)) for name, code in codes.items()}
    return Rows(agent, codes, values)


def parents(rows: Rows) -> dict[str, str]:
    return {team: rows.values["site"][k // 2] for k, team in enumerate(rows.values["team"])}


def told_of(rows: Rows, inside: np.ndarray, kept: np.ndarray, group: tuple[int, ...], insider: int) -> float:
    """Largest share that is told of any figure about a group, an insider's rows known besides, by least squares."""
    design = np.stack([(inside == cell).any(axis=1) for cell in np.flatnonzero(kept)], axis=1).astype(float)
    own = np.zeros((rows.agent.size, 2))
    own[np.flatnonzero(rows.agent == insider), [0, 1]] = 1.0
    design = np.column_stack([design, own])
    targets = np.stack([(rows.agent == member) / np.sqrt(2) for member in group], axis=1)
    fitted = design @ np.linalg.lstsq(design, targets, rcond=None)[0]
    return float(np.linalg.eigvalsh(targets.T @ fitted)[-1])


@pytest.mark.parametrize("seed", range(3))
def test_every_group_below_the_minimum_stays_unknown(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, minimum = world(rng), 4
    candidates = Candidates.of(rows, minimum, parents(rows))
    kept = Audit(rows.agent, candidates.inside, len(candidates.cells), minimum).admitted()
    assert kept.sum() > 12
    off = np.setdiff1d(np.arange(60), np.flatnonzero(rows.codes["cohort"][::2] == (np.arange(60) // 10) % 3 + 1))
    groups = [*combinations(off.tolist(), 3), *(tuple(rng.choice(60, 3, replace=False)) for _ in range(60))]
    groups += [tuple(range(10 * t, 10 * t + 3)) for t in range(6)]
    for group in groups:
        insider = int(rng.choice(np.setdiff1d(np.arange(60), group)))
        assert told_of(rows, candidates.inside, kept, group, insider) <= MOST_TOLD + 1e-9


def test_without_control_a_mover_is_known_exactly() -> None:
    rows = world(np.random.default_rng(0), movers=1)
    candidates = Candidates.of(rows, 4, parents(rows))
    every = np.ones(len(candidates.cells), dtype=bool)
    (mover,) = np.flatnonzero(rows.codes["cohort"][::2] != (np.arange(60) // 10) % 3 + 1)
    group = (int(mover),)
    assert told_of(rows, candidates.inside, every, group, insider=(mover + 11) % 60) > 0.3
    crossed = np.column_stack([candidates.inside, np.where(rows.agent == mover, len(every), -1)])
    assert told_of(rows, crossed, np.ones(len(every) + 1, dtype=bool), group, insider=0) > 0.999
    kept = Audit(rows.agent, crossed, len(every) + 1, 4).admitted()
    assert not kept[-1]


@pytest.mark.parametrize("seed", range(3))
def test_giving_cells_up_one_after_the_other_is_the_same_as_never_asking_them(seed: int) -> None:
    """Sites add up to everybody, so that a cell may also be given up without telling less."""
    rng = np.random.default_rng(seed)
    rows = world(rng)
    candidates = Candidates.of(rows, 4, parents(rows))
    audit = Audit(rows.agent, candidates.inside, len(candidates.cells), 4)
    kept = np.ones(len(candidates.cells), dtype=bool)
    gone = rng.choice(kept.size, 12, replace=False)
    known = audit.told(kept)
    for part in np.split(gone, 4):
        known = known.without(part.tolist())
    kept[gone] = False
    anew = audit.told(kept)
    assert known.agents @ known.agents.T == pytest.approx(anew.agents @ anew.agents.T, abs=1e-6)
    assert (known.cells[gone] == 0).all()
    lengths = [np.linalg.norm(each.cells[kept], axis=1) for each in (known, anew)]
    assert lengths[0] == pytest.approx(lengths[1], rel=1e-3)


@pytest.mark.parametrize("n_agents", [1, 4, 11])
def test_what_bounds_a_search_is_never_below_what_any_search_finds(n_agents: int) -> None:
    rng = np.random.default_rng(n_agents)
    rows = world(rng, movers=9)
    candidates = Candidates.of(rows, 4, parents(rows))
    audit = Audit(rows.agent, candidates.inside, len(candidates.cells), 4)
    for share in (0.1, 0.3, 0.6, 1.0):
        known = audit.told(rng.random(len(candidates.cells)) <= share)
        found, _ = known.worst(n_agents)
        chosen = [rng.choice(60, n_agents, replace=False) for _ in range(200)]
        exact = max(np.linalg.eigvalsh(known.agents[group] @ known.agents[group].T)[-1] for group in chosen)
        assert max(found[0], exact) <= known.at_most(n_agents) + 1e-12


def test_everybody_and_large_groups_are_answered_first() -> None:
    rows = world(np.random.default_rng(1))
    candidates = Candidates.of(rows, 4, parents(rows))
    kept = Audit(rows.agent, candidates.inside, len(candidates.cells), 4).admitted()
    answered = {cell for cell, there in zip(candidates.cells, kept, strict=True) if there}
    assert () in answered
    assert {cell_of({"site": [site]}) for site in rows.values["site"]} <= answered


def test_small_teams_are_one_cell_with_their_neighbours() -> None:
    rows = world(np.random.default_rng(2))
    rows.codes["team"][rows.agent >= 57] = 7
    wider = Rows(rows.agent, rows.codes, {**rows.values, "team": (*rows.values["team"], "team-7")})
    cells = Candidates.of(wider, 4, {**parents(rows), "team-7": "site-3"}).cells
    tied = [cell for cell in cells if cell and "team-7" in cell[0][1]]
    assert [len(cell[0][1]) for cell in tied] == [2]


def test_a_group_smaller_than_the_minimum_is_no_cell() -> None:
    inside = np.zeros((30, 2), dtype=np.int64)
    inside[3:, 1] = -1
    inside[:3, 1] = 1
    assert Audit(np.arange(30), inside, 2, 5).admitted().tolist() == [True, False]


def test_the_stated_error_is_what_remains() -> None:
    assert pytest.approx(1 - MOST_TOLD) == LEAST_ERROR**2
