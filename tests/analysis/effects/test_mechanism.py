"""Training, skill, KPI: identities, readings, bad input, and a small version of benchmarks/coverage_chain.py."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest

from analysis import EstimationError, Panel, PanelError, estimate, mechanism
from analysis.panel.never import NEVER


@pytest.fixture(scope="module")
def chain() -> ModuleType:
    path = Path(__file__).resolve().parents[3] / "benchmarks" / "coverage_chain.py"
    spec = importlib.util.spec_from_file_location("coverage_chain", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["coverage_chain"] = module
    spec.loader.exec_module(module)
    return module


def row(chain: ModuleType, name: str) -> object:
    return next(r for r in chain.ROWS if r.name == name)


WORLDS = 24
LOWEST_HELD = 19
"""With true coverage 95%, 18 or fewer of 24 happens once in 3,000."""


def test_both_links_are_found_and_their_intervals_hold_the_truth(chain: ModuleType) -> None:
    line = chain.run(row(chain, "both links, 4 scores a week, 20 teams"), WORLDS)

    for name in ("effect", "slope", "indirect", "direct", "total"):
        assert line.mean[f"{name}_held"] * WORLDS >= LOWEST_HELD, name
        assert abs(line.bias(name)) < 4 * line.spread[name] / WORLDS**0.5, name
    assert line.mean["claims"] > 0.8
    assert line.mean["supported"] == 0


@pytest.mark.parametrize(
    "name",
    ["skill moves, KPI does not follow it, 20 teams", "KPI follows the skill, training does not move it, 20 teams"],
)
def test_one_link_is_not_claimed_as_two(chain: ModuleType, name: str) -> None:
    """At a true rate of 5%, 6 or more of 24 happens twice in 1,000."""
    line = chain.run(row(chain, name), WORLDS)

    assert line.mean["claims"] * WORLDS <= 5
    assert line.mean["indirect_held"] * WORLDS >= LOWEST_HELD


def test_a_shared_shock_and_a_real_link_get_the_same_cautious_reading(chain: ModuleType) -> None:
    drawn = chain.world(row(chain, "phantom: a shared shock, no link, 40 teams"), 7)
    true = chain.world(row(chain, "both links, 4 scores a week, 40 teams"), 7)
    phantom, carrier = (mechanism(w.kpi, {"active_listening": w.skill}, kpi="escalations") for w in (drawn, true))

    for made in (phantom, carrier):
        assert made.state == "consistent"
        assert made.reading == f"consistent with the skill, or with a shared shock of {made.correlation:.2f}"
        assert "cannot tell the two apart" in made.sentence
        assert "active listening" in made.sentence
        assert "because" not in made.sentence
        assert "carried by" not in made.sentence
    assert 0 < phantom.robustness < 1


def test_total_is_direct_and_indirect_and_the_headline(chain: ModuleType) -> None:
    drawn = chain.world(row(chain, "both links, 4 scores a week, 20 teams"), 3)

    made = mechanism(drawn.kpi, {"skill": drawn.skill})
    alone = estimate(drawn.kpi, variance="jackknife").aggregate("simple").overall
    on_skill = estimate(drawn.skill, variance="jackknife").aggregate("simple").overall
    skill = made.skills.row(0, named=True)

    assert made.direct.estimate + made.indirect.estimate == pytest.approx(made.total.estimate, abs=1e-12)
    assert made.total.estimate == pytest.approx(alone.estimate, abs=1e-12)
    assert made.total.std_error == pytest.approx(alone.std_error, rel=1e-9)
    assert (made.total.ci_low, made.total.ci_high) == pytest.approx((alone.ci_low, alone.ci_high), rel=1e-9)
    assert skill["effect"] == pytest.approx(on_skill.estimate, abs=1e-12)
    assert skill["effect_low"] == pytest.approx(on_skill.ci_low, abs=1e-10)
    assert made.indirect.estimate == pytest.approx(skill["effect"] * skill["slope"], abs=1e-12)
    assert made.share.estimate == pytest.approx(made.indirect.estimate / made.total.estimate, abs=1e-12)
    assert made.share.ci_low < made.share.estimate < made.share.ci_high


def _frame(seed: int = 1, teams: int = 12, weeks: int = 30) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    agent, week = (g.ravel() for g in np.mgrid[: teams * 5, :weeks])
    team = agent // 5
    start = np.array([10, 15, 99])[team % 3]
    trained = week >= start
    skill = draw.normal(size=agent.size) + 0.6 * trained
    return pl.DataFrame(
        {
            "agent": agent, "week": week, "team": team, "start": start, "skill": skill,
            "other": draw.normal(size=agent.size) + 0.3 * trained,
            "y": 0.5 * skill + 0.2 * trained + draw.normal(size=agent.size), "flat": np.ones(agent.size),
        }
    )  # fmt: skip


def _panel(frame: pl.DataFrame, outcome: str, **more: object) -> Panel:
    return Panel.from_frame(frame, "agent", "week", "start", outcome, cluster="team", never=99, **more)  # type: ignore[arg-type]


def test_direct_is_the_effect_of_training_on_the_kpi_less_slope_times_skill() -> None:
    """g-estimation: by linearity, where skill and KPI are seen in the same cells with the same weights."""
    frame = _frame()
    y, skill, other = (_panel(frame, name) for name in ("y", "skill", "other"))

    made = mechanism(y, {"skill": skill, "other": other})
    b = made.skills["slope"].to_numpy()
    less = y.with_outcome(y.y - b[0] * skill.y - b[1] * other.y, "less")

    assert estimate(less).aggregate("simple").overall.estimate == pytest.approx(made.direct.estimate, abs=1e-12)


def test_the_order_of_rows_and_skills_and_absent_weeks_do_not_matter() -> None:
    frame = _frame()
    made = mechanism(_panel(frame, "y"), {"skill": _panel(frame, "skill"), "other": _panel(frame, "other")})
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=4)
    again = mechanism(_panel(shuffled, "y"), {"other": _panel(frame, "other"), "skill": _panel(shuffled, "skill")})

    assert again.indirect.estimate == pytest.approx(made.indirect.estimate, abs=1e-12)
    assert again.indirect.std_error == pytest.approx(made.indirect.std_error, rel=1e-9)


def test_a_skill_scored_for_some_agents_only_is_lined_up_by_name() -> None:
    frame = _frame()
    part = frame.filter((pl.col("agent") % 2 == 0) & (pl.col("week") > 3))

    made = mechanism(_panel(frame, "y"), {"skill": _panel(part, "skill")})

    expected = estimate(_panel(part, "skill")).aggregate("simple").overall.estimate
    assert made.skills["effect"][0] == pytest.approx(expected, abs=1e-12)
    assert made.state == "consistent"


def test_a_control_takes_a_shock_that_was_measured_away() -> None:
    frame = _frame()
    shock = np.random.default_rng(9).normal(size=frame.height)
    both = frame.with_columns(y=pl.col("y") + shock, skill=pl.col("skill") + shock, shock=pl.Series(shock))
    y, skill = _panel(both, "y"), _panel(both, "skill")

    blind, told = mechanism(y, {"skill": skill}), mechanism(y, {"skill": skill}, {"shock": _panel(both, "shock")})

    assert blind.skills["slope"][0] > 0.65
    assert told.skills["slope"][0] == pytest.approx(0.5, abs=0.1)
    as_array = mechanism(y, {"skill": skill}, {"shock": _panel(both, "shock").y})
    assert as_array.skills["slope"][0] == pytest.approx(told.skills["slope"][0], abs=1e-12)


def test_the_slope_is_taken_from_contacts_apart_where_they_are_given() -> None:
    frame = _frame()
    draw = np.random.default_rng(8)
    luck = draw.normal(size=frame.height)
    shared = frame.with_columns(y=pl.col("y") + luck, skill=pl.col("skill") + luck)
    y, skill = _panel(shared, "y"), _panel(shared, "skill")

    made = mechanism(y, {"skill": skill}, apart=_panel(frame, "y"))

    assert made.skills["slope"][0] < 0.4 < mechanism(y, {"skill": skill}).skills["slope"][0]
    assert made.total.estimate == mechanism(y, {"skill": skill}).total.estimate


def test_noise_is_known_from_counts_of_yes_and_no_too() -> None:
    draw = np.random.default_rng(11)
    frame = _frame(teams=24)
    share = 1 / (1 + np.exp(-frame["skill"].to_numpy()))
    seen = draw.binomial(6, share) / 6
    frame = frame.with_columns(
        hits=pl.Series(seen), n=pl.lit(6.0), y=pl.Series(2 * share) + pl.Series(draw.normal(size=share.size))
    )

    made = mechanism(_panel(frame, "y"), {"hits": _panel(frame, "hits", weight="n")})

    assert 0.3 < made.skills["reliability"][0] < 0.8
    assert made.skills["slope_low"][0] < 2 < made.skills["slope_high"][0]
    assert not made.notes


def test_unknown_noise_is_said() -> None:
    made = mechanism(_panel(_frame(), "y"), {"skill": _panel(_frame(), "skill")})

    assert made.notes == (
        "The sampling noise of skill is not known, so it is taken as measured without error; if it is not, "
        "the slope and the indirect effect are too small.",
    )


def test_few_noisy_scores_are_not_readable(chain: ModuleType) -> None:
    noisy = replace(row(chain, "both links, 0.75 scores a week, 20 teams"), noise=12.0)  # type: ignore[type-var]
    drawn = chain.world(noisy, 5)

    made = mechanism(drawn.kpi, {"active_listening": drawn.skill}, kpi="escalations")

    assert made.state == made.reading.replace(" ", "_") == "not_readable"
    assert "which takes more evaluations" in made.sentence
    assert made.total.available


def test_a_month_is_used_where_a_week_is_too_noisy() -> None:
    """A skill that stays for four weeks, one score a week: the noise of a month is half that of a week."""
    draw = np.random.default_rng(6)
    frame = _frame(teams=30)
    month = np.repeat(draw.normal(size=(150, 8)), 4, axis=1)[:, :30].ravel()
    score = month + 1.8 * draw.normal(size=month.size)
    frame = frame.with_columns(
        skill=pl.Series(score),
        sq=pl.Series(score**2),
        n=pl.lit(1.0),
        y=pl.Series(0.4 * month) + draw.normal(size=score.size),
    )

    made = mechanism(_panel(frame, "y"), {"skill": _panel(frame, "skill", weight="n", squares="sq")})

    assert made.grain == "agent_month"
    assert made.skills["reliability"][0] == pytest.approx(1 / (1 + 1.8**2 / 4), abs=0.1)
    assert made.skills["slope_low"][0] < 0.4 < made.skills["slope_high"][0]


@pytest.mark.parametrize(
    ("outcome", "skill", "words"),
    [
        ("y", "flat", "of flat, the outcome never varies"),
        ("flat", "skill", "of the KPI, the outcome never varies"),
    ],
)
def test_what_never_varies_is_said(outcome: str, skill: str, words: str) -> None:
    made = mechanism(_panel(_frame(), outcome), {skill: _panel(_frame(), skill)})

    assert made.state == "not_readable"
    assert words in made.sentence
    assert not made.indirect.available
    assert made.total.available == (outcome == "y")


def test_one_team_nobody_trained_and_nothing_in_common() -> None:
    frame = _frame()
    one = frame.filter(pl.col("team") == 0)
    assert "one cluster" in mechanism(_panel(one, "y"), {"skill": _panel(one, "skill")}).sentence
    nobody = frame.with_columns(start=pl.lit(99))
    assert "nobody" in mechanism(_panel(nobody, "y"), {"skill": _panel(nobody, "skill")}).sentence
    with pytest.raises(EstimationError, match="at least one skill"):
        mechanism(_panel(frame, "y"), {})
    others = frame.with_columns(agent=pl.col("agent") + 1000)
    with pytest.raises(EstimationError, match="no agent or no week in common"):
        mechanism(_panel(frame, "y"), {"skill": _panel(others, "skill")})


def test_squares_that_cannot_be_are_refused() -> None:
    frame = _frame().with_columns(sq=pl.col("skill") ** 2 / 2, n=pl.lit(3.0))

    with pytest.raises(PanelError, match="sum of the squared single values"):
        _panel(frame, "skill", weight="n", squares="sq")


def _courses(seed: int, direct: float) -> tuple[Panel, Panel, list[np.ndarray]]:
    """Courses at different weeks that teach one skill by 0.2, 0.5 and 0.9; the third also moves the KPI directly."""
    draw = np.random.default_rng(seed)
    agents, weeks, teams = 320, 40, 40
    team = np.arange(agents) // 8
    base = np.array([8, 14, 20, 999])[team % 4]
    at = [base, base + draw.integers(2, 9, agents), base + draw.integers(2, 9, agents)]
    doses = [(np.arange(weeks)[None] >= when[:, None]).astype(float) for when in at]
    shock = draw.normal(size=(agents, weeks))
    skill = shock + draw.normal(size=shock.shape) + sum(s * d for s, d in zip((0.2, 0.5, 0.9), doses, strict=True))
    y = 0.4 * skill + shock + direct * doses[2] + draw.normal(size=shock.shape)
    agent, week = (g.ravel() for g in np.mgrid[:agents, :weeks])
    frame = pl.DataFrame(
        {
            "agent": agent,
            "week": week,
            "team": team[agent],
            "start": base[agent],
            "y": y.ravel(),
            "skill": skill.ravel(),
        }
    )
    by = {"unit": "agent", "time": "week", "cohort": "start", "cluster": "team", "never": 999}
    assert teams == len(set(team.tolist()))
    return Panel.from_frame(frame, outcome="y", **by), Panel.from_frame(frame, outcome="skill", **by), doses


def test_courses_at_different_weeks_are_a_second_route_that_a_shared_shock_does_not_bend() -> None:
    y, skill, doses = _courses(3, direct=0.0)

    made = mechanism(y, {"skill": skill}, courses=doses)

    assert made.state == "supported"
    assert made.reading == "supported by a second route"
    assert made.second_route.ci_low < 0.4 < made.second_route.ci_high
    assert made.skills["slope_low"][0] > 0.6  # the first route takes the shock for the skill
    assert made.second_route.overidentification_p > 0.05


def test_a_course_with_a_way_of_its_own_fails_the_test() -> None:
    y, skill, doses = _courses(3, direct=0.5)

    made = mechanism(y, {"skill": skill}, courses=doses)

    assert made.second_route.overidentification_p < 0.05
    assert made.state == "consistent"


def test_one_course_is_no_second_route() -> None:
    y, skill, doses = _courses(3, direct=0.0)

    assert "fewer than two" in str(mechanism(y, {"skill": skill}, courses=doses[:1]).second_route.reason)
    assert "fewer than two" in str(mechanism(y, {"skill": skill}, courses=[doses[0]] * 2).second_route.reason)


def test_the_document_holds_every_row_in_its_band(chain: ModuleType) -> None:
    """docs/coverage.md is what the intervals are believed on, so it is held to what it says itself."""
    text = (Path(__file__).resolve().parents[3] / "docs" / "coverage.md").read_text(encoding="utf-8")
    part = text[text.index("<!-- chain -->") : text.index("<!-- /chain -->")]
    cells = {line.split("|")[1].strip(): line.split("|") for line in part.splitlines() if line.startswith("| ")}

    for r in chain.ROWS:
        assert int(cells[r.name][2]) >= 1000, r.name
        held = [float(cell.split("%")[0]) for cell in cells[r.name][3:7]]
        claims = float(cells[r.name][9].split("%")[0])
        if r.shock:
            continue  # what cannot be told by any slope; the reading names the shock
        assert min(held) >= 93.0, r.name
        if r.learned and r.carried:
            assert max(held) <= 97.0, r.name
            assert float(cells[r.name][8].strip().strip("%")) < 10.0, r.name
        else:
            assert claims <= 5.0, r.name


def _world(skill: str) -> tuple[Panel, Panel]:
    """20 teams in waves; a skill that never varies, that only training moves, or that agents and weeks explain."""
    draw = np.random.default_rng(3)
    agent, week = (grid.ravel() for grid in np.mgrid[:80, :30])
    start = np.array([8, 14, 20, 99])[agent // 4 % 4]
    scores = {
        "never": np.full(agent.size, 0.7),
        "training": 0.7 + 0.1 * (week >= start),
        "agents": 0.5 + 0.002 * agent + 0.1 * (week >= start),
        "weeks": 0.5 + 0.002 * week + 0.1 * (week >= start),
    }
    frame = pl.DataFrame({"a": agent, "w": week, "team": agent // 4, "start": start, "n": np.full(agent.size, 3.0)})
    frame = frame.with_columns(s=pl.Series(scores[skill]), k=pl.Series(draw.normal(size=agent.size)))
    frame = frame.with_columns(sq=3 * pl.col("s") ** 2 + 0.04)
    by = {"unit": "a", "time": "w", "cohort": "start", "weight": "n", "cluster": "team", "never": 99}
    return Panel.from_frame(frame, outcome="k", **by), Panel.from_frame(frame, outcome="s", squares="sq", **by)


@pytest.mark.parametrize("noise", [True, False])
@pytest.mark.parametrize(
    ("skill", "words"),
    [
        ("never", "of empathy, the outcome never varies"),
        ("training", "before training empathy was the same"),
        ("agents", "before training empathy was the same"),
        ("weeks", "before training empathy was the same"),
    ],
)
def test_a_skill_without_a_move_of_its_own_is_not_read(skill: str, words: str, noise: bool) -> None:
    kpi, panel = _world(skill)
    made = mechanism(kpi, {"empathy": panel if noise else replace(panel, sq=None)})
    assert made.state == "not_readable"
    assert words in made.sentence


def test_where_nobody_is_left_to_compare_with_no_link_is_denied() -> None:
    kpi, skill = (replace(panel, cohort_ix=np.full(panel.n_units, 12)) for panel in _world("training"))
    made = mechanism(kpi, {"empathy": skill})
    assert made.state == "not_readable"
    assert "nobody is still untrained when training begins" in made.sentence


def test_one_trained_team_is_said_to_be_one() -> None:
    kpi, skill = (replace(panel, cohort_ix=np.where(panel.cluster_ix == 0, 12, NEVER)) for panel in _world("training"))
    made = mechanism(kpi, {"empathy": skill})
    assert made.state == "not_readable"
    assert "hangs on a single team" in made.sentence


def test_weeks_in_which_nobody_was_scored_are_named() -> None:
    kpi, skill = _world("never")
    gone = np.isin(np.arange(skill.n_periods), [4, 5, 9])[None, :]
    partly = replace(skill, num=np.where(gone, 0.0, skill.num), den=np.where(gone, 0.0, skill.den))
    notes = mechanism(kpi, {"empathy": partly}).notes
    assert notes == (
        "Nobody was scored on empathy in 3 weeks between 4 and 9; effect and slope rest on the other weeks.",
    )
    assert mechanism(kpi, {"empathy": skill}).notes == ()
