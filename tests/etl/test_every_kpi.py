"""Every KPI of a small world against a recomputation in plain Python (benchmarks/oracle.py), cell by cell."""

from __future__ import annotations

from pathlib import Path

from benchmarks.oracle import differing, world_of
from etl.configuration.kpis import load as load_kpis
from sample_data import write_sample

CLOSE_LATER = {"customer_retention_90d", "referral_rate"}
"""KPIs whose window of 90 days closes late in so short a time."""


def test_every_cell_of_a_dirty_world_agrees(tmp_path: Path) -> None:
    """The exports of the sample world hold repeats, gaps, wrong rows, moves, leavers and transcripts."""
    write_sample(tmp_path, agents=8, weeks=12, seed=11)
    con, oracle, kpis = world_of(tmp_path / "empathy.toml")
    compared, lines = differing(con, oracle, kpis)
    assert lines == []
    seen = {key[0] for key, cell in oracle.cells.items() if cell[1]}
    assert set(load_kpis()) - seen <= CLOSE_LATER
    assert compared > 500
