"""docs/sources.md, written from the formats themselves: ``python -m etl.sources.documentation > docs/sources.md``."""

from __future__ import annotations

import importlib
import inspect
import sys

from etl.configuration.formats import FORMATS
from etl.sources.format import SourceFormat, get

_HEAD = """# Sources

How the export of each system becomes canonical rows. This page is written by
`python -m etl.sources.documentation > docs/sources.md` from the modules in `etl/sources/`; a test compares the two, and
compares every table below with what the module really reads.

What holds for every format:

- `format` names it, `path` says which files (a pattern such as `exports/contacts/*.jsonl`, or a list), `timezone` the
  zone of times that carry none. Files may be compressed with gzip, whatever they are called; UTF-16 is read as such
  where its first bytes say so.
- Columns are found by the names in the header, whatever their order, case, spaces and zero-width signs; columns that
  are not listed here are ignored, and so is one without a name. A column that is missing is named in the error, with
  the nearest one there is. A line `sep=;` before the header is read; lines of a title are passed over with `options =
  { header_row = 4 }`, the line in which the header stands.
- A record that breaks a rule is rejected once, with all its reasons; a record left out on purpose is rejected with
  the status `dropped`, which does not count towards `max_reject_share`. For every file, read = loaded + rejected +
  duplicate.
- Of records with one key the newest version counts, then that of the last file; the others are duplicates (they say
  the same) or superseded. Files follow each other by the days in their names where all have one, else as people read
  names: 10 after 9, `report (1)` after `report`. Different records of one file that nothing orders are in conflict
  and rejected. `empathy rejects list --duplicates` lists all three.
- Yes and no are read in English, German, French, Spanish, Portuguese and Italian; any other word is refused, never
  taken for no. Durations are read as seconds, h:mm:ss, m:ss, `4m 02s`, ISO 8601 (`PT4M2S`) and time cells of a
  workbook; times without a `date_format` as ISO 8601, as seconds or milliseconds since 1970, and as the day numbers
  of a workbook. Thousands may be grouped by commas (dots with `decimal = ","`), spaces or apostrophes.
  Scores from 0 to 1 may be percentages (`85%`), or out of `full_score` (5, 10, 100).
  Where every dot stands before exactly three digits (`1.230`), `empathy init` asks which it is and `empathy check` says
  how it was read.
- Ids that a spreadsheet has rounded (`4.30001E+17`, number cells of 16 digits and more) are refused.
- An export of outcomes speaks from `begins` to `ends` of its section, else as the names of its files say
  (`cases_2025-01-01_2025-06-30.csv`, `cases-2025-03.csv`), else from its first to its last row; outside, what came of
  a contact is unknown (`meta.coverage`).
- Callers who withhold their number (anonymous, restricted, unknown, 0 and the like, in six languages) are no
  customer; `[identity] nobody` adds words. Sites, teams and queues that differ in case, width, spaces or zero-width
  signs only are one. `[identity] same_contacts = [["old", "new"]]` takes contacts with one id in these sources as
  one; the last counts.
- An invitation in one source and an answer in another about the same contact are one survey. Who comes back has
  another employment. Times in two columns are `started_at = ["Date", "Time"]`; `no_agent = { "Answered" = "No" }`
  says which contacts reached nobody.
- `columns`, `values` and `constants` of a section override the mapping of the first table:
  `columns = { reason = "..." }` takes another column (for JSON a dotted path), `values = { channel = { "Hotline" =
  "voice" } }` explains a word, `constants = { scale_max = 7 }` sets what the file does not say.
- JSON fields of the wrong type (an object where a text should be) are reasons, never silently empty.

What real exports of each system were seen to do, and how it is read:

| system | seen | read as |
|---|---|---|
{seen}

What the canonical columns mean, and which values are allowed: [data-model.md](data-model.md).
"""

