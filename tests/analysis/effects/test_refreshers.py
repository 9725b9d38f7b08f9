"""What refreshers bring: against least squares with dummies, and told apart from fading or not told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm

from analysis.effects.refreshers import MIN_TEAMS, refresher_events
from benchmarks.coverage_readings import BROUGHT, ROWS, refreshed_world, run


def test_the_effects_are_those_of_least_squares_with_agents_and_weeks_of_every_wave() -> None:
    panel, refreshed = refreshed_world(3, teams=8)
    events = refresher_events(panel, refreshed)

    agents, weeks = np.nonzero(panel.trained_cells & panel.trained_units[:, None])
    wave = panel.cohort_ix[agents]
    last = {  # weeks in which somebody of the wave is left without a refresher
        start: np.flatnonzero((panel.cohort_ix == start) @ (refreshed == 0)).max() for start in np.unique(wave)
    }
    kept = weeks <= np.array([last[start] for start in wave])
    agents, weeks, wave = agents[kept], weeks[kept], wave[kept]
    since = np.where(refreshed.any(axis=1), refreshed.argmax(axis=1), 999)
    spans = [(event.from_week, event.to_week if event.to_week > 0 or event.from_week < 0 else 999) for event in events]
    spans = [(first, 999 if end == -1 else end) for first, end in spans]
    cells, cell = np.unique(wave * 60 + weeks, return_inverse=True)
    first = np.unique(cells // 60, return_index=True)[1]  # a week of every wave goes: agents hold its level
    columns = [
        np.eye(panel.n_units)[agents][:, panel.trained_units],
        np.delete(np.eye(cell.max() + 1), first, axis=1)[cell],
    ]
    columns += [((weeks - since[agents] >= first) & (weeks - since[agents] < end)).astype(float)[:, None]
                for first, end in spans]  # fmt: skip
    fitted = sm.OLS(panel.y[agents, weeks], np.hstack(columns)).fit()

    assert [event.estimate for event in events] == pytest.approx(fitted.params[-len(events) :].tolist(), abs=1e-8)
    assert [event.from_week for event in events] == [-8, 0, 4, 13]


def test_a_wave_refreshed_in_one_week_tells_nothing_apart_from_fading() -> None:
    panel, _ = refreshed_world(3, teams=8)
    start = np.where(panel.trained_units, panel.cohort_ix, 10_000)
    together = (np.arange(panel.n_periods)[None, :] >= start[:, None] + 26).astype(float)

    found = refresher_events(panel, together)

    assert found, "they were seen"
    assert all(np.isnan(event.estimate) and not event.stands_out for event in found)


def test_few_teams_and_nobody_tell_nothing() -> None:
    panel, refreshed = refreshed_world(3, teams=8)
    few = refreshed * (panel.cluster_ix < MIN_TEAMS)[:, None]

    assert refresher_events(panel, np.zeros_like(refreshed)) == []
    assert all(np.isnan(event.ci_low) for event in refresher_events(panel, few)), "two of six teams are never trained"


def test_what_is_claimed_allows_for_what_is_looked_at() -> None:
    panel, refreshed = refreshed_world(7, teams=20)
    one = refresher_events(panel, refreshed)
    many = refresher_events(panel, refreshed, looked_at=10**6)

    assert any(event.stands_out for event in one)
    assert not any(event.stands_out for event in many)
    assert [replace(event, stands_out=False) for event in one] == [replace(event, stands_out=False) for event in many]


def test_the_ranges_hold_what_was_brought() -> None:
    """The small version of the rows in docs/coverage.md; 95% of 16 is at least 11 but once in 100,000."""
    row = next(row for row in ROWS if row.name == "refreshers: what they bring back, 20 teams")
    line = run(row, 16)

    assert len(line.found) == 16
    assert sum(found.held for found in line.found) >= 11
    assert abs(line.bias) < BROUGHT
