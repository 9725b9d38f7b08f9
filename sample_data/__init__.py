"""A simulated contact centre with known effects, to test estimators and as demo data."""

from __future__ import annotations

from sample_data.parameters import Parameters
from sample_data.sample import Summary, write_demo, write_sample

__all__ = ["Parameters", "Summary", "write_demo", "write_sample"]
