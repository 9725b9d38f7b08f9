"""The contact centre, week by week: the process shared by the fast panel and the full world."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sample_data import calendar
from sample_data.parameters import Parameters
from sample_data.performance import Predictor, contact_mix, tenure_curve
from sample_data.programme import Programme
from sample_data.staff import WEEKDAY_WEIGHT, Array, Ints, Staff
from sample_data.streams import stream


@dataclass(frozen=True)
class Week:
    """State of a week before its contacts are drawn. All arrays are by seated agent.

    Parameters
    ----------
    week : int
        0-based.
    seats, agent, team, site : (agents,) int
    form : (agents,) float
        Form, log-odds of escalation: team, persistent and passing part.
    skill : (agents, 5) float
        Skills without training, sd units: starting level and drift.
    mood : (agents,) float
        Addition of a shared shock to every skill as scored, sd units; zero in other worlds.
    dose : (agents, 5) float
        Dose of training that acts on each skill: own, or spilled over; heterogeneity applied.
    spill_dose : (agents, 5) float
        Dose from team-mates, without the agent's own training.
    trained : (agents,) bool
        Has completed the base course.
    curve : (agents,) float
        Position on the learning curve.
    tenure : (agents,) int
        Weeks since hire.
    rostered, worked : (agents, 7) bool
        Days on the roster, and days worked.
    share : (agents, kinds) float
        Mix of the agent's contacts.
    expected : (agents, 7) float
        Expected contacts by day.
    hazard, hazard_untrained : (agents,) float
        Probability of leaving at the end of the week, actual and without training.
    """

    week: int
    seats: Ints
    agent: Ints
    team: Ints
    site: Ints
    form: Array
    skill: Array
    mood: Array
    dose: Array
    spill_dose: Array
    trained: NDArray[np.bool_]
    curve: Array
    tenure: Ints
    rostered: NDArray[np.bool_]
    worked: NDArray[np.bool_]
    share: Array
    expected: Array
    hazard: Array
    hazard_untrained: Array


@dataclass(frozen=True)
class Rates:
    """One outcome's rates in a week, by agent and kind of contact, under each potential programme.

    Parameters
    ----------
    seen : (agents, kinds) float
        As it happened.
    none : (agents, kinds) float
        Had there been no programme.
    alone : (agents, kinds) float
        Had only the team-mates been trained: ``alone - none`` is spillover, ``seen - alone`` the direct effect of
        the agent's own training.
    unskilled : (agents, kinds) float
        Had training left the skills as they were: ``seen - unskilled`` runs through the skills.
    lifted : (agents, kinds) float
        Had there been no programme and every skill been ``LIFT`` higher as scored.
    """

    seen: Array
    none: Array
    alone: Array
    unskilled: Array
    lifted: Array


class Centre:
    """Runs the centre. Call :meth:`begin` and :meth:`end` for every week in turn."""

    def __init__(self, params: Parameters) -> None:
        if params.weeks < 1 or params.teams < 1 or params.seats_per_team < 1:
            raise ValueError("weeks, teams and seats_per_team must each be at least 1")
        self.params = params
        self.mix = contact_mix(params)
        self.staff = Staff(params)
        self.programme = Programme(params, self.staff)
        self._predictors: dict[str, Predictor] = {}  # made as they are asked for: a panel needs one of them
        self._volume = 1.0 + params.season_volume * calendar.season(params)
        hard = self.mix.difficulty[None, :] > np.median(self.mix.difficulty)
        self._hard = hard
        room = self.staff.hired.size
        self._recent = np.zeros((2, params.lookback_weeks, room))

    def _predictor(self, name: str) -> Predictor:
        if name not in self._predictors:
            self._predictors[name] = Predictor.of(self.params, name)
        return self._predictors[name]

    def begin(self, week: int) -> Week:
        """Begin a week: hires, moves, training, form, absences."""
        params, staff, programme = self.params, self.staff, self.programme
        staff.begin_week(week)
        needed = params.assignment == "lowest_performers"
        programme.begin_week(week, self._recent_rate() if needed else None)
        seats = np.flatnonzero(staff.occupant >= 0)
        agent = staff.occupant[seats]
        team = staff.seat_team[seats]
        own = programme.own_dose(week, agent)
        trained = programme.base_week[agent] <= week
        spilled = programme.spill_dose(own, team)
        strength = programme.multiplier(week, agent)[:, None]
        spill_dose = spilled * strength
        dose = np.where(trained[:, None], own * strength, spill_dose)
        form = staff.team_form[team] + staff.residual[agent] + staff.passing[agent]
        tenure = week - staff.hired[agent]
        rostered = staff.rostered(week, seats)
        lean: Array | float = 0.0
        strain = params.effect_scale * params.chain.strain * dose.mean(axis=1)
        if params.absence_effect or params.chain.strain:
            lean = params.effect_scale * params.absence_effect * dose.mean(axis=1) + strain
        worked = rostered & ~staff.absent(week, seats, lean)
        daily = params.contacts_per_week / 5.0 * self._volume[week] * staff.fte[agent]
        expected = worked * (daily[:, None] * WEEKDAY_WEIGHT)
        share = self.mix.share[team]
        if params.harder_calls > 0:
            share = self._rerouted(share, trained)
        hazard, hazard_untrained = staff.end_week(week, seats, form, trained, np.exp(strain / 2))
        return Week(
            week=week,
            seats=seats,
            agent=agent,
            team=team,
            site=staff.seat_site[seats],
            form=form,
            skill=staff.skill[agent] + staff.drift[agent],
            mood=staff.mood(agent),
            dose=dose,
            spill_dose=spill_dose,
            trained=trained,
            curve=tenure_curve(params, tenure),
            tenure=tenure,
            rostered=rostered,
            worked=worked,
            share=share,
            expected=expected,
            hazard=hazard,
            hazard_untrained=hazard_untrained,
        )

    def _rerouted(self, share: Array, trained: NDArray[np.bool_]) -> Array:
        hard = np.where(self._hard, share, 0.0)
        taken = self.params.harder_calls * (share - hard)
        moved = share - taken + hard / hard.sum(axis=1, keepdims=True) * taken.sum(axis=1, keepdims=True)
        return np.where(trained[:, None], moved, share)

    def rates(self, name: str, week: Week) -> Rates:
        """Return the rates of one outcome in a week, under every potential programme."""
        predictor, difficulty, scale = self._predictor(name), self.mix.difficulty, self.params.effect_scale
        eta = predictor.untrained(week.week, week.form, week.skill, week.curve)
        none = predictor.rate(eta, difficulty)
        lift = predictor.lift()
        lifted = predictor.rate(eta + lift, difficulty) if lift else none
        if scale == 0 or predictor.outcome.effect == 0 or not week.dose.any():
            return Rates(seen=none, none=none, alone=none, unskilled=none, lifted=lifted)
        through, direct = predictor.effect(week.dose, scale)
        spilled = sum(predictor.effect(week.spill_dose, scale))
        return Rates(
            seen=predictor.rate(eta + through + direct, difficulty),
            none=none,
            alone=predictor.rate(eta + spilled, difficulty),
            unskilled=predictor.rate(eta + direct, difficulty),
            lifted=lifted,
        )

    def seen_and_none(self, name: str, week: Week) -> tuple[Array, Array]:
        """Return each agent's expected rate as it happened and without a programme, each (agents,)."""
        predictor, difficulty, scale = self._predictor(name), self.mix.difficulty, self.params.effect_scale
        eta = predictor.untrained(week.week, week.form, week.skill, week.curve)
        none = _mean(predictor.rate(eta, difficulty), week.share)
        if scale == 0 or predictor.outcome.effect == 0 or not week.dose.any():
            return none, none
        shift = sum(predictor.effect(week.dose, scale))
        return _mean(predictor.rate(eta + shift, difficulty), week.share), none

    def end(self, week: Week, escalated: Array, handled: Array) -> None:
        """End a week: record escalations by agent, for choosing the lowest performers.

        Parameters
        ----------
        escalated, handled : (agents,) float
            Observed counts, in the order of ``week.agent``.
        """
        slot = week.week % self.params.lookback_weeks
        self._recent[:, slot] = 0.0
        self._recent[0, slot, week.agent] = escalated
        self._recent[1, slot, week.agent] = handled

    def _recent_rate(self) -> Array:
        escalated, handled = self._recent.sum(axis=1)
        rate: Array = np.divide(escalated, handled, out=np.full(handled.shape, np.nan), where=handled > 0)
        return rate

    def volumes(self, week: Week) -> NDArray[np.int64]:
        """Draw the number of contacts of every agent and day, shape (agents, 7)."""
        rng = stream(self.params.seed, "volume", week.week)
        full = np.zeros((self.params.seats, 7))
        full[week.seats] = week.expected
        return rng.poisson(full)[week.seats]


def _mean(rate: Array, share: Array) -> Array:
    mean: Array = np.einsum("ak,ak->a", rate, share)
    return mean
