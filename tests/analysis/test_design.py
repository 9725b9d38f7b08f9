"""How agents were chosen decides the comparison."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from analysis.design import Situation, choose, in_words
from analysis.planning.waiting_time import decisive_std_error, weeks_to_know

RULE = SimpleNamespace(kpi="escalation_rate", lookback_weeks=4, share=0.5)


def assignment(mode: str, rule: Any = None, **changes: Any) -> Any:
    return SimpleNamespace(**{"mode": mode, "unit": "team", "anticipation_weeks": 1, "rule": rule, **changes})


def situation(**changes: Any) -> Situation:
    plain: dict[str, Any] = {
        "has_schedule": True,
        "n_trained": 90,
        "n_scheduled": 100,
        "exposed_share": 0.0,
        "everybody_trained": False,
    }
    return Situation(**{**plain, **changes})


@pytest.mark.parametrize(
    ("mode", "rule", "headline", "timing", "limited"),
    [
        ("randomised", None, "imputation", "scheduled", False),
        ("team_waves", None, "imputation", "scheduled", False),
        ("lowest_performers", RULE, "stacked", "scheduled", False),
        ("lowest_performers", None, "imputation", "trained", True),
        ("volunteers", None, "imputation", "trained", True),
        ("unknown", None, "imputation", "trained", True),
    ],
)
def test_the_mode_decides_headline_and_timing(mode: str, rule: Any, headline: str, timing: str, limited: bool) -> None:
    found = choose(assignment(mode, rule), situation())

    assert (found.headline, found.timing, found.limited) == (headline, timing, limited)
    assert found.limits().limited is limited
    frame = found.frame()
    assert frame.filter(frame["role"] == "headline")["estimator"].to_list() == [headline]
    assert all(reason.endswith((".", "limited.")) for reason in frame["reason"])


def test_without_a_schedule_agents_count_from_completion() -> None:
    assert choose(assignment("team_waves"), situation(has_schedule=False, n_scheduled=0)).timing == "trained"


def test_partly_trained_teams_are_no_clean_comparison() -> None:
    found = choose(assignment("randomised"), situation(exposed_share=0.4))

    assert found.unexposed_controls
    assert "40%" in dict(found.notes)["spillover"]
    assert not choose(assignment("team_waves"), situation()).unexposed_controls


def test_agents_compared_across_teams_are_clustered_by_team() -> None:
    across = choose(assignment("randomised", unit="agent"), situation(exposed_share=0.4))
    within = choose(assignment("randomised", unit="agent"), situation())
    ruled = choose(assignment("lowest_performers", RULE, unit="agent"), situation(exposed_share=0.4))

    assert (across.cluster, within.cluster, ruled.cluster) == ("team", "agent", "team")
    assert across.limits().cluster_word == "teams"
    assert "other teams" in dict(across.notes)["cluster"]


def test_naive_comparisons_are_never_admissible() -> None:
    for mode in ("randomised", "team_waves", "volunteers", "unknown"):
        found = choose(assignment(mode), situation())
        bad = {c.estimator for c in found.choices if not c.admissible}
        assert {"twfe", "before_after", "trained_vs_untrained"} <= bad


def test_the_design_says_where_everybody_was_trained() -> None:
    found = choose(assignment("team_waves"), situation(everybody_trained=True))

    assert any("no comparison" in c.reason for c in found.choices)


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="randomised"):
        choose(assignment("lottery"), situation())


def test_weeks_until_it_can_be_told() -> None:
    """Twice the weeks after training halve that part of the variance; the part from before stays."""
    assert weeks_to_know(1.0, 1.0, post_weeks=10, pre_weeks=20) == 0.0
    target = ((1 / 20 + 1 / 20) / (1 / 10 + 1 / 20)) ** 0.5
    assert weeks_to_know(1.0, target, post_weeks=10, pre_weeks=20) == pytest.approx(10.0)
    assert weeks_to_know(1.0, 0.1, post_weeks=10, pre_weeks=20) == float("inf")
    assert weeks_to_know(float("nan"), 0.1, post_weeks=10, pre_weeks=20) != weeks_to_know(
        1.0, 1.0, post_weeks=1, pre_weeks=1
    )


def test_the_deciding_error_excludes_zero_or_fits_the_band() -> None:
    critical = 1.959963984540054
    assert decisive_std_error(0.02, 0.005, 1e9) == pytest.approx(0.02 / critical, rel=1e-6)
    assert decisive_std_error(0.001, 0.005, 1e9) == pytest.approx(0.004 / critical, rel=1e-6)


def test_the_design_is_told_in_lines_with_every_estimator_and_its_reason() -> None:
    found = choose(assignment("team_waves"), situation())
    lines = in_words(found.frame(), found.notes_frame())

    assert lines[0] == "Whole teams were trained in waves."
    assert any(line.startswith("Headline: imputation. Whole teams") for line in lines)
    assert any(line.startswith("Second opinion: group_time. ") for line in lines)
    assert "Not admissible: twfe. Uses agents already trained as comparison for those trained later." in lines
    assert all(any(choice.reason in line for line in lines) for choice in found.choices)
    assert all(any(value == line for line in lines) for _, value in found.notes)
