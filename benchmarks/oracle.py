"""Recompute every KPI in plain Python from landed rows and compare it with ``mart.agent_week``.

``python -m benchmarks.oracle CONFIG [CONFIG ...]`` reads the exports of each configuration, builds the marts in memory,
recomputes them without SQL, and prints how many cells (KPI, week, team, site) were compared and how many differ.

Not recomputed: landed rows, identities, repaired team spells, employments, and phrases in transcripts; their tests have
their own recomputations. Recomputed: local days and weeks, places at the time of an event, the contact an outcome is
about, the days of which exports speak, repeats, windows that have not closed, leaving and exposure, and every numerator
and denominator.
"""

from __future__ import annotations

import bisect
import datetime as dt
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

Row = dict[str, Any]
Place = tuple[str, str, str]
"""Agent, team, site."""
Cells = dict[tuple[str, dt.date, str, str], list[float]]
"""KPI, week, team and site to numerator and denominator."""

DAY, WEEK = dt.timedelta(days=1), dt.timedelta(days=7)
FAR = dt.date(9999, 12, 31)
SURPRISING = 0.01
SKILLS = ("active_listening", "personalisation", "probing_questions", "perspective_taking", "trigger_free_language")
HEARD = {
    "text_active_listening": "active_listening_hits", "text_personalisation": "personalisation_hits",
    "text_probing_questions": "probing_questions_hits", "text_perspective_taking": "perspective_taking_hits",
    "trigger_rate": "trigger_free_language_hits", "sympathy_rate": "sympathy_hits",
}  # fmt: skip


