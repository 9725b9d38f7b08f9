"""Rows of the chain from training to money, with every reading and a wave too small to be shown."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from analysis.study.result_tables import table
from analysis.words.mechanism import reading, sentence

SKILLS = (
    "empathy_score", "active_listening", "personalisation", "probing_questions", "perspective_taking",
    "trigger_free_language",
)  # fmt: skip
GOALS = ("csat_top2", "escalation_rate", "upsell_conversion")
STATES = {"csat_top2": "no_link", "escalation_rate": "consistent", "upsell_conversion": "not_readable"}
SMALL_WAVE, SMALL_WAVE_AGENTS = "2025-12-01", 4
WAVES = {"2025-09-08": 96, "2025-11-03": 92, SMALL_WAVE: SMALL_WAVE_AGENTS}
EFFECT, SLOPE = 0.08, -0.2
N_AGENTS = 280


def mechanism() -> pl.DataFrame:
    """``result.mechanism``: one goal of every reading but the strongest."""
    rows = []
    for goal in GOALS:
        state: Any = STATES[goal]
        for k, skill in enumerate(SKILLS):
            slope = SLOPE * (1 - 0.1 * k) if state == "consistent" else 0.01
            name = skill.replace("_", " ")
            row: dict[str, Any] = {
                "kpi": goal,
                "skill": skill,
                "state": state,
                "reading": reading(state, 0.14),
                "sentence": sentence(
                    state, kpi=goal, skills=[name], correlation=0.14, learned=True, carried=state == "consistent",
                    why="too few evaluations" if state == "not_readable" else "",
                ),
                "grain": "agent_week",
                "reliability": 0.2 if state == "not_readable" else 0.75 - 0.05 * k,
                "shared_shock": 0.14,
                "second_reason": "the courses came too close together",
                "n_agents": N_AGENTS,
                "n_clusters": 24,
            }  # fmt: skip
            for column, value, half in (
                ("effect_on_skill", EFFECT, 0.03), ("slope", slope, 0.05), ("total", -0.017, 0.01),
                ("indirect", EFFECT * slope, 0.008), ("direct", -0.001, 0.01),
            ):  # fmt: skip
                row |= {column: value, f"{column}_low": value - half, f"{column}_high": value + half}
            rows.append(row)
    return table("mechanism", rows)


def chain() -> pl.DataFrame:
    """``result.chain``: everybody, three waves, two courses; the second course reports no score."""
    rows = []
    for wave, planned in {"": sum(WAVES.values()), **WAVES}.items():
        rows += links(planned, wave=wave, verdict="clear" if wave == "" else "cant_tell_yet")
    for course, scored in (("EMP101", True), ("EMP201", False)):
        found = links(150, course=course, verdict=None)
        rows += [row for row in found if row["link"] != "kpi" and (scored or row["link"] != "learned")]
    money = {"wave": "", "course": "", "position": 5, "link": "money", "about": "net", "value": 70e3}
    rows.append(money | {"ci_low": -10e3, "ci_high": 150e3, "sentence": "What it is worth."})
    return table("chain", rows)


def links(planned: int, *, wave: str = "", course: str = "", verdict: str | None) -> list[dict[str, Any]]:
    done = round(0.9 * planned)
    at = {"wave": wave, "course": course}
    words = "We can't tell yet. Only 3 trained teams; at least 6 are needed to judge." if wave else "It rose."
    of_study = {"n": planned, "verdict": verdict, "sentence": words}
    return [
        {**at, "position": 0, "link": "planned", "n": planned},
        {**at, "position": 1, "link": "completed", "n": done, "value": done / planned},
        {**at, "position": 2, "link": "learned", "n": done, "value": 0.81, "ci_low": 0.79, "ci_high": 0.83},
        {**at, "position": 3, "link": "applied", "about": "empathy_score", "value": EFFECT, "ci_low": 0.05,
         "ci_high": 0.11, **of_study},
        *(
            {**at, "position": 4, "link": "kpi", "about": goal, "value": -0.017, "ci_low": -0.03, "ci_high": -0.004,
             **of_study}
            for goal in GOALS
        ),
    ]  # fmt: skip


def courses() -> pl.DataFrame:
    """``result.course_skill``: told apart in one skill."""
    return table(
        "course_skill",
        [
            {"course": course, "skill": skill, "estimate": size, "std_error": 0.01, "ci_low": size - 0.02,
             "ci_high": size + 0.02, "told_apart": skill == "personalisation", "n_agents": 150}
            for course, size in (("EMP101", 0.05), ("EMP201", 0.01))
            for skill in SKILLS
        ],
    )  # fmt: skip


def refreshers() -> pl.DataFrame:
    """``result.refresher``: a quarter of what training did to the empathy score comes back, and nothing of a goal."""
    return table(
        "refresher",
        [
            {"kpi": kpi, "from_week": first, "to_week": last, "estimate": size, "std_error": 0.005,
             "ci_low": size - 0.01, "ci_high": size + 0.01, "stands_out": size > 0.01, "n_agents": 80,
             "n_clusters": 12}
            for kpi, brought in (("empathy_score", EFFECT / 4), ("escalation_rate", 0.002))
            for first, last, size in ((-8, 0, 0.001), (0, 4, brought))
        ],
    )  # fmt: skip


def raters(n: int = 4) -> pl.DataFrame:
    """``result.rater``: ``n`` raters and two forms."""
    both = {"sd_between": 0.02, "sd_within": 0.08, "leak_spread": 0.0, "n_evaluations": 4_000}
    return table(
        "rater",
        [
            {"skill": skill, "kind": kind, "name": f"{kind}-{k}", "severity": 0.1234 * (k - 1), **both}
            for skill in SKILLS
            for kind, size in (("rater", n), ("form", 2))
            for k in range(size)
        ],
    )


def evaluations(first: date, n_weeks: int, agents: list[str], **columns: Any) -> pl.DataFrame:
    """``core.qa_evaluation``: one evaluation an agent and four weeks; ``columns`` replace what is drawn."""
    rows = []
    for w in range(0, n_weeks, 4):
        day = first + timedelta(weeks=w)
        at = datetime.combine(day, datetime.min.time())
        for k, agent in enumerate(agents):
            row = {
                "evaluation_id": f"{agent}-{w}", "agent_key": agent, "evaluator_key": f"rater-{k % 4}",
                "form_version": f"v{1 + (w > n_weeks // 2)}", "evaluated_at": at,
                "local_date": day, "week": day, "calibration": False, "place_ix": k,
            }  # fmt: skip
            rows.append(row | {skill: 0.5 + 0.01 * ((k + w + s) % 40) for s, skill in enumerate(SKILLS)})
    made = pl.DataFrame(rows, infer_schema_length=None)
    return made.with_columns(**columns)


def rules() -> pl.DataFrame:
    """``result.rule``: one clearly moved, one did not, a trigger phrase, one known to nobody, one of few agents."""
    both = {"before": 0.05, "after": 0.09, "untrained": 0.06, "std_error": 0.01, "n_contacts": 400.0}
    listed = (
        ("active_listening", "say_back", "shows", 0.03, True, 200),
        ("probing_questions", "open_question", "shows", 0.01, False, 200),
        ("trigger_free_language", "policy", "breaks", -0.02, False, 150),
        ("personalisation", "customer_name", "shows", 0.0, False, 90),
        ("sympathy", "no_such_rule", "shows", 0.005, False, 40),
        ("sympathy", "sorry", "shows", 0.2, True, 4),
    )
    return table(
        "rule",
        [
            {**both, "skill": skill, "rule": rule, "polarity": polarity, "estimate": size, "ci_low": size - 0.02,
             "ci_high": size + 0.02, "claimed": claimed, "n_agents": agents}
            for skill, rule, polarity, size, claimed, agents in listed
        ],
    )  # fmt: skip


def heard() -> pl.DataFrame:
    """``result.heard``: one measure of every state."""
    rates = {
        f"{name}{end}": at + shift
        for name, at in (("sensitivity", 0.5), ("specificity", 0.9), ("level", 0.6))
        for end, shift in (("", 0.0), ("_low", -0.1), ("_high", 0.1))
    }
    counts = {"n_labels": 900, "n_shown": 500, "n_agents": 200, "n_clusters": 24}
    both = {"threshold": 0.6, "kappa": 0.41, **counts, **rates}
    size = {"corrected": 0.1, "corrected_low": 0.02, "corrected_high": 0.18}
    states = ("agree", "weak", "differ", "not_compared")
    skills = ("active_listening", "personalisation", "probing_questions", "perspective_taking")
    return table(
        "heard",
        [
            {"kpi": f"text_{skill}", "skill": skill, "state": state, "sentence": f"{state}.",
             **({} if state == "not_compared" else both), **(size if state == "agree" else {})}
            for skill, state in zip(skills, states, strict=True)
        ],
    )  # fmt: skip


def leavers() -> dict[str, pl.DataFrame]:
    """``result.exit`` and ``result.survivor``: the trained stay longer, and a goal is measured on other people."""
    left = {"n_agents": 188, "n_left": 40, "weeks": 20.0, "share_left": 40 / 188, "share_expected": 0.3}
    stays = {"kpi": "escalation_rate", "slice_kind": "overall", "slice_value": "", "state": "matters"}
    ends = {"estimate": -0.02, "bound_low": -0.03, "bound_high": -0.01, "ci_low": -0.025, "ci_high": -0.015}
    stays |= {"weighted": -0.018, "hazard_ratio": 0.7, "sentence": "Measured on other people."}
    return {
        "exit": table("exit", [left | {"wave": None, "expected_low": 0.2, "expected_high": 0.4}]),
        "survivor": table("survivor", [stays | ends]),
    }


def results() -> dict[str, pl.DataFrame]:
    """All result tables of the chain, of leaving and of phrases."""
    of_chain = {"mechanism": mechanism(), "chain": chain(), "course_skill": courses(), "rater": raters()}
    of_chain |= {"refresher": refreshers(), **leavers()}
    return of_chain | {"rule": rules(), "heard": heard()}
