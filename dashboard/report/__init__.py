"""The report for people who will not open a dashboard: six pages as HTML, PDF or PowerPoint.

:mod:`~dashboard.report.contents` asks the same query layer and takes the same view models and words as the pages; the
three writers lay out one :class:`~dashboard.report.document.Report` and work nothing out.
"""
