"""Survey responses of Qualtrics (three header rows, times of the account's zone) and the invitations without one."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sample_data import identity, moments
from sample_data.world import World

ZONE = "America/Denver"
"""The zone of the account, in which Qualtrics writes its times whatever the site."""

COLUMNS = (
    ("StartDate", "Start Date", '{"ImportId":"startDate","timeZone":"America/Denver"}'),
    ("EndDate", "End Date", '{"ImportId":"endDate","timeZone":"America/Denver"}'),
    ("Status", "Response Type", '{"ImportId":"status"}'),
    ("IPAddress", "IP Address", '{"ImportId":"ipAddress"}'),
    ("Progress", "Progress", '{"ImportId":"progress"}'),
    ("Duration (in seconds)", "Duration (in seconds)", '{"ImportId":"duration"}'),
    ("Finished", "Finished", '{"ImportId":"finished"}'),
    ("RecordedDate", "Recorded Date", '{"ImportId":"recordedDate","timeZone":"America/Denver"}'),
    ("ResponseId", "Response ID", '{"ImportId":"_recordId"}'),
    ("RecipientLastName", "Recipient Last Name", '{"ImportId":"recipientLastName"}'),
    ("RecipientFirstName", "Recipient First Name", '{"ImportId":"recipientFirstName"}'),
    ("RecipientEmail", "Recipient Email", '{"ImportId":"recipientEmail"}'),
    ("ExternalReference", "External Data Reference", '{"ImportId":"externalDataReference"}'),
    ("LocationLatitude", "Location Latitude", '{"ImportId":"locationLatitude"}'),
    ("LocationLongitude", "Location Longitude", '{"ImportId":"locationLongitude"}'),
    ("DistributionChannel", "Distribution Channel", '{"ImportId":"distributionChannel"}'),
    ("UserLanguage", "User Language", '{"ImportId":"userLanguage"}'),
    ("Q1_CSAT", "How satisfied were you, overall?", '{"ImportId":"QID1"}'),
    ("Q2_TEXT", "Anything else?", '{"ImportId":"QID2_TEXT"}'),
    ("Q3_FELT_HEARD", "I felt heard.", '{"ImportId":"QID3"}'),
    ("Q4_NPS", "How likely are you to recommend us?", '{"ImportId":"QID4"}'),
    ("contact_id", "contact_id", '{"ImportId":"contact_id"}'),
    ("invited_at", "invited_at", '{"ImportId":"invited_at"}'),
)
"""Name, label and import id of every column; the last two are embedded data."""

REMARKS = ("", "", "", "", "", "", "Kind and quick", "Agent was kind,\nbut slow", "Had to repeat myself", "Thank you")


def _quoted(text: str) -> str:
    needs = any(mark in text for mark in ',"\n')
    return '"' + text.replace('"', '""') + '"' if needs else text


def header() -> str:
    """Return the three header rows."""
    rows = ([column[row] for column in COLUMNS] for row in range(3))
    return "".join(",".join(_quoted(text) for text in row) + "\n" for row in rows)


def responses(world: World) -> pl.DataFrame:
    """Return the responses, one row each.

    Columns: ``contact`` (row number), ``response`` (its number: the contact's), ``invited, started, ended, recorded``
    (UTC seconds), ``status`` (0 a response, 1 a preview), ``csat, felt, recommend`` (ints), ``remark`` (text, quoted).
    """
    said = _invited(world).filter(pl.col("answered"))
    uniform = said["uniform"].to_numpy().astype(np.float64)
    remarks = np.array([_quoted(text) for text in REMARKS])
    seconds = (25 + 90 * ((uniform * 37) % 1)).astype(np.int64)
    started = _outside_fold(said["invited_at"].to_numpy() + (600 + 30 * 3600 * uniform**3).astype(np.int64))
    return pl.DataFrame(
        {
            "contact": said["contact"],
            "response": said["contact"],
            "invited": said["invited_at"],
            "started": started,
            "ended": started + seconds,
            "recorded": started + seconds + 2,
            "status": np.zeros(said.height, dtype=np.int64),
            "csat": said["score"].cast(pl.Int64),
            "felt": said["felt"].cast(pl.Int64),
            "recommend": said["recommend"].cast(pl.Int64),
            "remark": remarks[((uniform * 101) % 1 * remarks.size).astype(np.int64)],
        }
    ).filter(pl.col("recorded") < moments.end_of_window(world.params)).sort("recorded", "contact")


def _invited(world: World) -> pl.DataFrame:
    params = world.params
    asked = world.contacts.with_row_index("contact").filter(pl.col("invited"))
    begin = moments.utc_seconds(params, asked["site"].to_numpy(), asked["day"].to_numpy(), asked["second"].to_numpy())
    ends = begin + asked["wait"].to_numpy() + asked["handle"].to_numpy()
    return asked.with_columns(
        pl.col("contact").cast(pl.Int64), pl.Series("invited_at", _outside_fold(ends.astype(np.int64) + 1800))
    )


def _outside_fold(moment: NDArray[np.int64]) -> NDArray[np.int64]:
    """Move times out of the hour that the account's clock repeats, where local times are ambiguous."""
    hours, which = np.unique(moment // 3600, return_inverse=True)
    wall = "%Y-%m-%d %H"
    told = pl.DataFrame({"at": hours * 3600}).select(
        now=moments.written(pl.col("at"), wall, ZONE),
        sooner=moments.written(pl.col("at") - 3600, wall, ZONE),
        later=moments.written(pl.col("at") + 3600, wall, ZONE),
    )
    repeated = told.select((pl.col("now") == pl.col("sooner")) | (pl.col("now") == pl.col("later"))).to_series()
    twice = repeated.to_numpy()[which]
    return np.where(twice, moment + 2 * 3600, moment)


def as_lines(said: pl.DataFrame) -> pl.Series:
    """Return one CSV record per response (a remark may hold a newline)."""
    local = "%Y-%m-%d %H:%M:%S"
    parts = (
        moments.written(pl.col("started"), local, ZONE), ",", moments.written(pl.col("ended"), local, ZONE), ",",
        pl.col("status").cast(pl.String), ",203.0.113.9,100,", (pl.col("ended") - pl.col("started")).cast(pl.String),
        ",1,", moments.written(pl.col("recorded"), local, ZONE), ",R_", (pl.col("response") + 1).cast(pl.String),
        ",,,,,,,", pl.when(pl.col("status") == 1).then(pl.lit("preview")).otherwise(pl.lit("email")), ",EN,",
        pl.col("csat").cast(pl.String), ",", pl.col("remark"), ",", pl.col("felt").cast(pl.String), ",",
        pl.col("recommend").cast(pl.String), ",", identity.contact_id(pl.col("contact")), ",",
        moments.written(pl.col("invited"), local, ZONE), "\n",
    )
    joined = pl.concat_str([pl.lit(part) if isinstance(part, str) else part for part in parts])
    return said.select(joined.alias("line"))["line"]


def unanswered(world: World) -> pl.DataFrame:
    """Return the distribution history of invitations that nobody answered, as Qualtrics writes it."""
    asked = _invited(world)
    done = responses(world).select("contact", pl.lit(True).alias("done"))
    silent = asked.join(done, on="contact", how="anti")
    sent = moments.written(pl.col("invited_at"), "%Y-%m-%d %H:%M:%S", ZONE)
    return silent.sort("invited_at", "contact").select(
        (pl.lit("D_") + (pl.col("contact") + 1).cast(pl.String)).alias("Distribution ID"),
        identity.contact_id(pl.col("contact")).alias("External Data Reference"),
        pl.lit("Email Sent").alias("Status"),
        sent.alias("Sent Date"),
    )
