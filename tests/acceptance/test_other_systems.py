"""Windows and macOS: the wheel runs from any folder, where fcntl, resource and gunicorn cannot be imported."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from etl.errors import EmpathyError
from sample_data import write_sample

ROOT = Path(__file__).resolve().parents[2]
WITHOUT = """
import sys
MISSING = ("fcntl", "resource", "gunicorn")
class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Missing())
for name in MISSING:
    sys.modules.pop(name, None)
import importlib.util
looked_up = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in MISSING else looked_up(name, package)
import empathy
"""
SMALL_DEMO = """
import etl, sample_data
assert etl.__file__.startswith(sys.path[0]), etl.__file__
sys.path.append(CHECKOUT)
from tests import goals_alone
goals_alone.only("escalation_rate")
write = sample_data.write_sample
sample_data.write_demo = lambda folder, progress: write(folder, agents=16, weeks=14, contacts_per_week=8)
"""
SECONDS = 120


def run(wheel: Path, cwd: Path, *arguments: str, before: str = "") -> subprocess.Popen[str]:
    """Start the command line of the wheel; of this checkout, only ``before`` sees the tests."""
    first = f"import sys\nsys.path.insert(0, {str(wheel)!r})\nCHECKOUT = {str(ROOT)!r}\n"
    code = f"{first}{WITHOUT}{before}\nsys.argv = ['empathy', *{list(arguments)!r}]\nempathy.main()\n"
    environ = os.environ | {"PYTHONPATH": str(wheel)}  # for the processes it starts
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code], cwd=cwd, env=environ, stderr=subprocess.PIPE, stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def finished(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err
    return out + err


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.mark.slow
def test_demo_build_serve_and_a_page_of_the_wheel_without_posix_modules(wheel: Path, tmp_path: Path) -> None:
    said = finished(run(wheel, tmp_path, "demo", "--no-serve", "--dir", "demo", before=SMALL_DEMO))
    assert "Serve it with" in said
    config = str(tmp_path / "demo" / "empathy.toml")
    assert "Nothing is new" in finished(run(wheel, tmp_path, "build", "-c", config))

    port = free_port()
    process = run(wheel, tmp_path, "serve", "-c", config, "--port", str(port))
    try:
        address = f"http://127.0.0.1:{port}/"
        until = time.monotonic() + SECONDS
        while True:
            try:
                with urllib.request.urlopen(address, timeout=5) as page:
                    assert page.status == 200
                    assert "<title>Empathy Lift</title>" in page.read().decode()
                with urllib.request.urlopen(f"{address}healthz", timeout=30) as health:
                    assert b'"ok"' in health.read()
                break
            except (urllib.error.URLError, TimeoutError):
                assert process.poll() is None, process.stderr and process.stderr.read()
                assert time.monotonic() < until
                time.sleep(0.2)
    finally:
        process.terminate()
        process.communicate(timeout=30)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [({"workers": 2}, "leave --workers at 1"), ({"host": "unix:/tmp/empathy.sock"}, "give --host an address")],
)
def test_what_only_gunicorn_can_do_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: dict[str, object], words: str
) -> None:
    from dashboard import server

    write_sample(tmp_path, agents=8, weeks=12, contacts_per_week=2)
    monkeypatch.setattr(server, "has_gunicorn", lambda: False)
    monkeypatch.setattr(server, "check_binding", lambda *_: None)
    monkeypatch.setattr(server, "check_port", lambda *_: None)
    for name in (server.SECRET_VARIABLE, server.CONFIG_VARIABLE, server.WORKERS_VARIABLE):
        monkeypatch.setenv(name, "")
    with pytest.raises(EmpathyError, match=words):
        server.serve(tmp_path / "empathy.toml", **arguments)
