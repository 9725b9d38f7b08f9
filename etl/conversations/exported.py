"""Read the exported transcript of one contact for ``empathy listen``, as a build reads it."""

from __future__ import annotations

import glob
import tempfile
from pathlib import Path

import duckdb

from etl.configuration.formats import FORMATS
from etl.configuration.model import parse
from etl.conversations.listen import Turn
from etl.landing.extract import extract
from etl.reading.opened import sample
from etl.reading.plans import known_document
from etl.sources.format import get

AS_TEXT = "Write what was said as text, each turn on a line that begins with Agent: or Customer:."


def is_export(path: Path) -> bool:
    """Whether a file is an export (JSON or a table) and not plain text, by its first character or its extension."""
    if path.suffix.lower() in (".csv", ".json", ".jsonl", ".ndjson"):
        return True
    with path.open("rb") as file:
        return file.read(256).lstrip(b"\xef\xbb\xbf \r\n\t")[:1] in (b"{", b"[") and path.stat().st_size > 2


def read_export(path: Path) -> tuple[Turn, ...]:
    """Read the turns of an exported transcript.

    Parameters
    ----------
    path : Path
        Transcript of one contact; its format is recognised by its fields.

    Raises
    ------
    ValueError
        When the format is unknown, the file holds several contacts, or it is rejected; the message says which.
    etl.errors.EmpathyError
        When it cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="empathy-listen-") as work, duckdb.connect() as con:
        name = _format(con, path)
        section = {"format": name, "path": glob.escape(path.name), "max_reject_share": 1.0}
        document = {"sources": {"transcript": section}, "conversations": {"read": True}}
        config = parse(document, path.resolve().parent / "empathy.toml")
        extract(config, Path(work) / "work", con, folder=Path(work) / "landing", enforce=False)
        contacts = con.execute("select count(distinct interaction_id) from landing.utterance").fetchone() or (0,)
        if not contacts[0]:
            found = con.execute("select distinct unnest(reasons) from landing.reject limit 5").fetchall()
            raise ValueError(f"no turn of it could be read: {'; '.join(reason for (reason,) in found)}.")
        if contacts[0] > 1:
            raise ValueError(f"it holds {contacts[0]} contacts; give a file with one.")
        rows = con.execute(
            "select speaker, coalesce(text, ''), started_ms, ended_ms, coalesce(customer_name, '') "
            "from landing.utterance order by turn"
        ).fetchall()
    return tuple(Turn(*row) for row in rows)


def _format(con: duckdb.DuckDBPyConnection, path: Path) -> str:
    of_turns = [name for name in FORMATS if get(name).tables == ("utterance",)]
    found = known_document(path, of_turns) or sample(con, path)
    bids = {name: bid for name in of_turns if (bid := get(name).recognise(found)) is not None}
    if not bids:
        raise ValueError(f"it is no transcript of a known format ({', '.join(of_turns)}). {AS_TEXT}")
    name = max(bids, key=lambda name: bids[name].confidence)
    if "options.agent_channel" in bids[name].undecided:
        raise ValueError(f"{get(name).label} name a channel and no role, and nobody is guessed. {AS_TEXT}")
    return name
