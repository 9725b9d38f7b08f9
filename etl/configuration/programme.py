"""``[programme]``: the training whose effect is measured, and how agents were assigned to it."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field, model_validator

from etl.configuration.section import Section

AssignmentMode = Literal["randomised", "team_waves", "lowest_performers", "volunteers", "unknown"]


AssignmentUnit = Literal["agent", "team", "site"]


class Course(Section):
    """``[[programme.courses]]``: one course, the skills it teaches, whether it is the treatment."""

    id: str = Field(description="id of the course in the learning system")
    name: str = Field(default="", description="its name on the pages; the id when empty")
    skills: tuple[str, ...] = Field(default=(), description="skills it teaches")
    treatment: bool = Field(default=True, description="whether completing it counts as trained")
    refresher: bool = Field(
        default=False, description="whether it renews what another course taught; it then makes nobody trained"
    )


class AssignmentRule(Section):
    """The recorded rule of ``lowest_performers``: the worst ``share`` on ``kpi`` over ``lookback_weeks``."""

    kpi: str = Field(description="KPI by which the worst were picked")
    lookback_weeks: int = Field(default=4, ge=1, le=52, description="weeks before the pick over which it was looked at")
    share: float = Field(gt=0.0, le=1.0, description="share of agents picked")


class Assignment(Section):
    """``[programme.assignment]``: how agents were assigned to training, which limits what may be claimed."""

    mode: AssignmentMode = Field(
        default="unknown", description="how agents came to be trained; it decides what may be claimed"
    )
    unit: AssignmentUnit = Field(
        default="team", description="level at which training was assigned: the cluster of the intervals"
    )
    anticipation_weeks: int = Field(
        default=0, ge=0, le=12, description="weeks before training in which behaviour may already change"
    )
    rule: AssignmentRule | None = Field(default=None, description="the recorded rule; lowest_performers only")

    @model_validator(mode="after")
    def _rule_only_where_it_applies(self) -> Assignment:
        if self.mode == "lowest_performers" and self.rule is None:
            raise ValueError(
                'mode "lowest_performers" needs rule = { kpi = "...", lookback_weeks = 4, share = 0.5 }; '
                'if the rule was not written down, use mode = "unknown".'
            )
        return self


class Holdout(Section):
    """``[programme.holdout]``: teams kept untrained on purpose, as a comparison group."""

    teams: tuple[str, ...] = Field(min_length=1, description="teams that stay untrained, as the exports write them")
    until: date | None = Field(default=None, description="day on which it ends; open when absent")
    reason: str = Field(default="", description="why these teams, and who decided it")


class OtherProgramme(Section):
    """``[[programmes]]``: another programme of the same people, which could be mistaken for an effect of this one."""

    name: str = Field(min_length=1, description="name of the programme")
    courses: tuple[str, ...] = Field(min_length=1, description="ids of its courses in the learning system")
    config: str = Field(
        default="", description="its own empathy.toml, from this one's folder; `empathy serve` then shows its pages too"
    )


class Programme(Section):
    """``[programme]``: the training whose effect is measured."""

    name: str = Field(default="Empathy programme", description="name of the programme on the pages")
    complete: Literal["any", "all"] = Field(
        default="any", description="whether one course of the treatment makes an agent trained, or all of them"
    )
    study_from: date | None = Field(default=None, description="a day of the first week that the marts cover")
    study_to: date | None = Field(default=None, description="a day of the last week that the marts cover")
    courses: tuple[Course, ...] = Field(default=(), description="the courses, one entry each")
    assignment: Assignment = Field(default=Assignment(), description="how agents came to be trained")
    holdout: Holdout | None = Field(default=None, description="teams kept out of training on purpose")

    @model_validator(mode="after")
    def _courses_once(self) -> Programme:
        seen: set[str] = set()
        for course in self.courses:
            if course.id in seen:
                raise ValueError(f'course "{course.id}" is listed twice; keep one [[programme.courses]] entry for it.')
            seen.add(course.id)
        return self

    @property
    def treatment_courses(self) -> tuple[str, ...]:
        """Ids of the courses that count as treatment, in the order listed."""
        return tuple(course.id for course in self.courses if course.treatment and not course.refresher)

    @property
    def refresher_courses(self) -> tuple[str, ...]:
        """Ids of the courses that renew what others taught."""
        return tuple(course.id for course in self.courses if course.refresher)
