"""Qualtrics survey responses: CSV with three header rows (names, question texts, import ids), numeric values.

Times are written in the zone of the account; the third header row says which, and that zone is used. Previews, tests
and spam are left out and counted; so are unfinished responses, unless option ``unfinished`` is ``"keep"``. A comment
may hold line breaks. Questions are named by each survey's author, so the columns of the answers are guessed from their
names and texts (``CSAT`` or ``satisfied``, ``felt heard``, ``NPS`` or ``recommend``, ``_TEXT``) and better named under
``columns``; scales other than 1 to 5 are named under ``constants``, such as ``constants = { scale_max = 7 }``.

The distribution history (whom an e-mail distribution asked) is read too: every row is an invitation of the contact in
``External Data Reference``, except those that never reached anybody (bounced, failed, blocked, opted out). Load it
beside the responses: an invitation and the answer about the same contact are one survey.

| survey_response | column | notes |
|---|---|---|
| response_id | ResponseId | |
| interaction_id | contact_id | embedded data; ExternalReference when there is no such column |
| source_agent_id | agent_id | embedded data, where there is such a column |
| invited_at | invited_at | embedded data, where there is such a column |
| answered_at | EndDate | zone of the third header row |
| csat_raw | Q1_CSAT | first column that asks for satisfaction; 1 to 5 unless `constants` say otherwise |
| felt_heard | Q3_FELT_HEARD | first column that asks whether the customer felt heard |
| nps | Q4_NPS | first column that asks for a recommendation, 0 to 10 |
| comment | Q2_TEXT | first free text |
| row_version | RecordedDate | zone of the third header row |
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from zoneinfo import available_timezones

from etl.sources.csv_shape import OPTIONS, shape
from etl.sources.format import Context, Recognition, Sample, SourceError, SourceFormat
from etl.sources.plan import Check, Drop, Field, Plan, TableMap, column
from etl.sources.words import FALSE, one_of, unknown_truth, unreadable

REQUIRED = ("StartDate", "EndDate", "Status", "Finished", "RecordedDate", "ResponseId")

PREVIEWS = ("1", "2", "9", "17", "survey preview", "survey test", "offline survey preview")
SPAM = ("8", "12", "spam", "imported spam")
ANSWERS = ("0", "4", "16", "ip address", "imported", "offline")
"""Values of Status, as numbers and as choice text in lower case."""

CONTACT_NAMES = ("contact_id", "contactid", "interaction_id", "conversation_id", "conversationid")
AGENT_NAMES = ("agent_id", "agentid")
INVITED_NAMES = ("invited_at", "invitedat", "invitation_date")

QUESTIONS: dict[str, tuple[str, str]] = {
    "csat_raw": (r"csat|satisf", r"\bsatisf|\bcsat\b"),
    "felt_heard": (r"felt.?heard|heard", r"\b(felt|feel) heard\b|\blistened to\b"),
    "nps": (r"(^|_)nps$", r"\brecommend\b"),
    "comment": (r"_text$|comment", r"\bcomment|\banything else\b"),
}
"""Canonical column: patterns of a column's name and, where no name fits, of its question text (case ignored)."""

NOT_A_QUESTION = frozenset(
    {
        *REQUIRED, "IPAddress", "Progress", "Duration (in seconds)", "RecipientLastName", "RecipientFirstName",
        "RecipientEmail", "ExternalReference", "LocationLatitude", "LocationLongitude", "DistributionChannel",
        "UserLanguage",
    }
)  # fmt: skip


def _named(header: tuple[str, ...], names: tuple[str, ...]) -> str | None:
    return next((name for name in header if name.casefold() in names), None)


