"""The strongest linear attacker: everything that is answered, everybody's place known, least squares.

On one's own machine the attacks win, and the page says that its rule is a courtesy. On a shared dashboard they fail.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import combinations, product
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import NDArray

from dashboard.data import published, published_estimates
from dashboard.data.adoption import COUNTS, by_group, progress
from dashboard.data.adoption import in_steps as adoption_steps
from dashboard.data.attrition import on_grid
from dashboard.data.cohorts import effect_by_week, gains
from dashboard.data.queries import Queries
from dashboard.data.slices import to_slice
from dashboard.privacy.lattice import LEAST_ERROR
from dashboard.privacy.leaving import in_steps as leaving_steps
from dashboard.privacy.redaction import in_units
from dashboard.privacy.suppression import NotShownError
from dashboard.privacy.viewer import OWN_MACHINE, Viewer, seen_by
from dashboard.report.extras import ReportError
from dashboard.state import DIMENSIONS, Filters
from tests.dashboard.privacy.conftest import ENVIRONMENT, NEW_HIRE, NEW_TEAM, Corners

EXECUTIVE = Viewer("e", "executive", shared=True)
LEAD = Viewer("l", "site_lead", sites=("Madrid",), shared=True)
TRAINER = Viewer("t", "training_lead", shared=True)
READERS = (EXECUTIVE, LEAD, TRAINER)
KPI = "escalation_rate"
BOUND = 1 - LEAST_ERROR**2 + 1e-6


def everybody_but(queries: Queries, name: str, value: str) -> tuple[str, ...]:
    return tuple(other for other in queries.facets().values[name] if other != value)


def contacts(queries: Queries, filters: Filters, kpi: str = KPI) -> float:
    assert queries.decision(filters).allowed
    return float(queries.weekly(kpi, filters)["den"].sum())


def tracker(queries: Queries) -> float:
    """Contacts of one new hire: everybody, less both complements, plus their overlap."""
    wave = "2025-11-03"
    outside_team = Filters(team=everybody_but(queries, "team", NEW_TEAM))
    outside_wave = Filters(cohort=everybody_but(queries, "cohort", wave))
    known = Filters(team=outside_team.team, cohort=outside_wave.cohort)
    asked = [contacts(queries, each) for each in (Filters(), outside_team, outside_wave, known)]
    return asked[0] - asked[1] - asked[2] + asked[3]


def until(queries: Queries) -> float:
    """Contacts of the weeks in which a survey was one agent's: a period less the one before, again and again."""
    first = queries.facets().first
    assert first is not None
    ends = [Filters(team=("Madrid-2",), end=first + timedelta(weeks=k)) for k in (9, 10)]
    effects = [queries.study("csat_top2", each)["effect"] for each in ends]
    sums = [rows.filter(pl.col("role") == "headline")["n_contacts"].sum() for rows in effects]
    return float(sums[1] - sums[0])


def test_on_ones_own_machine_the_tracker_finds_one_new_hire(corners: Corners) -> None:
    queries = corners.own.queries
    places, columns = queries.held_weeks().places, queries.held_weeks().columns(KPI)
    team = places.codes["team"] == places.values["team"].index(NEW_TEAM) + 1
    wave = places.codes["cohort"] == places.values["cohort"].index("2025-11-03") + 1
    assert set(places.agent[team & wave].tolist()) == {NEW_HIRE}
    assert tracker(queries) == pytest.approx(float(columns.den[team & wave].sum()))


@pytest.mark.parametrize("attack", [tracker, until])
@pytest.mark.parametrize("viewer", READERS, ids=lambda viewer: viewer.role)
def test_shared_it_is_not_answered(corners: Corners, viewer: Viewer, attack: Callable[[Queries], float]) -> None:
    with seen_by(viewer), pytest.raises((AssertionError, NotShownError)):
        attack(corners.shared.queries)


