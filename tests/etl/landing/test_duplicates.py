"""Of several records with one key one counts, and what each of the others is, is said."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from etl.landing.extract import extract
from etl.reading.files import in_order

HEAD = "interaction_id,started_at,channel,queue,row_version\n"


def row(number: int, queue: str = "q", version: str = "") -> str:
    return f"c{number},2025-03-10 10:00:00,voice,{queue},{version}\n"


def kinds(workspace: Any) -> dict[tuple[str, int], tuple[str, str, int]]:
    rows = workspace.rows("SELECT path, line, kind, kept_path, kept_line FROM landing.duplicate")
    return {(path, line): (kind, kept_path, kept_line) for path, line, kind, kept_path, kept_line in rows}


def test_equal_records_are_duplicates(workspace: Any, tabular: Callable[..., str]) -> None:
    workspace.write("a.csv", HEAD + row(1) + row(1) + row(2))
    workspace.extract(tabular("a.csv", "interaction"))
    assert kinds(workspace) == {("a.csv", 2): ("duplicate", "a.csv", 3)}
    assert workspace.books()["a.csv"] == (3, 2, 0, 1)


def test_a_newer_version_supersedes(workspace: Any, tabular: Callable[..., str]) -> None:
    new, old = "2025-03-12 00:00:00", "2025-03-11 00:00:00"
    workspace.write("a.csv", HEAD + row(1, "new", new) + row(1, "old", old))
    workspace.extract(tabular("a.csv", "interaction"))
    assert kinds(workspace) == {("a.csv", 3): ("superseded", "a.csv", 2)}
    assert workspace.rows("SELECT queue FROM landing.interaction") == [("new",)]


def test_what_nothing_orders_is_in_conflict_and_none_of_it_counts(workspace: Any, tabular: Callable[..., str]) -> None:
    workspace.write("a.csv", HEAD + row(1, "first") + row(2) + row(1, "second"))
    workspace.extract(tabular("a.csv", "interaction"))
    assert workspace.rows("SELECT interaction_id FROM landing.interaction") == [("c2",)]
    assert workspace.books()["a.csv"] == (3, 1, 2, 0)
    reasons = workspace.reasons()
    assert "line 4, which says otherwise" in reasons[2][0]
    assert "line 2, which says otherwise" in reasons[4][0]
    assert workspace.rows("SELECT raw ->> '$.queue' FROM landing.reject ORDER BY 1") == [("first",), ("second",)]


def test_a_later_file_supersedes_a_conflict_before_it(workspace: Any, tabular: Callable[..., str]) -> None:
    workspace.write("a.csv", HEAD + row(1, "first") + row(1, "second"))
    workspace.write("b.csv", HEAD + row(1, "third"))
    workspace.extract(tabular("*.csv", "interaction"))
    assert {kind for kind, _, _ in kinds(workspace).values()} == {"superseded"}
    assert workspace.rows("SELECT queue FROM landing.interaction") == [("third",)]


@pytest.mark.parametrize(
    "names",
    [
        ("conv-9.csv", "conv-10.csv"),
        ("report.csv", "report (1).csv", "report (2).csv", "report (10).csv"),
        ("report.csv", "report - Copy.csv"),
        ("c.csv", "c (1).csv", "c-9.csv", "c-10.csv"),
        ("orders.2024.csv", "orders.2025.csv"),
        ("b_2025-01-31.csv", "a_2025-02-01.csv"),
        ("z/2025-01-31/x.csv", "a/2025-02-01/x.csv"),
        ("x_01.02.csv", "x_1.10.csv"),
        ("w_20241231.csv", "v_20250101.csv"),
    ],
)
def test_files_follow_each_other_as_their_names_say(names: tuple[str, ...]) -> None:
    for shuffled in itertools.islice(itertools.permutations(names), 24):
        assert tuple(path.as_posix() for path in in_order(map(Path, shuffled))) == names


RECORDS = st.lists(
    st.tuples(st.integers(1, 3), st.sampled_from("ab"), st.sampled_from(["", "2025-03-11", "2025-03-12"])), max_size=6
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(files=st.lists(RECORDS, min_size=1, max_size=3))
def test_whatever_repeats_the_books_balance_and_one_counts(
    files: list[Any], workspace: Any, tabular: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Against a rule in Python: newest version, then last file; different records equal in both are in conflict."""
    folder = tmp_path_factory.mktemp("files")
    expected: dict[int, set[tuple[str, int, str]]] = {}
    for place, records in enumerate(files):
        (folder / f"{place}.csv").write_text(HEAD + "".join(row(*record) for record in records), encoding="utf-8")
        for number, queue, version in records:
            expected.setdefault(number, set()).add((version, place, queue))
    counted = {}
    for number, known in expected.items():
        newest = max((version, place) for version, place, _ in known)
        said = {queue for version, place, queue in known if (version, place) == newest}
        if len(said) == 1:
            counted[f"c{number}"] = said.pop()
    extract(workspace.config(tabular(f"{folder}/*.csv", "interaction")), None, workspace.con, enforce=False)
    assert dict(workspace.rows("SELECT interaction_id, queue FROM landing.interaction")) == counted
    for read, loaded, rejected, duplicate in workspace.books().values():
        assert read == loaded + rejected + duplicate
    assert sum(book[1] for book in workspace.books().values()) == len(counted)
