"""agent_week and the other marts, counted by hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from etl.configuration import kpis

MONDAY = dt.date(2024, 1, 1)


def at(day: int, hour: int = 10) -> dt.datetime:
    """A UTC time on a day counted from Monday 1 January 2024."""
    return dt.datetime.combine(MONDAY, dt.time(hour)) + dt.timedelta(days=day)


def call(number: int, day: int, agent: str | None = "1", **more: Any) -> dict[str, Any]:
    return {
        "interaction_id": f"c{number}", "source_agent_id": agent, "started_at": at(day), "channel": "voice",
        "queue": "billing", **more,
    }  # fmt: skip


STAFF = {
    "agent": [
        {"source_agent_id": "1", "employee_number": "1", "hired_on": "2023-06-01", "site": "Madrid"},
        {"source_agent_id": "2", "employee_number": "2", "hired_on": "2023-12-15", "site": "Madrid"},
    ],
    "agent_team": [
        {"source_agent_id": "1", "team_id": "A", "valid_from": "2023-06-01", "site": "Madrid"},
        {"source_agent_id": "2", "team_id": "A", "valid_from": "2023-12-15", "site": "Madrid"},
    ],
}


def totals(built: Any, kpi: str) -> tuple[float | None, float | None]:
    (row,) = built.rows(f"select sum({kpi}_num), sum({kpi}_den) from mart.agent_week")
    return row


def test_contacts_without_an_agent_are_kept_but_count_for_nobody(build_rows: Callable[..., Any]) -> None:
    built = build_rows({**STAFF, "interaction": [call(1, 0, handle_s=100), call(2, 1, agent=None, handle_s=900)]})
    assert built.one("select count(*) from core.interaction") == 2
    assert totals(built, "aht_seconds") == (100, 1)


def test_weeks_begin_on_monday_in_the_sites_own_time(build_rows: Callable[..., Any]) -> None:
    """Sunday 23:30 UTC is Monday in Madrid and still Sunday in New York."""
    staff = {
        "agent": [{**STAFF["agent"][0]}, {**STAFF["agent"][1], "site": "New York"}],
        "agent_team": [STAFF["agent_team"][0], {**STAFF["agent_team"][1], "site": "New York"}],
    }
    late = dt.datetime(2024, 1, 7, 23, 30)
    contacts = [call(1, 3), call(2, 12), *({**call(2 + n, 0, agent=str(n)), "started_at": late} for n in (1, 2))]
    built = build_rows(
        {**staff, "interaction": contacts},
        sites={"New York": {"timezone": "America/New_York"}, "Madrid": {"timezone": "Europe/Madrid"}},
    )
    weeks = dict(built.rows("select interaction_id, cast(week as varchar) from core.interaction"))
    assert weeks["c3"] == "2024-01-08"
    assert weeks["c4"] == "2024-01-01"


def offices(*sites: tuple[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Agents 1, 2, ... one per site, and the configuration of those sites."""
    ids = [(str(number), site) for number, (site, _) in enumerate(sites, start=1)]
    staff = {
        "agent": [{"source_agent_id": n, "employee_number": n, "hired_on": "2023-06-01", "site": s} for n, s in ids],
        "agent_team": [{"source_agent_id": n, "team_id": n, "valid_from": "2023-06-01", "site": s} for n, s in ids],
    }
    return staff, {site: {"timezone": zone} for site, zone in sites}


def test_the_last_week_is_that_of_the_last_contact_where_it_was_taken(build_rows: Callable[..., Any]) -> None:
    """Sunday 20:30 UTC is Monday morning in Tokyo: a week of its own, which UTC dates do not have."""
    staff, sites = offices(("Tokyo", "Asia/Tokyo"))
    contacts = [{**call(1, 3), "handle_s": 60}, {**call(2, 0), "started_at": dt.datetime(2024, 1, 7, 20, 30)}]
    built = build_rows({**staff, "interaction": contacts}, sites=sites)
    assert built.rows("select cast(week as varchar), cast(last_day as varchar) from core.week order by 1") == [
        ("2024-01-01", "2024-01-07"), ("2024-01-08", "2024-01-08"),
    ]  # fmt: skip
    assert built.rows("select distinct cast(week as varchar) from mart.agent_week order by 1") == [
        ("2024-01-01",), ("2024-01-08",),
    ]  # fmt: skip
    assert (built.done.first_day, built.done.last_day) == (dt.date(2024, 1, 4), dt.date(2024, 1, 8))


def test_the_first_week_is_that_of_the_first_contact_where_it_was_taken(build_rows: Callable[..., Any]) -> None:
    """Monday 03:00 UTC is Sunday evening in New York: a week more at the beginning, none at the end."""
    staff, sites = offices(("New York", "America/New_York"))
    first, late = dt.datetime(2024, 1, 8, 3), dt.datetime(2024, 1, 15, 3)
    contacts = [{**call(1, 0), "started_at": first}, {**call(2, 0), "started_at": late}]
    built = build_rows({**staff, "interaction": contacts}, sites=sites)
    weeks = "select cast(week as varchar), cast(first_day as varchar), cast(last_day as varchar) from core.week"
    assert built.rows(f"{weeks} order by 1") == [
        ("2024-01-01", "2024-01-07", "2024-01-07"), ("2024-01-08", "2024-01-08", "2024-01-14"),
    ]  # fmt: skip


