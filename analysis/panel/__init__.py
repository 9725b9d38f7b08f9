"""Panels (agents x weeks) that estimators use, and the queries that read them."""
