"""Numbers and verdicts in words: the only place that writes a sentence about an effect."""