def test_a_window_after_a_contact_is_closed_when_its_last_day_was_reached_at_every_site(
    build_rows: Callable[..., Any],
) -> None:
    """The data end on Monday in Tokyo, Sunday in Madrid: Monday's contacts of a week ago wait for Madrid's Monday."""
    tokyo, madrid = ("Tokyo", "Asia/Tokyo"), ("Madrid", "Europe/Madrid")
    end = dt.datetime(2024, 1, 14, 20, 30)
    monday, sunday = dt.datetime(2024, 1, 7, 20), dt.datetime(2024, 1, 6, 20)
    contacts = [
        {**call(number, 0), "started_at": at, "source_customer_id": f"k{number}", "reason": "billing"}
        for number, at in enumerate((end, monday, sunday), start=1)
    ]
    for places, counted in (((tokyo,), 2), ((tokyo, madrid), 1)):
        staff, sites = offices(*places)
        at_work = [call(9, 3, agent=str(len(places)))]
        built = build_rows({**staff, "interaction": contacts + at_work}, sites=sites)
        assert totals(built, "fcr_7d") == (counted, counted)


@pytest.mark.parametrize(("first", "second"), [("Madrid", "Tokyo"), ("Tokyo", "Madrid"), ("New York", "Tokyo")])
def test_an_agent_who_moves_to_another_time_zone_is_in_one_place_at_any_instant(
    build_rows: Callable[..., Any], first: str, second: str
) -> None:
    hours = [f"2024-01-{day} {hour:02}:30" for day in (14, 15, 16) for hour in range(24)]
    contacts = [{"interaction_id": at, "source_agent_id": "1", "started_at": at, "channel": "voice"} for at in hours]
    moves = [
        {"source_agent_id": "1", "team_id": "A", "valid_from": "2023-06-01", "valid_to": "2024-01-15", "site": first},
        {"source_agent_id": "1", "team_id": "B", "valid_from": "2024-01-15", "site": second},
    ]
    zones = {"Madrid": "Europe/Madrid", "Tokyo": "Asia/Tokyo", "New York": "America/New_York"}
    built = build_rows(
        {"agent": [{**STAFF["agent"][0], "site": first}], "agent_team": moves, "interaction": contacts},
        sites={name: {"timezone": zone} for name, zone in zones.items()},
    )
    placed = "select count(*), count(distinct interaction_id) from core.interaction where agent_key is not null"
    assert built.rows(placed) == [(len(hours), len(hours))]
    new_team_from = built.rows(
        "select min(started_at) from core.interaction as contact inner join core.place as place "
        "on place.place_ix = contact.place_ix where place.team_id = 'B'"
    )
    midnight = dt.datetime(2024, 1, 15, tzinfo=ZoneInfo(zones[second])).astimezone(dt.UTC).replace(tzinfo=None)
    assert new_team_from == [(midnight + dt.timedelta(minutes=30),)]


def test_the_team_in_force_at_the_start_counts(build_rows: Callable[..., Any]) -> None:
    staff = {
        **STAFF,
        "agent_team": [
            {"source_agent_id": "1", "team_id": "A", "valid_from": "2023-06-01", "site": "Madrid"},
            {"source_agent_id": "1", "team_id": "B", "valid_from": "2024-01-04", "site": "Madrid"},
        ],
    }
    before, after = dt.datetime(2024, 1, 3, 22, 59), dt.datetime(2024, 1, 3, 23, 0)  # midnight in Madrid is 23:00 UTC
    contacts = [{**call(1, 0), "started_at": before}, {**call(2, 0), "started_at": after}]
    built = build_rows({**staff, "interaction": contacts})
    teams = dict(
        built.rows("select interaction_id, team_id from core.interaction inner join core.place using (place_ix)")
    )
    assert teams == {"c1": "A", "c2": "B"}


def test_surveys_count_by_response_at_the_contacts_week(build_rows: Callable[..., Any]) -> None:
    surveys = [
        {"response_id": "s1", "interaction_id": "c1", "invited_at": at(0), "answered_at": at(9), "csat_raw": 4},
        {"response_id": "s2", "interaction_id": "c1", "invited_at": at(0), "answered_at": at(1), "csat_raw": 3},
        {"response_id": "s3", "interaction_id": "c2", "invited_at": at(8)},
        {
            "response_id": "s4",
            "interaction_id": "c2",
            "answered_at": at(9),
            "csat_raw": 80,
            "scale_min": 0,
            "scale_max": 100,
        },
    ]
    built = build_rows({**STAFF, "interaction": [call(1, 0), call(2, 8)], "survey_response": surveys})
    assert totals(built, "csat_top2") == (2, 3)
    assert totals(built, "survey_response_rate") == (2, 3)
    first = built.rows("select csat_top2_num, csat_top2_den from mart.agent_week where week = '2024-01-01'")
    assert first == [(1.0, 2.0)] or (1.0, 2.0) in first
    mean = totals(built, "csat_mean")
    assert mean[0] == pytest.approx(4 + 3 + 1 + 4 * 0.8)


