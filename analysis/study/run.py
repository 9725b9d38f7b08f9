"""Estimate all result tables of a warehouse version, or a single study for an interactive page.

``estimate_all`` fills the result tables for every KPI, overall and by site, channel, tenure band and cohort;
``study`` gives the same columns for any other slice, on request. Both use :func:`analysis.study.kinds.study_one`, so
they give the same numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from analysis.comparison.setting import Setting
from analysis.design import Timing, choose
from analysis.errors import EstimationError
from analysis.panel.agent_weeks import AgentWeeks, WarehouseWeeks
from analysis.panel.held_weeks import Rows
from analysis.panel.roster import Roster
from analysis.panel.slices import DIMENSIONS, EVERYTHING, STORED_KINDS, Slice, selectable, slice_values
from analysis.panel.stored_plan import stored_plan
from analysis.study import leaving
from analysis.study.by_kpi import OVERALL_CHECKS, KpiStudies, VersionAtHand, open_version, setting_for, studies_of
from analysis.study.chain_tables import CHAIN_TABLES, chain_tables
from analysis.study.exit_rows import exit_rows
from analysis.study.failures import attempted
from analysis.study.family import among, bonferroni_excludes_zero, family_rows, judged_together
from analysis.study.gain_rows import gain_rows
from analysis.study.kept import KeptStudies, fingerprints_of
from analysis.study.kinds import study_one
from analysis.study.kpi_study import KpiStudy
from analysis.study.phrase_tables import PHRASE_TABLES, phrase_tables
from analysis.study.processes import Processes
from analysis.study.refresher_rows import refresher_tables
from analysis.study.request import Request
from analysis.study.result_tables import SCHEMAS, STUDY_TABLES, table
from analysis.study.stored import stored_failures
from analysis.study.value_tables import value_tables
from analysis.words.headline import headline
from analysis.words.numbers import Reader
from analysis.words.verdict import NUMERIC_CHECKS
from etl.configuration.kpis import Catalogue

if TYPE_CHECKING:
    import duckdb

    from etl.configuration.kpis import Kpi
    from etl.configuration.model import Config

MOST_COHORT_SLICES = 40
"""With more training weeks than this, cohorts are small: no slices are stored for them. ``cohort_effect`` still holds
each cohort's effect, and a slice can be computed on request."""
LEAST_STUDIES = 150
"""With fewer studies, starting a process takes longer than it saves."""

Progress = Callable[[str, float], None]


def setting_of(cur: duckdb.DuckDBPyConnection, config: Config, catalogue: Catalogue) -> Setting:
    """Settings common to all studies of one warehouse version.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    config
        The project's configuration.
    catalogue
        KPIs, overrides applied.
    """
    roster = Roster.read(cur)
    design = choose(config.programme.assignment, roster.situation())
    rule = design.same_rule
    return Setting(
        design=design,
        roster=roster,
        reader=Reader(config.project.locale, config.project.currency),
        ci_level=config.project.ci_level,
        rule_better=catalogue[rule.kpi].better if rule is not None else "lower",
        courses=config.programme.treatment_courses,
        refreshers=config.programme.refresher_courses,
        kpis=dict(catalogue.items()),
        n_values=selectable(cur, design.timing),
        shown_from=config.conversations.shown_from,
        programme=config.programme.name,
        plan=stored_plan(cur) if config.programme.assignment.unit == "team" else None,
    )


def study(cur: duckdb.DuckDBPyConnection, request: Request, setting: Setting, *, rows: Rows | None = None) -> KpiStudy:
    """Study one KPI in any slice, on request.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    request
        KPI, any combination of filters, and the results wanted besides the headline.
    setting
        ``setting_of(cur, config, catalogue)``.
    rows
        The version's agent-weeks, where they are held.

    Returns
    -------
    KpiStudy
        ``.frames()`` has the columns of the result tables. Headline, second opinion, event study with bands, cohorts,
        calendar, the checks that need no further fit, and the verdict; the slow checks are taken over from the stored
        overall results where they failed. The verdict is corrected for the selections that could have been made instead
        (:func:`judged_alone`).
    """
    request = replace(request, inherited=stored_failures(cur, request.kpi.id, OVERALL_CHECKS))
    return judged_alone(study_one(WarehouseWeeks(cur, rows), request, setting))


def judged_alone(made: KpiStudy) -> KpiStudy:
    """A study with its verdict corrected for all selections that could have been made instead.

    Bonferroni over the KPIs of its role times the possible selections of the same kind (every site for a site, every
    week for a period); never more lenient than the correction of the stored results.
    """
    setting, slice_ = made.context.setting, made.request.slice
    same = sum(kpi.role == made.kpi.role for kpi in setting.kpis.values())
    n_tested = max(same, 1)
    for name in DIMENSIONS:
        if getattr(slice_, name):
            n_tested *= max(setting.n_values.get(name, 1), 1)
    if slice_.start is not None or slice_.end is not None:
        n_tested *= max(setting.n_values.get("week", 1), 1)
    return judged_among(made, n_tested)


