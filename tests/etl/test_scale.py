"""What a build costs by contacts and agent-weeks is found again from builds that cost exactly that."""

from __future__ import annotations

import doctest

from benchmarks import scale


def test_the_costs_behind_some_builds_are_found() -> None:
    assert doctest.testmod(scale) == (0, 3)


def test_the_table_says_how_far_it_goes_beyond_what_was_built() -> None:
    found = [
        scale.Point(n * 10**6, 500, m * 10**6, *({"cpu": 1.0 + 2 * n + 3 * m, "peak_mib": 600} for _ in range(2)))
        for n, m in ((1, 1), (2, 1), (2, 3))
    ]
    said = scale.table(found)
    assert "First read: 1.0 s, and 2.00 s per million contacts, and 3.0 s per million rows" in said
    assert "no build is further from that than 0.0 s" in said
    assert "| 200,000,000 | 1,000,000 | 0.11 | 0.11 | 100.0 times |" in said
