"""The canonical tables as they land: one declaration each, compiled to checks, to DDL and to documentation.

A contract says what a row must be before anything is computed from it. It is written once, here, and compiled

- to DuckDB SQL that casts each field and collects every reason a row is refused (:mod:`etl.landing.compile`),
- to ``CREATE TABLE`` statements (:func:`ddl`),
- to the tables of ``docs/data-model.md`` (:mod:`etl.contracts.documentation`).

Landing rows still carry each system's own ids (``source_agent_id``, ``source_customer_id``); they become ``agent_key``
and ``customer_key`` when core is built. Besides its own columns every landing table has the columns of
:data:`PROVENANCE`.
"""

from __future__ import annotations

from etl.contracts.columns import INTERACTION_ID, ROW_VERSION, agent_id
from etl.contracts.corrections import CORRECTION
from etl.contracts.grammar import TEXT_LENGTH, TURN_LENGTH, Column, Contract, Knowledge, Reference, Rule
from etl.contracts.people import AGENT, AGENT_DAY, AGENT_IDENTITY, AGENT_TEAM, TRAINING

PROVENANCE: tuple[Column, ...] = (
    Column("_source", "text", "Name of the source in empathy.toml.", required=True),
    Column("_file_id", "text", "The file, as in meta.file_manifest.", required=True),
    Column(
        "_line", "integer", "Line of the file (CSV, JSON lines) or number of the record in it, from 1.", required=True
    ),
    Column("_run_id", "text", "The run that published the row.", required=True),
    Column(
        "_time_flag",
        "text",
        "NULL, or which local times of the row do not exist (gap) or exist twice (fold) in the source's zone, "
        "as `started_at:fold`; several are joined by a comma.",
    ),
)


_SKILL = "Score of the skill in this evaluation, 0 (absent) to 1 (exemplary)."


INTERACTION = Contract(
    "interaction",
    "One leg of a contact: one customer, one agent (or none), one channel. Every leg counts as a contact of its agent.",
    ("interaction_id", "leg"),
    (
        Column("interaction_id", "text", "The contact.", required=True),
        Column("leg", "integer", "Leg of the contact, from 1.", low=1, high=10_000, default="1"),
        Column(
            "source_agent_id",
            "text",
            "The agent's id in the source; NULL when the contact reached no agent. Becomes agent_key.",
        ),
        Column(
            "source_customer_id",
            "text",
            "The customer's id in the source; becomes customer_key.",
            private=True,
            needed_for="first-contact resolution, repeats and loyalty",
        ),
        Column("started_at", "timestamp", "Start of the contact.", required=True),
        Column("ended_at", "timestamp", "End of the contact."),
        Column(
            "channel",
            "text",
            "Channel.",
            required=True,
            domain=("voice", "chat", "email", "message", "social", "other"),
        ),
        Column("queue", "text", "Queue."),
        Column("reason", "text", "Why the customer made contact."),
        Column(
            "handle_s",
            "number",
            "Talk, hold and after-contact work.",
            low=0,
            high=604_800,
            unit="seconds",
            needed_for="handling time",
        ),
        Column("transferred", "boolean", "Handed to another agent or queue.", needed_for="transfers"),
        Column("hostile", "boolean", "Conflict: shouting, abuse, or a threat, by whatever means the source marks it."),
        Column("eligible", "boolean", "An offer could have been made; NULL counts as yes."),
        Column("parent_id", "text", "The contact this one continues."),
        ROW_VERSION,
    ),
    (Rule("ended_after_started", "ended_at < started_at", "ended_at is before started_at"),),
    happened_at="started_at",
    identity="own",
    known_by=Knowledge("started_at < {at}"),
    window_rank=1,
)

ESCALATION = Contract(
    "escalation",
    "One escalation or complaint.",
    ("escalation_id",),
    (
        Column("escalation_id", "text", "The escalation.", required=True),
        INTERACTION_ID,
        agent_id(required=False),
        Column("kind", "text", "Kind.", required=True, domain=("tier2", "supervisor", "complaint")),
        Column("at", "timestamp", "When; NULL takes the start of the contact."),
        ROW_VERSION,
    ),
    (
        Rule("dated", "at is null and interaction_id is null", "neither at nor interaction_id is given"),
        Rule(
            "tied",
            "interaction_id is null and source_agent_id is null",
            "neither interaction_id nor source_agent_id is given",
        ),
    ),
    (Reference(("interaction_id",), "interaction", ("interaction_id",)),),
    happened_at='"at"',
    identity="contact",
    known_by=Knowledge('coalesce("at" < {at}, true)'),
    window_rank=3,
)