def questions(header: tuple[str, ...], texts: Mapping[str, str]) -> dict[str, str]:
    """Return canonical column -> column of the file, as guessed from names and question texts.

    Parameters
    ----------
    header : tuple of str
        Names of the columns, from the first header row.
    texts : mapping of str to str
        Name to question text, from the second header row.
    """
    taken: set[str] = set()
    found: dict[str, str] = {}
    open_names = [name for name in header if name not in NOT_A_QUESTION and not name.endswith("_NPS_GROUP")]
    for where in (0, 1):
        for canonical, patterns in QUESTIONS.items():
            if canonical in found:
                continue
            for name in open_names:
                said = name if where == 0 else (texts.get(name) or "")
                if name not in taken and re.search(patterns[where], said, re.IGNORECASE):
                    found[canonical] = name
                    taken.add(name)
                    break
    return found


def zone_of(import_id: str | None, where: str) -> str | None:
    """Return the zone that a cell of the third header row names, or ``None`` when it names none.

    Parameters
    ----------
    import_id : str or None
        The cell, such as ``{"ImportId":"endDate","timeZone":"America/Denver"}``.
    where : str
        File and column, for messages.

    Raises
    ------
    SourceError
        When the zone is not one.
    """
    try:
        said = json.loads(import_id or "")
    except ValueError:
        return None
    zone = said.get("timeZone") if isinstance(said, dict) else None
    if zone is None:
        return None
    if zone in ("Z", "UTC", "GMT"):
        return "UTC"
    if zone not in available_timezones():
        raise SourceError(f'{where}, line 3: "{zone}" is not a time zone; set it with `timezone` and remove it here.')
    return str(zone)


def _is_import_ids(row: Mapping[str, object]) -> bool:
    return any("ImportId" in str(value) for value in row.values() if value)


HISTORY = ("Status", "Sent Date", "External Data Reference")
HISTORY_IDS = ("Distribution ID", "Contact ID", "Response ID", "Survey Link", "Link", "Email")
SENT = (
    "email sent", "sent", "success", "email opened", "opened", "survey started", "survey partially finished",
    "partially finished", "survey finished", "finished", "survey completed", "complaint", "session expired", "expired",
    "survey screened out", "screened out", "link generated",
)  # fmt: skip
NOT_SENT = (
    "email bounced", "bounced", "hard bounce", "soft bounce", "email failed", "failed", "failure", "blocked",
    "opted out", "optout", "opt out", "unsubscribed", "error", "pending", "not sent", "skipped", "duplicate", "spam",
)  # fmt: skip
"""Values of Status in a distribution history, in lower case."""


def _is_history(header: tuple[str, ...]) -> bool:
    return set(HISTORY) <= set(header) and "ResponseId" not in header


def _history(context: Context) -> Plan:
    """Return how a distribution history is read."""
    header = context.sample.header
    named = [name for name in HISTORY_IDS if name in header]
    own = column(named[0]).sql if named else "null"
    contact = column("External Data Reference").sql
    told_apart = f"concat_ws(':', {own}, {contact}, {column('Sent Date').sql})"
    identity = Field(told_apart, " + ".join((*named[:1], *HISTORY[1:])))
    status = 'lower("Status")'
    fields = {
        "response_id": identity,
        "interaction_id": column("External Data Reference"),
        "invited_at": column("Sent Date"),
    }
    return Plan(
        shape(context, HISTORY, tuple(named[:1])),
        (TableMap("survey_response", fields),),
        checks=(unreadable(status, "Status", f"not {one_of(status, (*SENT, *NOT_SENT))}", "is no known status"),),
        drops=(Drop(f"coalesce({one_of(status, NOT_SENT)}, false)", "nobody was asked: not delivered, or opted out"),),
        key=("'history'", identity.sql),
    )


