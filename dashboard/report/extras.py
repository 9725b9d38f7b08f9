"""Optional packages for PDF and PowerPoint."""

from __future__ import annotations

import importlib
from typing import Any

from etl.errors import EmpathyError


class ReportError(EmpathyError):
    """A report that cannot be made; the message says what to do."""


def needed(module: str, what: str) -> Any:
    """Return an optional module.

    Parameters
    ----------
    module : str
        Its import name.
    what : str
        The format that needs it, for the message.

    Raises
    ------
    ReportError
        When it is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        raise ReportError(
            f"{what} needs packages that are not installed. Install them with: pip install 'empathy-lift[report]' "
            "(an .html report needs none)."
        ) from None
