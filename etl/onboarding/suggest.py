"""Propose an empathy.toml for a folder of exports, with open decisions marked.

Files are recognised by content, not by name. Settings found in the files are written; those that files cannot show (a
time zone, how agents were chosen) are marked ``# DECIDE:``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from etl.configuration.formats import TRANSCRIPT_FORMATS
from etl.contracts.tables import CONTRACTS
from etl.errors import EmpathyError
from etl.onboarding.guess import Guess, after_call
from etl.onboarding.inventory import ENDINGS, Found, inventory, same_contacts
from etl.onboarding.promise import SOLD_ALONE, promise, sold_alone
from etl.onboarding.user_lists import read_as_crosswalks
from etl.reading.header_names import folded
from etl.scrubbing import mask_value, shape
from etl.sources.format import get

QUESTIONS = {
    "format": "whether this is the right format",
    "options.duration_unit": "unit of the durations, which cannot be seconds: ms, min, h, or d as workbooks do",
    "options.full_score": "the best score possible, by which scores are divided",
    "options.decimal": '"," where these numbers are thousands, "." where they are decimals',
}

SURE = 0.75
"""Score from which a guessed table needs no confirmation."""

_CORRECTIONS = (
    "# Wrong entries about people are corrected in a file of its own, never in an export (docs/operations.md):\n"
    '# [sources.corrections]\n# format = "tabular"\n# table = "correction"\n# path = "corrections*.csv"'
)

EXAMPLES = 3
"""Number of example values (letters and digits masked) shown with a decision."""

_SHOWN = 8
"""Most words of a file listed in a comment."""


@dataclass(frozen=True)
class Suggestion:
    """A starting configuration.

    Attributes
    ----------
    toml : str
        Text of the file.
    lines : tuple of str
        Sources found and files left out, one line each.
    promise : tuple of str
        KPIs available, and the exports that the others need.
    examples : mapping of str to tuple of str
        Column of a file to the shapes of a few of its values.
    """

    toml: str
    lines: tuple[str, ...]
    promise: tuple[str, ...] = ()
    examples: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def suggest(folder: str | Path, relative_to: str | Path | None = None) -> Suggestion:
    """Inspect a folder of exports and propose a configuration.

    Parameters
    ----------
    folder : path
        Searched with its sub-folders; hidden ones and warehouses are passed over.
    relative_to : path, optional
        Folder of the configuration; ``folder`` by default.

    Returns
    -------
    Suggestion

    Raises
    ------
    EmpathyError
        When there is no such folder, or nothing in it is an export.
    """
    root = Path(folder)
    base = Path(relative_to) if relative_to is not None else root
    if not root.is_dir():
        raise EmpathyError(f"{root}: there is no such folder. Name the folder that holds the exports.")
    sources, left_out = inventory(root, base)
    read_as_crosswalks(sources)
    if not sources:
        seen = "; ".join(left_out[:_SHOWN]) or "it holds no file ending in " + ", ".join(ENDINGS)
        raise EmpathyError(
            f"{root}: no export was recognised ({seen}). Put the exports there, or write empathy.toml by hand."
        )
    lines = [_summary(source) for source in sources] + left_out
    return Suggestion(_document(root, sources), tuple(lines), promise(sources), _examples(sources))


def _examples(sources: Sequence[Found]) -> dict[str, tuple[str, ...]]:
    """Column of a file to the shapes of its first few values."""
    texts: dict[str, dict[str, None]] = {}
    for row in (row for source in sources for file in source.files for row in file.sample.rows):
        for name, value in row.items():
            text = "" if value is None or isinstance(value, (dict, list)) else str(value).strip()
            held = texts.setdefault(str(name), {})
            if text and len(held) < EXAMPLES:
                held[text] = None
    return {name: tuple(shape(mask_value(text)) for text in held) for name, held in texts.items() if held}


def _summary(source: Found) -> str:
    count = f"{len(source.files)} file{'s' if len(source.files) > 1 else ''}"
    kinds = ", ".join(dict.fromkeys(file.recognition.what for file in source.files))
    label = get(source.format).label
    unread = "; not read until [conversations] read = true" if _speak(source) else ""
    return f"{source.name}: {', '.join(source.paths)} ({count}): {label}: {kinds}{unread}"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        pairs = (f"{json.dumps(str(key), ensure_ascii=False)} = {_toml(item)}" for key, item in value.items())
        return "{ " + ", ".join(pairs) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else json.dumps(name, ensure_ascii=False)


def _document(root: Path, sources: Sequence[Found]) -> str:
    blocks = [
        _head(root, sources),
        *(_section(source) for source in sources),
        _identity(sources),
        *_left_out(sources),
        _programme(sources),
        *_conversations(sources),
        _CORRECTIONS,
        '[privacy]\nmin_group = 10\nkey_env = "EMPATHY_KEY"  # set this variable to what `empathy key` prints',
    ]
    return "\n\n".join(blocks) + "\n"


def _head(root: Path, sources: Sequence[Found]) -> str:
    lines = [
        "# Written by `empathy init`. Go through the lines marked DECIDE, then: empathy check",
        "[project]",
        f"name = {_toml(root.resolve().name or 'Empathy programme')}",
        'warehouse = "warehouse"',
        'locale = "en_GB"',
        f'currency = "EUR"{_about_money(sources)}',
        'timezone = "UTC"  # DECIDE: the zone of times that name none, and in which weeks start on Monday',
    ]
    seen = sorted(_seen(sources, ("location", "site", "business_site_summary_name", "primary_business_site")))
    sites = list({folded(site): site.strip() for site in seen}.values())  # written otherwise is the same site
    if sites:
        lines += ["", "# DECIDE: the zone in which each site lies, of those seen in the first records"]
        lines += [f'# [sites.{_toml(site)}]\n# timezone = "Europe/Madrid"' for site in sites[:_SHOWN]]
    return "\n".join(lines)


def _identity(sources: Sequence[Found]) -> str:
    lines = ["[identity]", 'match = ["crosswalk", "employee_number", "email"]']
    groups = same_contacts(sources)
    if groups:
        lines.append("# DECIDE: these sources seem to hold the same contacts; the last of a group counts")
        lines.append(f"same_contacts = {_toml(groups)}")
    return "\n".join(lines)


def _left_out(sources: Sequence[Found]) -> list[str]:
    """Leave out KPIs that a sold flag would make wrong, because it does not record offers."""
    if not sold_alone(sources):
        return []
    return ["# The file says what was sold, not what was offered."] + [
        f"[kpis.{name}]\nhidden = true" for name in SOLD_ALONE
    ]


def _speak(source: Found) -> bool:
    """Whether a source holds transcripts."""
    proposal = source.files[0].proposal
    return source.format in TRANSCRIPT_FORMATS or (proposal is not None and proposal.table == "utterance")


def _conversations(sources: Sequence[Found]) -> list[str]:
    """The section that leaves transcripts unread, where there are any."""
    named = [source.name for source in sources if _speak(source)]
    if not named:
        return []
    about = f"# {', '.join(named)}: transcripts are passed over until somebody with the right to decides to read them."
    return [f"[conversations]\n{about}\nread = false"]


def _about_money(sources: Sequence[Found]) -> str:
    """A question about the currency, where there are amounts that do not name theirs."""
    for source in sources:
        for file in source.files:
            proposal = file.proposal
            named = proposal.columns if proposal else {}
            tables = [proposal.table, *proposal.also] if proposal else get(source.format).tables
            if "offer" in tables and "currency" not in named and (proposal is None or "amount" in named):
                return "  # DECIDE: the currency of amounts that do not name theirs"
    return ""


def _seen(sources: Iterable[Found], names: Sequence[str]) -> set[str]:
    """Texts in columns with these names (or mapped to them) in the first records."""
    found: set[str] = set()
    for source in sources:
        for file in source.files:
            mapped = [file.proposal.columns[name] for name in names if file.proposal and name in file.proposal.columns]
            for row in file.sample.rows:
                found |= {str(row[name]) for name in (*names, *mapped) if isinstance(row.get(name), str) and row[name]}
    return found


def _section(source: Found) -> str:
    first = source.files[0]
    known = get(source.format)
    undecided = list(dict.fromkeys(key for file in source.files for key in file.recognition.undecided))
    kinds = ", ".join(dict.fromkeys(file.recognition.what for file in source.files))
    lines = [f"# {known.label}: {kinds}", f"[sources.{_key(source.name)}]", f"format = {_toml(source.format)}"]
    if "format" in undecided:
        lines[-1] += f"  # DECIDE: {QUESTIONS['format']}"
    if first.proposal:
        unsure = first.proposal.missing or first.proposal.score < SURE
        doubt = "  # DECIDE: the table was guessed from the column names" if unsure else ""
        lines.append(f"table = {_toml(first.proposal.table)}{doubt}")
    lines.append(f"path = {_toml(source.paths[0] if len(source.paths) == 1 else source.paths)}")
    if first.proposal and first.proposal.no_agent:
        lines.append(f"no_agent = {_toml(first.proposal.no_agent)}  # contacts that reached no agent")
    lines += _options(source, undecided)
    lines += _mapping(source, undecided)
    return "\n".join(lines)


def _options(source: Found, undecided: Sequence[str]) -> list[str]:
    options: dict[str, Any] = {}
    for file in source.files:
        options.update(file.recognition.options)
    asked = [key.removeprefix("options.") for key in undecided if key.startswith("options.")]
    if not options and not asked:
        return []
    meanings = get(source.format).options
    lines = [f"[sources.{_key(source.name)}.options]"]
    for name in dict.fromkeys((*options, *asked)):
        if name in asked:
            meaning = QUESTIONS.get(f"options.{name}", meanings.get(name, ""))
            lines.append(f"# DECIDE: {name}: {meaning}{_seen_words(source, f'options.{name}')}")
        lines.append(f"{_key(name)} = {_toml(options[name])}" if name in options else f"# {_key(name)} = ...")
    return lines


def _seen_words(source: Found, key: str) -> str:
    words = dict.fromkeys(word for file in source.files for word in file.recognition.seen.get(key, ()))
    shown = ", ".join(list(words)[:_SHOWN])
    return f". Seen: {shown}{', …' if len(words) > _SHOWN else ''}" if shown else ""


def _mapping(source: Found, undecided: Sequence[str]) -> list[str]:
    first = source.files[0]
    proposal = first.proposal
    table = proposal.table if proposal else get(source.format).tables[0]
    columns: dict[str, str] = dict(proposal.columns if proposal else first.recognition.columns)
    asked = [key.removeprefix("columns.") for key in undecided if key.startswith("columns.")]
    missing = proposal.missing if proposal else ()
    if proposal and table == "interaction" and "source_agent_id" not in columns:
        asked.append("source_agent_id")  # contacts of nobody are kept, and count for no agent
    lines = []
    if columns or asked or missing:
        lines.append(f"[sources.{_key(source.name)}.columns]")
        if proposal:
            if not proposal.sure:
                lines.append("# DECIDE: whether these are the right columns")
            if source.strangers:
                shown = ", ".join(source.strangers[:_SHOWN])
                lines.append(
                    f"# DECIDE: identity_source has to be the names of sections here; no section is called {shown}"
                )
        for name in dict.fromkeys((*columns, *asked, *missing)):
            if name in asked and name in columns and not (proposal is None and _says(name, columns[name])):
                lines.append(f"# DECIDE: {name}: {_meaning(table, name)} Guessed from the file:")
            if name == "handle_s" and proposal and (beside := after_call(first.sample.header, columns.values())):
                lines.append(f"# DECIDE: handle_s: {_toml(beside)} is in a column of its own, and not in this one:")
            own = proposal.times if proposal and proposal.times and name == "started_at" else columns.get(name)
            lines.append(
                f"{_key(name)} = {_toml(own)}"
                if name in columns
                else f'# DECIDE: {name}: {_meaning(table, name)}\n# {_key(name)} = "..."'
            )
    if proposal is None:
        return lines
    if proposal.constants:
        lines.append(f"[sources.{_key(source.name)}.constants]")
        lines += [
            f"{_key(name)} = {_toml(value)}"
            + (_doubt(table, name) if name in proposal.doubtful else "")
            for name, value in proposal.constants.items()
        ]
    return lines + _values(source, proposal) + _also(source, proposal)


def _doubt(table: str, name: str) -> str:
    """The question for a guessed constant."""
    return f"  # DECIDE: {_meaning(table, name)} The file does not say."


def _says(canonical: str, column: str) -> bool:
    """Whether a column's name contains its canonical name, such as Q1_CSAT."""
    words = {"csat_raw": ("csat",), "felt_heard": ("heard",), "nps": ("nps",)}.get(canonical, ())
    return any(word in column.casefold() for word in words)


