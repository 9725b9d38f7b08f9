"""Effective-dated team history: overlaps, reversals, gaps and unclosed spells, repaired by one rule.

The rule, written down in sql/staging/team_spell.sql and sql/core/agent_team.sql. *On any day an agent belongs to the
spell that began last among those that cover the day; on a day that no spell covers, to the spell that ended last before
it.* Two kinds of end are ignored: an end not after its start, and no end at all on a spell that has a successor; such a
spell lasts until the agent's next start. Of several spells with the same start the one with the latest valid end counts
(no end is the latest, unless the same spell is closed in another row), then the one last in its file.

So a loan to another team inside a longer spell ends where it says it ends, job histories that record only starts
(BambooHR) need no repair, and nobody is without a team between two spells. After the last valid end an agent is in no
team. Every repair is counted, and the spells it touched carry its name in ``repaired``:

========================  ==============================================================================
``reversed``              the end did not lie after the start
``open_with_successor``   no end, though a later spell of the agent exists, in a history that does record ends
``overlap``               the end lies after the agent's next start
``gap``                   no spell covered one or more days before the agent's next start
``same_start``            another spell began on the same day and was preferred
========================  ==============================================================================
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

KINDS = ("reversed", "open_with_successor", "overlap", "gap", "same_start")
"""Kinds of repair, in the order of the table above."""


@dataclass(frozen=True)
class Repairs:
    """Repairs made to a team history.

    Attributes
    ----------
    rows_in, rows_out : int
        Spells as exported, and spells after the repair.
    counts : dict of str to int
        Exported spells affected, by kind; a spell can have several faults. ``gap`` counts gaps.
    """

    rows_in: int
    rows_out: int
    counts: dict[str, int]


def count_repairs(con: duckdb.DuckDBPyConnection) -> Repairs:
    """Count what was repaired.

    Parameters
    ----------
    con : duckdb.DuckDBPyConnection
        With ``staging.team_spell`` and ``core.agent_team`` built.
    """
    row = con.execute(
        """
        select
            count(*),
            count(*) filter (where is_reversed),
            count(*) filter (where is_open_with_successor),
            count(*) filter (where is_overlapping),
            count(*) filter (where preference > 1)
        from staging.team_spell
        """
    ).fetchone()
    kept = con.execute(
        "select count(*), count(*) filter (where contains(coalesce(repaired, ''), 'gap')) from core.agent_team"
    ).fetchone()
    rows_in, turned, unclosed, overlapping, same_start = row if row else (0,) * 5
    rows_out, gaps = kept if kept else (0, 0)
    return Repairs(
        int(rows_in),
        int(rows_out),
        {
            "reversed": int(turned),
            "open_with_successor": int(unclosed),
            "overlap": int(overlapping),
            "gap": int(gaps),
            "same_start": int(same_start),
        },
    )
