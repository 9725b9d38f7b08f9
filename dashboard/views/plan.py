"""A proposed roll-out as a page shows it: from an address to a sentence, curves, an order of waves, and warnings."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from analysis.errors import EstimationError
from analysis.planning.constrained_randomisation import Draw, draw_order
from analysis.planning.ground import LEVEL_WEEKS, Ground
from analysis.planning.plan import Outlook, Proposal, check_start, outlook, warnings
from analysis.words.numbers import Reader
from dashboard.state import day

CHOICES = ("waves", "gap", "untrained", "weeks", "start", "seed", "lock", "order", "beside")
"""Names in the address that belong to this page."""
LIMITS = {"waves": (1, 12), "gap": (1, 26), "untrained": (0, 60), "weeks": (4, 104), "seed": (0, 999_999)}
USUAL = {"waves": 3, "gap": 4, "weeks": 26, "seed": 1}
LABELS = {
    "waves": "Waves",
    "gap": "Weeks between waves",
    "untrained": "Teams left untrained",
    "weeks": "Weeks looked ahead",
    "seed": "Seed of the lot",
}
CARRIED_OVER = (
    "Of a team's good or bad run by chance, the share still there a week later. The more is carried over, the longer "
    "it takes to tell training from chance."
)
FEWEST_TEAMS = 2


@dataclass(frozen=True)
class Asked:
    """What an address asks for.

    Attributes
    ----------
    numbers
        Waves, gap, untrained, weeks and seed.
    start
        Monday of the first wave.
    locked
        Team to wave, from 0.
    worst_first
        Whether the order is by need instead of by lot.
    refused
        What could not be used, one sentence each.
    """

    numbers: Mapping[str, int]
    start: date
    locked: Mapping[str, int]
    worst_first: bool
    refused: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """A team in the order."""

    team: str
    site: str
    n_agents: int
    wave: int | None
    start: date | None
    locked: bool


@dataclass(frozen=True)
class Curve:
    """Smallest detectable change of one goal, as a multiple of the change that matters, by week."""

    name: str
    weeks: tuple[int, ...]
    multiples: tuple[float, ...]
    words: str
    known_by: float


@dataclass(frozen=True)
class View:
    """The page; ``curves`` are empty where nothing can be told."""

    title: str
    detail: str
    proposal: Proposal
    outlooks: tuple[Outlook, ...]
    curves: tuple[Curve, ...]
    curves_title: str
    order: tuple[Place, ...]
    order_title: str
    order_note: str
    warnings: tuple[str, ...]
    beside: str


def read(chosen: Mapping[str, str], ground: Ground, today: date, holdout: Sequence[str] = ()) -> Asked:
    """What an address asks for; see :data:`CHOICES`.

    Parameters
    ----------
    chosen
        Names and texts.
    ground
        Teams that exist.
    today
        The plan starts on the Monday after it unless told otherwise.
    holdout
        Teams kept out of training on purpose: they stay untrained whatever the address says.
    """
    numbers, refused = _usual(ground), []
    for name, (low, high) in LIMITS.items():
        text = chosen.get(name)
        if text is None:
            continue
        if text.isdecimal() and low <= int(text[:9]) <= high:
            numbers[name] = int(text)
        else:
            refused.append(f"{LABELS[name]}: a whole number from {low} to {high}, so “{text[:30]}” was ignored.")
    start = _monday(today + timedelta(days=7))
    if "start" in chosen:
        try:
            given = date.fromisoformat(chosen["start"])
            check_start(given, today)
            start = _monday(given)
        except EstimationError as fault:
            refused.append(f"{fault} So “{chosen['start'][:30]}” was ignored.")
        except ValueError:
            refused.append(f"A date is written like 2026-01-05, so “{chosen['start'][:30]}” was ignored.")
    if chosen.get("order", "lot") not in ("lot", "worst"):
        refused.append(f"An order is by “lot” or the “worst” first, so “{chosen['order'][:30]}” was ignored.")
    if chosen.get("beside") and _three(chosen["beside"]) is None:
        refused.append(f"A second plan is written like 3-4-2, so “{chosen['beside'][:30]}” was ignored.")
    held = sorted({team.name for team in ground.teams} & set(holdout))
    if numbers["untrained"] < len(held):
        if "untrained" in chosen:
            refused.append(f"{LABELS['untrained']}: {len(held)} are a holdout, so fewer cannot be.")
        numbers["untrained"] = len(held)
        if "waves" not in chosen:
            numbers["waves"] = max(1, min(numbers["waves"], len(ground.teams) - len(held)))
    locked, faults = _locks(chosen.get("lock", ""), ground, numbers["waves"])
    faults += [f"{name} is a holdout, so it is in no wave." for name in held if name in locked]
    locked |= dict.fromkeys(held, numbers["waves"])
    return Asked(numbers, start, locked, chosen.get("order") == "worst", (*refused, *faults))


def proposal_of(asked: Asked, ground: Ground) -> Proposal:
    """The roll-out an address asks for."""
    n = asked.numbers
    return Proposal(len(ground.teams), n["waves"], n["gap"], n["untrained"], ground.history_weeks, n["weeks"])


def view(
    asked: Asked, ground: Ground, reader: Reader, level: float, minimum: int = 1, beside: Asked | None = None
) -> View:
    """The page for one proposal.

    Parameters
    ----------
    asked
        From :func:`read`.
    ground
        Teams, goals, history.
    reader
        Locale.
    level
        Of intervals.
    minimum
        Smallest group shown.
    beside
        A second proposal to compare with.

    Raises
    ------
    EstimationError
        The proposal cannot be carried out; the message is a sentence.
    """
    proposal = proposal_of(asked, ground)
    outlooks = tuple(outlook(goal, proposal, level) for goal in ground.goals)
    curves = tuple(curve for one in outlooks if (curve := _curve(one, reader)) is not None)
    order, draw = order_of(asked, ground, proposal)
    note = order_note(draw, asked, ground)
    return View(
        title=title(outlooks, proposal, ground, asked, reader, minimum),
        detail=_detail(proposal, ground, reader),
        proposal=proposal,
        outlooks=outlooks,
        curves=curves,
        curves_title=_curves_title(outlooks, proposal),
        order=order,
        order_title=_order_title(asked, proposal, reader),
        order_note=note,
        warnings=warnings(proposal, worst_first=asked.worst_first),
        beside=_beside(outlooks, beside, ground, reader, level) if beside is not None else "",
    )


def title(
    outlooks: tuple[Outlook, ...], proposal: Proposal, ground: Ground, asked: Asked, reader: Reader, minimum: int
) -> str:
    """How many, from when, and what would be known by which week."""
    trained = proposal.n_teams - proposal.n_untrained
    sizes = [team.n_agents for team in ground.teams]
    # All less the sizes shown beside each team would be the size of one that is too small to be shown.
    share = f"{reader.count(sum(sizes))} agents in " if proposal.n_untrained == 0 and min(sizes) >= minimum else ""
    first = f"Train {share}{reader.count(trained)} teams from {day(asked.start, reader.locale)}"
    known = sorted((one for one in outlooks if math.isfinite(one.weeks_to_know)), key=lambda one: one.weeks_to_know)
    never = [one.goal.kpi.label.lower() for one in outlooks if not math.isfinite(one.weeks_to_know)]
    parts = []
    if known:
        by = [f"{one.goal.kpi.label.lower()} by {day(_week(asked, one), reader.locale)}" for one in known]
        parts.append(f"we would know {_listed(by)}")
    if never:
        parts.append(f"we could not tell within {proposal.after_weeks} weeks: {_listed(never)}")
    return f"{first}: {'; '.join(parts)}"


def order_of(asked: Asked, ground: Ground, proposal: Proposal) -> tuple[tuple[Place, ...], Draw | None]:
    """Teams in the order of their waves, by lot or by need."""
    if asked.worst_first:
        waves = _by_need(ground, proposal, asked)
        draw = None
    elif len(proposal.sizes) > 1:
        names = [team.name for team in ground.teams]
        locked = {names.index(name): wave for name, wave in asked.locked.items()}
        draw = draw_order(proposal.sizes, ground.covariates(), asked.numbers["seed"], locked)
        waves = [int(wave) for wave in draw.waves]
    else:
        waves, draw = [0] * len(ground.teams), None
    places = []
    for wave, team in zip(waves, ground.teams, strict=True):
        week = proposal.start_week(wave)
        start = asked.start + timedelta(weeks=week) if week >= 0 else None
        held = team.name in asked.locked and draw is not None
        places.append(Place(team.name, team.site, team.n_agents, wave + 1 if week >= 0 else None, start, held))
    return tuple(sorted(places, key=lambda p: (p.wave is None, p.wave or 0, p.team))), draw


def order_note(draw: Draw | None, asked: Asked, ground: Ground) -> str:
    """By what teams are ordered, or from how many orders theirs was drawn, how alike the waves are, and who is tied."""
    if draw is None:
        return _need_note(ground) if asked.worst_first else ""
    looked = "all" if draw.complete else "drawn"
    words = (
        f"Seed {draw.seed}: one of the {draw.kept.shape[0]:,} most balanced of {draw.n_orders:,} orders ({looked}); "
        f"the largest difference of a wave from the mean is {draw.largest_difference:.1f} standard deviations."
    )
    if draw.bound:
        first, second, share = draw.bound[0]
        how = "together" if share > 0.5 else "apart"
        words += f" Balance keeps {ground.teams[first].name} and {ground.teams[second].name} {how} in most of them."
    return f"{words} {draw.note}".strip()


def _need_note(ground: Ground) -> str:
    if ground.ranked_by is None:
        return "No goal could be read, so teams are in the order of their names."
    unknown = sum(math.isnan(team.level) for team in ground.teams)
    words = f"By {ground.ranked_by.label} over the last {LEVEL_WEEKS} weeks."
    if unknown:
        come = "1 team comes" if unknown == 1 else f"{unknown} teams come"
        words += f" {come} last, in the order of names, since it is not known of them."
    return words


def _by_need(ground: Ground, proposal: Proposal, asked: Asked) -> list[int]:
    """Waves from the worst team on; a holdout comes last, which is the untrained."""
    kept = np.array([asked.locked.get(team.name) == proposal.n_waves for team in ground.teams])
    levels = np.array([team.level for team in ground.teams])
    highest_first = ground.ranked_by is not None and ground.ranked_by.better == "lower"
    rank = np.argsort(np.where(kept, np.inf, -levels if highest_first else levels), kind="stable")
    waves = [0] * len(ground.teams)
    at = 0
    for wave, size in enumerate(proposal.sizes):
        for place in rank[at : at + size]:
            waves[int(place)] = wave
        at += size
    return waves


def _curve(one: Outlook, reader: Reader) -> Curve | None:
    points = [point for point in one.points if math.isfinite(point.detectable)]
    if not points:
        return None
    matters = one.goal.smallest_effect
    kpi = one.goal.kpi
    words = f"{reader.size(one.detectable, kpi)} at best; {reader.size(matters, kpi)} would matter"
    return Curve(
        kpi.label,
        tuple(point.weeks for point in points),
        tuple(point.detectable / matters for point in points),
        words,
        one.weeks_to_know,
    )


def _curves_title(outlooks: tuple[Outlook, ...], proposal: Proposal) -> str:
    known = [one for one in outlooks if math.isfinite(one.weeks_to_know)]
    if not any(math.isfinite(one.detectable) for one in outlooks):
        return "Nothing can be told: nobody is left to compare with"
    if not known:
        return f"No goal's change that matters can be detected within {proposal.after_weeks} weeks"
    first = min(known, key=lambda one: one.weeks_to_know)
    soonest = f"{first.goal.kpi.label.lower()} first, by week {int(first.weeks_to_know)}"
    return f"{len(known)} of {len(outlooks)} goals can be told; {soonest}"


def _order_title(asked: Asked, proposal: Proposal, reader: Reader) -> str:
    how = "The worst teams first" if asked.worst_first else "The order, drawn by lot"
    stay = "stays" if proposal.n_untrained == 1 else "stay"
    left = f"; {reader.count(proposal.n_untrained)} {stay} untrained" if proposal.n_untrained else ""
    waves = "1 wave" if proposal.n_waves == 1 else f"{proposal.n_waves} waves, {proposal.gap_weeks} weeks apart"
    return f"{how}: {waves}{left}"


def _detail(proposal: Proposal, ground: Ground, reader: Reader) -> str:
    words = (
        f"{reader.count(proposal.n_teams)} teams are not trained yet, with {reader.count(ground.history_weeks)} weeks "
        "behind them. Detected means: in 80 of 100 such roll-outs."
    )
    return f"{words} {ground.not_planned}".strip()


def _beside(outlooks: tuple[Outlook, ...], other: Asked, ground: Ground, reader: Reader, level: float) -> str:
    try:
        second = tuple(outlook(goal, proposal_of(other, ground), level) for goal in ground.goals)
    except EstimationError as fault:
        return f"The other plan cannot be carried out: {fault}"
    parts = []
    for one, two in zip(outlooks, second, strict=True):
        here, there = (_when(o) for o in (one, two))
        parts.append(f"{one.goal.kpi.label}: {here} here, {there} there")
    n = other.numbers
    return f"Beside {n['waves']} waves, {n['gap']} weeks apart, {n['untrained']} untrained. {'; '.join(parts)}."


def _when(one: Outlook) -> str:
    return f"week {int(one.weeks_to_know)}" if math.isfinite(one.weeks_to_know) else "not in time"


def _week(asked: Asked, one: Outlook) -> date:
    return asked.start + timedelta(weeks=int(one.weeks_to_know))


def _usual(ground: Ground) -> dict[str, int]:
    """Three waves and a quarter untrained, as far as there are teams."""
    n = len(ground.teams)
    waves = max(1, min(USUAL["waves"], n - 1))
    return {**USUAL, "waves": waves, "untrained": max(0, min(n // 4, n - waves))}


def _locks(text: str, ground: Ground, waves: int) -> tuple[dict[str, int], list[str]]:
    names = {team.name for team in ground.teams}
    locked, faults = {}, []
    for part in [part for part in text.split("|") if part]:
        name, written, wave = part.rpartition("=")
        if not written:
            faults.append(f"A team is locked like Porto 3=2, so “{part[:40]}” was ignored.")
        elif name not in names:
            faults.append(f"There is no untrained team “{name[:40]}”, so it is not locked.")
        elif not wave.isdecimal() or not 1 <= int(wave[:4]) <= waves:
            faults.append(f"{name}: there are waves 1 to {waves}, so “{wave[:10]}” was ignored.")
        else:
            locked[name] = int(wave) - 1
    return locked, faults


def beside_of(text: str, asked: Asked) -> Asked | None:
    """A second proposal, written as waves-gap-untrained; None when it is not one."""
    numbers = _three(text)
    if numbers is None:
        return None
    waves, gap, untrained = numbers
    return replace(asked, numbers={**asked.numbers, "waves": waves, "gap": gap, "untrained": untrained})


def _three(text: str) -> tuple[int, int, int] | None:
    parts = text.split("-")
    if len(parts) != 3 or not all(part.isdecimal() and len(part) < 4 for part in parts):
        return None
    return int(parts[0]), int(parts[1]), int(parts[2])


def _monday(value: date) -> date:
    return value + timedelta(days=-value.weekday() % 7)


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
