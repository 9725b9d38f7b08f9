"""From `empathy demo` to an answer of the server it becomes, in processes of their own as a shell starts them."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
SMALL_DEMO = """
import sample_data, empathy
from tests import goals_alone
goals_alone.only("escalation_rate")
write = sample_data.write_sample
sample_data.write_demo = lambda folder, progress: write(folder, agents=24, weeks=16, contacts_per_week=12)
empathy.main()
"""
ANSWER_SECONDS = 60
"""A worker loads its libraries first; one that waits for threads it does not have never answers."""


@pytest.fixture
def port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_demo_answers_after_it_has_simulated_built_and_estimated(tmp_path: Path, port: int) -> None:
    command = [sys.executable, "-c", SMALL_DEMO, "demo", "--dir", str(tmp_path), "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True) as demo:
        assert demo.stderr is not None
        try:
            told = next((line for line in demo.stderr if line.startswith(("Serving", "error"))), "nothing")
            assert told.strip() == f"Serving http://127.0.0.1:{port} (Ctrl+C stops it)"
            with urlopen(f"http://127.0.0.1:{port}/download/effects.csv", timeout=ANSWER_SECONDS) as answer:
                text = answer.read().decode()
        finally:
            os.killpg(demo.pid, signal.SIGINT)  # as Ctrl+C does: to the server and its workers
        last_words = demo.stderr.read()
    assert "escalation_rate" in text
    assert [line for line in last_words.splitlines() if not line.startswith("{")] == []


def test_a_port_in_use_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "empathy", "demo", "--dir", str(tmp_path / "demo"), "--port", str(port)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=ANSWER_SECONDS)
    assert done.returncode == 2
    assert f"127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "demo").exists()
