"""Salesforce ``Case`` and ``OpportunityLineItem``: CSV as Data Loader writes it, fields of parents with a dot.

Records are exported again when they change: the newest ``SystemModstamp`` (for line items ``LastModifiedDate``) counts.
A custom field, usually ``Contact_Id__c``, ties a record to the contact; name another one with
``columns = { interaction_id = "..." }``. Deleted records are left out and counted. An id of 15 characters, as reports
give it, is the same as its form of 18, which the API gives. Data Loader writes the names of columns in capitals or
small letters, as its version does: both are known.

What a case stands for is option ``cases_are``. With ``"escalations"`` (when not given) a case that is escalated, or is
a complaint, is an escalation, and other cases are left out and counted. With ``"contacts"`` every case is a contact,
and an escalated one an escalation besides.

| escalation | column | notes |
|---|---|---|
| escalation_id | Id | IsEscalated is true, or Type is one of option `complaint_types` |
| interaction_id | Contact_Id__c | the case's Id when cases are contacts |
| source_agent_id | OwnerId | |
| kind | IsEscalated + Type | complaint for those types, else tier2 |
| at | CreatedDate | UTC |
| row_version | SystemModstamp | UTC |

| interaction | column | notes |
|---|---|---|
| interaction_id | Id | only with option `cases_are = "contacts"` |
| source_agent_id | OwnerId | |
| source_customer_id | ContactId | |
| started_at | CreatedDate | UTC |
| ended_at | ClosedDate | UTC |
| channel | Origin | Phone, Email, Chat, messaging, social media; anything else is other |
| reason | Reason | |
| parent_id | ParentId | |
| row_version | SystemModstamp | UTC |

| offer | column | notes |
|---|---|---|
| offer_id | Id | of the line item |
| interaction_id | Opportunity.Contact_Id__c | |
| source_agent_id | Opportunity.OwnerId | |
| kind | ProductCode | as option `offer_kinds` says, else option `offer_kind` (upsell when not given) |
| product | ProductCode | |
| made_at | CreatedDate | UTC |
| accepted | Opportunity.IsWon | an opportunity still open counts as not accepted |
| amount | TotalPrice | |
| currency | CurrencyIsoCode | the project's when not given |
| row_version | LastModifiedDate | UTC |
"""

from __future__ import annotations

from collections.abc import Mapping

from etl.sources.csv_shape import OPTIONS, shape
from etl.sources.format import Context, Recognition, Sample, SourceError, SourceFormat
from etl.sources.plan import Drop, Field, Named, Plan, TableMap, column
from etl.sources.words import FALSE, TRUE, folded, one_of, salesforce_id, unknown_truth
from etl.sql_text import literal, quoted

CHANNELS = {
    "phone": "voice",
    "voice": "voice",
    "email": "email",
    "chat": "chat",
    "live chat": "chat",
    "messaging": "message",
    "sms": "message",
    "whatsapp": "message",
    "facebook": "social",
    "twitter": "social",
    "social": "social",
}
"""Values of Origin, in lower case; anything else (Web, Walk-in) is ``other``."""

CASE_REQUIRED = ("Id", "OwnerId", "IsEscalated", "CreatedDate")
CASE_OPTIONAL = (
    "SystemModstamp", "ClosedDate", "Origin", "Type", "Reason", "ParentId", "ContactId", "Contact_Id__c", "IsDeleted",
)  # fmt: skip
ITEM_REQUIRED = ("Id", "OpportunityId", "CreatedDate", "Opportunity.OwnerId", "Opportunity.IsWon")
ITEM_OPTIONAL = (
    "ProductCode", "TotalPrice", "CurrencyIsoCode", "LastModifiedDate", "IsDeleted", "Opportunity.Contact_Id__c",
)  # fmt: skip

_ID = Field(salesforce_id('"Id"'), "Id")
_KEY = """case when regexp_full_match("Id", '[A-Za-z0-9]{18}') then left("Id", 15) else "Id" end"""
"""Key of a record: the first 15 characters of its id, which are the same in both forms of an id."""

_OWNER = Field(salesforce_id('"OwnerId"'), "OwnerId")

_DELETED = Drop(one_of('lower("IsDeleted")', TRUE), "deleted in Salesforce")


def plan(context: Context) -> Plan:
    """Return how a file of cases or of line items is read."""
    header = set(context.sample.header)
    if "OpportunityId" in header:
        return _items(context)
    if header & {"IsEscalated", "CaseNumber"}:
        return _cases(context)
    raise SourceError(
        f"{context.sample.path}: neither cases (no column IsEscalated) nor opportunity line items (no column "
        "OpportunityId). Export Case or OpportunityLineItem with the columns of docs/sources.md."
    )


