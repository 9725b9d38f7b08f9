"""Find the exports in a folder: recognise files by their content and group files of one kind."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import duckdb

from etl.configuration.formats import FORMATS
from etl.errors import EmpathyError
from etl.file_kinds import (
    EXCEL_ENDINGS,
    KNOWN_ENDINGS,
    TEXT_ENDINGS,
    is_json,
    is_workbook,
    plain_name,
    without_copy_mark,
)
from etl.onboarding import header_row, series
from etl.onboarding.further_rows import last_rows
from etl.onboarding.guess import Guess, guess
from etl.onboarding.writing import dates_as_beside, ways_of_writing
from etl.reading import opened
from etl.reading.plans import known_document, named_as_known
from etl.reading.table_file import sheet_names
from etl.reading.text_file import likely_encoding
from etl.sources.format import Recognition, Sample, get
from etl.sql_text import quoted

ENDINGS = (*TEXT_ENDINGS, ".json", ".jsonl", ".ndjson", ".parquet", ".pq", *EXCEL_ENDINGS)

PACKED = (".zip", ".7z", ".rar", ".tar", ".tgz", ".bz2", ".xz", ".zst")
"""Extensions of archives that are not read; they are reported, since they may hold exports."""

SHARED_IDS = ("bamboohr", "workday")
"""Formats whose reports form one source, because they share ids."""

NAMES = {
    ("amazon_connect", "contact records"): "contacts",
    ("genesys", "conversations"): "contacts",
    ("genesys", "conversations, surveys and evaluations"): "contacts",
    ("nice", "contact details"): "contacts",
    ("zendesk", "tickets"): "tickets",
    ("zendesk", "satisfaction ratings"): "ratings",
    ("salesforce", "cases"): "cases",
    ("salesforce", "opportunity line items"): "opportunities",
    ("qualtrics", "survey responses"): "surveys",
    ("qualtrics", "survey invitations"): "invitations",
    ("xapi", "learning statements"): "learning",
    ("bamboohr", ""): "staff",
    ("workday", ""): "staff",
}
"""Section names by format and what the files hold."""

WRITTEN = ("encoding", "sheet", "decimal", "date_format", "duration_unit", "full_score", "header_row")
"""Options that must be equal for files of one source."""

_LONGEST_NAME, _SHOWN = 40, 8

_LETTERS = frozenset(map(chr, range(128))) | frozenset(
    "áàâãäéèêëíìîïóòôõöúùûüñçßœæÁÀÂÃÄÉÈÊËÍÌÎÏÓÒÔÕÖÚÙÛÜÑÇŒÆ¿¡€°ºª«»–—‘’“”…\xa0"
)
"""Characters of the supported languages: a decoded text with others may have the wrong encoding."""

@dataclass(frozen=True)
class Export:
    """One file, what it was recognised as, and the proposal for a table of an unknown system."""

    path: Path
    sample: Sample
    format: str
    recognition: Recognition
    proposal: Guess | None = None


@dataclass
class Found:
    """Files that form one source.

    Attributes
    ----------
    name, format : str
        Name of the section, and its format.
    files : list of Export
    paths : list of str
        Patterns or paths that match exactly these files.
    strangers : list of str
        For a crosswalk: systems it names that are not a section.
    """

    name: str
    format: str
    files: list[Export]
    paths: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)


def inventory(root: Path, base: Path) -> tuple[list[Found], list[str]]:
    """Return the sources found in a folder and its sub-folders, and one line for every file left out.

    Hidden folders and warehouses are passed over.

    Parameters
    ----------
    root : Path
    base : Path
        Folder to which the paths of the sources are relative.
    """
    files, left_out = _recognise_all(root)
    settled = dates_as_beside([file.recognition for file in files])
    files = [replace(file, recognition=one) for file, one in zip(files, settled, strict=True)]
    sources = _group(files, base)
    _name_as_the_crosswalk_does(sources)
    return sources, left_out


def _exports(root: Path) -> list[Path]:
    found = []
    for parent, folders, names in os.walk(root):
        here = Path(parent)
        if (here / "CURRENT.json").exists():
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
        found += [
            here / name
            for name in sorted(names)
            if not name.startswith((".", "~")) and _may_be_export(here / name)
        ]
    return found


def _may_be_export(path: Path) -> bool:
    """Whether a file has an extension of exports, or is JSON or a table under another name."""
    name = plain_name(path)
    if name.endswith((*ENDINGS, *PACKED)):
        return True
    return not name.endswith(KNOWN_ENDINGS) and (is_json(path) or header_row.is_table(path))


def _recognise_all(root: Path) -> tuple[list[Export], list[str]]:
    con = duckdb.connect()
    files: list[Export] = []
    left_out: list[str] = []
    for path in _exports(root):
        shown = path.relative_to(root).as_posix()
        if plain_name(path).endswith(PACKED):
            left_out.append(
                f"left out: {shown}: a packed file; unpack it here if it holds exports (gzip alone is read)"
            )
            continue
        try:
            samples = list(_samples(con, path))
            found = [export for sample, how in samples if (export := recognise(sample, how))]
        except EmpathyError as error:
            left_out.append(f"left out: {str(error).replace(str(path), shown)}")
            continue
        except (duckdb.Error, ValueError, OSError) as error:
            left_out.append(f"left out: {shown}: cannot be read ({str(error).splitlines()[0][:120]})")
            continue
        if not found:
            left_out.append(
                f'left out: {shown}: not recognised; describe it by hand with format = "tabular"{_columns(samples)}'
            )
        files += found
    return files, left_out


def _columns(samples: Sequence[tuple[Sample, Mapping[str, Any]]]) -> str:
    """Words for the columns of an unrecognised file, to help describe it by hand."""
    names = [name for sample, _ in samples for name in sample.header if name]
    return f". Its columns: {', '.join(names[:_SHOWN])}{', …' if len(names) > _SHOWN else ''}" if names else ""


def _samples(con: duckdb.DuckDBPyConnection, path: Path) -> Iterator[tuple[Sample, dict[str, Any]]]:
    """Samples of a file with the options needed to read them: each sheet of a workbook, a text's encoding."""
    if is_workbook(path):
        names = sheet_names(path)
        for place, name in enumerate(names):
            try:
                found = opened.sample(con, path, sheet=name)
                row = header_row.header_row([list(found.header), *([*line.values()] for line in found.rows)])
                above = {"header_row": row} if row > 1 else {}
                again = opened.sample(con, path, sheet=name, header_row=row) if row > 1 else found
                yield again, {**({"sheet": name} if place else {}), **above}
            except EmpathyError:
                if len(names) == 1:
                    raise
    elif plain_name(path).endswith(TEXT_ENDINGS) or not (plain_name(path).endswith(KNOWN_ENDINGS) or is_json(path)):
        encoding = likely_encoding(path)
        row = header_row.of_text(path, encoding)
        how: dict[str, Any] = {"encoding": encoding} if encoding != "utf-8" else {}
        yield opened.sample(con, path, encoding, header_row=row), {**how, "header_row": row} if row > 1 else how
    else:
        yield known_document(path) or opened.sample(con, path), {}


