"""How many were looked at: adjusted p-values against statsmodels, and what they promise."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from analysis.inference import benjamini_hochberg, holm


@given(st.lists(st.floats(0, 1) | st.just(math.nan), max_size=40))
def test_adjusted_p_values_are_those_of_statsmodels(values: list[float]) -> None:
    known = [v for v in values if math.isfinite(v)]
    for ours, theirs in ((benjamini_hochberg, "fdr_bh"), (holm, "holm")):
        found = ours(values)
        expected = multipletests(known, method=theirs)[1] if known else np.zeros(0)
        assert np.allclose(found[np.isfinite(values)], expected, atol=1e-12)
        assert np.isnan(found[~np.isfinite(values)]).all()


def test_false_discoveries_are_a_twentieth_of_what_is_found() -> None:
    """Twelve of forty move; the mean share of false positives among what is found is 5% of the 70% that do not."""
    rng = np.random.default_rng(3)
    shares = []
    for _ in range(400):
        z = rng.standard_normal(40) + np.where(np.arange(40) < 12, 3.5, 0.0)
        p_values = np.array([math.erfc(abs(v) / math.sqrt(2)) for v in z])
        found = benjamini_hochberg(p_values) <= 0.05
        shares.append(found[12:].sum() / max(found.sum(), 1))
    assert 0.02 < np.mean(shares) < 0.05
