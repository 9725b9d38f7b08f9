"""The board report: six pages as HTML, PDF or PowerPoint.

:mod:`~dashboard.report.contents` asks the same query layer and takes the same view models and words as the pages; the
three writers only lay out one :class:`~dashboard.report.document.Report`.
"""
