"""``empathy plan``: order of the next waves, and the changes they can detect."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from empathy.console import DEFAULT_CONFIG, AsJson, ConfigPath, emit, load_config, output, progress, read_day, screen

if TYPE_CHECKING:
    from analysis.planning.constrained_randomisation import Draw
    from analysis.planning.ground import Ground
    from analysis.planning.plan import Goal, Outlook, Proposal
    from etl.configuration.kpis import Catalogue
    from etl.configuration.model import Config

RANGE_HELP = "one number, or low:likely:high"


def plan(
    config: ConfigPath = DEFAULT_CONFIG,
    kpi: Annotated[str | None, typer.Option(help="The goal to plan for; all goals by default.")] = None,
    teams: Annotated[
        int | None, typer.Option(min=1, help="Teams not trained yet; those in the data by default.")
    ] = None,
    waves: Annotated[int, typer.Option(min=1, help="Waves.")] = 3,
    gap: Annotated[int, typer.Option(min=1, help="Weeks from one wave to the next.")] = 4,
    untrained: Annotated[int, typer.Option(min=0, help="Teams that stay untrained to the end.")] = 0,
    weeks: Annotated[int, typer.Option(min=2, max=104, help="Weeks looked ahead from the first wave.")] = 26,
    start: Annotated[
        date | None, typer.Option(parser=read_day, metavar="YYYY-MM-DD", help="The first wave's Monday.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the lot that decides the order.")] = 1,
    rate: Annotated[str | None, typer.Option(help=f"Before there are data: the share now; {RANGE_HELP}.")] = None,
    change: Annotated[float | None, typer.Option(help="The change that matters; the catalogue's by default.")] = None,
    contacts_per_week: Annotated[float, typer.Option(help="Before there are data: contacts of a team a week.")] = 900.0,
    icc: Annotated[
        str, typer.Option(help=f"Before there are data: what a team shares; {RANGE_HELP}.")
    ] = "0.005:0.01:0.02",
    autocorrelation: Annotated[
        str, typer.Option(help=f"Before there are data: what lasts a week; {RANGE_HELP}.")
    ] = "0.6:0.8:0.9",
    simulate: Annotated[int, typer.Option(min=0, max=5000, help="Also try the plan this often on own weeks.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Write the order as CSV, for the learning system.")] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Write the plan beside the configuration, stamped; every build reads it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Plan the next waves: what each goal can tell, by when, and an order drawn by lot. Works before there are data."""
    from analysis.planning.plan import Proposal, check_start, outlook, sentence, warnings
    from analysis.words.numbers import Reader
    from etl.configuration.kpis import configured

    settings = load_config(config) if config.exists() or rate is None else None
    catalogue = configured(settings) if settings is not None else _shipped()
    reader = Reader(settings.project.locale, settings.project.currency) if settings is not None else Reader()
    level = settings.project.ci_level if settings is not None else 0.95
    if start is not None:
        check_start(start, (settings.project.today if settings is not None else None) or datetime.now(UTC).date())
    ground = None
    if rate is None:
        assert settings is not None
        with progress("Looking at the untrained teams"):
            ground = _from_data(settings, catalogue, kpi)
        n_teams = teams if teams is not None else len(ground.teams)
        goals, history = ground.goals, ground.history_weeks
        if not goals:
            reasons = ground.not_planned or "No goal has data."
            raise typer.BadParameter(f"Nothing can be planned from the data. {reasons} State --rate instead.")
    else:
        n_teams, history = teams if teams is not None else 6, 26
        goals = _stated(catalogue, kpi, rate, change, contacts_per_week, icc, autocorrelation)
    proposal = Proposal(n_teams, waves, gap, untrained, history, weeks)
    found = [outlook(goal, proposal, level) for goal in goals]
    told = found[:1] if rate is not None else found  # the others are at the ends of the stated ranges
    first = min(told, key=lambda one: one.weeks_to_know)
    known = ground is not None and len(ground.teams) == n_teams
    draw = _draw(ground, proposal, seed, _held(settings, start)) if ground is not None and known else None
    order = _order(ground, proposal, draw, start)
    trial = _trial(ground, first, proposal, simulate, level, seed)
    payload: dict[str, Any] = {
        "kpi": first.goal.kpi.id,
        "teams": n_teams,
        "waves": waves,
        "weeks": weeks,
        "mde": _finite(first.detectable),
        "power": _finite(first.power),
        "order": order,
        "seed": seed,
        "weeks_to_know": _finite(first.weeks_to_know),
        "goals": [_goal_json(one) for one in told],
        "warnings": list(warnings(proposal)),
    }
    if rate is not None:
        payload["mde_range"] = sorted(v for v in (_finite(one.detectable) for one in found) if v is not None)
    if draw is not None:
        payload |= {"orders": draw.n_orders, "kept_orders": int(draw.kept.shape[0]), "digest": draw.digest}
        payload["warnings"] += [draw.note] if draw.note else []
    if rate is None and settings is not None:
        payload["refreshers"] = _due(settings, catalogue)
    if trial is not None:
        payload["simulated"] = trial
    if out is not None:
        _write(out, order)
    if accept:
        if settings is None or start is None or draw is None:
            raise typer.BadParameter(
                "A plan is accepted with the teams of a warehouse, a --start and an order drawn by lot."
            )
        payload["accepted"] = str(_accept(settings, order, draw, told))
        screen.print(f"Accepted: {payload['accepted']}. Every build reads it from now on.")
    if as_json:
        emit(payload)
        return
    shown = output()
    shown.print(sentence(told, proposal, reader))
    for one in told:
        shown.print(f"{one.goal.kpi.id}: {_words(one, reader)}")
    if rate is not None:
        ends = [reader.size(v, first.goal.kpi) for v in payload["mde_range"]]
        shown.print(f"Over the stated ranges the smallest change that can be detected is {ends[0]} to {ends[-1]}.")
    for line in payload["warnings"]:
        shown.print(f"Note: {line}")
    if "refreshers" in payload:
        shown.print(payload["refreshers"])
    for row in order:
        shown.print(f"{row['team']}: {row['when']}")
    if trial is not None:
        shown.print(
            f"Tried {trial['n']} times: detected in {100 * trial['power']:.0f}% (±{196 * trial['error']:.0f}), "
            f"false alarms in {100 * trial['false_alarms']:.0f}%."
        )
    if out is not None:
        screen.print(f"Wrote {len(order)} teams to {out}")


