"""The words: states, numbers and sentences."""

from __future__ import annotations

import math
import re
from types import SimpleNamespace

import numpy as np
import pytest
from babel import localedata
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from analysis.checks.result import CheckResult
from analysis.planning.waiting_time import decisive_std_error
from analysis.words.change import exaggeration
from analysis.words.headline import NOT_NAMED, headline
from analysis.words.numbers import MINUS, Reader, decimals_for, rounded
from analysis.words.verdict import MARKS, STATES, Limits, verdict
from etl.configuration.programme import Programme
from tests.analysis.worlds import words

READER = Reader("en_GB", "EUR")
KPI = words()
FORBIDDEN = re.compile(r"significan|prove|p-value|p =|\bpp\b|-0\.0\b|nan|None", re.IGNORECASE)


@given(
    st.floats(-1e20, 1e20) | st.floats(-1e6, 1e6),  # Babel itself fails from 1e28 on
    st.integers(-3, 4),
    st.sampled_from(localedata.locale_identifiers()),
)
def test_numbers_are_written_as_babel_writes_them(value: float, decimals: int, locale: str) -> None:
    pattern = "#,##0" + ("." + "0" * decimals if decimals > 0 else "")
    by_babel = format_decimal(rounded(value, decimals), pattern, locale=locale)
    assert Reader(locale, "EUR").number(value, decimals) == by_babel.replace("-", MINUS)


def said(estimate: float, low: float, high: float, band: float = 0.005, **more: object) -> object:
    return verdict(KPI, estimate=estimate, ci_low=low, ci_high=high, smallest_effect=band, **more)  # type: ignore[arg-type]


def failed(name: str) -> CheckResult:
    return CheckResult(name, name, "failed", 4.0, 2.8, "Trained and untrained were drifting apart.")


def passed(name: str) -> CheckResult:
    return CheckResult(name, name, "passed", 0.1, 2.8, "Fine.")


@pytest.mark.parametrize(
    ("numbers", "state"),
    [
        ((-0.012, -0.016, -0.009), "clear"),
        ((0.012, 0.009, 0.016), "clear"),
        ((-0.002, -0.004, -0.001), "clear_but_small"),
        ((-0.004, -0.007, -0.001), "clear_but_small"),
        ((0.0001, -0.0012, 0.0013), "no_meaningful_change"),
        ((-0.003, -0.010, 0.004), "cant_tell_yet"),
        ((-0.020, -0.060, 0.020), "cant_tell_yet"),
        ((math.nan, math.nan, math.nan), "dont_use"),
    ],
)
def test_each_state_follows_from_the_interval_and_the_band(numbers: tuple[float, float, float], state: str) -> None:
    found = said(*numbers)

    assert found.state == state
    assert found.mark == MARKS[state]


def test_sentences_read_as_written() -> None:
    assert said(-0.012, -0.016, -0.009).sentence == (
        "Escalations fell by an estimated 1.2 points (likely between 0.9 and 1.6), a change for the better."
    )
    assert said(0.012, 0.009, 0.016).sentence.endswith("a change for the worse.")
    assert said(-0.003, -0.010, 0.004, weeks_to_know=8.2).sentence == (
        "We can't tell yet for escalations: the data fit anything from a fall of 1.0 to a rise of 0.4 points. "
        "At the present pace we would know in about 9 weeks."
    )
    assert said(-0.003, -0.010, 0.004, weeks_to_know=math.inf).weeks_to_know is None


def test_a_change_for_the_better_depends_on_which_way_is_better() -> None:
    up = verdict(words(better="higher"), estimate=0.02, ci_low=0.01, ci_high=0.03, smallest_effect=0.005)

    assert up.direction == "better"
    assert said(0.02, 0.01, 0.03).direction == "worse"


def test_a_failed_check_that_the_comparison_stands_on_blocks_and_says_why() -> None:
    found = said(-0.012, -0.016, -0.009, checks=[passed("balance"), failed("pre_trends")])

    assert found.state == "dont_use"
    assert "drifting apart" in found.sentence


def test_a_failed_check_that_only_informs_does_not_block() -> None:
    assert said(-0.012, -0.016, -0.009, checks=[failed("estimator_gap")]).state == "clear"