def everything_one_may_type(queries: Queries) -> list[Filters]:
    """Values, pairs of values of two filters, complements, unions of two, and periods."""
    values = queries.facets().values
    single = [Filters(**{name: (value,)}) for name in DIMENSIONS for value in values[name]]
    others = [Filters(**{n: everybody_but(queries, n, v)}) for n in DIMENSIONS for v in values[n] if len(values[n]) > 1]
    two = [Filters(**{name: pair}) for name in DIMENSIONS for pair in combinations(values[name][:12], 2)]
    crossed = [
        replace(Filters(**{a: (x,)}), **{b: (y,)})
        for a, b in combinations(DIMENSIONS, 2)
        for x, y in product(values[a], values[b])
    ]
    first = queries.facets().first
    assert first is not None
    periods = [Filters(start=first + timedelta(weeks=k)) for k in (1, 9, 22)]
    periods += [replace(each, end=first + timedelta(weeks=12)) for each in single[:10]]
    return [Filters(), *single, *others, *two, *crossed, *periods]


def answered(queries: Queries, viewer: Viewer) -> list[Filters]:
    with seen_by(viewer):
        asked = everything_one_may_type(queries)
        return [each for each in dict.fromkeys(asked) if queries.decision(each).allowed]


def known_of(rows: NDArray[np.float64], agent: NDArray[np.int64]) -> NDArray[np.float64]:
    """(A, R) every agent's total in the space that the answers (columns of ``rows``) span."""
    left, sizes, _ = np.linalg.svd(rows, full_matrices=False)
    space = left[:, sizes > 1e-8 * sizes.max(initial=1e-300)]
    people, person = np.unique(agent, return_inverse=True)
    total = np.zeros((people.size, space.shape[1]))
    np.add.at(total, person, space)
    return total / np.sqrt(np.bincount(person))[:, None]


def best_of(known: NDArray[np.float64], most: int) -> float:
    """The best that is told of any figure about at most so many agents: grown one agent at a time, from everybody."""
    best = 0.0
    for seed in range(known.shape[0]):
        group = [seed]
        while True:
            block = known[group] @ known[group].T
            share, axes = np.linalg.eigh(block)
            best = max(best, float(share[-1]))
            if len(group) >= min(most, known.shape[0]):
                break
            pull = np.abs(known @ (known[group].T @ axes[:, -1]))
            pull[group] = -1
            group.append(int(pull.argmax()))
    return best


@pytest.mark.parametrize("kpi", [KPI, "csat_top2"])
def test_all_that_all_readers_are_told_leaves_every_small_group_unknown(corners: Corners, kpi: str) -> None:
    """Roles pool their answers, and one insider adds own figures: groups smaller than the minimum stay uncertain."""
    queries = corners.shared.queries
    minimum = queries.settings.min_group
    cells = list(dict.fromkeys(each for viewer in READERS for each in answered(queries, viewer)))
    assert len(cells) > 20
    places, columns = queries.held_weeks().places, queries.held_weeks().columns(kpi)
    observed = np.arange(places.n_rows) if columns.rows is None else columns.rows
    inside = np.stack([np.ones(places.n_rows) if (m := queries._rows(each)) is None else m for each in cells], axis=1)
    _, answers = published.blocks(queries, kpi)
    for block in list(answers)[1:6]:
        rows = observed[(places.week[observed] >= block) & (places.week[observed] < block + published.BLOCK_WEEKS)]
        told = []
        for number, each in enumerate(cells):
            with seen_by(next(v for v in READERS if each in answered_by(queries, v))):
                level = queries.weekly(kpi, each).filter(pl.col("week") == places.origin + timedelta(weeks=block))
            if level["den"].item() is not None:
                told.append(number)
        known = known_of(inside[rows][:, told].astype(float), places.agent[rows])
        assert best_of(known, minimum) <= BOUND


