"""Keyed pseudonyms of agents and customers.

A plain hash of an employee number can be reversed by hashing all possible numbers; a keyed hash cannot without the key.
Pseudonyms are HMAC-SHA256 (RFC 2104) of ``kind:id`` under the key in the environment variable that ``[privacy]
key_env`` names, cut to 12 characters: 72 bits in base64 for customers, so that among ten million two collide with a
chance of one in a hundred million; 48 bits in hexadecimal for agents, easier to read out, one in sixty million among
three thousand.

The same function exists in Python (:func:`pseudonym`) and in DuckDB (:class:`Pseudonyms`), where it is two nested
``sha256`` over the padded key, so millions of ids are hashed by all cores and only once per distinct id.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import os
import re
import secrets
from collections.abc import Mapping
from typing import Literal

import duckdb

from etl.configuration.model import Config, ConfigError

DEMO_KEY = b"empathy-lift demonstration key: public, for sample exports only"
KEY_BYTES = 32
"""Random bytes of a key: 256 bits, as many as the hash has."""
_WRITTEN = re.compile(r"[0-9a-fA-F]{64,}|[A-Za-z0-9+/_-]{43,}={0,2}")
_FEWEST_SIGNS = 12

_BLOCK = 64
_INNER = bytes([0x36]) * _BLOCK
_OUTER = bytes([0x5C]) * _BLOCK

PseudonymKind = Literal["agent", "customer"]

CUSTOMER_BYTES = 9
AGENT_HEX = 12


def key(config: Config, environment: Mapping[str, str] | None = None) -> bytes:
    """Return the key of the pseudonyms.

    Parameters
    ----------
    config : Config
    environment : mapping, optional
        ``os.environ`` when left out.

    Raises
    ------
    ConfigError
        When the variable is not set or the key could be guessed, and ``[privacy] demo`` is not on.
    """
    if config.privacy.demo:
        return DEMO_KEY
    name = config.privacy.key_env
    value = (os.environ if environment is None else environment).get(name, "").encode()
    if not value:
        raise ConfigError(
            f"The environment variable {name} is not set. It holds the key of the pseudonyms: without it agents and "
            f"customers could be named by guessing. Make one with `empathy key`, keep it where secrets are "
            f"kept, and use the same one for every build. Sample exports need none: [privacy] demo = true."
        )
    if guessable(value.decode("utf-8", "replace")):
        raise ConfigError(
            f"The key in {name} could be guessed: it must be {KEY_BYTES} random bytes, in hexadecimal or base64. "
            "Make one with `empathy key`; with a new key every pseudonym is new."
        )
    return value


def new_key() -> str:
    """Return a new key: 32 random bytes in hexadecimal."""
    return secrets.token_hex(KEY_BYTES)


def guessable(value: str) -> bool:
    """Whether a key does not look like 32 random bytes in hexadecimal or base64.

    Parameters
    ----------
    value : str

    Examples
    --------
    >>> guessable("a long secret text"), guessable("0123456789abcdef" * 4), guessable(new_key())
    (True, True, False)
    """
    if not _WRITTEN.fullmatch(value):
        return True
    half = len(value) // 2
    repeats = any(value == (value[:period] * len(value))[: len(value)] for period in range(1, half + 1))
    steps = {ord(b) - ord(a) for a, b in itertools.pairwise(value)}
    return repeats or len(set(value.lower())) < _FEWEST_SIGNS or len(steps) < _FEWEST_SIGNS


def pseudonym(secret: bytes, kind: PseudonymKind, identifier: str) -> str:
    """Return the pseudonym of one id.

    Parameters
    ----------
    secret : bytes
        The key.
    kind : "agent" or "customer"
        Ids of different kinds never share a pseudonym.
    identifier : str
        The id, used unchanged; trim and fold case before if wanted.
    """
    digest = hmac.new(secret, f"{kind}:{identifier}".encode(), hashlib.sha256).digest()
    if kind == "agent":
        return digest.hex()[:AGENT_HEX]
    return base64.urlsafe_b64encode(digest[:CUSTOMER_BYTES]).decode()


class Pseudonyms:
    """Pseudonyms inside a DuckDB connection.

    The padded key is held in two session variables of the connection and in no file.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    secret : bytes
        The key.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, secret: bytes) -> None:
        block = (hashlib.sha256(secret).digest() if len(secret) > _BLOCK else secret).ljust(_BLOCK, b"\0")
        self._con = con
        for name, pad in (("pseudonym_inner", _INNER), ("pseudonym_outer", _OUTER)):
            padded = bytes(a ^ b for a, b in zip(block, pad, strict=True))
            con.execute(f"SET VARIABLE {name} = unhex('{padded.hex()}')")

    @staticmethod
    def sql(kind: PseudonymKind, identifier: str) -> str:
        """Return SQL giving the pseudonym of a VARCHAR expression; NULL for NULL.

        Parameters
        ----------
        kind : "agent" or "customer"
        identifier : str
            SQL of type VARCHAR.
        """
        inner = f"unhex(sha256(getvariable('pseudonym_inner') || encode('{kind}:' || ({identifier}))))"
        digest = f"sha256(getvariable('pseudonym_outer') || {inner})"
        if kind == "agent":
            return f"left({digest}, {AGENT_HEX})"
        return f"translate(to_base64(unhex(left({digest}, {2 * CUSTOMER_BYTES}))), '+/', '-_')"

    def table(self, name: str, kind: PseudonymKind, ids: str) -> int:
        """Create a table of the distinct ids of a query and their pseudonyms, to join with.

        Parameters
        ----------
        name : str
            The table, created with the columns ``identifier`` and ``pseudonym``.
        kind : "agent" or "customer"
        ids : str
            A query with one VARCHAR column called ``identifier``.

        Returns
        -------
        int
            Number of distinct ids.
        """
        self._con.execute(
            f"CREATE OR REPLACE TABLE {name} AS SELECT identifier, {self.sql(kind, 'identifier')} AS pseudonym "
            f"FROM (SELECT DISTINCT identifier FROM ({ids}) WHERE identifier IS NOT NULL)"
        )
        row = self._con.execute(f"SELECT count(*) FROM {name}").fetchone()
        return int(row[0]) if row else 0
