"""``python -m empathy``."""

from empathy import main

main()
