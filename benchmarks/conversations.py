"""Time to detect phrases in a million agent turns: ``python -m benchmarks.conversations [--turns N]``.

Turns are composed from the labelled set, one skill or trigger in about six sentences, 20 to 25 words a turn, and read
from a Parquet file written by another process, so that peak memory is that of detection. Times are compared with one
plain pattern in the same run; processor time is of two threads together. From JSON to marts:
``benchmarks.transcripts``.
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import random
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl

from etl.conversations.measures import mark_names, mark_paraphrases
from etl.conversations.rules import load_rules
from etl.conversations.spans import mark_hits

SETS = Path(__file__).resolve().parents[1] / "examples" / "listening"
HEAD = "| what | seconds | of processor |\n|---|---|---|"
DISTINCT, SHOWN, SEED = 20_000, 0.04, 20
PLAIN = r"(?i)\b(?:calm down|our policy|nothing i can do|i can't help)\b"


def speech(rng: random.Random) -> Callable[[], str]:
    """A function that returns a new turn of two to five sentences each time."""
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
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--turns", type=int, default=1_000_000)
    main(parser.parse_args().turns)