def _also(source: Found, proposal: Guess) -> list[str]:
    """Further tables filled from contact rows: ratings, escalations, sales."""
    lines = []
    for table, parts in proposal.also.items():
        name = f"sources.{_key(source.name)}.also.{table}"
        lines += [f"[{name}]", f"when = {_toml(parts['when'])}"]
        for group in ("columns", "constants"):
            if parts.get(group):
                lines.append(f"[{name}.{group}]")
                lines += [
                    f"{_key(key)} = {_toml(value)}{_doubt(table, key) if key in parts.get('doubtful', ()) else ''}"
                    for key, value in parts[group].items()
                ]
    return lines


def _values(source: Found, proposal: Guess) -> list[str]:
    lines = []
    for name in dict.fromkeys((*proposal.values, *proposal.unexplained)):
        item = CONTRACTS[proposal.table][name]
        allowed = ", ".join(item.domain) or ("the points" if item.type == "number" else "true, false")
        unknown = ", ".join(_toml(word) for word in proposal.unexplained.get(name, ())[:_SHOWN])
        if unknown:
            lines.append(f"# DECIDE: {name}: which of {allowed} do these mean: {unknown}")
        if name in proposal.values:
            lines.append(f"{_key(name)} = {_toml(proposal.values[name])}")
        else:
            lines.append(f"# {_key(name)} = {{ {unknown.split(', ')[0]} = {_toml((item.domain or (True,))[0])} }}")
    return [f"[sources.{_key(source.name)}.values]", *lines] if lines else []