def test_offers_count_by_eligible_contact_net_of_cancellation(build_rows: Callable[..., Any]) -> None:
    contacts = [call(1, 0), call(2, 0), call(3, 1), call(4, 2, eligible=False), call(5, 2)]
    offers = [
        {"offer_id": "o1", "interaction_id": "c1", "kind": "upsell", "made_at": at(0), "accepted": True, "amount": 10},
        {"offer_id": "o2", "interaction_id": "c1", "kind": "upsell", "made_at": at(0), "accepted": True, "amount": 5},
        {"offer_id": "o3", "interaction_id": "c2", "kind": "upsell", "made_at": at(0), "accepted": True, "amount": 7,
         "cancelled_at": at(3)},
        {"offer_id": "o4", "interaction_id": "c3", "kind": "cross_sell", "made_at": at(1), "accepted": False},
        {"offer_id": "o5", "interaction_id": "c4", "kind": "upsell", "made_at": at(2), "accepted": True, "amount": 99},
    ]  # fmt: skip
    built = build_rows({**STAFF, "interaction": contacts, "offer": offers})
    assert totals(built, "upsell_conversion") == (1, 4)
    assert totals(built, "cross_sell_conversion") == (0, 4)
    assert totals(built, "offer_rate") == (3, 4)
    assert totals(built, "offer_acceptance") == (1, 3)
    assert totals(built, "upsell_revenue") == (15, 4)
    assert built.one("select sum(upsell_revenue_sq) from mart.agent_week") == 225


def test_amounts_in_another_currency_are_left_out(build_rows: Callable[..., Any]) -> None:
    offer = {
        "offer_id": "o1",
        "interaction_id": "c1",
        "kind": "upsell",
        "made_at": at(0),
        "accepted": True,
        "amount": 9,
    }
    built = build_rows(
        {**STAFF, "interaction": [call(1, 0), call(2, 0)], "offer": [{**offer, "currency": "USD"}]},
    )
    assert totals(built, "upsell_conversion") == (1, 2)
    assert totals(built, "upsell_revenue") == (0, 1)


def test_a_repeat_counts_against_the_first_agent_and_the_last_week_is_open(build_rows: Callable[..., Any]) -> None:
    contacts = [
        call(1, 0, "1", source_customer_id="k", reason="bill"),
        call(2, 5, "2", source_customer_id="k", reason="bill"),
        call(3, 6, "2", source_customer_id="k", reason="move"),
        call(4, 13, "1", source_customer_id="m", reason="bill", transferred=True),
        call(5, 30, "1", source_customer_id="n", reason="bill"),
        call(6, 24, "1", source_customer_id="o", reason="bill"),
        call(7, 23, "1", source_customer_id="p", reason="bill"),
    ]
    built = build_rows({**STAFF, "interaction": contacts})
    rows = {
        agent: (num, den)
        for agent, num, den in built.rows(
            "select agent_ix, sum(repeat_contact_7d_num), sum(repeat_contact_7d_den) from mart.agent_week group by all"
        )
    }
    by_agent = dict(built.rows("select interaction_id, agent_key from core.interaction"))
    ix = dict(built.rows("select agent_key, agent_ix from core.agent"))
    # agent 1: c1 (repeated), c4, c7 (day 23 = last day 30 - 7); c6 on day 24 and c5 are open
    assert rows[ix[by_agent["c1"]]] == (1, 3)
    assert rows[ix[by_agent["c2"]]] == (0, 2)
    assert totals(built, "fcr_7d") == (3, 5)


@pytest.mark.parametrize(("hour", "counted"), [(2, 3), (10, 4), (23, 5)])
def test_a_last_day_exported_before_it_is_over_closes_no_window(
    build_rows: Callable[..., Any], hour: int, counted: int
) -> None:
    """Contacts at 0, 1, 2, 10 and 23 o'clock, seven days before a last day of which the export holds so many hours."""
    contacts = [
        *({**call(n, 0, source_customer_id=f"k{n}"), "started_at": at(0, early)} for n, early in enumerate((0, 1, 2))),
        {**call(3, 0, source_customer_id="k3", transferred=True), "started_at": at(0, 10)},
        {**call(4, 0, source_customer_id="k4"), "started_at": at(0, 23)},
        {**call(5, 7), "started_at": at(7, hour)},
    ]
    built = build_rows({**STAFF, "interaction": contacts}, project={"timezone": "UTC"})
    assert totals(built, "repeat_contact_7d") == (0, counted)
    assert totals(built, "fcr_7d")[1] == counted


