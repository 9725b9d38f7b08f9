"""A report as a file, by the ending of its name."""

from __future__ import annotations

from pathlib import Path

from dashboard.report.document import Report
from dashboard.report.extras import ReportError
from dashboard.report.html_file import html
from dashboard.report.pdf_file import pdf
from dashboard.report.pptx_file import pptx


def write(report: Report, out: Path, *, with_plotly: bool = True) -> None:
    """Write a report; a file that was there before is replaced only once the new one is whole.

    Parameters
    ----------
    report : Report
    out : Path
        Ends in ``.html``, ``.pdf`` or ``.pptx``.
    with_plotly : bool
        See :func:`dashboard.report.html_file.html`.

    Raises
    ------
    ReportError
        For another ending, or when the packages of a format are not installed.
    """
    kind = out.suffix.lower()
    if kind == ".html":
        content = html(report, with_plotly=with_plotly).encode()
    elif kind == ".pdf":
        content = pdf(report)
    elif kind == ".pptx":
        content = pptx(report)
    else:
        raise ReportError(f"{out} must end in .html, .pdf or .pptx.")
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = out.with_name(f".{out.name}.part")
    aside.write_bytes(content)
    aside.replace(out)
