"""Schemas of the result tables, and conversion of estimates to their rows."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from analysis.checks.result import CheckResult
from analysis.results import BAND_COLUMNS, INTERVAL_COLUMNS, Aggregation
from analysis.value.money import VALUE_COLUMNS

Schema = Mapping[str, type[pl.DataType]]

_SLICE: Schema = {"kpi": pl.String, "slice_kind": pl.String, "slice_value": pl.String}
_INTERVAL: Schema = {"estimate": pl.Float64, "std_error": pl.Float64, "ci_low": pl.Float64, "ci_high": pl.Float64}
_COUNTS: Schema = {"n_contacts": pl.Float64, "n_agents": pl.Int64}

SCHEMAS: dict[str, Schema] = {
    "effect": {
        **_SLICE,
        "estimator": pl.String,
        "role": pl.String,
        "estimand": pl.String,
        "control": pl.String,
        **_INTERVAL,
        "df": pl.Float64,
        "ci_level": pl.Float64,
        "baseline": pl.Float64,
        "n_contacts": pl.Float64,
        "n_agents": pl.Int64,
        "n_trained_agents": pl.Int64,
        "n_clusters": pl.Int64,
        "n_trained_clusters": pl.Int64,
        "smallest_effect": pl.Float64,
        "verdict": pl.String,
        "sentence": pl.String,
        "reason": pl.String,
        "weeks_to_know": pl.Float64,
        "n_tested": pl.Int64,
        "post_weeks": pl.Float64,
        "pre_weeks": pl.Float64,
        "believed": pl.Boolean,
        "unit": pl.String,
        "better": pl.String,
    },
    "event_time": {
        **_SLICE,
        "estimator": pl.String,
        "event_time": pl.Int32,
        **_INTERVAL,
        "band_low": pl.Float64,
        "band_high": pl.Float64,
        **_COUNTS,
    },
    "cohort_effect": {**_SLICE, "estimator": pl.String, "cohort": pl.Date, **_INTERVAL, **_COUNTS},
    "calendar_effect": {**_SLICE, "estimator": pl.String, "week": pl.Date, **_INTERVAL, **_COUNTS},
    "att_gt": {
        "kpi": pl.String,
        "cohort": pl.Date,
        "week": pl.Date,
        **_INTERVAL,
        "n_agents": pl.Int64,
    },
    "ladder": {
        **_SLICE,
        "position": pl.Int32,
        "estimator": pl.String,
        "label": pl.String,
        **_INTERVAL,
        "note": pl.String,
    },
    "check": {
        **_SLICE,
        "check": pl.String,
        "label": pl.String,
        "status": pl.String,
        "statistic": pl.Float64,
        "threshold": pl.Float64,
        "sentence": pl.String,
    },
    "survivor": {
        **_SLICE,
        "state": pl.String,
        "hazard_ratio": pl.Float64,
        "excess_share": pl.Float64,
        "estimate": pl.Float64,
        "weighted": pl.Float64,
        "weighted_low": pl.Float64,
        "weighted_high": pl.Float64,
        "bound_low": pl.Float64,
        "bound_high": pl.Float64,
        "ci_low": pl.Float64,
        "ci_high": pl.Float64,
        "sentence": pl.String,
    },
    "spillover": {
        **_SLICE,
        "state": pl.String,
        **{
            f"{name}{end}": pl.Float64
            for name in ("direct", "per_ten", "as_run", "everybody")
            for end in ("", "_low", "_high")
        },
        "naive": pl.Float64,
        "mates_trained": pl.Float64,
        "n_exposed_agents": pl.Int64,
        "n_exposed_teams": pl.Int64,
        "sentence": pl.String,
    },
    "course": {
        **_SLICE,
        "state": pl.String,
        "weeks": pl.Int64,
        "size": pl.Float64,
        **{f"{name}{end}": pl.Float64 for name in ("ramp", "half_life", "floor") for end in ("", "_low", "_high")},
        "sentence": pl.String,
    },
    "gain": {
        "kpi": pl.String,
        "kind": pl.String,
        "value": pl.String,
        "n_agents": pl.Int64,
        **{
            f"{name}{end}": pl.Float64 for name in ("estimate", "shrunk", "difference") for end in ("", "_low", "_high")
        },
        "p_value": pl.Float64,
        "p_holm": pl.Float64,
        "p_harm": pl.Float64,
        "state": pl.String,
        "sentence": pl.String,
    },
    "exit": {
        "wave": pl.Date,
        "n_agents": pl.Int64,
        "n_left": pl.Int64,
        "weeks": pl.Float64,
        "share_left": pl.Float64,
        "share_expected": pl.Float64,
        "expected_low": pl.Float64,
        "expected_high": pl.Float64,
    },
    "design": {
        "position": pl.Int32,
        "estimator": pl.String,
        "admissible": pl.Boolean,
        "role": pl.String,
        "reason": pl.String,
    },
    "design_note": {"key": pl.String, "value": pl.String},
    "survival": {
        "arm": pl.String,
        "leave_type": pl.String,
        "tenure_week": pl.Int32,
        "at_risk": pl.Int64,
        "survival": pl.Float64,
        "ci_low": pl.Float64,
        "ci_high": pl.Float64,
    },
    "hazard": {
        "model": pl.String,
        "leave_type": pl.String,
        "hazard_ratio": pl.Float64,
        "ci_low": pl.Float64,
        "ci_high": pl.Float64,
        "n_events": pl.Int64,
        "n_agents": pl.Int64,
        "n_clusters": pl.Int64,
        "verdict": pl.String,
        "sentence": pl.String,
    },
    "value": VALUE_COLUMNS,
    "value_part": {
        "kpi": pl.String,
        "effect": pl.Float64,
        "std_error": pl.Float64,
        "effect_low": pl.Float64,
        "effect_high": pl.Float64,
        "df": pl.Float64,
        "volume_per_month": pl.Float64,
        "volume_to_date": pl.Float64,
        "volume_per_month_everybody": pl.Float64,
        "usable": pl.Boolean,
        "state": pl.String,
        "money_group": pl.String,
        "money_rank": pl.Int64,
    },
    "value_correlation": {"kpi": pl.String, "other": pl.String, "correlation": pl.Float64},
    "value_agents": {"population": pl.String, "n_agents": pl.Int64},
    "family": {
        "position": pl.Int32,
        "kpi": pl.String,
        "p_value": pl.Float64,
        "p_holm": pl.Float64,
        "p_romano_wolf": pl.Float64,
        "excludes_zero": pl.Boolean,
    },
    "headline": {"sentence": pl.String, "detail": pl.String},
    "mechanism": {
        "kpi": pl.String,
        "skill": pl.String,
        "state": pl.String,
        "reading": pl.String,
        "sentence": pl.String,
        "grain": pl.String,
        "reliability": pl.Float64,
        **{
            f"{name}{end}": pl.Float64
            for name in ("effect_on_skill", "slope", "total", "direct", "indirect", "share")
            for end in ("", "_low", "_high")
        },
        "shared_shock": pl.Float64,
        "robustness": pl.Float64,
        "second_slope": pl.Float64,
        "second_low": pl.Float64,
        "second_high": pl.Float64,
        "second_first_stage_f": pl.Float64,
        "second_overidentification_p": pl.Float64,
        "second_reason": pl.String,
        "n_agents": pl.Int64,
        "n_clusters": pl.Int64,
    },
    "chain": {
        "wave": pl.String,
        "course": pl.String,
        "position": pl.Int32,
        "link": pl.String,
        "about": pl.String,
        "n": pl.Int64,
        "value": pl.Float64,
        "ci_low": pl.Float64,
        "ci_high": pl.Float64,
        "verdict": pl.String,
        "sentence": pl.String,
    },
    "course_skill": {
        "course": pl.String,
        "skill": pl.String,
        **_INTERVAL,
        "told_apart": pl.Boolean,
        "n_agents": pl.Int64,
    },
    "course_event": {
        "course": pl.String,
        "skill": pl.String,
        "from_week": pl.Int64,
        "to_week": pl.Int64,
        **_INTERVAL,
        "stands_out": pl.Boolean,
        "n_agents": pl.Int64,
    },
    "refresher": {
        "kpi": pl.String,
        "from_week": pl.Int64,
        "to_week": pl.Int64,
        **_INTERVAL,
        "stands_out": pl.Boolean,
        "n_agents": pl.Int64,
        "n_clusters": pl.Int64,
    },
    "rater": {
        "skill": pl.String,
        "kind": pl.String,
        "name": pl.String,
        "severity": pl.Float64,
        "sd_between": pl.Float64,
        "sd_within": pl.Float64,
        "leak_spread": pl.Float64,
        "n_evaluations": pl.Int64,
    },
    "heard": {
        "kpi": pl.String,
        "skill": pl.String,
        "state": pl.String,
        "sentence": pl.String,
        "threshold": pl.Float64,
        "n_labels": pl.Int64,
        "n_shown": pl.Int64,
        "n_agents": pl.Int64,
        "n_clusters": pl.Int64,
        **{
            f"{name}{end}": pl.Float64
            for name in ("sensitivity", "specificity", "level", "effect", "corrected")
            for end in ("", "_low", "_high")
        },
        "sharpness": pl.Float64,
        "sharpness_error": pl.Float64,
        "kappa": pl.Float64,
    },
    "rule": {
        "skill": pl.String,
        "rule": pl.String,
        "polarity": pl.String,
        "before": pl.Float64,
        "after": pl.Float64,
        "untrained": pl.Float64,
        **_INTERVAL,
        "claimed": pl.Boolean,
        "n_contacts": pl.Float64,
        "n_agents": pl.Int64,
    },
}
"""Result table -> column -> type, in the order written."""
SIDE_TABLES = ("survivor", "spillover", "course")
"""Tables that exist for the whole programme only."""
STUDY_TABLES = ("effect", "event_time", "cohort_effect", "calendar_effect", "att_gt", "ladder", "check", *SIDE_TABLES)
"""Tables with rows per KPI and slice."""
JUDGED_TABLES = ("effect", "check")
"""Tables that hold a verdict and its reasons."""


def table(name: str, rows: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows as the frame of a result table; NaN becomes null.

    Parameters
    ----------
    name
        Key of ``SCHEMAS``.
    rows
        Mappings; columns not given are null, columns not known are an error.
    """
    schema = SCHEMAS[name]
    listed = list(rows)
    if not listed:
        return _empty(name)
    unknown = set().union(*listed) - set(schema)
    if unknown:
        raise ValueError(f"result.{name} has no column {sorted(unknown)[0]!r}")
    return pl.DataFrame([_column(column, kind, [row.get(column) for row in listed]) for column, kind in schema.items()])


