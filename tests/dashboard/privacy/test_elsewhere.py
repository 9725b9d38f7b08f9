"""Two programmes of one server about the same agents: what one tells, less what the other tells."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dashboard.data import published
from dashboard.data.queries import Queries
from dashboard.privacy.viewer import READER, seen_by
from dashboard.server import application
from dashboard.settings import from_config
from dashboard.state import Filters
from tests.dashboard.privacy.conftest import ACCESS, ENVIRONMENT
from tests.dashboard.privacy.test_attack import BOUND, best_of, known_of
from tests.dashboard.privacy.test_versions_told import further

FEW = (
    "agent_ix in (select distinct agent_ix from mart.agent_week where scheduled_week = "
    "(select mode(scheduled_week) from mart.agent_week) order by agent_ix limit 3)"
)
OTHER_WAVES = (
    "update mart.agent_week set scheduled_week = (select min(scheduled_week) from mart.agent_week where scheduled_week "
    f"<> (select mode(scheduled_week) from mart.agent_week)), trained_week = scheduled_week where {FEW}"
)
NOT_IN_IT = f"delete from mart.agent_week where {FEW}"


@pytest.fixture(scope="module", params=[OTHER_WAVES, NOT_IN_IT], ids=["other waves", "not in it"])
def programmes(
    build: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> tuple[Queries, Queries]:
    """The second is the first but for three agents, who are in another wave or not in it at all."""
    from tests.dashboard.conftest import TOML

    found = []
    for name in ("first", "second"):
        folder = tmp_path_factory.mktemp(name)
        build(folder, "r1", toml=TOML + ACCESS)
        if name == "second":
            further(folder, "r2", request.param)
            (folder / "warehouse" / "warehouse-r1.duckdb").unlink()
        found.append(Queries(from_config(folder / "empathy.toml", environ=ENVIRONMENT)))
    return found[0], found[1]


def answers(queries: Queries) -> dict[Filters, NDArray[np.int64]]:
    """Agents of every cell that is answered of one filter."""
    with seen_by(READER), queries.pinned(queries.served()):
        known, places, found = published.lattice(queries), queries.held_weeks().places, {}
        for cell in known.cells[known.elsewhere :]:
            chosen = Filters(**dict(cell))  # type: ignore[arg-type]
            if queries.decision(chosen).allowed:
                mask = queries._rows(chosen)
                found[chosen] = np.unique(places.agent if mask is None else places.agent[mask])
        return found


def told_of_few(programmes: tuple[Queries, Queries]) -> float:
    """The best attack on the agents' figures by the sums of the cells of both."""
    sums = [agents for queries in programmes for agents in answers(queries).values()]
    n = max(int(agents.max()) for agents in sums) + 1
    inside = np.stack([np.isin(np.arange(n), agents) for agents in sums], axis=1).astype(float)
    return best_of(known_of(inside, np.arange(n)), programmes[0].settings.min_group)


def test_a_later_programme_tells_nothing_of_the_few_in_whom_it_differs(programmes: tuple[Queries, Queries]) -> None:
    first, second = programmes
    alone, found = answers(second), told_of_few(programmes)
    after = Queries(second.settings)
    after.earlier = (first,)
    both = answers(after)
    if found > BOUND:  # where waves differ, the teams of the second do not let it tell of them anyway
        assert alone.keys() - both.keys()
    assert len(both) > 10
    assert told_of_few((first, after)) <= BOUND + 0.02  # sums of agents, where cells were chosen by agent-weeks


def test_without_knowing_of_the_first_the_second_tells_of_few(programmes: tuple[Queries, Queries]) -> None:
    whole = [answers(queries)[Filters()].size for queries in programmes]
    assert whole[0] == whole[1] or told_of_few(programmes) > 0.99


def test_a_server_tells_later_programmes_of_earlier_ones(
    programmes: tuple[Queries, Queries], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dashboard import server

    made: list[dict[str, Queries]] = []
    monkeypatch.setattr(server, "create_app", lambda *given: made.append(given[3]) or pytest.importorskip("flask"))
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    text = programmes[0].settings.config.path.read_text(encoding="utf-8")
    other = programmes[1].settings.config.path
    (tmp_path / "empathy.toml").write_text(
        f'{text}\n[[programmes]]\nname = "Sales"\ncourses = ["S1"]\nconfig = "{other}"\n', encoding="utf-8"
    )
    with pytest.raises(AttributeError):  # the module that stands for an application has no server
        application(tmp_path / "empathy.toml")
    first, second = made[0].values()
    assert first.earlier == ()
    assert second.earlier == (first,)