def told_by_estimates(
    queries: Queries, cells: list[Filters], rows: NDArray[np.int64], of: Callable[[Filters], bool]
) -> float:
    """The best attack on any figure about few agents by the estimates of cells, which are sums over some rows."""
    places = queries.held_weeks().places
    told = [each for each in cells if of(each)]
    assert len(told) > 3
    inside = np.stack([np.ones(rows.size) if (m := queries._rows(each)) is None else m[rows] for each in told], axis=1)
    return best_of(known_of(inside.astype(float), places.agent[rows]), queries.settings.min_group)


def weeks_of_estimates(queries: Queries, kpi: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of agents seen before and after their training, and weeks since it."""
    places, rows = queries.held_weeks().places, published.observed(queries, kpi).rows
    since, agent = published_estimates.event_week(queries)[rows], places.agent[rows]
    here = np.isin(agent, agent[since >= 0]) & np.isin(agent, agent[(since < 0) & (since > -500)])
    return rows[here], since[here]


def test_estimates_of_all_cells_leave_every_small_group_unknown(corners: Corners) -> None:
    """A wave of a site had one agent left after training: all waves less the other sites would be that agent."""
    queries, kpi = corners.shared.queries, "csat_top2"
    cells = answered(queries, EXECUTIVE)
    rows, since = weeks_of_estimates(queries, kpi)
    after = rows[since >= 0]
    with seen_by(EXECUTIVE):
        assert told_by_estimates(queries, cells, after, lambda each: queries.publishes(kpi, each)) <= BOUND
        level = published.kept_of(queries, kpi)

        def by_level_alone(each: Filters) -> bool:
            parts = published.lattice(queries).parts(each, EXECUTIVE)
            return parts is not None and bool(level[parts].all())

        assert told_by_estimates(queries, cells, after, by_level_alone) > 0.99


@pytest.mark.parametrize("event", [2, 6])
def test_estimates_of_single_weeks_leave_every_small_group_unknown(corners: Corners, event: int) -> None:
    queries = corners.shared.queries
    cells = answered(queries, EXECUTIVE)
    rows, since = weeks_of_estimates(queries, "csat_top2")

    def told(each: Filters) -> bool:
        with seen_by(EXECUTIVE):
            return bool(published_estimates.told_by_week(queries, "csat_top2", each, EXECUTIVE, [event]))

    assert told_by_estimates(queries, cells, rows[since == event], told) <= BOUND


_ANSWERED: dict[str, set[Filters]] = {}


def answered_by(queries: Queries, viewer: Viewer) -> set[Filters]:
    if viewer.role not in _ANSWERED:
        _ANSWERED[viewer.role] = set(answered(queries, viewer))
    return _ANSWERED[viewer.role]


def test_the_attacker_of_this_file_finds_what_is_there(corners: Corners) -> None:
    """Were every cell answered, it would know single agents exactly."""
    queries = corners.own.queries
    places = queries.held_weeks().places
    cells = [
        Filters(team=(team,), cohort=(wave,)) for team in places.values["team"][:8] for wave in places.values["cohort"]
    ]
    inside = np.stack([queries._rows(each) for each in cells], axis=1).astype(float)
    assert best_of(known_of(inside, places.agent), 4) > 0.999


def test_levels_are_of_whole_blocks_and_of_enough_agents(corners: Corners) -> None:
    """Eight weeks of one agent's surveys are in no level of that team."""
    queries, team = corners.shared.queries, Filters(team=("Madrid-2",))
    with seen_by(EXECUTIVE):
        if not queries.decision(team).allowed:
            pytest.skip("the team is no cell of its own here")
        levels = queries.weekly("csat_top2", team)
    told = levels.filter(~pl.col("suppressed"))
    assert told.height > 3
    assert (told["n_agents"] >= queries.settings.min_group).all()
    steps = levels["week"].diff().drop_nulls().unique().to_list()
    assert steps == [timedelta(weeks=published.BLOCK_WEEKS)]
    assert levels["suppressed"].any()


def test_methods_check_for_themselves_what_is_published(corners: Corners) -> None:
    queries = corners.shared.queries
    hidden = Filters(team=(NEW_TEAM,), cohort=("2025-11-03",))
    kpi = queries.settings.catalogue[KPI]
    with seen_by(EXECUTIVE):
        for ask in (
            lambda: queries.study(KPI, hidden),
            lambda: queries.weekly(KPI, hidden),
            lambda: gains(queries, kpi, "team", hidden),
        ):
            with pytest.raises(NotShownError):
                ask()
        assert effect_by_week(queries, kpi, Filters()).is_empty()


def test_a_reader_of_one_site_is_told_of_no_other(corners: Corners) -> None:
    queries = corners.shared.queries
    with seen_by(LEAD):
        values = queries.facets().values
        assert values["site"] == ("Madrid",)
        assert all(team.startswith("Madrid") for team in values["team"])
        assert queries.selection("").site == ("Madrid",)
        assert queries.selection("site=Porto").site == ("Madrid",)
        notices = " ".join(queries.selection("site=Porto&team=Porto-3").notices)
        assert "Lisbon" not in notices
        assert "Porto-1" not in notices
        for outside in (Filters(), Filters(site=("Porto",)), Filters(team=("Porto-3",)), Filters(channel=("chat",))):
            assert not queries.decision(outside).allowed
            with pytest.raises(NotShownError):
                queries.study(KPI, outside)
        rows = gains(queries, queries.settings.catalogue[KPI], "team", Filters(site=("Madrid",))).rows
        assert all(name.startswith("Madrid") for name in rows["name"])
    with seen_by(EXECUTIVE):  # what one is not told is not kept for the other
        assert set(queries.facets().values["site"]) == {"Lisbon", "Madrid", "Porto"}


def test_tables_that_nobody_decided_about_are_not_told(corners: Corners) -> None:
    queries = corners.shared.queries
    shown = {name: pl.DataFrame({"cohort": ["x"], "n_agents": [40]}) for name in ("att_gt", "survivor", "new")}
    for filters, told in ((Filters(), {"survivor"}), (Filters(site=("Madrid",)), set())):
        with seen_by(EXECUTIVE):
            rows = queries._published(KPI, filters, shown | {"effect": pl.DataFrame()})
        assert {name for name, part in rows.items() if not part.is_empty()} == told


def test_a_report_holds_what_readers_are_told(corners: Corners, tmp_path: Path) -> None:
    """A period is answered on one's own machine, and by no report of a shared dashboard."""
    from empathy.reporting import report

    period = "from=2025-09-01"
    with seen_by(OWN_MACHINE):
        assert corners.own.queries.decision(corners.own.queries.selection(period)).allowed
    path = corners.shared.settings.config.path
    with pytest.MonkeyPatch.context() as patch:
        for name, value in ENVIRONMENT.items():
            patch.setenv(name, value)
        with pytest.raises(ReportError, match="answers for the whole period"):
            report(tmp_path / "board.html", path, period, "", plotly=False, mail="", schedule=False)


def test_totals_of_a_selection_are_told_to_two_digits(corners: Corners) -> None:
    with seen_by(EXECUTIVE):
        effect = corners.shared.queries.study(KPI, Filters())["effect"]
    own = corners.own.queries.study(KPI, Filters())["effect"]
    assert effect["n_contacts"].to_list() == own["n_contacts"].round_sig_figs(2).to_list()


def test_no_step_of_a_curve_is_one_leaver() -> None:
    weeks = np.arange(60)
    survival = np.cumprod(1 - (weeks % 7 == 3) * 2 / 100)
    curve = pl.DataFrame(
        {
            "arm": "trained", "leave_type": "any", "tenure_week": weeks, "at_risk": 100, "survival": survival,
            "ci_low": survival, "ci_high": survival,
        }
    )  # fmt: skip
    told = leaving_steps(curve, 5)
    fell = -told["survival"].diff().drop_nulls() * 100
    assert told["tenure_week"][0] == 0
    assert 1 < told.height < 10
    assert (fell > 3.4).all()  # five of a hundred, a little less of the share that is left


def test_no_step_of_adoption_is_one_agent() -> None:
    begin = date(2026, 1, 5)
    completed = [0, 0, 1, 4, 6, 7, 13, 20, 20, 22]
    rows = pl.DataFrame(
        {
            "week": [begin + timedelta(weeks=k) for k in range(10)], "planned": [40] * 10, "started": completed,
            "completed": completed, "overdue": [0] * 10, "left_unfinished": [0] * 10, "suppressed": [False] * 10,
        }
    )  # fmt: skip
    told = adoption_steps(rows, 5)
    shown = told.filter(~pl.col("suppressed"))["completed"].to_list()
    assert shown == [0, 0, 6, 13, 20, 20]
    assert told.height == 9


def test_one_agent_more_is_nothing_or_a_whole_group_in_adoption() -> None:
    """Two versions, and one completion, one overdue agent or one on the list between them."""
    units = [in_units(pl.DataFrame({"n": [n]}), ("n",), 5)["n"].item() for n in range(5, 200)]
    steps = np.diff(units)
    assert set(steps.tolist()) == {0, 5}
    assert (steps == 5).mean() == pytest.approx(0.2, abs=0.02)


@pytest.mark.parametrize(("viewer", "exact"), [(EXECUTIVE, False), (LEAD, False), (TRAINER, True)])
def test_adoption_is_counted_in_steps_but_for_whoever_runs_the_plan(
    corners: Corners, monkeypatch: pytest.MonkeyPatch, viewer: Viewer, exact: bool
) -> None:
    queries, first = corners.shared.queries, date(2025, 6, 2)
    one = {"week": first, "site": "Madrid", "team_id": "Madrid-1", "course_id": "C", "people": 37, "_tie": 0}
    counts = {"planned": 37, "started": 33, "completed": 22, "overdue": 8, "left_unfinished": 0}
    monkeypatch.setattr("dashboard.data.adoption._tied", lambda *_: pl.DataFrame([one | counts]))
    filters = Filters(site=("Madrid",))
    course = f"C of {viewer.role}"
    with seen_by(viewer):
        for rows in (progress(queries, filters, course), by_group(queries, filters, course, "team")):
            found = rows.select(COUNTS).row(0, named=True)
            assert found == (
                counts if exact else counts | {"planned": 35, "started": 35, "completed": 20, "overdue": 10}
            )


def test_a_survival_curve_is_no_fraction_whose_parts_can_be_found() -> None:
    """One leaver more or less moves a point by nothing or by a whole group, of the 165 that 163 are told as."""
    exact = [1 - left / 163 for left in range(60)]
    curve = pl.DataFrame({"arm": "trained", "leave_type": "any", "at_risk": 163, "survival": exact, "ci_low": exact,
                          "ci_high": exact})  # fmt: skip
    told = on_grid(curve, 5)
    steps = np.abs(np.diff(told["survival"].to_numpy()))
    assert ((steps < 1e-9) | (np.abs(steps - 5 / 165) < 1e-9)).all()
    assert told["at_risk"].unique().to_list() == [165]


def test_a_slice_means_the_same_rows_everywhere(corners: Corners) -> None:
    """The attacker's memberships are those that answers are made from."""
    queries = corners.shared.queries
    one = Filters(site=("Madrid",), channel=("chat",))
    assert to_slice(one).site == ("Madrid",)
    mask = queries._rows(one)
    assert mask is not None
    known = published.lattice(queries)
    parts = known.parts(one, EXECUTIVE)
    assert parts is not None
    assert np.array_equal(mask, (known.inside[known.key] == parts[0]).any(axis=1))
