"""Draw the contacts of a week: agent, time, outcomes and customer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from sample_data.answers import SCORE_SHIFT, draw_answers
from sample_data.centre import Centre, Rates, Week
from sample_data.parameters import Parameters
from sample_data.staff import Array, Ints
from sample_data.streams import stream

SHIFT_START_HOUR = np.array([8, 9, 11, 13])
"""First hour of the four shifts, local time."""

SHIFT_SECONDS = 7.5 * 3600
"""Working seconds of a full-time shift."""

NO_OFFER, UPSELL, CROSS_SELL = 0, 1, 2

ON_CONTACT = ("escalated", "hostile", "transferred", "complained", "repeated", "churned")
"""Binary outcomes that depend on the contact's hidden difficulty."""

AFTER_CONTACT = ("referred", "repurchased")
"""Binary outcomes that do not depend on it."""

MAX_HANDLE_SECONDS = 7200.0

Columns = dict[str, NDArray[np.generic]]


@dataclass(frozen=True)
class Drawn:
    """A week of contacts, and the outcomes of the same random numbers without a programme.

    Parameters
    ----------
    columns : dict of arrays, each (contacts,)
        See docs/sample-world.md, "A contact".
    row : (contacts,) int
        Position of the contact's agent in the week.
    without : dict of (agents,) float
        Sums by agent of the outcomes drawn with the same random numbers at the rates without a programme.
    """

    columns: Columns
    row: Ints
    without: dict[str, Array]


def draw_contacts(centre: Centre, week: Week, rates: dict[str, Rates]) -> Drawn:
    """Draw every contact of a week with all its outcomes, except the customer.

    Outcomes of one contact are correlated through its hidden difficulty by a Gaussian copula: outcome k happens when
    ``rho_k z + sqrt(1 - rho_k^2) e_k > -probit(rate)``, so that each rate is exact whatever the correlation.
    """
    params = centre.params
    volume = centre.volumes(week)
    row, day, place = _slots(volume)
    size = row.size
    rng = stream(params.seed, "contact", week.week)
    kind = _kinds(rng, week.share, row)
    cell = row * week.share.shape[1] + kind
    hidden = rng.standard_normal(size, dtype=np.float32)
    columns: Columns = {
        "agent": week.agent[row].astype(np.int32),
        "team": week.team[row].astype(np.int16),
        "site": week.site[row].astype(np.int8),
        "day": (day + 7 * week.week).astype(np.int32),
        "queue": centre.mix.queue[kind].astype(np.int8),
        "channel": centre.mix.channel[kind].astype(np.int8),
        "second": _start_second(rng, centre, week, row, place, volume, day),
    }
    without: dict[str, Array] = {}
    for name in ON_CONTACT:
        latent = _latent(rng, hidden, params.outcomes[name].contact)
        columns[name] = latent > _threshold(rates[name].seen, cell)
        without[name] = _sum(row, latent > _threshold(rates[name].none, cell), week)
    latent = _latent(rng, hidden, params.outcomes["satisfied"].contact)
    invited = rng.random(size, dtype=np.float32) < params.survey_invited
    score, answered, scores_without = _scores(rng, params, rates["satisfied"], latent, cell, invited)
    columns["invited"], columns["score"], columns["answered"] = invited, score, answered
    without["answered"] = _sum(row, scores_without[1], week)
    without["top2"] = _sum(row, scores_without[1] & (scores_without[0] >= 4), week)
    for name in AFTER_CONTACT:
        columns[name] = rng.random(size, dtype=np.float32) < rates[name].seen.ravel()[cell]
    columns["handle"], without["handle_seconds"] = _handle(rng, centre, rates, hidden, cell, row, week)
    columns |= _offers(rng, params, rates, cell)
    columns |= _items(rng, rates, columns, cell)
    columns["supervisor"] = columns["escalated"].astype(bool) & (rng.random(size, dtype=np.float32) < 0.3)
    columns["wait"] = (8 + 60 * rng.standard_exponential(size, dtype=np.float32)).astype(np.int32)
    columns["uniform"] = rng.random(size, dtype=np.float32)
    return Drawn(columns=columns, row=row, without=without)


def _slots(volume: NDArray[np.int64]) -> tuple[Ints, Ints, Ints]:
    """Return for every contact the agent's row, the day and its place in the agent's day."""
    flat = volume.ravel()
    cell = np.repeat(np.arange(flat.size), flat)
    first = np.cumsum(flat) - flat
    return cell // 7, cell % 7, np.arange(cell.size) - first[cell]


