"""The cohort index of an agent who is never trained."""

from __future__ import annotations

import numpy as np

NEVER = int(np.iinfo(np.int64).max)
"""Later than every week."""
