"""Moodle's course completion report: CSV, one row per enrolled person, one file per course.

The file names neither its course nor its time zone. The course is option ``course``; without it, what follows
``completion-``, ``progress.`` or the last ``-`` of the file's name, in capitals, without the ``(2)`` of a copy. Dates
are written in the language of whoever exported them: option ``date_format`` says how, and ``timezone`` in whose time.
An empty "Course complete" is an open enrolment: in progress once an activity is completed, assigned before. Activities
stand in pairs of columns, ``NAME`` and ``NAME - Completion date``; there may be any number, in any order.

| training | column | notes |
|---|---|---|
| source_agent_id | ID number + Email address + ID | the first that is given |
| course_id | file name | option `course` |
| started_at | Completion date | earliest completion of an activity, when not after the course's; zone of the source |
| completed_at | Course complete | zone of the source |
| status | Course complete + Completion date | completed, in_progress or assigned |
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from etl.file_kinds import without_copy_mark
from etl.sources.csv_shape import OPTIONS, shape
from etl.sources.format import Context, Recognition, Sample, SourceError, SourceFormat
from etl.sources.plan import Field, Plan, TableMap, column
from etl.sources.words import unreadable
from etl.sql_text import literal, quoted

DAY_FIRST = ("%d/%m/%y, %H:%M", "%d/%m/%Y, %H:%M", "%d/%m/%y %H:%M", "%d/%m/%Y %H:%M")
MONTH_FIRST = ("%m/%d/%y, %H:%M", "%m/%d/%Y, %H:%M", "%m/%d/%y, %I:%M %p", "%m/%d/%Y, %I:%M %p")
WRITTEN_OUT = (
    "%d %B %Y, %I:%M %p",
    "%A, %d %B %Y, %I:%M %p",
    "%d %B %Y, %H:%M",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M:%S",
)
"""Ways in which Moodle's language packs write a date with numbers, and in words."""

ACTIVITY_SUFFIX = " - Completion date"
COURSE_COMPLETE = "Course complete"


def course_of(path: Path) -> str:
    """Return the course a report's file name speaks of, in capitals.

    Parameters
    ----------
    path : Path
        Such as ``moodle_completion-emp101.csv`` or ``progress.emp101.csv``.
    """
    stem = re.sub(r"\.(csv|txt|gz)$", "", re.sub(r"\.gz$", "", path.name), flags=re.IGNORECASE)
    stem = without_copy_mark(stem)
    named = re.search(r"(?:completion|progress)[-_.](.+)", stem, flags=re.IGNORECASE)
    return (named[1] if named else stem.rsplit("-", 1)[-1]).upper()


def _is_named(path: Path) -> bool:
    """Whether a file's name says which course it is about."""
    return re.search(r"(?:completion|progress)[-_.].", path.name, flags=re.IGNORECASE) is not None


def activities(header: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that hold completion dates of activities."""
    return tuple(name for name in header if name.endswith(ACTIVITY_SUFFIX))


def _formats(context: Context) -> str:
    given = context.option("date_format", None)
    if given is None:
        return "|".join((*DAY_FIRST, *WRITTEN_OUT))
    return "|".join(given) if isinstance(given, list) else str(given)


def _pattern_list(formats: str) -> str:
    return "[" + ", ".join(literal(pattern) for pattern in formats.split("|")) + "]"


def plan(context: Context) -> Plan:
    """Return how one course's report is read."""
    header = context.sample.header
    if COURSE_COMPLETE not in header:
        raise SourceError(
            f'{context.sample.path}: there is no column "{COURSE_COMPLETE}". Download the course completion report in '
            "English, as a comma separated file."
        )
    course = str(context.option("course", "") or course_of(context.sample.path))
    formats = _formats(context)
    patterns = _pattern_list(formats)
    done = activities(header)
    completed = quoted(COURSE_COMPLETE)
    training = TableMap(
        "training",
        {
            "source_agent_id": Field(
                'coalesce("ID number", lower("Email address"), "ID")', "ID number + Email address + ID"
            ),
            "course_id": Field(literal(course), "file name"),
            "started_at": _started(done, patterns, formats),
            "completed_at": column(COURSE_COMPLETE, format=formats),
            "status": Field(
                f"case when {completed} is not null then 'completed' "
                f"when {_any(done)} then 'in_progress' else 'assigned' end",
                "Course complete + Completion date",
            ),
        },
    )
    checks = tuple(
        unreadable(quoted(name), name, f"try_strptime({quoted(name)}, {patterns}) is null", "is not a date and time")
        for name in done
    )
    return Plan(
        shape(context, ("ID", COURSE_COMPLETE), tuple(dict.fromkeys(("ID number", "Email address", *done)))),
        (training,),
        checks,
        key=('"ID"', literal(course)),
    )


def _any(done: Sequence[str]) -> str:
    return " or ".join(f"{quoted(name)} is not null" for name in done) or "false"


def _started(done: Sequence[str], patterns: str, formats: str) -> Field:
    """The text of the earliest activity date that is not after the course's completion."""
    if not done:
        return Field("NULL::VARCHAR", "Completion date")
    pairs = ", ".join(f"{{'at': try_strptime({quoted(name)}, {patterns}), 'said': {quoted(name)}}}" for name in done)
    end = f"try_strptime({quoted(COURSE_COMPLETE)}, {patterns})"
    early = f"list_filter([{pairs}], lambda x: x.at is not null and (({end}) is null or x.at <= ({end})))"
    return Field(f"(list_sort({early})[1]).said", "Completion date", format=formats)


def recognise(sample: Sample) -> Recognition | None:
    """Recognise the report by its columns, and how it writes dates by the dates in it."""
    header = set(sample.header)
    if not {"ID", "Name", COURSE_COMPLETE} <= header:
        return None
    dates = [
        str(row[name]) for row in sample.rows for name in (COURSE_COMPLETE, *activities(sample.header)) if row.get(name)
    ]
    order = day_or_month_first(dates)
    undecided = ["timezone"] if _is_named(sample.path) else ["options.course", "timezone"]
    options: dict[str, object] = {"course": course_of(sample.path)}
    if order == "month":
        options["date_format"] = list(MONTH_FIRST)
    elif order == "either":
        options["date_format"] = list(DAY_FIRST)
        undecided.append("options.date_format")
    return Recognition(0.98, f"completions of course {options['course']}", tuple(undecided), options)


def day_or_month_first(dates: Sequence[str]) -> str:
    """Return how dates such as 03/04/25 are written.

    Parameters
    ----------
    dates : sequence of str

    Returns
    -------
    str
        ``"day"`` or ``"month"`` when a date says so, ``"either"`` when none does, ``"none"`` when none is of that kind.
    """
    pairs = [(int(found[1]), int(found[2])) for text in dates if (found := re.match(r"(\d{1,2})/(\d{1,2})/\d", text))]
    if not pairs:
        return "none"
    if any(first > 12 for first, _ in pairs):
        return "day"
    return "month" if any(second > 12 for _, second in pairs) else "either"


FORMAT = SourceFormat(
    name="moodle",
    label="Moodle course completion reports",
    tables=("training",),
    plan=plan,
    recognise=recognise,
    columns=("ID", "Name", "ID number", "Email address", COURSE_COMPLETE),
    options={
        "course": "id of the course, as in [[programme.courses]]; from the file's name when not given",
        "date_format": "how dates are written, a `strptime` pattern or a list; day first when not given",
        **OPTIONS,
    },
    local_times=True,
)
