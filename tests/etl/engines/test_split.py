"""Contacts in another engine: a second DuckDB plays it, so that what is split between two is tested without Java."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
import pytest

from etl.engines.split import CONTACT_LEVEL, Rows


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory, filled_world, second_duckdb) -> Iterator:
    with filled_world(tmp_path_factory.mktemp("split") / "work", second_duckdb) as world:
        yield world


def test_every_relation_is_the_same_with_contacts_elsewhere(in_duckdb, split, differing) -> None:
    assert differing(in_duckdb, split) == {}


def test_contacts_never_come_back(split) -> None:
    for relation in CONTACT_LEVEL & set(split.split.left_there):
        assert split.con.execute(f"select count(*) from {relation}").fetchone() == (0,), relation
    assert {"core.interaction", "core.customer_contact", "staging.customer_key"} <= set(split.split.left_there)


def test_the_key_of_the_pseudonyms_stands_in_no_query(split) -> None:
    pads = split.con.execute(
        "select hex(getvariable('pseudonym_inner')), hex(getvariable('pseudonym_outer'))"
    ).fetchone()
    said = " ".join(split.split.remote.queries).upper()
    assert "GETVARIABLE" not in said
    assert not any(pad in said for pad in pads)


def test_rows_are_fetched_one_by_one_and_then_the_rest() -> None:
    rows = Rows(pa.table({"a": [1, 2, 3]}))
    assert rows.fetchone() == (1,)
    assert rows.fetchall() == [(2,), (3,)]
    assert rows.fetchone() is None
