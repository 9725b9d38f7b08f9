"""Conditions of the configuration compare columns; they read no files, no keys and no other rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.configuration.conditions import fault_of
from etl.configuration.kpis import load as load_kpis
from etl.configuration.model import ConfigError, parse


@pytest.mark.parametrize(
    "text",
    [
        "queue = 'billing'", "channel in ('chat', 'voice') and not is_first", "handle_s between 30 and 7200",
        "started_at >= date '2025-01-01'", "regexp_matches(queue, '^b')", "lower(queue) like '%sale%'",
        "coalesce(amount, 0) > 0 or kind is null", "handle_s::integer > 3",
    ],
)  # fmt: skip
def test_comparisons_are_let_through(text: str) -> None:
    assert fault_of(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "(select count(*) from read_text('/etc/hosts')) > 0", "exists (from 'x.csv')", "queue in (select queue from x)",
        "getenv('HOME') = 'x'", "getvariable('pseudonym_inner') = 'x'", "read_blob('/etc/hosts') is not null",
        "current_setting('temp_directory') = 'x'", "1 = 1; copy t to 'x'", "length(getenv('A')) > 1", "glob('*') = 'x'",
        "queue = (values (1))", "columns('x') = 1", "list_transform([1], x -> getenv('A')) is null", "", "queue =",
    ],
)  # fmt: skip
def test_anything_but_a_comparison_is_refused(text: str) -> None:
    assert fault_of(text) != ""


def test_the_configuration_says_what_is_wrong_with_one() -> None:
    with pytest.raises(ConfigError, match="the function getenv is not allowed"):
        parse({"kpis": {"csat_top2": {"where": "getenv('HOME') = 'x'"}}}, Path("empathy.toml"))


def test_every_condition_of_the_catalogue_would_be_let_through() -> None:
    for kpi in load_kpis().values():
        for text in (kpi.where, kpi.exposure_where):
            assert not text or fault_of(text) == "", kpi.id
