"""``[conversations]``: whether transcripts are read, and what an evaluation must say for a skill to count as shown."""

from __future__ import annotations

from pydantic import Field

from etl.configuration.section import Section


class Conversations(Section):
    """``[conversations]``: whether transcripts are read, and in which language they are."""

    read: bool = Field(
        default=False, description="read transcripts; their sources are passed over otherwise, whatever they name"
    )
    language: str = Field(
        default="en", pattern=r"^[a-z]{2}$", description="language of transcripts that do not say, in two letters"
    )
    shown_from: float = Field(
        default=0.6, gt=0, lt=1, description="score of an evaluation from which a skill counts as shown in its contact"
    )