def _kinds(rng: np.random.Generator, share: Array, row: Ints) -> Ints:
    cumulative = np.cumsum(share, axis=1)
    cumulative /= cumulative[:, -1:]
    draw = rng.random(row.size)
    kind = np.zeros(row.size, dtype=np.int64)
    for column in range(share.shape[1] - 1):
        kind += draw > cumulative[row, column]
    return kind


def _start_second(
    rng: np.random.Generator, centre: Centre, week: Week, row: Ints, place: Ints, volume: NDArray[np.int64], day: Ints
) -> NDArray[np.int32]:
    staff = centre.staff
    begin = SHIFT_START_HOUR[staff.shift[week.agent]] * 3600
    length = SHIFT_SECONDS * staff.fte[week.agent]
    spaced = (place + 0.8 * rng.random(row.size, dtype=np.float32)) / volume[row, day]
    return (begin[row] + spaced * length[row]).astype(np.int32)


def _latent(rng: np.random.Generator, hidden: NDArray[np.float32], rho: float) -> NDArray[np.float32]:
    noise = rng.standard_normal(hidden.size, dtype=np.float32)
    if rho == 0:
        return noise
    return np.float32(rho) * hidden + np.float32(np.sqrt(1 - rho**2)) * noise


def _threshold(rate: Array, cell: Ints) -> NDArray[np.float32]:
    threshold: NDArray[np.float32] = (-ndtri(rate)).astype(np.float32).ravel()[cell]
    return threshold


def _sum(row: Ints, values: NDArray[np.generic], week: Week) -> Array:
    return np.bincount(row, weights=values, minlength=week.agent.size).astype(np.float64)


def _scores(
    rng: np.random.Generator,
    params: Parameters,
    rates: Rates,
    latent: NDArray[np.float32],
    cell: Ints,
    invited: NDArray[np.bool_],
) -> tuple[NDArray[np.int8], NDArray[np.bool_], tuple[NDArray[np.int8], NDArray[np.bool_]]]:
    response = np.asarray(params.response_by_score, dtype=np.float32)
    uniform = rng.random(cell.size, dtype=np.float32)

    def under(rate: Array) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
        gap = latent - _threshold(rate, cell)
        score = np.ones(cell.size, dtype=np.int8)
        for shift in SCORE_SHIFT:
            score += gap > -shift
        return score, invited & (uniform < response[score - 1])

    score, answered = under(rates.seen)
    return score, answered, under(rates.none)


def _handle(
    rng: np.random.Generator,
    centre: Centre,
    rates: dict[str, Rates],
    hidden: NDArray[np.float32],
    cell: Ints,
    row: Ints,
    week: Week,
) -> tuple[NDArray[np.int32], Array]:
    params = centre.params
    spread = np.exp(
        np.float32(params.handle_log_sd) * _latent(rng, hidden, params.outcomes["handle_seconds"].contact)
    )
    seen = spread * rates["handle_seconds"].seen.ravel()[cell]
    none = spread * rates["handle_seconds"].none.ravel()[cell]
    return np.clip(np.rint(seen), 5, MAX_HANDLE_SECONDS).astype(np.int32), _sum(row, none, week)


def _offers(rng: np.random.Generator, params: Parameters, rates: dict[str, Rates], cell: Ints) -> Columns:
    size = cell.size
    uniform = rng.random((2, size), dtype=np.float32)
    kind = np.where(uniform[0] < params.eligible * params.upsell_share, UPSELL, CROSS_SELL)
    kind[uniform[0] >= params.eligible] = NO_OFFER
    offered = (kind > 0) & (uniform[1] < rates["offered"].seen.ravel()[cell])
    accepted = np.zeros(size, dtype=bool)
    cancelled = np.zeros(size, dtype=bool)
    amount = np.zeros(size)
    made = np.flatnonzero(offered)
    fate = rng.random((2, made.size))
    accepted[made] = fate[0] < rates["accepted"].seen.ravel()[cell[made]]
    cancelled[made] = accepted[made] & (fate[1] < rates["cancelled"].seen.ravel()[cell[made]])
    sold = np.flatnonzero(accepted)
    centre_log = np.log(params.revenue_mean) - params.revenue_log_sd**2 / 2
    amount[sold] = np.round(np.exp(centre_log + params.revenue_log_sd * rng.standard_normal(sold.size)), 2)
    return {
        "offer_kind": kind.astype(np.int8),
        "offered": offered,
        "accepted": accepted,
        "cancelled": cancelled,
        "amount": amount,
    }


