"""Components of pages: chart cards, tables, KPI cards, and messages for empty states."""