class Oracle:
    """One world: its landed rows, and the KPIs computed from them.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With landing, staging and core as a build leaves them before it publishes.
    zones : mapping of str to str
        Site to zone.
    zone : str
        Of sites that are not listed.
    study : (date or None, date or None)
        First and last day looked at.
    currency : str
    """

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        zones: Mapping[str, str],
        zone: str,
        study: tuple[dt.date | None, dt.date | None] = (None, None),
        currency: str = "EUR",
    ) -> None:
        self.con, self.currency = con, currency
        self.cells: Cells = defaultdict(lambda: [0.0, 0.0])
        self.zones = {site: ZoneInfo(name) for site, name in zones.items()}
        self.zone = ZoneInfo(zone)
        self.agents = {row["agent_key"]: row for row in self.rows("core.agent")}
        self.people: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in self.rows("staging.identity"):
            self.people[row["source"], row["source_agent_id"]].append(row)
        self.spells: dict[str, list[Row]] = defaultdict(list)
        for row in sorted(self.rows("core.agent_team"), key=lambda row: row["valid_from"]):
            self.spells[row["agent_key"]].append(row)
        self.stretches = {agent: self._stretches(agent) for agent in self.agents}
        self.begins = {agent: [begin for begin, _, _ in found] for agent, found in self.stretches.items()}
        self.contacts = self._contacts()
        days = [row["day"] for row in self.contacts]
        self.last_at = max(row["started_at"] for row in self.contacts)
        self.first_day = max(min(days), study[0] or min(days))
        self.last_day = min(max(days), study[1] or max(days))
        west = min(
            (
                self._offset(self._place(a, self.last_at)[2], self.last_at)
                for a, row in self.agents.items()
                if row["is_agent"]
            ),
            default=dt.timedelta(0),
        )
        self.west = west
        self.data_to = min(max(days), (self.last_at + west).date())
        self._count_all()

    def rows(self, relation: str) -> list[Row]:
        """All rows of a relation as dictionaries."""
        cursor = self.con.execute(f"select * from {relation}")
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    # ---- who was where, and which day it was there

    def _offset(self, site: str, at: dt.datetime) -> dt.timedelta:
        found = at.replace(tzinfo=dt.UTC).astimezone(self.zones.get(site, self.zone)).utcoffset()
        return found or dt.timedelta(0)

    def _midnight(self, site: str, day: dt.date) -> dt.datetime:
        local = dt.datetime.combine(day, dt.time(), self.zones.get(site, self.zone))
        return local.astimezone(dt.UTC).replace(tzinfo=None)

    def _stretches(self, agent: str) -> list[tuple[dt.datetime, str | None, str]]:
        """Team and site of an agent over time, without gaps; no team before, between and after spells."""
        home = self.agents[agent]["site"] or "unknown"
        found: list[tuple[dt.datetime, str | None, str]] = [(dt.datetime.min, None, home)]
        spells = self.spells.get(agent, [])
        for place, spell in enumerate(spells):
            site = spell["site"] or home
            found.append((self._midnight(site, spell["valid_from"]), spell["team_id"], site))
            end = spell["valid_to"] or FAR
            following = spells[place + 1]["valid_from"] if place + 1 < len(spells) else FAR
            if end < following:
                found.append((self._midnight(home, end), None, home))
        return found

    def _place(self, agent: str, at: dt.datetime) -> Place:
        _, team, site = self.stretches[agent][bisect.bisect_right(self.begins[agent], at) - 1]
        return agent, team or "unknown", site

    def _who(self, source: str, identifier: str | None, at: dt.datetime | None) -> Place | None:
        if identifier is None or at is None:
            return None
        for row in self.people.get((source, identifier), ()):
            if row["valid_from"] <= at < row["valid_to"]:
                return self._place(row["agent_key"], at)
        return None

    def _day(self, place: Place | None, at: dt.datetime) -> dt.date:
        return (at + self._offset(place[2] if place else "", at)).date()

    def _contacts(self) -> list[Row]:
        found = self.rows("staging.landed_interaction")
        legs: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in found:
            row["place"] = self._who(row["_source"], row["source_agent_id"], row["started_at"])
            row["day"] = self._day(row["place"], row["started_at"])
            legs[row["_source"], row["interaction_id"]].append(row)
        self.by_id: dict[str, list[Row]] = defaultdict(list)
        for rows in legs.values():
            several = any(row["leg"] != 1 for row in rows)
            reached = [row["leg"] for row in rows if row["source_agent_id"] is not None]
            first = (min(reached) if reached else min(row["leg"] for row in rows)) if several else None
            for row in rows:
                row["is_first"] = first is None or row["leg"] == first
                self.by_id[row["interaction_id"]].append(row)
        return found

    def _about(self, row: Row, own: Place | None) -> Row | None:
        """The contact of an outcome: the named agent's own, else the first."""
        options = self.by_id.get(row["interaction_id"], []) if row["interaction_id"] is not None else []

        def order(contact: Row) -> tuple[Any, ...]:
            same = 1 if contact["place"] is None or own is None else 0 if contact["place"][0] == own[0] else 0.5
            return same, not contact["is_first"], contact["_source"], contact["leg"]

        return min(options, key=order) if options else None

    # ---- adding up

    def _add(self, kpi: str, place: Place | None, day: dt.date, num: float | None, den: float = 0.0) -> None:
        if num is None or place is None or not self.agents[place[0]]["is_agent"]:
            return
        monday = day - dt.timedelta(days=day.weekday())
        if not self.first_day - dt.timedelta(days=self.first_day.weekday()) <= monday <= self.last_day:
            return
        cell = self.cells[kpi, monday, place[1], place[2]]
        cell[0] += float(num)
        cell[1] += float(den)

    def _count_all(self) -> None:
        escalations, offers = self._outcomes()
        self._count_contacts(escalations, offers)
        self._count_surveys()
        self._count_evaluations()
        self._count_customers()
        self._count_people()
        self._count_heard()
        for row in self.rows("staging.landed_agent_day"):
            noon = dt.datetime.combine(row["day"], dt.time(12))
            place = next(
                (
                    found
                    for agent in {p["agent_key"] for p in self.people.get((row["_source"], row["source_agent_id"]), ())}
                    for found in [self._at_noon(agent, noon)]
                ),
                None,
            )
            if row["absent"] is not None:
                self._add("absence_rate", place, row["day"], row["absent"], 1)

    def _at_noon(self, agent: str, noon: dt.datetime) -> Place:
        """Where an agent was at local noon of a day."""
        for _ in range(2):
            place = self._place(agent, noon - self._offset(self._place(agent, noon)[2], noon))
        return self._place(agent, noon - self._offset(place[2], noon))

    def _known(
        self,
        relation: str,
        rows: list[Row],
        kinds: Mapping[str, Callable[[Row], bool]],
        tied: Callable[[Row], bool] | None,
    ) -> dict[str, tuple[dt.date, dt.date] | None]:
        """From when to when exports speak of each kind of outcome; sources of one kind taken together."""
        declared = {row["source"]: row for row in self.rows("staging.declared_span")}
        per_day: dict[dt.date, int] = defaultdict(int)
        for contact in self.contacts:
            if contact["source_agent_id"] is not None and contact["place"] is not None:
                per_day[contact["started_at"].date()] += 1
        spans: dict[str, tuple[dt.date, dt.date, bool]] = {}
        for source in {row["_source"] for row in rows}:
            own = [row for row in rows if row["_source"] == source and row["when"] is not None]
            if not own:
                continue
            first, last = min(r["when"] for r in own).date(), max(r["when"] for r in own).date()
            known = self._span(len(own), first, last, per_day)
            said = declared.get(source)
            known_from = said["begins"] if said and said["begins"] else known[0]
            known_to = said["ends"] if said and said["ends"] else known[1]
            needed = [row for row in own if tied is None or tied(row)]
            is_tied = tied is None or 2 * sum(row["contact"] is not None for row in needed) >= len(needed)
            spans[source] = (known_from, known_to, is_tied)
        found: dict[str, tuple[dt.date, dt.date] | None] = {}
        for kind, is_kind in kinds.items():
            speaking = {row["_source"] for row in rows if is_kind(row) and row["_source"] in spans}
            used = [spans[source] for source in speaking if spans[source][2] or kind == "complaints"]
            found[kind] = (min(s[0] for s in used), max(s[1] for s in used)) if used else None
        return found

    @staticmethod
    def _span(n: int, first: dt.date, last: dt.date, per_day: Mapping[dt.date, int]) -> tuple[dt.date, dt.date]:
        """The 1% rule: an empty period is unknown where its probability, at the adjacent rate, is below 1%."""

        def among(test: Callable[[dt.date], bool]) -> int:
            return sum(count for day, count in per_day.items() if test(day))

        before, after = among(lambda d: d < first), among(lambda d: d > last)
        from_first, to_last = among(lambda d: d >= first), among(lambda d: d <= last)
        late = math.exp(-(n - 1) * before / max(from_first, 1)) < SURPRISING
        early = math.exp(-(n - 1) * after / max(to_last, 1)) < SURPRISING
        later = (n - 1) / max(from_first - after if early else from_first, 1)
        sooner = (n - 1) / max(to_last - before if late else to_last, 1)
        known_from, known_to = dt.date.min, FAR
        monday, sunday = first - first.weekday() * DAY, last + (6 - last.weekday()) * DAY
        if math.exp(-later * before) < SURPRISING:
            partly = among(lambda d: monday <= d < first)
            known_from = first if math.exp(-later * partly) < SURPRISING else monday
        if math.exp(-sooner * after) < SURPRISING:
            partly = among(lambda d: last < d <= sunday)
            known_to = last if math.exp(-sooner * partly) < SURPRISING else sunday
        return known_from, known_to

    # ---- outcomes of contacts

    def _link(self, rows: list[Row], at: Callable[[Row, Row | None], dt.datetime | None]) -> None:
        for row in rows:
            options = self.by_id.get(row["interaction_id"], [None]) if row["interaction_id"] is not None else [None]
            when = at(row, None) or next((at(row, contact) for contact in options if contact), None)
            own = self._who(row["_source"], row["source_agent_id"], when)
            contact = self._about(row, own)
            row["when"], row["contact"] = at(row, contact), contact
            use_contact = contact is not None and contact["place"] is not None
            row["place"] = contact["place"] if contact is not None and use_contact else own
            row["day"] = (
                contact["day"] if contact is not None and use_contact else self._day(own, when) if when else None
            )

    def _outcomes(self) -> tuple[dict[int, set[str]], dict[int, list[Row]]]:
        found = self.rows("staging.landed_escalation")
        self._link(found, lambda row, contact: row["at"] or (contact and contact["started_at"]))
        self.escalations = found
        raised: dict[int, set[str]] = defaultdict(set)
        for row in found:
            if row["contact"] is not None:
                raised[id(row["contact"])].add(row["kind"])
        self.known = self._known(
            "escalation",
            found,
            {
                "escalations": lambda row: row["kind"] != "complaint",
                "complaints": lambda row: row["kind"] == "complaint",
            },
            lambda row: row["kind"] != "complaint",
        )
        offers = self.rows("staging.landed_offer")
        self._link(offers, lambda row, contact: row["made_at"])
        made: dict[int, list[Row]] = defaultdict(list)
        for row in offers:
            if row["contact"] is not None:
                made[id(row["contact"])].append(row)
        self.known |= self._known(
            "offer",
            offers,
            {
                "offers": lambda row: True, "upsells": lambda row: row["kind"] == "upsell",
                "cross_sells": lambda row: row["kind"] == "cross_sell",
            },
            lambda row: True,
        )  # fmt: skip
        events = self.rows("staging.landed_customer_event")
        for row in events:
            row["when"], row["contact"] = row["at"], None
        self.events = events
        self.known |= self._known(
            "customer_event",
            events,
            {"churn": lambda row: row["kind"] == "churn", "referrals": lambda row: row["kind"] == "referral"},
            None,
        )
        return raised, made

    def _says(self, kind: str, day: dt.date) -> bool:
        span = self.known[kind]
        return span is not None and span[0] <= day <= span[1]

    def _count_contacts(self, raised: Mapping[int, set[str]], made: Mapping[int, list[Row]]) -> None:
        for row in self.contacts:
            place, day = row["place"], row["day"]
            if row["handle_s"] is not None:
                self._add("aht_seconds", place, day, row["handle_s"], 1)
                if row["channel"] == "voice":
                    self._add("long_call_share", place, day, row["handle_s"] >= 900, 1)
            for kpi, column in (("transfer_rate", "transferred"), ("hostile_contact_rate", "hostile")):
                if row[column] is not None:
                    self._add(kpi, place, day, row[column], 1)
            if self._says("escalations", day):
                self._add("escalation_rate", place, day, bool({"tier2", "supervisor"} & raised.get(id(row), set())), 1)
            if self._says("complaints", day):
                self._add("complaints_per_1000", place, day, 0, 1)
            if row["eligible"] is False:
                continue
            offers = made.get(id(row), [])
            sold = [offer for offer in offers if offer["accepted"] and offer["cancelled_at"] is None]
            kinds = {offer["kind"] for offer in sold}
            if self._says("upsells", day):
                self._add("upsell_conversion", place, day, "upsell" in kinds, 1)
            if self._says("cross_sells", day):
                self._add("cross_sell_conversion", place, day, "cross_sell" in kinds, 1)
            if self._says("offers", day):
                self._add("offer_rate", place, day, bool(offers), 1)
                if offers:
                    known = {k for k, s in (("upsell", "upsells"), ("cross_sell", "cross_sells")) if self._says(s, day)}
                    self._add("offer_acceptance", place, day, bool(kinds & known), 1)
                unpriced = any(
                    offer["amount"] is None or (offer["currency"] or self.currency) != self.currency for offer in sold
                )
                if not unpriced:
                    self._add("upsell_revenue", place, day, sum(offer["amount"] for offer in sold), 1)
        for row in self.escalations:
            if row["kind"] == "complaint" and row["day"] is not None:
                self._add("complaints_per_1000", row["place"], row["day"], 1, 0)
                self._add("complaints_per_1000_agent_days", row["place"], row["day"], 1, 0)

    def _count_surveys(self) -> None:
        rows = self.rows("staging.landed_survey_response")
        asked: dict[str, list[Row]] = defaultdict(list)
        answered: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            if row["interaction_id"] is not None:
                (asked if row["answered_at"] is None else answered)[row["interaction_id"]].append(row)
        said: dict[str, set[bool]] = defaultdict(set)
        for row in rows:
            said[row["_file_id"]].add(row["answered_at"] is not None)
        gone = set()
        for contact, answers in answered.items():
            answers.sort(key=lambda row: (row["answered_at"], row["_source"], row["response_id"]))
            invitations = sorted(
                asked[contact], key=lambda row: (row["invited_at"], row["_source"], row["response_id"])
            )
            for answer, invitation in zip(answers, invitations, strict=False):
                apart = said[answer["_file_id"]] == {True} and said[invitation["_file_id"]] == {False}
                if apart or answer["_source"] != invitation["_source"]:
                    answer["invited_at"] = answer["invited_at"] or invitation["invited_at"]
                    gone.add(id(invitation))
        rows = [row for row in rows if id(row) not in gone]
        self._link(rows, lambda row, contact: row["invited_at"] or row["answered_at"])
        for row in rows:
            place, day = row["place"], row["day"]
            if row["csat_raw"] is not None:
                norm = (row["csat_raw"] - row["scale_min"]) / (row["scale_max"] - row["scale_min"])
                self._add("csat_top2", place, day, norm >= 0.75, 1)
                self._add("csat_mean", place, day, 1 + 4 * norm, 1)
            if row["felt_heard"] is not None:
                low, high = row["felt_heard_min"], row["felt_heard_max"]
                self._add("felt_heard", place, day, (row["felt_heard"] - low) / (high - low) >= 0.75, 1)
            if row["nps"] is not None:
                self._add("nps", place, day, (row["nps"] >= 9) - (row["nps"] <= 6), 1)
            if row["invited_at"] is not None:
                self._add("survey_response_rate", place, day, row["answered_at"] is not None, 1)

    def _count_evaluations(self) -> None:
        rows = self.rows("staging.landed_qa_evaluation")
        for row in rows:
            options = self.by_id.get(row["interaction_id"], []) if row["interaction_id"] is not None else []
            times = [(contact, contact["started_at"]) for contact in options] or [(None, row["evaluated_at"])]
            ranked = []
            for contact, at in times:
                place = self._who(row["_source"], row["source_agent_id"], at)
                own = contact is not None and contact["place"] is not None and place is not None
                if own and contact["place"][0] != place[0]:  # another agent's contact says nothing of when
                    own, at = False, row["evaluated_at"]
                    place = self._who(row["_source"], row["source_agent_id"], at)
                first = (not contact["is_first"], contact["_source"], contact["leg"]) if contact else (True, "", 0)
                ranked.append(((not own, *first), place, at))
            _, place, at = min(ranked, key=lambda item: item[0])
            row["when"] = dt.datetime.combine(self._day(place, at), dt.time()) if at is not None else None
            row["contact"] = None
            if row["calibration"] or at is None:
                continue
            day = self._day(place, at)
            self._add("evaluated_share", place, day, 1, 0)
            for skill in SKILLS:
                if row[skill] is not None:
                    self._add(skill, place, day, row[skill], 1)
            score = row["empathy_score"]
            if score is None and all(row[skill] is not None for skill in SKILLS):
                score = sum(row[skill] for skill in SKILLS) / len(SKILLS)
            if score is not None:
                self._add("empathy_score", place, day, score, 1)
        counted = {"evaluations": lambda row: not row["calibration"]}
        self.known |= self._known("qa_evaluation", rows, counted, None)
        for row in self.contacts:
            if self._says("evaluations", row["day"]):
                self._add("evaluated_share", row["place"], row["day"], 0, 1)

    def _count_heard(self) -> None:
        rows = self.rows("staging.conversation_count")
        for row in rows:
            options = [c for c in self.by_id.get(row["interaction_id"], []) if c["leg"] == row["leg"]]
            contact = min(options, key=lambda c: (c["place"] is None, c["_source"]), default=None)
            row["when"] = dt.datetime.combine(contact["day"], dt.time()) if contact is not None else None
            row["scored"] = row["not_scored"] is None and contact is not None and contact["place"] is not None
            row["contact"] = contact
            if contact is None or not row["scored"]:
                continue
            for kpi, column in HEARD.items():
                self._add(kpi, contact["place"], contact["day"], (row[column] or 0) > 0, 1)
            if (row["questions"] or 0) > 0:
                more_open = 2 * row["open_questions"] > row["questions"]
                self._add("text_open_questions", contact["place"], contact["day"], more_open, 1)
            self._add("transcript_share", contact["place"], contact["day"], 1, 0)
        self.known |= self._known("utterance", rows, {"transcripts": lambda row: row["scored"]}, None)
        for row in self.contacts:
            if self._says("transcripts", row["day"]):
                self._add("transcript_share", row["place"], row["day"], 0, 1)

    # ---- customers

    def _answering(self) -> set[tuple[str, str]]:
        """Contacts that continue another and answer for it, because that one reached no agent."""
        own: dict[tuple[str, str], Row] = {}
        for row in self.contacts:
            key = (row["_source"], row["interaction_id"])
            held = own.setdefault(key, {"at": row["started_at"], "reached": False, "parent": row["parent_id"]})
            held["at"] = min(held["at"], row["started_at"])
            held["reached"] = held["reached"] or row["source_agent_id"] is not None
        following: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
        for (source, identifier), held in own.items():
            if held["parent"] is not None:
                following[source, held["parent"]].append((source, identifier))
        found = set()
        for key, held in own.items():
            if held["parent"] is not None or held["reached"]:
                continue
            seen, ahead, reached = {key}, [key], []
            while ahead:
                for following_one in following[ahead.pop()]:
                    if following_one not in seen:
                        seen.add(following_one)
                        (reached if own[following_one]["reached"] else ahead).append(following_one)
            if reached:
                found.add(min(reached, key=lambda one: (own[one]["at"], one[1])))
        return found

    def _count_customers(self) -> None:
        known = {row["identifier"]: row["pseudonym"] for row in self.rows("staging.customer_key")}
        answering = self._answering()
        by_customer: dict[str, list[Row]] = defaultdict(list)
        for row in self.contacts:
            customer = known.get(row["source_customer_id"])
            key = (row["_source"], row["interaction_id"])
            if customer and row["is_first"] and (row["parent_id"] is None or key in answering):
                by_customer[customer].append(row)
        churned: dict[str, dt.datetime] = {}
        referred: set[int] = set()
        for event in self.events:
            customer = known.get(event["source_customer_id"], "")
            if event["kind"] == "churn":
                churned[customer] = min(churned.get(customer, event["at"]), event["at"])
            if event["kind"] == "referral":
                before = [
                    row
                    for row in by_customer.get(customer, [])
                    if row["started_at"] <= event["at"] <= row["started_at"] + 90 * DAY
                ]
                if before:
                    latest = max(row["started_at"] for row in before)
                    first = min(
                        (row for row in before if row["started_at"] == latest),
                        key=lambda row: (row["_source"], row["interaction_id"], row["leg"]),
                    )
                    referred.add(id(first))
        events_to = max((event["at"] for event in self.events), default=None)
        closed_7 = self.data_to - WEEK
        ends_90 = min(self.data_to, (events_to + self.west).date()) if events_to else self.data_to
        closed_90 = ends_90 - 90 * DAY
        for customer, rows in by_customer.items():
            rows.sort(key=lambda row: (row["started_at"], row["_source"], row["interaction_id"]))
            for place, row in enumerate(rows):
                later = rows[place + 1 :]
                same = later if row["reason"] is None else [o for o in later if o["reason"] == row["reason"]]
                if row["started_at"] + WEEK <= self.last_at and row["day"] <= closed_7:
                    again = bool(same) and same[0]["started_at"] <= row["started_at"] + WEEK
                    self._add("repeat_contact_7d", row["place"], row["day"], again, 1)
                    self._add("fcr_7d", row["place"], row["day"], not again and not row["transferred"], 1)
                if row["started_at"] + 90 * DAY > self.last_at or row["day"] > closed_90:
                    continue
                left = churned.get(customer)
                span = self.known["churn"]
                if span and row["day"] >= span[0] and not (left and left <= row["started_at"]):
                    gone = left is not None and left <= row["started_at"] + 90 * DAY
                    self._add("customer_retention_90d", row["place"], row["day"], not gone, 1)
                span = self.known["referrals"]
                if span and row["day"] >= span[0]:
                    self._add("referral_rate", row["place"], row["day"], id(row) in referred, 1)

    # ---- people

    def _leaving(self) -> tuple[dt.date, dt.date]:
        """The days for which exports of employees say who left."""
        people = [row for row in self.agents.values() if row["leaving_known"]]
        left = [row for row in people if row["left_on"] is not None]
        said = [row[name] for row in people for name in ("left_on", "hired_on", "known_on") if row[name] is not None]
        declared = {row["source"]: row for row in self.rows("staging.declared_span")}
        own = [declared[row["_source"]] for row in self.agents.values() if row["_source"] in declared]
        begins = min((row["begins"] for row in own if row["begins"]), default=None)
        ends = max((row["ends"] for row in own if row["ends"]), default=None)
        known_from, known_to = begins or dt.date.min, ends or FAR
        if not left:
            return known_from, known_to
        leavers = sum(row["is_agent"] and self.first_day <= row["left_on"] <= self.last_day for row in left)
        first_left = min(row["left_on"] for row in left)
        last_said = max(value.date() if isinstance(value, dt.datetime) else value for value in said)
        rest = max(leavers - 1, 0)
        later = rest / max((self.last_day - max(first_left, self.first_day)).days, 1)
        sooner = rest / max((min(last_said, self.last_day) - self.first_day).days, 1)
        if begins is None and math.exp(-later * max((first_left - self.first_day).days, 0)) < SURPRISING:
            known_from = first_left - first_left.weekday() * DAY
        if ends is None and math.exp(-sooner * max((self.last_day - last_said).days, 0)) < SURPRISING:
            known_to = last_said
        return known_from, known_to

    def _count_people(self) -> None:
        jobs: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows("core.employment"):
            jobs[row["agent_key"]].append(row)
        known_from, known_to = self._leaving()
        complaints = self.known["complaints"]
        for agent, person in self.agents.items():
            if not person["is_agent"]:
                continue
            spells = self.spells.get(agent, [])
            last_to = max((spell["valid_to"] or FAR for spell in spells), default=None)
            monday = self.first_day - self.first_day.weekday() * DAY
            while monday <= self.last_day:
                for number in range(7):
                    day = monday + number * DAY
                    found = self._present(agent, day, jobs.get(agent, []), last_to) if self._within(day) else None
                    if found is None:
                        continue
                    place, job = found
                    if complaints and monday + 6 * DAY >= complaints[0] and monday <= complaints[1]:
                        self._add("complaints_per_1000_agent_days", place, day, 0, 1)
                    whole = self._within(monday) and self._within(monday + 6 * DAY)
                    speaks = known_from <= monday and monday + 6 * DAY <= known_to
                    if number == 0 and whole and person["leaving_known"] and speaks:
                        left = job is not None and job["left_on"] is not None and job["left_on"] < monday + WEEK
                        self._add("agent_attrition", place, monday, left, 1)
                        if job is not None and job["hired_on"] is not None and (monday - job["hired_on"]).days < 90:
                            self._add("early_attrition", place, monday, left, 1)
                monday += WEEK

    def _within(self, day: dt.date) -> bool:
        return self.first_day <= day <= self.last_day

    def _present(
        self, agent: str, day: dt.date, jobs: Iterable[Row], last_to: dt.date | None
    ) -> tuple[Place, Row | None] | None:
        """Where an employed agent belongs on a day, with the employment; None when not employed."""
        place = self._at_noon(agent, dt.datetime.combine(day, dt.time(12)))
        jobs = list(jobs)
        job = next((j for j in jobs if (j["hired_on"] or dt.date.min) <= day < (j["over_on"] or FAR)), None)
        in_team = place[1] != "unknown"
        if in_team:
            return (place, job) if job is not None or not jobs else None
        if last_to is None:
            return (place, job) if job is not None and job["hired_on"] is not None else None
        if job is not None and job["left_on"] is not None and job["left_on"] >= last_to and day >= last_to:
            _, team, site = [found for found in self.stretches[agent] if found[1] is not None][-1]
            return (agent, str(team), site), job
        return None


