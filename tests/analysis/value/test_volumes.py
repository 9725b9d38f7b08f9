"""What a unit of money is multiplied with: the KPI's own denominator, or contacts where it is given per contact."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from analysis.study.value_tables import worths_of
from analysis.words.numbers import WEEKS_PER_MONTH
from etl.configuration.kpis import load

CONTACTS, ANSWERS = 1_000.0, 30.0


def study(kpi: str, per_week: float) -> Any:
    headline = SimpleNamespace(estimate=0.1, std_error=0.01, ci_low=0.08, ci_high=0.12, df=20.0)
    volumes = SimpleNamespace(per_week=per_week, to_date=10 * per_week, per_week_everybody=2 * per_week)
    verdict = SimpleNamespace(believed=True, state="clear")
    return SimpleNamespace(kpi=load()[kpi], headline=headline, volumes=volumes, verdict=verdict, influence=None)


def worths(per: str, *, with_contacts: bool = True) -> dict[str, Any]:
    studies = {"csat_top2": study("csat_top2", ANSWERS)}
    if with_contacts:
        studies["escalation_rate"] = study("escalation_rate", CONTACTS)
    config: Any = SimpleNamespace(value=SimpleNamespace(kpis={"csat_top2": SimpleNamespace(per=per)}))
    return {part.kpi.id: part for part in worths_of(studies, {}, config)}


@pytest.mark.parametrize(("per", "volume"), [("contact", CONTACTS), ("response", ANSWERS)])
def test_a_survey_kpi_may_be_worth_money_per_contact_or_per_answer(per: str, volume: float) -> None:
    part = worths(per)["csat_top2"]

    assert part.volume_per_month == pytest.approx(volume * WEEKS_PER_MONTH)
    assert part.volume_to_date == pytest.approx(10 * volume)
    assert part.volume_per_month_everybody == pytest.approx(2 * volume * WEEKS_PER_MONTH)


def test_without_a_kpi_that_counts_contacts_answers_are_all_there_is() -> None:
    assert worths("contact", with_contacts=False)["csat_top2"].volume_per_month == pytest.approx(
        ANSWERS * WEEKS_PER_MONTH
    )


def test_a_kpi_of_contacts_keeps_its_own_denominator() -> None:
    assert worths("contact")["escalation_rate"].volume_per_month == pytest.approx(CONTACTS * WEEKS_PER_MONTH)
