"""Staff and job history of BambooHR: CSV, every value text, ``0000-00-00`` for no date."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl

from sample_data import calendar, identity
from sample_data.parameters import Parameters
from sample_data.staff import NEVER
from sample_data.streams import stream
from sample_data.world import World

NO_DATE = "0000-00-00"
NEW_SUPERVISOR_SHARE = 0.15
"""Share of teams whose supervisor changes once within the window (assumption)."""


def team_name(params: Parameters, site: int, team: int) -> str:
    """Return a team's name: its site and its number."""
    return f"{params.sites[site].name} {team + 1:02d}"


def division(timezone: str) -> str:
    """Return the division a site belongs to, by its part of the world."""
    return {"Europe": "EMEA", "Africa": "EMEA", "America": "AMER"}.get(timezone.split("/")[0], "APAC")


def _supervisors(params: Parameters) -> tuple[np.ndarray, np.ndarray]:
    """Return the week of each team's change of supervisor, ``NEVER`` for none, and how likely it was."""
    draw = stream(params.seed, "supervisors").random((params.teams, 2))
    week = np.where(draw[:, 0] < NEW_SUPERVISOR_SHARE, 1 + (draw[:, 1] * (params.weeks - 1)).astype(np.int64), NEVER)
    return week, draw


def supervisor(params: Parameters, team: int, week: int) -> str:
    """Return the BambooHR id of a team's supervisor in a week."""
    change, _ = _supervisors(params)
    return str((500 if week >= change[team] else 100) + team)


def _date(params: Parameters, week: int, day: int = 0) -> str:
    return (calendar.first_monday(params) + dt.timedelta(days=7 * week + day)).isoformat()


def employees(world: World) -> pl.DataFrame:
    """Return the staff list as it stood when the exports were taken, one row per agent."""
    params, staff = world.params, world.centre.staff
    last_team: dict[int, int] = {agent: team for agent, _, team in staff.history}
    rows = []
    for agent in range(staff.count):
        team = last_team[agent]
        site = int(staff.team_site[team])
        week = int(staff.left[agent])
        gone = week < params.weeks
        reason = ("Voluntary" if staff.voluntary[agent] else "Involuntary") if gone else None
        changed = _date(params, week, 7) if gone else _date(params, max(int(staff.hired[agent]), 0))
        rows.append(
            {
                "status": "Inactive" if gone else "Active",
                "hireDate": _date(params, int(staff.hired[agent])),
                "terminationDate": _date(params, week, 6) if gone else NO_DATE,
                "terminationReason": reason,
                "jobTitle": "Agent",
                "department": team_name(params, site, team),
                "division": division(params.sites[site].timezone),
                "location": params.sites[site].name,
                "supervisorEId": supervisor(params, team, min(week, params.weeks)),
                "lastChanged": f"{changed}T08:00:00+00:00",
                "employmentStatus": "Part-Time" if staff.fte[agent] < 1 else "Full-Time",
            }
        )
    who = pl.DataFrame({"agent": np.arange(staff.count)}).select(
        identity.staff_id(pl.col("agent")).alias("id"),
        identity.employee_number(pl.col("agent")).alias("employeeNumber"),
        pl.lit("Agent").alias("firstName"),
        (pl.lit("A") + (pl.col("agent") + 1).cast(pl.String).str.zfill(identity.PAD)).alias("lastName"),
        identity.email(pl.col("agent")).alias("workEmail"),
    )
    return pl.concat([who, pl.DataFrame(rows)], how="horizontal")


def job_history(world: World) -> pl.DataFrame:
    """Return the job history: a row whenever an agent's team or supervisor changed, from the hire on."""
    params, staff = world.params, world.centre.staff
    change, _ = _supervisors(params)
    rows = []
    spells: dict[int, list[tuple[int, int]]] = {}
    for agent, week, team in staff.history:
        spells.setdefault(agent, []).append((week, team))
    for agent, moves in sorted(spells.items()):
        for place, (week, team) in enumerate(moves):
            begin = int(staff.hired[agent]) if place == 0 else week
            end = moves[place + 1][0] if place + 1 < len(moves) else min(int(staff.left[agent]) + 1, params.weeks)
            rows.append((agent, begin, team))
            if begin < change[team] < end:
                rows.append((agent, int(change[team]), team))
    sites = [int(staff.team_site[team]) for _, _, team in rows]
    return pl.DataFrame({"agent": [row[0] for row in rows]}).select(
        identity.staff_id(pl.col("agent")).alias("employeeId"),
        pl.Series("date", [_date(params, week) for _, week, _ in rows]),
        pl.Series("location", [params.sites[site].name for site in sites]),
        pl.Series("department", [team_name(params, s, r[2]) for s, r in zip(sites, rows, strict=True)]),
        pl.Series("division", [division(params.sites[site].timezone) for site in sites]),
        pl.lit("Agent").alias("jobTitle"),
        pl.Series("reportsTo", [str((500 if week >= change[team] else 100) + team) for _, week, team in rows]),
    )
