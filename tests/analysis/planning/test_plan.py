"""A proposal: sizes, starts, what it can tell, what it gives up; and trials on own untrained weeks."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.errors import EstimationError
from analysis.panel.teams import TeamNow
from analysis.planning.ground import Ground, Team, ground
from analysis.planning.plan import Goal, Proposal, outlook, sentence, stated_components, warnings
from analysis.planning.simulation import simulate
from analysis.planning.variance_components import Components
from analysis.words.numbers import Reader
from tests.analysis.worlds import words

QUIET = Components(0.0001, 0.8, 0.0001)


def goal(components: Components = QUIET, matters: float = 0.02) -> Goal:
    return Goal(words(), matters, components)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"n_teams": 1}, "One team cannot be compared"),
        ({"n_teams": 5, "n_waves": 6}, "6 waves need as many teams"),
        ({"n_teams": 9, "n_waves": 4, "gap_weeks": 9}, "starts after the 26 weeks"),
        ({"n_teams": 9, "history_weeks": 0}, "no history"),
    ],
)
def test_a_proposal_that_cannot_be_carried_out_is_refused(given: dict[str, int], says: str) -> None:
    with pytest.raises(EstimationError, match=says):
        outlook(goal(), Proposal(**given))


def test_teams_are_shared_out_evenly_over_the_waves() -> None:
    made = Proposal(n_teams=11, n_waves=3, gap_weeks=4, n_untrained=2)

    assert made.sizes == (3, 3, 3, 2)
    assert made.starts.tolist() == [0] * 3 + [4] * 3 + [8] * 3 + [-1] * 2


def test_what_is_given_up_is_said() -> None:
    assert "Everybody at once" in warnings(Proposal(12, n_waves=1))[0]
    assert "From week 8 on" in warnings(Proposal(12))[0]
    assert warnings(Proposal(12, n_untrained=3)) == ()
    assert "low point" in warnings(Proposal(12, n_untrained=3), worst_first=True)[0]
    assert "no verdict is given" in warnings(Proposal(5, n_waves=2, n_untrained=1))[0]


def test_training_everybody_now_is_never_told() -> None:
    found = outlook(goal(), Proposal(12, n_waves=1))

    assert math.isinf(found.weeks_to_know)
    assert math.isnan(found.detectable)
    assert "could not tell within 26 weeks" in sentence([found], Proposal(12, n_waves=1), Reader())


def test_a_plan_says_when_and_a_trial_agrees() -> None:
    """The stated week's smallest change is detected in about 80% of trials on made paths."""
    proposal = Proposal(24, n_waves=3, gap_weeks=3, n_untrained=6, history_weeks=26, after_weeks=12)
    found = outlook(goal(), proposal)
    made = simulate(
        proposal.starts, 26, 12, found.points[-1].detectable, means=None, sizes=None, components=QUIET, simulations=120
    )

    assert 0.66 < made.power < 0.92  # three standard errors of 120 trials
    assert made.false_alarms < 0.12
    assert not made.own_weeks
    assert f"by week {int(found.weeks_to_know)}" in sentence([found], proposal, Reader())


def test_a_trial_uses_whole_paths_of_own_teams_where_there_are_enough_weeks() -> None:
    rng = np.random.default_rng(3)
    means = 0.1 + 0.01 * rng.standard_normal((12, 40))
    proposal = Proposal(8, n_waves=2, n_untrained=2, history_weeks=20, after_weeks=10)
    made = simulate(
        proposal.starts, 20, 10, -0.03, means=means, sizes=np.full(means.shape, 50.0), components=QUIET, simulations=20
    )

    assert made.own_weeks
    assert made.power > 0.9


def test_a_constant_change_moves_the_interval_by_itself() -> None:
    """What a trial rests on: with and without the change the interval is the same, shifted."""
    from analysis import Panel, estimate

    rng = np.random.default_rng(6)
    y, den = 0.1 + 0.02 * rng.standard_normal((9, 20)), rng.uniform(20, 60, (9, 20))
    cohort, ix = np.array([8, 8, 8, 12, 12, 12, 30, 30, 30]), np.arange(9)
    ends = []
    for change in (0.0, 0.013):
        with_it = y + change * (np.arange(20)[None, :] >= cohort[:, None])
        panel = Panel(with_it * den, den, cohort, ix, ix, np.arange(20), ix)
        found = estimate(panel, "imputation").aggregate("simple").overall
        ends.append((found.ci_low, found.ci_high))

    assert ends[1] == pytest.approx((ends[0][0] + 0.013, ends[0][1] + 0.013), rel=1e-9)


def test_before_there_are_data_six_teams_are_told_what_they_can_learn() -> None:
    components = stated_components(0.12, 960, 0.01, 0.8)
    found = outlook(goal(components, 0.005), Proposal(6, n_waves=2, n_untrained=2))

    assert found.detectable > 0.02
    assert math.isinf(found.weeks_to_know)
    with pytest.raises(EstimationError, match="rate is 0"):
        stated_components(0.0, 960, 0.01, 0.8)
    with pytest.raises(EstimationError, match=r"icc is 1\.5"):
        stated_components(0.1, 960, 1.5, 0.8)


def test_a_plan_starts_from_untrained_teams_that_still_work() -> None:
    from analysis.panel.panel import NEVER, Panel

    rng = np.random.default_rng(8)
    teams, agents, weeks = 10, 3, 30
    cluster = np.repeat(np.arange(teams), agents)
    cohort = np.where(cluster < 4, 20, NEVER)
    den = np.full((teams * agents, weeks), 20.0)
    den[cluster == 9, 15:] = 0.0  # closed
    y = 0.1 + 0.02 * rng.standard_normal(den.shape)
    labels = np.array([f"team {k}" for k in range(teams)])
    panel = Panel(y * den, den, cohort, cluster, np.arange(cluster.size), np.arange(weeks), labels)
    now = {str(name): TeamNow(str(name), "Porto" if k % 2 else "Madrid", 3) for k, name in enumerate(labels)}
    kpi = words()
    object.__setattr__(kpi, "smallest_effect", 0.01)
    found = ground([kpi], lambda _: panel, now)

    assert [team.name for team in found.teams] == [f"team {k}" for k in range(4, 9)]
    assert found.history_weeks == 30
    assert found.covariates().shape == (5, 3)
    assert found.goals[0].components.n_weeks >= 20


def test_a_goal_without_data_is_named_with_its_reason() -> None:
    def nothing(_: str) -> None:
        raise EstimationError("There are no weeks.")

    found = ground([words()], nothing, {})  # type: ignore[arg-type, list-item]
    assert found.goals == ()
    assert found.unknown[0][1] == "There are no weeks."
    assert isinstance(found, Ground)
    assert Team("a", "b", 1, 0.1).name == "a"
