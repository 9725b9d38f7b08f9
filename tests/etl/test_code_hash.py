"""What was read or built by other code is read or built again."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from etl.code_hash import code_hash
from etl.landing.landed_files import _READING_CODE


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "hashed_package"
    (folder / "inner").mkdir(parents=True)
    for name in ("__init__.py", "one.py", "inner/__init__.py", "inner/two.py"):
        (folder / name).write_text(f"# {name}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    yield folder
    for name in [name for name in sys.modules if name.startswith("hashed_package")]:
        del sys.modules[name]


def fresh(name: str) -> str:
    code_hash.cache_clear()
    return code_hash(name)


@pytest.mark.parametrize("name", ["__init__.py", "one.py", "inner/__init__.py", "inner/two.py"])
def test_a_changed_file_changes_the_hash_of_its_package(package: Path, name: str) -> None:
    before = fresh("hashed_package")
    (package / name).write_text("value = 1\n", encoding="utf-8")
    assert fresh("hashed_package") != before


def test_a_new_and_a_renamed_file_change_the_hash(package: Path) -> None:
    before = fresh("hashed_package")
    (package / "three.py").write_text("", encoding="utf-8")
    added = fresh("hashed_package")
    (package / "three.py").rename(package / "four.py")
    assert len({before, added, fresh("hashed_package")}) == 3


def test_a_module_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError):
        code_hash("etl.no_such_module")


@pytest.mark.parametrize("name", _READING_CODE)
def test_everything_named_exists(name: str) -> None:
    assert code_hash(name)
