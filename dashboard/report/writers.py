"""A report as a file, by the ending of its name."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

from dashboard.report.document import RUN_MARK, Report
from dashboard.report.extras import ReportError
from dashboard.report.html_file import html
from dashboard.report.pdf_file import pdf
from dashboard.report.pptx_file import pptx


def run_of(out: Path) -> str:
    """The version that a report written earlier was made from; empty where there is none, or none that says so.

    Parameters
    ----------
    out : Path
        As in :func:`write`.
    """
    if not out.is_file():
        return ""
    content = out.read_bytes()
    if out.suffix.lower() == ".pptx":
        try:
            with ZipFile(BytesIO(content)) as file:
                content = file.read("docProps/core.xml")
        except (BadZipFile, KeyError):
            return ""
    found = re.search(rb"%s([A-Za-z0-9_-]{1,64})" % RUN_MARK.encode(), content)
    return found[1].decode() if found else ""


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
