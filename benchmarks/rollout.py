"""The real roll-out twice: from the raw files through the warehouse, and from the published panel.

Run by hand: ``EMPATHY_REFERENCE_DATA=... python benchmarks/rollout.py [--warehouse FOLDER]``. Prints the tables of
docs/rollout.md.
Without ``--warehouse`` the four raw files are built first (examples/rollout/empathy.toml) into a temporary folder.
``--published`` prints only the published panel through every estimator, half a minute without any building.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from analysis import Panel, estimate
from analysis.estimators import ESTIMATORS
from analysis.words.estimators import RECORDS
from etl.build import build
from etl.configuration.model import load
from etl.warehouse.reader import Warehouse

ROOT = Path(__file__).resolve().parent.parent
FIRST_MONTH, LAST_MONTH = "2011-01-01", "2016-05-01"
"""Whole months that both the published panel and the incidents of the raw files cover."""

RAW_PANEL = """
with months as (
    select cast(unnest(range(date '{first}', date '{last}' + interval 1 month, interval 1 month)) as date) as month
),

officers as (
    select agent_key, hired_on, cast(date_trunc('month', trained_on) as date) as trained_month
    from mart.agent
    where trained_on is not null
),

complaints as (
    select agent_key, cast(date_trunc('month', local_date) as date) as month, count(*) as complaints
    from core.escalation
    where kind = 'complaint'
    group by agent_key, date_trunc('month', local_date)
)

select
    officers.agent_key as officer,
    months.month,
    officers.trained_month,
    coalesce(complaints.complaints, 0) as complaints
from officers
inner join months on officers.hired_on <= months.month
left join complaints on complaints.agent_key = officers.agent_key and complaints.month = months.month
order by officer, month
"""

PUBLISHED_PANEL = """
select
    cast(uid as bigint) as officer,
    month,
    cast(date_trunc('month', assigned) as date) as trained_month,
    complaints
from read_parquet(?)
where month between date '{first}' and date '{last}'
order by officer, month
"""


def months_between(frame: pl.DataFrame) -> pl.DataFrame:
    """Months as whole numbers from the first one; officers trained after the last one are not yet trained."""
    start = pl.lit(FIRST_MONTH).str.to_date()
    number = lambda column: (  # noqa: E731
        (pl.col(column).dt.year() - start.dt.year()) * 12 + pl.col(column).dt.month() - start.dt.month()
    )
    return frame.with_columns(number("month").alias("t"), number("trained_month").alias("cohort"))


def report(name: str, frame: pl.DataFrame) -> None:
    """Print one row per estimator: effect of training on complaints per officer-month."""
    panel = Panel.from_frame(
        months_between(frame), unit="officer", time="t", cohort="cohort", outcome="complaints", already_trained="drop"
    )
    officers = frame["officer"].n_unique()
    before = frame.filter(pl.col("month") < pl.col("trained_month"))["complaints"].mean()
    complaints = int(frame["complaints"].sum())
    print(f"{name}: {officers:,} officers, {frame.height:,} officer-months, {complaints:,} complaints")
    for estimator in ("imputation", "group_time"):
        began = time.perf_counter()
        overall = estimate(panel, estimator=estimator).aggregate("simple").overall
        share = overall.estimate / before if isinstance(before, float) and before else float("nan")
        print(
            f"  {estimator:<12} {overall.estimate:+.5f} [{overall.ci_low:+.5f}, {overall.ci_high:+.5f}] "
            f"per officer-month, {share:+.1%} of {before:.4f} before training ({time.perf_counter() - began:.1f} s)"
        )


def whole_panel(reference: Path) -> Panel:
    """The published panel with all its months."""
    frame = pl.read_parquet(reference / "rollout" / "officer_month_panel.parquet")
    return Panel.from_frame(frame, "uid", "period", "first_trained", "complaints")


def markdown_row(panel: Panel, name: str, **options: str) -> str:
    """One estimator's row of the table in docs/rollout.md."""
    found = estimate(panel, name, **options).aggregate("simple").overall
    label = RECORDS[name].term + "".join(f", {value}" for value in options.values())
    return (
        f"| {label} | {found.estimate:+.4f} | [{found.ci_low:+.4f}, {found.ci_high:+.4f}] | "
        f"{found.share_identified:.1%} | {found.control} |"
    )


def every_estimator(panel: Panel) -> None:
    """Print the published panel through all of them."""
    for name in ESTIMATORS:
        print(markdown_row(panel, name), flush=True)
        if name == "extended_twfe":
            print(markdown_row(panel, name, family="poisson"), flush=True)


def main() -> None:
    """Build if asked to, and print both panels' answers."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--warehouse", type=Path, help="a warehouse built from examples/rollout/empathy.toml")
    parser.add_argument("--published", action="store_true", help="only the published panel, through every estimator")
    asked = parser.parse_args()
    given = asked.warehouse
    reference = Path(os.environ.get("EMPATHY_REFERENCE_DATA", ROOT.parent / "shared" / "data")).resolve()
    every_estimator(whole_panel(reference))
    if asked.published:
        return
    os.environ["EMPATHY_REFERENCE_DATA"] = str(reference)
    with tempfile.TemporaryDirectory() as folder:
        if given is None:
            shutil.copy(ROOT / "examples" / "rollout" / "empathy.toml", folder)
            built = build(load(Path(folder) / "empathy.toml"), progress=print)
            for file in built.files:
                print(f"{Path(file.path).name}: {file}")
            for source in built.coverage:
                print(source)
            print(built.repairs)
        dates = {"first": FIRST_MONTH, "last": LAST_MONTH}
        with Warehouse(given or Path(folder) / "warehouse").reader() as cursor:
            raw = pl.from_arrow(cursor.sql(RAW_PANEL.format(**dates)).to_arrow_table())
    panel_file = str(reference / "rollout" / "officer_month_panel.parquet")
    con = duckdb.connect()
    published = pl.from_arrow(con.execute(PUBLISHED_PANEL.format(**dates), [panel_file]).to_arrow_table())
    assert isinstance(raw, pl.DataFrame)
    assert isinstance(published, pl.DataFrame)
    report("Published panel", published)
    report("Raw files", raw)
    report("Raw files, appointed before 2011", raw.join(
        raw.group_by("officer").len().filter(pl.col("len") == raw["month"].n_unique()).select("officer"), on="officer"
    ))  # fmt: skip


if __name__ == "__main__":
    main()
