"""A small warehouse with the relations the dashboard reads, made without the loader or the estimators.

Numbers are drawn once from a fixed seed; what matters is their shape, and that a test knows every one of them. Team
``Porto-8`` is smaller than the minimum group, so that privacy has something to protect.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from analysis.words.headline import headline
from analysis.words.numbers import Reader
from analysis.words.verdict import verdict
from dashboard.data.queries import Queries
from dashboard.page import Context
from dashboard.settings import from_config
from etl.configuration import kpis
from etl.warehouse.publish import Draft

FIRST_WEEK = date(2025, 6, 2)
N_WEEKS = 40
SITES = ("Lisbon", "Madrid", "Porto")
TEAMS_PER_SITE = 8
AGENTS_PER_TEAM = 12
SMALL_TEAM, SMALL_TEAM_AGENTS = "Porto-8", 4
CHANNELS = ("chat", "voice")
COHORTS = (FIRST_WEEK + timedelta(weeks=14), FIRST_WEEK + timedelta(weeks=22), None)

EFFECTS = {  # KPI: estimate and standard error, in units of its smallest effect that matters
    "csat_top2": (1.1, 0.45),
    "escalation_rate": (-2.4, 0.35),
    "upsell_conversion": (0.1, 0.3),
    "agent_attrition": (-1.2, 0.9),
    "hostile_contact_rate": (-8.7, 0.4),
    "fcr_7d": (0.6, 0.2),
    "aht_seconds": (1.9, 0.3),
}
BROKEN = "hostile_contact_rate"
"""A KPI whose groups were drifting apart before training: its number is stored, and stands on no page."""
DRIFT = SimpleNamespace(check="pre_trends", status="failed", sentence="They were drifting apart before training.")
LEVELS = {
    "share": 0.2,
    "seconds": 360.0,
    "score": 3.9,
    "currency": 4.2,
    "per_1000": 0.006,
    "points": 0.1,
    "hazard": 0.008,
}

WAITS = {"n_tested": 3, "post_weeks": 20.0, "pre_weeks": 14.0}
"""What weeks until it could be told follow from, beside the estimate."""
TOML = """
[project]
name = "Northwind care"
warehouse = "warehouse"
locale = "en_GB"
currency = "EUR"
[programme]
name = "Empathy programme"
[[programme.courses]]
id = "EMP101"
[programme.assignment]
mode = "team_waves"
unit = "team"
[kpis.escalation_rate]
target = 0.1
[value]
programme_cost = { low = 40000, likely = 50000, high = 60000 }
[value.kpis.escalation_rate]
low = 6
likely = 9
high = 12
per = "contact"
[privacy]
min_group = 10
"""


def roster() -> pl.DataFrame:
    """One row per agent: team, site, wave."""
    rows = []
    for s, site in enumerate(SITES):
        for t in range(TEAMS_PER_SITE):
            team = f"{site}-{t + 1}"
            size = SMALL_TEAM_AGENTS if team == SMALL_TEAM else AGENTS_PER_TEAM
            for _ in range(size):
                ix = len(rows)
                rows.append((ix, f"agent-{ix:04d}", team, site, COHORTS[(t + s) % 3], ix % 3))
    names = ["agent_ix", "agent_key", "team_id", "site", "cohort", "band"]
    return pl.DataFrame(rows, schema=names, orient="row", schema_overrides={"cohort": pl.Date})


def agent_week(catalogue: kpis.Catalogue, seed: int = 5) -> pl.DataFrame:
    """``mart.agent_week`` for the roster."""
    rng = np.random.default_rng(seed)
    weeks = pl.DataFrame(
        {"week_ix": list(range(N_WEEKS)), "week": [FIRST_WEEK + timedelta(weeks=k) for k in range(N_WEEKS)]}
    )
    rows = roster().join(weeks, how="cross").join(pl.DataFrame({"channel": CHANNELS}), how="cross")
    bands = ("0-3 months", "3-12 months", "over 12 months")
    rows = rows.with_columns(
        pl.col("channel").alias("queue"),
        pl.col("band").replace_strict(dict(enumerate(bands))).alias("tenure_band"),
        (pl.col("week_ix") + 20).alias("tenure_weeks"),
        pl.col("cohort").alias("trained_week"),
        pl.col("cohort").alias("scheduled_week"),
        pl.lit(0.5).alias("team_share_trained"),
    )
    columns = {}
    for kpi in catalogue.values():
        den = rng.integers(8, 20, rows.height).astype(float)
        level = LEVELS[kpi.unit]
        num = (
            rng.binomial(den.astype(int), level) if kpi.unit == "share" else den * level * rng.normal(1, 0.05, den.size)
        )
        columns |= {f"{kpi.id}_num": num.astype(float), f"{kpi.id}_den": den}
        if not kpi.binary:
            columns[f"{kpi.id}_sq"] = num.astype(float) ** 2
    return rows.drop("cohort", "band").with_columns(**{name: pl.Series(values) for name, values in columns.items()})


def agent_spell(seed: int = 9) -> pl.DataFrame:
    """``mart.agent_spell``: everybody hired 60 weeks before the data, one in five leaving, split at training."""
    rng = np.random.default_rng(seed)
    first = 60 * 7
    rows = []
    for agent in roster().iter_rows(named=True):
        leaves = rng.random() < 0.2
        last = first + int(rng.integers(30, N_WEEKS * 7)) if leaves else first + N_WEEKS * 7
        trained = None if agent["cohort"] is None else first + (agent["cohort"] - FIRST_WEEK).days
        cuts = [first, last] if trained is None or trained >= last else [first, trained, last]
        for entry, leave in pairwise(cuts):
            final = leave == last
            rows.append(
                {
                    "agent_ix": agent["agent_ix"],
                    "agent_key": agent["agent_key"],
                    "team_id": agent["team_id"],
                    "site": agent["site"],
                    "entry_day": entry,
                    "exit_day": leave,
                    "start_on": FIRST_WEEK + timedelta(days=entry - first),
                    "trained": trained is not None and entry >= trained,
                    "scheduled": trained is not None and entry >= trained,
                    "left": final and leaves,
                    "leave_type": "voluntary" if final and leaves else None,
                }
            )
    return pl.DataFrame(rows, schema_overrides={"leave_type": pl.String})


def results(catalogue: kpis.Catalogue) -> dict[str, pl.DataFrame]:
    """Result tables for everybody and for every site, words from the product's own ``verdict``."""
    reader = Reader("en_GB", "EUR")
    effects, events, ladders, checks = [], [], [], []
    verdicts, sizes = {}, {}
    slices = [("overall", "", 1.0), *(("site", site, 1.6) for site in SITES)]
    agents = roster()
    for kpi in catalogue.values():
        size, error = EFFECTS.get(kpi.id, (0.4, 0.5))
        band, base = kpi.smallest_effect, LEVELS[kpi.unit]
        for kind, value, wider in slices:
            estimate, se = size * band, error * band * wider
            low, high = estimate - 2.0 * se, estimate + 2.0 * se
            said = verdict(
                kpi,
                estimate=estimate,
                ci_low=low,
                ci_high=high,
                smallest_effect=band,
                reader=reader,
                weeks_to_know=11.0,
                checks=[DRIFT] if kpi.id == BROKEN else [],
            )
            if kind == "overall":
                verdicts[kpi.id], sizes[kpi.id] = said, reader.size(estimate, kpi, low, high)
            chosen = agents if kind == "overall" else agents.filter(pl.col("site") == value)
            n, trained = chosen.height, chosen["cohort"].is_not_null().sum()
            key = {"kpi": kpi.id, "slice_kind": kind, "slice_value": value}
            counts = {"n_contacts": n * N_WEEKS * 26.0, "n_agents": n}
            head = {
                "estimand": "scheduled wave, per contact",
                "control": "not yet trained",
                "df": 20.0,
                "ci_level": 0.95,
                "baseline": base,
                **counts,
                "n_trained_agents": trained,
                "n_clusters": 21,
                "n_trained_clusters": 14,
                "smallest_effect": band,
                "unit": kpi.unit,
                "better": kpi.better,
            }
            interval = {"estimate": estimate, "std_error": se, "ci_low": low, "ci_high": high}
            effects.append(
                {
                    **key,
                    "estimator": "imputation",
                    "role": "headline",
                    **interval,
                    **head,
                    "verdict": said.state,
                    "sentence": said.sentence,
                    "reason": said.reason,
                    "weeks_to_know": said.weeks_to_know,
                    **WAITS,
                }
            )
            effects.append(
                {
                    **key,
                    "estimator": "group_time",
                    "role": "second_opinion",
                    **interval,
                    **head,
                    "verdict": said.state,
                    "sentence": said.sentence,
                    "reason": "",
                    "weeks_to_know": None,
                }
            )
            for position, (name, factor) in enumerate((("before_after", 1.9), ("twfe", 1.3), ("imputation", 1.0))):
                ladders.append(
                    {
                        **key,
                        "position": position,
                        "estimator": name,
                        "label": name.replace("_", " "),
                        "estimate": estimate * factor,
                        "std_error": se,
                        "ci_low": estimate * factor - 2 * se,
                        "ci_high": estimate * factor + 2 * se,
                        "note": "a note",
                    }
                )
            for check, status in (
                ("pre_trends", "passed"),
                ("balance", "informational"),
                ("sensitivity", "informational"),
            ):
                checks.append(
                    {
                        **key,
                        "check": check,
                        "label": check.replace("_", " "),
                        "status": DRIFT.status if (kpi.id, check) == (BROKEN, DRIFT.check) else status,
                        "statistic": 1.0,
                        "threshold": 2.0,
                        "sentence": DRIFT.sentence if (kpi.id, check) == (BROKEN, DRIFT.check) else f"{check} found.",
                    }
                )
            for week in range(-14, 26):
                point = (estimate * min(1.0, week / 8) if week >= 0 else 0.0) + 0.3 * se * math.sin(week * 1.7)
                events.append(
                    {
                        **key,
                        "estimator": "imputation",
                        "event_time": week,
                        "estimate": point,
                        "std_error": se,
                        "ci_low": point - 2 * se,
                        "ci_high": point + 2 * se,
                        "band_low": point - 2.8 * se,
                        "band_high": point + 2.8 * se,
                        "n_contacts": 26.0 * n,
                        "n_agents": n if week < 24 else 5,
                    }
                )
    primary = [catalogue[name] for name in catalogue.primary()]
    sentence, detail = headline({k.id: verdicts[k.id] for k in primary}, primary, sizes)
    design = [
        {
            "position": 0,
            "estimator": "imputation",
            "admissible": True,
            "role": "headline",
            "reason": "Teams were trained in waves.",
        },
        {
            "position": 1,
            "estimator": "before_after",
            "admissible": False,
            "role": "foil",
            "reason": "Nothing to compare with.",
        },
    ]
    money = [
        {
            "kpi": kpi,
            "scenario": scenario,
            "effect": 0.0,
            "effect_low": 0.0,
            "effect_high": 0.0,
            "volume": 1000.0,
            "unit_value": 9.0,
            "amount": amount,
            "amount_low": amount - 20000,
            "amount_high": amount + 20000,
            "currency": "EUR",
            "sentence": "What it is worth.",
        }
        for kpi, amounts in (
            ("escalation_rate", (90e3, 120e3, 150e3)),
            ("total", (90e3, 120e3, 150e3)),
            ("cost", (60e3, 50e3, 40e3)),
            ("net", (30e3, 70e3, 110e3)),
        )
        for scenario, amount in zip(("low", "likely", "high"), amounts, strict=True)
    ]
    return {
        "effect": pl.DataFrame(effects),
        "event_time": pl.DataFrame(events),
        "ladder": pl.DataFrame(ladders),
        "check": pl.DataFrame(checks),
        "headline": pl.DataFrame([{"sentence": sentence, "detail": detail}]),
        "design": pl.DataFrame(design),
        "design_note": pl.DataFrame([{"key": "assignment", "value": "Teams were trained in waves."}]),
        "value": pl.DataFrame(money),
        "value_part": pl.DataFrame([value_part(catalogue[name]) for name in ("escalation_rate", "aht_seconds")]),
        "value_correlation": pl.DataFrame([{"kpi": "aht_seconds", "other": "escalation_rate", "correlation": -0.3}]),
        "value_agents": pl.DataFrame({"population": ["trained", "everybody"], "n_agents": [188, 280]}),
    }


