"""docs/exports.md: its configuration reads what dlt leaves behind."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

PAGE = Path(__file__).resolve().parents[2] / "docs" / "exports.md"


def test_the_recipe_reads_tickets_as_dlt_writes_them(project: Any) -> None:
    """Flattened objects, columns of dlt's own, and a ticket that an overlapping load brought again."""
    blocks = re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (recipe,) = (block for block in blocks if "landing/zendesk" in block)
    recipe = recipe.replace('before = "python pull.py"\n', "")
    project.config.write_text(project.config.read_text() + recipe)
    tickets = pl.DataFrame(
        {
            "id": [1, 2, 3],
            "external_id": ["c1", "c2", "c3"],
            "assignee_id": ["A01", "A02", "A03"],
            "created_at": [datetime(2026, 3, day, 12, tzinfo=UTC) for day in (2, 3, 4)],
            "type": ["problem", "incident", "task"],
            "satisfaction_rating__score": ["good", None, "bad"],
            "_dlt_load_id": ["1773000000.1"] * 3,
            "_dlt_id": ["Ax1", "Bx2", "Cx3"],
        }
    )
    folder = project.folder / "landing" / "zendesk" / "tickets"
    folder.mkdir(parents=True)
    tickets.write_parquet(folder / "1773000000.1.0.parquet")
    again = tickets[2:].with_columns(pl.lit("1773086400.2").alias("_dlt_load_id"))
    again.write_parquet(folder / "1773086400.2.0.parquet")

    done = project.run("check", "--json")

    assert done.code == 0, done.err
    files = {file["path"]: file for file in json.loads(done.out)["files"] if file["source"] == "escalations"}
    assert sorted((f["read"], f["loaded"], f["rejected"], f["duplicate"]) for f in files.values()) == [
        (1, 1, 0, 0),
        (3, 2, 0, 1),
    ]