def recognise(sample: Sample, options: Mapping[str, Any] | None = None) -> Export | None:
    """Return the best matching format of a file, else the most likely canonical table, else ``None``.

    Parameters
    ----------
    sample : Sample
    options : mapping of str to str, optional
        Options that were needed to read it (``encoding``, ``sheet``); they are added to the format's own.
    """
    bids = [
        (recognition.confidence, name, recognition)
        for name in FORMATS
        if name != "tabular"
        and (recognition := get(name).recognise(named_as_known(sample, get(name).columns))) is not None
    ]
    if bids and not is_workbook(sample.path):  # no format module reads workbooks
        confidence, name, recognition = max(bids, key=lambda bid: bid[0])
        if confidence >= 0.5:
            return Export(sample.path, sample, name, _with(recognition, options or {}, sample))
    if sample.is_json:
        sample = replace(sample, rows=tuple(map(_flat, sample.rows)))
    header = sample.header or tuple(dict.fromkeys(key for row in sample.rows for key in row))
    called = f"{sample.path.name.partition('.')[0]} {(options or {}).get('sheet', '')}"
    proposal = guess(header, sample.rows, called)
    if proposal is None:
        return None
    if _is_second_header(sample.rows, proposal):
        rows = sample.rows[1:]
        again = guess(header, rows, called)
        if again is not None and again.table == proposal.table:
            sample, proposal = replace(sample, rows=rows), again
            options = {**(options or {}), "skip_lines": 1}
    written, undecided = ways_of_writing(proposal, sample.rows)
    if undecided:  # what the first rows leave open the last ones may settle
        more, still = ways_of_writing(proposal, [*sample.rows, *last_rows(sample, options or {})])
        written, undecided = (more, still) if set(more) >= set(written) else (written, undecided)
    what = f"probably rows of {proposal.table}"
    seen = {key: words for key, words in undecided.items() if words}
    recognition = Recognition(proposal.score, what, ("timezone", *undecided), written, seen=seen)
    return Export(sample.path, sample, "tabular", _with(recognition, options or {}, sample), proposal)


