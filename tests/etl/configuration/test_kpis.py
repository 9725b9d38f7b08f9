"""The catalogue: complete, consistent, and helpful about mistakes."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.configuration import kpis
from etl.configuration.model import ConfigError, parse
from etl.configuration.money import Value
from etl.configuration.money_overlap import overlaps

DESIGNED = {
    "csat_top2", "csat_mean", "survey_response_rate", "felt_heard", "hostile_contact_rate", "escalation_rate",
    "complaints_per_1000", "transfer_rate", "upsell_conversion", "cross_sell_conversion", "offer_rate",
    "offer_acceptance", "upsell_revenue", "agent_attrition", "early_attrition", "absence_rate", "fcr_7d",
    "repeat_contact_7d", "customer_retention_90d", "nps", "referral_rate", "aht_seconds", "long_call_share",
    "empathy_score", "active_listening", "personalisation", "probing_questions", "perspective_taking",
    "trigger_free_language",
}  # fmt: skip


def test_every_designed_kpi_is_there() -> None:
    assert set(kpis.load().ids()) >= DESIGNED


def test_directions_and_roles_are_as_designed() -> None:
    catalogue = kpis.load()
    guardrails = {kpi.id for kpi in catalogue.values() if kpi.role == "guardrail"}
    who_is_seen = {"survey_response_rate", "transcript_share", "evaluated_share"}
    assert guardrails == {"transfer_rate", "absence_rate", "aht_seconds", "long_call_share"} | who_is_seen
    assert {catalogue[kpi].better for kpi in ("escalation_rate", "agent_attrition", "aht_seconds")} == {"lower"}
    assert catalogue["fcr_7d"].censor_days == 7
    assert catalogue["customer_retention_90d"].censor_days == 90
    by_events = {kpi.id for kpi in catalogue.values() if kpi.censor_by == "customer_event"}
    assert by_events == {"customer_retention_90d", "referral_rate"}


def test_definitions_are_sentences_without_jargon() -> None:
    for kpi in kpis.load().values():
        assert kpi.definition.endswith(".")
        assert kpi.caveat.endswith(".")
        assert kpi.question.endswith("?")


def test_a_catalogue_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    now = kpis.SQL_FOLDER.joinpath("kpis.toml").read_text(encoding="utf-8")
    then = now.replace("money_group = ", "purse = ").replace("money_rank = ", "purse_rank = ")
    assert then != now
    earlier = tmp_path / "kpis.toml"
    earlier.write_text(then, encoding="utf-8")
    assert list(kpis.load(earlier).values()) == list(kpis.load().values())


def test_binary_kpis_carry_no_squares() -> None:
    catalogue = kpis.load()
    assert catalogue["csat_top2"].columns == ("csat_top2_num", "csat_top2_den")
    assert catalogue["aht_seconds"].columns == ("aht_seconds_num", "aht_seconds_den", "aht_seconds_sq")


def test_unknown_kpi_is_answered_with_the_nearest() -> None:
    with pytest.raises(kpis.KpiError, match='Did you mean "escalation_rate"'):
        kpis.load()["escalation_rat"]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('better = "lower"', 'better = "down"', "better"),
        ("smallest_effect = 0.005", "smallest_effect = -1", "smallest_effect"),
        ("numerator", "numerater", 'Did you mean "numerator"'),
        ('base = "interaction"', 'base = "Inter action"', "base"),
        ("smallest_effect", 'censor_by = "customer_event"\nsmallest_effect', "censor_by needs censor_days"),
        ("smallest_effect", 'censor_days = 90\ncensor_by = "offer"\nsmallest_effect', "censor_by"),
        ('money_group = "contacts handed on"', "money_rank = 2", "money_rank needs a money_group"),
        ("smallest_effect", "first_days = 90\nsmallest_effect", 'first_days needs unit = "hazard"'),
    ],
)
def test_mistakes_name_file_line_entry_and_key(tmp_path: Path, before: str, after: str, told: str) -> None:
    text = (kpis.SQL_FOLDER / "kpis.toml").read_text(encoding="utf-8")
    start = text.index("[escalation_rate]")
    entry = text[start : text.index("[complaints_per_1000]")].split("# ----")[0]
    path = tmp_path / "kpis.toml"
    path.write_text(entry.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(kpis.KpiError) as error:
        kpis.load(path)
    assert f"{path}, line 1: [escalation_rate]" in str(error.value)
    assert told in str(error.value)


def test_missing_and_damaged_files_are_explained(tmp_path: Path) -> None:
    with pytest.raises(kpis.KpiError, match="cannot be read"):
        kpis.load(tmp_path / "none.toml")
    damaged = tmp_path / "kpis.toml"
    damaged.write_text("[csat\n", encoding="utf-8")
    with pytest.raises(kpis.KpiError, match="not valid TOML"):
        kpis.load(damaged)


def test_overrides_change_what_they_name_and_nothing_else(tmp_path: Path) -> None:
    config = parse({"kpis": {"aht_seconds": {"smallest_effect": 9.0, "hidden": True}}}, tmp_path / "empathy.toml")
    catalogue = kpis.load().with_overrides(config)
    assert catalogue["aht_seconds"].smallest_effect == 9.0
    assert catalogue["aht_seconds"].label == kpis.load()["aht_seconds"].label
    assert "aht_seconds" not in {kpi.id for group in catalogue.claims().values() for kpi in group}


def test_override_of_an_unknown_kpi_is_refused(tmp_path: Path) -> None:
    config = parse({"kpis": {"aht_second": {"smallest_effect": 9.0}}}, tmp_path / "empathy.toml")
    with pytest.raises(kpis.KpiError, match='Did you mean "aht_seconds"'):
        kpis.load().with_overrides(config)


@pytest.mark.parametrize(
    ("section", "where"),
    [
        ({"value": {"kpis": {"aht_second": {"low": 1, "likely": 2, "high": 3}}}}, r"\[value.kpis.aht_second\]"),
        (
            {"programme": {"assignment": {"mode": "lowest_performers", "rule": {"kpi": "aht_second", "share": 0.5}}}},
            "assignment",
        ),
    ],
)
def test_a_kpi_named_anywhere_in_the_configuration_must_exist(tmp_path: Path, section: dict, where: str) -> None:
    config = parse(section, tmp_path / "empathy.toml")
    with pytest.raises(kpis.KpiError, match=where + '.*Did you mean "aht_seconds"'):
        kpis.configured(config)


def test_money_that_two_amounts_may_hold_is_asked_about_until_one_says_what_it_holds(tmp_path: Path) -> None:
    def amounts(**contains: list[str] | None) -> tuple[kpis.Catalogue, Value]:
        given = {
            name: {"low": 1, "likely": 2, "high": 3, **({} if held is None else {"contains": held})}
            for name, held in contains.items()
        }
        config = parse({"value": {"kpis": given}}, tmp_path / "empathy.toml")
        return kpis.configured(config), config.value

    def asked(**contains: list[str] | None) -> list[tuple[str, str, str]]:
        catalogue, value = amounts(**contains)
        found = overlaps(value, catalogue.values())
        return [(item.kpi.id, item.money_group, other.id) for item in found for other in item.others]

    assert asked(escalation_rate=None) == []
    assert asked(escalation_rate=None, aht_seconds=None, upsell_revenue=None) == [
        ("escalation_rate", "handling time", "aht_seconds")
    ]
    assert asked(escalation_rate=[], aht_seconds=None) == []
    assert asked(escalation_rate=["handling time"]) == []
    with pytest.raises(kpis.KpiError, match=r"escalation_rate\] contains handling time, and \[value.kpis.aht_seconds"):
        amounts(escalation_rate=["handling time"], aht_seconds=None)
    with pytest.raises(kpis.KpiError, match=r'there is no money group "handlng time".*Did you mean "handling time"'):
        amounts(escalation_rate=["handlng time"])


def test_what_one_is_worth_has_one_sign_where_fewer_are_better(tmp_path: Path) -> None:
    def worth(kpi: str, low: float, high: float) -> kpis.Catalogue:
        given = {"value": {"kpis": {kpi: {"low": low, "likely": (low + high) / 2, "high": high}}}}
        return kpis.configured(parse(given, tmp_path / "empathy.toml"))

    with pytest.raises(kpis.KpiError, match=r"\[value.kpis.escalation_rate\]: -5 to 3 is on both sides of zero"):
        worth("escalation_rate", -5, 3)
    assert worth("escalation_rate", -5, 0)
    assert worth("upsell_conversion", -5, 3), "one more sale may bring less than it costs"
    with pytest.raises(ConfigError, match="over 10,000 million is taken for a slip"):
        worth("escalation_rate", 1, 1e11)
