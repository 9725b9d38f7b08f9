"""Exports of a random world in the formats of Genesys Cloud, Zendesk, Salesforce and Qualtrics.

What is drawn with them: conversations exported while they ran and again later, in either file; participants that were
only alerted; surveys that were opted out of or failed; tickets exported with every change, deleted, merged, without the
tag any more; cases with ids of 15 characters in a report and of 18 from the API; previews, spam and unfinished answers;
times in the zone of the account; a distribution history that lists bounced mails and those who answered.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

MINUTE = dt.timedelta(minutes=1)
ACCOUNT = ZoneInfo("America/Denver")
TAG, FIELD = "escalated_l2", 42
KINDS_OF_BAD = {"genesys": ("word", "no time")}
"""Kinds of wrong rows that an export of a system can have."""


def stamp(at: dt.datetime) -> str:
    """Return an instant as these systems write it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.000Z"


def _lines(rows: Iterable[Iterable[Any]]) -> str:
    kept = io.StringIO()
    csv.writer(kept, lineterminator="\n").writerows(rows)
    return kept.getvalue()


# ---- Genesys Cloud: contacts, and their surveys


def conversation(contact: Mapping[str, Any], survey: Mapping[str, Any] | None, running: bool) -> dict[str, Any]:
    """Return a contact as a conversation.

    Parameters
    ----------
    contact : mapping
    survey : mapping or None
        Its survey, as it stands in the document.
    running : bool
        Whether it was exported before it ended: nothing of its end is known then.
    """
    at = contact["at"]
    ended = stamp(at + 5 * MINUTE)
    customer: dict[str, Any] = {"purpose": "customer", "sessions": [{"mediaType": "voice", "segments": []}]}
    if contact["customer"]:
        customer["externalContactId"] = contact["customer"]
    alerted = {"purpose": "agent", "userId": "E4", "sessions": [{"mediaType": "voice", "segments": [
        {"segmentType": "alert", "segmentStart": stamp(at), "segmentEnd": stamp(at)}]}]}  # fmt: skip
    people = [customer, alerted]
    if contact["agent"]:
        segment: dict[str, Any] = {"segmentType": "interact", "segmentStart": stamp(at)}
        metrics = []
        if not running:
            segment["segmentEnd"] = ended
            if contact["handle"] is not None:
                metrics.append({"name": "tHandle", "value": contact["handle"] * 1000, "emitDate": ended})
            if contact["moved"]:
                metrics.append({"name": "nTransferred", "value": 1, "emitDate": ended})
        people.append({"purpose": "agent", "userId": contact["agent"], "sessions": [
            {"mediaType": "voice", "segments": [segment], "metrics": metrics}]})  # fmt: skip
    found: dict[str, Any] = {"conversationId": contact["id"], "conversationStart": stamp(at), "participants": people}
    if not running:
        found["conversationEnd"] = ended
        found["surveys"] = [survey] if survey else []
    return found


def _survey(world: Mapping[str, Any], contact: Mapping[str, Any]) -> dict[str, Any] | None:
    own = {"surveyId": f"s{contact['id']}", "userId": contact["agent"]}
    if not contact["invited"] or world["answers_in"] != "genesys":
        never = ("OptOut", "Error", None)[len(contact["id"]) % 3]
        return {**own, "surveyStatus": never} if never else None
    if contact["score"] is None:
        return {**own, "surveyStatus": "Expired"}
    done = stamp(contact["at"] + 60 * MINUTE)
    return {
        **own, "surveyStatus": "Finished", "oSurveyTotalScore": 25 * (contact["score"] - 1), "surveyCompletedDate": done
    }  # fmt: skip


