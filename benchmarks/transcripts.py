"""How fast Contact Lens files become marts: ``python -m benchmarks.transcripts [--contacts N] [--slope]``.

One JSON file a contact with 40 turns and what such files hold beside them (sentiment, loudness, issues,
characteristics), put together from the labelled set. Each task runs in a process of its own:

- ``bare``: DuckDB reads the documents on the lines of one file, typed, gives every turn its role and counts turns and
  characters by contact and role; nothing is checked, scored or kept. The yardstick.
- ``plain``: the same count over ``read_json`` without a word about types, as one types it at a prompt.
- ``kept``: the same read with every field that a build takes, each turn a typed row with its number, its role, its
  instant and the language, written as Parquet; then the count of ``bare`` over what was written. A build keeps what it
  reads, so this is the read it does at the least; nothing is checked or scored.
- ``floor``: what no build can leave out, each at its barest, with the processor seconds of each: ``kept``; then over
  the agents' turns that were kept, whether each of six skills is met, their words cut once, their questions counted;
  and which turn of the customer was before. No hit is placed, named, added up or stored, and nothing is checked.
- ``build``: ``empathy build`` on that file and one contact record each, to a published version: read, checked,
  accounted for, scored, added up.
- ``without``: the same with conversations left unread, which is what a build costs without them.
- ``again``: ``build`` with nothing new.
- ``before`` and ``a day more``: a build of nineteen documents in twenty, in one file, and the build after it, when the
  others have come in a second file. What was read and heard of the first is kept, so this is what builds cost from
  then on; the marts are of all documents, and so is the bare read that it is compared with.
- ``bare files`` and ``build files``: the same for one file a contact, as they lie in the bucket; ``--files`` of them.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from benchmarks.conversations import speech
from etl.conversations.measures import beginnings, open_questions, questions
from etl.conversations.rules import SKILLS, load_rules
from etl.sql_text import literal

ROOT = Path(__file__).resolve().parents[1]
TURNS, AGENTS, SEED = 40, 100, 20
ROLES = ("CUSTOMER", "AGENT")
LINES, FILES, DAYS, KEPT = "lens.jsonl", "lens/*.json", "days/*.jsonl", "turns.parquet"
LATER, ONE_IN = "later.jsonl", 20

TOML = """[project]
name = "Speed"
timezone = "UTC"
warehouse = "{name}"
[sources.contacts]
format = "tabular"
path = "contacts.csv"
table = "interaction"
[sources.staff]
format = "tabular"
path = "staff.csv"
table = "agent"
[sources.transcripts]
format = "contact_lens"
path = "{lens}"
[identity]
match = ["crosswalk", "employee_number"]
[conversations]
read = {read}
[privacy]
demo = true
"""


def write_exports(folder: Path, contacts: int, files: int) -> None:
    """Write contacts, staff and a transcript of each contact, the first of them in files of their own too."""
    rng = random.Random(SEED)
    said = speech(rng)
    lens = folder / "lens"
    lens.mkdir(parents=True)
    begin = datetime(2025, 1, 1, tzinfo=UTC)
    rows = []
    days = folder / "days"
    days.mkdir()
    with (
        (folder / LINES).open("w", encoding="utf-8") as lines,
        (days / "before.jsonl").open("w", encoding="utf-8") as earlier,
        (folder / LATER).open("w", encoding="utf-8") as later,
    ):
        for number in range(contacts):
            contact = f"c{number:08d}"
            at = begin + timedelta(minutes=rng.randrange(525_600))
            rows.append(f"{contact},{number % AGENTS},{at:%Y-%m-%dT%H:%M:%SZ},voice")
            document = json.dumps(_document(contact, said, rng))
            lines.write(document + "\n")
            (earlier if number % ONE_IN else later).write(document + "\n")
            if number < files:
                (lens / f"{contact}.json").write_text(document, encoding="utf-8")
    header = "interaction_id,source_agent_id,started_at,channel"
    (folder / "contacts.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    staff = [f"{number},{number}" for number in range(AGENTS)]
    (folder / "staff.csv").write_text("\n".join(["source_agent_id,employee_number", *staff]) + "\n", encoding="utf-8")


def _document(contact: str, said: Callable[[], str], rng: random.Random) -> dict[str, object]:
    turns = [
        {
            "Id": f"{contact}-{turn}",
            "ParticipantId": ROLES[turn % 2],
            "Content": said(),
            "BeginOffsetMillis": turn * 8_000,
            "EndOffsetMillis": turn * 8_000 + 7_000,
            "Sentiment": rng.choice(("NEUTRAL", "POSITIVE", "NEGATIVE")),
            "LoudnessScore": [round(rng.uniform(50, 80), 2) for _ in range(8)],
            "IssuesDetected": [],
        }
        for turn in range(TURNS)
    ]
    characters = {
        "TotalConversationDurationMillis": TURNS * 8_000,
        "Sentiment": {"OverallSentiment": {"AGENT": 0.3, "CUSTOMER": -0.2}},
        "Interruptions": {"TotalCount": 0, "TotalTimeMillis": 0, "InterruptionsByInterrupter": {}},
        "NonTalkTime": {"TotalTimeMillis": 0, "Instances": []},
        "TalkSpeed": {"DetailsByParticipant": {"AGENT": {"AverageWordsPerMinute": 140}}},
    }
    return {
        "Version": "1.1.0",
        "Channel": "VOICE",
        "ContentMetadata": {"Output": "Raw"},
        "JobStatus": "COMPLETED",
        "LanguageCode": "en-US",
        "Participants": [{"ParticipantId": role, "ParticipantRole": role} for role in ROLES],
        "CustomerMetadata": {"ContactId": contact, "InstanceId": "i"},
        "Categories": {"MatchedCategories": [], "MatchedDetails": {}},
        "ConversationCharacteristics": characters,
        "Transcript": turns,
    }


def bare(folder: Path, lens: str, typed: bool = True) -> str:
    """Count turns and characters by contact and role."""
    columns = (
        "{'CustomerMetadata': 'STRUCT(ContactId VARCHAR)', 'LanguageCode': 'VARCHAR', 'JobStatus': 'VARCHAR', "
        "'Participants': 'STRUCT(ParticipantId VARCHAR, ParticipantRole VARCHAR)[]', "
        "'Transcript': 'STRUCT(ParticipantId VARCHAR, Content VARCHAR, BeginOffsetMillis BIGINT, "
        "EndOffsetMillis BIGINT)[]'}"
    )
    given = f", columns = {columns}, format = 'unstructured'" if typed else ""
    with duckdb.connect() as con:
        rows = con.execute(
            f"with turn as (select CustomerMetadata.ContactId as contact, Participants, unnest(Transcript) as turn "
            f"from read_json('{folder / lens}'{given})) "
            "select contact, list_filter(Participants, lambda p: p.ParticipantId = turn.ParticipantId)[1]"
            ".ParticipantRole as role, count(*), sum(length(turn.Content)) from turn group by all"
        ).fetchall()
    return f"{sum(row[2] for row in rows):,} turns"


def kept(folder: Path, lens: str) -> str:
    """Write every turn as a row with all that a build reads of it, and count them as :func:`bare` does."""
    columns = (
        "{'CustomerMetadata': 'STRUCT(ContactId VARCHAR)', 'ContactId': 'VARCHAR', 'LanguageCode': 'VARCHAR', "
        "'JobStatus': 'VARCHAR', 'ContentMetadata': 'STRUCT(Output VARCHAR)', "
        "'Participants': 'STRUCT(ParticipantId VARCHAR, ParticipantRole VARCHAR)[]', "
        "'Transcript': 'STRUCT(ParticipantId VARCHAR, ParticipantRole VARCHAR, Content VARCHAR, "
        "AbsoluteTime TIMESTAMP, BeginOffsetMillis BIGINT, EndOffsetMillis BIGINT)[]'}"
    )
    target = folder / KEPT
    with duckdb.connect() as con:
        con.execute(
            f"copy (with turn as (select coalesce(CustomerMetadata.ContactId, ContactId) as contact, LanguageCode, "
            f"JobStatus, ContentMetadata.Output = 'Redacted' as redacted, Participants, unnest(Transcript) as turn, "
            f"generate_subscripts(Transcript, 1) as item_no "
            f"from read_json('{folder / lens}', columns = {columns}, format = 'unstructured')) "
            f"select contact, item_no, coalesce(turn.ParticipantRole, list_filter(Participants, "
            f"lambda p: p.ParticipantId = turn.ParticipantId)[1].ParticipantRole) as role, turn.AbsoluteTime as at, "
            f"turn.BeginOffsetMillis as started_ms, turn.EndOffsetMillis as ended_ms, LanguageCode as language, "
            f"turn.Content as text, redacted, JobStatus as status from turn) to '{target}' (format parquet)"
        )
        rows = con.execute(f"select contact, role, count(*), sum(length(text)) from '{target}' group by all").fetchall()
    return f"{sum(row[2] for row in rows):,} turns"


def floor(folder: Path, lens: str) -> str:
    """Do what no build can leave out, each step by itself."""
    rules = load_rules("en")
    used = time.process_time()
    kept(folder, lens)
    seconds = {"kept": time.process_time() - used}
    turns = f"read_parquet('{folder / KEPT}')"
    of_agents = f"{turns} where role = 'AGENT'"
    met = ", ".join(
        f"count(*) filter (regexp_matches(text, {literal(rules.alternation(skill, exempting=False))}))"
        for skill in SKILLS
    )
    before = "over (partition by contact order by item_no rows between unbounded preceding and 1 preceding)"
    steps = {
        "skills": f"select {met} from {of_agents}",
        "words": f"select sum(length({beginnings('text')})) from {of_agents}",
        "questions": f"select sum({questions('text')}), sum({open_questions('text', rules)}) from {of_agents} "
        "and contains(text, '?')",
        "turn before": f"select sum(place) from (select last_value(case when role = 'CUSTOMER' then item_no end "
        f"ignore nulls) {before} as place from {turns})",
    }
    with duckdb.connect() as con:
        for step, query in steps.items():
            used = time.process_time()
            con.execute(query).fetchall()
            seconds[step] = time.process_time() - used
    return ", ".join(f"{step} {spent:.2f}" for step, spent in seconds.items())


def build(folder: Path, name: str, lens: str = LINES, read: bool = True) -> str:
    """Build and publish a version."""
    from etl.build import build as build_version
    from etl.configuration.model import load

    path = folder / f"{name}.toml"
    path.write_text(TOML.format(name=name, lens=lens, read=str(read).lower()), encoding="utf-8")
    report = build_version(load(path))
    with duckdb.connect(str(report.warehouse), read_only=True) as con:
        scored = con.execute("select count(*) from core.conversation where not_scored is null").fetchone()
    return f"{scored[0] if scored else 0:,} contacts scored" + (", nothing new" if report.unchanged else "")


def a_day_more(folder: Path) -> str:
    """Build again, with the rest of the documents come."""
    (folder / LATER).rename(folder / "days" / LATER)
    return build(folder, "daily", DAYS)


TASKS: dict[str, Callable[[Path], str]] = {
    "bare": lambda folder: bare(folder, LINES),
    "plain": lambda folder: bare(folder, LINES, typed=False),
    "kept": lambda folder: kept(folder, LINES),
    "floor": lambda folder: floor(folder, LINES),
    "build": lambda folder: build(folder, "heard"),
    "without": lambda folder: build(folder, "unheard", read=False),
    "again": lambda folder: build(folder, "heard"),
    "before": lambda folder: build(folder, "daily", DAYS),
    "a day more": a_day_more,
    "bare files": lambda folder: bare(folder, FILES),
    "build files": lambda folder: build(folder, "files", FILES),
}


SLOPES = ("bare", "kept", "without", "build", "before", "a day more")
"""Tasks of which is told what a thousand contacts more cost, beside what any build costs."""


def measure(task: str, folder: Path) -> dict[str, object]:
    """Run one task in a process of its own: wall and processor seconds, peak memory, and what it says."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.transcripts", "--dir", str(folder), "--task", task],
        check=True, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    seconds = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"task": task, "seconds": seconds, "cpu": cpu, **json.loads(done.stdout.splitlines()[-1])}