def differing(con: duckdb.DuckDBPyConnection, oracle: Oracle, kpis: Iterable[str]) -> tuple[int, list[str]]:
    """Compare with ``mart.agent_week``; how many cells were compared, and a line for each that differs.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
    oracle : Oracle
    kpis : iterable of str
    """
    compared, lines = 0, []
    for kpi in kpis:
        made = {
            (week, team, site): (num or 0.0, den or 0.0)
            for week, team, site, num, den in con.execute(
                f"select week, team_id, site, sum({kpi}_num), sum({kpi}_den) from mart.agent_week group by all"
            ).fetchall()
            if num or den
        }
        wanted = {key[1:]: tuple(cell) for key, cell in oracle.cells.items() if key[0] == kpi and any(cell)}
        if not any(num for num, _ in wanted.values()) and not made:
            continue  # a count of events of which there is none at all: the KPI is empty, not zero
        for key in sorted({*made, *wanted}, key=str):
            compared += 1
            a, b = made.get(key, (0.0, 0.0)), wanted.get(key, (0.0, 0.0))
            if any(abs(x - y) > 1e-6 * max(1.0, abs(x)) for x, y in zip(a, b, strict=True)):
                lines.append(f"{kpi} {key}: built {a}, recomputed {b}")
    return compared, lines


