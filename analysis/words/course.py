"""Sentences on the course of an effect after training: ramp, fading, and the share that stays."""

from __future__ import annotations

import math
from typing import Protocol

FADING, LASTING, CANNOT_TELL = "fading", "lasting", "cannot_tell"
NO_COURSE = (
    "How the effect changes over time cannot be told: it may be nothing, or too few weeks after training were seen."
)


class PathNumber(Protocol):
    """A parameter of the course with its range (``analysis.effects.course.PathNumber`` satisfies it)."""

    @property
    def estimate(self) -> float: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def identified(self) -> bool: ...


class Course(Protocol):
    """A fitted course (``analysis.effects.course.Path`` satisfies it)."""

    @property
    def ramp(self) -> PathNumber: ...
    @property
    def half_life(self) -> PathNumber: ...
    @property
    def floor(self) -> PathNumber: ...
    @property
    def fades(self) -> bool: ...
    @property
    def weeks(self) -> int: ...


def state(course: Course | None) -> str:
    """``fading``; ``lasting`` where the half-life is longer than the weeks observed; else ``cannot_tell``."""
    if course is None:
        return CANNOT_TELL
    if course.fades:
        return FADING
    return LASTING if course.half_life.low >= course.weeks else CANNOT_TELL


def sentence(course: Course | None) -> str:
    """The course in plain words, naming parameters that are not identified."""
    if course is None:
        return NO_COURSE
    half, said = course.half_life, state(course)
    if said == FADING:
        first = f"The effect fades: half of it is gone {_about(half)} after training"
        stays = course.floor
        if stays.identified and stays.low > 0:
            first += f", but at least {stays.low:.0%} of it stays"
        elif stays.identified and stays.high < 1:
            first += f", and no more than {stays.high:.0%} of it stays for good"
        else:
            first += "; what stays for good cannot be told"
    elif said == LASTING:
        first = (
            f"The effect does not visibly fade over the {course.weeks} weeks seen after training: a half-life under "
            f"{_weeks(half.low)} does not fit"
        )
    elif math.isnan(half.low):
        first = f"Whether the effect fades cannot be told from the {course.weeks} weeks seen after training"
    else:
        first = (
            "Whether the effect fades cannot be told yet: no fading fits, and so does a half-life of "
            f"{_weeks(half.low)} or more"
        )
    ramp = course.ramp
    if not ramp.identified:
        return f"{first}."
    if not math.isnan(ramp.high) and ramp.high < 1:
        return f"{first}. It came at once."
    until = (
        f"between {ramp.low:.0f} and {_weeks(ramp.high)}"
        if not math.isnan(ramp.high)
        else f"{ramp.low:.0f} weeks or more"
    )
    return f"{first}. Half of it had come after about {_weeks(max(ramp.estimate, 0.0))} (likely {until})."


def _about(half: PathNumber) -> str:
    ends = [None if math.isnan(end) else _weeks(end) for end in (half.low, half.high)]
    if all(ends):
        return f"about {_weeks(half.estimate)} (likely between {half.low:.0f} and {ends[1]})"
    if ends[1]:
        return f"about {_weeks(half.estimate)} (likely {ends[1]} or less)"
    return f"about {_weeks(half.estimate)} (likely {ends[0]} or more)"


def _weeks(value: float) -> str:
    whole = f"{value:.0f}"
    return f"{whole} week" if whole == "1" else f"{whole} weeks"
