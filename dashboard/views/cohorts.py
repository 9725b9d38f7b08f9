"""View model of the cohorts page: groups in one sentence, in rows, and two side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy.special import stdtrit

from analysis.effects.by_group import MIN_COMPARISON_TEAMS
from analysis.words.numbers import Reader, plural
from dashboard.data.cohorts import Gains
from dashboard.state import day
from etl.configuration.kpis import Kpi

NOUNS = {"wave": "wave", "site": "site", "team": "team", "course": "course"}
NAMES = {"wave": "Waves", "site": "Sites", "team": "Teams", "course": "Courses"}
MOST_NAMED = 8
"""Groups named in a sentence."""
PAIR_SEPARATOR = "_vs_"


@dataclass(frozen=True)
class Group:
    """One wave, site, team or course, ready to draw.

    Attributes
    ----------
    value : str
        As in the filter and the address.
    label, name : str
        As in a list, and as in a sentence.
    before, after, expected : float
        Levels; ``expected`` is the level after minus the estimated change.
    estimate, low, high : float
        Estimated change, drawn to the mean of all where there are enough groups; NaN when there is none.
    own_estimate, own_low, own_high : float
        The group's own estimate, not drawn.
    own_error : float
        Error of a difference from another group; NaN when not known.
    tone : str
        ``better`` or ``worse`` where the range leaves out no change, else ``unsure``.
    n_agents, n_contacts : int
    change, span, levels : str
        In words.
    tip : str
    href : str
        Where its row leads; empty for nowhere.
    """

    value: str
    label: str
    name: str
    before: float
    after: float
    expected: float
    estimate: float
    low: float
    high: float
    own_estimate: float
    own_low: float
    own_high: float
    own_error: float
    tone: str
    n_agents: int
    n_contacts: int
    change: str
    span: str
    levels: str
    tip: str
    href: str = ""

    @property
    def known(self) -> bool:
        """Whether there is an effect with a range."""
        return all(map(math.isfinite, (self.estimate, self.low, self.high)))


def groups(found: Gains, kpi: Kpi, by: str, names: Mapping[str, str], reader: Reader) -> list[Group]:
    """Groups that may be shown, largest gain first; those without an estimate last.

    Parameters
    ----------
    found : Gains
    kpi : Kpi
    by : str
    names : mapping
        Value to name on screen, where it differs.
    reader : Reader
    """
    sign = 1.0 if kpi.better == "higher" else -1.0
    drawn = reader.for_column(kpi, found.rows.select("shrunk_low", "shrunk_high").iter_rows())
    listed = [
        _group(row, kpi, by, _label(row["name"], by, names, reader), drawn)
        for row in found.rows.iter_rows(named=True)
        if not row["suppressed"] and row["name"]
    ]
    if by == "course":
        return sorted(listed, key=lambda g: g.label)
    return sorted(listed, key=lambda g: (-sign * g.estimate if g.known else math.inf, g.label))


def n_hidden(found: Gains) -> int:
    """Groups left out because they, or what they would reveal, are too small."""
    return int(found.rows["suppressed"].sum() or 0) if not found.rows.is_empty() else 0


def sentence(shown: Sequence[Group], kpi: Kpi, by: str, found: Gains, reader: Reader) -> str:
    """The answer: how many gained, and whether they differ."""
    known = [g for g in shown if g.known]
    noun = NOUNS[by]
    label = kpi.label[:1].lower() + kpi.label[1:] if not kpi.label[:2].isupper() else kpi.label
    if not known:
        if n_hidden(found) and not shown:
            return f"Every {noun} is too small to be shown by itself."
        return found.reason or f"No {noun} can be compared on {label} yet."
    better = sum(g.tone == "better" for g in known)
    worse = sum(g.tone == "worse" for g in known)
    total = f"{len(known)} {plural(noun, len(known))}"
    if by == "course":
        return f"{_titled(label)} by course: courses share their people, so none is said to have done more."
    if by == "team" and not better and not worse and few_to_compare(found):
        return (
            f"No single team can be told from chance in {label}: that takes {MIN_COMPARISON_TEAMS} teams not yet "
            "trained to compare each with."
        )
    if not better and not worse:
        return f"None of {total} shows a clear change in {label} by itself."
    share = f"all {total}" if better == len(known) > 1 else f"{better or 'none'} of {total}"
    first = f"{_titled(label)}: {share} clearly gained"
    if kpi.better == "lower":  # only what should be higher is gained
        first = f"{_titled(label)} clearly fell in {share}"
    if worse:
        first += f", {worse} got worse"
    return f"{first}{_alike(found, kpi, noun, reader)}."


def few_to_compare(found: Gains) -> bool:
    """Whether no group has enough untrained teams beside it for a claim of its own."""
    most = found.rows["n_comparison"].max() if "n_comparison" in found.rows.columns else None
    return not isinstance(most, int) or most < MIN_COMPARISON_TEAMS


def why_no_pair(found: Gains, by: str) -> str:
    """Why two groups cannot be told apart by what training changed; empty where they can."""
    if by == "course":
        return "Courses share their people, so what one of them changed cannot be told from the other."
    if by == "team" and few_to_compare(found):
        return f"Single teams are told from chance beside at least {MIN_COMPARISON_TEAMS} teams not yet trained."
    return ""


def who(shown: Sequence[Group], kpi: Kpi) -> str:
    """Which groups gained and which got worse, by name; of many, the first ones."""
    said = []
    better = "Clearly gained" if kpi.better == "higher" else "Clearly fell"
    for tone, words in (("better", better), ("worse", "Got worse")):
        names = [g.label for g in shown if g.known and g.tone == tone]
        if names:
            named = (
                names if len(names) <= MOST_NAMED else [*names[: MOST_NAMED - 1], f"{len(names) + 1 - MOST_NAMED} more"]
            )
            said.append(f"{words}: {' and '.join([', '.join(named[:-1]), named[-1]] if named[1:] else named)}.")
    return " ".join(said)


def gains_title(shown: Sequence[Group], kpi: Kpi, by: str, *, differ: bool) -> str:
    """What the dumbbells show: whose gain is clear and how large, or that none is.

    One group is said to have gained most only where groups are told apart (``differ``) and no larger estimate, clear or
    not, stands beside it.
    """
    known = [g for g in shown if g.known]
    label = kpi.label if kpi.label[:2].isupper() else kpi.label[:1].lower() + kpi.label[1:]
    if not known:
        return f"{NAMES[by]}: {label} before and after, without an estimated change"
    if by == "course":
        return f"{_titled(label)} by course: agents who took several count in each, so courses are not ranked"
    sure = [g for g in known if g.tone != "unsure"]
    if not sure:
        return f"No {NOUNS[by]} stands out in {label} by itself"
    better = [g for g in sure if g.tone == "better"]
    if not better:
        last = sure[-1]
        return f"No {NOUNS[by]} clearly improved in {label}; {last.name} got worse by {last.change.lstrip('+−')}"
    first, fell = better[0], kpi.better == "lower"
    if differ and first is known[0] and len(known) > 1:
        if fell:
            return f"{_titled(label)} fell most in {first.name}: {first.change}"
        return f"{_titled(first.name)} gained most in {label}: {first.change}"
    if len(better) == 1:
        if fell:
            return f"{_titled(label)} clearly fell in {first.name} alone: {first.change}"
        return f"{_titled(first.name)} alone clearly gained in {label}: {first.change}"
    share = f"all {len(known)}" if len(better) == len(known) else f"{len(better)} of {len(known)}"
    size = f"{better[-1].change} to {first.change}" if better[-1].change != first.change else first.change
    if fell:
        return f"{_titled(label)} clearly fell in {share} {plural(NOUNS[by])}: {size}"
    return f"{share.capitalize()} {plural(NOUNS[by])} clearly gained in {label}: {size}"


def _alike(found: Gains, kpi: Kpi, noun: str, reader: Reader) -> str:
    if not math.isfinite(found.spread):
        return ""
    if not found.differ:
        return f", and {plural(noun)} differ by no more than chance could make them"
    return f"; {plural(noun)} appear to differ, typically by {reader.size(found.spread, kpi)} from the average"


def spread_words(found: Gains, kpi: Kpi, by: str, reader: Reader) -> str:
    """What the numbers of the groups have in common, for the note under the chart."""
    noun = plural(NOUNS[by])
    if found.reason:
        return ""
    if by == "course":
        return "Agents who took several courses count in each of them, so the rows are not drawn to a common average."
    if not math.isfinite(found.spread):
        return f"With fewer than four {noun} each stands for itself."
    change = reader.change(found.mean, kpi)
    return (
        f"Average of all {noun}: {change}. Each estimate is drawn towards it, the more so the less data it has; the "
        "table holds the undrawn numbers too."
    )


def unclaimed_words(shown: Sequence[Group], by: str) -> str:
    """Why groups whose range leaves out no change are not called clear; empty where there are none."""
    which = [g.label for g in shown if g.known and g.tone == "unsure" and (g.low > 0 or g.high < 0)]
    if not which:
        return ""
    many = f"{len(which)} {plural(NOUNS[by], len(which))}"
    names = many if len(which) > 2 else " and ".join(which)
    why = (
        "courses share their agents, so none is said to have changed anything by itself."
        if by == "course"
        else f"by its own numbers alone, and allowing for everything looked at, such a {NOUNS[by]} is not clear."
    )
    return f"Not filled though the range leaves out no change ({names}): {why}"


def of_own_data(shown: Sequence[Group], kpi: Kpi, reader: Reader) -> Reader:
    """Who reads what single groups changed by their own data alone."""
    return reader.for_column(kpi, ((g.own_low, g.own_high) for g in shown))


def table(shown: Sequence[Group], kpi: Kpi, reader: Reader) -> list[dict[str, Any]]:
    """The rows behind the chart, numbers in the reader's unit, each also as the rest of the page writes it."""
    scaled = reader.shown
    drawn_reader = reader.for_column(kpi, ((g.low, g.high) for g in shown))
    own_reader = of_own_data(shown, kpi, reader)
    rows = []
    for g in shown:
        own = scaled(g.own_estimate, kpi)
        drawn = [scaled(v, kpi) for v in (g.estimate, g.low, g.high)]
        ends = drawn_reader.ends(g.low, g.high, kpi)
        rows.append(
            {
                "label": g.label,
                "n_agents": g.n_agents,
                "n_contacts": g.n_contacts,
                "before": None if math.isnan(g.before) else scaled(g.before, kpi),
                "expected": None if math.isnan(g.expected) else scaled(g.expected, kpi),
                "after": None if math.isnan(g.after) else scaled(g.after, kpi),
                "change": drawn[0] if g.known else None,
                "low": drawn[1] if g.known else None,
                "high": drawn[2] if g.known else None,
                "own": own if math.isfinite(own) else None,
                "before_words": reader.level(g.before, kpi),
                "expected_words": reader.level(g.expected, kpi),
                "after_words": reader.level(g.after, kpi),
                "change_words": drawn_reader.bare(g.estimate, kpi, g.low, g.high),
                "low_words": ends[0],
                "high_words": ends[1],
                "own_words": own_reader.bare(g.own_estimate, kpi, g.own_low, g.own_high),
            }
        )
    return rows