@pytest.mark.parametrize("teams", [0, 1, 5])
def test_too_few_teams_cannot_tell(teams: int) -> None:
    found = said(-0.012, -0.016, -0.009, n_trained_clusters=teams, n_control_clusters=10)

    assert found.state == "cant_tell_yet"
    assert ("No trained team" if teams == 0 else f"Only {teams} trained team") in found.reason


def test_with_too_few_teams_the_checks_are_not_believed_either() -> None:
    found = said(-0.012, -0.016, -0.009, n_trained_clusters=4, checks=[failed("pre_trends")])

    assert found.state == "cant_tell_yet"


def test_six_teams_are_enough() -> None:
    assert said(-0.012, -0.016, -0.009, n_trained_clusters=6, n_control_clusters=4).state == "clear"


@pytest.mark.parametrize("teams", [1, 3])
def test_too_few_teams_to_compare_with_cannot_tell(teams: int) -> None:
    found = said(-0.012, -0.016, -0.009, n_trained_clusters=20, n_control_clusters=teams)

    assert found.state == "cant_tell_yet"
    assert f"Only {teams} team" in found.reason


def test_an_interval_that_is_not_believed_says_so_and_promises_no_date() -> None:
    volunteers = said(-0.003, -0.010, 0.004, limits=Limits(limited=True), weeks_to_know=8.2)

    assert not volunteers.believed
    assert volunteers.weeks_to_know is None
    assert "Training was not assigned by a plan" in volunteers.sentence
    assert not said(-0.012, -0.016, -0.009, n_trained_clusters=5).believed
    assert not said(-0.012, -0.016, -0.009, checks=[failed("pre_trends")]).believed
    assert said(-0.003, -0.010, 0.004).believed
    assert said(-0.012, -0.016, -0.009).believed


def test_too_little_to_estimate_from_is_not_a_broken_comparison() -> None:
    found = said(math.nan, math.nan, math.nan, too_few="Only 0 trained and 14 untrained agents left.", unusable="None.")

    assert found.state == "cant_tell_yet"
    assert found.sentence == "We can't tell yet for escalations. Only 0 trained and 14 untrained agents left."


def test_no_change_is_no_change_in_a_currency_without_a_sign() -> None:
    revenue = words(unit="currency", better="higher", label="Upsell revenue")
    found = verdict(
        revenue, estimate=0.4, ci_low=-0.0001, ci_high=0.8, smallest_effect=0.5, reader=Reader("en_GB", "CHF")
    )

    assert "from no change to a rise of CHF" in found.sentence


def test_volunteers_are_clear_only_when_dip_and_balance_passed() -> None:
    limits = Limits(limited=True)
    both = [passed("selection_dip"), passed("balance")]

    assert said(-0.012, -0.016, -0.009, limits=limits).state == "cant_tell_yet"
    assert said(-0.012, -0.016, -0.009, limits=limits, checks=both[:1]).state == "cant_tell_yet"
    assert said(-0.012, -0.016, -0.009, limits=limits, checks=both).state == "clear"


def test_the_allowance_for_many_kpis_changes_the_state_and_says_so() -> None:
    found = said(-0.012, -0.023, -0.001, excludes_zero=False, n_tested=5)

    assert found.state == "cant_tell_yet"
    assert "5 KPIs" in found.reason


finite = st.floats(-0.5, 0.5, allow_nan=False)


@given(
    centre=finite,
    half=st.floats(1e-6, 0.5),
    band=st.floats(1e-4, 0.1),
    unit=st.sampled_from(["share", "seconds", "score", "points", "per_1000", "hazard", "currency"]),
)
def test_no_sentence_breaks_the_rules_of_the_house(centre: float, half: float, band: float, unit: str) -> None:
    kpi = words(unit=unit)
    found = verdict(kpi, estimate=centre, ci_low=centre - half, ci_high=centre + half, smallest_effect=band)

    assert found.state in STATES
    assert not FORBIDDEN.search(found.sentence), found.sentence