def plan(context: Context) -> Plan:
    """Return how a file of responses, or of invitations, is read."""
    sample = context.sample
    header = sample.header
    if _is_history(header):
        return _history(context)
    if len(sample.rows) < 2 or not _is_import_ids(sample.rows[1]):
        raise SourceError(
            f"{sample.path}: the second and third line are not the texts and import ids of a Qualtrics export. "
            'Export as CSV with all three header rows, or read the file with format = "tabular".'
        )
    texts = {name: str(value or "") for name, value in sample.rows[0].items()}
    guessed = questions(header, texts)
    if "csat_raw" not in guessed and not {"csat_raw", "felt_heard", "nps"} & set(context.source.columns):
        raise SourceError(
            f"{sample.path}: no column asks for satisfaction. Name it: "
            f'[sources.{context.name}] columns = {{ csat_raw = "Q1" }}.'
        )

    def time(name: str) -> Field:
        cell = sample.rows[1].get(name)
        zone = zone_of(None if cell is None else str(cell), f"{sample.path}, column {name}")
        return column(name, timezone=zone) if zone else column(name)

    fields = {"response_id": column("ResponseId"), "answered_at": time("EndDate"), "row_version": time("RecordedDate")}
    contact = _named(header, CONTACT_NAMES) or ("ExternalReference" if "ExternalReference" in header else None)
    agent, invited = _named(header, AGENT_NAMES), _named(header, INVITED_NAMES)
    if contact:
        fields["interaction_id"] = column(contact)
    if agent:
        fields["source_agent_id"] = column(agent)
    if invited:
        zone = zone_of(str(sample.rows[1].get(invited) or ""), f"{sample.path}, column {invited}")
        account = fields["answered_at"].timezone
        fields["invited_at"] = column(invited, timezone=zone or account)
    for canonical, name in guessed.items():
        if canonical not in context.source.columns:
            fields[canonical] = column(name)
    return Plan(
        shape(context, REQUIRED, tuple(name for name in header if name not in REQUIRED), extra_header_lines=2),
        (TableMap("survey_response", fields),),
        checks=(_known_status(), unknown_truth("Finished")),
        drops=_drops(str(context.option("unfinished", "drop")), context.name),
        key=('"ResponseId"',),
    )


def _known_status() -> Check:
    said = "coalesce(lower(\"Status\"), '')"
    return unreadable(said, "Status", f"not {one_of(said, (*PREVIEWS, *SPAM, *ANSWERS))}", "is not a type of response")


def _drops(unfinished: str, source: str) -> tuple[Drop, ...]:
    drops = (
        Drop(one_of('lower("Status")', PREVIEWS), "preview: a preview or test, not an answer"),
        Drop(one_of('lower("Status")', SPAM), "spam: marked as spam by Qualtrics"),
    )
    if unfinished == "keep":
        return drops
    if unfinished != "drop":
        raise SourceError(f'[sources.{source}] options.unfinished is "{unfinished}"; write "drop" or "keep".')
    return (*drops, Drop(one_of('lower("Finished")', FALSE), "unfinished: the survey was not completed"))


def recognise(sample: Sample) -> Recognition | None:
    """Recognise responses by their columns and the row of import ids, and distribution histories."""
    if _is_history(sample.header):
        return Recognition(0.97, "survey invitations", ("timezone",))
    if not {"ResponseId", "RecordedDate", "Status"} <= set(sample.header):
        return None
    if len(sample.rows) < 2 or not _is_import_ids(sample.rows[1]):
        return Recognition(0.55, "survey responses, perhaps without their header rows", ("format",))
    texts = {name: str(value or "") for name, value in sample.rows[0].items()}
    guessed = questions(sample.header, texts)
    undecided = [f"columns.{name}" for name in ("csat_raw", "felt_heard", "nps")]
    if not _named(sample.header, CONTACT_NAMES):
        undecided.append("columns.interaction_id")
    return Recognition(
        0.99,
        "survey responses",
        tuple(undecided),
        columns={canonical: name for canonical, name in guessed.items() if canonical != "comment"},
    )


FORMAT = SourceFormat(
    name="qualtrics",
    label="Qualtrics survey responses",
    tables=("survey_response",),
    plan=plan,
    recognise=recognise,
    columns=(*sorted(NOT_A_QUESTION), *HISTORY, *HISTORY_IDS),
    options={
        "unfinished": "`drop` (when not given) or `keep`",
        **OPTIONS,
    },
)
