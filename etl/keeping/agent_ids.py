"""Map agents' system ids to their pseudonyms, given the key and the landing folder.

Versions hold no such map. It is computed from the landing folder with the rules of the build, and not stored.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import polars as pl

from etl import privacy
from etl.landing.extract import attach_landed, landing_folder
from etl.landing.replay import restore_all
from etl.marts.relations import relations
from etl.marts.transform import match_agents
from etl.warehouse.publish import scratch

if TYPE_CHECKING:
    from etl.configuration.model import Config

RELATION = "core.agent_identity"
COLUMNS = ("_source", "source_agent_id", "agent_key")


def agent_ids(config: Config) -> pl.DataFrame:
    """Ids of agents by system, from the files that the served version was built from.

    Parameters
    ----------
    config : Config

    Returns
    -------
    DataFrame
        ``_source, source_agent_id, agent_key``: one row per id and pseudonym. Ids that are e-mail addresses are masked.

    Raises
    ------
    etl.errors.EmpathyError
        The key is missing, or the landing folder is empty, gone or damaged.

    Notes
    -----
    1. The rules are those of the build; the configuration is the one given, which may have changed since (not
       checked).
    """
    secret, folder = privacy.key(config), landing_folder(config)
    files = restore_all(folder)
    with TemporaryDirectory(prefix="empathy-ids-") as aside:
        path = Path(aside) / "ids.duckdb"
        with scratch(path, config.engine.threads, config.engine.memory_limit) as con:
            landed = attach_landed(config, con, files, run_id="ids", enforce=False, folder=folder)

            def refuse(table: str, relation: str, *, dropped: bool = False) -> None:
                landed.ledger.refuse(con, table, relation, dropped=dropped)

            match_agents(con, config, "ids", secret, refuse)
            rows = con.execute(f"select distinct {', '.join(COLUMNS)} from ({relations()[RELATION]})").fetchall()
    return pl.DataFrame(rows, schema=dict.fromkeys(COLUMNS, pl.String), orient="row")
