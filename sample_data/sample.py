"""``empathy sample`` in one call: simulate a world, write its exports and its true effects."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from sample_data import exports, truth
from sample_data.chain import MECHANISM_MODES
from sample_data.parameters import ASSIGNMENT_MODES, AssignmentMode, Parameters
from sample_data.staff import NEVER
from sample_data.world import simulate

Progress = Callable[[str], None]
"""Called with the name of each step as it starts."""

FEWEST_AGENTS = 4
SHORTEST_WEEKS = 12


@dataclass(frozen=True)
class Summary:
    """Summary of the files written.

    Parameters
    ----------
    out : Path
        Folder with ``empathy.toml``, ``exports/`` and ``truth/``.
    files : tuple of Path
        Every file of the exports.
    agents, trained_agents, contacts, weeks, teams : int
    assignment : str
    effect : float
        ``effect_scale`` of the world; 0 is a null world.
    escalation_effect : float
        True effect of training on the escalation rate, share of contacts; NaN when nobody was trained.
    planted : dict of int
        With ``dirt``: number of bad rows by kind, as in ``planted.json``.
    """

    out: Path
    files: tuple[Path, ...]
    agents: int
    trained_agents: int
    contacts: int
    weeks: int
    teams: int
    assignment: str
    effect: float
    escalation_effect: float
    planted: dict[str, int]

    def __str__(self) -> str:
        teams = f"{self.teams} {'team' if self.teams == 1 else 'teams'}"
        lines = [
            f"{self.contacts:,} contacts of {self.agents} agents in {teams} over {self.weeks} weeks, "
            f"{self.trained_agents} agents trained ({self.assignment.replace('_', ' ')}).",
        ]
        if self.trained_agents:
            lines.append(f"True effect on escalations: {100 * self.escalation_effect:+.2f} points.")
        if self.planted:
            told = ", ".join(f"{count} {kind}" for kind, count in self.planted.items())
            lines.append(f"Planted: {told}.")
        lines.append(f"Exports and configuration: {self.out}. The truth lies apart, in {self.out / 'truth'}.")
        return "\n".join(lines)


def parameters(
    *,
    agents: int = 160,
    weeks: int = 52,
    assignment: str = "team_waves",
    effect: float = 1.0,
    seed: int | None = None,
    contacts_per_week: float | None = None,
    mechanism: str = "carried",
    leaking_raters: float = 0.0,
    strain: float = 0.0,
) -> Parameters:
    """Return the parameters of a world of about a given size; other parameters as in ``Parameters.sample()``.

    Raises
    ------
    ValueError
        A value is out of range; the message says what to give instead.
    """
    if agents < FEWEST_AGENTS:
        raise ValueError(f"agents: {agents} is too few; give at least {FEWEST_AGENTS}")
    if weeks < SHORTEST_WEEKS:
        raise ValueError(f"weeks: {weeks} is too short to see anything; give at least {SHORTEST_WEEKS}")
    if assignment not in ASSIGNMENT_MODES:
        raise ValueError(f"assignment: {assignment!r} is unknown; use one of {', '.join(ASSIGNMENT_MODES)}")
    if not 0 <= effect <= 10:
        raise ValueError(f"effect: {effect} is out of range; 0 is no effect, 1 the default, 10 the most")
    if seed is not None and seed < 0:
        raise ValueError(f"seed: {seed} is negative; give zero or more")
    if contacts_per_week is not None and not 1 <= contacts_per_week <= 2000:
        raise ValueError(f"contacts_per_week: {contacts_per_week} is out of range; give 1 to 2000")
    if mechanism not in MECHANISM_MODES:
        raise ValueError(f"mechanism: {mechanism!r} is unknown; use one of {', '.join(MECHANISM_MODES)}")
    if not 0 <= leaking_raters <= 1:
        raise ValueError(f"leaking_raters: {leaking_raters} is out of range; give a share from 0 to 1")
    if not 0 <= strain <= 3:
        raise ValueError(f"strain: {strain} is out of range; 0 is no harm, 3 the most")
    base = Parameters.sample()
    per_team = 4 if agents < 64 else 8 if agents < 320 else 16
    changes: dict[str, object] = {
        "teams": max(1, round(agents / per_team)),
        "seats_per_team": per_team,
        "weeks": weeks,
        "effect_scale": effect * base.effect_scale,
        "pre_weeks": max(4, round(weeks * base.pre_weeks / base.weeks)),
        "wave_gap_weeks": max(1, round(weeks * base.wave_gap_weeks / base.weeks)),
        "refresher_weeks": max(4, round(weeks * base.refresher_weeks / base.weeks)),
    }
    if seed is not None:
        changes["seed"] = seed
    if contacts_per_week is not None:
        changes["contacts_per_week"] = contacts_per_week
    mode: AssignmentMode = assignment  # type: ignore[assignment]
    chain = dataclasses.replace(base.chain, mode=mechanism, leaking_share=leaking_raters, strain=strain)  # type: ignore[arg-type]
    return base.replace(assignment=mode, chain=chain, **changes)


def write_sample(
    out: Path | str,
    *,
    agents: int = 160,
    weeks: int = 52,
    assignment: str = "team_waves",
    effect: float = 1.0,
    seed: int | None = None,
    dirt: bool = False,
    contacts_per_week: float | None = None,
    mechanism: str = "carried",
    leaking_raters: float = 0.0,
    strain: float = 0.0,
    progress: Progress | None = None,
) -> Summary:
    """Write a simulated contact centre: ``OUT/exports``, ``OUT/empathy.toml`` and, apart, ``OUT/truth``.

    Parameters
    ----------
    out : path
    agents : int
        About how many seats.
    weeks : int
    assignment : str
        ``randomised | team_waves | lowest_performers | volunteers | none``.
    effect : float
        Multiplies every effect of training in ``Parameters.sample()``; 0 gives a world in which it does nothing.
    seed : int, optional
    dirt : bool
        Plant the dirt that real exports have.
    contacts_per_week : float, optional
        Of a full-time agent; as in ``Parameters.sample()`` when not given.
    mechanism : str
        ``carried | no_link | shared_shock``: skills move KPIs; skills rise and KPIs do not follow; good spells of an
        agent fake a link.
    leaking_raters : float
        Share of raters who know who was trained, and score the trained higher.
    strain : float
        Addition of a full dose of training to the log-odds of absence; half of it is added to the log hazard of
        leaving.
    progress : callable, optional
        Called with the name of each step as it starts.

    Raises
    ------
    ValueError
        For a value out of range.
    """
    params = parameters(
        agents=agents,
        weeks=weeks,
        assignment=assignment,
        effect=effect,
        seed=seed,
        contacts_per_week=contacts_per_week,
        mechanism=mechanism,
        leaking_raters=leaking_raters,
        strain=strain,
    )
    return write_world(out, params, dirt=dirt, progress=progress)


def write_demo(out: Path | str, progress: Progress | None = None) -> Summary:
    """Write the world of ``empathy demo``."""
    return write_world(out, Parameters.demo(), progress=progress)


def write_world(
    out: Path | str, params: Parameters, *, dirt: bool = False, progress: Progress | None = None
) -> Summary:
    """Write the world of any parameters; see :func:`write_sample`."""
    folder = Path(out)
    world = simulate(params, progress)
    files = exports.write(world, folder, dirt=dirt, progress=progress)
    truth.write(world, folder / "truth")
    wanted = (pl.col("kpi") == "escalation_rate") & (pl.col("estimand") == "att")
    att = truth.true_effects(world).filter(wanted)["effect"]
    return Summary(
        out=folder,
        files=tuple(files),
        agents=world.centre.staff.count,
        trained_agents=int((world.trained_week < NEVER).sum()),
        contacts=world.contacts.height,
        weeks=params.weeks,
        teams=params.teams,
        assignment=params.assignment,
        effect=params.effect_scale,
        escalation_effect=float(att[0]) if att.len() else float("nan"),
        planted=_planted(folder),
    )


def _planted(folder: Path) -> dict[str, int]:
    account = folder / exports.PLANTED
    if not account.exists():
        return {}
    return {entry["kind"]: entry["count"] for entry in json.loads(account.read_text(encoding="utf-8"))}