def value_part(kpi: kpis.Kpi) -> dict[str, object]:
    """A row of ``result.value_part`` that agrees with ``EFFECTS``."""
    estimate, error = (kpi.smallest_effect * size for size in EFFECTS[kpi.id])
    return {
        "kpi": kpi.id,
        "effect": estimate,
        "std_error": error,
        "effect_low": estimate - 2.07 * error,
        "effect_high": estimate + 2.07 * error,
        "df": 23.0,
        "volume_per_month": 30_000.0,
        "volume_to_date": 90_000.0,
        "volume_per_month_everybody": 45_000.0,
        "usable": True,
        "state": "clear" if kpi.id == "escalation_rate" else "cant_tell_yet",
        "money_group": kpi.money_group,
        "money_rank": kpi.money_rank,
    }


def _build(folder: Path, run_id: str = "r1", seed: int = 5, toml: str = TOML, only: Sequence[str] = ()) -> Path:
    """Write empathy.toml and publish one version, with data of all KPIs or ``only`` some; return the path of the file.

    What readers of a shared dashboard may be told is worked out KPI by KPI: few are enough for tests of other things.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "empathy.toml"
    config.write_text(toml, encoding="utf-8")
    every = kpis.load()
    catalogue = kpis.Catalogue([every[kpi] for kpi in only]) if only else every
    weeks = agent_week(catalogue, seed)
    # A KPI without data has its columns all the same.
    columns = [column for kpi in every.values() for column in kpi.columns if column not in weeks.columns]
    weeks = weeks.with_columns(pl.lit(None, dtype=pl.Float64).alias(column) for column in columns)
    agents = roster().rename({"cohort": "scheduled_week"}).drop("band")
    final_week = FIRST_WEEK + timedelta(weeks=N_WEEKS - 1)
    agents = agents.with_columns(
        pl.col("scheduled_week").alias("trained_week"),
        pl.lit(FIRST_WEEK - timedelta(weeks=60)).alias("hired_on"),
        pl.lit(None, dtype=pl.Date).alias("left_on"),
        pl.lit(None, dtype=pl.String).alias("leave_type"),
        pl.lit("agent").alias("role"),
        pl.lit("permanent").alias("employment"),
        pl.col("scheduled_week").cast(pl.String).alias("planned_wave"),
        pl.col("scheduled_week").is_not_null().cast(pl.Int32).alias("courses_completed"),
        pl.lit(FIRST_WEEK).alias("first_week"),
        pl.lit(final_week).alias("last_week"),
    )
    last = FIRST_WEEK + timedelta(weeks=N_WEEKS, days=-1)
    started = datetime(2026, 3, 9, 6, tzinfo=UTC)
    run = {
        "run_id": run_id,
        "started_at": started,
        "finished_at": started,
        "as_of": last,
        "config_sha256": "0",
        "engine_version": "2.0",
        "data_from": FIRST_WEEK,
        "data_to": last,
        "seconds": 3.0,
    }
    manifest = {
        "file_id": 1,
        "source": "contacts",
        "format": "tabular",
        "path": "contacts.csv",
        "sha256": "0",
        "bytes": 10,
        "read": 1000,
        "loaded": 985,
        "rejected": 10,
        "duplicate": 5,
    }
    checks = {
        "check": "no_contact_before_hire",
        "severity": "warning",
        "status": "passed",
        "violations": 0,
        "sentence": "No contact before hire.",
        "sample": "",
    }
    with Draft.open(folder / "warehouse", run_id) as draft:
        draft.write_table("mart", "agent_week", weeks)
        draft.write_table("mart", "agent", agents)
        draft.write_table("mart", "agent_spell", agent_spell())
        for name, row in (("run", run), ("file_manifest", manifest), ("check_result", checks)):
            draft.write_table("meta", name, pl.DataFrame([row]))
        found = results(every)
        if only:
            found = {
                name: frame.filter(pl.col("kpi").is_in(only)) if "kpi" in frame.columns else frame
                for name, frame in found.items()
            }
        draft.write_results(found)
        draft.publish()
    return config


@pytest.fixture(scope="session")
def config_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empathy.toml beside a published warehouse; read only."""
    return _build(tmp_path_factory.mktemp("warehouse"))


@pytest.fixture(scope="session")
def context(config_path: Path) -> Context:
    """Settings and query layer over the small warehouse."""
    settings = from_config(config_path, environ={})
    return Context(settings, Queries(settings))


@pytest.fixture(scope="session")
def build() -> Callable[..., Path]:
    """Write an empathy.toml and publish one version: ``build(folder, run_id, seed, toml)``."""
    return _build