def world_of(config_path: Path) -> tuple[duckdb.DuckDBPyConnection, Oracle, tuple[str, ...]]:
    """Read a configuration's exports, build its marts in memory and recompute them.

    Parameters
    ----------
    config_path : Path
    """
    from etl.configuration.kpis import configured
    from etl.configuration.model import load
    from etl.landing.extract import extract
    from etl.marts.fill import fill

    config = load(config_path)
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'; set preserve_insertion_order = false")
    for schema in ("core", "mart", "meta"):
        con.execute(f"create schema {schema}")
    landed = extract(config, None, con, enforce=False)
    catalogue = configured(config)
    fill(con, config, catalogue, landed, run_id="oracle", secret=b"a key for comparisons only")
    study = (config.programme.study_from, config.programme.study_to)
    oracle = Oracle(con, config.site_timezones(), config.project.timezone, study, config.project.currency)
    return con, oracle, tuple(catalogue)


def main() -> None:
    """Compare every configuration named; exit 1 when any cell differs."""
    wrong = 0
    for name in sys.argv[1:]:
        con, oracle, kpis = world_of(Path(name))
        compared, lines = differing(con, oracle, kpis)
        wrong += len(lines)
        print(f"{name}: {compared:,} cells of {len(kpis)} KPIs compared, {len(lines):,} differ", flush=True)
        for line in lines[:20]:
            print(f"  {line}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