def _from_data(settings: Config, catalogue: Catalogue, kpi: str | None) -> Ground:
    from analysis.panel.panel import from_warehouse
    from analysis.panel.teams import teams_from_warehouse
    from analysis.planning.ground import ground
    from etl.warehouse.reader import Warehouse

    wanted = [_known(catalogue, kpi)] if kpi else [catalogue[name] for name in catalogue.primary()]
    wanted = [one for one in wanted if one.kind.estimation == "average"]
    with Warehouse(settings.warehouse).reader() as cursor:
        made = ground(wanted, lambda name: from_warehouse(cursor, name, cluster="team"), teams_from_warehouse(cursor))
    if settings.access is None:
        return made
    from dashboard.data.plan import without_own_weeks
    from dashboard.data.queries import Queries
    from dashboard.privacy.viewer import READER, seen_by
    from dashboard.settings import of_command

    with seen_by(READER):  # a seed gives the same draw as the Plan page, which uses published teams only
        return replace(made, teams=without_own_weeks(Queries(of_command(settings)), made).teams)


def _due(settings: Config, catalogue: Catalogue) -> str:
    """Sentence on which agents are due a refresher."""
    from analysis.panel.stored_courses import last_week, stored_fading
    from analysis.words.refreshers import due
    from etl.warehouse.reader import Warehouse

    labels = {name: kpi.label for name, kpi in catalogue.items()}
    with Warehouse(settings.warehouse).reader() as cursor:
        return due(stored_fading(cursor, catalogue.primary()), labels, last_week(cursor))