@given(centre=finite, half=st.floats(1e-6, 0.5))
def test_a_bound_that_is_not_zero_is_not_shown_as_zero_when_zero_is_excluded(centre: float, half: float) -> None:
    low, high = centre - half, centre + half
    if low <= 1e-3 and high >= -1e-3:
        return
    shown = READER.span(low, high, KPI, signed=False, unit=False)

    assert not re.search(r"(^| )0(\.0+)?( |$)", shown), (low, high, shown)


def test_rounding_is_what_the_interval_supports_and_never_minus_zero() -> None:
    assert [decimals_for(h) for h in (30.0, 3.0, 0.3, 0.03)] == [-1, 0, 1, 2]
    assert decimals_for(1.3) == 1
    assert READER.size(0.43, words(unit="currency"), 0.16, 0.70) == "€0.43 per contact"
    assert math.copysign(1, rounded(-0.0001, 2)) == 1
    assert READER.change(-0.00001, KPI, -0.004, 0.004) == "0.0 points"
    assert READER.size(0.0104, KPI, 0.0094, 0.0117) == "1.0 points"
    assert READER.size(0.01, KPI, -0.02, 0.04) == "1 point"


@given(near=st.floats(1e-6, 0.01), side=st.sampled_from([-1, 1]))
def test_an_end_near_zero_gives_no_digits_to_the_estimate_or_the_other_end(near: float, side: int) -> None:
    far = side * (near + 0.08)
    low, high = sorted((side * near, far))

    def digits(text: str) -> int:
        return len(text.partition(".")[2])

    supported = decimals_for(50 * (high - low))
    assert digits(READER.bare(far, KPI, low, high)) == supported
    assert digits(READER.ends(low, high, KPI)[0 if side < 0 else 1]) == supported
    assert READER.bare(-0.0205, KPI, -0.041, -0.00004) == "−2.1"
    assert READER.span(-0.041, -0.00004, KPI) == "−4.1 to −0.004 points"


def test_money_stands_where_the_locale_puts_it() -> None:
    assert Reader("en_GB", "EUR").money(-1_234_567.0, 300_000.0) == "−€1,230,000"
    assert Reader("de_DE", "EUR").money(1_234.5) == "1.235 €"
    assert Reader("en_GB", "EUR").money(-0.001) == "€0.00"


def test_levels_carry_their_unit() -> None:
    assert READER.level(0.118, KPI) == "11.8%"
    assert READER.level(361.4, words(unit="seconds")) == "361 seconds"
    assert READER.level(0.0041, words(unit="per_1000")) == "4.1 per 1,000 contacts"
    assert READER.level(math.nan, KPI) == "not known"


def test_an_unknown_unit_is_named() -> None:
    with pytest.raises(ValueError, match="furlongs"):
        READER.level(1.0, words(unit="furlongs"))


def _family(*states: tuple[str, str]) -> tuple[dict[str, object], list[SimpleNamespace], dict[str, str]]:
    kpis = [words(id=f"k{i}", label=f"Goal {i}") for i in range(len(states))]
    found = {f"k{i}": SimpleNamespace(state=state, direction=direction) for i, (state, direction) in enumerate(states)}
    return found, kpis, {f"k{i}": "1.2 points" for i in range(len(states))}


def test_the_headline_counts_what_is_clear() -> None:
    sentence, detail = headline(
        *_family(("clear", "better"), ("cant_tell_yet", "unknown"), ("clear", "worse")),
        where="Madrid",  # type: ignore[arg-type]
    )

    assert sentence == "Empathy training appears to work on 1 of 3 goals (Madrid): goal 0 fell by about 1.2 points."
    assert "Worse: goal 2" in detail
    assert "Can't tell yet: goal 1" in detail
    assert "a goal would look this clear by chance in about 5 of 100 selections like this one" in detail


def test_every_headline_names_the_programme() -> None:
    families = (
        (("clear", "better"),),
        (("clear", "worse"),),
        (("clear_but_small", "better"),),
        (("clear_but_small", "better"), ("cant_tell_yet", "unknown")),
        (("no_meaningful_change", "unknown"),),
        (("cant_tell_yet", "unknown"),),
    )
    for states in families:
        plain, _ = headline(*_family(*states), programme="Empathy programme")  # type: ignore[arg-type]
        named, _ = headline(*_family(*states), programme=" Sales  academy ")  # type: ignore[arg-type]
        long, _ = headline(*_family(*states), programme="x" * 200)  # type: ignore[arg-type]
        assert "mpathy training" in plain
        assert "Sales academy" in named
        assert "mpathy" not in named
        assert "x" * 59 + "…" in long
    assert Programme().name == NOT_NAMED


