"""A message with the report, ready to be opened and sent; nothing is sent from here."""

from __future__ import annotations

from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from textwrap import shorten

from dashboard.report.document import Report
from dashboard.report.extras import ReportError

LONGEST_SUBJECT = 200
KINDS = {
    ".html": ("text", "html"),
    ".pdf": ("application", "pdf"),
    ".pptx": ("application", "vnd.openxmlformats-officedocument.presentationml.presentation"),
}


def check_addresses(to: Sequence[str]) -> None:
    """Refuse what is no mail address.

    Raises
    ------
    ReportError
        Naming the first one that is none.
    """
    for address in to:
        name, at, domain = address.partition("@")
        if not (name and at and domain) or any(letter.isspace() for letter in address):
            raise ReportError(f'"{address}" is no mail address; separate several by commas.')


def message(report: Report, file: Path, to: Sequence[str]) -> bytes:
    """Return an ``.eml``: the answers in its text, the report as its attachment.

    Parameters
    ----------
    report : Report
    file : Path
        The written report.
    to : sequence of str
        Addresses.

    Raises
    ------
    ReportError
        When an address is none.
    """
    check_addresses(to)
    letter = EmailMessage(policy=SMTP)
    subject = f"{report.project}: {report.sheets[0].title if report.sheets else report.title}"
    letter["Subject"] = shorten(subject, LONGEST_SUBJECT, placeholder="…")
    letter["To"] = ", ".join(to)
    letter["X-Unsent"] = "1"  # mail programs open it as a draft
    lines = [sheet.title for sheet in report.sheets]
    letter.set_content("\n\n".join([*lines, report.about]) + "\n")
    main, sub = KINDS[file.suffix.lower()]
    letter.add_attachment(file.read_bytes(), maintype=main, subtype=sub, filename=file.name)
    return letter.as_bytes()