SURVEY_RESPONSE = Contract(
    "survey_response",
    "One survey invitation, and its answer when there was one.",
    ("response_id",),
    (
        Column("response_id", "text", "The response or invitation.", required=True),
        INTERACTION_ID,
        agent_id(required=False),
        Column("invited_at", "timestamp", "When the customer was asked.", needed_for="the response rate"),
        Column("answered_at", "timestamp", "When the customer answered; NULL when not."),
        Column("csat_raw", "number", "Satisfaction as answered."),
        Column("scale_min", "number", "The worst answer possible; above scale_max where 1 is the best.", default="1"),
        Column("scale_max", "number", "The best answer possible.", default="5"),
        Column(
            "felt_heard", "number", "Answer to the felt-heard item, on the scale of felt_heard_min to felt_heard_max."
        ),
        Column("felt_heard_min", "number", "The worst answer possible to the felt-heard item.", default="1"),
        Column("felt_heard_max", "number", "The best answer possible to the felt-heard item.", default="5"),
        Column("nps", "number", "Likelihood to recommend.", low=0, high=10),
        Column("comment", "text", "Free text, scrubbed; stays in landing.", free_text=True, max_length=TEXT_LENGTH),
        ROW_VERSION,
    ),
    (
        Rule("scale", "scale_min = scale_max", "scale_min and scale_max are one number"),
        Rule(
            "csat_on_scale",
            "csat_raw not between least(scale_min, scale_max) and greatest(scale_min, scale_max)",
            "csat_raw is off its scale, 1 (worst) to 5 (best) unless constants = { scale_max = 10 } says another",
        ),
        Rule(
            "felt_heard_on_scale",
            "felt_heard not between least(felt_heard_min, felt_heard_max) and greatest(felt_heard_min, felt_heard_max)",
            "felt_heard is off its scale, 1 (worst) to 5 (best) unless constants = { felt_heard_max = 7 } says another",
        ),
        Rule("answered_after_invited", "answered_at < invited_at", "answered_at is before invited_at"),
        Rule(
            "answer_has_time",
            "answered_at is null and coalesce(csat_raw, felt_heard, nps) is not null",
            "there is an answer but answered_at is empty",
        ),
        Rule("dated", "answered_at is null and invited_at is null", "neither invited_at nor answered_at is given"),
    ),
    (Reference(("interaction_id",), "interaction", ("interaction_id",)),),
    happened_at="coalesce(invited_at, answered_at)",
    identity="contact",
    known_by=Knowledge(
        "coalesce(invited_at, answered_at) < {at}",
        {
            name: f"case when answered_at < {{at}} then {name} end"
            for name in ("answered_at", "csat_raw", "felt_heard", "nps")
        },
    ),
    window_rank=4,
)

OFFER = Contract(
    "offer",
    "One product offered to one customer.",
    ("offer_id",),
    (
        Column("offer_id", "text", "The offer.", required=True),
        INTERACTION_ID,
        agent_id(required=False),
        Column("kind", "text", "Kind.", required=True, domain=("upsell", "cross_sell")),
        Column("product", "text", "Product or product code."),
        Column("made_at", "timestamp", "When it was made.", required=True),
        Column("accepted", "boolean", "The customer took it.", required=True),
        Column("amount", "money", "Price of what was offered; negative for a refund.", low=-1e12, high=1e12),
        Column("currency", "text", "Currency of the amount, three letters; NULL means the project's.", max_length=3),
        Column("cancelled_at", "timestamp", "When an accepted offer was cancelled."),
        ROW_VERSION,
    ),
    (
        Rule("currency_code", "not regexp_full_match(currency, '[A-Z]{3}')", "currency is not three capital letters"),
        Rule("cancelled_after_made", "cancelled_at < made_at", "cancelled_at is before made_at"),
        Rule("cancelled_was_accepted", "cancelled_at is not null and not accepted", "cancelled but never accepted"),
    ),
    (Reference(("interaction_id",), "interaction", ("interaction_id",)),),
    happened_at="made_at",
    identity="contact",
    known_by=Knowledge("made_at < {at}", {"cancelled_at": "case when cancelled_at < {at} then cancelled_at end"}),
    window_rank=5,
)

QA_EVALUATION = Contract(
    "qa_evaluation",
    "One evaluation of one agent by one evaluator.",
    ("evaluation_id",),
    (
        Column("evaluation_id", "text", "The evaluation.", required=True),
        agent_id(),
        INTERACTION_ID,
        Column("source_evaluator_id", "text", "The evaluator's id in the source; becomes evaluator_key."),
        Column("form_version", "text", "Form and version: scores of different forms are not compared blindly."),
        Column("evaluated_at", "timestamp", "When it was scored; NULL takes the time of the contact."),
        Column(
            "empathy_score",
            "number",
            "Overall empathy score, 0 to 1; NULL when only the skills are scored.",
            low=0,
            high=1,
        ),
        Column("active_listening", "number", _SKILL, low=0, high=1),
        Column("personalisation", "number", _SKILL, low=0, high=1),
        Column("probing_questions", "number", _SKILL, low=0, high=1),
        Column("perspective_taking", "number", _SKILL, low=0, high=1),
        Column("trigger_free_language", "number", _SKILL, low=0, high=1),
        Column("critical_fail", "boolean", "A critical item failed."),
        Column("calibration", "boolean", "Scored by several evaluators to compare them."),
        ROW_VERSION,
    ),
    (
        Rule(
            "dated",
            "evaluated_at is null and interaction_id is null",
            "neither evaluated_at nor interaction_id is given",
        ),
    ),
    (Reference(("interaction_id",), "interaction", ("interaction_id",)),),
    happened_at="evaluated_at",
    identity="own",
    known_by=Knowledge("coalesce(evaluated_at < {at}, true)"),
    window_rank=6,
)

