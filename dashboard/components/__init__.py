"""Pieces of a page: chart cards, tables, KPI cards, and what stands there when there is nothing to show."""