def test_any_contact_that_follows_repeats_one_without_a_reason(build_rows: Callable[..., Any]) -> None:
    reasons = {0: "bill", 2: None, 4: "card", 12: None}  # by day
    contacts = [
        *(call(n, day, source_customer_id="k", reason=reasons[day]) for n, day in enumerate(reasons, start=1)),
        call(5, 1, source_customer_id="other", reason="card"),
        call(6, 20),
    ]
    built = build_rows({**STAFF, "interaction": contacts})
    repeated = dict(built.rows("select interaction_id, repeated_7d from core.customer_contact"))
    assert repeated == {"c1": False, "c2": True, "c3": False, "c4": False, "c5": False}


@pytest.mark.parametrize(("hour", "counted"), [(2, 1), (10, 2)])
def test_ninety_days_are_over_to_the_second(build_rows: Callable[..., Any], hour: int, counted: int) -> None:
    """Contacts at 1 and 10 o'clock, ninety days before a last day of which the export holds so many hours."""
    contacts = [
        *({**call(n, 0, source_customer_id=f"k{n}"), "started_at": at(0, early)} for n, early in enumerate((1, 10))),
        {**call(2, 90), "started_at": at(90, hour)},
    ]
    events = [
        {"event_id": kind, "source_customer_id": "nobody served", "kind": kind, "at": at(120)}
        for kind in ("churn", "referral")
    ]
    built = build_rows({**STAFF, "interaction": contacts, "customer_event": events}, project={"timezone": "UTC"})
    assert totals(built, "customer_retention_90d") == (counted, counted)
    assert totals(built, "referral_rate") == (0, counted)


def test_a_contact_that_continues_another_is_no_repeat(build_rows: Callable[..., Any]) -> None:
    contacts = [
        call(1, 0, "1", source_customer_id="k"),
        call(2, 0, "2", source_customer_id="k", parent_id="c1", started_at=at(0, 11)),
        call(3, 20, "1", source_customer_id="z"),
    ]
    built = build_rows({**STAFF, "interaction": contacts})
    assert totals(built, "repeat_contact_7d") == (0, 1)


def test_a_call_given_up_and_called_back_is_answered_for_by_who_called_back(build_rows: Callable[..., Any]) -> None:
    """The queue, a call back passed on to agent 2, a second call back; the customer returns twice."""
    contacts = [
        call(1, 0, None, source_customer_id="k"),
        call(2, 0, None, source_customer_id="k", parent_id="c1", started_at=at(0, 11)),
        call(3, 0, "1", source_customer_id="k", parent_id="c2", started_at=at(0, 12), transferred=False),
        call(4, 0, "2", source_customer_id="k", parent_id="c3", started_at=at(0, 13)),
        call(5, 0, "2", source_customer_id="k", parent_id="c1", started_at=at(0, 14)),
        call(6, 2, "1", source_customer_id="k"),
        call(7, 3, None, source_customer_id="k", parent_id="c6"),
        call(8, 3, "2", source_customer_id="k", parent_id="c7", started_at=at(3, 12)),
        call(9, 3, "2", source_customer_id="k", parent_id="not exported", started_at=at(3, 13)),
        call(10, 30, "1"),
    ]
    built = build_rows({**STAFF, "interaction": contacts})
    counted = built.rows("select interaction_id, repeated_7d from core.customer_contact where agent_key is not null")
    assert sorted(counted) == [("c3", True), ("c6", False)]
    assert totals(built, "fcr_7d") == (1, 2)


def test_retention_leaves_out_the_last_ninety_days_and_those_who_had_left(build_rows: Callable[..., Any]) -> None:
    contacts = [
        call(1, 0, source_customer_id="stays"),
        call(2, 0, source_customer_id="goes"),
        call(3, 70, source_customer_id="goes"),
        call(4, 60, source_customer_id="late"),
        call(5, 140, source_customer_id="end"),
    ]
    events = [
        {"event_id": "x", "source_customer_id": "goes", "kind": "churn", "at": at(60)},
        {"event_id": "y", "source_customer_id": "nobody served", "kind": "churn", "at": at(140)},
    ]
    built = build_rows({**STAFF, "interaction": contacts, "customer_event": events})
    assert totals(built, "customer_retention_90d") == (1, 2)
    assert totals(built, "referral_rate") == (None, None)


@pytest.mark.parametrize(("events_to", "counted"), [(140, 3), (109, 1), (110, 2), (500, 3), (80, 0)])
def test_ninety_days_must_have_passed_in_the_customer_events_too(
    build_rows: Callable[..., Any], events_to: int, counted: int
) -> None:
    """Who called on day 20 and is not in events that end on day 109 may still have left on day 110."""
    contacts = [call(n, day, source_customer_id=f"k{n}") for n, day in enumerate((0, 20, 50, 140))]
    events = [
        {"event_id": kind, "source_customer_id": "nobody served", "kind": kind, "at": at(events_to)}
        for kind in ("churn", "referral")
    ]
    built = build_rows({**STAFF, "interaction": contacts, "customer_event": events})
    assert totals(built, "customer_retention_90d") == (counted, counted)
    assert totals(built, "referral_rate") == (0, counted)


