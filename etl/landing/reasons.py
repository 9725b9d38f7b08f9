"""Reasons to reject a value: the rules of a column's contract as SQL, with the text of each reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from etl import timezones
from etl.contracts.grammar import EARLIEST, EARLIEST_TIME, LATEST, TYPE_WORDS, Column
from etl.landing import values
from etl.scrubbing import mask_sql
from etl.sources.plan import Field
from etl.sql_text import literal


@dataclass(frozen=True)
class Reason:
    """Words of a refusal, each part as SQL.

    Attributes
    ----------
    before, after : str
        Text before and after the value.
    shown : str
        The value, which is masked; empty where none is shown.
    with_words : bool
        Whether the value may be shown with its words, as :func:`etl.scrubbing.mask_sql` says.
    """

    before: str
    shown: str = ""
    after: str = "''"
    with_words: bool = True

    def sql(self) -> str:
        """Return the parts as a struct."""
        shown = self.shown or "NULL::VARCHAR"
        parts = {"before": self.before, "shown": shown, "with_words": str(self.with_words), "after": self.after}
        return "{" + ", ".join(f"'{name}': {part}" for name, part in parts.items()) + "}"


def verdict(broken: Sequence[tuple[str, Reason]], guard: str = "", fault: str = "") -> str:
    """Return SQL of the list of reasons for which a row is refused; NULL for a good one.

    Values are masked in one place for all columns: every pattern that stands in a statement is compiled for each file.

    Parameters
    ----------
    broken : sequence of (str, Reason)
        Predicates and what is said where they hold.
    guard : str
        SQL of the rows that are judged; all by default.
    fault : str
        SQL of a reason that goes before all others, such as of a line that could not be parted.
    """
    if not broken:
        return "NULL::VARCHAR[]"
    shown = [reason.with_words for _, reason in broken if reason.shown]
    with_words, without = mask_sql("reason.shown"), mask_sql("reason.shown", words=False)
    masked = with_words if all(shown) else without
    if len(set(shown)) > 1:
        masked = f"case when reason.with_words then {with_words} else {without} end"
    said = f"reason.before || coalesce({masked}, '') || reason.after" if shown else "reason.before || reason.after"
    guarded = f"{guard} and " if guard else ""
    predicates = dict.fromkeys(predicate for predicate, _ in broken)
    listed = ", ".join(f"case when {predicate} then {reason.sql()} end" for predicate, reason in dict.fromkeys(broken))
    first = f"when {fault} is not null then [{fault}] " if fault else ""
    return (
        f"case {first}when {guarded}({' or '.join(predicates)}) then "
        f"[{said} for reason in [{listed}] if reason is not null] end"
    )


def violations(
    item: Column, mapped: Field, text: str, value: str, shown: str, given: str = ""
) -> list[tuple[str, Reason]]:
    """Return the rules of one column: SQL of what breaks them, and the reason.

    Parameters
    ----------
    item : Column
    mapped : Field
    text, value : str
        SQL of the field's text (empty where it has the column's type already) and of what it means.
    shown : str
        SQL of the text that a reason shows.
    given : str
        SQL that is NULL where there is no value; the text by default.
    """
    given = given or text or value
    found: list[tuple[str, Reason]] = []
    label = item.name if mapped.source in (item.name, "") else f"{item.name} ({mapped.source})"

    def reason(words: str, hint: str = "") -> Reason:
        if item.private:
            return Reason(literal(f"{label}: the value {words}") + hint)
        return Reason(literal(f'{label}: "'), shown, literal(f'" {words}') + hint, item.type == "text")

    def add(predicate: str, message: Reason) -> None:
        found.append((predicate, message))

    if text and item.type != "text":
        hint = f" in the form {mapped.format}" if mapped.format else ""
        hint = (
            " with a decimal comma" if mapped.decimal == "," and item.type in ("number", "money", "integer") else hint
        )
        further = ""
        if item.type == "timestamp" and not mapped.format:
            further += (
                f" || case when regexp_matches({text}, {literal(timezones.ABBREVIATED)}) "
                "then ': its zone is named by letters; export it with an offset, or in UTC' else '' end"
            )
        if not item.private:
            further += f" || {values.looks_like_sql(text, item.type)}"
        said = reason(f"is not {TYPE_WORDS[item.type]}{hint}", further)
        add(f"({given} is not null and {value} is null)", said)
    if item.required:
        add(f"{given} is null", Reason(literal(f"{label}: empty, but required")))
    if item.type == "text" and not item.free_text and item.name.endswith(("_id", "employee_number")):
        words = (
            "is a number that a spreadsheet has rounded: it keeps 15 digits. Format the column as text and save again, "
            "or use the export as it was before a spreadsheet opened it"
        )
        add(f"(contains({value}, '+') and regexp_full_match({value}, {literal(values.ROUNDED)}))", reason(words))
    if item.type == "text":
        if item.domain:
            differs = " and ".join(f"{value} <> {literal(word)}" for word in item.domain)
            add(f"({differs})", reason(f"is not one of {', '.join(item.domain)}"))
        else:
            longest = item.max_length
            words = literal(f" characters; at most {longest} are allowed")
            too_long = f"(strlen({value}) > {longest} and length({value}) > {longest})"
            add(too_long, Reason(f"{literal(label + ': ')} || length({value}) || {words}"))
    if item.type in ("date", "timestamp"):
        earliest = EARLIEST if item.type == "date" else EARLIEST_TIME
        bounds = f"{item.type} '{earliest}' and {value} < {item.type} '{LATEST}'"
        add(f"not ({value} >= {bounds})", reason(f"is not between {earliest[:4]} and {int(LATEST[:4]) - 1}"))
    if item.type in ("number", "integer", "money"):
        if item.low is not None and item.high is not None:
            words = f"is not between {item.low:,.10g} and {item.high:,.10g}{' ' + item.unit if item.unit else ''}"
            hint = ""
            if item.is_share and mapped.full_score == 1:
                said_so = literal("; options = { full_score = 100 } reads scores from 0 to 100")
                hint = f" || case when {value} > 1 then {said_so} else '' end"
            add(f"{value} not between {item.low!r} and {item.high!r}", reason(words, hint))
        elif item.type == "number":
            add(f"not isfinite({value})", reason("is not a finite number"))
    return found
