"""Figures: pure functions from rows to a drawing, no browser and no data access.

A figure is a plain dictionary, ready for :func:`dashboard.components.chart.chart_card` and for a file:

``{"label": what it shows in words, "wide": tree, "narrow": tree or None}``

A tree is a nested list ``["svg", {attributes}, child, ...]`` made with :mod:`dashboard.figures.svg`. ``narrow`` is the
drawing for a column under 560 px; without it the wide one shrinks. Marks get ``data-tip`` (what a pointer or the arrow
keys show) and a class for their colour (``fill-trained``, ``stroke-compare``; the classes stand in ``app.css``, the
colours in :mod:`dashboard.theme`), so one drawing serves light, dark, print and export.
"""
