"""Estimates about few agents: what of a result table may be shown."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from statistics import NormalDist

import polars as pl

from dashboard.privacy.imprecision import ERROR_DIGITS
from dashboard.privacy.suppression import suppress


def about_few(effects: pl.DataFrame, minimum: int) -> bool:
    """Whether the headline rests on fewer trained agents than the minimum.

    Parameters
    ----------
    effects : DataFrame
        Rows of ``result.effect`` for one KPI and selection.
    minimum : int
        Smallest group shown.
    """
    if effects.is_empty():
        return False
    trained = effects.filter(pl.col("role") == "headline")["n_trained_agents"].drop_nulls()
    return bool(((trained > 0) & (trained < minimum)).any())


def without_few(name: str, rows: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """A result table as it may be shown: rows about too few agents left out, or without numbers and with the reason.

    Parameters
    ----------
    name : str
        Of the table, such as ``effect``.
    rows : DataFrame
        Its rows for one KPI and selection.
    minimum : int
        Smallest group shown.
    """
    if rows.is_empty():
        return rows
    if "n_agents" in rows.columns and name == "cohort_effect":  # all waves together are known: one may tell another
        hidden = suppress(rows, count="n_agents", minimum=minimum, hide=(), label="cohort")
        return hidden.filter(~pl.col("suppressed")).drop("suppressed")
    if "n_agents" in rows.columns and name in ("event_time", "calendar_effect"):
        return rows.filter(pl.col("n_agents") >= minimum)
    if name == "effect":
        few = (pl.col("n_agents") < minimum) | (
            (pl.col("n_trained_agents") > 0) & (pl.col("n_trained_agents") < minimum)
        )
        return withheld(rows, few, f"Fewer than {minimum} trained agents match, so nothing is shown about them.")
    return rows


def without_few_leavers(exits: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """Rows of ``result.exit``, without who left where fewer agents than the minimum started or left.

    Parameters
    ----------
    exits : DataFrame
        All waves, and one row for all of them together.
    minimum : int
        Smallest group shown.
    """
    small = pl.col("n_agents") < minimum
    few = small | pl.col("n_left").is_between(1, minimum - 1)
    if exits.select(few.sum()).item() == 1:  # all waves together would tell of it
        few |= pl.col("wave").is_not_null()
    if exits.select(small.sum()).item() == 1:
        small |= pl.col("wave").is_not_null()
    about = {"wave": pl.lit(False), "n_agents": small}  # how many a wave began with is told wherever waves are
    return exits.with_columns(
        pl.when(about.get(name, few)).then(None).otherwise(pl.col(name)).alias(name) for name in exits.columns
    )


NUMBERS = (
    "estimate",
    "std_error",
    "ci_low",
    "ci_high",
    "df",
    "baseline",
    "n_contacts",
    "n_agents",
    "n_trained_agents",
    "weeks_to_know",
    "n_tested",
    "post_weeks",
    "pre_weeks",
)


def withheld(rows: pl.DataFrame, which: pl.Expr, words: str) -> pl.DataFrame:
    """Rows of ``result.effect``, some of them without numbers and with the reason.

    Parameters
    ----------
    rows : DataFrame
    which : boolean expression
    words : str
        The reason, a sentence.
    """
    blank = [pl.when(which).then(None).otherwise(pl.col(c)).alias(c) for c in NUMBERS if c in rows.columns]
    said = [
        pl.when(which).then(pl.lit(text)).otherwise(pl.col(c)).alias(c)
        for c, text in (("verdict", "cant_tell_yet"), ("sentence", f"We can't tell: {words}"), ("reason", words))
    ]
    judged = [pl.when(which).then(None).otherwise(pl.col(c)).alias(c) for c in ("believed",) if c in rows.columns]
    return rows.with_columns(blank + said + judged)


def rounded(rows: pl.DataFrame, names: tuple[str, ...] = ("n_contacts",), digits: int = 2) -> pl.DataFrame:
    """Totals to two digits: exact ones, less the weeks that are shown, would tell the weeks that are not.

    Parameters
    ----------
    rows : DataFrame
    names : tuple of str
        Columns of totals; those not there are left out.
    digits : int
    """
    there = [name for name in names if name in rows.columns]
    return rows.with_columns(pl.col(name).round_sig_figs(digits) for name in there)


def to_digits(rows: pl.DataFrame, digits: int = 2) -> pl.DataFrame:
    """All fractions of a table about everybody to two digits: of an estimate with its interval no more is known.

    Parameters
    ----------
    rows : DataFrame
    digits : int
    """
    return rows.with_columns(pl.selectors.float().round_sig_figs(digits))


TOTALS = ("n_contacts", "n_evaluations", "n_labels", "n_shown")
"""Columns of totals of contacts and what is done with them, in any table."""
PEOPLE = ("n_agents", "n_trained_agents", "n_exposed_agents", "n_left", "n_events")
"""Columns that count people."""


def coarse(rows: pl.DataFrame, minimum: int) -> pl.DataFrame:
    """A table as readers of a shared dashboard see its counts: totals to two digits, people in steps of the minimum.

    Parameters
    ----------
    rows : DataFrame
    minimum : int
        Smallest group shown.

    Examples
    --------
    >>> coarse(pl.DataFrame({"n_contacts": [4321.0], "n_trained_agents": [43]}), 5).row(0)
    (4300.0, 45)
    """
    told = in_units(rounded(rows, TOTALS), PEOPLE, minimum)
    texts = [name for name in TEXTS if rows.schema.get(name) == pl.String]
    said = [pl.col(name).map_elements(lambda text: in_words(text, minimum), pl.String).alias(name) for name in texts]
    return told.with_columns(said)


TEXTS = ("sentence", "reason", "note", "label")
"""Columns of words, which count people and contacts as well."""
_PEOPLE = r"agents?|people|persons?|employees?|leavers?|learners?|team-mates"
_RECORDS = (
    r"contacts?|rows?|records?|evaluations?|answers?|responses?|surveys?|invitations?|offers?|escalations?|tickets?|"
    r"cases?|complaints?|trainings?|completions?|employments?|spells?|entries|entry|customers?|messages?|transcripts?|"
    r"turns?|labels?|ids?|assignments?|attempts?"
)
_OF_ITS_OWN = (
    r"(?:weeks?|months?|days?|years?|hours?|minutes?|seconds?|points?|teams?|waves?|sites?|courses?|skills?|goals?|raters?"
    r"|forms?|phrases?|rules?|files?|versions?|channels?|queues?|times|simulated)\b"
)
"""Words that a number before them counts, and not what comes later: "12 weeks before training" counts no trainings."""
_RATE = r" (?:per|a|an|each)\b"
"""What follows a unit, such as leavers per 100 agents a month, which counts nobody."""
_NUMBER = r"(?<![\w.,-])\d{1,3}(?:[,.\u00a0\u202f’]\d{3})+(?![\d.,]*\d)|(?<![\w.,-])\d+(?![\d.,]*\d|[\w%])"
_COUNTED = re.compile(
    rf"(?P<numbers>(?:{_NUMBER})(?:(?: and | of | or |, )(?:{_NUMBER}))*)"
    rf"(?P<between>\s(?:(?!{_OF_ITS_OWN})[a-z-]+\s){{0,2}})(?P<noun>(?P<people>{_PEOPLE})|{_RECORDS})\b(?!{_RATE})"
    r"(?P<verb> (?:is|has|was)\b)?"
)
_VERBS = {" is": " are", " has": " have", " was": " were", None: ""}


@lru_cache(maxsize=8192)
def in_words(text: str, minimum: int) -> str:
    """A text with what it counts of people in steps of the minimum, of records to two digits and never below it.

    Parameters
    ----------
    text : str
    minimum : int
        Smallest group shown.

    Examples
    --------
    >>> in_words("Of 3,418 and 3,300 evaluated contacts of 43 agents in 12 weeks, 1 agent was left out.", 5)
    'Of 3,400 and 3,300 evaluated contacts of 45 agents in 12 weeks, fewer than 5 agents were left out.'
    """

    def told(found: re.Match[str]) -> str:
        few = False

        def number(one: re.Match[str]) -> str:
            nonlocal few
            n = int(re.sub(r"\D", "", one[0]))
            few |= 0 < n < minimum
            if 0 < n < minimum:
                return f"fewer than {minimum}"
            mark = next((c for c in one[0] if not c.isdigit()), ",")
            return f"{nearest(n, minimum, people=bool(found['people'])):,}".replace(",", mark)

        noun, verb = found["noun"], found["verb"]
        numbers = re.sub(_NUMBER, number, found["numbers"])
        if few:
            several = {"entry": "entries", "person": "people", "people": "people"}
            noun = several.get(noun, noun if noun.endswith("s") else f"{noun}s")
            verb = _VERBS[verb]
        return f"{numbers}{found['between']}{noun}{verb or ''}"

    return _COUNTED.sub(told, text)


def nearest(n: int, minimum: int, *, people: bool = False) -> int:
    """A count as readers of a shared dashboard are told it: the nearest multiple of what it may be known by.

    Parameters
    ----------
    n : int
    minimum : int
        Smallest group shown.
    people : bool, optional
        Whether people are counted, in steps of the minimum; else to two digits, and in such steps where that is more.
    """
    unit = minimum if people or n < 1 else max(10 ** (int(math.log10(n)) - 1), minimum)
    return int(n / unit + 0.5) * unit


CLUSTERS = ("n_clusters", "n_trained_clusters")
"""Columns that count what was assigned to training together: teams, sites, or single agents."""


def without_count_of_clusters(rows: pl.DataFrame, minimum: int, ci_level: float) -> pl.DataFrame:
    """Estimates whose clusters are agents, without what tells how many there are.

    An interval over its standard error is a quantile of Student's t, and its degrees of freedom are the clusters less
    one; so the error is given as that of a normal distribution with the same interval.

    Parameters
    ----------
    rows : DataFrame
    minimum : int
        Smallest group shown.
    ci_level : float
        Level of the intervals.

    Examples
    --------
    >>> row = {"std_error": 1.0, "ci_low": -2.0, "ci_high": 2.0, "df": 181.0, "n_clusters": 182}
    >>> told = without_count_of_clusters(pl.DataFrame([row]), 5, 0.95)
    >>> told.select("df", "n_clusters", "std_error").row(0)
    (None, 180, 1.02)
    """
    told = in_units(rows, CLUSTERS, minimum)
    if "df" in rows.columns:
        told = told.with_columns(pl.lit(None, pl.Float64).alias("df"))
    if not {"std_error", "ci_low", "ci_high"} <= set(rows.columns):
        return told
    away = NormalDist().inv_cdf(0.5 + ci_level / 2)
    half = (pl.col("ci_high") - pl.col("ci_low")) / 2
    return told.with_columns((half / away).round_sig_figs(ERROR_DIGITS).alias("std_error"))


def unit_of_shares(of: pl.Expr, minimum: int) -> pl.Expr:
    """The unit in which shares of a count of people are told: the smallest group, of the count as it is told.

    Of the exact count the unit itself, one over it, would be the count.

    Parameters
    ----------
    of : expression
        How many people the shares are of.
    minimum : int
        Smallest group shown.

    Examples
    --------
    >>> pl.DataFrame({"of": [182]}).select(5 / unit_of_shares(pl.col("of"), 5)).item()
    180.0
    """
    told = _nearest_multiple(of, minimum).cast(pl.Float64)
    return minimum / told.clip(float(minimum), None)


def _nearest_multiple(of: pl.Expr, unit: float | pl.Expr) -> pl.Expr:
    return (of / unit + 0.5).floor() * unit


def in_units(rows: pl.DataFrame, names: Sequence[str], unit: float | pl.Expr) -> pl.DataFrame:
    """Counts, or shares, as the nearest multiples of a unit: two versions differ by nothing or by a whole unit.

    Parameters
    ----------
    rows : DataFrame
    names : sequence of str
        Columns; those not there are left out.
    unit : float or expression
        The smallest group for counts; its share of all for shares.

    Examples
    --------
    >>> in_units(pl.DataFrame({"n": [3, 43, None]}), ["n"], 5)["n"].to_list()
    [5, 45, None]
    """
    there = [name for name in names if name in rows.columns]
    return rows.with_columns(
        _nearest_multiple(pl.col(name), unit).cast(rows.schema[name]).alias(name) for name in there
    )
