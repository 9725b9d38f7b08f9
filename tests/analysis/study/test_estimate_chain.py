"""benchmarks/estimate_chain.py: every part is where its clock is, and time within a part counts once."""

from __future__ import annotations

import importlib

import pytest

from benchmarks import estimate_chain


def test_every_part_is_called_from_where_its_clock_is() -> None:
    for places in estimate_chain.PARTS.values():
        for module, name in places:
            assert callable(getattr(importlib.import_module(module), name))


def test_time_within_a_part_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(100))
    monkeypatch.setattr(estimate_chain.time, "process_time", lambda: float(next(now)))
    clocks = estimate_chain.Clocks()
    inner = clocks.around("survivors", lambda: next(now))
    clocks.around("spillover", lambda: (inner(), inner()))()
    assert clocks.seconds["survivors"] == 0.0
    assert clocks.seconds["spillover"] == 3.0  # two ticks within, and the clock's own
    assert estimate_chain.table(clocks.seconds, 12.0).splitlines()[-1] == "| the chain together | 3.00 | 33.3% |"
