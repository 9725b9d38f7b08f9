"""Uncertainty that survives a sceptic: clusters, few clusters, uniform bands, randomisation, multiplicity."""

from __future__ import annotations

from analysis.inference.bands import sup_t_critical_value
from analysis.inference.cluster import small_sample_factor, standard_errors, t_interval

__all__ = ["small_sample_factor", "standard_errors", "sup_t_critical_value", "t_interval"]
