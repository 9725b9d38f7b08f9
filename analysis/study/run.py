"""From a warehouse version to every result table, and from a click to one study.

``estimate_all`` fills the result tables for every KPI, overall and by site, channel, tenure band and cohort;
``study`` gives the same columns for any other slice while the reader waits. Both go through :mod:`analysis.study.fit`,
so a number never depends on the way it was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from analysis.checks.result import CheckResult
from analysis.comparison.fair_panel import Roster
from analysis.design import Timing, choose
from analysis.panel.held_weeks import HeldWeeks, Rows
from analysis.panel.slices import Slice, identifier
from analysis.study import leaving
from analysis.study.family import bonferroni_excludes_zero, family_rows, holm_excludes_zero, shared_influence
from analysis.study.fit import study_panel
from analysis.study.kpi_study import STUDY_TABLES, KpiStudy, Setting, failed
from analysis.study.result_tables import SCHEMAS, table
from analysis.value.money import Worth, value_frame
from analysis.words.numbers import WEEKS_PER_MONTH, Reader
from analysis.words.verdict import headline

if TYPE_CHECKING:
    import duckdb

    from etl.configuration.kpis import Catalogue, Kpi
    from etl.configuration.model import Config

OVERALL_CHECKS = ("case_mix", "composition")
"""Checks made for the whole programme only; where they fail, they fail for every slice."""
MOST_COHORT_SLICES = 40
"""Where agents are trained on more Mondays than this, a cohort is a handful of people: ``cohort_effect`` of the whole
still holds each one's effect, and a slice is made when it is asked for."""
SLICE_KINDS = ("site", "channel", "tenure_band", "cohort")

Progress = Callable[[str, float], None]


