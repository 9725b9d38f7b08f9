"""KPIs shared out over processes: the same tables as from one, and one sentence when a process dies."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import duckdb
import pytest

from analysis.errors import PanelError, ProcessLost
from analysis.study import run
from analysis.study.processes import Processes, cores
from analysis.study.run import estimate_all
from tests.analysis.worlds import catalogue, configuration, warehouse

SHARED = ({"unit": "seconds"}, 3)


def prepared(words: dict[str, str], factor: int) -> tuple[dict[str, str], int]:
    return words, factor


def times(context: tuple[dict[str, str], int], item: int) -> tuple[dict[str, str], int, int]:
    if item < 0:
        raise PanelError(f"{item} is no agent-week")
    return context[0], context[1] * item, os.getpid()


def ended(context: tuple[int], _item: int) -> None:
    """The process that takes an item is ended from outside; the first one waits for that."""
    if os.getpid() != context[0]:
        os.kill(os.getpid(), signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
    time.sleep(0.05)


def first_alone(process: int) -> tuple[int]:
    return (process,)


def test_results_come_in_order_hold_the_shared_objects_and_raise_what_the_work_raised() -> None:
    with Processes(prepared, SHARED, others=1) as both:
        done: list[int] = []
        found = both.map(times, range(400), lambda _item, count: done.append(count))
        while len({process for _, _, process in found}) < 2:  # the other has not started yet
            found = both.map(times, range(400))

        assert [result for _, result, _ in found] == [3 * item for item in range(400)]
        assert all(words is SHARED[0] for words, _, _ in found)
        assert done == list(range(1, 401))
        with pytest.raises(PanelError, match="-1 is no agent-week"):
            both.map(times, [-1] * 50)


def test_a_process_that_is_killed_ends_the_work_with_one_sentence() -> None:
    with Processes(first_alone, (os.getpid(),), others=1) as both:
        with pytest.raises(ProcessLost, match=r"was ended .*, so nothing was published") as told:
            both.map(ended, range(2_000))
        assert told.value.exit_code == 1


def test_an_interrupt_ends_the_other_processes() -> None:
    three = Processes(prepared, SHARED, others=2)
    running = [other._process for other in three._others]
    assert all(process.poll() is None for process in running)
    with pytest.raises(KeyboardInterrupt), three:
        raise KeyboardInterrupt
    assert all(process.poll() is not None for process in running)


def test_one_processor_starts_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0}, raising=False)
    assert cores() == cores(4) == 1
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1, 2}, raising=False)
    assert (cores(), cores(2)) == (3, 2)


def test_result_tables_do_not_depend_on_the_number_of_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "LEAST_STUDIES", 0)
    con, file = warehouse(7, teams=12, seats=4, hazard_ratio=0.6), tmp_path / "version.duckdb"
    con.execute(f"attach '{file}' as copied; copy from database memory to copied; detach copied")
    kpis, config = (
        catalogue(("escalation_rate", "agent_attrition", "csat_top2", "aht_seconds")),
        configuration(tmp_path),
    )

    alone = estimate_all(con, config, kpis)
    with duckdb.connect(str(file), read_only=True) as reading:
        shared = estimate_all(reading, config, kpis, file=file, processes=2)

    assert list(alone) == list(shared)
    for name, frame in alone.items():
        assert frame.to_dict(as_series=False) == shared[name].to_dict(as_series=False), name
