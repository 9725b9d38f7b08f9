"""Phrases detected in transcripts by rule and week, and contacts with both a transcript and a quality evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

if TYPE_CHECKING:
    import duckdb

Floats = NDArray[np.float64]

BASE = "conversation"
"""The relation behind KPIs of phrases."""
HITS: Mapping[str, str] = {
    "active_listening": "active_listening_hits",
    "personalisation": "personalisation_hits",
    "probing_questions": "probing_questions_hits",
    "perspective_taking": "perspective_taking_hits",
    "trigger_free_language": "trigger_hits",
}
"""Skill -> column of ``core.conversation`` that counts its phrases (for the last skill: phrases that show its
absence)."""
BREAKS = "trigger_free_language"
"""The skill whose phrases show its absence."""
RULES = {
    "agent_key": pl.String,
    "week": pl.Date,
    "skill": pl.String,
    "rule": pl.String,
    "polarity": pl.String,
    "contacts": pl.Int64,
}


@dataclass(frozen=True, eq=False)
class Labels:
    """N contacts with a scored transcript and a quality evaluation, and the other transcripts.

    Attributes
    ----------
    agent_key, team : (N,) labels
    week : (N,) datetime64[D] array
    heard : mapping of str to (N,) bool array
        By skill, whether its phrases were heard.
    scores : mapping of str to (N,) array
        By skill; NaN where it was not scored.
    others : mapping of str to (teams, heard) arrays, (M,) each
        By skill, the contacts without an evaluation.
    """

    agent_key: NDArray[Any]
    team: NDArray[Any]
    week: NDArray[Any]
    heard: Mapping[str, NDArray[np.bool_]]
    scores: Mapping[str, Floats]
    others: Mapping[str, tuple[NDArray[Any], NDArray[np.bool_]]]

    def shown(self, skill: str, threshold: float) -> NDArray[np.bool_]:
        """(N,) whether the label says what the phrases should say: the skill shown, or a trigger phrase said."""
        high = np.asarray(self.scores[skill] >= threshold)
        return ~high if skill == BREAKS else high


def rules_from_warehouse(cur: duckdb.DuckDBPyConnection) -> pl.DataFrame | None:
    """Contacts by agent, week and rule: columns ``RULES``; None where no transcript was scored."""
    return _rows(
        cur,
        "select agent.agent_key, heard.week::date as week, heard.skill, heard.rule, heard.polarity, heard.contacts "
        "from mart.rule_week as heard inner join mart.agent as agent using (agent_ix) order by all",
    )


def labels_from_warehouse(cur: duckdb.DuckDBPyConnection) -> Labels | None:
    """Contacts that were both transcribed and evaluated; None where there are none."""
    heard = ", ".join(f'talk."{column}" > 0 as "heard_{skill}"' for skill, column in HITS.items())
    scores = ", ".join(f'evaluated."{skill}"::double as "{skill}"' for skill in HITS)
    joined = "contact_source, interaction_id, leg"
    rows = _rows(
        cur,
        f"select talk.agent_key, place.team_id as team, talk.week::date as week, {heard}, {scores} "
        "from core.conversation as talk "
        f"inner join core.qa_evaluation as evaluated using ({joined}) "
        "inner join core.place as place on place.place_ix = talk.place_ix "
        "where talk.not_scored is null and not evaluated.calibration and place.team_id is not null "
        "order by talk.interaction_id, talk.leg, evaluated.evaluation_id",
    )
    if rows is None:
        return None
    counted = ", ".join(f'count(*) filter (talk."{column}" > 0) as "{skill}"' for skill, column in HITS.items())
    rest = _rows(
        cur,
        f"select place.team_id as team, count(*) as n, {counted} from core.conversation as talk "
        f"anti join core.qa_evaluation as evaluated using ({joined}) "
        "inner join core.place as place on place.place_ix = talk.place_ix "
        "where talk.not_scored is null and place.team_id is not null group by all order by all",
    )
    return Labels(
        agent_key=rows["agent_key"].to_numpy().astype(str),
        team=rows["team"].to_numpy().astype(str),
        week=rows["week"].to_numpy().astype("datetime64[D]"),
        heard={skill: rows[f"heard_{skill}"].to_numpy().astype(bool) for skill in HITS},
        scores={skill: rows[skill].fill_null(float("nan")).to_numpy() for skill in HITS},
        others={skill: _spread(rest, skill) for skill in HITS},
    )


def _spread(rest: pl.DataFrame | None, skill: str) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Expand counts by team to one row per contact."""
    if rest is None:
        return np.array([], dtype=str), np.array([], dtype=bool)
    team, n, hits = rest["team"].to_numpy().astype(str), rest["n"].to_numpy(), rest[skill].to_numpy()
    return np.repeat(team, n), np.concatenate([np.arange(size) < heard for size, heard in zip(n, hits, strict=True)])


def _rows(cur: duckdb.DuckDBPyConnection, sql: str) -> pl.DataFrame | None:
    import duckdb

    try:
        cur.execute("select 1").fetchall()  # closes a result the caller left open
        found = pl.from_arrow(cur.sql(sql).to_arrow_table())
    except (duckdb.CatalogException, duckdb.BinderException):
        return None
    assert isinstance(found, pl.DataFrame)
    return None if found.is_empty() else found