def judged_among(made: KpiStudy, n_tested: int) -> KpiStudy:
    """A study with its verdict corrected for ``n_tested`` tests (Bonferroni)."""
    if n_tested == 1:
        return made
    excludes = bonferroni_excludes_zero(made.p_value, n_tested, made.context.setting.ci_level)
    return made.judged(excludes_zero=excludes, n_tested=n_tested, among=among(made.request.slice.label[0]))


def estimate_all(
    cur: duckdb.DuckDBPyConnection,
    config: Config,
    catalogue: Catalogue,
    progress: Progress | None = None,
    *,
    file: Path | None = None,
    processes: int = 1,
    kept: KeptStudies | None = None,
    goals_only: bool = False,
) -> dict[str, pl.DataFrame]:
    """Every result table.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    config, catalogue
        Configuration and KPI catalogue; overrides of the configuration are applied.
    progress
        Called with a line of text and the share done.
    file
        The version's file, which other processes may open to read while this runs.
    processes
        How many processes share the KPIs, this one included; without a file, and where there is little to do, one.
        The tables do not depend on it.
    kept
        Studies of an earlier run, reused for KPIs whose inputs did not change. Afterwards it holds the studies of this
        run.
    goals_only
        Estimate the primary KPIs for the whole programme only, without slices and mechanism, for a first page.

    Returns
    -------
    dict
        Result table name -> frame, for ``etl.warehouse.publish`` to write.

    Raises
    ------
    ProcessLost
        When one of the processes is ended from outside.
    """
    catalogue = catalogue.with_overrides(config)
    setting = setting_of(cur, config, catalogue)
    tell = progress or (lambda _line, _share: None)
    slices = () if goals_only else tuple(_slices(cur, setting.design.timing))
    if goals_only:
        catalogue = Catalogue([kpi for kpi in catalogue.values() if kpi.role == "primary"])
    version = VersionAtHand(cur, setting, slices)
    found: dict[str, KpiStudies] = {}
    marks = {} if kept is None else fingerprints_of(version, catalogue.values())
    if kept is not None:
        for kpi in catalogue.values():
            known = kept.get(kpi, marks[kpi.id], setting_for(kpi, setting))
            if known is not None:
                found[kpi.id] = known
    fresh = [kpi for kpi in catalogue.values() if kpi.id not in found]
    if found:
        tell(f"Unchanged: {len(found)} of {len(catalogue)} KPIs", len(found) / (len(catalogue) + 1))
    if file is None or len(fresh) * (1 + len(slices)) < LEAST_STUDIES:
        processes = 1
    shared = (file, setting, slices, setting.roster)
    with Processes(open_version, shared, min(processes, len(fresh) or 1) - 1, here=version) as workers:

        def done(kpi: Kpi, count: int) -> None:
            tell(f"Estimated {kpi.label}", (len(catalogue) - len(fresh) + count) / (len(catalogue) + 1))

        for kpi, made in zip(fresh, workers.map(studies_of, fresh, done), strict=True):
            found[kpi.id] = made
            if kept is not None:
                kept.put(kpi, marks[kpi.id], made)
        frames = _tables(
            version, {name: found[name] for name in catalogue}, config, None if goals_only else workers, tell
        )
    tell("Estimates done", 1.0)
    return frames


def _tables(
    version: VersionAtHand,
    found: Mapping[str, KpiStudies],
    config: Config,
    workers: Processes[VersionAtHand] | None,
    tell: Progress,
) -> dict[str, pl.DataFrame]:
    """Decide the verdicts together, and compute the tables that need several studies."""
    weeks, setting = version.weeks, version.setting
    whole = [made.whole for made in found.values()]
    parts = [made.parts[part] for part in version.slices for made in found.values() if part in made.parts]
    paces = {name: made.pace for name, made in found.items() if not math.isnan(made.pace)}
    studies = judged_together([*whole, *parts], setting.ci_level)
    _refuse_if_all_differ(studies)
    frames = _stacked(studies)
    frames["gain"] = table("gain", gain_rows(studies, setting.ci_level))
    frames["design"] = setting.design.frame()
    frames["design_note"] = setting.design.notes_frame()
    judged = {s.kpi.id: s for s in studies if s.request.is_overall}
    frames.update(attempted(lambda: _leaving_frames(weeks, setting, judged), _no_leaving))
    primary = {name: s for name, s in judged.items() if s.kpi.role == "primary"}
    frames["family"] = table("family", family_rows(primary, setting.ci_level))
    frames.update(value_tables(judged, paces, config, setting))
    if workers is None:
        frames.update(_no_chain("") | _no_refreshers("") | _no_phrases(""))
    else:
        tell("Reading the chain from training to KPIs", 1.0)
        waves = [s for s in studies if s.request.slice.label[0] == "cohort"]
        frames.update(attempted(lambda: chain_tables(version, workers, judged, waves, frames["value"]), _no_chain))
        frames.update(attempted(lambda: refresher_tables(version, workers, judged, config), _no_refreshers))
        frames.update(attempted(lambda: phrase_tables(weeks, judged, setting), _no_phrases))
    frames["headline"] = _headline(judged, setting)
    return frames