def _cases(context: Context) -> Plan:
    meaning = context.option("cases_are", "escalations")
    if meaning not in ("contacts", "escalations"):
        raise SourceError(
            f'[sources.{context.name}] options.cases_are is "{meaning}"; write "contacts" or "escalations".'
        )
    are_contacts = meaning == "contacts"
    complaint = "false"
    types = [str(name) for name in context.option("complaint_types", [])]
    if types:
        complaint = f"coalesce({one_of(quoted('Type'), types)}, false)"
    is_escalated = one_of('lower("IsEscalated")', TRUE)
    escalated = f"({complaint} or {is_escalated})"
    escalation = TableMap(
        "escalation",
        {
            "escalation_id": _ID,
            "interaction_id": _ID if are_contacts else column("Contact_Id__c"),
            "source_agent_id": _OWNER,
            "kind": Field(f"case when {complaint} then 'complaint' else 'tier2' end", "IsEscalated + Type"),
            "at": column("CreatedDate"),
            "row_version": column("SystemModstamp"),
        },
        when=escalated,
    )
    drops = [_DELETED]
    if not are_contacts:
        said_no = one_of('lower("IsEscalated")', FALSE)
        drops.append(
            Drop(
                f"not coalesce({escalated}, false) and coalesce({said_no}, true)",
                "not an escalation: IsEscalated is not true",
            )
        )
    return Plan(
        shape(context, CASE_REQUIRED, CASE_OPTIONAL),
        (_contact(context), escalation) if are_contacts else (escalation,),
        checks=(unknown_truth("IsEscalated"), unknown_truth("IsDeleted")),
        drops=tuple(drops),
        key=("'case'", _KEY),
        version='"SystemModstamp"',
        named=tuple(Named("options.complaint_types", name, f'"Type" = {literal(name)}') for name in types),
    )


def _contact(context: Context) -> TableMap:
    return TableMap(
        "interaction",
        {
            "interaction_id": _ID,
            "source_agent_id": _OWNER,
            "source_customer_id": Field(salesforce_id('"ContactId"'), "ContactId"),
            "started_at": column("CreatedDate"),
            "ended_at": column("ClosedDate"),
            "channel": folded(context, "channel", quoted("Origin"), "Origin", CHANNELS, empty="other"),
            "reason": column("Reason"),
            "parent_id": Field(salesforce_id('"ParentId"'), "ParentId"),
            "row_version": column("SystemModstamp"),
        },
    )


def _items(context: Context) -> Plan:
    usual = literal(str(context.option("offer_kind", "upsell")))
    kinds = context.option("offer_kinds", {})
    if not isinstance(kinds, Mapping):
        raise SourceError(f'[sources.{context.name}] options.offer_kinds must be a table such as {{ UPG = "upsell" }}.')
    cases = " ".join(f"when {literal(str(code))} then {literal(str(kind))}" for code, kind in kinds.items())
    offer = TableMap(
        "offer",
        {
            "offer_id": _ID,
            "interaction_id": column("Opportunity.Contact_Id__c"),
            "source_agent_id": Field(salesforce_id('"Opportunity.OwnerId"'), "Opportunity.OwnerId"),
            "kind": Field(f'case "ProductCode" {cases} else {usual} end' if cases else usual, "ProductCode"),
            "product": column("ProductCode"),
            "made_at": column("CreatedDate"),
            "accepted": column("Opportunity.IsWon"),
            "amount": column("TotalPrice"),
            "currency": column("CurrencyIsoCode"),
            "row_version": column("LastModifiedDate"),
        },
    )
    return Plan(
        shape(context, ITEM_REQUIRED, ITEM_OPTIONAL),
        (offer,),
        checks=(unknown_truth("IsDeleted"),),
        drops=(_DELETED,),
        key=("'item'", _KEY),
        version='"LastModifiedDate"',
        named=tuple(Named("options.offer_kinds", str(c), f'"ProductCode" = {literal(str(c))}') for c in kinds),
    )


def recognise(sample: Sample) -> Recognition | None:
    """Recognise cases and line items by their columns."""
    header = set(sample.header)
    if {"Id", "OpportunityId", "Opportunity.OwnerId"} <= header:
        undecided = ["options.offer_kind"]
        if "Opportunity.Contact_Id__c" not in header:
            undecided.append("columns.interaction_id")
        return Recognition(0.98, "opportunity line items", tuple(undecided), {"offer_kind": "upsell"})
    if {"Id", "OwnerId", "IsEscalated"} <= header:
        decide = ["options.cases_are"]
        if "Contact_Id__c" not in header:
            decide.append("columns.interaction_id")
        return Recognition(0.98, "cases", tuple(decide), {"cases_are": "escalations"})
    return None


FORMAT = SourceFormat(
    name="salesforce",
    label="Salesforce cases and opportunity line items",
    tables=("escalation", "interaction", "offer"),
    plan=plan,
    recognise=recognise,
    columns=(*CASE_REQUIRED, *CASE_OPTIONAL, "CaseNumber", *ITEM_REQUIRED, *ITEM_OPTIONAL),
    options={
        "cases_are": "`escalations` (when not given) or `contacts`",
        "complaint_types": "values of Type that make a case a complaint",
        "offer_kinds": 'product code to kind, such as `{ "UPG-5G" = "upsell" }`',
        "offer_kind": "kind of products that are not in `offer_kinds`; `upsell` when not given",
        **OPTIONS,
    },
)