def test_only_a_claim_speaks_of_luck() -> None:
    for state in ("cant_tell_yet", "no_meaningful_change", "dont_use"):
        _, detail = headline(*_family((state, "unknown"), ("cant_tell_yet", "unknown")))  # type: ignore[arg-type]
        assert "by chance" not in detail
    _, detail = headline(*_family(("clear", "better")), ci_level=0.9)  # type: ignore[arg-type]
    assert "by chance in about 10 of 100 times" in detail


def test_a_null_world_claims_nothing() -> None:
    sentence, _ = headline(*_family(("no_meaningful_change", "unknown"), ("cant_tell_yet", "unknown")))  # type: ignore[arg-type]

    assert sentence.startswith("Nothing can be claimed")


def test_a_date_allows_for_the_kpis_tested_together() -> None:
    """A clear answer about one of five needs a smaller error than about one alone; lying in the band needs no more."""
    alone, of_five = (decisive_std_error(0.02, 0.01, 30.0, n_tested=n) for n in (1, 5))

    assert alone == pytest.approx(0.02 / 2.0423, rel=1e-4)
    assert of_five == pytest.approx(0.02 / 2.7500, rel=1e-4)
    assert decisive_std_error(0.0, 0.01, 30.0, n_tested=5) == decisive_std_error(0.0, 0.01, 30.0)


def test_exaggeration_is_that_of_simulated_estimates() -> None:
    rng = np.random.default_rng(1)
    for true in (0.5, 1.0, 2.0, 3.0):
        seen = true + rng.standard_normal(400_000)
        clear = np.abs(seen) > 1.96
        power, times = exaggeration(true, 1.96)
        assert power == pytest.approx(clear.mean(), abs=0.003)
        assert times == pytest.approx(np.abs(seen[clear]).mean() / true, rel=0.01)


def test_a_clear_change_in_few_data_is_said_to_be_likely_too_large() -> None:
    low_power = said(-0.012, -0.022, -0.002)
    assert low_power.state == "clear"
    assert "would look 2.5 times as large on average" in low_power.sentence
    assert "on average" not in said(-0.012, -0.016, -0.009).sentence


@given(
    rows=st.lists(
        st.tuples(st.floats(-0.3, 0.3), st.floats(0.0005, 0.3)).map(lambda row: (row[0], row[0] - row[1], sum(row))),
        min_size=1,
        max_size=12,
    )
)
def test_a_column_of_one_kpi_has_one_number_of_decimals(rows: list[tuple[float, float, float]]) -> None:
    """But for a number that would read as zero although its interval leaves zero out."""
    column = READER.for_column(KPI, [(low, high) for _, low, high in rows])
    usual = column.column
    assert usual is not None
    assert usual in {READER.for_column(KPI, [(low, high)]).column for _, low, high in rows}
    for at, low, high in rows:
        texts = (column.bare(at, KPI, low, high), *column.ends(low, high, KPI))
        for value, text in zip((at, low, high), texts, strict=True):
            digits = len(text.partition(".")[2])
            vanishes = (low > 0 or high < 0) and rounded(100 * value, usual) == 0
            assert digits == usual or (vanishes and digits > usual), (text, usual)


def test_rows_without_an_interval_do_not_decide_a_column() -> None:
    assert READER.for_column(KPI, [(None, None), (math.nan, math.nan)]) == READER
    assert READER.for_column(KPI, [(None, None), (-0.12, -0.05)]).bare(-0.08, KPI, -0.12, -0.05) == "−8"
    mixed = READER.for_column(KPI, [(-0.12, -0.05), (-0.04, -0.02), (-0.05, -0.01)])
    assert [mixed.bare(v, KPI, v - h, v + h) for v, h in ((-0.08, 0.035), (-0.03, 0.01))] == ["−8.0", "−3.0"]
