"""Standard errors and tests: clustering, few clusters, uniform bands, multiple testing.

Randomisation inference needs the estimators, which import this package, so it is in ``analysis.checks.randomisation``.
"""

from __future__ import annotations

from analysis.inference.bands import sup_t_critical_value
from analysis.inference.cluster import jackknife_influence, small_sample_factor, standard_errors, t_interval
from analysis.inference.degrees_of_freedom import jackknife_degrees_of_freedom
from analysis.inference.multiplicity import benjamini_hochberg, holm, romano_wolf
from analysis.inference.wild import WildBootstrap, wild_cluster_bootstrap

__all__ = [
    "WildBootstrap",
    "benjamini_hochberg",
    "holm",
    "jackknife_degrees_of_freedom",
    "jackknife_influence",
    "romano_wolf",
    "small_sample_factor",
    "standard_errors",
    "sup_t_critical_value",
    "t_interval",
    "wild_cluster_bootstrap",
]
