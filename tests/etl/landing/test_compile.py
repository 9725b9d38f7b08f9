"""A record is read once, however many elements it has: what belongs to the record is taken before they part."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from etl.configuration.model import parse
from etl.landing.compile import elements
from etl.reading.plans import plan_of

DATA = Path(__file__).parents[1] / "sources" / "data"
FORMATS = [
    "contact_lens", "genesys", "genesys_transcripts", "transcribe", "twilio_sentences", "vcon", "zendesk_comments",
    "zendesk_conversation_log",
]  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
def test_no_path_of_a_record_is_looked_up_for_each_of_its_elements(name: str) -> None:
    options = {"agent_channel": 1} if name == "twilio_sentences" else {}
    section = {"format": name, "path": f"{name}.json", "options": options}
    config = parse({"sources": {"s": section}, "conversations": {"read": True}}, DATA / "empathy.toml")
    with duckdb.connect() as con:
        plan = plan_of(config, "s", DATA / f"{name}.json", con)
    parted = [table_map for table_map in plan.tables if table_map.each]
    assert parted
    for table_map in parted:
        sql = elements(table_map, config.sources["s"], "UTC").sql
        of_elements = sql.partition("unnest(_list)")[0] + sql.rpartition(" from records)")[2]
        assert not re.search(r"\bj ->> '|json_extract\(j, ", of_elements), table_map.table
        assert len(re.findall(r"\bitem ->> '", of_elements)) == 0, table_map.table