def _meaning(table: str, name: str) -> str:
    return CONTRACTS[table][name].doc if name in CONTRACTS[table] else ""


def _courses(sources: Iterable[Found]) -> list[str]:
    found: dict[str, None] = {}
    for source in sources:
        for file in source.files:
            course = file.recognition.options.get("course")
            if course:
                found[str(course)] = None
            if source.format == "xapi":
                for row in file.sample.rows:
                    about = row.get("object")
                    last = re.search(r"([^/#?]+)/*$", str(about.get("id", "")) if isinstance(about, dict) else "")
                    if last:
                        found[last[1]] = None
            if file.proposal and file.proposal.table == "training" and "course_id" in file.proposal.columns:
                named = file.proposal.columns["course_id"]
                found.update((str(row[named]), None) for row in file.sample.rows if row.get(named))
    return list(found)


def _programme(sources: Sequence[Found]) -> str:
    lines = ["[programme]", 'name = "Empathy programme"', 'complete = "any"  # or "all": when is an agent trained?', ""]
    courses = _courses(sources)
    if courses:
        lines.append("# DECIDE: which of these courses are the training to be judged, and the skills each teaches")
    else:
        lines.append("# DECIDE: the courses; no course was seen in the first records")
        lines.append('# [[programme.courses]]\n# id = "EMP101"\n# treatment = true\n')
    for course in courses:
        lines += ["[[programme.courses]]", f"id = {_toml(course)}", "treatment = true", ""]
    lines += [
        "[programme.assignment]",
        "# DECIDE: how agents were chosen for training: randomised, team_waves, lowest_performers, volunteers.",
        "# It decides what may be claimed; with unknown, little may be.",
        'mode = "unknown"',
        'unit = "team"  # DECIDE: agent, team or site: the level at which training was assigned',
        "anticipation_weeks = 0",
    ]
    return "\n".join(lines)
