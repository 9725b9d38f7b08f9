"""Apply rules to one text or transcript, and measure rules on labelled turns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import duckdb

from etl.conversations.measures import INTERRUPTS_MS, mark_names, mark_paraphrases
from etl.conversations.rules import SKILLS, RuleSet, load_rules
from etl.conversations.spans import mark_hits

Speaker = Literal["agent", "customer", "bot", "system", "supervisor", "note", "unknown"]

SPEAKERS: dict[str, Speaker] = {
    "agent": "agent",
    "advisor": "agent",
    "representative": "agent",
    "mitarbeiter": "agent",
    "mitarbeiterin": "agent",
    "agente": "agent",
    "customer": "customer",
    "caller": "customer",
    "client": "customer",
    "kunde": "customer",
    "kundin": "customer",
    "cliente": "customer",
    "bot": "bot",
    "system": "system",
    "supervisor": "supervisor",
}
"""Speaker labels allowed before the colon of a transcript's line; a number or a name may follow them."""

_TIME = r"^\s*(?:[\[(]?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d+)?[\])]?\s*(?:[-–]\s*)?)?"
_LINE = re.compile(
    rf"{_TIME}({'|'.join(sorted(SPEAKERS, key=len, reverse=True))})(?:\s*\d+|\s*\([^)]*\))?\s*:\s*(.*)$", re.IGNORECASE
)
_SOMEBODY = re.compile(rf"{_TIME}[^\W\d_][\w.'’-]*(?: [\w.'’()-]+){{0,2}}\s*:(?:\s|$)")
"""A line that begins with a name and a colon but no known label: its speaker is unknown."""


@dataclass(frozen=True)
class Turn:
    """One turn of a conversation; times in milliseconds, where they are known."""

    speaker: Speaker
    text: str
    started_ms: int | None = None
    ended_ms: int | None = None
    customer_name: str = ""


@dataclass(frozen=True)
class Hit:
    """A match of a rule in a turn: characters ``start`` to ``end`` (not included)."""

    skill: str
    rule: str
    start: int
    end: int
    polarity: str


@dataclass(frozen=True)
class Heard:
    """The hits of one conversation, with its scores.

    Attributes
    ----------
    language : str
    turns : tuple of (Turn, tuple of Hit)
        Every turn in order; only agents' turns have hits.
    scores : dict of str to float
        By skill, the share of the agent's turns with a hit (trigger_free_language: without a trigger phrase). Empty
        when the agent has no turn.
    interruptions : int or None
        Turns of the agent that began while the customer spoke; None without times.
    """

    language: str
    turns: tuple[tuple[Turn, tuple[Hit, ...]], ...]
    scores: dict[str, float]
    interruptions: int | None

    def to_json(self) -> dict[str, Any]:
        """The object that ``empathy listen --json`` prints; the text itself is not in it."""
        return {
            "language": self.language,
            "turns": [
                {"turn": number, "speaker": turn.speaker, "hits": [asdict(hit) for hit in hits]}
                for number, (turn, hits) in enumerate(self.turns, 1)
            ],
            "scores": {skill: round(score, 4) for skill, score in self.scores.items()},
            "interruptions": self.interruptions,
        }


def read_transcript(text: str) -> tuple[Turn, ...]:
    """Turns of a text whose lines begin with ``Agent:`` or ``Customer:``.

    Parameters
    ----------
    text : str
        A line without a speaker continues the turn before. Lines with another name before the colon, and lines before
        the first speaker, have the speaker ``unknown``: speakers are never guessed.

    Examples
    --------
    >>> [turn.speaker for turn in read_transcript("Customer: It broke.\\nAgent: What happened?")]
    ['customer', 'agent']
    """
    turns: list[Turn] = []
    for line in text.splitlines():
        match = _LINE.match(line)
        if match:
            turns.append(Turn(SPEAKERS[match[1].lower()], match[2].strip()))
        elif turns and not _SOMEBODY.match(line):
            last = turns.pop()
            turns.append(Turn(last.speaker, f"{last.text}\n{line}".strip()))
        elif line.strip():
            turns.append(Turn("unknown", line.strip()))
    return tuple(turns)


def listen(turns: Sequence[Turn], rules: RuleSet | str = "en") -> Heard:
    """Find the hits of the rules in the agent's turns.

    Parameters
    ----------
    turns : sequence of Turn
        One conversation, in order.
    rules : RuleSet or str
        Rules, or the language of the rules to load.

    Raises
    ------
    etl.conversations.rules.RuleError
        When there are no rules for the language.
    """
    used = load_rules(rules) if isinstance(rules, str) else rules
    found = _hits(_with_turn_before(turns), used)
    agent = [number for number, turn in enumerate(turns) if turn.speaker == "agent"]
    scores: dict[str, float] = {}
    for skill in SKILLS if agent else ():
        share = sum(any(hit.skill == skill for hit in found.get(number, ())) for number in agent) / len(agent)
        scores[skill] = 1 - share if skill == "trigger_free_language" else share
    return Heard(
        used.language,
        tuple((turn, tuple(found.get(number, ()))) for number, turn in enumerate(turns)),
        scores,
        _interruptions(turns),
    )


def _with_turn_before(turns: Sequence[Turn]) -> list[tuple[int, str, str | None, str | None]]:
    rows = []
    before: str | None = None
    for number, turn in enumerate(turns):
        if turn.speaker == "agent":
            rows.append((number, turn.text, before, turn.customer_name or None))
        elif turn.speaker == "customer":
            before = turn.text
    return rows


