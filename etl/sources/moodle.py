"""Moodle's course completion report and its activity completion (progress) report: CSV, one file per course.

A file names neither its course nor its time zone. The course is option ``course``; without it, what follows
``completion-``, ``progress.`` or the last ``-`` of the file's name, in capitals, without the ``(2)`` of a copy. Both
reports are in the language of whoever exported them: English, German, French, Spanish, Portuguese and Italian are read.
Dates are written in that language too: option ``date_format`` says how, and ``timezone`` in whose time.

Completion report: an empty "Course complete" is an open enrolment, in progress once an activity is completed, assigned
before. Activities stand in pairs of columns, ``NAME`` and ``NAME - Completion date``; there may be any number, in any
order.

Progress report: its first column has no name and holds the person; columns of identity follow, then pairs of an
activity's state and the time of it, the second with no name or a date for one. It does not say when the course is
complete: here it is when all activities are, or all that option ``activities`` lists. An activity that was completed
without its pass grade makes the attempt failed.

| training | column | notes |
|---|---|---|
| source_agent_id | ID number + Email address + ID | the first that is given, under its name in the six languages |
| course_id | file name | option `course` |
| started_at | Completion date | earliest completion of an activity, when not after the course's; zone of the source |
| completed_at | Course complete | zone of the source; of a progress report the latest time of the activities |
| status | Course complete + Completion date | completed, in_progress or assigned; of a progress report failed too |
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from etl.file_kinds import without_copy_mark
from etl.hints import did_you_mean
from etl.sources.csv_shape import OPTIONS, shape
from etl.sources.format import Context, Recognition, Sample, SourceError, SourceFormat, unique_names
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

DOTTED = ("%d.%m.%y, %H:%M", "%d.%m.%Y, %H:%M", "%d.%m.%y %H:%M", "%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M:%S")
"""Ways of writing that no other language's can be mistaken for."""

COURSE_COMPLETE = (
    "Course complete", "Course completed", "Kurs abschließen", "Kurs abgeschlossen", "Cours terminé", "Cours achevé",
    "Curso finalizado", "Curso completado", "Curso completo", "Curso concluído", "Disciplina concluída",
    "Corso completato", "Corso completo",
)  # fmt: skip
"""How the column of the course's completion is called in the six languages."""

ACTIVITY_SUFFIXES = (
    " - Completion date", " - Abschlussdatum", " - Datum des Abschlusses", " - Date d'achèvement", " - Date de fin",
    " - Date de complétion", " - Fecha de finalización", " - Fecha de término", " - Data de conclusão",
    " - Data di completamento", " - Data completamento",
)  # fmt: skip
"""How the columns of activities end."""

ID_NUMBER = (
    "ID number", "ID-Nummer", "Numéro d'identification", "Número de ID", "Número ID", "Número de identificación",
    "Número de identificação", "Codice identificativo",
)  # fmt: skip
EMAIL = (
    "Email address", "E-mail address", "E-Mail-Adresse", "Adresse de courriel", "Adresse e-mail",
    "Adresse de messagerie", "Dirección de correo", "Dirección de correo electrónico", "Dirección Email",
    "Endereço de email", "Endereço de e-mail", "Indirizzo email", "E-mail", "Email",
)  # fmt: skip
"""How the columns of identity are called."""

_NOT = "not|nicht|no|non|não|nao|pas"
_DONE = "complet|abgeschlossen|finaliz|termin|achev|conclu"
STATE = f"^(?:({_NOT}) )?(?:{_DONE})"
"""A state of a progress report, in small letters and without accents; its group says that it is not reached."""

FAILED = f"\\(.*\\b(?:{_NOT})\\b"
"""A state that was reached without the pass grade."""

_EXPECTED = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


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
    """Return the columns of a completion report that hold completion dates of activities."""
    return tuple(name for name in header if name.endswith(ACTIVITY_SUFFIXES))


