"""Errors as in real exports (duplicates, bad values, ambiguous ids), added on request and counted.

Bad rows are only added; clean rows do not change. A loader that rejects all of them gets exactly the clean world, so
that the known effects still hold.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from sample_data import calendar, identity, lines, moments
from sample_data.programme import REFRESHER_COURSE
from sample_data.streams import stream
from sample_data.systems import amazon_connect, qualtrics, tables, zendesk
from sample_data.world import World

SHARE = 0.002
"""Rows planted of each kind, as a share of the file's rows; at least one."""

UNKNOWN_AGENT, AMBIGUOUS_AGENT = 9900, 9950
"""Agents missing in the list of ids, and agents whose id the list gives to two people."""

GHOST_CONTACTS = 90_000_000
"""Numbers of planted contacts start here."""


@dataclass(frozen=True)
class Planted:
    """One kind of dirt in one source.

    Parameters
    ----------
    kind : str
    source : str
        Name of the source in ``empathy.toml``.
    count : int
    fate : str
        What a careful loader does: ``duplicate``, ``rejected``, ``dropped``, ``loaded`` or ``flagged``.
    what : str
        One sentence for the reader.
    """

    kind: str
    source: str
    count: int
    fate: str
    what: str


KINDS: dict[str, tuple[str, str, str]] = {
    "contact_duplicate": ("contacts", "duplicate", "A record delivered twice, byte for byte."),
    "contact_older_delivery": ("contacts", "duplicate", "An earlier delivery of a record: no after-contact work yet."),
    "contact_without_agent": ("contacts", "loaded", "The customer hung up in the queue: no agent, nothing to count."),
    "contact_unknown_agent": ("contacts", "rejected", "A username that the list of ids does not have."),
    "contact_ambiguous_agent": ("contacts", "rejected", "A username that the list of ids gives to two people."),
    "contact_reversed": ("contacts", "rejected", "The contact ends before it starts."),
    "contact_broken_line": ("contacts", "rejected", "A line cut off in the middle."),
    "ticket_older_version": ("tickets", "duplicate", "An earlier version of a ticket, from before it was escalated."),
    "ticket_orphan": ("tickets", "flagged", "A ticket about a contact that does not exist."),
    "survey_preview": ("surveys", "dropped", "A test answer by the survey's author (Status 1)."),
    "survey_duplicate": ("surveys", "duplicate", "A response exported twice."),
    "survey_off_scale": ("surveys", "rejected", "A satisfaction of 11 on a scale of 1 to 5."),
    "offer_duplicate": ("offers", "duplicate", "An offer exported twice."),
    "offer_other_currency": ("offers", "loaded", "A sale in US dollars; its amount must not be added to euros."),
    "offer_reversed": ("offers", "rejected", "An offer cancelled before it was made."),
    "evaluation_off_scale": ("qa", "rejected", "A score of 7.2 on a scale of 0 to 1."),
    "evaluation_unknown_agent": ("qa", "rejected", "An evaluation of somebody the list of ids does not have."),
    "event_impossible_date": ("customer_events", "rejected", "The 31st of February."),
    "agent_day_duplicate": ("agent_days", "duplicate", "A day exported twice."),
    "agent_day_too_long": ("agent_days", "rejected", "A day of more than 26 hours."),
    "staff_reversed": ("staff", "rejected", "Left before being hired."),
    "plan_in_clock_gap": ("training_plan", "flagged", "Assigned at 02:30 of the night the clocks go forward."),
    "plan_in_clock_fold": ("training_plan", "flagged", "Assigned at 02:30 of the night the clocks go back: which?"),
    "statement_other_offset": ("xapi", "loaded", "A time written with the offset +09:00 instead of UTC."),
}
"""Every kind of dirt: source, fate, sentence."""


