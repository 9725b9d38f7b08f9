"""Data access of the dashboard: all pages, charts, tables and files use :class:`dashboard.data.queries.Queries`."""
