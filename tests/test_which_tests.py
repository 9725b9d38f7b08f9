"""Which tests are run for a changed line."""

from __future__ import annotations

import pytest

from benchmarks.which_tests import Known, statement

MODULE = "analysis/value/horizon.py"
WAREHOUSE = "fixture tests::warehouse"


def known(line: int, *contexts: str) -> Known:
    return Known(
        {MODULE: {line: contexts}},
        {"slow": 9.0, "quick": 1.0, "page": 0.1, "other page": 0.2, WAREHOUSE: 5.0},
        {"slow": (), "quick": (), "page": (WAREHOUSE,), "other page": (WAREHOUSE,)},
    )


def test_tests_of_a_line_come_quickest_first_with_their_shared_fixtures_counted_once() -> None:
    both = known(20, "slow", "quick", "page", "other page")
    assert both.tests(MODULE, 20, 100) == ["quick", "page", "other page", "slow"]
    assert both.tests(MODULE, 20, 6.5) == ["quick", "page", "other page"]
    assert both.tests(MODULE, 20, 0) == ["quick"], "one test is always run"


def test_tests_of_the_module_come_before_those_of_its_package_and_all_others() -> None:
    near, beside = (f"tests/analysis/value/{name}.py::test" for name in ("test_horizon", "test_model"))
    far = "tests/etl/test_build.py::test"
    seconds = {near: 9.0, beside: 3.0, far: 1.0}
    counted = Known({MODULE: {20: (far, beside, near)}}, seconds, dict.fromkeys(seconds, ()))
    assert counted.tests(MODULE, 20, 100) == [near, beside, far]
    assert counted.tests(MODULE, 20, 9) == [near]


def test_what_a_shared_fixture_runs_is_run_by_every_test_that_uses_it() -> None:
    assert known(20, WAREHOUSE).tests(MODULE, 20, 100) == ["page", "other page"]


def test_a_line_that_no_test_runs_has_none() -> None:
    assert known(20, "slow").tests(MODULE, 1, 100) == []


@pytest.mark.parametrize(
    ("line", "expected"), [(1, range(1, 2)), (3, range(2, 4)), (4, range(4, 5)), (5, range(5, 6)), (7, range(6, 8))]
)
def test_a_statement_is_all_of_its_lines_and_of_a_block_its_head(line: int, expected: range) -> None:
    text = "a = 1\nb = (2,\n     3)\nif b:\n    a = 2\nc = [\n]\n"
    assert statement(text, line) == expected
