"""Parse texts of exports: SQL for truth values, numbers, durations and instants in their usual spellings.

The usual spelling is tried first; the others are tried only where it fails.
"""

from __future__ import annotations

from etl.contracts.grammar import Column
from etl.sources.plan import DURATION_UNITS
from etl.sources.words import FALSE, TRUE, one_of
from etl.sql_text import literal

SPACES = " \u00a0\u202f\u2009'’"
"""What groups thousands besides dots and commas."""

DURATION = r"-?([0-9]+:)?[0-9]{1,3}:[0-9]{2}(\.[0-9]+)?"
SPELLED = (
    r"([0-9]+ ?(h|hr|hrs|std|hours?) ?)?([0-9]+ ?(m|min|mins|minutes?) ?)?"
    r"([0-9]+(\.[0-9]+)? ?(s|sec|secs|seconds?))?"
)
ISO_DURATION = r"PT([0-9]+H([0-9]+M)?([0-9.]+S)?|[0-9]+M([0-9.]+S)?|[0-9]+(\.[0-9]+)?S)"
CLOCK = r"1(899-12-3[01]|900-01-[0-9]{2})[ T][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?"
"""A time cell of a workbook, which has no day of its own, with the day from which workbooks count."""

NOTHING = (
    "", "-", "--", "NULL", "Null", "null", "(null)", "None", "NaN", "nan", "NaT", "<NA>", "N/A", "n/a", "#N/A", "#NV",
    "#N/D", "\\N",
)  # fmt: skip
"""What programs and people write into a cell that has no value."""

NEVER = (
    "0000-00-00", "0000-00-00 00:00:00", "9999-12-31", "9999-12-31 00:00:00", "9999-12-31 23:59:59",
    "9999-12-31T00:00:00Z", "9999-12-31T23:59:59Z", "31.12.9999", "31/12/9999", "12/31/9999", "00.00.0000",
    "00/00/0000",
)  # fmt: skip
"""What stands for no date: the zero of a database, and the end of time."""

ROUNDED = r"[0-9]+([.,][0-9]+)?[eE][+][0-9]+"
"""A long number as a spreadsheet shows it: 4.30001E+17."""


def boolean_sql(text: str) -> str:
    """Return SQL of a BOOLEAN, NULL for an unknown word.

    Parameters
    ----------
    text : str
        SQL of type VARCHAR.
    """
    folded = f"lower({text})"
    return (
        f"case {text} when 'true' then true when 'false' then false else case when {one_of(folded, TRUE)} then true "
        f"when {one_of(folded, FALSE)} then false else try_cast({text} as boolean) end end"
    )


def trimmed_sql(text: str, is_long: bool) -> str:
    """Return SQL of a text without spaces at its ends, NULL where nothing is left.

    Parameters
    ----------
    text : str
        SQL of type VARCHAR.
    is_long : bool
        Whether texts are long: to look for spaces costs as much as they are long, and most of what is written begins
        and ends with a sign of ASCII, which is seen at once.
    """
    trimmed = f"nullif(trim({text}), '')"
    if not is_long:
        return trimmed
    return f"case when {text}[1] between '!' and '~' and {text}[-1] between '!' and '~' then {text} else {trimmed} end"


