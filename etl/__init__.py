"""Export files to a published warehouse: every row accounted for."""
