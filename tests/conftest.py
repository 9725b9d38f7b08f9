"""What every test shares: small linear systems are solved by one thread, as the command line does."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