def genesys(world: Mapping[str, Any], bad: Iterable[str]) -> dict[str, bytes]:
    """Return the contacts of a world as exports of conversations.

    Parameters
    ----------
    world : mapping
    bad : iterable of str
        Kinds of wrong conversations to write.
    """
    contacts, cut, overlap = world["contacts"], world["cut"], world["overlap"]

    def ended(some: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [conversation(contact, _survey(world, contact), running=False) for contact in some]

    first, second = ended(contacts[:cut]), ended(contacts[cut:])
    running = [conversation(contact, None, running=True) for contact in contacts[cut : cut + overlap]]
    (second if world["older"] else first).extend(running)
    if world["twice"]:
        second += second[:3]
    extra: dict[str, Any] = {"agent": "E2", "at": dt.datetime(2025, 3, 12), "customer": None, "handle": 61,
                             "moved": None}  # fmt: skip
    if world["conflict"]:
        second += [conversation({**extra, "id": "two", "handle": handle}, None, running=False) for handle in (60, 61)]
    for kind in bad:
        wrong = conversation({**extra, "id": f"x{kind}"}, None, running=False)
        if kind == "word":
            wrong["participants"][-1]["sessions"][0]["metrics"][0]["value"] = "jein"
        else:
            del wrong["conversationStart"]
            del wrong["participants"][-1]["sessions"][0]["segments"][0]["segmentStart"]
        second.append(wrong)
    found = {}
    for name, some in (("conv-9", first), ("conv-10", second)):
        if not some:
            continue  # what holds no conversation is not delivered
        if world["sep"]:
            text = json.dumps({"conversations": some})
        else:
            text = "".join(json.dumps(item) + "\n" for item in some)
        content = gzip.compress(text.encode()) if world["gzip"] else text.encode()
        found[f"{name}{'' if world['gzip'] else '.json'}"] = content  # keys of an object store have no ending
    return found


# ---- Zendesk: escalations


def zendesk(world: Mapping[str, Any], escalated: list[Mapping[str, Any]]) -> dict[str, str]:
    """Return escalations as tickets.

    Parameters
    ----------
    world : mapping
    escalated : list of mapping
        Contacts that were.
    """
    kept, number = [], 7000

    def ticket(about: Mapping[str, Any], later: int, tags: list[str], **more: Any) -> dict[str, Any]:
        fields = [{"id": 41, "value": None}, {"id": FIELD, "value": about["id"]}]
        created, changed = stamp(about["at"]), stamp(about["at"] + later * MINUTE)
        return {
            "id": number, "created_at": created, "updated_at": changed, "status": "open", "type": "problem",
            "assignee_id": about["agent"], "requester_id": 5, "tags": tags, "custom_fields": fields,
            "via": {"channel": "phone"}, **more,
        }  # fmt: skip

    for place, contact in enumerate(escalated):
        number += 1
        versions = [ticket(contact, 1, ["vip"]), ticket(contact, 2, ["vip", TAG])]
        kept += versions[::-1] if world["older"] else versions[place % 2 :]
    for place, contact in enumerate(item for item in world["contacts"] if item["agent"] and item not in escalated):
        number += 1
        before = [ticket(contact, 1, [TAG])] if place % 2 else []
        after: tuple[list[str], dict[str, Any]] = (
            ([TAG, "closed_by_merge"], {"status": "closed"}), ([TAG], {"status": "deleted"}), (["vip"], {}),
        )[place % 3]  # fmt: skip
        kept += [*before, ticket(contact, 2, after[0], **after[1])]
    if not kept:
        return {}
    if world["sep"]:
        return {"tickets.json": json.dumps({"tickets": kept, "count": len(kept)})}
    return {"tickets.json": "".join(json.dumps(item) + "\n" for item in kept)}


# ---- Salesforce: escalations

_SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def long_id(short: str) -> str:
    """Return an id of 15 characters with the three that say which of them are capitals.

    Examples
    --------
    >>> long_id("5003000000D8cuI")
    '5003000000D8cuIAAR'
    """
    ends = "".join(
        _SIGNS[sum(sign.isupper() << place for place, sign in enumerate(short[start : start + 5]))]
        for start in (0, 5, 10)
    )
    return short + ends


def salesforce(world: Mapping[str, Any], escalated: list[Mapping[str, Any]]) -> dict[str, str]:
    """Return escalations as cases: some in a report, some from the API, some in both.

    Parameters
    ----------
    world : mapping
    escalated : list of mapping
        Contacts that were.
    """
    yes, no = world["yes"]
    head = ["Id", "OwnerId", "IsEscalated", "IsDeleted", "CreatedDate", "SystemModstamp", "Type", "Contact_Id__c"]
    change = {"upper": str.upper, "lower": str.lower}.get(world["header"], str)
    report, api = [[change(name) for name in head]], [[change(name) for name in head]]
    for place, contact in enumerate(item for item in world["contacts"] if item["agent"]):
        own = f"5003000000D{place % 7}c{'uUiI'[place % 4]}{'abCD'[place // 28 % 4]}"
        is_one = any(contact is item for item in escalated)
        gone = not is_one and place % 3 == 0

        def case(
            form: str, later: int, raised: bool, deleted: bool = False, about: Mapping[str, Any] = contact
        ) -> list[str]:
            changed = stamp(about["at"] + later * MINUTE)
            said = [yes if raised else no, yes if deleted else no]
            return [form, about["agent"], *said, stamp(about["at"]), changed, "Problem", about["id"]]

        if place % 3 != 1:
            report.append(case(own, 1, raised=not is_one))  # as it was before
        if place % 3 != 2 or gone:
            api.append(case(long_id(own), 2, raised=is_one or gone, deleted=gone))
        else:
            report[-1] = case(own, 2, raised=is_one)
        if place % 5 == 0:
            report.append(case(own, 2, raised=is_one or gone, deleted=gone))  # the same once more
    return {"Case-report.csv": _lines(report), "Case-api.csv": _lines(api)}


# ---- Qualtrics: surveys


def _local(at: dt.datetime) -> str:
    return f"{at.replace(tzinfo=dt.UTC).astimezone(ACCOUNT):%Y-%m-%d %H:%M:%S}"


def qualtrics(world: Mapping[str, Any]) -> dict[str, str]:
    """Return the surveys of a world as responses and a distribution history.

    Parameters
    ----------
    world : mapping
    """
    names = ["StartDate", "EndDate", "Status", "Finished", "RecordedDate", "ResponseId", "Q1_CSAT", "contact_id"]
    if world["embedded"]:
        names.append("invited_at")
    zoned = {"StartDate", "EndDate", "RecordedDate", "invited_at"}
    ids = [json.dumps({"ImportId": name} | ({"timeZone": ACCOUNT.key} if name in zoned else {})) for name in names]
    rows = [names, [f"{name}, please?" for name in names], ids]

    def response(contact: Mapping[str, Any], own: str, score: int, status: str = "0", finished: str = "1") -> list[Any]:
        at = _local(contact["at"] + 30 * MINUTE)
        invited = [_local(contact["at"] + 5 * MINUTE) if contact["invited"] else ""] if world["embedded"] else []
        return [at, at, status, finished, at, own, score, contact["id"], *invited]

    history: list[list[Any]] = [["Distribution ID", "External Data Reference", "Status", "Sent Date"]]
    for place, contact in enumerate(world["contacts"]):
        if contact["score"] is not None:
            rows.append(response(contact, f"R_{place}", contact["score"]))
            if world["twice"] and place % 4 == 0:
                rows.append(rows[-1])
        noise = {0: ("1", "1"), 1: ("8", "1"), 2: ("0", "0")}.get(place % 9)
        if noise:
            rows.append(response({**contact, "invited": False}, f"R_n{place}", 5, *noise))
        if contact["invited"]:
            said = "Survey Finished" if contact["score"] is not None else ("Email Sent", "Email Opened")[place % 2]
        else:
            said = ("Email Bounced", "Opted Out", "")[place % 3]
        if said:
            history.append([f"D_{place}", contact["id"], said, _local(contact["at"] + 5 * MINUTE)])
    return {"answers.csv": _lines(rows), "history.csv": _lines(history)}


# ---- how they are read

SECTIONS = {
    "genesys": '[sources.calls]\nformat = "genesys"\npath = "conv*"\nmax_reject_share = 1.0\n',
    "zendesk": f'[sources.esc]\nformat = "zendesk"\npath = "tickets.json"\noptional = true\n'
    f'options = {{ escalation_tags = ["{TAG}"], contact_field = {FIELD} }}\n',
    "salesforce": '[sources.esc]\nformat = "salesforce"\npath = "Case-*.csv"\noptional = true\n',
    "qualtrics": '[sources.answers]\nformat = "qualtrics"\npath = ["answers.csv", "history.csv"]\n'
    'timezone = "America/Denver"\noptional = true\n',
}
"""System to the section of empathy.toml that reads its exports."""
