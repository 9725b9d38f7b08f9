"""Uniform (sup-t) bands: simultaneous intervals for a whole curve."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.inference.cluster import standard_errors

Floats = NDArray[np.float64]

#: Draws behind the critical value: its simulation error is under 0.02 at the 95% level.
DRAWS = 10_000
#: A fixed seed, so that the band of a figure is always the same.
SEED = 20_260_101


def sup_t_critical_value(
    influence: Floats, level: float = 0.95, df: float = np.inf, draws: int = DRAWS, seed: int = SEED
) -> float:
    """The ``level`` quantile of max_k |t_k| for estimates with these influence columns.

    Parameters
    ----------
    influence : (G, K) array
        One row per cluster; columns with NaN or no variance are left out.
    level : float
    df : float
        Degrees of freedom of the multivariate t; infinite for the normal.
    draws, seed : int
        Simulation size and seed; the result is a deterministic function of them.

    Returns
    -------
    float
        NaN when no column can be used.

    Notes
    -----
    Plug-in simulation from the estimated correlation (Montiel Olea and Plagborg-Moller 2019,
    doi:10.1002/jae.2656). The symmetric square root makes the value independent of eigenvector signs.
    """
    usable = np.isfinite(influence).all(axis=0)
    columns = influence[:, usable]
    se = standard_errors(columns)
    scaled = columns[:, se > 0] / se[se > 0]
    if scaled.shape[1] == 0:
        return float("nan")
    values, vectors = np.linalg.eigh(scaled.T @ scaled)
    root = (vectors * np.sqrt(np.clip(values, 0.0, None))) @ vectors.T
    # Single precision: the quantile's simulation error is a hundred thousand times its rounding error.
    drawn = _normals(draws, root.shape[0], seed)[0] @ root.astype(np.float32)
    np.abs(drawn, out=drawn)
    sample = drawn.max(axis=1).astype(np.float64)
    if np.isfinite(df):
        sample /= _roots_of_chi_square(float(df), draws, root.shape[0], seed)
    return float(np.quantile(sample, level))


@lru_cache(maxsize=16)
def _normals(draws: int, dimension: int, seed: int) -> tuple[NDArray[np.float32], Any]:
    """(draws, dimension), the same for every curve of that many points, and the generator's state after them."""
    generator = np.random.Generator(np.random.PCG64(seed))
    return generator.standard_normal((draws, dimension), dtype=np.float32), generator.bit_generator.state


@lru_cache(maxsize=64)
def _roots_of_chi_square(df: float, draws: int, dimension: int, seed: int) -> Floats:
    """(draws,) square roots of chi-square(df) / df, drawn after the normals of that dimension."""
    generator = np.random.Generator(np.random.PCG64(seed))
    generator.bit_generator.state = _normals(draws, dimension, seed)[1]
    return np.asarray(np.sqrt(generator.chisquare(df, draws) / df))