def main() -> None:
    """Write the files, run every task, print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--contacts", type=int, default=10_000)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--slope", action="store_true", help="measure a fifth of the contacts too, and what more cost")
    parser.add_argument("--dir", type=Path)
    parser.add_argument("--task", choices=sorted(TASKS))
    arguments = parser.parse_args()
    if arguments.task:
        says = TASKS[arguments.task](arguments.dir)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps({"says": says, "peak_mib": peak}))
        return
    found = _table(arguments.dir, arguments.contacts, arguments.files, tuple(TASKS))
    if arguments.slope:
        fewer = arguments.contacts // 5
        print()
        less = _table(arguments.dir, fewer, 0, SLOPES)
        more = {task: (found[task] - less[task]) / (arguments.contacts - fewer) * 1_000 for task in SLOPES}
        print("\n| task | processor seconds of a thousand contacts more | against bare |\n|---|---|---|")
        for task, seconds in more.items():
            print(f"| {task} | {seconds:.3f} | {seconds / more['bare']:.1f} |")


def _table(place: Path | None, contacts: int, files: int, tasks: Sequence[str]) -> dict[str, float]:
    """Write the files, run the tasks and print a table; returns the processor seconds of each."""
    spent: dict[str, float] = {}
    with tempfile.TemporaryDirectory(dir=place) as made:
        folder = Path(made)
        write_exports(folder, contacts, files)
        size = (folder / LINES).stat().st_size / 1e6
        print(f"{contacts:,} documents of {TURNS} turns, {size:,.0f} MB; {files:,} in files too\n")
        print("| task | seconds | processor seconds | against bare | peak MiB | result |\n|---|---|---|---|---|---|")
        yardstick = 0.0
        for task in tasks:
            found = measure(task, folder)
            spent[task] = cpu = float(str(found["cpu"]))
            yardstick = cpu if task.startswith("bare") else yardstick
            print(
                f"| {task} | {float(str(found['seconds'])):.1f} | {cpu:.1f} | {cpu / yardstick:.1f} "
                f"| {found['peak_mib']} | {found['says']} |",
                flush=True,
            )
    return spent


if __name__ == "__main__":
    main()
