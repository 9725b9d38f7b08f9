"""Pseudonyms against an independent HMAC, and personal details out of text."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.configuration.model import ConfigError, parse
from etl.privacy import DEMO_KEY, Pseudonyms, guessable, key, new_key, pseudonym
from etl.scrubbing import mask_value, scrub, scrub_sql, shape

GOOD = hashlib.sha256(b"a key for tests").hexdigest()
TEXT = (
    "call 555-0100 or +34 600 123 456, write a.b@c.co.uk, card 4111 1111 1111 1111. "
    "Order 12345 took 30 min; (020) 7946 0958."
)


@settings(max_examples=40, deadline=None)
@given(st.binary(min_size=16, max_size=100), st.lists(st.text(max_size=40), min_size=1, max_size=20, unique=True))
def test_duckdb_and_python_agree_with_hmac(secret: bytes, ids: list[str]) -> None:
    ids = [item.replace("\0", "") for item in ids]
    with duckdb.connect() as con:
        made = Pseudonyms(con, secret)
        for item in ids:
            for kind in ("agent", "customer"):
                digest = hmac.new(secret, f"{kind}:{item}".encode(), hashlib.sha256).digest()
                wanted = digest.hex()[:12] if kind == "agent" else base64.urlsafe_b64encode(digest[:9]).decode()
                row = con.execute(f"SELECT {made.sql(kind, '$1::VARCHAR')}", [item]).fetchone()  # type: ignore[arg-type]
                assert row == (wanted,)
                assert pseudonym(secret, kind, item) == wanted  # type: ignore[arg-type]


def test_pseudonyms_differ_by_key_and_by_kind() -> None:
    one, two = b"k" * 16, b"q" * 16

    assert pseudonym(one, "agent", "E1") == pseudonym(one, "agent", "E1")
    assert pseudonym(one, "agent", "E1") != pseudonym(two, "agent", "E1")
    assert pseudonym(one, "agent", "E1") != pseudonym(one, "customer", "E1")[:12]


def test_a_table_of_distinct_ids_is_hashed_once_each() -> None:
    with duckdb.connect() as con:
        made = Pseudonyms(con, DEMO_KEY)
        ids = "SELECT 'C' || (range % 100) AS identifier FROM range(1000) UNION ALL SELECT NULL"
        assert made.table("keys", "customer", ids) == 100
        assert con.execute("SELECT count(DISTINCT pseudonym) FROM keys").fetchone() == (100,)


def test_null_has_no_pseudonym() -> None:
    with duckdb.connect() as con:
        made = Pseudonyms(con, DEMO_KEY)
        assert con.execute(f"SELECT {made.sql('customer', 'NULL::VARCHAR')}").fetchone() == (None,)


def test_the_key_comes_from_the_environment_or_a_clear_error() -> None:
    config = parse({}, Path("empathy.toml"))

    assert key(config, {"EMPATHY_KEY": GOOD}) == GOOD.encode()
    with pytest.raises(ConfigError, match=r"EMPATHY_KEY is not set.*empathy key"):
        key(config, {})
    assert key(parse({"privacy": {"demo": True}}, Path("empathy.toml")), {}) == DEMO_KEY
    named = parse({"privacy": {"key_env": "OUR_KEY"}}, Path("empathy.toml"))
    assert key(named, {"OUR_KEY": GOOD}) == GOOD.encode()


@pytest.mark.parametrize(
    "value",
    ["short", "x" * 64, "ab" * 32, "correct horse battery staple correct horse battery staple", "0123456789abcdef" * 4,
     "01" * 40, "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", GOOD[:40], "Northwind-Care-2025-pseudonym-key"],
)  # fmt: skip
def test_a_key_that_could_be_guessed_is_refused(value: str) -> None:
    assert guessable(value)
    with pytest.raises(ConfigError, match="could be guessed"):
        key(parse({}, Path("empathy.toml")), {"EMPATHY_KEY": value})


def test_generated_keys_are_accepted_in_both_ways_of_writing() -> None:
    for _ in range(200):
        assert not guessable(new_key())
        assert not guessable(base64.b64encode(os.urandom(32)).decode())
        assert not guessable(base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("="))


def test_free_text_is_scrubbed_of_numbers_and_addresses() -> None:
    assert scrub(TEXT) == ("call [phone] or [phone], write [e-mail], card [card]. Order 12345 took 30 min; [phone].")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("call +34\u00a0600\u202f123\u2011456 now", "call [phone] now"),
        ("\u0660\u0666\u0660\u0660\u0661\u0662\u0663\u0664\u0665\u0666", "[phone]"),
        ("\uff14" + "\uff11" * 15, "[card]"),
        ("4111\u00a01111\u00a01111\u00a01111", "[card]"),
        ("josé.núñez@correo.es, please", "[e-mail], please"),
        ('"a b"@example.org', "[e-mail]"),
        ("an\uff20example.org", "[e-mail]"),
        ("ES91 2100 0418 4502 0005 1332", "[account]"),
        ("my DE89370400440532013000.", "my [account]."),
        ("12345678Z or X1234567L", "[id] or [id]"),
        ("QQ 12 34 56 C", "[id]"),
        ("RSSMRA85T10A562S", "[id]"),
        ("123-45-6789", "[phone]"),
        ("waited 45 min for order 12345, 2 calls", "waited 45 min for order 12345, 2 calls"),
    ],
)
def test_personal_details_are_found_however_they_are_typed(text: str, left: str) -> None:
    assert scrub(text) == left
    with duckdb.connect() as con:
        assert con.execute(f"SELECT {scrub_sql('$1::VARCHAR')}", [text]).fetchone() == (left,)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from('ab1 29-+(.)@/c\n\u00a0\u0661\uff12é"\u2013'), max_size=60))
def test_sql_scrubs_as_python_does(text: str) -> None:
    with duckdb.connect() as con:
        row = con.execute(f"SELECT {scrub_sql('$1::VARCHAR')}", [text]).fetchone()
    assert row == (scrub(text),)


def test_masks() -> None:
    assert shape("Maya Roy, 12-b") == "xxxx xxx, 99-x"
    assert mask_value("mroy@example.com") == "[e-mail]"
    assert mask_value("4111 1111 1111 1111") == "[card]"
    assert mask_value("2025-02-30") == "2025-02-30"
    assert len(mask_value("x" * 500)) == 60
