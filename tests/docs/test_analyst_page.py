"""docs/analyst.md: its code blocks, run in order, remake a published number."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from analysis.study.run import estimate_all
from etl.warehouse.publish import Draft
from tests.analysis.worlds import catalogue, configuration, warehouse

PAGE = Path(__file__).resolve().parents[2] / "docs" / "analyst.md"
BLOCK = re.compile(r"```python\n(.*?)```", re.S)


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a published version of a small world in demo/warehouse."""
    world = warehouse(7, teams=20, seats=4, weeks=36, effect_scale=4.0)
    frames = estimate_all(world, configuration(tmp_path), catalogue(("escalation_rate",)))
    with Draft.open(tmp_path / "demo" / "warehouse") as draft:
        for name in ("agent", "agent_week"):
            rows = world.sql(f"from mart.{name}").to_arrow_table()  # noqa: F841  (read by name)
            draft.con.execute(f"create table mart.{name} as from rows")
        draft.write_results(frames)
        draft.publish()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_remakes_a_published_number(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    printed = capsys.readouterr().out

    assert len(blocks) >= 5
    assert names["judged"].verdict.sentence == names["published"]["sentence"]
    assert names["judged"].verdict.sentence in printed
    assert "Same path before training" in printed
    assert (published / "escalations.html").stat().st_size > 10_000
    assert "imputation" in printed
