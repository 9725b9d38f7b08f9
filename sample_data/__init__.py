"""A contact centre with known truth: the instrument on which every estimator is judged, and the demo's data."""

from __future__ import annotations

from sample_data.parameters import Parameters
from sample_data.sample import Summary, write_demo, write_sample

__all__ = ["Parameters", "Summary", "write_demo", "write_sample"]