def _stated(
    catalogue: Catalogue,
    kpi: str | None,
    rate: str,
    change: float | None,
    contacts: float,
    icc: str,
    autocorrelation: str,
) -> tuple[Goal, ...]:
    """The goal at its likely values, then at the most and least favourable ends of the ranges."""
    from analysis.planning.plan import Goal, stated_components

    entry = _known(catalogue, kpi or "escalation_rate")
    rates, shared, lasting = _range("rate", rate), _range("icc", icc), _range("autocorrelation", autocorrelation)
    if entry.unit != "share" or entry.kind.estimation != "average":
        raise typer.BadParameter(
            f"{entry.label} is no share of contacts, so it cannot be planned from stated numbers; build a warehouse, "
            "and leave --rate out."
        )
    matters = abs(change) if change is not None else entry.smallest_effect
    if not 0 < matters < max(rates[2], 1 - rates[0]):
        raise typer.BadParameter(
            f"--change {change:g}: give the size of a change of the share, above 0 and no larger than the share can "
            "move, such as 0.01 for a point."
        )
    corners = [(rates[1], shared[1], lasting[1])]
    corners += [
        (r, i, a) for r in (rates[0], rates[2]) for i in (shared[0], shared[2]) for a in (lasting[0], lasting[2])
    ]
    return tuple(Goal(entry, matters, stated_components(r, contacts, i, a)) for r, i, a in corners)


def _shipped() -> Catalogue:
    from etl.configuration.kpis import load

    return load()


def _known(catalogue: Catalogue, name: str) -> Any:
    from etl.hints import did_you_mean

    if name not in catalogue:
        raise typer.BadParameter(f'There is no KPI "{name}".{did_you_mean(name, list(catalogue))}')
    return catalogue[name]


def _range(name: str, text: str) -> tuple[float, float, float]:
    try:
        ends = [float(part) for part in text.split(":")]
    except ValueError:
        ends = []
    if len(ends) == 1:
        ends = ends * 3
    if len(ends) != 3 or not ends[0] <= ends[1] <= ends[2]:
        raise typer.BadParameter(f"--{name} {text}: give {RANGE_HELP}, rising, such as 0.08:0.12:0.16.")
    return ends[0], ends[1], ends[2]


def _held(settings: Config | None, start: date | None) -> tuple[str, ...]:
    """Teams of a holdout that is still running when the first wave starts."""
    holdout = settings.programme.holdout if settings is not None else None
    if holdout is None or (holdout.until is not None and start is not None and holdout.until <= start):
        return ()
    return holdout.teams


def _draw(ground: Ground, proposal: Proposal, seed: int, held: tuple[str, ...]) -> Draw | None:
    from analysis.planning.constrained_randomisation import draw_order

    kept = {k: proposal.n_waves for k, team in enumerate(ground.teams) if team.name in held}
    if len(kept) > proposal.n_untrained:
        raise typer.BadParameter(
            f"{len(kept)} untrained teams are a holdout ([programme.holdout]): leave at least --untrained {len(kept)}."
        )
    return draw_order(proposal.sizes, ground.covariates(), seed, kept) if len(proposal.sizes) > 1 else None


def _order(ground: Ground | None, proposal: Proposal, draw: Draw | None, start: date | None) -> list[dict[str, Any]]:
    """Teams with their wave; empty where the teams are not known."""
    if ground is None or len(ground.teams) != proposal.n_teams:
        return []
    waves = draw.waves.tolist() if draw is not None else [0] * proposal.n_teams
    rows = []
    for wave, team in sorted(zip(waves, ground.teams, strict=True), key=lambda pair: (pair[0], pair[1].name)):
        week = proposal.start_week(wave)
        day = (
            start - timedelta(days=start.weekday()) + timedelta(weeks=week) if start is not None and week >= 0 else None
        )
        when = "stays untrained" if week < 0 else f"wave {wave + 1}, {day or f'week {week}'}"
        rows.append(
            {
                "team": team.name,
                "site": team.site,
                "agents": team.n_agents,
                "wave": wave + 1 if week >= 0 else None,
                "start_week": week if week >= 0 else None,
                "start": day.isoformat() if day is not None else None,
                "when": when,
            }
        )
    return rows


