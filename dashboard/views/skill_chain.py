"""The chain from training to money in words: link by link, for everybody, by wave and by course."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from analysis.panel.evaluations import OVERALL
from analysis.words.numbers import Reader, plural
from analysis.words.verdict import CLAIMED, LABELS, MARKS
from dashboard.state import day
from dashboard.views.skills import bare
from dashboard.views.verdicts import Effect, short
from etl.configuration.kpis import Kpi

COMPLETED_ENOUGH = 0.8
"""Share of the planned agents who completed, from which the link counts as made."""
WORSE = "it got worse"
NO_ESTIMATE = "no estimate can be made; its own page says why"


@dataclass(frozen=True)
class Link:
    """One link of the chain.

    Attributes
    ----------
    name : str
        What it is called.
    number, note : str
        What was found, and its range and count, in words.
    verdict : str
        Mark and words; empty where a link has no comparison.
    holds : bool
        Whether it is made: enough completed, a score is there, a change is clear.
    href : str
        Where it leads; empty for nowhere.
    """

    name: str
    number: str
    note: str
    verdict: str
    holds: bool
    href: str = ""


def strip(
    rows: pl.DataFrame, skill: Effect | None, goal: Effect | None, reader: Reader, *, valued: bool = False
) -> list[Link]:
    """The chain of everybody.

    Parameters
    ----------
    rows : DataFrame
        Columns of ``result.chain``; empty for a selection, which has effects alone.
    skill, goal : Effect or None
        All skills together and the goal, for the selection.
    reader : Reader
    valued : bool
        Whether any KPI has a unit value.
    """
    everybody = rows.filter((pl.col("wave") == "") & (pl.col("course") == "")) if not rows.is_empty() else rows
    by_link = {row["link"]: row for row in everybody.iter_rows(named=True) if row["link"] not in ("applied", "kpi")}
    links = [_completed(by_link, reader), _learned(by_link, reader)] if by_link else []
    for item, name in ((skill, "Skills applied"), (goal, "")):
        if item is None:
            if name:
                links.append(Link(name, "not scored", "no evaluation can be read", "", holds=False))
            continue
        note = f"{item.between}; {item.counts}" if item.available else item.verdict.reason or "no estimate"
        links.append(
            Link(
                name or item.kpi.label,
                short(bare(item.change)),
                note,
                f"{item.verdict.mark} {item.verdict.label}",
                item.verdict.state in CLAIMED and item.verdict.direction != "worse",
                f"/effects/{item.kpi.id}",
            )
        )
    if by_link:
        links.append(_money(by_link.get("money"), reader, valued=valued))
    return links


def _completed(by_link: Mapping[str, Mapping[str, Any]], reader: Reader) -> Link:
    planned, done = by_link.get("planned"), by_link.get("completed")
    if planned is None or done is None:
        return Link("Trained", "nobody planned", "no training plan and no completion was loaded", "", holds=False)
    if done["n"] is None or planned["n"] is None:
        return Link("Trained", "not shown", "too few agents beside those who completed", "", holds=True)
    share = float(done["value"])
    words = f"{reader.count(done['n'])} of {reader.count(planned['n'])}"
    return Link(
        "Trained", words, f"agents planned completed, {reader.number(100 * share, 0)}%", "", share >= COMPLETED_ENOUGH,
        "/adoption",
    )  # fmt: skip


def _learned(by_link: Mapping[str, Mapping[str, Any]], reader: Reader) -> Link:
    row = by_link.get("learned")
    if row is not None and row["n"] is None:
        return Link("Learned", "not shown", "too few agents for a mean score", "", holds=True)
    if row is None or row["value"] is None:
        return Link(
            "Learned", "no score", "no course reports one: add the score to the training export", "", holds=False
        )
    return Link(
        "Learned", reader.number(row["value"], 2), f"course score after training{_of(row, reader)}", "", holds=True
    )


def _of(row: Mapping[str, Any], reader: Reader) -> str:
    ends = ""
    if row["ci_low"] is not None and row["ci_high"] is not None:
        ends = f", likely {reader.number(row['ci_low'], 2)} to {reader.number(row['ci_high'], 2)}"
    count = "" if row["n"] is None else f"; {reader.count(row['n'])} {plural('agent', row['n'])}"
    return f"{ends}{count}"


def _money(row: Mapping[str, Any] | None, reader: Reader, *, valued: bool) -> Link:
    if row is None or row["value"] is None:
        if valued:
            return Link("Money", "cannot be told", "no goal with a unit value has a result that may be used", "",
                        holds=False, href="/value")  # fmt: skip
        words = "no unit value is given: write what one is worth under [value.kpis]"
        return Link("Money", "not valued", words, "", holds=False, href="/value")
    low, high = row["ci_low"], row["ci_high"]
    half = (high - low) / 2 if low is not None and high is not None else None
    clear = low is not None and high is not None and (low > 0 or high < 0)
    state = "clear" if clear else "cant_tell_yet"
    note = "net of cost"
    if half is not None:
        note = f"net of cost, likely {reader.money(low, half)} to {reader.money(high, half)}"
    return Link("Money", reader.money(row["value"], half), note, f"{MARKS[state]} {LABELS[state]}", clear, "/value")


def first_broken(links: Sequence[Link]) -> str:
    """The first link that is not made, in words; empty when all are."""
    names = [item.name for item in links if not item.holds]
    return names[0] if names else ""


def strip_title(links: Sequence[Link]) -> str:
    """How far the chain reaches."""
    broken = first_broken(links)
    if not broken:
        return "Every link of the chain is shown"
    before = [item.name for item in links[: [item.name for item in links].index(broken)]]
    if not before:
        return f"The chain is not shown from its first link on: {_small(broken)}"
    return f"The chain is shown up to {_small(before[-1])}; the first link that is not: {_small(broken)}"


def chain_rows(
    rows: pl.DataFrame, goal: Kpi, skill: Kpi, names: Mapping[str, str], reader: Reader
) -> list[dict[str, Any]]:
    """One row per wave and per course, one cell per link.

    Parameters
    ----------
    rows : DataFrame
        Columns of ``result.chain``.
    goal, skill : Kpi
    names : mapping
        Course to its name.
    reader : Reader
    """
    found: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for row in rows.iter_rows(named=True):
        about = row["about"]
        if about in (None, "", goal.id, OVERALL, "net"):
            found.setdefault((row["wave"], row["course"]), {})[row["link"]] = row
    listed = []
    told = {"applied": skill, "kpi": goal}
    ends = {name: [(by[name]["ci_low"], by[name]["ci_high"]) for by in found.values() if name in by] for name in told}
    drawn = {name: reader.for_column(kpi, ends[name]) for name, kpi in told.items()}
    for (wave, course), by_link in found.items():
        if not wave and not course:
            continue
        label = f"Wave of {day(wave, reader.locale)}" if wave else names.get(course, course)
        completed, learned = _completed(by_link, reader), _learned(by_link, reader)
        applied, moved = (_effect(by_link.get(link), kpi, drawn[link]) for link, kpi in told.items())
        by_course = bool(course)
        listed.append(
            {
                "label": label,
                "completed": completed.number,
                "learned": learned.number,
                "applied": applied.number,
                "goal": "see waves" if by_course else moved.number,
                "broken": _broken(completed, learned, applied, moved, by_course=by_course),
                "order": (by_course, wave or course),
            }
        )
    return sorted(listed, key=lambda row: row["order"])


def _effect(row: Mapping[str, Any] | None, kpi: Kpi, reader: Reader) -> Link:
    if row is None:
        return Link(kpi.label, "–", NO_ESTIMATE, "", holds=False)
    values = [row[name] for name in ("value", "ci_low", "ci_high")]
    state = row["verdict"]
    mark = f"{MARKS[state]} " if state in MARKS else ""
    if None in values:
        return Link(kpi.label, f"{mark}no estimate", NO_ESTIMATE, LABELS.get(state, ""), holds=False)
    at, low, high = (float(value) for value in values)
    words = f"{mark}{short(bare(reader.change(at, kpi, low, high)))} ({reader.span(low, high, kpi, unit=False)})"
    clear = state in CLAIMED if state else low > 0 or high < 0
    if clear and (at < 0) == (kpi.better == "higher"):
        return Link(kpi.label, words, WORSE, LABELS.get(state, ""), holds=False)
    return Link(kpi.label, words, str(row["sentence"] or ""), LABELS.get(state, ""), clear)


def _broken(completed: Link, learned: Link, applied: Link, moved: Link, *, by_course: bool) -> str:
    links = [completed, learned, applied] if by_course else [completed, learned, applied, moved]
    broken = first_broken(links)
    if not broken:
        return "none"
    found = next(item for item in links if item.name == broken)
    judged = found in (applied, moved) and found.note not in (NO_ESTIMATE, WORSE)
    why = found.note.partition(". ")[2] if judged else found.note
    return f"{broken}: {why or 'its range holds no change'}"


def course_rows(
    courses: pl.DataFrame, names: Mapping[str, str], skills: Mapping[str, Kpi], reader: Reader
) -> list[dict[str, Any]]:
    """One row per course, one cell per skill: the effect with its range; in the order of the programme."""
    rows = []
    order = {course: k for k, course in enumerate(names)}
    readers = {
        kpi.id: reader.for_column(kpi, courses.filter(pl.col("skill") == name).select("ci_low", "ci_high").iter_rows())
        for name, kpi in skills.items()
    }
    for course in sorted(courses["course"].unique().to_list(), key=lambda c: (order.get(c, len(order)), c)):
        part = courses.filter(pl.col("course") == course)
        cells = {}
        for row in part.iter_rows(named=True):
            kpi = skills.get(row["skill"])
            if kpi is None:
                continue
            ends = row["ci_low"], row["ci_high"]
            known = None not in (row["estimate"], *ends)
            own = readers[kpi.id]
            cells[kpi.id] = (
                f"{short(bare(own.change(row['estimate'], kpi, *ends)))} ({own.span(*ends, kpi, unit=False)})"
                if known
                else "cannot be told"
            )
        rows.append({"course": names.get(course, course), "agents": part["n_agents"].max(), **cells})
    return rows


def courses_title(courses: pl.DataFrame, labels: Mapping[str, str]) -> str:
    """Whether courses can be told apart, and for which skills."""
    apart = [labels[s] for s in dict.fromkeys(courses.filter(pl.col("told_apart"))["skill"].to_list()) if s in labels]
    if not apart:
        return "Which course moved which skill cannot be told: the courses came too close together"
    named = ", ".join(_small(name) for name in apart)
    return f"Courses differ beyond chance in {named}; in other skills they cannot be told apart"


def _small(label: str) -> str:
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
