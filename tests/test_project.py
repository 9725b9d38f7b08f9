"""What must hold for the project as a whole: import directions, the wheel, the locks, the rules about its own text."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXT = {".py", ".toml", ".md", ".sql", ".yml", ".yaml", ".txt", ".css", ".js", ".cfg", ".sh", ""}


def tracked_files() -> list[Path]:
    git = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(git, cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        return [path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_imports_point_one_way() -> None:
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    result = subprocess.run([sys.executable, "-c", code, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_only_publish_opens_a_warehouse_file_for_writing() -> None:
    """Only etl.warehouse.publish connects to a file; everything else works in memory or through a reader."""
    opened = re.compile(r"duckdb\.connect\((?!\)|\":memory:\"|':memory:'|config=)")
    offenders = [
        str(path.relative_to(ROOT))
        for package in ("etl", "analysis", "dashboard", "sample_data")
        for path in (ROOT / package).rglob("*.py")
        if path.name != "publish.py" and opened.search(path.read_text(encoding="utf-8"))
    ]
    assert offenders == []


def test_locks_name_exact_versions_and_no_registry() -> None:
    for name in ("requirements.txt", *(f"requirements-{extra}.txt" for extra in ("test", "docs", "mutation"))):
        for line in (ROOT / name).read_text().splitlines():
            assert line.startswith(("#", "-r ")) or re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!-]+", line), line
    assert not list(ROOT.glob("*.lock"))
    assert not (ROOT / "package-lock.json").exists()


def test_the_lock_holds_every_dependency() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    def names(lines: list[str]) -> set[str]:
        return {re.split(r"[=<>~ ;\[]", line)[0].lower().replace("_", "-") for line in lines}

    locked = names((ROOT / "requirements.txt").read_text().splitlines())
    assert names(project["dependencies"]) <= locked
    test_locked = locked | names((ROOT / "requirements-test.txt").read_text().splitlines())
    assert names(project["optional-dependencies"]["test"]) <= test_locked


def test_no_file_names_a_machine_or_a_registry() -> None:
    forbidden = re.compile(r"(?<![\w.])/(?:work|farm|root)/|index-url|registry *= *\"http|/simple/|pythonhosted")
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in tracked_files()
        if path.suffix in TEXT and path != Path(__file__).resolve()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1)
        if forbidden.search(line)
    ]
    assert found == []


def test_the_wheel_carries_what_the_product_reads_at_run_time(wheel: Path) -> None:
    for package in ("sql", "sample_data/exports", "dashboard/assets"):
        here = {
            path.relative_to(ROOT)
            for path in tracked_files()
            if path.is_relative_to(ROOT / package) and "__pycache__" not in path.parts
        }
        assert here, f"{package} is empty"
        missing = {str(path) for path in here if not (wheel / path).is_file()}
        assert missing == set()
    assert not (wheel / "tests").exists()