def setting_of(cur: duckdb.DuckDBPyConnection, config: Config, catalogue: Catalogue) -> Setting:
    """What is the same for every study of one warehouse version.

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
    )


def study(
    cur: duckdb.DuckDBPyConnection,
    kpi: str,
    slice_: Slice,
    config: Config,
    catalogue: Catalogue,
    *,
    setting: Setting | None = None,
    rows: Rows | None = None,
    by_week: bool = True,
    with_ladder: bool = False,
) -> KpiStudy:
    """One KPI in any slice, while the reader waits.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    kpi
        Id in the catalogue.
    slice_
        Any combination of filters.
    config, catalogue
        As everywhere.
    setting
        ``setting_of(cur, config, catalogue)``, where it is at hand.
    rows
        The version's agent-weeks, where they are held.
    by_week
        Also effects by cohort and by calendar week.
    with_ladder
        Also the naive answers beside the fair one, for whoever opens them.

    Returns
    -------
    KpiStudy
        ``.frames()`` has the columns of the result tables. Headline, second opinion, event study with bands, cohorts,
        calendar, the checks that need no further fit, and the verdict; the slow checks are taken over from the stored
        overall results where they failed. For a primary KPI the verdict allows for the whole primary family
        (Bonferroni, because the others are not at hand: never more lenient than the Holm allowance of the stored
        results).
    """
    setting = setting or setting_of(cur, config, catalogue)
    setting = replace(setting, inherited=_stored_failures(cur, kpi))
    kind, value = slice_label(slice_)
    made = _study(
        cur, catalogue[kpi], slice_, setting, kind, value, by_week=by_week, with_ladder=with_ladder, rows=rows
    )
    if catalogue[kpi].role != "primary":
        return made
    n_tested = sum(entry.role == "primary" for entry in catalogue.values())
    return made.judged(
        excludes_zero=bonferroni_excludes_zero(made.p_value, n_tested, setting.ci_level), n_tested=n_tested
    )


def estimate_all(
    cur: duckdb.DuckDBPyConnection, config: Config, catalogue: Catalogue, progress: Progress | None = None
) -> dict[str, pl.DataFrame]:
    """Every result table.

    Parameters
    ----------
    cur
        Cursor on a warehouse version.
    config, catalogue
        As everywhere; overrides of the configuration are applied here too.
    progress
        Called with a line and the share done.

    Returns
    -------
    dict
        Result table name -> frame, for ``etl.warehouse.publish`` to write.
    """
    catalogue = catalogue.with_overrides(config)
    setting = setting_of(cur, config, catalogue)
    slices = list(_slices(cur, setting.design.timing))
    tell = progress or (lambda _line, _share: None)
    rows = HeldWeeks.read(cur)
    families: dict[tuple[str, str], dict[str, KpiStudy]] = {("overall", ""): {}}
    families |= {(kind, value): {} for kind, value, _ in slices}
    for done, kpi in enumerate(catalogue.values()):
        tell(f"Estimating {kpi.label}", done / len(catalogue))
        whole = _study(cur, kpi, Slice(), setting, "overall", "", thorough=True, rows=rows)
        families["overall", ""][kpi.id] = whole
        within = replace(setting, inherited={kpi.id: failed(whole.checks, OVERALL_CHECKS)})
        for kind, value, slice_ in slices:
            if kind == "cohort" or kind in kpi.dimensions:
                families[kind, value][kpi.id] = _study(
                    cur, kpi, slice_, within, kind, value, by_week=False, by_cohort=True, with_ladder=True, rows=rows
                )
    studies = [s for family in families.values() for s in _family_judged(family, setting.ci_level).values()]
    frames = _stacked(studies)
    frames["design"] = setting.design.frame()
    frames["design_note"] = setting.design.notes_frame()
    frames.update(_leaving_frames(cur, setting))
    judged = {s.kpi.id: s for s in studies if s.slice_kind == "overall"}
    primary = {name: s for name, s in judged.items() if s.kpi.role == "primary"}
    frames["family"] = table("family", family_rows(primary, setting.ci_level))
    frames["value"] = _value(judged, config, setting)
    frames["headline"] = _headline(judged, setting)
    tell("Estimates done", 1.0)
    return frames


def slice_label(slice_: Slice) -> tuple[str, str]:
    """Slice kind and value for the result columns; several filters at once are of kind ``custom``."""
    chosen = {
        name: getattr(slice_, name)
        for name in ("site", "team", "channel", "queue", "tenure_band", "cohort")
        if getattr(slice_, name)
    }
    period = slice_.start is not None or slice_.end is not None
    if not chosen and not period:
        return "overall", ""
    if len(chosen) == 1 and not period:
        ((kind, values),) = chosen.items()
        if len(values) == 1:
            return kind, str(values[0])
    parts = [f"{kind}={'+'.join(values)}" for kind, values in chosen.items()]
    if period:
        parts.append(f"{slice_.start or ''}..{slice_.end or ''}")
    return "custom", "; ".join(parts)


def one_value_slice(kind: str, value: str) -> Slice:
    """The slice of a stored kind and value; everything for ``overall``."""
    one = (value,)
    made = {
        "overall": Slice(),
        "site": Slice(site=one),
        "team": Slice(team=one),
        "channel": Slice(channel=one),
        "queue": Slice(queue=one),
        "tenure_band": Slice(tenure_band=one),
        "cohort": Slice(cohort=one),
    }
    return made[kind]


def _study(
    cur: duckdb.DuckDBPyConnection,
    kpi: Kpi,
    slice_: Slice,
    setting: Setting,
    kind: str,
    value: str,
    *,
    thorough: bool = False,
    by_week: bool = True,
    by_cohort: bool = False,
    with_ladder: bool = False,
    rows: Rows | None = None,
) -> KpiStudy:
    if kpi.unit == leaving.UNIT:
        return leaving.study_leaving(cur, kpi, slice_, setting, slice_kind=kind, slice_value=value)
    return study_panel(
        cur,
        kpi,
        slice_,
        setting,
        slice_kind=kind,
        slice_value=value,
        thorough=thorough,
        by_week=by_week,
        by_cohort=by_cohort,
        with_ladder=with_ladder,
        rows=rows,
    )


def _slices(cur: duckdb.DuckDBPyConnection, timing: Timing) -> Iterator[tuple[str, str, Slice]]:
    """The slices whose results are stored; cohorts by the week from which the design counts."""
    for kind in ("site", "channel", "tenure_band"):
        column = f'"{kind}"'
        for (value,) in cur.execute(
            f"select distinct {column} from mart.agent_week where {column} is not null order by 1"
        ).fetchall():
            yield kind, str(value), one_value_slice(kind, str(value))
    week = identifier(f"{timing}_week")
    mondays = cur.execute(f"select distinct {week} from mart.agent where {week} is not null order by 1").fetchall()
    if len(mondays) <= MOST_COHORT_SLICES:
        for (monday,) in mondays:
            yield "cohort", str(monday), one_value_slice("cohort", str(monday))


def _family_judged(made: Mapping[str, KpiStudy], ci_level: float) -> dict[str, KpiStudy]:
    """Verdicts of the primary KPIs after allowing for all of them."""
    primary = {name: s.p_value for name, s in made.items() if s.kpi.role == "primary"}
    excludes = holm_excludes_zero(primary, ci_level)
    return {
        name: s.judged(excludes_zero=excludes[name], n_tested=len(excludes)) if name in excludes else s
        for name, s in made.items()
    }


def _stacked(studies: Iterable[KpiStudy]) -> dict[str, pl.DataFrame]:
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in STUDY_TABLES}
    for made in studies:
        for name, found in made.rows().items():
            rows[name].extend(found)
    return {name: table(name, rows[name]) for name in STUDY_TABLES}


def _stored_failures(cur: duckdb.DuckDBPyConnection, kpi: str) -> dict[str, tuple[CheckResult, ...]]:
    """Slow checks of the whole programme that failed, from the stored results; none when there are no results yet."""
    import duckdb

    marks = ", ".join("?" * len(OVERALL_CHECKS))
    try:
        rows = cur.execute(
            'select "check", label, statistic, threshold, sentence from result."check" where kpi = ? and '
            f"slice_kind = 'overall' and status = 'failed' and \"check\" in ({marks})",
            [kpi, *OVERALL_CHECKS],
        ).fetchall()
    except duckdb.CatalogException:
        return {}
    nan = math.nan
    found = tuple(
        CheckResult(name, label, "failed", nan if s is None else s, nan if t is None else t, words)
        for name, label, s, t, words in rows
    )
    return {kpi: found} if found else {}


def _leaving_frames(cur: duckdb.DuckDBPyConnection, setting: Setting) -> dict[str, pl.DataFrame]:
    weeks = leaving.spell_weeks(cur, Slice(), setting)
    if weeks is None:
        return {name: pl.DataFrame(schema=dict(SCHEMAS[name])) for name in ("survival", "hazard")}
    return {
        "survival": leaving.survival_frame(weeks, ci_level=setting.ci_level),
        "hazard": table(
            "hazard",
            leaving.hazard_rows(
                weeks,
                setting.reader,
                ci_level=setting.ci_level,
                limited=setting.design.limited,
                timing=setting.design.timing,
            ),
        ),
    }


def _value(overall: Mapping[str, KpiStudy], config: Config, setting: Setting) -> pl.DataFrame:
    """Money for the KPIs that the configuration gives a unit value."""
    counted = [s.volume_per_week for s in overall.values() if s.kpi.counts_contacts]
    contacts = max((volume for volume in counted if math.isfinite(volume)), default=math.nan)
    shared = shared_influence(overall)
    parts = []
    for name, unit_value in config.value.kpis.items():
        made = overall.get(name)
        if made is None or made.headline is None:
            continue
        per_week = made.volume_per_week
        if unit_value.per == "contact" and made.kpi.base == "survey_response" and math.isfinite(contacts):
            per_week = contacts
        found = made.headline
        parts.append(
            Worth(
                kpi=made.kpi,
                effect=found.estimate,
                std_error=found.std_error,
                effect_low=found.ci_low,
                effect_high=found.ci_high,
                volume=per_week * WEEKS_PER_MONTH * config.value.period_months,
                unit_value=unit_value,
                usable=made.verdict.believed,
                influence=shared[name],
                purse=made.kpi.purse,
                purse_rank=made.kpi.purse_rank,
                df=found.df,
            )
        )
    return value_frame(
        parts,
        config.value.programme_cost if parts else None,
        period_months=config.value.period_months,
        reader=setting.reader,
        ci_level=setting.ci_level,
    )


def _headline(overall: Mapping[str, KpiStudy], setting: Setting) -> pl.DataFrame:
    primary = [s for s in overall.values() if s.kpi.role == "primary" and not s.kpi.hidden]
    sizes = {
        s.kpi.id: setting.reader.size(s.headline.estimate, s.kpi, s.headline.ci_low, s.headline.ci_high)
        for s in primary
        if s.headline is not None
    }
    judged = {s.kpi.id: s.verdict for s in primary}
    sentence, detail = headline(judged, [s.kpi for s in primary], sizes, ci_level=setting.ci_level)
    return table("headline", [{"sentence": sentence, "detail": detail}])