def test_a_referral_is_credited_to_the_last_contact_before_it(build_rows: Callable[..., Any]) -> None:
    contacts = [call(1, 0, "1", source_customer_id="k"), call(2, 5, "2", source_customer_id="k"), call(3, 120)]
    events = [
        {"event_id": "x", "source_customer_id": "k", "kind": "referral", "at": at(7)},
        {"event_id": "y", "source_customer_id": "nobody served", "kind": "referral", "at": at(120)},
    ]
    built = build_rows({**STAFF, "interaction": contacts, "customer_event": events})
    credited = built.rows("select interaction_id from core.customer_contact where referred_90d")
    assert credited == [("c2",)]
    assert totals(built, "referral_rate") == (1, 2)


def test_what_no_export_speaks_of_is_empty_not_zero(build_rows: Callable[..., Any]) -> None:
    built = build_rows({**STAFF, "interaction": [call(1, 0)]})
    for kpi in ("escalation_rate", "complaints_per_1000", "upsell_conversion", "csat_top2", "fcr_7d", "empathy_score"):
        assert totals(built, kpi) == (None, None)


def test_one_kind_of_outcome_says_nothing_of_the_other_kinds(build_rows: Callable[..., Any]) -> None:
    """Complaints alone are no escalation rate, and cross-sell alone is no upsell conversion."""
    rows = {
        "interaction": [call(1, 0), call(2, 1)],
        "escalation": [{"escalation_id": "e", "interaction_id": "c1", "kind": "complaint", "at": at(3)}],
        "offer": [
            {"offer_id": "o", "interaction_id": "c1", "kind": "cross_sell", "made_at": at(0), "accepted": False},
        ],
    }
    built = build_rows({**STAFF, **rows})
    assert totals(built, "escalation_rate") == (None, None)
    assert totals(built, "upsell_conversion") == (None, None)
    assert totals(built, "cross_sell_conversion") == (0, 2)
    assert totals(built, "offer_acceptance") == (0, 1)


def test_nothing_at_all_gives_empty_marts(build_rows: Callable[..., Any]) -> None:
    built = build_rows({})
    for relation in ("agent_week", "agent", "agent_spell", "skill_month", "cohort", "adoption"):
        assert built.one(f"select count(*) from mart.{relation}") == 0


def test_complaints_count_at_the_contact_or_else_when_made(build_rows: Callable[..., Any]) -> None:
    escalations = [
        {"escalation_id": "e1", "interaction_id": "c1", "kind": "complaint", "at": at(16)},
        {"escalation_id": "e2", "source_agent_id": "2", "kind": "complaint", "at": at(9)},
        {"escalation_id": "e3", "interaction_id": "c2", "kind": "supervisor", "at": at(8)},
    ]
    contacts = [call(1, 0), call(2, 8), call(3, 20), call(4, 1, "2")]
    built = build_rows({**STAFF, "interaction": contacts, "escalation": escalations})
    assert totals(built, "complaints_per_1000") == (2, 4)
    weeks = built.rows(
        "select cast(week as varchar), complaints_per_1000_num from mart.agent_week "
        "where complaints_per_1000_num > 0 order by week"
    )
    assert weeks == [("2024-01-01", 1.0), ("2024-01-08", 1.0)]
    assert totals(built, "escalation_rate") == (1, 4)
    sums = "complaints_per_1000_num, complaints_per_1000_sq"
    counted = built.rows(f"select {sums} from mart.agent_week where complaints_per_1000_den > 0")
    assert sorted(counted) == [(0, 0), (0, 0), (0, 0), (1, 1)]  # a week without a complaint had none; it is not unknown


def test_exposure_is_days_of_employment(build_rows: Callable[..., Any]) -> None:
    """Two agents over 21 days, one of whom leaves after ten: complaints per agent-day."""
    staff = {
        "agent": [STAFF["agent"][0], {**STAFF["agent"][1], "left_on": "2024-01-10"}],
        "agent_team": STAFF["agent_team"],
    }
    escalations = [{"escalation_id": "e", "source_agent_id": "2", "kind": "complaint", "at": at(9)}]
    built = build_rows({**staff, "interaction": [call(1, 0), call(2, 20), call(3, 1, "2")], "escalation": escalations})
    assert totals(built, "complaints_per_1000_agent_days") == (1, 21 + 10)
    assert totals(built, "agent_attrition") == (1, 3 + 2)