def _items(rng: np.random.Generator, rates: dict[str, Rates], columns: Columns, cell: Ints) -> Columns:
    said = np.flatnonzero(columns["answered"])
    drawn = draw_answers(
        rng,
        columns["score"][said].astype(np.int64),
        rates["felt_heard"].seen.ravel()[cell[said]],
        rates["promoter"].seen.ravel()[cell[said]],
    )
    felt = np.zeros(cell.size, dtype=np.int8)
    recommend = np.full(cell.size, -1, dtype=np.int8)
    felt[said], recommend[said] = drawn.felt, drawn.recommend
    return {"felt": felt, "recommend": recommend}


class Customers:
    """Assigns contacts to customers: new customers in turn, and returning ones with the same reason.

    A returning customer replaces a new contact of the same site, queue and day, so that volumes do not depend on
    repeats. Fresh contacts of one customer are ``customer_cycle_weeks`` apart, so that windows of seven and of ninety
    days hold nobody else's contacts.
    """

    def __init__(self, params: Parameters, site_contacts_per_week: Array) -> None:
        self.params = params
        self.cycle: Ints = np.maximum(np.ceil(site_contacts_per_week * params.customer_cycle_weeks * 1.15), 50).astype(
            np.int64
        )
        self.taken: Ints = np.zeros(len(params.sites), dtype=np.int64)
        self.generation = [np.zeros(int(size), dtype=np.int64) for size in self.cycle]
        self.pending: dict[int, list[tuple[Ints, Ints, Ints, Ints]]] = {}
        self.came_back: list[Ints] = []
        self._reasons = np.array([len(queue.reasons) for queue in params.queues])

    def assign(self, week: int, first_id: int, columns: Columns) -> None:
        """Give every contact of a week its customer and reason; adds the columns ``customer`` and ``reason``.

        Parameters
        ----------
        week : int
        first_id : int
            Number of the week's first contact in the whole window.
        columns : dict of arrays
            Needs ``site, day, queue, repeated, churned``; gets ``customer`` (int64: site, place in the cycle and
            generation in one number) and ``reason`` (int8, index in the queue's reasons).
        """
        rng = stream(self.params.seed, "customer", week)
        site, day, queue = (columns[name].astype(np.int64) for name in ("site", "day", "queue"))
        size = site.size
        queues = len(self.params.queues)
        group = (site * queues + queue) + (day - 7 * week) * (queues * len(self.params.sites))
        shuffle = rng.random(size)
        order = np.lexsort((shuffle, group))
        bounds = np.searchsorted(group[order], np.arange(7 * queues * len(self.params.sites) + 1))
        customer = np.full(size, -1, dtype=np.int64)
        reason = (rng.random(size) * self._reasons[queue]).astype(np.int64)
        delay = 1 + np.searchsorted(np.cumsum(self.params.repeat_days), rng.random(size)).clip(0, 5)
        span = queues * len(self.params.sites)
        for weekday in range(7):
            today = 7 * week + weekday
            members = order[bounds[weekday * span] : bounds[(weekday + 1) * span]]
            self._return(today, weekday * span, order, bounds, customer, reason)
            self._fresh(members[customer[members] < 0], site, customer)
            again = members[columns["repeated"][members]]
            for wait in range(1, 7):
                who = again[delay[again] == wait]
                if who.size:
                    where = site[who] * queues + queue[who]
                    back = (who + first_id, where, customer[who], reason[who])
                    self.pending.setdefault(today + wait, []).append(back)
        self._churn(customer[columns["churned"]])
        columns["customer"] = customer
        columns["reason"] = reason.astype(np.int8)

    def _return(self, today: int, base: int, order: Ints, bounds: Ints, customer: Ints, reason: Ints) -> None:
        waiting = self.pending.pop(today, None)
        if not waiting:
            return
        origin, where, who, why = (np.concatenate(part) for part in zip(*waiting, strict=True))
        sort = np.argsort(where, kind="stable")
        origin, where, who, why = origin[sort], where[sort], who[sort], why[sort]
        rank = np.arange(where.size) - np.searchsorted(where, where)
        spot = bounds[base + where] + rank
        fits = spot < bounds[base + where + 1]
        target = order[spot[fits]]
        customer[target] = who[fits]
        reason[target] = why[fits]
        self.came_back.append(origin[fits])

    def _fresh(self, members: Ints, site: Ints, customer: Ints) -> None:
        for place in range(len(self.params.sites)):
            mine = members[site[members] == place]
            number = (self.taken[place] + np.arange(mine.size)) % self.cycle[place]
            self.taken[place] += mine.size
            customer[mine] = (number * len(self.params.sites) + place) * 100 + self.generation[place][number] % 100

    def _churn(self, gone: Ints) -> None:
        place = (gone // 100) % len(self.params.sites)
        number = gone // 100 // len(self.params.sites)
        for one in range(len(self.params.sites)):
            slots = np.unique(number[place == one])
            self.generation[one][slots] += 1