@cache
def _empty(name: str) -> pl.DataFrame:
    return pl.DataFrame(schema=dict(SCHEMAS[name]))


def _column(name: str, kind: Any, values: list[Any]) -> pl.Series:
    """A column of one type; numbers are converted through numpy, which is faster than value by value."""
    if kind == pl.Float64:
        numbers = np.array(values, dtype=np.float64)
        return pl.Series(name, np.where(np.isfinite(numbers), numbers, np.nan), nan_to_null=True)
    return pl.Series(name, values if kind == pl.String else [_plain(value) for value in values], kind, strict=False)


def slice_columns(kpi: str, kind: str, value: str) -> dict[str, str]:
    """The three key columns of a row: KPI, kind and value of the slice."""
    return {"kpi": kpi, "slice_kind": kind, "slice_value": value}


def parts_rows(
    where: Mapping[str, str], aggregation: Aggregation, column: str, *, bands: bool = False
) -> list[dict[str, Any]]:
    """Rows of an aggregation's parts, those without an estimate left out.

    Parameters
    ----------
    where
        Slice columns.
    aggregation
        Event time, cohort or calendar time.
    column
        Name the key gets: ``event_time``, ``cohort`` or ``week``.
    bands
        Whether the uniform band is kept.
    """
    kept = [name for name in (*INTERVAL_COLUMNS, "n_contacts", "n_agents") if bands or name not in BAND_COLUMNS]
    ends = dict(zip(BAND_COLUMNS, aggregation.band, strict=True)) if bands else {}
    values = [np.asarray(ends[name] if name in ends else aggregation.columns[name]).tolist() for name in kept]
    head = {**where, "estimator": aggregation.overall.estimator}
    return [
        {**head, column: _key(key), **dict(zip(kept, part, strict=True))}
        for key, part in zip(aggregation.columns["key"], zip(*values, strict=True), strict=True)
        if not math.isnan(part[0])
    ]