def _is_second_header(rows: Sequence[Mapping[str, Any]], proposal: Guess) -> bool:
    """Whether the first record lacks the ids that all others have: survey systems put column descriptions there."""
    own = [proposal.columns[name] for name in proposal.columns if name.endswith("_id") and name != "interaction_id"]
    filled = [sum(bool(str(row.get(name) or "").strip()) for name in own) for row in rows]
    return len(rows) > 2 and len(own) > 0 and filled[0] < len(own) and min(filled[1:]) == len(own)


def _flat(record: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Flatten a JSON record to paths, as used for the columns of a source."""
    found: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = value
    return found


def _with(recognition: Recognition, options: Mapping[str, Any], sample: Sample) -> Recognition:
    """Add options to a recognition; a guessed encoding must be confirmed by a person."""
    undecided, seen = recognition.undecided, dict(recognition.seen)
    if not options.get("encoding", "utf-16").startswith("utf-16"):
        words = [*sample.header, *(str(value or "") for row in sample.rows for value in row.values())]
        odd = tuple(dict.fromkeys(word for word in words if not word.isascii()))
        if not set("".join(odd)) <= _LETTERS:
            seen["options.encoding"] = odd
            undecided = (*undecided, "options.encoding")
    return replace(recognition, undecided=undecided, options={**options, **recognition.options}, seen=seen)


def _group(files: Sequence[Export], base: Path) -> list[Found]:
    groups: dict[tuple[object, ...], list[Export]] = {}
    for file in files:
        if file.format in SHARED_IDS:
            key: tuple[object, ...] = (file.format,)
        else:
            found = file.recognition
            columns = tuple(sorted((file.proposal.columns if file.proposal else found.columns).items()))
            written = tuple((name, str(found.options[name])) for name in WRITTEN if name in found.options)
            kind = NAMES.get((file.format, found.what), found.what)
            key = (file.format, series.partitions(file.path.parent), _series(file), kind, columns, written)
        groups.setdefault(key, []).append(file)
    taken: set[str] = set()
    sources = []
    for members in groups.values():
        name = _unique(_name(members), taken)
        by_stem: dict[str, list[Path]] = {}
        for file in members:
            by_stem.setdefault(series.stem(file.path), []).append(file.path)
        nested = series.nested_pattern([file.path for file in members], base)
        each = [pattern for alike in by_stem.values() for pattern in series.patterns(alike, base)]
        paths = [nested] if nested else each
        sources.append(Found(name, members[0].format, members, paths))
    return sources


def same_contacts(sources: Sequence[Found]) -> list[list[str]]:
    """Groups of sources that probably hold the same contacts: similar file names, or common ids.

    Parameters
    ----------
    sources : sequence of Found
        In each group the last source counts, so sources are in the order of their files.
    """
    holding = [source for source in sources if _contact_ids(source) is not None]
    groups: list[list[Found]] = []
    for source in holding:
        for group in groups:
            stems = {series.stem(file.path) for other in group for file in other.files}
            ids = set().union(*(_contact_ids(other) or set() for other in group))
            if stems & {series.stem(file.path) for file in source.files} or ids & (_contact_ids(source) or set()):
                group.append(source)
                break
        else:
            groups.append([source])
    return [[source.name for source in group] for group in groups if len(group) > 1]


def _contact_ids(source: Found) -> set[str] | None:
    """Contact ids in the first records; ``None`` for sources without contacts."""
    found: set[str] = set()
    for file in source.files:
        if file.proposal is None or file.proposal.table != "interaction":
            return None
        column = file.proposal.columns.get("interaction_id")
        found |= {str(row[column]) for row in file.sample.rows if column and row.get(column)}
    return found


def _series(file: Export) -> str:
    """Key that separates files of one kind into sources; empty where records carry ids and time zone."""
    return series.stem(file.path) if file.format == "tabular" or get(file.format).local_times else ""


def _name_as_the_crosswalk_does(sources: Sequence[Found]) -> None:
    """Name sections as the crosswalk does, where unambiguous; note the systems that do not match."""
    for crosswalk in sources:
        proposal = crosswalk.files[0].proposal
        if proposal is None or proposal.table != "agent_identity" or "identity_source" not in proposal.columns:
            continue
        for system in sorted(_systems(crosswalk.files[0], proposal.columns["identity_source"])):
            if any(source.name == system for source in sources):
                continue
            alike = [source for source in sources if source.name.startswith(f"{_slug(system)}_")]
            if len(alike) == 1 and system == _slug(system):
                alike[0].name = system
            else:
                crosswalk.strangers.append(system)


def _systems(file: Export, column: str) -> set[str]:
    """The systems named in a crosswalk, from the whole file where it is delimited text."""
    if plain_name(file.path).endswith((".csv", ".tsv", ".txt")):
        try:
            rows = duckdb.connect().execute(
                f"SELECT DISTINCT {quoted(column)} FROM read_csv(?, all_varchar = true)", [str(file.path)]
            )
            return {str(row[0]) for row in rows.fetchall() if row[0]}
        except duckdb.Error:
            pass
    return {str(row[column]) for row in file.sample.rows if row.get(column)}


def _name(members: Sequence[Export]) -> str:
    first = members[0]
    known = NAMES.get((first.format, first.recognition.what)) or NAMES.get((first.format, ""))
    if known:
        return known
    if first.format == "moodle":
        return _slug(f"moodle_{first.recognition.options.get('course', '')}")
    stem = without_copy_mark(re.sub(r"\.[a-z]+(\.gz)?$", "", first.path.name, flags=re.IGNORECASE))
    if "sheet" in first.recognition.options:
        stem = f"{stem}_{first.recognition.options['sheet']}"
    return _slug(re.sub(r"[-_. ]*\d[\d\-_. ]*$", "", stem) if len(members) > 1 else stem)


def _slug(text: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:_LONGEST_NAME]
    return slug if slug[:1].isalpha() else f"source_{slug}".rstrip("_")[:_LONGEST_NAME]


def _unique(name: str, taken: set[str]) -> str:
    candidate, number = name, 1
    while candidate in taken:
        number += 1
        candidate = f"{name[: _LONGEST_NAME - 3]}_{number}"
    taken.add(candidate)
    return candidate
