"""The training programme: waves, selection, no-shows, ramp, decay, spillover."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from sample_data.parameters import ASSIGNMENT_MODES, Parameters
from sample_data.performance import skill_slopes
from sample_data.staff import NEVER, Array, Ints, Staff
from sample_data.streams import stream

COURSE_DELAY_WEEKS = np.array([1, 1, 2, 2, 3])
"""Weeks from the base course to each skill's own course."""

BASE_COURSE = "EMP101"
SKILL_COURSES = ("EMP201", "EMP202", "EMP203", "EMP204", "EMP205")
REFRESHER_COURSE = "EMP150"

TERCILE = 0.4307272992954576
"""Standard normal quantile of two thirds."""


class Programme:
    """The roll-out: which teams in which wave, which agents, and the weeks of their courses."""

    def __init__(self, params: Parameters, staff: Staff) -> None:
        if params.assignment not in ASSIGNMENT_MODES:
            raise ValueError(f"assignment: {params.assignment!r} is unknown; use one of {', '.join(ASSIGNMENT_MODES)}")
        self.params = params
        self.staff = staff
        order = stream(params.seed, "wave order").permutation(params.teams)
        reached = order[: params.teams - round(params.never_share * params.teams)]
        self.team_wave: Ints = np.full(params.teams, -1, dtype=np.int64)
        for wave, members in enumerate(np.array_split(reached, params.waves)):
            self.team_wave[members] = wave
        if params.assignment == "none":
            self.team_wave[:] = -1
        room = staff.hired.size
        self.wave: Ints = np.full(room, -1, dtype=np.int64)
        self.scheduled: Ints = np.full(room, NEVER, dtype=np.int64)
        self.base_week: Ints = np.full(room, NEVER, dtype=np.int64)
        self.skill_week: Ints = np.full((room, 5), NEVER, dtype=np.int64)
        self.refresher_week: Ints = np.full(room, NEVER, dtype=np.int64)
        self.retaken = np.zeros(room, dtype=bool)
        slopes = skill_slopes(params, "escalated")
        self._level = staff.residual, staff.skill, slopes
        age = np.arange(params.weeks + 1, dtype=np.float64)
        fading = np.maximum(age - params.ramp_weeks + 1, 0.0)
        self._path = np.minimum((age + 1) / max(params.ramp_weeks, 1), 1.0) * self._remains(fading)
        self._renewed = self._remains(age)

    def _remains(self, age: Array) -> Array:
        floor = self.params.floor
        return floor + (1.0 - floor) * 2.0 ** (-age / self.params.half_life_weeks)

    def wave_week(self, wave: int) -> int:
        """Return the week in which a wave starts."""
        return self.params.pre_weeks + wave * self.params.wave_gap_weeks

    def level(self, agent: Ints) -> Array:
        """Return the agents' persistent level, in log-odds of escalation: high is bad."""
        residual, skill, slopes = self._level
        return residual[agent] + skill[agent] @ slopes

    def begin_week(self, week: int, recent_rate: Array | None) -> None:
        """Choose the agents of the waves that start this week and set the weeks of their courses.

        Parameters
        ----------
        recent_rate : (agents,) float or None
            Observed escalation rate over the lookback weeks, NaN where nothing was observed; needed by
            ``lowest_performers`` only.
        """
        params, staff = self.params, self.staff
        for wave in range(params.waves):
            if self.wave_week(wave) != week:
                continue
            seats = np.flatnonzero((self.team_wave[staff.seat_team] == wave) & (staff.occupant >= 0))
            seats = seats[self.scheduled[staff.occupant[seats]] == NEVER]
            chosen = seats[self._choose(week, seats, recent_rate)]
            self._enrol(week, wave, chosen)

    def _choose(self, week: int, seats: Ints, recent_rate: Array | None) -> NDArray[np.bool_]:
        params, staff = self.params, self.staff
        agent = staff.occupant[seats]
        team = staff.seat_team[seats]
        uniform = stream(params.seed, "choose", week).random(params.seats)[seats]
        if params.assignment == "team_waves":
            return np.ones(seats.size, dtype=bool)
        if params.assignment == "volunteers":
            better = -self.level(agent) / max(params.agent_sd, 1e-9)
            lean = np.log(params.chosen_share / (1 - params.chosen_share)) if params.chosen_share < 1 else 50.0
            eager: NDArray[np.bool_] = uniform < expit(lean + params.volunteer_strength * better)
            return eager
        if params.assignment == "lowest_performers":
            if recent_rate is None:
                raise ValueError("lowest_performers needs the observed escalation rate of the lookback weeks")
            score = recent_rate[agent]
            eligible = np.isfinite(score)
        else:
            score, eligible = uniform, np.ones(seats.size, dtype=bool)
        picked = np.zeros(seats.size, dtype=bool)
        for one in np.unique(team).tolist():
            members = np.flatnonzero((team == one) & eligible)
            quota = int(np.floor(params.chosen_share * members.size + 0.5))
            worst_first = members[np.lexsort((uniform[members], -score[members]))]
            picked[worst_first[:quota]] = True
        return picked

    def _enrol(self, week: int, wave: int, seats: Ints) -> None:
        params = self.params
        agent = self.staff.occupant[seats]
        self.wave[agent] = wave
        self.scheduled[agent] = week
        draw = stream(params.seed, "attend", week).random((params.seats, 6 + 5))[seats]
        comes = draw[:, 0] >= params.no_show
        delay = np.where(draw[:, 1] < params.late, 1 + (draw[:, 2] < 0.5), 0)
        base = np.where(comes, week + delay, NEVER)
        self.base_week[agent] = base
        partial = draw[:, 3] < params.partial
        takes = comes[:, None] & (~partial[:, None] | (draw[:, 6:] < 0.5))
        self.skill_week[agent] = np.where(takes, base[:, None] + COURSE_DELAY_WEEKS[None, :], NEVER)
        refreshed = comes & (draw[:, 4] < params.refresher_share)
        self.refresher_week[agent] = np.where(refreshed, base + params.refresher_weeks, NEVER)
        self.retaken[agent] = comes & (draw[:, 5] < params.retake)

    def own_dose(self, week: int, agent: Ints) -> Array:
        """Return each agent's own dose of each skill this week, before heterogeneity, shape (agents, 5)."""
        params = self.params
        dose = np.zeros((agent.size, 5))
        started = np.flatnonzero(self.base_week[agent] <= week)
        if not started.size:
            return dose
        who = agent[started]
        base = self._path[week - self.base_week[who]]
        age = week - self.skill_week[who]
        own = np.where(age >= 0, self._path[np.maximum(age, 0)], 0.0)
        mixed = params.base_course_share * base[:, None] + (1.0 - params.base_course_share) * own
        again = week - self.refresher_week[who]
        renewed = self._renewed[np.maximum(again, 0)][:, None] * np.where(
            age >= 0, 1.0, params.base_course_share
        )
        dose[started] = np.where(again[:, None] >= 0, np.maximum(renewed, mixed), mixed)
        return dose

    def multiplier(self, week: int, agent: Ints) -> Array:
        """Return the heterogeneity of each agent's effect: by starting level and by tenure at training."""
        params = self.params
        level = self.level(agent) / max(params.agent_sd, 1e-9)
        third = np.where(level > TERCILE, 0, np.where(level > -TERCILE, 1, 2))
        at = np.minimum(self.base_week[agent], week)
        band = np.searchsorted([13, 52], at - self.staff.hired[agent], side="right")
        by_level: Array = np.asarray(params.heterogeneity_level)[third]
        by_tenure: Array = np.asarray(params.heterogeneity_tenure)[band]
        return by_level * by_tenure

    def spill_dose(self, own: Array, team: Ints) -> Array:
        """Return the dose an untrained agent gets from team-mates, leave-own-out mean times ``spillover``."""
        params = self.params
        size = np.bincount(team, minlength=params.teams).astype(np.float64)
        others = np.maximum(size[team] - 1.0, 1.0)
        spilled = np.empty_like(own)
        for skill in range(own.shape[1]):
            total = np.bincount(team, weights=own[:, skill], minlength=params.teams)
            spilled[:, skill] = params.spillover * (total[team] - own[:, skill]) / others
        return spilled