CUSTOMER_EVENT = Contract(
    "customer_event",
    "One thing a customer did later: bought again, left, referred somebody.",
    ("event_id",),
    (
        Column("event_id", "text", "The event.", required=True),
        Column(
            "source_customer_id",
            "text",
            "The customer's id in the source; becomes customer_key.",
            required=True,
            private=True,
        ),
        Column("kind", "text", "Kind.", required=True, domain=("repurchase", "churn", "referral")),
        Column("at", "timestamp", "When.", required=True),
        ROW_VERSION,
    ),
    happened_at='"at"',
    known_by=Knowledge('"at" < {at}'),
)

EVENT = Contract(
    "event",
    "One thing that happened beside training: a new system, a pay round, an incident, a campaign.",
    ("event_id",),
    (
        Column("event_id", "text", "The event.", required=True),
        Column("label", "text", "What happened, in a few words.", required=True, free_text=True),
        Column("at", "date", "Its first day.", required=True),
        Column("until", "date", "Its last day, where it took longer than one.", often_empty=True),
        Column("site", "text", "The site it touched; all when empty."),
        Column("team_id", "text", "The team it touched; all when empty."),
        Column(
            "kind",
            "text",
            "What it was about.",
            required=True,
            domain=("system", "people", "customers", "incident", "other"),
            default="'other'",
        ),
        ROW_VERSION,
    ),
    (Rule("until_after_at", '"until" < "at"', "until is before at"),),
    known_by=Knowledge('"at" < {day}'),
)

UTTERANCE = Contract(
    "utterance",
    "One turn of a conversation. Only counts of what is heard in it leave the landing folder, never the text.",
    ("interaction_id", "leg", "turn"),
    (
        Column("interaction_id", "text", "The contact, as the contact system knows it.", required=True),
        Column(
            "leg",
            "integer",
            "Leg of the contact, where the transcript says; by time where it holds several.",
            low=1,
            high=10_000,
            default="1",
        ),
        Column(
            "turn",
            "integer",
            "Place of the turn in the transcript, ascending: a number from 1, or a time in milliseconds.",
            required=True,
            low=1,
            high=10**13,
        ),
        Column(
            "speaker",
            "text",
            "Who speaks, from a role or a configured channel; never guessed. Only agents are scored.",
            required=True,
            domain=("agent", "customer", "bot", "system", "supervisor", "note"),
        ),
        Column("source_agent_id", "text", "The agent's id in the source, where the turn names one."),
        Column("customer_name", "text", "The customer's name as the contact knows it.", private=True),
        Column("at", "timestamp", "When the turn began, where the transcript says the time of day."),
        Column("started_ms", "number", "Beginning from the start of the transcript.", low=0, high=1e9, unit="ms"),
        Column("ended_ms", "number", "End from the start of the transcript.", low=0, high=1e9, unit="ms"),
        Column("language", "text", "Language of the turn, such as en or en-GB; the configured one when empty."),
        Column(
            "text",
            "text",
            "What is said, scrubbed; stays in landing.",
            private=True,
            free_text=True,
            max_length=TURN_LENGTH,
        ),
        Column("confidence", "number", "The recogniser's confidence.", low=0, high=1),
        Column("redacted", "boolean", "Personal details were taken out before it was exported."),
        ROW_VERSION,
    ),
    (Rule("ended_after_started", "ended_ms < started_ms", "ended_ms is before started_ms"),),
    (Reference(("interaction_id",), "interaction", ("interaction_id",)),),
    happened_at='"at"',
    known_by=Knowledge('coalesce("at" < {at}, true)'),
)

CONTRACTS: dict[str, Contract] = {
    contract.name: contract
    for contract in (
        AGENT,
        AGENT_IDENTITY,
        AGENT_TEAM,
        AGENT_DAY,
        TRAINING,
        INTERACTION,
        ESCALATION,
        SURVEY_RESPONSE,
        OFFER,
        QA_EVALUATION,
        CUSTOMER_EVENT,
        EVENT,
        UTTERANCE,
        CORRECTION,
    )
}
"""Every canonical table by name."""


def ddl(contract: Contract, schema: str = "landing") -> str:
    """Return the ``CREATE TABLE`` statement of a landing table.

    Parameters
    ----------
    contract : Contract
    schema : str
        Schema the table is created in.
    """
    lines = []
    for column in (*contract.columns, *PROVENANCE):
        constraint = " NOT NULL" if column.required else ""
        if column.domain:
            values = ", ".join("'" + value.replace("'", "''") + "'" for value in column.domain)
            constraint += f' CHECK ("{column.name}" IN ({values}))'
        lines.append(f'    "{column.name}" {column.sql_type}{constraint}')
    return f'CREATE TABLE "{schema}"."{contract.name}" (\n' + ",\n".join(lines) + "\n)"
