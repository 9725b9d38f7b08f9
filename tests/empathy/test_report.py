"""``empathy report``: lines for a schedule, mail addresses, and what changed since the report that is there."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from empathy import app
from empathy.reporting import _comparable, _last


def run(*options: str) -> tuple[int, str]:
    found = CliRunner().invoke(app, ["report", *options])
    return found.exit_code, found.output


def test_the_schedule_repeats_the_whole_command(tmp_path: Path) -> None:
    out, config = tmp_path / "a b" / "board.pdf", tmp_path / "empathy.toml"
    code, printed = run(
        "--out", str(out), "-c", str(config), "--select", "site=New%20York",
        "--mail", "a@b.c", "--no-plotly", "--schedule",
    )  # fmt: skip
    lines = printed.splitlines()
    cron = next(line for line in lines if line.startswith("0 6 * * 1 "))
    unit = next(line for line in lines if line.startswith("ExecStart="))

    assert code == 0
    for line in (cron, unit):
        assert f"'{out}'" in line
        assert "--since last" in line
        assert "--mail a@b.c" in line
        assert "--no-plotly" in line
    assert r"New\%20York" in cron, "cron ends a command at a plain %"
    assert "New%%20York" in unit


def test_an_address_that_is_none_is_told_before_anything_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import empathy

    out = tmp_path / "board.html"
    monkeypatch.setattr("sys.argv", ["empathy", "report", "-c", "/no/such.toml", "--out", str(out), "--mail", "x y"])
    with pytest.raises(SystemExit):
        empathy.main()
    assert '"x y" is no mail address' in capsys.readouterr().err
    assert not out.exists()


def test_the_last_report_counts_while_its_version_is_kept() -> None:
    assert _last("r1", {"r1", "r2"}) == ("r1", "")
    assert _last("", {"r1"}) == ("", "holds no report yet")
    assert _last("r0", {"r1"})[0] == ""
    assert "no longer kept" in _last("r0", {"r1"})[1]


@pytest.mark.parametrize(("access", "runs"), [(None, {"r1", "r2", "r3"}), ("shared", {"r1", "r3"})])
def test_of_a_shared_dashboard_only_what_readers_were_told_is_compared(access: str | None, runs: set[str]) -> None:
    queries = SimpleNamespace(
        settings=SimpleNamespace(access=access),
        versions=lambda: [SimpleNamespace(run_id=name) for name in ("r1", "r2", "r3")],
        served=lambda: "r3",
        told=lambda _run: ("r0", "r1", "r3"),
    )
    assert _comparable(queries) == runs
