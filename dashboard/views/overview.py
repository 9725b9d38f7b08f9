"""View model of the overview: sentence, four cards, all KPIs, money, and open questions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

from analysis.panel.evaluations import OVERALL
from analysis.words.headline import headline
from analysis.words.numbers import Reader, plural
from dashboard.state import day
from dashboard.views.verdicts import Effect
from etl.configuration.kpis import Kpi

N_CARDS = 5
LEVEL_WEEKS = 4
"""Weeks that make the level "now"; one week is too noisy to read."""


@dataclass(frozen=True)
class Week:
    """One point of a trend, natural unit; ``value`` is None where it may not be shown or nothing was observed."""

    week: date
    value: float | None
    n_agents: int | None


@dataclass(frozen=True)
class Card:
    """One KPI card.

    Attributes
    ----------
    effect : Effect
    level : str
        Level over the last ``LEVEL_WEEKS`` weeks that may be shown, in words.
    seen : str
        Which weeks these are.
    target : str
        The target in words with whether it is reached; empty without a target.
    trend : tuple of Week
    trained_from : date or None
        First week of training in the selection.
    """

    effect: Effect
    level: str
    seen: str
    target: str
    trend: tuple[Week, ...]
    trained_from: date | None


@dataclass(frozen=True)
class Money:
    """One line of the value figure; amounts in project currency; ``spent`` for the cost, ``unsure`` for what cannot be
    told yet; ``each`` is what one unit is worth."""

    label: str
    low: float
    likely: float
    high: float
    shown: str
    total: bool = False
    spent: bool = False
    unsure: bool = False
    each: str = ""


@dataclass(frozen=True)
class Head:
    """What is read first: the sentence, its detail, and four cards."""

    sentence: str
    detail: str
    cards: tuple[Card, ...]


@dataclass(frozen=True)
class Rest:
    """What is read next: every KPI, the money, and what cannot be said yet."""

    title: str
    effects: tuple[Effect, ...]
    money: tuple[Money, ...]
    money_sentence: str
    money_note: str
    open_questions: tuple[Effect, ...]

    @property
    def drawn(self) -> tuple[Effect, ...]:
        """KPIs that have data for this selection; all, where none has."""
        seen = tuple(item for item in self.effects if item.available or item.n_contacts or item.n_agents)
        return seen or self.effects

    @property
    def left_out(self) -> str:
        """One sentence for the KPIs that are not drawn; empty when all are."""
        silent = len(self.effects) - len(self.drawn)
        if not silent:
            return ""
        counted = f"{silent} {'KPI has' if silent == 1 else 'KPIs have'}"
        return f"{counted} no data for this selection; the Data page says why."


def head(
    *,
    primary: Sequence[Kpi],
    effects: Mapping[str, Effect],
    weekly: Mapping[str, pl.DataFrame],
    trained_from: date | None,
    reader: Reader,
    weeks_a_row: int = 1,
    where: str = "",
    ci_level: float = 0.95,
    programme: str = "",
) -> Head:
    """Sentence and cards of one selection.

    Parameters
    ----------
    primary : sequence of Kpi
        The primary KPIs; the first ``N_CARDS`` have cards.
    effects : mapping
        KPI id to effect, for all of ``primary``.
    weekly : mapping
        KPI id to ``week, num, den, n_agents`` for the KPIs with cards.
    trained_from : date or None
    reader : Reader
    weeks_a_row : int
        Weeks that a row of ``weekly`` is about.
    where : str
        The selection in words; empty for everybody.
    ci_level : float
        Level of the intervals.
    programme : str
        Its name.
    """
    told = [kpi for kpi in primary if effects[kpi.id].verdict.mark != "–"]
    sizes = {}
    for kpi in told:
        item = effects[kpi.id]
        if item.available:
            sizes[kpi.id] = reader.size(item.estimate, kpi, item.ci_low, item.ci_high)
    verdicts = {kpi.id: effects[kpi.id].verdict for kpi in told}
    sentence, detail = headline(verdicts, told, sizes, where=where, ci_level=ci_level, programme=programme)
    cards = tuple(
        _card(effects[kpi.id], weekly.get(kpi.id), trained_from, reader, weeks_a_row) for kpi in primary[:N_CARDS]
    )
    return Head(sentence, detail, cards)


def rest(*, kpis: Sequence[Kpi], effects: Mapping[str, Effect], values: pl.DataFrame, reader: Reader) -> Rest:
    """Every KPI side by side, the money and the open questions of one selection.

    Parameters
    ----------
    kpis : sequence of Kpi
        In catalogue order.
    effects : mapping
        KPI id to effect, for all of ``kpis``.
    values : DataFrame
        ``result.value`` rows; empty for none.
    reader : Reader
    """
    ordered = tuple(effects[kpi.id] for kpi in kpis)
    money, money_sentence, money_note = money_lines(values, {kpi.id: kpi for kpi in kpis}, reader)
    unsure = [item for item in ordered if item.verdict.state in ("cant_tell_yet", "dont_use")]
    unsure.sort(key=lambda item: (item.kpi.role != "primary", item.verdict.state != "dont_use"))
    return Rest(
        title=forest_title([item for item in ordered if item.verdict.mark != "–"]),
        effects=ordered,
        money=money,
        money_sentence=money_sentence,
        money_note=money_note,
        open_questions=tuple(unsure),
    )


ROLES = {
    "primary": ("goal", "goals"),
    "guardrail": ("guardrail", "guardrails"),
    "secondary": ("other KPI", "other KPIs"),
    "mechanism": ("skill", "skills"),
    "phrases": ("measure of phrases heard", "measures of phrases heard"),
}
"""How the KPIs of each role are called; they are counted apart."""


def forest_title(effects: Sequence[Effect]) -> str:
    """How many goals moved, and which ones got worse; a change too small to matter counts as neither."""
    goals = [item for item in effects if item.kpi.role == "primary"]
    if not goals:
        return "No goal can be read for this selection"
    return _moved(goals) or f"None of {_counted(goals)} shows a clear change"


def beside(effects: Sequence[Effect], ci_level: float) -> str:
    """What moved among the KPIs that are not goals, role by role, and how much of it chance may be.

    Parameters
    ----------
    effects : sequence of Effect
    ci_level : float
        Level of the intervals; one minus it is the share of what is called clear in a role that may be chance.
    """
    said = []
    for role in ("guardrail", "secondary", "mechanism", "phrases"):
        of_role = [item for item in effects if item.kpi.role == role]
        single = [item for item in of_role if item.kpi.id != OVERALL]  # which stands for the skills that are counted
        found = _moved(single or of_role)
        if found:
            said.append(f"{found}.")
    if not said:
        return ""
    chance = f"On average at most 1 in {round(1 / (1 - ci_level))} of what is called clear there is chance."
    return f"{' '.join(said)} {chance}"


def _moved(effects: Sequence[Effect]) -> str:
    """How many of one role improved and which got worse; empty when none did."""
    clear = [item for item in effects if item.verdict.state == "clear"]
    better = sum(item.verdict.direction == "better" for item in clear)
    worse = [item.kpi.label.lower() for item in clear if item.verdict.direction == "worse"]
    aside = len(clear) - better - len(worse)
    parts = []
    if better:
        parts.append(f"{better} of {_counted(effects)} clearly improved")
    if aside:
        parts.append(f"{aside} of {_counted(effects)} moved without getting worse")
    if worse:
        named = ", ".join(worse) if len(worse) <= 3 else f"{', '.join(worse[:2])} and {len(worse) - 2} more"
        head = f"{len(worse)}" if parts else f"{len(worse)} of {_counted(effects)}"
        parts.append(f"{head} got worse: {named}")
    return "; ".join(parts)


def _counted(effects: Sequence[Effect]) -> str:
    one, many = ROLES[effects[0].kpi.role]
    return f"{len(effects)} {one if len(effects) == 1 else many}"


def trend(rows: pl.DataFrame | None) -> tuple[Week, ...]:
    """Weekly levels from sums; weeks without a denominator have no value."""
    if rows is None or rows.is_empty():
        return ()
    return tuple(
        Week(week, None if num is None or not den else num / den, n)
        for week, num, den, n in rows.select("week", "num", "den", "n_agents").iter_rows()
    )


def level_now(rows: pl.DataFrame | None, weeks_a_row: int, reader: Reader) -> tuple[float, str]:
    """Level over the last ``LEVEL_WEEKS`` weeks that may be shown, NaN without any, and which weeks these are."""
    if rows is None or rows.is_empty():
        return math.nan, ""
    known = rows.drop_nulls(["num", "den"]).tail(max(1, LEVEL_WEEKS // weeks_a_row))
    total = float(known["den"].sum())
    if not total:
        return math.nan, ""
    n = known.height * weeks_a_row
    weeks = f"{n} {plural('week', n)}"
    if weeks_a_row == 1 and known["week"].to_list() == rows["week"].tail(known.height).to_list():
        seen = f"last {weeks}"
    else:
        last: date = known["week"].to_list()[-1]
        seen = f"{weeks} to {day(last + timedelta(days=7 * weeks_a_row - 1), reader.locale)}"
    return float(known["num"].sum()) / total, seen


def _card(
    effect: Effect, rows: pl.DataFrame | None, trained_from: date | None, reader: Reader, weeks_a_row: int
) -> Card:
    now, seen = level_now(rows, weeks_a_row, reader)
    target = ""
    if effect.kpi.target is not None:
        goal = effect.kpi.target
        reached = math.isfinite(now) and (now >= goal if effect.kpi.better == "higher" else now <= goal)
        target = f"target {reader.level(goal, effect.kpi)}, {'reached' if reached else 'not reached'}"
    return Card(effect, reader.level(now, effect.kpi), seen, target, trend(rows), trained_from)


def money_lines(values: pl.DataFrame, kpis: Mapping[str, Kpi], reader: Reader) -> tuple[tuple[Money, ...], str, str]:
    """Lines of the value figure, the sentence above it and what is counted.

    Parameters
    ----------
    values : DataFrame
        ``result.value``; empty when no unit value was given.
    kpis : mapping
    reader : Reader
    """
    if values.is_empty():
        return (), "", ""
    names = {"total": "All together", "cost": "Cost of the programme", "net": "Net of cost"}
    lines: list[Money] = []
    sentences: dict[str, str] = {}
    for kpi in dict.fromkeys(values["kpi"].to_list()):
        rows = {row["scenario"]: row for row in values.filter(pl.col("kpi") == kpi).iter_rows(named=True)}
        likely = rows.get("likely")
        if likely is None:
            continue
        sentences[kpi] = str(likely["sentence"] or "")
        if likely["amount"] is None or not math.isfinite(likely["amount"]):
            continue
        side = -1.0 if kpi == "cost" else 1.0  # a cost is written as a positive amount and drawn to the left of zero
        amount = side * likely["amount"]
        ends = [side * _finite(likely[name], likely["amount"]) for name in ("amount_low", "amount_high")]
        half = (max(ends) - min(ends)) / 2
        label = names.get(kpi) or (kpis[kpi].label if kpi in kpis else str(kpi))
        shown = reader.money(amount, half or None)
        lines.append(Money(label, min(ends), amount, max(ends), shown, total=kpi in names, spent=kpi == "cost"))
    if all(item.spent for item in lines):  # nothing that may be believed brings money: a cost alone is no answer
        return (), sentences.get("total", ""), ""
    sentence, _, further = (sentences.get("net") or sentences.get("total") or "").partition("; ")
    worst, best = _scenario(values, "low", reader), _scenario(values, "high", reader)
    note = (
        f"With the effects at their estimates and every assumption at its low end: {worst}; at its high end: {best}. "
        "The range above is wider or lies elsewhere because it also holds how unsure the effects are."
        if worst and best
        else ""
    )
    further = f"{further[:1].upper()}{further[1:]}"
    return tuple(lines), sentence.rstrip("."), f"{further} {note}".strip()


def money_title(lines: Sequence[Money]) -> str:
    """Which benefit is worth most among those whose range leaves out zero."""
    parts = [item for item in lines if not item.total]
    sure = [item for item in parts if item.low > 0 or item.high < 0]
    gains = [item for item in sure if item.likely > 0 and not item.spent]
    if not gains:
        return "No single benefit is clearly above zero"
    most = max(gains, key=lambda item: item.likely)
    return f"{most.label} bring the most that is clear: {most.shown}"


def _scenario(values: pl.DataFrame, scenario: str, reader: Reader) -> str:
    for kpi in ("net", "total"):
        found = values.filter((pl.col("kpi") == kpi) & (pl.col("scenario") == scenario))
        if found.height and found["amount"][0] is not None and math.isfinite(found["amount"][0]):
            low, high = _finite(found["amount_low"][0], math.nan), _finite(found["amount_high"][0], math.nan)
            half = abs(high - low) / 2 if math.isfinite(high - low) else None
            return reader.money(found["amount"][0], half)
    return ""


def _finite(value: Any, otherwise: float) -> float:
    return float(value) if value is not None and math.isfinite(value) else otherwise
