"""How long it takes to hear conversations.

    python -m benchmarks.conversations [--turns 1000000]        # a million agent turns
    python -m benchmarks.conversations --contacts 40000         # Contact Lens documents, from JSON to marts

Turns are put together from the labelled set, one skill or trigger in about six sentences, 20 to 25 words a turn, and
lie in a Parquet file that another process wrote, so that the peak of memory is that of hearing. Times stand beside that
of one plain pattern in the same run, since machines differ; that of the processor is of two threads together.

Contacts are built into a warehouse with and without their Contact Lens documents; the difference stands beside a bare
read of the same file: DuckDB reads it typed, unnests the turns and keeps them; nothing is checked, keyed or heard.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import json
import multiprocessing
import random
import resource
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl

from etl import build as building
from etl.configuration.model import load
from etl.conversations.measures import mark_names, mark_paraphrases
from etl.conversations.rules import load_rules
from etl.conversations.spans import mark_hits

SETS = Path(__file__).resolve().parents[1] / "examples" / "listening"
HEAD = "| what | seconds | of processor |\n|---|---|---|"
DISTINCT, SHOWN, SEED = 20_000, 0.04, 20
PLAIN = r"(?i)\b(?:calm down|our policy|nothing i can do|i can't help)\b"


def speech(rng: random.Random) -> Callable[[], str]:
    """A function that says another turn of two to five sentences each time."""
    rows = []
    for name in ("english-open.csv", "english-held-out.csv"):
        with (SETS / name).open(encoding="utf-8", newline="") as file:
            rows += list(csv.DictReader(file))
    plain = [row["agent"] for row in rows if not row["labels"]]
    labelled = [row["agent"] for row in rows if row["labels"]]

    def said() -> str:
        drawn = (labelled if rng.random() < SHOWN else plain for _ in range(rng.choice((2, 3, 4, 5))))
        return " ".join(rng.choice(sentences) for sentences in drawn)

    return said


def turns(count: int) -> pl.DataFrame:
    """Turns with the customer's turn before and a name."""
    said = speech(random.Random(SEED))
    base = [said() for _ in range(DISTINCT)]
    return pl.DataFrame(
        {
            "turn_id": range(count),
            "text": [f"{base[i % DISTINCT]} {i}" for i in range(count)],
            "previous_text": [base[i * 7 % DISTINCT] for i in range(count)],
            "customer_name": ["Ellen Moor"] * count,
        }
    )


CENTRE = """
[project]
name = "Documents"
warehouse = "warehouse"
currency = "EUR"
timezone = "UTC"
[sources.contacts]
format = "tabular"
table = "interaction"
path = "contacts.csv"
[sources.contacts.columns]
interaction_id = "Contact"
source_agent_id = "Agent"
started_at = "Started"
channel = "Channel"
[sources.staff]
format = "tabular"
table = "agent"
path = "staff.csv"
[sources.staff.columns]
source_agent_id = "Agent"
employee_number = "Agent"
hired_on = "Hired"
[[programme.courses]]
id = "EMP101"
[privacy]
demo = true
"""
HEARD = """
[sources.lens]
format = "contact_lens"
path = "lens.jsonl"
timezone = "UTC"
[conversations]
read = true
"""
BARE = """
create or replace table turn as
select CustomerMetadata.ContactId as contact, turn.ParticipantId as speaker, turn.BeginOffsetMillis as at,
    turn.Content as text
from (select CustomerMetadata, unnest(Transcript) as turn from read_json(?, format = 'newline_delimited', columns = {
    Channel: 'VARCHAR', LanguageCode: 'VARCHAR', JobStatus: 'VARCHAR', CustomerMetadata: 'STRUCT(ContactId VARCHAR)',
    Participants: 'STRUCT(ParticipantId VARCHAR, ParticipantRole VARCHAR)[]',
    Transcript: 'STRUCT(Id VARCHAR, ParticipantId VARCHAR, Content VARCHAR, BeginOffsetMillis BIGINT,
        EndOffsetMillis BIGINT)[]'}))
"""


