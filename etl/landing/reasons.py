"""Why a value is refused: the rules that a column's contract makes, as SQL with the words of each reason."""

from __future__ import annotations

from etl import timezones
from etl.contracts.grammar import EARLIEST, EARLIEST_TIME, LATEST, TYPE_WORDS, Column
from etl.landing import values
from etl.scrubbing import mask_sql
from etl.sources.plan import Field
from etl.sql_text import literal


def violations(item: Column, mapped: Field, text: str, value: str, shown: str) -> list[tuple[str, str]]:
    """Return the rules of one column: SQL of what breaks them, and of the reason.

    Parameters
    ----------
    item : Column
    mapped : Field
    text, value : str
        SQL of the field's text (empty where it has the column's type already) and of what it means.
    shown : str
        SQL of the text that a reason shows.
    """
    found: list[tuple[str, str]] = []
    label = item.name if mapped.source in (item.name, "") else f"{item.name} ({mapped.source})"
    opening = literal(f"{label}: ") if item.private else literal(f'{label}: "')
    closing = "" if item.private else '"'

    def reason(words: str) -> str:
        if item.private:
            return f"{opening} || {literal('the value ' + words)}"
        return f"{opening} || {mask_sql(shown, words=item.type == 'text')} || {literal(closing + ' ' + words)}"

    def add(predicate: str, message: str) -> None:
        found.append((predicate, message))

    if text and item.type != "text":
        hint = f" in the form {mapped.format}" if mapped.format else ""
        hint = (
            " with a decimal comma" if mapped.decimal == "," and item.type in ("number", "money", "integer") else hint
        )
        said = reason(f"is not {TYPE_WORDS[item.type]}{hint}")
        if item.type == "timestamp" and not mapped.format:
            said += (
                f" || case when regexp_matches({text}, {literal(timezones.ABBREVIATED)}) "
                "then ': its zone is named by letters; export it with an offset, or in UTC' else '' end"
            )
        if not item.private:
            said += f" || {values.looks_like_sql(text, item.type)}"
        add(f"({text} is not null and {value} is null)", said)
    if item.required:
        add(f"{text or value} is null", literal(f"{label}: empty, but required"))
    if item.type == "text" and not item.free_text and item.name.endswith(("_id", "employee_number")):
        shown_e = f"(contains({value}, 'E+') or contains({value}, 'e+'))"
        words = (
            "is a number that a spreadsheet has rounded: it keeps 15 digits. Format the column as text and save again, "
            "or use the export as it was before a spreadsheet opened it"
        )
        add(f"({shown_e} and regexp_full_match({value}, {literal(values.ROUNDED)}))", reason(words))
    if item.type == "text":
        if item.domain:
            differs = " and ".join(f"{value} <> {literal(word)}" for word in item.domain)
            add(f"({differs})", reason(f"is not one of {', '.join(item.domain)}"))
        else:
            longest = item.max_length
            words = literal(f" characters; at most {longest} are allowed")
            too_long = f"(strlen({value}) > {longest} and length({value}) > {longest})"
            add(too_long, f"{literal(label + ': ')} || length({value}) || {words}")
    if item.type in ("date", "timestamp"):
        earliest = EARLIEST if item.type == "date" else EARLIEST_TIME
        bounds = f"{item.type} '{earliest}' and {value} < {item.type} '{LATEST}'"
        add(f"not ({value} >= {bounds})", reason(f"is not between {earliest[:4]} and {int(LATEST[:4]) - 1}"))
    if item.type in ("number", "integer", "money"):
        if item.low is not None and item.high is not None:
            words = f"is not between {item.low:,.10g} and {item.high:,.10g}{' ' + item.unit if item.unit else ''}"
            add(f"{value} not between {item.low!r} and {item.high!r}", reason(words))
        elif item.type == "number":
            add(f"not isfinite({value})", reason("is not a finite number"))
    return found
