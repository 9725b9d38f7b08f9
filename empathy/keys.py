"""``empathy key``: a new key for the pseudonyms."""

from __future__ import annotations

import sys


def key() -> None:
    """Print a new key for the pseudonyms: 32 random bytes. Keep it where secrets are kept."""
    from etl.privacy import new_key

    sys.stdout.write(new_key() + "\n")
