"""Simulate a world: run the centre week by week and keep all contacts and potential outcomes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sample_data import calendar
from sample_data.cells import cell_truth
from sample_data.centre import Centre, Week
from sample_data.contacts import Columns, Customers, Drawn, draw_contacts
from sample_data.parameters import SKILLS, Parameters
from sample_data.performance import QA_LEVEL, QA_PER_SD
from sample_data.staff import NEVER, Array
from sample_data.streams import stream

__all__ = ["Parameters", "World", "simulate"]

FULL_DAY_SECONDS = 8 * 3600
WEEKS_PER_STEP = 26

Progress = Callable[[str], None]
"""Called with the name of each step as it starts."""


@dataclass(frozen=True)
class World:
    """A simulated contact centre.

    Parameters
    ----------
    params : Parameters
    centre : Centre
        After the last week: staff, teams and programme hold the whole history.
    contacts : polars.DataFrame
        One row per contact, in the order of weeks; see docs/sample-world.md, "A contact".
    evaluations : polars.DataFrame
        Quality evaluations: ``contact`` (row number), ``agent, rater, form_version, week``, five skills,
        ``critical_fail``.
    agent_days : polars.DataFrame
        ``agent, day`` (0-based in the window, site-local), ``worked_seconds, absent``.
    cells : polars.DataFrame
        Agent-weeks with potential outcomes: the truth.
    """

    params: Parameters
    centre: Centre
    contacts: pl.DataFrame
    evaluations: pl.DataFrame
    agent_days: pl.DataFrame
    cells: pl.DataFrame

    @property
    def trained_week(self) -> NDArray[np.int64]:
        """Week of each agent's first completed course, ``NEVER`` for none, shape (agents,)."""
        programme, staff = self.centre.programme, self.centre.staff
        done = (programme.base_week <= staff.left) & (programme.base_week < self.params.weeks)
        return np.where(done, programme.base_week, NEVER)[: staff.count]


def simulate(params: Parameters, progress: Progress | None = None) -> World:
    """Simulate a contact centre.

    Parameters
    ----------
    params : Parameters
    progress : callable, optional
        Called with the name of each step as it starts.

    Returns
    -------
    World
    """
    centre = Centre(params)
    customers = Customers(params, _site_volume(centre))
    contacts: list[Columns] = []
    evaluations: list[Columns] = []
    days: list[Columns] = []
    cells: list[Columns] = []
    first = 0
    for t in range(params.weeks):
        if progress is not None and t % WEEKS_PER_STEP == 0:
            progress(f"weeks {t + 1} to {min(t + WEEKS_PER_STEP, params.weeks)} of {params.weeks}")
        week = centre.begin(t)
        rates = {name: centre.rates(name, week) for name in params.outcomes}
        drawn = draw_contacts(centre, week, rates)
        customers.assign(t, first, drawn.columns)
        handled = np.bincount(drawn.row, minlength=week.agent.size).astype(np.float64)
        escalated = np.bincount(drawn.row, weights=drawn.columns["escalated"], minlength=week.agent.size)
        centre.end(week, escalated.astype(np.float64), handled)
        evaluations.append(_evaluate(centre, week, drawn, handled, first))
        days.append(_agent_days(centre, week))
        cells.append(_cells(centre, week, drawn, handled) | cell_truth(centre, week, rates))
        contacts.append(drawn.columns)
        first += drawn.row.size
    placed = np.zeros(first, dtype=bool)
    if customers.came_back:
        placed[np.concatenate(customers.came_back)] = True
    return World(
        params=params,
        centre=centre,
        contacts=_frame(contacts).with_columns(pl.Series("came_back", placed)),
        evaluations=_frame(evaluations),
        agent_days=_frame(days),
        cells=_frame(cells),
    )


def _site_volume(centre: Centre) -> Array:
    params = centre.params
    seats = np.bincount(centre.staff.seat_site, minlength=len(params.sites))
    return seats.astype(np.float64) * params.contacts_per_week * (1.0 + params.season_volume)


