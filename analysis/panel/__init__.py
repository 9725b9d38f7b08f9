"""Agents x weeks: what estimation needs of the data, and the query that gets it."""
