"""Canonical values of a system's own words: those known to the format and those given in empathy.toml."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from etl.sources.format import Context, SourceError
from etl.sources.plan import Check, Field
from etl.sql_text import literal

TRUE = (
    "true", "1", "1.0", "yes", "y", "t", "x", "wahr", "ja", "j", "vrai", "oui", "o", "verdadero", "sí", "si", "s",
    "verdadeiro", "sim", "vero", "sì", "on", "-1",
)  # fmt: skip
FALSE = (
    "false", "0", "0.0", "no", "n", "f", "falsch", "nein", "faux", "non", "falso", "não", "nao", "off",
)  # fmt: skip
"""How exports write yes and no in English, German, French, Spanish, Portuguese and Italian, in lower case."""


def one_of(sql: str, words: Iterable[str]) -> str:
    """Return SQL that says whether a text is one of these words; NULL for NULL.

    Not written with IN: DuckDB turns a long IN into a join, which does not keep the order of the rows, and line numbers
    rest on that order.

    Parameters
    ----------
    sql : str
        Expression of the text.
    words : iterable of str
    """
    return f"list_contains([{', '.join(literal(word) for word in words)}], {sql})"


_ESCALATIONS = {
    "escal": "tier2", "eskal": "tier2", "tier2": "tier2", "tier_2": "tier2", "supervisor": "supervisor",
    "complain": "complaint", "beschwer": "complaint", "reklam": "complaint", "reclam": "complaint",
    "réclam": "complaint", "queja": "complaint", "plainte": "complaint",
}  # fmt: skip
"""Parts of a system's words from which `empathy init` proposes what they mean; the last that fits counts."""


def escalation_words(seen: Sequence[str]) -> dict[str, str]:
    """Return those of a system's words (tags, wrap-up codes) that seem to mean an escalation, with its kind.

    Parameters
    ----------
    seen : sequence of str

    Examples
    --------
    >>> escalation_words(["vip", "Escalated_L2", "beschwerde"])
    {'Escalated_L2': 'tier2', 'beschwerde': 'complaint'}
    """
    return {word: kind for part, kind in _ESCALATIONS.items() for word in seen if part in word.casefold()}


def kinds_by_word(context: Context, option: str, kinds: Sequence[str]) -> dict[str, str]:
    """Return an option as a mapping from a system's word to a canonical kind, in the order written.

    Parameters
    ----------
    context : Context
    option : str
        Name of the option: a list of words, which all mean the first kind, or a table ``{ word = "kind" }``.
    kinds : sequence of str
        The kinds allowed.

    Raises
    ------
    SourceError
        When the option is neither, or names a kind that does not exist.
    """
    given = context.option(option, {})
    where = f"[sources.{context.name}] options.{option}"
    if isinstance(given, str):
        given = [given]
    if isinstance(given, Mapping):
        words = {str(word): str(kind) for word, kind in given.items()}
    elif isinstance(given, Sequence):
        words = {str(word): kinds[0] for word in given}
    else:
        raise SourceError(f'{where} must be a list of words, or a table such as {{ word = "{kinds[0]}" }}.')
    for word, kind in words.items():
        if kind not in kinds:
            raise SourceError(f'{where}: "{word}" means "{kind}", which is not one of {", ".join(kinds)}.')
    return words


def folded(context: Context, canonical: str, sql: str, source: str, known: Mapping[str, str], empty: str) -> Field:
    """Return a field whose unknown words become ``other``: for columns where a new word must not cost a record.

    Words listed under ``values.<canonical>`` of the section are known too, with the meaning they are given there.

    Parameters
    ----------
    context : Context
    canonical : str
        The canonical column.
    sql : str
        Expression of the word.
    source : str
        Name of the source field.
    known : mapping of str to str
        Word in lower case to canonical value.
    empty : str
        What an empty field means, or ``""`` for NULL.
    """
    own = [str(word) for word in context.source.values.get(canonical, {})]
    keep = f"when {one_of(sql, own)} then {sql} " if own else ""
    nothing = literal(empty) if empty else "null"
    cases = f"when {sql} is null then {nothing} {keep}when {one_of(f'lower({sql})', known)} then lower({sql})"
    return Field(f"case {cases} else 'other' end", source, values=known)


def unknown_truth(name: str) -> Check:
    """Return the check that a column holds a truth value of one of the known languages, or nothing.

    Parameters
    ----------
    name : str
        The column.
    """
    column = f'"{name}"'
    return unreadable(column, name, f"not {one_of(f'lower({column})', (*TRUE, *FALSE))}", "is not true or false")


def unreadable(sql: str, source: str, test: str, words: str) -> Check:
    """Return the check that a given text can be read, with the text in its reason.

    Parameters
    ----------
    sql : str
        Expression of the text.
    source : str
        Name of the source field.
    test : str
        SQL that is true when the text cannot be read.
    words : str
        What is wrong with it.
    """
    reason = f"{literal(source + ': ')} || '\"' || left({sql}, 60) || {literal(chr(34) + ' ' + words)}"
    return Check(f"({sql}) is not null and {test}", reason, message_is_sql=True)


def salesforce_id(sql: str) -> str:
    """Return SQL of the 18-character form of a Salesforce id: the API gives it, reports give its first 15 characters.

    The three characters more say which of the letters before are capitals, five at a time. Anything that is no id of 15
    characters stays as it is.

    Parameters
    ----------
    sql : str
        Expression of the id.
    """
    checks = []
    for start in (1, 6, 11):
        bits = " + ".join(
            f"case when substr({sql}, {start + bit}, 1) between 'A' and 'Z' then {1 << bit} else 0 end"
            for bit in range(5)
        )
        checks.append(f"substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', 1 + {bits}, 1)")
    long_form = f"{sql} || {' || '.join(checks)}"
    is_short = f"strlen({sql}) = 15 and regexp_full_match({sql}, '[a-zA-Z0-9]{{3}}[A-Za-z0-9]{{12}}')"
    return f"case when {is_short} then {long_form} else {sql} end"
