"""Engines other than DuckDB that can reduce contacts to agents and weeks."""
