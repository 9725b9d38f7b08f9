"""Errors a user can fix: they end a command with a message instead of a traceback."""

from __future__ import annotations


class EmpathyError(Exception):
    """An expected error; its message says what is wrong, where, and what to do.

    Attributes
    ----------
    exit_code : int
        1 when the data fail a rule and nothing was published, 2 when usage or configuration is wrong.
    """

    exit_code = 2


class StopRuleError(EmpathyError):
    """The data break a stop-rule; nothing is published and the last version is still served."""

    exit_code = 1