def said_sql(text: str, item: Column, is_cell: bool) -> str:
    """Return SQL of what a cell says: empty where it stands for nothing, and the case in which its word is known.

    Parameters
    ----------
    text : str
        SQL of type VARCHAR.
    item : Column
    is_cell : bool
        Whether the text is a cell of a table, which has no other way to say that there is nothing. Of texts only the
        agent who may be missing is looked at; customers who are nobody are told where they are told apart.
    """
    if item.domain:
        plain = f"translate(lower({text}), '- ', '__')"
        as_is = " ".join(f"when {literal(word)} then {literal(word)}" for word in item.domain)  # no text is copied
        text = f"case {text} {as_is} else case when {one_of(plain, item.domain)} then {plain} else {text} end end"
    elif item.lower_case:
        text = f"lower({text})"
    if not is_cell or (item.type == "text" and not may_be_nobody(item)):
        return text
    nothing = (*NOTHING, *NEVER) if item.type in ("date", "timestamp") else NOTHING
    if item.type in ("date", "timestamp"):
        usual = f"{text} between '2' and '2~'"
    elif item.type == "text":
        usual = f"strlen({text}) > {max(map(len, NOTHING))} or {text} between '0' and '9~'"
    else:
        usual = f"{text} between '0' and '9~'"
    said = f"case when {usual} then {text} when {one_of(text, nothing)} then NULL else {text} end"
    if item.type == "boolean":
        said = f"case {text} when 'true' then 'true' when 'false' then 'false' else {said} end"
    return said


def may_be_nobody(item: Column) -> bool:
    """Whether a column names an agent who may be missing."""
    return item.name == "source_agent_id" and not item.required


def number_sql(text: str, decimal: str, sql_type: str) -> str:
    """Return SQL of a number, NULL for what is none and where thousands are not grouped by three.

    Parameters
    ----------
    text : str
        SQL of type VARCHAR.
    decimal : str
        ``"."`` or ``","``.
    sql_type : str
        Type of the number.
    """
    group = "." if decimal == "," else ","
    grouped = rf"[-+]?[0-9]{{1,3}}([{group}{SPACES}][0-9]{{3}})*([{decimal}][0-9]*)?|[-+]?[0-9]*([{decimal}][0-9]+)?"
    bare = f"translate({text}, {literal(group + SPACES)}, '')"
    if decimal == ",":
        bare = f"replace({bare}, ',', '.')"
    as_grouped = f"case when regexp_full_match({text}, {literal(grouped)}) then try_cast({bare} as {sql_type}) end"
    return as_grouped if decimal == "," else f"coalesce(try_cast({text} as {sql_type}), {as_grouped})"


def seconds_sql(text: str, number: str, unit: str) -> str:
    """Return SQL of a duration in seconds: a number in ``unit``, h:mm:ss, m:ss, ``4m 02s``, ISO 8601, or a time cell.

    Parameters
    ----------
    text, number : str
        SQL of the text, and of the number that it may be (DOUBLE or NULL).
    unit : str
        A key of :data:`etl.sources.plan.DURATION_UNITS`.
    """
    factor = DURATION_UNITS[unit]
    plain = number if factor == 1 else f"({number}) * {factor!r}"
    parts = f"string_split({text}, ':')"

    def part(place: int) -> str:
        return f"try_cast({parts}[{place}] as double)"

    clock = f"epoch(try_cast({text} as timestamp)) - epoch(timestamp '1899-12-31')"
    clock = f"case when starts_with({text}, '1899-12-30') then {clock} + 86400 else {clock} end"

    def spelled(letter: str) -> str:
        found = f"regexp_extract(lower({text}), '([0-9.]+) ?{letter}', 1)"
        return f"coalesce(try_cast(nullif({found}, '') as double), 0)"

    words = f"3600 * {spelled('(?:h|std)')} + 60 * {spelled('m')} + {spelled('s(?:$|[^t])')}"
    return (
        f"coalesce({plain}, case "
        f"when regexp_full_match({text}, {literal(DURATION)}) then case when len({parts}) = 3 "
        f"then 3600 * {part(1)} + 60 * {part(2)} + {part(3)} else 60 * {part(1)} + {part(2)} end "
        f"when regexp_full_match({text}, {literal(CLOCK)}) then {clock} "
        f"when regexp_full_match({text}, {literal(ISO_DURATION)}) or regexp_full_match(lower({text}), "
        f"{literal(SPELLED)}) then {words} end)"
    )


