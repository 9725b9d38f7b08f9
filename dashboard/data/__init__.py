"""The only door to data: every page, chart, table and file asks :class:`dashboard.data.queries.Queries`."""