def _no_chain(_reason: str) -> dict[str, pl.DataFrame]:
    return {name: table(name, []) for name in CHAIN_TABLES}


def _no_refreshers(_reason: str) -> dict[str, pl.DataFrame]:
    return {"refresher": table("refresher", [])}


def _no_phrases(_reason: str) -> dict[str, pl.DataFrame]:
    return {name: table(name, []) for name in PHRASE_TABLES}


def _slices(cur: duckdb.DuckDBPyConnection, timing: Timing) -> Iterator[Slice]:
    """The slices whose results are stored; cohorts by the week from which the design counts."""
    for kind in STORED_KINDS:
        values = slice_values(cur, kind, timing)
        if kind != "cohort" or len(values) <= MOST_COHORT_SLICES:
            yield from (Slice.of(kind, value) for value in values)


def _refuse_if_all_differ(studies: Iterable[KpiStudy]) -> None:
    """Stop where statsmodels disagrees on every goal: the installation is then broken, not one KPI."""
    refitted = [check for made in studies for check in made.checks if check.check in NUMERIC_CHECKS]
    refitted = [check for check in refitted if math.isfinite(check.statistic)]
    if refitted and all(check.status == "failed" for check in refitted):
        raise EstimationError(
            f"statsmodels gets another number for every one of {len(refitted)} goals, so nothing is written. Run the "
            "tests of this installation (make test); a numeric library may be broken."
        )


def _stacked(studies: Iterable[KpiStudy]) -> dict[str, pl.DataFrame]:
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in STUDY_TABLES}
    for made in studies:
        for name, found in made.rows().items():
            rows[name].extend(found)
    return {name: table(name, rows[name]) for name in STUDY_TABLES}


def _leaving_frames(weeks: AgentWeeks, setting: Setting, overall: Mapping[str, KpiStudy]) -> dict[str, pl.DataFrame]:
    goals = [s for s in overall.values() if s.kpi.kind.estimation == "hazard" and not s.kpi.first_days]
    found = leaving.spell_weeks(weeks, EVERYTHING, setting)
    if found is None:
        return {name: pl.DataFrame(schema=dict(SCHEMAS[name])) for name in ("survival", "hazard", "exit")}
    ratio = leaving.ratio_of_everybody(weeks, setting)
    return {
        "exit": table("exit", exit_rows(found, ratio, setting)),
        "survival": leaving.survival_frame(found, ci_level=setting.ci_level),
        "hazard": table(
            "hazard",
            leaving.hazard_rows(
                found,
                setting.reader,
                ci_level=setting.ci_level,
                limited=setting.design.limited,
                timing=setting.design.timing,
                goal=goals[0].verdict.state if goals else "",
                everybody=ratio,
            ),
        ),
    }


def _no_leaving(why: str) -> dict[str, pl.DataFrame]:
    """No survival curves, and a row that says why; other results are not affected."""
    words = f"Don't use this one: leaving could not be estimated ({why})."
    row = {"model": "none", "leave_type": "any", "verdict": "dont_use", "sentence": words}
    nothing = {name: pl.DataFrame(schema=dict(SCHEMAS[name])) for name in ("survival", "exit")}
    return {**nothing, "hazard": table("hazard", [row])}


def _headline(overall: Mapping[str, KpiStudy], setting: Setting) -> pl.DataFrame:
    primary = [s for s in overall.values() if s.kpi.role == "primary" and not s.kpi.hidden]
    sizes = {
        s.kpi.id: setting.reader.size(s.headline.estimate, s.kpi, s.headline.ci_low, s.headline.ci_high)
        for s in primary
        if s.headline is not None
    }
    judged = {s.kpi.id: s.verdict for s in primary}
    told = [s.kpi for s in primary]
    sentence, detail = headline(judged, told, sizes, ci_level=setting.ci_level, programme=setting.programme)
    return table("headline", [{"sentence": sentence, "detail": detail}])
