"""Contacts in a Parquet file become the panel their agent-weeks make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from analysis import Panel, PanelError, estimate
from analysis.panel.panel import from_contacts

#: Sums of floating point numbers in another order.
COLLAPSED = 1e-9

Rollout = Callable[..., pl.DataFrame]
ToPanel = Callable[..., Panel]


@pytest.fixture(scope="module")
def contacts(make_rollout: Rollout) -> pl.DataFrame:
    cells = make_rollout(seed=51, contacts=8)
    rows = np.repeat(np.arange(cells.height), cells["n"].to_numpy())
    draw = np.random.default_rng(1)
    out = cells[rows].drop("n").with_columns(pl.col("y") + draw.normal(size=rows.size))
    return out.with_columns(y=pl.when(pl.Series(draw.random(rows.size) < 0.05)).then(None).otherwise(pl.col("y")))


def test_the_file_gives_the_panel_of_its_agent_weeks(contacts: pl.DataFrame, to_panel: ToPanel, tmp_path: Path) -> None:
    path = tmp_path / "contacts.parquet"
    contacts.write_parquet(path)
    panel = from_contacts(path, "agent", "week", "trained_week", "y", cluster="team")
    cells = (
        contacts.drop_nulls("y").group_by("agent", "week", "team", "trained_week").agg(pl.col("y").mean(), n=pl.len())
    )
    expected = to_panel(cells)
    np.testing.assert_array_equal(panel.den, expected.den)
    np.testing.assert_allclose(panel.num, expected.num, atol=COLLAPSED)
    assert panel.den.sum() == contacts["y"].is_not_null().sum()
    ours, theirs = (estimate(made, "imputation").aggregate("simple").overall for made in (panel, expected))
    assert ours.estimate == pytest.approx(theirs.estimate, abs=COLLAPSED)
    assert ours.std_error == pytest.approx(theirs.std_error, abs=COLLAPSED)


def test_a_file_that_is_not_there_or_not_right_is_refused(contacts: pl.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(PanelError, match="cannot be read"):
        from_contacts(tmp_path / "none.parquet", "agent", "week", "trained_week", "y")
    path = tmp_path / "contacts.parquet"
    contacts.write_parquet(path)
    with pytest.raises(PanelError, match="cannot be read"):
        from_contacts(path, "agent", "week", "trained_week", "smiles")
