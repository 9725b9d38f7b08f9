"""The layout stays one that a newcomer can hold: few modules on the top level of a package, none too long to read."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
MOST_ON_TOP = {"etl": 12, "analysis": 6, "dashboard": 14}
MOST_LINES = 450
EMPTY_NAMES = {"utils", "helpers", "common", "misc", "tools"}
"""Names that say nothing of what is inside."""


@pytest.mark.parametrize(("package", "most"), MOST_ON_TOP.items())
def test_few_modules_stand_on_the_top_level(package: str, most: int) -> None:
    found = sorted(path.name for path in (ROOT / package).glob("*.py") if path.name != "__init__.py")
    assert len(found) <= most, found


def test_no_module_is_too_long_or_has_a_name_that_says_nothing() -> None:
    modules = [path for name in (*MOST_ON_TOP, "empathy", "sample_data") for path in (ROOT / name).rglob("*.py")]
    long = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").count("\n") for path in modules}
    assert {name: lines for name, lines in long.items() if lines > MOST_LINES} == {}
    assert [str(path) for path in modules if path.stem in EMPTY_NAMES] == []