def share_sql(text: str, number: str, decimal: str, full_score: float) -> str:
    """Return SQL of a score from 0 to 1: a number of which ``full_score`` is the best, or a percentage such as 85%.

    Parameters
    ----------
    text, number, decimal : str
        As in :func:`number_sql`, and its result.
    full_score : float
    """
    plain = number if full_score == 1 else f"({number}) / {full_score!r}"
    bare = f"rtrim(rtrim({text}, '%'))"
    percent = f"{number_sql(bare, decimal, 'double')} / 100"
    return f"case when ends_with({text}, '%') then {percent} else {plain} end"


def local_sql(text: str) -> str:
    """Return SQL of a TIMESTAMP without zone: ISO 8601, or the number a workbook keeps for a day and time.

    Parameters
    ----------
    text : str
        SQL of type VARCHAR.
    """
    serial = (
        f"case when regexp_full_match({text}, '[2-7][0-9]{{4}}(\\.[0-9]+)?') then timestamp '1899-12-30' + "
        f"to_microseconds(cast(round(try_cast({text} as double) * 86400) * 1000000 as bigint)) end"
    )
    return f"coalesce(try_cast({text} as timestamp), {serial})"


def is_epoch_sql(text: str) -> str:
    """Return SQL that says whether a text is seconds or milliseconds since 1970 (from 2001 to 2286)."""
    return f"regexp_full_match({text}, '1[0-9]{{9}}([0-9]{{3}})?(\\.[0-9]+)?')"


def epoch_sql(text: str) -> str:
    """Return SQL of the UTC TIMESTAMP that such a text means."""
    number = f"try_cast({text} as double)"
    return f"make_timestamp(cast({number} * case when {number} < 1e11 then 1e6 else 1e3 end as bigint))"


def date_sql(text: str) -> str:
    """Return SQL of a DATE: ISO 8601, with midnight or not, or the number a workbook keeps for a day."""
    serial = (
        f"case when regexp_full_match({text}, '[2-7][0-9]{{4}}(\\.0+)?') then date '1899-12-30' + "
        f"cast(try_cast({text} as double) as integer) end"
    )
    return f"coalesce(try_cast({text} as date), try_cast({text} as timestamp)::date, {serial})"


def looks_like_sql(text: str, kind: str) -> str:
    """Return SQL of a hint at what an unreadable text looks like and the option that reads it, or of an empty text.

    Parameters
    ----------
    text : str
        SQL of type VARCHAR.
    kind : str
        The column's type.
    """
    hints: list[tuple[str, str]] = []
    if kind in ("number", "money", "integer"):
        hints = [
            (r"[-+]?[0-9.]*,[0-9]+", 'it looks like a decimal comma; options = { decimal = "," } reads it'),
            (DURATION, "it looks like a duration, and the column is no time"),
            (r".*[€$£%].*", "it has a sign beside the number; export the number alone"),
        ]
    elif kind in ("date", "timestamp"):
        time = r"([ ,T]+[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?)?"
        hints = [
            (rf"[0-9]{{1,2}}/[0-9]{{1,2}}/[0-9]{{2,4}}{time}", "it looks like a date with slashes; options.date_format "
             'says whether day or month comes first, such as "%d/%m/%Y %H:%M"'),
            (rf"[0-9]{{1,2}}\.[0-9]{{1,2}}\.[0-9]{{2,4}}{time}", 'it looks like a date with dots; options.date_format '
             '= "%d.%m.%Y %H:%M" reads such'),
            (r".*[0-9] ?[AaPp]\.?[Mm]\.?", 'it looks like a twelve-hour clock; options.date_format = '
             '"%m/%d/%Y %I:%M %p" reads such'),
            (r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?", "it looks like a time without its day; name both columns: "
             '["Date", "Time"]'),
        ]  # fmt: skip
    cases = " ".join(
        f"when regexp_full_match({text}, {literal(form)}) then {literal(': ' + words)}" for form, words in hints
    )
    return f"case {cases} else '' end" if cases else "''"