def steps(header: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return the activities of a progress report: the columns of the state and of the time of each; none of any other.

    Parameters
    ----------
    header : sequence of str
        With its empty cells.

    Examples
    --------
    >>> steps(["", "Email address", "Quiz", "", "Film", "2025-03-01 00:00:00"])
    (('Quiz', 'column 4'), ('Film', '2025-03-01 00:00:00'))
    """
    if not header or header[0]:
        return ()
    unique = unique_names(header)
    dated = [name == "" or _EXPECTED.fullmatch(name) is not None for name in header]
    first = next((place for place in range(1, len(header) - 1) if dated[place + 1]), len(header))
    rest = range(first, len(header), 2)
    if (len(header) - first) % 2 or not rest or not all(header[place] and dated[place + 1] for place in rest):
        return ()
    return tuple((unique[place], unique[place + 1]) for place in rest)


def _named(header: Sequence[str], names: Sequence[str]) -> str | None:
    """The column that has one of these names."""
    return next((name for name in names if name in header), None)


def _person(header: Sequence[str]) -> Field:
    """Id of the person: the ID number, else the e-mail address, else Moodle's own id."""
    number, email = _named(header, ID_NUMBER), _named(header, EMAIL)
    parts = [quoted(number)] if number else []
    parts += [f"lower({quoted(email)})"] if email else []
    parts += ['"ID"'] if "ID" in header else []
    return Field(f"coalesce({', '.join(parts)})" if parts else "NULL::VARCHAR", "ID number + Email address + ID")


def _formats(context: Context) -> str:
    given = context.option("date_format", None)
    if given is None:
        return "|".join((*DAY_FIRST, *DOTTED, *WRITTEN_OUT))
    return "|".join(given) if isinstance(given, list) else str(given)


def _pattern_list(formats: str) -> str:
    return "[" + ", ".join(literal(pattern) for pattern in formats.split("|")) + "]"


def plan(context: Context) -> Plan:
    """Return how one course's report is read."""
    header = context.sample.header
    course = str(context.option("course", "") or course_of(context.sample.path))
    complete = _named(header, COURSE_COMPLETE)
    if complete is not None:
        return _completions(context, course, complete)
    if steps(header):
        return _progress(context, course)
    raise SourceError(
        f'{context.sample.path}: neither a completion report (no column such as "{COURSE_COMPLETE[0]}") nor a progress '
        "report (an empty first cell, then pairs of an activity and its time). Download the report as a comma "
        "separated file, in English, German, French, Spanish, Portuguese or Italian."
    )


def _completions(context: Context, course: str, complete: str) -> Plan:
    header = context.sample.header
    formats = _formats(context)
    patterns = _pattern_list(formats)
    done = activities(header)
    completed = quoted(complete)
    training = TableMap(
        "training",
        {
            "source_agent_id": _person(header),
            "course_id": Field(literal(course), "file name"),
            "started_at": _started(done, complete, patterns, formats),
            "completed_at": column(complete, format=formats),
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
    identity = (*ID_NUMBER, *EMAIL)
    return Plan(
        shape(context, ("ID", complete), tuple(dict.fromkeys((*(n for n in identity if n in header), *done)))),
        (training,),
        checks,
        key=('"ID"', literal(course)),
    )


def _progress(context: Context, course: str) -> Plan:
    header = context.sample.header
    formats = _formats(context)
    patterns = _pattern_list(formats)
    pairs = steps(header)
    wanted = [str(name) for name in context.option("activities", [])]
    counted = [pair for pair in pairs if not wanted or pair[0] in wanted]
    missing = [name for name in wanted if name not in [state for state, _ in pairs]]
    if missing:
        raise SourceError(
            f'{context.sample.path}: there is no activity "{missing[0]}".'
            f"{did_you_mean(missing[0], [state for state, _ in pairs])} Correct options.activities."
        )
    states = {state: f"lower(strip_accents({quoted(state)}))" for state, _ in pairs}
    reached = {
        state: f"(coalesce({quoted(state)}, '') <> '' and regexp_extract({sql}, {literal(STATE)}, 1) = '')"
        for state, sql in states.items()
    }
    every = " and ".join(reached[state] for state, _ in counted)
    some = " or ".join(reached.values())
    failed = " or ".join(f"regexp_matches(coalesce({states[state]}, ''), {literal(FAILED)})" for state, _ in counted)
    times = ", ".join(
        f"{{'at': try_strptime({quoted(at)}, {patterns}), 'said': {quoted(at)}, 'reached': {reached[state]}}}"
        for state, at in pairs
    )
    last = ", ".join(f"{{'at': try_strptime({quoted(at)}, {patterns}), 'said': {quoted(at)}}}" for _, at in counted)
    first = f"list_sort(list_filter([{times}], lambda x: x.reached and x.at is not null))[1].said"
    training = TableMap(
        "training",
        {
            "source_agent_id": _person(header),
            "course_id": Field(literal(course), "file name"),
            "started_at": Field(f"({first})", "Completion date", format=formats),
            "completed_at": Field(
                f"case when {every} then (list_sort([{last}])[-1]).said end", "Completion date", format=formats
            ),
            "status": Field(
                f"case when {every} then case when {failed} then 'failed' else 'completed' end "
                f"when {some} then 'in_progress' else 'assigned' end",
                "Completion date",
            ),
        },
    )
    checks = [
        unreadable(quoted(state), state, f"not regexp_matches({sql}, {literal(STATE)})", "is no state of an activity")
        for state, sql in states.items()
    ]
    checks += [
        unreadable(quoted(at), f"{state}, time", f"try_strptime({quoted(at)}, {patterns}) is null", "is not a time")
        for state, at in pairs
    ]
    known = [name for name in (*ID_NUMBER, *EMAIL, "ID") if name in header]
    return Plan(
        shape(context, tuple(state for state, _ in pairs), tuple(known)),
        (training,),
        tuple(checks),
        key=(_person(header).sql, literal(course)),
    )


def _any(done: Sequence[str]) -> str:
    return " or ".join(f"{quoted(name)} is not null" for name in done) or "false"


def _started(done: Sequence[str], complete: str, patterns: str, formats: str) -> Field:
    """The text of the earliest activity date that is not after the course's completion."""
    if not done:
        return Field("NULL::VARCHAR", "Completion date")
    pairs = ", ".join(f"{{'at': try_strptime({quoted(name)}, {patterns}), 'said': {quoted(name)}}}" for name in done)
    end = f"try_strptime({quoted(complete)}, {patterns})"
    early = f"list_filter([{pairs}], lambda x: x.at is not null and (({end}) is null or x.at <= ({end})))"
    return Field(f"(list_sort({early})[1]).said", "Completion date", format=formats)


def recognise(sample: Sample) -> Recognition | None:
    """Recognise the reports by their columns, and how they write dates by the dates in them."""
    header = set(sample.header)
    complete = _named(sample.header, COURSE_COMPLETE)
    if complete is not None and "ID" in header:
        dates = [
            str(row[name]) for row in sample.rows for name in (complete, *activities(sample.header)) if row.get(name)
        ]
        what = "completions"
    elif steps(sample.header):
        dates, what = [], "progress"
    else:
        return None
    order = day_or_month_first(dates)
    undecided = ["timezone"] if _is_named(sample.path) else ["options.course", "timezone"]
    options: dict[str, object] = {"course": course_of(sample.path)}
    if order == "month":
        options["date_format"] = list(MONTH_FIRST)
    elif order == "either":
        options["date_format"] = list(DAY_FIRST)
        undecided.append("options.date_format")
    return Recognition(0.98, f"{what} of course {options['course']}", tuple(undecided), options)


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
    label="Moodle completion and progress reports",
    tables=("training",),
    plan=plan,
    recognise=recognise,
    columns=("ID", "Name", *ID_NUMBER, *EMAIL, *COURSE_COMPLETE),
    options={
        "course": "id of the course, as in [[programme.courses]]; from the file's name when not given",
        "date_format": "how dates are written, a `strptime` pattern or a list; day first when not given",
        "activities": "of a progress report: the activities that make the course complete; all when not given",
        **OPTIONS,
    },
    local_times=True,
)
