"""Staff by week: seats, agents, hires, leavers, team moves, shifts and absences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sample_data import calendar
from sample_data.parameters import Parameters
from sample_data.performance import residual_sd, skill_covariance
from sample_data.streams import stream

NEVER = 1_000_000
"""Week number that stands for never."""

WEEKS_PER_MONTH = 52.1775 / 12
WEEKDAY_WEIGHT = np.array([1.15, 1.08, 1.02, 1.00, 0.98, 0.90, 0.87])
"""Load by weekday, Monday first; averages one."""

Array = NDArray[np.float64]
Ints = NDArray[np.int64]


def weekly_hazard(params: Parameters, tenure_weeks: Ints | Array) -> Array:
    """Return the chance to leave in a week, before form, season and training, by tenure in weeks."""
    monthly = np.asarray(params.hazard_monthly)
    weekly = 1.0 - (1.0 - monthly) ** (1.0 / WEEKS_PER_MONTH)
    return weekly[np.searchsorted([13, 52], np.asarray(tenure_weeks), side="right")]


def team_sites(params: Parameters) -> Ints:
    """Return the site of each team, shape (teams,): sites take their share of the teams in order."""
    edges = np.cumsum([site.share for site in params.sites])
    middle = (np.arange(params.teams) + 0.5) / params.teams * edges[-1]
    site: Ints = np.searchsorted(edges, middle).astype(np.int64)
    return np.minimum(site, len(params.sites) - 1)


class Staff:
    """Seats and the agents who hold them.

    A seat belongs to a team for good; an agent holds one seat at a time. Arrays by agent have room for everyone who
    could ever be hired (each seat anew every week); ``count`` of them exist.
    """

    def __init__(self, params: Parameters) -> None:
        self.params = params
        seats = params.seats
        self.seat_team: Ints = np.repeat(np.arange(params.teams), params.seats_per_team)
        self.team_site = team_sites(params)
        self.seat_site: Ints = self.team_site[self.seat_team]
        self.occupant: Ints = np.full(seats, -1, dtype=np.int64)
        self.refill: Ints = np.zeros(seats, dtype=np.int64)
        room = seats * (params.weeks + 1) if max(params.hazard_monthly) > 0 else seats
        self.count = 0
        self.hired: Ints = np.full(room, NEVER, dtype=np.int64)
        self.left: Ints = np.full(room, NEVER, dtype=np.int64)
        self.voluntary = np.zeros(room, dtype=bool)
        self.fte = np.ones(room)
        self.residual = np.zeros(room)
        self.skill = np.zeros((room, 5))
        self.passing = np.zeros(room)
        self.drift = np.zeros((room, 5))
        self.absence_lean = np.zeros(room)
        self.rest_day: Ints = np.zeros(room, dtype=np.int64)
        self.shift: Ints = np.zeros(room, dtype=np.int64)
        self.team_form = params.team_sd * stream(params.seed, "team form").standard_normal(params.teams)
        self.history: list[tuple[int, int, int]] = []
        """(agent, week, team) each time an agent takes a seat in a team."""
        self._root = np.linalg.cholesky(skill_covariance(params))
        self._residual_sd = residual_sd(params)
        self._season = calendar.season(params)
        self._hire(0, np.arange(seats), self._starting_tenure(seats))

    def _starting_tenure(self, seats: int) -> Ints:
        horizon = np.arange(520)
        hazard = weekly_hazard(self.params, horizon)
        survival = np.cumprod(np.concatenate([[1.0], 1.0 - hazard[:-1]]))
        chance = np.cumsum(survival / survival.sum())
        draw = stream(self.params.seed, "starting tenure").random(seats)
        return np.searchsorted(chance, draw).astype(np.int64).clip(0, horizon[-1])

    def _hire(self, week: int, seats: Ints, tenure: Ints) -> None:
        params = self.params
        rng = stream(params.seed, "hire", week)
        everyone = params.seats
        part_time = rng.random(everyone)[seats] < params.part_time_share
        normal = rng.standard_normal((everyone, 8))[seats]
        whole = rng.random((everyone, 2))[seats]
        new = np.arange(self.count, self.count + seats.size)
        self.count += seats.size
        self.hired[new] = week - tenure
        self.fte[new] = np.where(part_time, params.part_time_fte, 1.0)
        self.residual[new] = self._residual_sd * normal[:, 0]
        self.skill[new] = normal[:, 1:6] @ self._root.T
        self.passing[new] = params.form_sd * normal[:, 6]
        if params.chain.drift_sd > 0:
            self.drift[new] = self._wander("skill drift of the new", week, seats)
        self.absence_lean[new] = params.absence_agent_sd * normal[:, 7]
        self.rest_day[new] = (whole[:, 0] * 7).astype(np.int64)
        self.shift[new] = (whole[:, 1] * 4).astype(np.int64)
        self.occupant[seats] = new
        self.history.extend(zip(new.tolist(), [week] * new.size, self.seat_team[seats].tolist(), strict=True))

    def begin_week(self, week: int) -> None:
        """Fill the seats that are due, move a few agents between teams, and let everybody's form drift."""
        if week == 0:
            return
        params = self.params
        due = np.flatnonzero((self.occupant < 0) & (self.refill <= week))
        if due.size:
            self._hire(week, due, np.zeros(due.size, dtype=np.int64))
        self._move(week)
        noise = stream(params.seed, "form", week).standard_normal(params.seats)
        seated = np.flatnonzero(self.occupant >= 0)
        agent = self.occupant[seated]
        fresh = self.hired[agent] == week
        scale = params.form_sd * np.sqrt(1.0 - params.form_rho**2)
        drifted = params.form_rho * self.passing[agent] + scale * noise[seated]
        self.passing[agent] = np.where(fresh, self.passing[agent], drifted)
        rho = params.chain.drift_rho
        if params.chain.drift_sd > 0:
            moved = rho * self.drift[agent] + np.sqrt(1.0 - rho**2) * self._wander("skill drift", week, seated)
            self.drift[agent] = np.where(fresh[:, None], self.drift[agent], moved)

    def _wander(self, purpose: str, week: int, seats: Ints) -> Array:
        """Return steps of the skills' drift with its stationary sd, correlated like the starting skills, (seats, 5)."""
        steps = stream(self.params.seed, purpose, week).standard_normal((self.params.seats, 5))[seats]
        wandered: Array = self.params.chain.drift_sd * (steps @ self._root.T)
        return wandered

    def mood(self, agent: Ints) -> Array:
        """Return the addition of a shared shock (transient form) to every skill as scored, in sd of skill."""
        params = self.params
        if params.chain.mode != "shared_shock" or params.form_sd <= 0:
            return np.zeros(agent.size)
        good: Array = -params.chain.shock_sd * self.passing[agent] / params.form_sd
        return good

    def _move(self, week: int) -> None:
        params = self.params
        if params.moves_per_year <= 0:
            return
        rng = stream(params.seed, "move", week)
        wants = rng.random(params.seats) < params.moves_per_year / 52.1775 / 2.0
        partner = rng.random(params.seats)
        for seat in np.flatnonzero(wants & (self.occupant >= 0)).tolist():
            others = np.flatnonzero(
                (self.seat_site == self.seat_site[seat])
                & (self.seat_team != self.seat_team[seat])
                & (self.occupant >= 0)
            )
            if not others.size:
                continue
            other = int(others[int(partner[seat] * others.size)])
            self.occupant[seat], self.occupant[other] = self.occupant[other], self.occupant[seat]
            for place in (seat, other):
                self.history.append((int(self.occupant[place]), week, int(self.seat_team[place])))

    def rostered(self, week: int, seats: Ints) -> NDArray[np.bool_]:
        """Return the days on which each seated agent should work, shape (agents, 7), Monday first."""
        agent = self.occupant[seats]
        rest = self.rest_day[agent]
        days = np.arange(7)
        first = rest[:, None] == days
        second = ((rest + 1) % 7)[:, None] == days
        working: NDArray[np.bool_] = ~(first | second)
        return working

    def absent(self, week: int, seats: Ints, lean: Array | float = 0.0) -> NDArray[np.bool_]:
        """Return the days on which each seated agent would be absent, shape (agents, 7).

        Parameters
        ----------
        lean : (agents,) float
            Added to the log-odds of absence (the effect of training on it).
        """
        params = self.params
        if params.absence <= 0:
            return np.zeros((seats.size, 7), dtype=bool)
        agent = self.occupant[seats]
        odds = np.log(params.absence / (1 - params.absence)) + self.absence_lean[agent] + lean
        chance = 1.0 / (1.0 + np.exp(-odds))
        draw = stream(params.seed, "absence", week).random((params.seats, 7), dtype=np.float32)
        missed: NDArray[np.bool_] = draw[seats] < chance[:, None]
        return missed

    def end_week(
        self, week: int, seats: Ints, form: Array, trained: NDArray[np.bool_], strain: Array | float = 1.0
    ) -> tuple[Array, Array]:
        """Let some agents leave at the end of the week; ``strain`` (agents,) multiplies the hazard of the trained.

        Returns
        -------
        hazard, hazard_untrained : (agents,) float
            Probability of leaving this week, actual and without training.
        """
        params = self.params
        agent = self.occupant[seats]
        base = weekly_hazard(params, week - self.hired[agent])
        lift = np.exp(params.hazard_form * form + params.hazard_season * self._season[week])
        untrained = np.minimum(base * lift, 0.5)
        ratio = params.hazard_ratio**params.effect_scale
        hazard = np.where(trained, np.minimum(untrained * ratio * strain, 0.5), untrained)
        if max(params.hazard_monthly) <= 0:
            return hazard, untrained
        rng = stream(params.seed, "leave", week)
        draw = rng.random((params.seats, 3))[seats]
        leaves = draw[:, 0] < hazard
        gone = agent[leaves]
        self.left[gone] = week
        self.voluntary[gone] = draw[leaves, 1] < params.voluntary_share
        empty = seats[leaves]
        wait = np.log1p(-draw[leaves, 2]) / np.log1p(-1.0 / max(params.refill_weeks, 1.0001))
        self.refill[empty] = week + 1 + wait.astype(np.int64)
        self.occupant[empty] = -1
        return hazard, untrained