class Dirt:
    """Plants dirt into the files of one export and keeps count."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.counts = dict.fromkeys(KINDS, 0)
        self._ghosts = 0

    def planted(self) -> list[Planted]:
        """Return every kind that was planted at least once."""
        return [
            Planted(kind=kind, source=source, count=self.counts[kind], fate=fate, what=what)
            for kind, (source, fate, what) in KINDS.items()
            if self.counts[kind]
        ]

    def write(self, path: Path) -> None:
        """Write the counts as JSON, one object per kind."""
        told = [vars(kind) for kind in self.planted()]
        path.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8", newline="\n")

    def _pick(self, kind: str, frame: pl.DataFrame, at_least: int = 1) -> pl.DataFrame:
        """Return some rows, chosen by lot, and count them."""
        wanted = min(frame.height, max(at_least, round(SHARE * frame.height)))
        rng = stream(self.world.params.seed, "dirt " + kind, self.counts[kind])
        rows = np.sort(rng.choice(frame.height, wanted, replace=False)) if wanted else np.zeros(0, dtype=np.int64)
        self.counts[kind] += wanted
        return frame[rows]

    def _ghost_contacts(self, kind: str, frame: pl.DataFrame) -> pl.DataFrame:
        """Return copies of some rows under contact and customer numbers that nobody has."""
        part = self._pick(kind, frame)
        number = GHOST_CONTACTS + self._ghosts + np.arange(part.height)
        self._ghosts += part.height
        return part.with_columns(pl.Series("contact", number), pl.Series("customer", number))

    def contacts(self, path: Path, rows: slice) -> None:
        """Plant dirt at the end of one month's contact records."""
        delivered = amazon_connect.records(self.world, rows)
        older = self._pick("contact_older_delivery", delivered).with_columns(
            after=pl.lit(0, dtype=pl.Int64), updated=pl.col("finish") + 5
        )
        reversed_ = self._ghost_contacts("contact_reversed", delivered).with_columns(finish=pl.col("begin") - 3600)
        unknown = self._ghost_contacts("contact_unknown_agent", delivered)
        ambiguous = self._ghost_contacts("contact_ambiguous_agent", delivered)
        plain = pl.concat(
            [
                self._pick("contact_duplicate", delivered),
                older,
                reversed_,
                unknown.with_columns(agent=pl.lit(UNKNOWN_AGENT, dtype=pl.Int32)),
                ambiguous.with_columns(agent=pl.lit(AMBIGUOUS_AGENT, dtype=pl.Int32)),
            ]
        )
        hung_up = amazon_connect.as_lines(self._ghost_contacts("contact_without_agent", delivered))
        broken = amazon_connect.as_lines(self._ghost_contacts("contact_broken_line", delivered))
        lines.append_lines(path, amazon_connect.as_lines(plain))
        lines.append_lines(path, hung_up.str.replace(r'"Agent":\{[^}]*\}', '"Agent":null'))
        lines.append_lines(path, broken.str.slice(0, 240) + "\n")

    def tickets(self, path: Path, rows: slice) -> None:
        """Plant dirt at the end of one month's tickets."""
        solved = zendesk.tickets(self.world, rows)
        older = self._pick("ticket_older_version", solved.filter(pl.col("tag") != "")).with_columns(
            tag=pl.lit(""), status=pl.lit("open"), priority=pl.lit("normal"), updated=pl.col("created") + 60
        )
        orphan = self._ghost_contacts("ticket_orphan", solved.filter(pl.col("tag") == zendesk.TAG_TIER2))
        orphan = orphan.with_columns(ticket=pl.col("contact") * 4)
        lines.append_lines(path, zendesk.as_lines(pl.concat([older, orphan])))

    def surveys(self, path: Path) -> None:
        """Plant dirt at the end of the survey responses."""
        said = qualtrics.responses(self.world)
        preview = self._pick("survey_preview", said).with_columns(
            status=pl.lit(1, dtype=pl.Int64), response=pl.col("contact") + GHOST_CONTACTS
        )
        again = self._pick("survey_duplicate", said)
        off = self._pick("survey_off_scale", said).with_columns(
            csat=pl.lit(11, dtype=pl.Int64), response=pl.col("contact") + 2 * GHOST_CONTACTS
        )
        lines.append_lines(path, qualtrics.as_lines(pl.concat([preview, again, off])))

    def table(self, name: str, frame: pl.DataFrame) -> pl.DataFrame:
        """Return a plain table with dirt planted in it; tables without a kind of dirt come back as they are."""
        planter = {
            "offers.csv": self._offers,
            "qa_evaluations.csv": self._evaluations,
            "customer_events.csv": self._events,
            "agent_days.csv": self._agent_days,
            "bamboohr_employees.csv": self._employees,
            "training_plan.csv": self._plan,
            "agent_ids.csv": self._agent_ids,
        }.get(name)
        return frame if planter is None else planter(frame)

    def _offers(self, frame: pl.DataFrame) -> pl.DataFrame:
        foreign = self._ineligible_sales(frame)
        sold = frame.filter(pl.col("Result") == "accepted")
        reversed_ = self._pick("offer_reversed", sold if sold.height else frame).with_columns(
            pl.lit("accepted").alias("Result"),
            pl.lit("2000-01-01 00:00:00").alias("Cancelled at"),
            (pl.lit("OR") + pl.col("Offer ID").str.slice(2)).alias("Offer ID"),
        )
        return pl.concat([frame, self._pick("offer_duplicate", frame), foreign, reversed_])

    def _ineligible_sales(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return sales in dollars on contacts that count for no KPI of selling."""
        numbered = self.world.contacts.with_row_index("contact").filter(pl.col("offer_kind") == 0)
        part = self._pick("offer_other_currency", numbered[: max(frame.height, 1)])
        site, day, second = (part[name].to_numpy() for name in ("site", "day", "second"))
        begin = moments.utc_seconds(self.world.params, site, day, second)
        number = pl.col("contact").cast(pl.Int64)
        return part.with_columns(pl.Series("at", begin + 200)).select(
            (pl.lit("OD") + (number + 1).cast(pl.String)).alias("Offer ID"),
            identity.contact_id(number).alias("Contact"),
            identity.username(pl.col("agent")).alias("Agent"),
            pl.lit("UPS").alias("Type"),
            moments.written(pl.col("at"), "%Y-%m-%d %H:%M:%S").alias("Made at"),
            pl.lit("accepted").alias("Result"),
            pl.lit(40.0).alias("Amount"),
            pl.lit("USD").alias("Currency"),
            pl.lit(None, dtype=pl.String).alias("Cancelled at"),
        )

    def _evaluations(self, frame: pl.DataFrame) -> pl.DataFrame:
        off = self._pick("evaluation_off_scale", frame).with_columns(
            pl.lit(7.2).alias(tables.SKILL_HEADERS[0]), (pl.lit("EX") + pl.col("Eval ID").str.slice(2)).alias("Eval ID")
        )
        stranger = pl.lit("QA-9901")
        unknown = self._pick("evaluation_unknown_agent", frame).with_columns(
            stranger.alias("Agent"), (pl.lit("EU") + pl.col("Eval ID").str.slice(2)).alias("Eval ID")
        )
        return pl.concat([frame, off, unknown])

    def _events(self, frame: pl.DataFrame) -> pl.DataFrame:
        bad = self._pick("event_impossible_date", frame).with_columns(
            pl.lit("2024-02-31 10:00:00").alias("At"), (pl.lit("X") + pl.col("Event ID")).alias("Event ID")
        )
        return pl.concat([frame, bad])

    def _agent_days(self, frame: pl.DataFrame) -> pl.DataFrame:
        long = self._pick("agent_day_too_long", frame).with_columns(
            pl.lit(100_000, dtype=pl.Int32).alias("Worked seconds"),
            (pl.lit(dt.date(1999, 1, 1)) + pl.duration(days=pl.int_range(pl.len()))).dt.to_string().alias("Day"),
        )
        return pl.concat([frame, self._pick("agent_day_duplicate", frame), long])

    def _employees(self, frame: pl.DataFrame) -> pl.DataFrame:
        ghost = self._pick("staff_reversed", frame)
        number = pl.int_range(pl.len()) + 9990
        return pl.concat(
            [
                frame,
                ghost.with_columns(
                    identity.staff_id(number).alias("id"),
                    identity.employee_number(number).alias("employeeNumber"),
                    identity.email(number).alias("workEmail"),
                    pl.lit("Inactive").alias("status"),
                    pl.lit("2001-01-01").alias("terminationDate"),
                    pl.lit("Voluntary").alias("terminationReason"),
                ),
            ]
        )

    def _plan(self, frame: pl.DataFrame) -> pl.DataFrame:
        spring, autumn = _clock_changes(calendar.first_monday(self.world.params).year)
        people = frame.unique("Employee number", keep="first", maintain_order=True)
        half = people.height // 2
        parts = [frame]
        nights = (
            ("plan_in_clock_gap", spring, people[:half]),
            ("plan_in_clock_fold", autumn, people[half:]),
        )
        for kind, night, some in nights:
            parts.append(
                self._pick(kind, some, at_least=3).with_columns(
                    pl.lit(REFRESHER_COURSE).alias("Course"),
                    pl.lit(f"{night.isoformat()}T02:30:00").alias("Assigned at"),
                )
            )
        return pl.concat(parts)

    def _agent_ids(self, frame: pl.DataFrame) -> pl.DataFrame:
        twice = pl.DataFrame(
            {
                "System": ["contacts", "contacts"],
                "Id in system": [f"ag{AMBIGUOUS_AGENT + 1}"] * 2,
                "Employee number": ["E0001", "E0002"],
            }
        )
        return pl.concat([frame, twice])

    def statements(self, said: list[dict[str, object]]) -> list[dict[str, object]]:
        """Return the xAPI statements with some times written in another offset; the moments stay the same."""
        if not said:
            return said
        chosen = self._pick("statement_other_offset", pl.DataFrame({"place": range(len(said))}), at_least=3)["place"]
        changed = list(said)
        for place in chosen.to_list():
            moment = np.datetime64(str(said[place]["timestamp"]).rstrip("Z")) + np.timedelta64(9, "h")
            changed[place] = said[place] | {"timestamp": f"{moment}+09:00"}
        return changed


def _clock_changes(year: int) -> tuple[dt.date, dt.date]:
    """Return the last Sundays of March and October: the nights on which clocks change in Madrid."""
    found = []
    for month in (3, 10):
        day = dt.date(year, month, 31)
        found.append(day - dt.timedelta(days=(day.weekday() + 1) % 7))
    return found[0], found[1]