@pytest.mark.parametrize(
    ("in_team_to", "left_on", "weeks", "days"),
    [
        ("2024-01-15", "2024-01-15", 3, 15),  # a Monday, the first day no longer in the team
        ("2024-01-10", "2024-01-10", 2, 10),
        ("2024-01-08", "2024-01-24", 4, 24),  # on leave for the weeks of notice
        ("2024-02-20", "2024-01-10", 2, 10),
    ],
)
def test_who_leaves_after_the_team_history_ends_has_left_all_the_same(
    build_rows: Callable[..., Any], in_team_to: str, left_on: str, weeks: int, days: int
) -> None:
    staff = {
        "agent": [STAFF["agent"][0], {**STAFF["agent"][1], "left_on": left_on}],
        "agent_team": [
            STAFF["agent_team"][0],
            {**STAFF["agent_team"][1], "valid_to": "2024-01-01"},
            {**STAFF["agent_team"][1], "team_id": "B", "valid_from": "2024-01-01", "valid_to": in_team_to},
        ],
    }
    built = build_rows({**staff, "interaction": [call(1, 0), call(2, 34), call(3, 0, "2")]})
    counted = "select team_id, sum(agent_attrition_num), sum(agent_attrition_den) from mart.agent_week group by team_id"
    assert sorted(built.rows(counted)) == [("A", 0, 5), ("B", 1, weeks)]
    by_place = "select sum(days) from core.employment_week inner join core.place using (place_ix) where team_id = 'B'"
    assert built.one(by_place) == days


def test_spells_split_at_training_cover_employment_once(build_rows: Callable[..., Any]) -> None:
    staff = {"agent": [{**STAFF["agent"][0], "left_on": "2024-01-18", "leave_type": "voluntary"}, STAFF["agent"][1]]}
    training = [{"source_agent_id": "1", "course_id": "EMP101", "status": "completed", "completed_at": at(9)}]
    built = build_rows({**staff, "training": training, "interaction": [call(1, 0), call(2, 20, "2")]})
    rows = built.rows(
        'select trained, exit_day - entry_day, "left", leave_type from mart.agent_spell '
        "order by agent_key = (select agent_key from mart.agent where trained_on is not null) desc, entry_day"
    )
    assert rows == [(False, 10, False, None), (True, 8, True, "voluntary"), (False, 21, False, None)]


def test_spells_split_at_the_planned_week_whether_or_not_training_was_completed(
    build_rows: Callable[..., Any],
) -> None:
    """One completes two days late and stays; the other skips the training and leaves: due all the same."""
    planned = {"course_id": "EMP101", "status": "planned", "planned_on": "2024-01-08", "planned_wave": "W1"}
    training = [
        {"source_agent_id": "1", **planned},
        {"source_agent_id": "2", **planned},
        {"source_agent_id": "1", "course_id": "EMP101", "status": "completed", "completed_at": at(9)},
    ]
    staff = {
        "agent": [STAFF["agent"][0], {**STAFF["agent"][1], "left_on": "2024-01-18", "leave_type": "voluntary"}],
        "agent_team": STAFF["agent_team"],
    }
    built = build_rows({**staff, "training": training, "interaction": [call(1, 0), call(2, 20), call(3, 1, "2")]})
    rows = built.rows(
        'select scheduled, trained, exit_day - entry_day, "left", leave_type from mart.agent_spell '
        "order by agent_key = (select agent_key from mart.agent where trained_on is not null) desc, entry_day"
    )
    assert rows == [
        (False, False, 7, False, None),
        (True, False, 3, False, None),
        (True, True, 11, False, None),
        (False, False, 7, False, None),
        (True, False, 11, True, "voluntary"),
    ]


def test_trained_and_scheduled_weeks(build_rows: Callable[..., Any]) -> None:
    training = [
        {
            "source_agent_id": "1",
            "course_id": "EMP101",
            "status": "planned",
            "planned_on": "2024-01-08",
            "planned_wave": "W1",
        },
        {"source_agent_id": "1", "course_id": "EMP101", "status": "completed", "completed_at": at(16)},
        {"source_agent_id": "1", "course_id": "OTHER", "status": "completed", "completed_at": at(1)},
    ]
    built = build_rows({**STAFF, "training": training, "interaction": [call(1, 0), call(2, 20), call(3, 0, "2")]})
    rows = built.rows(
        "select cast(trained_week as varchar), cast(scheduled_week as varchar), planned_wave, courses_completed "
        "from mart.agent order by trained_week nulls last"
    )
    assert rows == [("2024-01-15", "2024-01-08", "W1", 1), (None, None, None, 0)]
    shares = built.rows("select distinct team_share_trained from mart.agent_week where week = '2024-01-15' order by 1")
    assert shares == [(0.0,)]


