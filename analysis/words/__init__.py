"""Numbers and verdicts in words: the only package that writes sentences about effects."""
