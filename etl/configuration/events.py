"""``[[events]]``: other events (systems, pay, incidents) that could be mistaken for an effect of training."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from etl.configuration.section import Section


class Event(Section):
    """One event: a new system, a pay round, an incident, a campaign."""

    label: str = Field(min_length=1, max_length=200, description="what happened, in a few words")
    at: date = Field(description="its first day")
    until: date | None = Field(default=None, description="last day, where it took longer than one")
    site: str | None = Field(default=None, description="the site it touched; all when absent")
    team: str | None = Field(default=None, description="the team it touched; all when absent")
    kind: Literal["system", "people", "customers", "incident", "other"] = Field(
        default="other", description="what it was about"
    )

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Event:
        if self.until is not None and self.until < self.at:
            raise ValueError(f"the event ends ({self.until}) before it begins ({self.at}).")
        return self
