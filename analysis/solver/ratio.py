"""Division with a stated value for empty cells."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def ratio(top: Floats | float, bottom: Floats, otherwise: float = np.nan) -> Floats:
    """``top / bottom`` where ``bottom`` is positive, ``otherwise`` elsewhere; shapes broadcast."""
    shape = np.broadcast_shapes(np.shape(top), bottom.shape)
    out = np.full(shape, otherwise, dtype=np.float64)
    np.divide(top, bottom, out=out, where=bottom > 0)
    return out
