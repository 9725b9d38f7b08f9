"""A world with few agents in its corners: a new hire in another wave than the team, surveys of one agent, movers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pytest

from dashboard.data import kept_choices
from dashboard.data.queries import Queries
from dashboard.page import Context
from dashboard.settings import from_config
from etl.warehouse.publish import Draft, keep_only
from etl.warehouse.reader import Warehouse

NEW_HIRE, NEW_TEAM = 5, "Lisbon-1"
ALONE = 40
"""Agent of Lisbon whose surveys are the only ones of a wave after training."""
SECRET = "s" * 40
ENVIRONMENT = {"EMPATHY_PROXY_SECRET": SECRET, "EMPATHY_SECRET": "k" * 40}
ACCESS = """
[access]
proxy = ["10.0.0.5"]
hosts = ["training.example.org"]
[access.groups.board]
role = "executive"
[access.groups."madrid leads"]
role = "site_lead"
sites = ["Madrid"]
[access.groups.trainers]
role = "training_lead"
[access.groups.analysts]
role = "analyst"
[access.groups.agents]
role = "agent"
"""
CORNERS = (
    # One agent of a team was trained with another wave, and took chats only of late.
    f"update mart.agent_week set trained_week = date '2025-11-03', scheduled_week = date '2025-11-03' "
    f"where agent_ix = {NEW_HIRE}",
    f"delete from mart.agent_week where agent_ix = {NEW_HIRE} and week_ix < 20",
    # Surveys of one agent of a team in eight weeks, none of the others.
    "update mart.agent_week set csat_top2_den = null, csat_top2_num = null "
    "where team_id = 'Madrid-2' and agent_ix <> (select min(agent_ix) from mart.agent_week where team_id = 'Madrid-2') "
    "and week_ix between 8 and 15",
    # Of a wave of one site, surveys of one agent alone after training; and of another, of one in two single weeks.
    "update mart.agent_week set csat_top2_den = null, csat_top2_num = null where site = 'Lisbon' "
    f"and scheduled_week = date '2025-09-08' and week >= trained_week and agent_ix <> {ALONE}",
    "update mart.agent_week set csat_top2_den = null, csat_top2_num = null where site = 'Porto' "
    "and scheduled_week = date '2025-09-08' and week_ix in (16, 17) and agent_ix <> (select min(agent_ix) "
    "from mart.agent_week where site = 'Porto' and scheduled_week = date '2025-09-08')",
    # Three agents moved team in the middle.
    "update mart.agent_week set team_id = 'Porto-2' where agent_ix in (200, 201, 202) and week_ix > 24",
)


APART = ("escalation_rate", "csat_top2", "aht_seconds", "complaints_per_1000")
"""KPIs that are means over as much as the world says; all others over the contacts of the first."""


def alike(con: duckdb.DuckDBPyConnection) -> str:
    """As in real exports most KPIs are of the same contacts, so that cells are chosen for all of them at once."""
    columns = {row[0] for row in con.execute("describe mart.agent_week").fetchall()}
    changes, den = [], f"{APART[0]}_den"
    for kpi in sorted(name[:-4] for name in columns if name.endswith("_den") and name[:-4] not in APART):
        changes += [f'"{kpi}_num" = "{kpi}_num" * {den} / "{kpi}_den"', f'"{kpi}_den" = {den}']
        changes += [f'"{kpi}_sq" = "{kpi}_sq" * {den} / "{kpi}_den"'] if f"{kpi}_sq" in columns else []
    return f"update mart.agent_week set {', '.join(changes)}"


@pytest.fixture(scope="module", autouse=True)
def _nothing_kept() -> Iterator[None]:
    """Cells that were chosen while a test had taken a control out are not found by the next one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept_choices, "read_beside", lambda _: None)
        patch.setattr(kept_choices, "write_beside", lambda *_: False)
        yield


@dataclass(frozen=True)
class Corners:
    """The same version, asked on one's own machine and shared."""

    own: Context
    shared: Context


@pytest.fixture(scope="session")
def corners(build: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Corners:
    """Smallest group 5, so that teams of twelve may be cells."""
    folder = tmp_path_factory.mktemp("corners")
    from tests.dashboard.conftest import TOML

    plain = TOML.replace("min_group = 10", "min_group = 5")
    path = build(folder, toml=plain)
    warehouse = Warehouse(folder / "warehouse")
    with Draft.open(folder / "warehouse", "r2", base=warehouse.current()) as draft:
        for sql in (alike(draft.con), *CORNERS):
            draft.con.execute(sql)
        draft.publish()
    keep_only(folder / "warehouse", "r2")  # the version before had no corners: it differs by few agents
    shared = folder / "shared.toml"
    shared.write_text(plain + ACCESS, encoding="utf-8")
    contexts = []
    for file in (path, shared):
        settings = from_config(file, environ=ENVIRONMENT)
        contexts.append(Context(settings, Queries(settings)))
    return Corners(*contexts)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(11)
