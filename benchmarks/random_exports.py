"""Read exports of random small worlds and compare the KPIs with a recomputation in plain Python.

``python -m benchmarks.random_exports --worlds 300`` draws as many (:mod:`benchmarks.random_worlds`), prints what is not
right, and exits with 1 if something was not. Every so many, ``empathy`` checks and builds them as a user does.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import math
import random
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.oracle import differing, world_of
from benchmarks.random_worlds import (
    FIRST,
    bad_kinds,
    configuration,
    day,
    escalations,
    offers,
    trained,
    world,
    written,
)

HEAD = """
[project]
timezone = "UTC"
[sites."Lyon"]
timezone = "UTC"
[privacy]
demo = true
[[programme.courses]]
id = "EMP101"
"""
WARNED = """select "check" from meta.check_result where status = 'failed'"""


def known_days(world: Mapping[str, Any], rows: list[Mapping[str, Any]]) -> tuple[int, int]:
    """First and last day of which an export of outcomes speaks: the 1% rule, written down once more."""
    if not rows:
        return 0, -1
    days = sorted(day(row) for row in rows)
    all_days = [day(contact) for contact in world["contacts"] if contact["agent"]]
    first, last = days[0], days[-1]
    before, after = sum(d < first for d in all_days), sum(d > last for d in all_days)
    total = len(all_days)
    surprising = 0.01

    def empty(rate_over: int, contacts: int) -> bool:
        return math.exp(-(len(rows) - 1) * contacts / max(rate_over, 1)) < surprising

    late, early = empty(total - before, before), empty(total - after, after)
    later_over = total - before - after if early else total - before
    sooner_over = total - before - after if late else total - after
    known_from, known_to = 0, 10_000
    if empty(later_over, before):
        monday = first // 7 * 7
        partly = sum(monday <= d < first for d in all_days)
        known_from = first if empty(later_over, partly) else monday
    if empty(sooner_over, after):
        sunday = last // 7 * 7 + 6
        partly = sum(last < d <= sunday for d in all_days)
        known_to = last if empty(sooner_over, partly) else sunday
    return known_from, known_to


def gaps(world: Mapping[str, Any]) -> bool:
    """Whether an export of outcomes has a stretch without rows that is improbable, written down once more."""
    days = sorted(day(contact) for contact in world["contacts"] if contact["agent"])
    for rows in (escalations(world), offers(world)):
        seen = sorted({day(row) for row in rows})
        among = sum(seen[0] < at <= seen[-1] for at in days) if seen else 0
        if among and len(seen) > 2:
            for last, following in itertools.pairwise(seen):
                between = sum(last < at < following for at in days)
                if math.exp(-len(rows) * between / among) < 0.01 / len(seen):
                    return True
    return False


KPIS = (
    "aht_seconds", "transfer_rate", "escalation_rate", "csat_top2", "survey_response_rate", "fcr_7d", "offer_rate",
    "upsell_conversion", "upsell_revenue",
)  # fmt: skip


def expected(world: Mapping[str, Any]) -> dict[str, dict[int, tuple[float, float]]]:
    """KPI to week to numerator and denominator; weeks without either are left out.

    Parameters
    ----------
    world : mapping
    """
    contacts = world["contacts"]
    kpis: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(lambda: [0.0, 0.0]))

    def count(kpi: str, contact: Mapping[str, Any], value: float) -> None:
        cell = kpis[kpi][day(contact) // 7]
        cell[0] += value
        cell[1] += 1

    raised, made = escalations(world), offers(world)
    spans = {"escalations": known_days(world, raised), "offers": known_days(world, made)}
    for contact in (contact for contact in contacts if contact["agent"]):
        if contact["handle"] is not None:
            count("aht_seconds", contact, contact["handle"])
        if contact["moved"] is not None:
            count("transfer_rate", contact, contact["moved"])
        if spans["escalations"][0] <= day(contact) <= spans["escalations"][1]:
            count("escalation_rate", contact, contact in raised)
        if spans["offers"][0] <= day(contact) <= spans["offers"][1]:
            offer = contact["offer"] if contact in made else None
            sold = offer is not None and offer["sold"] and not offer["cancelled"]
            count("offer_rate", contact, offer is not None)
            count("upsell_conversion", contact, sold)
            count("upsell_revenue", contact, offer["amount"] / 100 if offer is not None and sold else 0)
        if contact["score"] is not None:
            count("csat_top2", contact, contact["score"] >= 4)
        if contact["invited"]:
            count("survey_response_rate", contact, contact["score"] is not None)
    end, week = max(contact["at"] for contact in contacts), dt.timedelta(days=7)
    for contact in contacts:
        who = contact["customer"]
        if who not in ("K1", "K2", "K3", "K4") or not contact["agent"] or contact["at"] + week > end:
            continue
        if contact["at"].date() > end.date() - week:
            continue
        again = any(
            other["customer"] == who
            and (contact["at"], contact["id"]) < (other["at"], other["id"])
            and other["at"] <= contact["at"] + week
            for other in contacts
        )
        count("fcr_7d", contact, not again and not contact["moved"])
    return {kpi: {at: (num, den) for at, (num, den) in kpis[kpi].items()} for kpi in KPIS}


def faults(world: Mapping[str, Any], folder: Path) -> list[str]:
    """Read a world's exports; a line for each thing that is not as it has to be.

    Every KPI must equal the recomputation in every week, or a check must give the reason; every wrong row must be
    refused with its reason; every row of every file must be accounted for.

    Parameters
    ----------
    world : mapping
    folder : Path
        Empty; files are written into it.
    """
    config_path = write(world, folder)
    con, oracle, kpis = world_of(config_path)
    with con:
        found = [f"from what landed: {line}" for line in differing(con, oracle, kpis)[1]]
        warned = {name for (name,) in con.execute(WARNED).fetchall()}
        wanted = expected(world)
        if world["twin"] == "unnamed":
            if not {"contact_in_two_sources"} & warned:
                found.append("contacts in two sources: no warning")
        else:
            for kpi in KPIS:
                query = f"select week, sum({kpi}_num), sum({kpi}_den) from mart.agent_week group by 1"
                rows = con.execute(query).fetchall()
                made = {(week - FIRST.date()).days // 7: (num, den) for week, num, den in rows if den}
                found += [
                    f"{kpi} week {week}: built {made.get(week)}, right {wanted[kpi].get(week)}"
                    for week in sorted({*made, *wanted[kpi]})
                    if not _close(made.get(week), wanted[kpi].get(week))
                ]
        found += _people(con, world, warned)
        if world["twin"] != "unnamed" and gaps(world) != ("coverage_gap" in warned):
            found.append(f"gaps inside an export: {'no warning' if gaps(world) else 'a warning without one'}")
        found += _books(con, world)
        if {"handle", "moved", "customer"} & world["lacking"] and "field_coverage" not in warned:
            found.append("a column is missing: no warning")
    return found


def _close(made: Any, right: Any) -> bool:
    if made is None or right is None:
        return made is right
    return all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-6) for a, b in zip(made, right, strict=True))


def _people(con: duckdb.DuckDBPyConnection, world: Mapping[str, Any], warned: set[str]) -> list[str]:
    found = []
    (count,) = con.execute("select count(trained_on) from mart.agent").fetchone() or (0,)
    if count != len(trained(world)):
        found.append(f"trained: {count} agents, right {len(trained(world))}")
    teams = con.execute("select distinct team_id from mart.agent_week where team_id <> 'unknown'").fetchall()
    if len(teams) != 1:
        found.append(f"teams: {teams}, right one")
    leavers = con.execute("select count(*) from core.employment where left_on is not null").fetchall()
    said = world["left"] is not None and world["leaving_said"]
    if leavers != [(int(said),)]:
        found.append(f"leavers: {leavers}, right {int(said)}")
    if not world["leaving_said"]:
        if con.execute("select count(agent_attrition_num) from mart.agent_week").fetchall() != [(0,)]:
            found.append("leaving is known without its column")
        if "leaving_unknown" not in warned:
            found.append("leaving is unknown: no warning")
    return found


def _books(con: duckdb.DuckDBPyConnection, world: Mapping[str, Any]) -> list[str]:
    found = []
    query = 'select path from landing.file_manifest where "read" <> loaded + rejected + duplicate'
    apart = con.execute(query).fetchall()
    if apart:
        found.append(f"not accounted for: {apart}")
    refused = con.execute("select reasons from landing.reject where status = 'open'").fetchall()
    right = len(bad_kinds(world)) + 2 * world["conflict"]
    if len(refused) != right or not all(reasons for (reasons,) in refused):
        found.append(f"refused: {refused}, right {right}")
    return found


def write(world: Mapping[str, Any], folder: Path) -> Path:
    """Write the files of a world and its configuration into a folder; return the configuration."""
    for name, content in written(world).items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    path = folder / "empathy.toml"
    path.write_text(HEAD + configuration(world), encoding="utf-8")
    return path


def commands(folder: Path) -> list[str]:
    """Check, build and build again as a user does; a line for each exit code that is wrong, and each traceback.

    Parameters
    ----------
    folder : Path
        With an empathy.toml.
    """
    found = []
    for arguments in (["check"], ["build"], ["build"], ["rejects", "list", "--duplicates"]):
        line = [sys.executable, "-m", "empathy", *arguments, "--config", str(folder / "empathy.toml")]
        ended = subprocess.run(line, capture_output=True, text=True, check=False)
        if ended.returncode != 0 or "Traceback" in ended.stderr:
            said = (ended.stderr or ended.stdout)[-600:]
            found.append(f"{' '.join(arguments)}: exit code {ended.returncode}: {said}")
    return found


def main() -> None:
    """Draw worlds and judge them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worlds", type=int, default=300)
    parser.add_argument("--first", type=int, default=1, help="seed of the first world")
    parser.add_argument("--commands-every", type=int, default=25, help="every how many worlds commands are run, too")
    arguments = parser.parse_args()
    wrong = 0
    for seed in range(arguments.first, arguments.first + arguments.worlds):
        drawn = world(random.Random(seed))
        with tempfile.TemporaryDirectory() as folder:
            try:
                lines = faults(drawn, Path(folder))
                if not seed % arguments.commands_every:
                    lines += commands(Path(folder))
            except Exception as error:  # any error counts as a fault of the product
                lines = [f"{type(error).__name__}: {error}"]
        wrong += bool(lines)
        for line in lines:
            print(f"world {seed}: {line}", flush=True)
    print(f"{arguments.worlds} worlds, {wrong} not right.")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
