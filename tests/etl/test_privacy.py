"""Pseudonyms against an independent HMAC, and personal details out of text."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from etl.configuration.model import ConfigError, parse
from etl.privacy import DEMO_KEY, Pseudonyms, key, pseudonym
from etl.scrubbing import mask_value, scrub, scrub_sql, shape

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


def test_the_key_decides_and_kinds_do_not_mix() -> None:
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

    assert key(config, {"EMPATHY_KEY": "x" * 32}) == b"x" * 32
    with pytest.raises(ConfigError, match=r"EMPATHY_KEY is not set.*openssl rand -hex 32"):
        key(config, {})
    with pytest.raises(ConfigError, match="at least 16"):
        key(config, {"EMPATHY_KEY": "short"})
    assert key(parse({"privacy": {"demo": True}}, Path("empathy.toml")), {}) == DEMO_KEY
    named = parse({"privacy": {"key_env": "OUR_KEY"}}, Path("empathy.toml"))
    assert key(named, {"OUR_KEY": "y" * 16}) == b"y" * 16


def test_free_text_is_scrubbed_of_numbers_and_addresses() -> None:
    assert scrub(TEXT) == (
        "call [phone] or [phone], write [e-mail], card [card]. Order 12345 took 30 min; [phone]."
    )


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab1 29-+(.)@/c\n"), max_size=60))
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
