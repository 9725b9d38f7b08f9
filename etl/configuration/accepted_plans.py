"""Accepted plans: ``plan-<time>.json`` files beside empathy.toml, written once and never changed.

A plan records, before the data, which teams start when, the rule that made the order, and the goals it is judged by.
Every build reads all plans.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from etl.errors import EmpathyError

PATTERN = "plan-*.json"
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
"""One for each wave in the text of an order, the untrained last."""


class PlanError(EmpathyError):
    """A plan file that cannot be used; the message names it and says what to do."""


@dataclass(frozen=True)
class PlannedTeam:
    """A team of a plan.

    Attributes
    ----------
    team
        Its name.
    wave
        From 1; None for a team that stays untrained.
    starts_on
        Monday from which it is trained; None likewise.
    """

    team: str
    wave: int | None
    starts_on: date | None


@dataclass(frozen=True)
class AcceptedPlan:
    """A plan as it was accepted.

    Attributes
    ----------
    plan_id
        Hash of its content: equal plans have equal ids.
    accepted_at
        UTC.
    teams
        Teams with wave and start.
    rule
        How the order was made, with the seed and the digest of the orders it was drawn from.
    kept_orders
        Orders that could have been drawn, each a text with one digit a team, for randomisation inference.
    goals
        KPI id to the change that matters, the detectable change and the week in which it should be detectable.
    """

    plan_id: str
    accepted_at: datetime
    teams: tuple[PlannedTeam, ...]
    rule: Mapping[str, Any]
    kept_orders: tuple[str, ...]
    goals: Mapping[str, Any]


def accept(
    folder: Path,
    teams: tuple[PlannedTeam, ...],
    rule: Mapping[str, Any],
    kept_orders: tuple[str, ...],
    goals: Mapping[str, Any],
    now: datetime | None = None,
) -> Path:
    """Write a plan beside empathy.toml; never overwrite one.

    Parameters
    ----------
    folder
        Of empathy.toml.
    teams, rule, kept_orders, goals
        As in :class:`AcceptedPlan`.
    now
        Time of acceptance (UTC).

    Raises
    ------
    PlanError
        A plan was accepted in the same second, or it has more waves than orders can be written with.
    """
    at = (now or datetime.now(UTC)).replace(microsecond=0, tzinfo=None)
    content = {
        "accepted_at": at.isoformat(),
        "teams": [asdict(team) for team in teams],
        "rule": dict(rule),
        "goals": dict(goals),
        "kept_orders": list(kept_orders),
    }
    if max((team.wave or 0 for team in teams), default=0) >= len(DIGITS):
        raise PlanError(f"A plan of more than {len(DIGITS) - 1} waves is not kept; plan fewer, or two plans.")
    path = folder / f"plan-{at:%Y%m%dT%H%M%SZ}.json"
    try:
        with path.open("x", encoding="utf-8") as file:
            json.dump(content, file, indent=1, default=str)
            file.write("\n")
    except FileExistsError:
        raise PlanError(f"{path} exists: a plan was accepted in this second, and none is ever overwritten.") from None
    return path


def accepted_plans(folder: Path) -> tuple[AcceptedPlan, ...]:
    """All plans beside an empathy.toml, the oldest first.

    Raises
    ------
    PlanError
        A file that is no plan.
    """
    return tuple(_read(path) for path in sorted(folder.glob(PATTERN)))


def _read(path: Path) -> AcceptedPlan:
    try:
        text = path.read_text(encoding="utf-8")
        found = json.loads(text)
        teams = tuple(
            PlannedTeam(
                str(team["team"]),
                None if team["wave"] is None else int(team["wave"]),
                None if team["starts_on"] is None else date.fromisoformat(team["starts_on"]),
            )
            for team in found["teams"]
        )
        accepted_at = datetime.fromisoformat(found["accepted_at"])
        digest = hashlib.sha256(json.dumps(found["teams"], sort_keys=True).encode()).hexdigest()[:12]
        return AcceptedPlan(
            digest, accepted_at, teams, found["rule"], tuple(found.get("kept_orders", ())), found["goals"]
        )
    except (OSError, UnicodeDecodeError, KeyError, TypeError, ValueError) as fault:
        raise PlanError(
            f"{path} is not a plan that `empathy plan --accept` wrote ({fault}); move it elsewhere, or restore it."
        ) from None
