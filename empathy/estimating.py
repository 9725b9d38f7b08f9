"""``empathy estimate``, ``run``, ``export``: estimates from a version of the warehouse."""

from __future__ import annotations

import contextlib
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from empathy.alerting import watched
from empathy.building import NOTHING_NEW, print_build, print_files
from empathy.console import DEFAULT_CONFIG, AsJson, AsOf, ConfigPath, emit, load_config, output, progress, screen
from empathy.preparing import choose_after_publishing

if TYPE_CHECKING:
    from etl.configuration.model import Config
    from etl.marts.reports import BuildReport
    from etl.warehouse.publish import Draft
    from etl.warehouse.reader import Version


def estimate(config: ConfigPath = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Estimate what training did, from the published warehouse, into a new version of it."""
    settings = load_config(config)
    with watched(settings, "estimate"):
        effects, version = estimate_served(settings)
    if as_json:
        emit({"run_id": version.run_id, "effects": effects})
    else:
        print_effects(effects)
    choose_after_publishing(settings)


def run(config: ConfigPath = DEFAULT_CONFIG, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Build and estimate; readers see the new version only when both are done."""
    settings = load_config(config)
    with watched(settings, "run"):
        built, report, effects = build_and_estimate(settings, as_of=as_of)
    if as_json:
        emit(built | {"effects": effects})
    else:
        print_files(report)
        print_build(report)
        print_effects(effects, name_silent=report.unchanged)
    choose_after_publishing(settings)


def export(
    relation: Annotated[
        str,
        typer.Argument(
            help="A relation such as mart.agent_week or result.effect; overdue: who to remind; planned: the accepted "
            "plan by agent."
        ),
    ],
    out: Annotated[Path, typer.Option(help="A file ending in .csv, .parquet or .xlsx.")],
    config: ConfigPath = DEFAULT_CONFIG,
) -> None:
    """Export any mart or result, with a header that says where it comes from."""
    from etl.keeping.agent_ids import agent_ids
    from etl.warehouse.export import export as write

    with progress("Exporting"):
        rows = write(load_config(config), relation, out, agent_ids)
    screen.print(f"Wrote {rows:,} rows of {relation} to {out}")


def estimate_into(draft: Draft, settings: Config, *, goals_only: bool = False) -> list[dict[str, Any]]:
    """Estimate a draft; studies of KPIs whose inputs did not change since the served version are reused.

    With ``goals_only`` only the goals of the whole programme are estimated, and the number of KPIs still to come is
    recorded.
    """
    import polars as pl

    from analysis.design import in_words
    from analysis.panel.inputs import KEPT
    from analysis.study.kept import KeptStudies
    from analysis.study.processes import cores
    from analysis.study.result_tables import effects_json
    from analysis.study.run import estimate_all
    from etl.configuration.kpis import configured
    from etl.warehouse.reader import NoVersionError, Warehouse

    catalogue = configured(settings)
    kept = KeptStudies({})
    with contextlib.suppress(NoVersionError), Warehouse(settings.warehouse).reader() as earlier:
        kept = KeptStudies.read(earlier)
    processes = cores(settings.engine.threads)
    title = "Estimating the goals" if goals_only else "Estimating effects"
    with progress(title) as step, draft.read_by_others() as file:
        frames = estimate_all(
            draft.con,
            settings,
            catalogue,
            progress=lambda line, share: step(f"{line}, {share:.0%} done"),
            file=file,
            processes=processes,
            kept=kept,
            goals_only=goals_only,
        )
    draft.write_results(frames)
    draft.write_table("meta", KEPT, kept.frame())
    pending = [kpi.id for kpi in catalogue.values() if goals_only and kpi.role != "primary"]
    draft.write_table("meta", "pending_kpi", pl.DataFrame({"kpi": pending}, schema={"kpi": pl.String}))
    for line in in_words(frames["design"], frames["design_note"]):
        screen.print(line, markup=False, highlight=False)
    return effects_json(frames)


def open_draft(settings: Config, base: Version | None = None) -> Draft:
    from etl.warehouse.publish import Draft

    engine = settings.engine
    return Draft.open(
        settings.warehouse,
        base=base,
        keep=engine.keep_versions,
        threads=engine.threads,
        memory_limit=engine.memory_limit,
    )


def estimate_served(settings: Config) -> tuple[list[dict[str, Any]], Version]:
    from etl.warehouse.reader import Warehouse

    with open_draft(settings, base=Warehouse(settings.warehouse).current()) as draft:
        effects = estimate_into(draft, settings)
        return effects, draft.publish()


def build_and_estimate(
    settings: Config, as_of: date | None, *, goals_only: bool = False
) -> tuple[dict[str, Any], BuildReport, list[dict[str, Any]]]:
    from etl.build import build as build_warehouse

    with open_draft(settings) as draft:
        with progress("Building the warehouse") as step:
            report = build_warehouse(settings, as_of=as_of, progress=step, into=draft)
        if not report.unchanged:
            effects = estimate_into(draft, settings, goals_only=goals_only)
            draft.publish()
            return report.to_json(), report, effects
    screen.print(NOTHING_NEW)
    effects, version = estimate_served(settings)
    return report.to_json() | {"run_id": version.run_id, "warehouse": str(version.path)}, report, effects


def print_effects(effects: list[dict[str, Any]], name_silent: bool = True) -> None:
    out = output()
    every = [effect for effect in effects if effect["slice"] == "overall" and effect["role"] == "headline"]
    headlines = [effect for effect in every if effect["n_contacts"]]
    width = max((len(effect["kpi"]) for effect in headlines), default=0)
    for effect in headlines:
        out.print(f"{effect['kpi']:<{width}} {effect['sentence']}")
    silent = [effect["kpi"] for effect in every if not effect["n_contacts"]]
    if silent and name_silent:
        out.print(f"Without data: {len(silent)} of {len(every)} KPIs ({', '.join(silent)}).", markup=False)
