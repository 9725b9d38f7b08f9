"""Simulated transcripts for a sample of contacts: phrases that depend on true skills, with distractors.

Every contact has a score of each skill: that of its evaluation, or, where nobody evaluated it, the agent's true score
in that week with the noise of an evaluation (``cells``, scale 0 to 1). Where the score reaches ``SHOWN_FROM``, a share
``SAID[0]`` of contacts has a phrase of the skill, elsewhere a share ``SAID[1]``; trigger phrases occur in shares
``TRIGGERS`` of contacts with scores of trigger-free language below and above it. So sensitivity and specificity of the
phrases are the same before and after training. Sympathy occurs in a third of contacts whatever the skills. Phrases are
drawn from :mod:`sample_data.phrases`, some of which no rule covers, mixed with customers' turns and small talk. Half of
the telephone calls have no punctuation, as after speech recognition.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sample_data import identity
from sample_data.parameters import SKILLS
from sample_data.phrases import ENGLISH, SPANISH
from sample_data.streams import stream
from sample_data.world import World

SPANISH_SHARE = 0.08
SYMPATHY_SHARE = 0.35
UNPUNCTUATED_SHARE = 0.5
SHOWN_FROM = 0.6
SAID, TRIGGERS = (0.62, 0.08), (0.45, 0.06)
"""Shares of contacts with a phrase: where the label says the skill is shown, and where not."""

LAYOUT = (
    ("AGENT", ("greeting",)),
    ("CUSTOMER", ("customer",)),
    ("AGENT", ("sympathy", "active_listening", "probing_questions")),
    ("CUSTOMER", ("answer",)),
    ("AGENT", ("perspective_taking", "filler")),
    ("CUSTOMER", ("answer",)),
    ("AGENT", ("personalisation", "trigger")),
    ("AGENT", ("closing",)),
)
"""Turns of a conversation: speaker, and the kinds of phrases that may occur in the turn."""

FILES = ("contact_lens.jsonl", "chat_turns.csv")


def shown(world: World) -> pl.DataFrame:
    """The truth: which skills each transcript shows.

    Returns
    -------
    polars.DataFrame
        ``contact`` (row number), ``voice, spanish, unpunctuated, sympathy, trigger`` and a column for each of the first
        four skills, all bool.
    """
    rng = stream(world.params.seed, "conversations")
    count = world.contacts.height
    chosen = rng.random(count) < world.params.transcripts
    evaluated = world.evaluations["contact"].to_numpy()
    if world.params.evaluated_transcripts < 1:
        evaluated = evaluated[rng.random(evaluated.size) < world.params.evaluated_transcripts]
    chosen[evaluated] = True
    rows = np.flatnonzero(chosen)
    spoken = world.contacts[rows].select("agent", "channel", (pl.col("day") // 7).cast(pl.Int32).alias("week"))
    scores = spoken.join(
        world.cells.select("agent", "week", *(f"{skill}__seen" for skill in SKILLS)),
        on=["agent", "week"],
        how="left",
        maintain_order="left",
    )
    voices = [channel.name for channel in world.params.channels]
    columns: dict[str, NDArray[np.generic]] = {
        "contact": rows,
        "voice": np.asarray([voices[int(channel)] == "VOICE" for channel in scores["channel"].to_list()]),
        "spanish": rng.random(len(rows)) < SPANISH_SHARE,
        "unpunctuated": rng.random(len(rows)) < UNPUNCTUATED_SHARE,
        "sympathy": rng.random(len(rows)) < SYMPATHY_SHARE,
    }
    place = np.full(count, -1, dtype=np.int64)
    place[world.evaluations["contact"].to_numpy()] = np.arange(world.evaluations.height)
    evaluation = place[rows]
    for skill in SKILLS:
        noise = world.params.qa_noise_sd * rng.standard_normal(len(rows))
        known = world.evaluations[skill].to_numpy()[np.maximum(evaluation, 0)]
        high = np.where(evaluation >= 0, known, scores[f"{skill}__seen"].to_numpy() + noise) >= SHOWN_FROM
        spoken_of = skill in SKILLS[:4]
        chance = np.where(high, *SAID) if spoken_of else np.where(~high, *TRIGGERS)
        columns[skill if spoken_of else "trigger"] = rng.random(len(rows)) < chance
    return pl.DataFrame(columns)


def turns(world: World, truth: pl.DataFrame) -> pl.DataFrame:
    """Every turn of every transcript.

    Parameters
    ----------
    world : World
    truth : polars.DataFrame
        As :func:`shown` gives it.

    Returns
    -------
    polars.DataFrame
        ``contact, voice, language, turn, speaker, text, begin_ms, end_ms``.
    """
    rng = stream(world.params.seed, "words")
    size = truth.height
    spanish = truth["spanish"].to_numpy()
    parts = []
    begin = np.zeros(size, dtype=np.int64)
    for number, (speaker, kinds) in enumerate(LAYOUT, start=1):
        said = np.full(size, "", dtype=object)
        for kind in kinds:
            phrase = np.where(spanish, _drawn(SPANISH[kind], size, rng), _drawn(ENGLISH[kind], size, rng))
            said = said + np.where(truth[kind].to_numpy(), phrase + " ", "") if kind in truth.columns else said + phrase
        empty = np.asarray([not text.strip() for text in said])
        filler = np.where(spanish, _drawn(SPANISH["filler"], size, rng), _drawn(ENGLISH["filler"], size, rng))
        text = pl.Series("text", np.where(empty, filler, said).astype(str)).str.strip_chars()
        length = 400 + 60 * text.str.len_chars().to_numpy().astype(np.int64)
        parts.append(
            truth.select("contact", "voice", "unpunctuated").with_columns(
                pl.Series("language", np.where(spanish, "es", "en")),
                pl.lit(number).alias("turn"),
                pl.lit(speaker).alias("speaker"),
                text,
                pl.Series("begin_ms", begin),
                pl.Series("end_ms", begin + length),
            )
        )
        begin = begin + length + 300
    heard = pl.col("text").str.to_lowercase().str.replace_all(r"[.,?!¿]", "")
    lost = pl.col("voice") & pl.col("unpunctuated")
    return (
        pl.concat(parts)
        .with_columns(pl.when(lost).then(heard).otherwise(pl.col("text")).alias("text"))
        .drop("unpunctuated")
        .sort("contact", "turn")
    )


def write(world: World, folder: Path) -> list[Path]:
    """Write calls as Contact Lens gives them, one document a line, and chats as a table of turns.

    Parameters
    ----------
    world : World
    folder : Path
    """
    spoken = turns(world, shown(world)).with_columns(identity.contact_id(pl.col("contact")).alias("id"))
    calls, chats = folder / FILES[0], folder / FILES[1]
    turn = pl.concat_str(
        pl.lit('{"Id":"t'), "turn", pl.lit('","ParticipantId":"'), pl.col("speaker").str.slice(0, 1),
        pl.lit('","Content":"'), "text", pl.lit('","BeginOffsetMillis":'), "begin_ms",
        pl.lit(',"EndOffsetMillis":'), "end_ms", pl.lit("}"),
    )  # fmt: skip
    head = (
        '{"Version":"1.1.0","Channel":"VOICE","ContentMetadata":{"Output":"Raw"},"JobStatus":"COMPLETED",'
        '"Participants":[{"ParticipantId":"A","ParticipantRole":"AGENT"},'
        '{"ParticipantId":"C","ParticipantRole":"CUSTOMER"}],"LanguageCode":"'
    )
    documents = (
        spoken.filter("voice")
        .with_columns(turn.alias("turn_text"))
        .group_by("id", "language", maintain_order=True)
        .agg(pl.col("turn_text").str.join(","))
        .select(
            pl.lit(head) + pl.col("language") + pl.lit('","CustomerMetadata":{"ContactId":"') + pl.col("id")
            + pl.lit('"},"Transcript":[') + pl.col("turn_text") + pl.lit("]}")
        )
        .to_series()
    )  # fmt: skip
    calls.write_text("".join(f"{line}\n" for line in documents), encoding="utf-8", newline="\n")
    roles = pl.col("speaker").str.to_titlecase()
    spoken.filter(~pl.col("voice")).select(
        pl.col("id").alias("Contact"), pl.col("turn").alias("No"), roles.alias("Role"),
        pl.col("language").alias("Language"), pl.col("text").alias("Text"),
    ).write_csv(chats)  # fmt: skip
    return [calls, chats]


def _drawn(phrases: tuple[str, ...], size: int, rng: np.random.Generator) -> NDArray[np.object_]:
    return np.asarray(phrases, dtype=object)[(rng.random(size) * len(phrases)).astype(np.int64)]
