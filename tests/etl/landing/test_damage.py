"""Valid exports, damaged in every way seen in the wild: the books balance, or a message says what to do.

The books are compared with an independent count: records of the file that are not blank, by a reading of the damaged
bytes that shares nothing with the program's.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.configuration.model import load
from etl.errors import EmpathyError
from etl.landing.extract import extract
from tests.etl.conftest import emptied

HEADER = ["interaction_id", "source_agent_id", "started_at", "ended_at", "channel", "queue", "handle_s", "transferred"]
ROWS = 40

Lines = list[bytes]
Damage = Callable[[Lines, st.DataObject], Lines]


def valid_lines(quoted: bool = True) -> Lines:
    """A valid export; without quotes DuckDB reads it even when some lines are damaged."""
    lines = [",".join(HEADER).encode()]
    for number in range(ROWS):
        minute = number % 60
        fields = [
            f"c-{number}",
            f"u-{number % 4}",
            f"2025-03-10 10:{minute:02d}:00",
            f"2025-03-10 11:{minute:02d}:30",
            ["voice", "chat", "email"][number % 3],
            '"Billing, retail"' if quoted and number % 5 == 0 else "Söréd",
            str(60 + number),
            "true" if number % 7 == 0 else "false",
        ]
        lines.append(",".join(fields).encode())
    return lines


def some_line(lines: Lines, data: st.DataObject) -> int:
    return data.draw(st.integers(1, len(lines) - 1), label="line")


def cut(lines: Lines, data: st.DataObject) -> Lines:
    at = some_line(lines, data)
    lines[at] = lines[at][: data.draw(st.integers(1, max(len(lines[at]) - 1, 1)), label="length")]
    return lines


def extra_field(lines: Lines, data: st.DataObject) -> Lines:
    lines[some_line(lines, data)] += b",surplus"
    return lines


def missing_field(lines: Lines, data: st.DataObject) -> Lines:
    at = some_line(lines, data)
    lines[at] = lines[at].split(b",", 1)[-1]
    return lines


def swapped_fields(lines: Lines, data: st.DataObject) -> Lines:
    at = some_line(lines, data)
    fields = lines[at].split(b",")
    lines[at] = b",".join(reversed(fields))
    return lines


def swapped_columns(lines: Lines, data: st.DataObject) -> Lines:
    return [b",".join(reversed(line.split(b","))) if index else line for index, line in enumerate(lines)]


def missing_column(lines: Lines, data: st.DataObject) -> Lines:
    return [line.split(b",", 1)[-1] for line in lines]


def extra_column(lines: Lines, data: st.DataObject) -> Lines:
    return [line + (b",note" if index == 0 else b",x") for index, line in enumerate(lines)]


def wrong_encoding(lines: Lines, data: st.DataObject) -> Lines:
    encoding = data.draw(st.sampled_from(["latin-1", "utf-16", "cp1252"]), label="encoding")
    return [line.decode("utf-8", "replace").encode(encoding, "replace") for line in lines]


def invalid_byte(lines: Lines, data: st.DataObject) -> Lines:
    lines[some_line(lines, data)] += b"\xff\xfe"
    return lines


def byte_order_mark(lines: Lines, data: st.DataObject) -> Lines:
    lines[0] = b"\xef\xbb\xbf" + lines[0]
    return lines


def nul_bytes(lines: Lines, data: st.DataObject) -> Lines:
    at = some_line(lines, data)
    place = data.draw(st.integers(0, len(lines[at])), label="place")
    lines[at] = lines[at][:place] + b"\0" * data.draw(st.integers(1, 5)) + lines[at][place:]
    return lines


def unbalanced_quote(lines: Lines, data: st.DataObject) -> Lines:
    at = some_line(lines, data)
    place = data.draw(st.sampled_from([0, len(lines[at]) // 2, len(lines[at])]), label="place")
    lines[at] = lines[at][:place] + b'"' + lines[at][place:]
    return lines


def with_field(lines: Lines, at: int, index: int, value: bytes) -> Lines:
    """The lines with one field of a line replaced; the index goes round where other damage left fewer fields."""
    fields = lines[at].split(b",")
    fields[index % len(fields)] = value
    lines[at] = b",".join(fields)
    return lines


def decimal_comma(lines: Lines, data: st.DataObject) -> Lines:
    return with_field(lines, some_line(lines, data), -2, b'"1.234,56"')


def impossible_date(lines: Lines, data: st.DataObject) -> Lines:
    at = some_line(lines, data)
    wrong = data.draw(st.sampled_from([b"2025-02-30 10:00:00", b"0000-00-00", b"9999-99-99", b"tomorrow", b"inf"]))
    return with_field(lines, at, 2, wrong)


def enormous_field(lines: Lines, data: st.DataObject) -> Lines:
    size = data.draw(st.sampled_from([300, 70_000, 3_000_000]), label="size")
    lines[some_line(lines, data)] += b"x" * size
    return lines


def no_rows(lines: Lines, data: st.DataObject) -> Lines:
    return lines[: data.draw(st.integers(0, 1), label="kept")]


def duplicate_header(lines: Lines, data: st.DataObject) -> Lines:
    names = lines[0].split(b",")
    which = st.integers(0, len(names) - 1)
    return with_field(lines, 0, data.draw(which), names[data.draw(which)])


def repeated_header(lines: Lines, data: st.DataObject) -> Lines:
    lines.insert(some_line(lines, data), lines[0])
    return lines


def mixed_line_ends(lines: Lines, data: st.DataObject) -> Lines:
    for _ in range(5):
        lines[some_line(lines, data)] += b"\r"
    return lines


def blank_lines(lines: Lines, data: st.DataObject) -> Lines:
    lines.insert(some_line(lines, data), b"")
    return [*lines, b"", b""]


def repeated_line(lines: Lines, data: st.DataObject) -> Lines:
    at = some_line(lines, data)
    lines.insert(some_line(lines, data), lines[at])
    return lines


DAMAGES: list[Damage] = [
    cut, extra_field, missing_field, swapped_fields, swapped_columns, missing_column, extra_column, wrong_encoding,
    invalid_byte, byte_order_mark, nul_bytes, unbalanced_quote, decimal_comma, impossible_date, enormous_field, no_rows,
    duplicate_header, repeated_header, mixed_line_ends, blank_lines, repeated_line,
]  # fmt: skip


def explained(error: EmpathyError, name: str) -> str:
    """The message of a fault, which must name the file or the section, and an exit code of the two there are."""
    message = str(error)
    if error.exit_code not in (1, 2) or not (name in message or "sources.data" in message):
        raise AssertionError(message)
    return message


def outcome(folder: Path, name: str, content: bytes, options: str = "") -> dict[str, int] | str:
    """The books of the file, or the message with which the run ended."""
    (folder / name).write_bytes(content)
    (folder / "empathy.toml").write_text(
        f'[sources.data]\nformat = "tabular"\npath = "{name}"\ntable = "interaction"\nmax_reject_share = 1.0\n{options}'
    )
    with emptied() as con:
        con.execute("SET threads = 1; SET preserve_insertion_order = false")
        try:
            extract(load(folder / "empathy.toml"), folder / "scratch", con)
        except EmpathyError as error:
            return explained(error, name)
        manifest = con.execute('SELECT "read", loaded, rejected, duplicate FROM landing.file_manifest').fetchone()
        assert manifest is not None
        books = dict(zip(("read", "loaded", "rejected", "duplicate"), manifest, strict=True))
        row = con.execute("SELECT count(*), count(DISTINCT (_source, interaction_id, leg)) FROM landing.interaction")
        assert row.fetchone() == (books["loaded"], books["loaded"])
        listed = con.execute("SELECT count(*), count(DISTINCT line), min(len(reasons)) FROM landing.reject").fetchone()
        assert listed is not None
        assert listed[0] == listed[1] == books["rejected"]
        assert listed[2] is None or listed[2] >= 1
        misplaced = con.execute("SELECT _line, interaction_id FROM landing.interaction").fetchall()
        lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        plain = b'"' not in content.replace(b'"Billing, retail"', b"")
        if plain and not content.startswith((b"\xff", b"\xfe", b"\x1f")):
            for line, identity in misplaced:
                assert lines[line - 1].removeprefix(b"\xef\xbb\xbf").startswith(identity.encode()[:20])
        return books


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_damaged_csv_balances_or_is_refused_with_a_message(data: st.DataObject) -> None:
    lines = valid_lines(data.draw(st.booleans(), label="quoted"))
    damages = data.draw(st.lists(st.sampled_from(DAMAGES), min_size=1, max_size=3), label="damages")
    for damage in damages:
        if len(lines) > 1:
            lines = damage(lines, data)
    content = data.draw(st.sampled_from([b"\n", b"\r\n"])).join(lines)
    reject = data.draw(st.booleans(), label="reject undecodable lines")
    options = 'options = { encoding_errors = "reject" }\n' if reject else ""
    with TemporaryDirectory() as folder:
        books = outcome(Path(folder), "c.csv", content, options)
    if isinstance(books, str):
        return
    assert books["read"] == books["loaded"] + books["rejected"] + books["duplicate"]
    if b'"' not in content.replace(b'"Billing, retail"', b"").replace(b'"1.234,56"', b""):
        body = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")[1:]
        assert books["read"] == sum(1 for line in body if line.strip(b" \t"))


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(1, 400))
def test_a_gzip_cut_anywhere_is_refused(length: int) -> None:
    whole = gzip.compress(b"\n".join(valid_lines()))
    with TemporaryDirectory() as folder:
        books = outcome(Path(folder), "c.csv.gz", whole[: min(length, len(whole) - 1)])
    assert isinstance(books, str)


WRONG = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=4,
)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_json_lines_of_wrong_types_balance(data: st.DataObject) -> None:
    records: list[object] = [
        {"interaction_id": f"c-{n}", "started_at": "2025-03-10T10:00:00Z", "channel": "voice", "handle_s": n}
        for n in range(10)
    ]
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, 9))
        record = records[at]
        if isinstance(record, dict) and record and data.draw(st.booleans()):
            record[data.draw(st.sampled_from(sorted(record)))] = data.draw(WRONG)
        else:
            records[at] = data.draw(WRONG)
    lines = [json.dumps(record).encode() for record in records]
    if data.draw(st.booleans(), label="cut"):
        at = data.draw(st.integers(0, 9))
        lines[at] = lines[at][: data.draw(st.integers(0, len(lines[at])))]
    with TemporaryDirectory() as folder:
        books = outcome_json(Path(folder), b"\n".join(lines))
    if isinstance(books, dict):
        assert books["read"] == sum(1 for line in lines if line.strip())
        assert books["read"] == books["loaded"] + books["rejected"] + books["duplicate"]


def outcome_json(folder: Path, content: bytes) -> dict[str, int] | str:
    (folder / "c.jsonl").write_bytes(content)
    (folder / "empathy.toml").write_text(
        '[sources.data]\nformat = "tabular"\npath = "c.jsonl"\ntable = "interaction"\nmax_reject_share = 1.0\n'
        'columns = { interaction_id = "interaction_id", started_at = "started_at", channel = "channel" }\n'
    )
    with duckdb.connect() as con:
        try:
            extract(load(folder / "empathy.toml"), folder / "scratch", con)
        except EmpathyError as error:
            return explained(error, "c.jsonl")
        manifest = con.execute('SELECT "read", loaded, rejected, duplicate FROM landing.file_manifest').fetchone()
        assert manifest is not None
        return dict(zip(("read", "loaded", "rejected", "duplicate"), manifest, strict=True))