def test_who_left_is_not_overdue(build_rows: Callable[..., Any]) -> None:
    """One of three finishes, one leaves in the second week after the plan, one is still to finish."""
    agents = [
        {"source_agent_id": str(n), "employee_number": str(n), "hired_on": "2023-06-01", "site": "Madrid"}
        | ({"left_on": "2024-01-17", "leave_type": "voluntary"} if n == 2 else {})
        for n in (1, 2, 3)
    ]
    training = [
        {"source_agent_id": str(n), "course_id": "EMP101", "status": "planned", "planned_on": "2024-01-08"}
        for n in (1, 2, 3)
    ]
    training.append({"source_agent_id": "1", "course_id": "EMP101", "status": "completed", "completed_at": at(9)})
    contacts = [call(n, n, str(n)) for n in (1, 2, 3)] + [call(4, 20)]
    built = build_rows({"agent": agents, "training": training, "interaction": contacts})
    rows = built.rows(
        "select cast(week as varchar), sum(planned), sum(completed), sum(overdue), sum(left_unfinished) "
        "from mart.adoption group by week order by week"
    )
    assert rows == [("2024-01-01", 0, 0, 0, 0), ("2024-01-08", 3, 1, 2, 0), ("2024-01-15", 3, 1, 1, 1)]


def test_share_of_trained_team_mates_leaves_the_agent_out(build_rows: Callable[..., Any]) -> None:
    training = [{"source_agent_id": "1", "course_id": "EMP101", "status": "completed", "completed_at": at(1)}]
    built = build_rows(
        {**STAFF, "training": training, "interaction": [call(1, 0), call(2, 8), call(3, 8, "2"), call(4, 20)]}
    )
    trained = built.one("select agent_key from mart.agent where trained_on is not null")
    shares = dict(
        built.rows(
            f"select agent_key = '{trained}', any_value(team_share_trained) from mart.agent_week "
            "where week = '2024-01-08' group by 1"
        )
    )
    assert shares == {True: 0.0, False: 1.0}


def test_all_courses_can_be_asked_for(build_rows: Callable[..., Any]) -> None:
    training = [
        {"source_agent_id": "1", "course_id": course, "status": "completed", "completed_at": at(day)}
        for course, day in (("EMP101", 1), ("EMP201", 9))
    ] + [{"source_agent_id": "2", "course_id": "EMP101", "status": "completed", "completed_at": at(2)}]
    programme = {"complete": "all", "courses": [{"id": "EMP101"}, {"id": "EMP201"}]}
    built = build_rows({**STAFF, "training": training, "interaction": [call(1, 0), call(2, 20)]}, programme=programme)
    assert built.rows("select cast(trained_on as varchar) from mart.agent order by 1 nulls last") == [
        ("2024-01-10",),
        (None,),
    ]


def test_a_kpi_is_added_by_adding_an_entry(build_rows: Callable[..., Any], tmp_path: Path) -> None:
    entry = """
[long_contact_rate]
label = "Long contacts"
short = "Long"
claim = "What empathy costs"
question = "Do more contacts take over ten minutes?"
definition = "Share of contacts that took more than ten minutes."
base = "interaction"
where = "channel = 'voice'"
numerator = "handle_s > 600"
denominator = "1"
unit = "share"
better = "lower"
smallest_effect = 0.01
role = "secondary"
binary = true
family = "logit"
per = "contact"
dimensions = ["site", "team", "channel", "queue"]
caveat = "An example."
"""
    path = tmp_path / "kpis.toml"
    path.write_text((kpis.SQL_FOLDER / "kpis.toml").read_text(encoding="utf-8") + entry, encoding="utf-8")
    contacts = [
        call(1, 0, handle_s=601),
        call(2, 0, handle_s=600),
        call(3, 0),
        call(4, 0, channel="chat", handle_s=900),
    ]
    built = build_rows({**STAFF, "interaction": contacts}, catalogue=kpis.load(path))
    assert totals(built, "long_contact_rate") == (1, 2)


def test_a_mistaken_expression_names_its_entry(build_rows: Callable[..., Any], tmp_path: Path) -> None:
    text = (kpis.SQL_FOLDER / "kpis.toml").read_text(encoding="utf-8")
    path = tmp_path / "kpis.toml"
    path.write_text(text.replace('numerator = "handle_s"', 'numerator = "handle_seconds"'), encoding="utf-8")
    with pytest.raises(kpis.KpiError, match=r"\[aht_seconds\].*\[kpis.aht_seconds\] of empathy.toml.*handle_seconds"):
        build_rows({**STAFF, "interaction": [call(1, 0, handle_s=1)]}, catalogue=kpis.load(path))


def test_as_of_uses_only_what_was_known(build_rows: Callable[..., Any]) -> None:
    rows = {
        "agent": [{**STAFF["agent"][0], "left_on": "2024-01-18"}, STAFF["agent"][1]],
        "interaction": [call(1, 0), call(2, 8), call(3, 20)],
        "training": [{"source_agent_id": "1", "course_id": "EMP101", "status": "completed", "completed_at": at(12)}],
        "survey_response": [
            {"response_id": "s", "interaction_id": "c1", "invited_at": at(0), "answered_at": at(15), "csat_raw": 5}
        ],
    }
    rows["escalation"] = [{"escalation_id": "undated", "interaction_id": "c1", "kind": "tier2"}]
    built = build_rows(rows, as_of=dt.date(2024, 1, 10))
    assert totals(built, "escalation_rate") == (1, 2)  # dated by its contact
    assert built.one("select count(*) from core.interaction") == 2
    assert built.one("select count(left_on) + count(trained_on) from mart.agent") == 0
    assert totals(built, "csat_top2") == (None, None)
    assert totals(built, "survey_response_rate") == (0, 1)
    assert built.done.left_out["interaction"] == 1