# -- two side by side -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pair:
    """Two groups and the difference between them.

    Attributes
    ----------
    first, second : Group
    sentence : str
    difference, low, high : float
        First minus second; NaN when not known.
    """

    first: Group
    second: Group
    sentence: str
    difference: float
    low: float
    high: float


def pair_of(text: str, shown: Sequence[Group]) -> tuple[Group, Group] | None:
    """The two groups an address names; the first and the last of the list otherwise; None with fewer than two."""
    by_value = {g.value: g for g in shown}
    names = text.split(PAIR_SEPARATOR)
    if len(names) == 2 and names[0] != names[1] and all(name in by_value for name in names):
        return by_value[names[0]], by_value[names[1]]
    known = [g for g in shown if g.known] or list(shown)
    return (known[0], known[-1]) if len(known) > 1 else None


def pair(
    first: Group,
    second: Group,
    kpi: Kpi,
    df: float,
    ci_level: float,
    reader: Reader,
    n_groups: int = 2,
    why_not: str = "",
) -> Pair:
    """Two groups compared by their own estimates: drawn to one mean, they would hide what tells them apart.

    The two are one pair of all that could have been chosen among ``n_groups``, and their range allows for that
    (Bonferroni). ``why_not`` says why two of this kind cannot be compared; then only levels are.
    """
    gap = first.own_estimate - second.own_estimate
    error = math.hypot(first.own_error, second.own_error)
    one, other = _titled(first.name), second.name
    if why_not:
        nan = math.nan
        return Pair(first, second, f"{one} and {other}: levels only. {why_not}", nan, nan, nan)
    if not (math.isfinite(gap) and math.isfinite(error)):
        nan = math.nan
        words = f"{one} and {other}: levels only, without an estimate of what training changed."
        return Pair(first, second, words, nan, nan, nan)
    pairs = max(n_groups * (n_groups - 1) // 2, 1)
    half = float(stdtrit(max(df, 1.0), 1 - (1 - ci_level) / 2 / pairs)) * error
    low, high = gap - half, gap + half
    if low <= 0 <= high:
        span = reader.span(low, high, kpi, join="and")
        words = f"{one} and {other} may well have changed by the same: the difference is likely between {span}."
    else:
        ahead, behind = (first, second) if (gap > 0) == (kpi.better == "higher") else (second, first)
        size, span = reader.size(gap, kpi, low, high), reader.span(low, high, kpi, join="and", signed=False)
        words = f"{_titled(ahead.name)} gained {size} more than {behind.name} (likely between {span} more)."
        if kpi.better == "lower":
            words = f"{kpi.label} fell {size} more in {ahead.name} than in {behind.name} (likely between {span} more)."
    return Pair(first, second, words, gap, low, high)


def _group(row: Mapping[str, Any], kpi: Kpi, by: str, label: str, reader: Reader) -> Group:
    def number(name: str) -> float:
        return math.nan if row[name] is None else float(row[name])

    before, after = number("before"), number("after")
    estimate, low, high = number("shrunk"), number("shrunk_low"), number("shrunk_high")
    known = all(map(math.isfinite, (estimate, low, high)))
    tone = "unsure"
    if known and row["claimed"]:
        tone = "better" if (estimate > 0) == (kpi.better == "higher") else "worse"
    change = reader.change(estimate, kpi, low, high) if known else "no estimate"
    span = reader.span(low, high, kpi) if known else ""
    expected = after - estimate if known else math.nan
    levels = f"{reader.level(before, kpi)} → {reader.level(after, kpi)}"
    agents, contacts = int(row["n_agents"]), int(row["n_contacts"] or 0)
    counts = f"{reader.count(agents)} {plural('agent', agents)}, {reader.count(contacts)} {plural(kpi.per, contacts)}"
    lines = [f"{label}: {counts}", f"Before {reader.level(before, kpi)}, after {reader.level(after, kpi)}"]
    if known:
        lines.append(f"Expected without training {reader.level(expected, kpi)}")
        lines.append(f"Estimated change {change} (likely {span})")
    return Group(
        value=str(row["name"]),
        label=label,
        name=f"the wave of {label}" if by == "wave" else label,
        before=before,
        after=after,
        expected=expected,
        estimate=estimate if known else math.nan,
        low=low,
        high=high,
        own_estimate=number("estimate"),
        own_low=number("ci_low"),
        own_high=number("ci_high"),
        own_error=number("own_error"),
        tone=tone,
        n_agents=agents,
        n_contacts=contacts,
        change=change,
        span=span,
        levels=levels,
        tip="\n".join(lines),
    )


def _label(name: str, by: str, names: Mapping[str, str], reader: Reader) -> str:
    if by == "wave":
        return day(name, reader.locale)
    return names.get(name, name)


def _titled(words: str) -> str:
    return words[:1].upper() + words[1:]