def _hits(rows: Sequence[tuple[int, str, str | None, str | None]], rules: RuleSet) -> dict[int, list[Hit]]:
    found: dict[int, list[Hit]] = {}
    if not rows:
        return found
    with duckdb.connect(":memory:") as con:
        con.execute("create table turn (turn_id bigint, text varchar, previous_text varchar, customer_name varchar)")
        con.execute(
            "insert into turn select unnest(?), unnest(?::varchar[]), unnest(?::varchar[]), unnest(?::varchar[])",
            [list(column) for column in zip(*rows, strict=True)],
        )
        mark_hits(con, "turn", rules, "hit")
        mark_paraphrases(con, "turn", rules, "hit")
        mark_names(con, "turn", rules, "hit")
        for turn, *hit in con.execute(
            "select turn_id, skill, rule, start_at, end_at, polarity from hit order by turn_id, start_at, end_at, skill"
        ).fetchall():
            found.setdefault(turn, []).append(Hit(*hit))
    return found


def _interruptions(turns: Sequence[Turn]) -> int | None:
    if not any(turn.started_ms is not None for turn in turns):
        return None
    count = 0
    ended = None
    for turn in turns:
        if turn.speaker == "customer":
            ended = turn.ended_ms
        elif turn.speaker == "agent" and turn.started_ms is not None and ended is not None:
            count += ended - turn.started_ms > INTERRUPTS_MS
    return count


@dataclass(frozen=True)
class Agreement:
    """Agreement of a rule, or of a skill as a whole, with labels.

    Attributes
    ----------
    name : str
        Skill, or ``skill: rule``.
    turns, labelled, heard, both : int
        Numbers of turns: all, labelled, with a hit, with both.
    """

    name: str
    turns: int
    labelled: int
    heard: int
    both: int

    @property
    def precision(self) -> float | None:
        """Share of turns with a hit that are labelled; None without hits."""
        return self.both / self.heard if self.heard else None

    @property
    def recall(self) -> float | None:
        """Share of labelled turns with a hit (sensitivity); None without labels."""
        return self.both / self.labelled if self.labelled else None

    @property
    def false_alarms(self) -> float | None:
        """Share of unlabelled turns with a hit: 1 - specificity."""
        rest = self.turns - self.labelled
        return (self.heard - self.both) / rest if rest else None

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa: agreement beyond chance; None when either never varies."""
        n, a, b = self.turns, self.labelled / self.turns, self.heard / self.turns
        agreed = (n - self.labelled - self.heard + 2 * self.both) / n
        expected = a * b + (1 - a) * (1 - b)
        return (agreed - expected) / (1 - expected) if expected < 1 else None

    def precision_at(self, prevalence: float) -> float | None:
        """Precision at another prevalence, by Bayes' rule from sensitivity and specificity.

        Parameters
        ----------
        prevalence : float
            Share of turns that show the skill, between 0 and 1.
        """
        if self.recall is None or self.false_alarms is None:
            return None
        true, false = self.recall * prevalence, self.false_alarms * (1 - prevalence)
        return true / (true + false) if true + false else None


LABELS = {skill: "trigger" if skill == "trigger_free_language" else skill for skill in SKILLS}
"""Skill to its label in a labelled file."""


def measure(rows: Sequence[dict[str, str]], rules: RuleSet | str = "en") -> tuple[Agreement, ...]:
    """Compare rules with labelled turns.

    Parameters
    ----------
    rows : sequence of dict
        ``labels`` (words of :data:`LABELS` separated by spaces), ``agent``, and where known ``customer`` (the turn
        before) and ``customer_name``.
    rules : RuleSet or str

    Returns
    -------
    tuple of Agreement
        A skill as a whole, then its rules, for every skill.

    Raises
    ------
    ValueError
        When a label is unknown or a column is missing; the message says which and where.
    """
    used = load_rules(rules) if isinstance(rules, str) else rules
    if not rows:
        raise ValueError("there are no labelled turns.")
    for name in ("labels", "agent"):
        if name not in rows[0]:
            raise ValueError(f'there is no column "{name}"; labels and agent are needed.')
    labels = [set((row["labels"] or "").split()) for row in rows]
    for number, given in enumerate(labels, 2):
        if unknown := given - set(LABELS.values()):
            raise ValueError(f'line {number}: "{min(unknown)}" is no label; labels: {", ".join(LABELS.values())}.')
    found = _hits(
        [
            (number, row["agent"], row.get("customer") or None, row.get("customer_name") or None)
            for number, row in enumerate(rows)
        ],
        used,
    )
    result = []
    for skill, label in LABELS.items():
        truth = {number for number, given in enumerate(labels) if label in given}
        by_rule: dict[str, set[int]] = {}
        for number, hits in found.items():
            for hit in hits:
                if hit.skill == skill:
                    by_rule.setdefault(hit.rule, set()).add(number)
        heard = set().union(*by_rule.values()) if by_rule else set()
        result.append(Agreement(skill, len(rows), len(truth), len(heard), len(heard & truth)))
        result += [
            Agreement(f"{skill}: {rule}", len(rows), len(truth), len(turns), len(turns & truth))
            for rule, turns in sorted(by_rule.items(), key=lambda item: (-len(item[1]), item[0]))
        ]
    return tuple(result)