SEEN = {
    "tabular": (
        "titles and as-of lines above the header; `sep=`; a delimiter after the last name; lines of totals and a date "
        "of printing below; day and time in two cells; day numbers of a workbook; ids rounded by a spreadsheet; 1.230 "
        "for 1,230",
        '`header_row`, found by `empathy init`; read past; a column without name; refused with the reason; '
        '`["Date", "Time"]`; days since 1899-12-30; refused; `decimal`, asked about',
    ),
    "genesys": (
        "a running conversation exported again later; several legs; agents who were only alerted; surveys that were "
        "opted out of, failed or never offered",
        "the version with the latest instant counts; one contact with legs; no leg; no invitations",
    ),
    "amazon_connect": (
        "one record delivered several times; documents without line ends under keys without ending; a supervisor's "
        "record; parts of handling beside the contact",
        "the newest counts; recognised by its first signs; left out and counted; summed all the same",
    ),
    "zendesk": (
        "a ticket exported with every change; deleted and merged tickets still named; a tag that was taken away again; "
        "`unoffered` ratings; an empty field for the contact",
        "the newest counts; left out and counted; no escalation any more; never invited; a warning with the number",
    ),
    "salesforce": (
        "names of columns in capitals; ids of 15 and of 18 characters; `WAHR` and other words for yes",
        "known in any case; one record; read in six languages, other words refused",
    ),
    "qualtrics": (
        "two more header lines; times in the zone of the account; previews, spam and unfinished answers; a "
        "distribution history that lists who finished beside those who did not, and bounced mails",
        "skipped; the zone of the third header line; left out and counted; one survey with its answer, and no "
        "invitation",
    ),
    "moodle": (
        "headers and dates in the user's language; a second download `(1)`; a progress report with empty header cells, "
        "in UTF-16",
        "six languages, `date_format`; the newer one; pairs of state and time",
    ),
    "xapi": (
        "a statement and its voiding statement in one dump; scores outside 0 to 1; agents without account or address",
        "void; refused with the value; refused",
    ),
    "bamboohr": (
        "`0000-00-00` for no date; a second record of who came back; reports without the day of leaving",
        "empty; another employment; leaving is unknown, not zero",
    ),
    "workday": (
        "open ends in the year 9999; many organisations of one position; hires that were rescinded",
        "open; those of `organization_pattern`; left out and counted",
    ),
    "nice": (
        "ANONYMOUS, Restricted, Unavailable for the number; months first; reports without after-contact work",
        "no customer; `date_format`; no handling time",
    ),
    "contact_lens": (
        "a raw and a redacted file of one contact; turns with a participant's id and no role; jobs that did not "
        "complete",
        "the redacted one counts; the role of that participant; rejected",
    ),
    "genesys_transcripts": (
        "a document a communication; sides called internal and external; times as numbers",
        "`constants = { leg = 2 }`; agent and customer; milliseconds since 1970",
    ),
    "transcribe": (
        "the contact's id inside the name of the job; roles beside AGENT and CUSTOMER",
        "`contact_pattern`; the call is rejected",
    ),
    "zendesk_comments": (
        "private notes among the comments; authors that only the list of users tells apart; no number of the ticket",
        "kept apart, not scored; the role there; `ticket_id`, written when downloading",
    ),
    "zendesk_conversation_log": (
        "assignments and files among the messages; bots and internal notes", "no turns; kept apart, not scored",
    ),
    "salesforce_conversation": (
        "entries of one second; entries that are no text; ids of 15 and of 18 characters",
        "apart by their ids; left out and counted; one id",
    ),
    "twilio_sentences": (
        "a channel and no role; times as texts; recordings in mono",
        "`agent_channel`, else not read; seconds; rejected, nobody is guessed",
    ),
    "vcon": (
        "recordings beside texts; parties without a role; the contact's id in an attachment",
        "no turns; rejected; `contact_attachment`",
    ),
}  # fmt: skip
"""Format to what its exports were seen to do, and how each of these things is read."""



def mapping_tables(text: str) -> dict[str, dict[str, str]]:
    """Return the mapping tables of a module's docstring: canonical table -> canonical column -> source field.

    Parameters
    ----------
    text : str
        A docstring with Markdown tables headed ``| table | ... | notes |``.
    """
    tables: dict[str, dict[str, str]] = {}
    current: dict[str, str] | None = None
    for line in text.splitlines():
        if not line.startswith("|"):
            current = None
            continue
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if current is None:
            current = tables.setdefault(cells[0], {})
        elif not set(cells[0]) <= {"-"}:
            current[cells[0]] = cells[1]
    return tables


def _section(name: str, known: SourceFormat) -> str:
    text = inspect.cleandoc(importlib.import_module(FORMATS[name]).__doc__ or "").replace("``", "`")
    parts = [f'## {known.label}: `format = "{name}"`', text]
    if known.local_times:
        parts.append("Times carry no zone: `timezone` must be given.")
    if known.options:
        rows = "\n".join(f"| `{option}` | {meaning} |" for option, meaning in known.options.items())
        parts.append(f"| option | meaning |\n|---|---|\n{rows}")
    return "\n\n".join(parts)


def document() -> str:
    """Return the text of docs/sources.md."""
    sections = [_section(name, get(name)) for name in FORMATS]
    seen = "\n".join(f"| {get(name).label} | {SEEN[name][0]} | {SEEN[name][1]} |" for name in FORMATS)
    return "\n".join([_HEAD.replace("{seen}", seen), *(f"{section}\n" for section in sections)])


if __name__ == "__main__":
    sys.stdout.write(document())
