"""What was heard in a landed file is kept beside it: later builds hear what is new, and give what hearing all gives."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks import transcripts
from etl.build import build
from etl.configuration.model import load
from etl.conversations import remembered, score
from etl.conversations.rules import load_rules

OF_ALL = "columns(lambda c: c not like '%run_id' and c not like '%_key')"
"""What two warehouses have in common: a run, and a key of pseudonyms, are their own."""
Found = dict[str, list[tuple[Any, ...]]]
RELATIONS = ("core.conversation", "mart.rule_week", "mart.agent_week")


@pytest.fixture
def heard_turns(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many turns are searched by the patterns, build by build; every file is worth keeping what was heard in it."""
    counted: list[int] = []
    count_hits = score.count_hits

    def counting(con: duckdb.DuckDBPyConnection, turns: str, *rest: Any, **more: Any) -> None:
        counted.append(con.execute(f"select count(*) from {turns}").fetchone()[0])
        count_hits(con, turns, *rest, **more)

    monkeypatch.setattr(score, "count_hits", counting)
    monkeypatch.setattr(remembered, "LEAST", 1)
    return counted


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Found]:
    """A folder whose first day was built, with the second beside it; and what a build of both gives."""
    folder = tmp_path_factory.mktemp("heard")
    transcripts.write_exports(folder, contacts=30, files=0)
    lines = (folder / transcripts.LINES).read_text(encoding="utf-8").splitlines(keepends=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(remembered, "LEAST", 1)
        for day, part in (("day1.jsonl", lines[:20]), ("day2.jsonl", lines[20:])):
            (folder / day).write_text("".join(part), encoding="utf-8")
        anew = _build(folder, "anew")
        (folder / "day2.jsonl").rename(folder / "later.jsonl")
        _build(folder, "kept")
    return folder, anew


@pytest.fixture
def folder(built: tuple[Path, Found], tmp_path: Path) -> Path:
    return shutil.copytree(built[0], tmp_path / "copy")


def _kept(folder: Path) -> Path:
    (found,) = (folder / "kept" / "landing").glob("*/heard-*.parquet")
    return found


def _with_the_second_day(folder: Path) -> Found:
    (folder / "later.jsonl").rename(folder / "day2.jsonl")
    return _build(folder, "kept")


def _build(folder: Path, name: str, lens: str = "day*.jsonl") -> Found:
    path = folder / f"{name}.toml"
    path.write_text(transcripts.TOML.format(name=name, lens=lens, read="true"), encoding="utf-8")
    report = build(load(path))
    with duckdb.connect(str(report.warehouse), read_only=True) as con:
        return {
            relation: con.execute(f"select {OF_ALL} from {relation} order by all").fetchall() for relation in RELATIONS
        }


def test_only_a_new_file_is_heard_and_the_rest_is_as_if_it_had_been(
    built: tuple[Path, Found], folder: Path, heard_turns: list[int]
) -> None:
    again = _with_the_second_day(folder)
    assert heard_turns == [200]
    assert again == built[1]
    assert len(again["core.conversation"]) == 30
    assert again["mart.rule_week"]


def test_a_turn_that_says_something_else_is_heard_again(
    built: tuple[Path, Found], folder: Path, heard_turns: list[int]
) -> None:
    """The same place in the same file, were it read otherwise, or answered to something else."""
    kept = _kept(folder)
    with duckdb.connect() as con:
        con.execute(f"create table kept as from '{kept}'")
        con.execute("update kept set said = said + 1, hits = map {'sympathy sorry shows': 99} where _line <= 5")
        con.execute("update kept set hits = map {'sympathy sorry shows': 77} where _line = 7")
        con.execute(f"copy kept to '{kept}' (format parquet)")
    again = _with_the_second_day(folder)
    assert heard_turns == [300]
    differ = set(again["core.conversation"]) - set(built[1]["core.conversation"])
    assert len(differ) == 1  # the turns of line 7, which are taken from what was kept


def test_what_is_damaged_is_heard_again(built: tuple[Path, Found], folder: Path, heard_turns: list[int]) -> None:
    _kept(folder).write_bytes(_kept(folder).read_bytes()[:200])
    again = _with_the_second_day(folder)
    assert heard_turns == [600]
    assert again == built[1]
    assert len(list((folder / "kept" / "landing").glob("*/heard-*"))) == 2


def test_other_rules_have_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    rules = load_rules("en")
    known = {remembered.key_of({"en": rules}), remembered.key_of({"en": replace(rules, sha256="0")})}
    known.add(remembered.key_of({"en": rules, "de": load_rules("de")}))
    monkeypatch.setattr(duckdb, "__version__", "0")
    known.add(remembered.key_of({"en": rules}))
    assert len(known) == 4


def test_what_is_kept_is_the_owners_has_no_text_and_leaves_the_folders_time(folder: Path) -> None:
    kept = _kept(folder)
    assert kept.stat().st_mode & 0o777 == 0o600
    with duckdb.connect() as con:
        kinds = dict(row[:2] for row in con.execute(f"describe from '{kept}'").fetchall())
        assert kinds == {
            "_line": "BIGINT", "leg": "BIGINT", "turn": "BIGINT", "said": "UBIGINT", "hits": "MAP(VARCHAR, BIGINT)",
            "questions": "BIGINT", "open_questions": "BIGINT",
        }  # fmt: skip
        turns, some = con.execute(f"select count(*), count(hits) from '{kept}'").fetchone()
        assert turns == 400
        assert some > 50
        turn = "'f' as _file_id, 1 as _line, 1 as leg, 1 as turn, 7 as said, null as hits"
        con.execute(f"create table kept_turn as select {turn}, 1 as questions, 0 as open_questions")
        past = 1_700_000_000_123_456_789
        os.utime(kept.parent, ns=(past, past))
        remembered._write(con, "f", kept.parent, "0" * 16)
    assert kept.parent.stat().st_mtime_ns == past
    assert [path.name for path in kept.parent.glob("heard-*")] == ["heard-0000000000000000.parquet"]