def write_documents(count: int, folder: Path) -> None:
    """Contacts of a hundred agents over a year, and a document of eight turns for each contact."""
    said = turns(count * 4)
    own, theirs = said["text"].to_list(), said["previous_text"].to_list()
    begin = dt.datetime(2025, 1, 6, 8)
    contacts = ["Contact,Agent,Started,Channel"]
    with (folder / "lens.jsonl").open("w", encoding="utf-8") as file:
        for n in range(count):
            at = begin + dt.timedelta(minutes=n * 500_000 // count)
            contacts.append(f"c{n},A{n % 100},{at:%Y-%m-%dT%H:%M:%SZ},voice")
            spoken = []
            for k in range(8):
                text = own[4 * n + k // 2] if k % 2 else theirs[4 * n + k // 2]
                spoken.append({
                    "Id": f"t{k}", "ParticipantId": "CA"[k % 2], "Content": text,
                    "BeginOffsetMillis": 5000 * k, "EndOffsetMillis": 5000 * k + 4500,
                })  # fmt: skip
            document = {
                "Version": "1.1.0", "Channel": "VOICE", "ContentMetadata": {"Output": "Raw"}, "JobStatus": "COMPLETED",
                "Participants": [
                    {"ParticipantId": "A", "ParticipantRole": "AGENT"},
                    {"ParticipantId": "C", "ParticipantRole": "CUSTOMER"},
                ],
                "LanguageCode": "en", "CustomerMetadata": {"ContactId": f"c{n}"}, "Transcript": spoken,
            }  # fmt: skip
            file.write(json.dumps(document, separators=(",", ":")) + "\n")
    (folder / "contacts.csv").write_text("\n".join(contacts) + "\n", encoding="utf-8")
    staff = ["Agent,Hired", *(f"A{n},2024-01-01" for n in range(100))]
    (folder / "staff.csv").write_text("\n".join(staff) + "\n", encoding="utf-8")


def documents(count: int) -> None:
    """Print the table of Contact Lens documents, from JSON to marts."""
    used: dict[str, tuple[float, float]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_documents(count, folder)
        megabytes = (folder / "lens.jsonl").stat().st_size / 1e6
        print(f"{count:,} documents of eight turns, {megabytes:,.0f} MB\n\n{HEAD}")
        for name, sections in (("first build, imports", CENTRE), ("without", CENTRE), ("with", CENTRE + HEARD)):
            (folder / "empathy.toml").write_text(sections, encoding="utf-8")
            shutil.rmtree(folder / "warehouse", ignore_errors=True)
            begin, own = time.perf_counter(), time.process_time()
            building.build(load(folder / "empathy.toml"))
            used[name] = time.perf_counter() - begin, time.process_time() - own
        with duckdb.connect() as con:
            con.execute("set threads = 2")
            begin, own = time.perf_counter(), time.process_time()
            con.execute(BARE, [str(folder / "lens.jsonl")])
            used["bare"] = time.perf_counter() - begin, time.process_time() - own
    more = tuple(used["with"][n] - used["without"][n] for n in (0, 1))
    for what, (seconds, processor) in (
        ("a bare read", used["bare"]), ("build with contacts alone", used["without"]),
        ("build with their documents", used["with"]), ("what the documents add", more),
    ):  # fmt: skip
        print(f"| {what} | {seconds:.1f} | {processor:.1f} |")
    times = [added / bare for added, bare in zip(more, used["bare"], strict=True)]
    print(f"\nThe documents add {times[0]:.1f} times a bare read, in processor time {times[1]:.1f} times.")


def write_turns(count: int, file: Path) -> None:
    """Write turns to a Parquet file."""
    turns(count).write_parquet(file, row_group_size=100_000)


def main(count: int) -> None:
    """Print the table."""
    rules = load_rules("en")
    with tempfile.TemporaryDirectory() as place, duckdb.connect() as con:
        file = Path(place) / "turns.parquet"
        context = multiprocessing.get_context("spawn")
        writer = context.Process(target=write_turns, args=(count, file))
        writer.start()
        writer.join()
        con.execute("set threads = 2")
        con.execute(f"create view turn as from read_parquet('{file}')")
        words = con.execute("select avg(length(text) - length(replace(text, ' ', '')) + 1) from turn").fetchone()
        print(f"{count:,} turns, {words[0] if words else 0:.1f} words each\n\n{HEAD}")
        begin, used = time.perf_counter(), time.process_time()
        con.execute("select count(*) from turn where regexp_matches(text, ?)", [PLAIN]).fetchone()
        print(_row("one plain pattern of four phrases, yes or no", begin, used))
        for name, work in (
            ("spans of all rules, six skills", mark_hits),
            ("paraphrases", mark_paraphrases),
            ("names", mark_names),
        ):
            begin, used = time.perf_counter(), time.process_time()
            work(con, "turn", rules, "hit")
            print(_row(name, begin, used))
        hits = con.execute("select count(*) from hit").fetchone()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"\n{hits[0] if hits else 0:,} hits; peak memory {peak:,.0f} MB")


def _row(what: str, begin: float, used: float) -> str:
    return f"| {what} | {time.perf_counter() - begin:.1f} | {time.process_time() - used:.1f} |"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=1_000_000)
    parser.add_argument("--contacts", type=int, help="documents of Contact Lens, instead of turns")
    given = parser.parse_args()
    if given.contacts:
        documents(given.contacts)
    else:
        main(given.turns)