def check_rows(where: Mapping[str, str], checks: Iterable[CheckResult]) -> list[dict[str, Any]]:
    """Rows of ``result.check``."""
    return [
        {
            **where,
            "check": c.check,
            "label": c.label,
            "status": c.status,
            "statistic": c.statistic,
            "threshold": c.threshold,
            "sentence": c.sentence,
        }
        for c in checks
    ]


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _key(value: Any) -> Any:
    if isinstance(value, date):
        return value
    return int(value) if isinstance(value, (int, float)) else value


EFFECT_JSON = (
    "role", "estimator", "estimate", "std_error", "ci_low", "ci_high", "verdict", "sentence",
    "n_contacts", "n_agents", "n_clusters",
)  # fmt: skip
"""Columns of ``effect`` in the JSON output."""


def effects_json(frames: Mapping[str, pl.DataFrame]) -> list[dict[str, Any]]:
    """The rows of ``effect`` as plain values, for programs that read standard output.

    Parameters
    ----------
    frames : mapping of str to polars.DataFrame
        The result tables.

    Returns
    -------
    list of dict
        Columns of ``effect``, with the slice as one word (``overall`` or ``site=Madrid``); NaN becomes None.
    """
    rows = []
    for row in frames["effect"].iter_rows(named=True):
        kind, value = row["slice_kind"], row["slice_value"]
        named = {"kpi": row["kpi"], "slice": f"{kind}={value}" if value else kind}
        rows.append(named | {key: _plain_json(row[key]) for key in EFFECT_JSON})
    return rows


def _plain_json(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