def _trial(
    ground: Ground | None, first: Outlook, proposal: Proposal, times: int, level: float, seed: int
) -> dict[str, Any] | None:
    if not times:
        return None
    from analysis.planning.plan import LONGEST_HISTORY
    from analysis.planning.simulation import simulate

    block = ground.blocks.get(first.goal.kpi.id) if ground is not None else None
    with progress("Trying the plan") as step:
        made = simulate(
            proposal.starts,
            min(proposal.history_weeks, LONGEST_HISTORY),
            proposal.after_weeks,
            first.goal.smallest_effect,
            means=block[0] if block is not None else None,
            sizes=block[1] if block is not None else None,
            components=first.goal.components,
            level=level,
            simulations=times,
            seed=seed,
            progress=lambda share: step(f"{100 * share:.0f}%") if round(100 * share) % 10 == 0 else None,
        )
    return {
        "n": made.n,
        "power": made.power,
        "error": made.error,
        "false_alarms": made.false_alarms,
        "own_weeks": made.own_weeks,
    }


def _goal_json(one: Outlook) -> dict[str, Any]:
    parts = one.goal.components
    return {
        "kpi": one.goal.kpi.id,
        "smallest_effect": one.goal.smallest_effect,
        "mde": _finite(one.detectable),
        "weeks_to_know": _finite(one.weeks_to_know),
        "power": _finite(one.power),
        "lasting_sd": parts.lasting**0.5,
        "weekly_sd": parts.weekly**0.5,
        "autocorrelation": parts.autocorrelation,
    }


def _words(one: Outlook, reader: Any) -> str:
    kpi = one.goal.kpi
    if _finite(one.detectable) is None:
        return "nothing can be told: nobody is left to compare with."
    matters, best = reader.size(one.goal.smallest_effect, kpi), reader.size(one.detectable, kpi)
    if _finite(one.weeks_to_know) is None:
        return f"a change of {best} can be detected at best; {matters} would matter."
    return f"{matters}, the change that matters, can be detected by week {int(one.weeks_to_know)}; at best {best}."


def _accept(settings: Config, order: list[dict[str, Any]], draw: Draw, told: list[Outlook]) -> Path:
    """Write the plan: start of each team, how the order was drawn, and the goals it will be judged by."""
    from etl.configuration.accepted_plans import DIGITS, PlannedTeam, accept

    teams = tuple(
        PlannedTeam(row["team"], row["wave"], date.fromisoformat(row["start"]) if row["start"] else None)
        for row in sorted(order, key=lambda row: row["team"])
    )
    rule = {
        "kind": "drawn by lot among balanced orders",
        "seed": draw.seed,
        "orders": draw.n_orders,
        "complete": draw.complete,
        "digest": draw.digest,
        "teams": [team.team for team in teams],
    }
    writable = draw.kept.max() < len(DIGITS)
    kept = tuple("".join(DIGITS[wave] for wave in row) for row in draw.kept.tolist()) if writable else ()
    return accept(settings.folder, teams, rule, kept, {one.goal.kpi.id: _goal_json(one) for one in told})


def _finite(value: float) -> float | None:
    import math

    return value if math.isfinite(value) else None


def _write(out: Path, order: list[dict[str, Any]]) -> None:
    import polars as pl

    from etl.warehouse.delimited import write_csv

    if not order:
        raise typer.BadParameter("There is no order to write: it needs the teams of a warehouse and no other --teams.")
    frame = pl.DataFrame(order).drop("when")
    with out.open("wb") as file:
        write_csv(frame, {}, file)