def _frame(parts: list[Columns]) -> pl.DataFrame:
    return pl.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _evaluate(centre: Centre, week: Week, drawn: Drawn, handled: Array, first: int) -> Columns:
    """Draw quality evaluations: a few contacts of each agent, scored by a rater on the form of the day."""
    params = centre.params
    rng = stream(params.seed, "quality", week.week)
    spread = params.chain.evaluations_spread
    often = np.exp(spread * stream(params.seed, "evaluations by team").standard_normal(params.teams) - spread**2 / 2)
    wanted = rng.poisson(params.qa_per_week * often[centre.staff.seat_team])[week.seats]
    wanted = np.minimum(wanted, handled.astype(np.int64))
    row = np.repeat(np.arange(week.agent.size), wanted)
    begin = np.cumsum(handled).astype(np.int64) - handled.astype(np.int64)
    contact = begin[row] + (rng.random(row.size) * handled[row]).astype(np.int64)
    _, once = np.unique(contact, return_index=True)
    row, contact = row[once], contact[once]
    rater = (rng.random(row.size) * params.raters).astype(np.int64)
    severity = params.qa_rater_sd * stream(params.seed, "raters").standard_normal(params.raters)
    version = 1 + int(week.week >= round(params.qa_form_change * params.weeks))
    size = params.skill_gain * params.effect_scale
    leaking = stream(params.seed, "leaking raters").permutation(params.raters)
    knows = np.isin(rater, leaking[: round(params.chain.leaking_share * params.raters)]) & week.trained[row]
    columns: Columns = {
        "contact": contact + first,
        "agent": week.agent[row].astype(np.int32),
        "rater": rater,
        "form_version": np.full(row.size, version),
        "week": np.full(row.size, week.week),
    }
    for position, skill in enumerate(SKILLS):
        level = week.skill[row, position] + week.mood[row] + size * week.dose[row, position]
        points = QA_LEVEL + QA_PER_SD * level + severity[rater] - params.qa_form_harder * (version - 1)
        points += params.chain.leak * knows
        points += params.qa_noise_sd * rng.standard_normal(row.size)
        columns[skill] = np.clip(np.round(points, 3), 0.0, 1.0)
    columns["critical_fail"] = rng.random(row.size) < 0.02
    return columns


def _agent_days(centre: Centre, week: Week) -> Columns:
    row, day = np.nonzero(week.rostered)
    worked = week.worked[row, day]
    seconds = worked * FULL_DAY_SECONDS * centre.staff.fte[week.agent[row]]
    return {
        "agent": week.agent[row].astype(np.int32),
        "day": (day + 7 * week.week).astype(np.int32),
        "worked_seconds": seconds.astype(np.int32),
        "absent": ~worked,
    }


def _cells(centre: Centre, week: Week, drawn: Drawn, handled: Array) -> Columns:
    columns: Columns = {
        "agent": week.agent.astype(np.int32),
        "week": np.full(week.agent.size, week.week, dtype=np.int32),
        "team": week.team.astype(np.int16),
        "site": week.site.astype(np.int8),
        "tenure": week.tenure,
        "trained": week.trained,
        "n": handled,
        "dose": week.dose.mean(axis=1),
        "spill_dose": week.spill_dose.mean(axis=1),
        "form": week.form,
        "hazard": week.hazard,
        "hazard_untrained": week.hazard_untrained,
    }
    counted = dict(drawn.columns, handle_seconds=drawn.columns["handle"])
    counted["top2"] = drawn.columns["answered"].astype(bool) & (drawn.columns["score"].astype(np.int64) >= 4)
    for name, without in drawn.without.items():
        columns[f"drawn_{name}__seen"] = np.bincount(
            drawn.row, weights=counted[name], minlength=week.agent.size
        )
        columns[f"drawn_{name}__none"] = without
    return columns


def start_of(params: Parameters) -> np.datetime64:
    """Return the first Monday as a date."""
    return np.datetime64(calendar.first_monday(params))
