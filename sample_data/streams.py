"""Named random streams: each draw has its own generator, by purpose and week.

Worlds with the same seed that differ in one parameter use the same random numbers for everything else, which makes
potential outcomes comparable and exports independent of threads and order of computation.
"""

from __future__ import annotations

import zlib

import numpy as np


def stream(seed: int, purpose: str, *index: int) -> np.random.Generator:
    """Return the generator for one purpose, for instance ``stream(7, "absence", 12)`` for week 12.

    Parameters
    ----------
    seed : int
        The seed of the world, zero or more.
    purpose : str
        A name; streams with different names are independent.
    *index : int
        Week or other non-negative counters that address one draw.
    """
    entropy = (seed, zlib.crc32(purpose.encode()), *index)
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(entropy)))