def test_nobody_is_an_agent_before_the_first_sign_of_them(build_rows: Callable[..., Any]) -> None:
    rows = {
        "agent": [STAFF["agent"][0], {**STAFF["agent"][1], "hired_on": "2024-01-15"}],
        "interaction": [call(1, 0, "1"), call(2, 20, "2")],
    }
    built = build_rows(rows, as_of=dt.date(2024, 1, 10))
    assert built.one("select count(*) from mart.agent") == 1
    assert built.one("select count(*) from core.agent") == 1
    assert build_rows(rows).one("select count(*) from mart.agent") == 2


def test_twice_the_same_input_gives_the_same_marts(build_rows: Callable[..., Any]) -> None:
    contacts = [
        call(n, n % 21, str(1 + n % 2), handle_s=100 + 0.37 * n, source_customer_id=f"k{n % 9}") for n in range(400)
    ]
    surveys = [
        {
            "response_id": f"s{n}",
            "interaction_id": f"c{n}",
            "answered_at": at(30),
            "csat_raw": 1 + n % 7,
            "scale_max": 7,
        }
        for n in range(300)
    ]
    rows = {**STAFF, "interaction": contacts, "survey_response": surveys}
    first, second = (build_rows(rows) for _ in range(2))
    for relation in ("agent_week", "agent", "agent_spell", "skill_month", "cohort", "adoption"):
        query = f"select * from mart.{relation} order by all"
        assert first.rows(query) == second.rows(query)


def test_what_counts_in_no_queue_stands_in_one_row_of_its_week(build_rows: Callable[..., Any]) -> None:
    """Contacts, surveys and customers' contacts without a queue; absence and employment without a channel."""
    contacts = [call(n, 0, queue=None, source_customer_id=f"k{n}", handle_s=60) for n in range(2)] + [call(2, 20)]
    survey = {"response_id": "r", "interaction_id": "c0", "invited_at": at(0), "answered_at": at(0, 12), "csat_raw": 5}
    days = [{"source_agent_id": "1", "day": dt.date(2024, 1, day), "absent": True} for day in (2, 3)]
    built = build_rows({**STAFF, "interaction": contacts, "survey_response": [survey], "agent_day": days})
    counted = "aht_seconds_den, survey_response_rate_num, fcr_7d_den, absence_rate_num, agent_attrition_den"
    week = "select channel, {} from mart.agent_week where agent_key = {} and week = '2024-01-01' order by channel"
    agent = "(select agent_key from core.interaction where interaction_id = 'c0')"
    assert built.rows(week.format(counted, agent)) == [("voice", 2, 1, 2, None, None), (None, None, None, None, 2, 1)]


@pytest.mark.parametrize("table", ["survey_response", "offer"])
def test_a_contact_without_agent_leaves_the_week_to_the_local_time_of_the_agent_named(
    build_rows: Callable[..., Any], table: str
) -> None:
    """Sunday 23:30 UTC is Monday in Madrid."""
    late = dt.datetime(2024, 1, 7, 23, 30)
    row = {"interaction_id": "c1", "source_agent_id": "1"}
    rows = {
        "survey_response": {**row, "response_id": "r", "invited_at": late},
        "offer": {**row, "offer_id": "o", "kind": "upsell", "made_at": late, "accepted": True},
    }
    contacts = [{**call(1, 0, None), "started_at": late}, call(2, 0), call(3, 20)]
    built = build_rows({**STAFF, "interaction": contacts, table: [rows[table]]})
    assert built.one(f"select cast(week as varchar) from core.{table}") == "2024-01-08"


@pytest.mark.parametrize(("of", "week"), [("1", 0), ("2", 14), (None, 0)])
def test_an_evaluation_that_names_another_agents_contact_counts_when_it_was_made(
    build_rows: Callable[..., Any], of: str | None, week: int
) -> None:
    """Ids of two systems may be alike by chance; a contact that reached nobody may still be the one."""
    evaluation = {"evaluation_id": "e", "source_agent_id": "1", "interaction_id": "c1", "evaluated_at": at(15)}
    built = build_rows(
        {**STAFF, "interaction": [call(1, 2, agent=of), call(2, 3), call(3, 16)],
         "qa_evaluation": [{**evaluation, "empathy_score": 0.5}]}
    )  # fmt: skip
    rows = built.rows("select week, channel from core.qa_evaluation")
    assert rows == [(MONDAY + dt.timedelta(days=week), "voice" if of == "1" else None)]
