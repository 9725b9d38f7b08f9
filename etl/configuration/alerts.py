"""``[alerts]``: who is told when a run failed or data are late."""

from __future__ import annotations

from pydantic import Field

from etl.configuration.section import Section


class Alerts(Section):
    """``[alerts]``: a command that is given the message on its standard input."""

    command: str = Field(
        default="", description="command and arguments, started without a shell; told by nobody when empty"
    )
    timeout_seconds: float = Field(default=60, gt=0, le=3600, description="after so long the command is ended")
