"""Quality evaluations one by one: who scored whom, in which week, on which form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analysis.panel.panel import Panel

if TYPE_CHECKING:
    import duckdb

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BASE = "qa_evaluation"
"""The relation behind KPIs of skills."""
OVERALL = "empathy_score"
"""The KPI that stands for all skills."""
SCORES = (
    OVERALL,
    "active_listening",
    "personalisation",
    "probing_questions",
    "perspective_taking",
    "trigger_free_language",
)
"""The overall score, then the five skills."""
NOBODY = "not recorded"


@dataclass(frozen=True, eq=False)
class Evaluations:
    """N evaluations, calibration rounds left out.

    Attributes
    ----------
    agent_key : (N,) labels
    week : (N,) datetime64[D] array
        Monday of the contact's week.
    rater, form : (N,) labels
        Who scored, on which version of the form; ``NOBODY`` where the export does not say.
    scores : mapping of str to (N,) array
        By skill; NaN where a skill was not scored.
    """

    agent_key: NDArray[Any]
    week: NDArray[Any]
    rater: NDArray[Any]
    form: NDArray[Any]
    scores: Mapping[str, Floats]

    @property
    def n(self) -> int:
        """Number of evaluations N."""
        return int(self.week.size)

    def place(self, panel: Panel) -> tuple[Ints, Ints]:
        """(N,) row and week of each evaluation in a panel; -1 where it is outside."""
        row_of = {str(key): i for i, key in enumerate(panel.units)}
        rows = np.array([row_of.get(key, -1) for key in self.agent_key.tolist()], dtype=np.int64)
        first = np.datetime64(panel.times[0], "D")
        weeks = (self.week - first).astype(np.int64) // 7
        return rows, np.where((weeks >= 0) & (weeks < panel.n_periods), weeks, -1)


def evaluations_from_warehouse(cur: duckdb.DuckDBPyConnection) -> Evaluations | None:
    """All evaluations of a warehouse version with a known agent and week.

    Returns
    -------
    Evaluations or None
        ``None`` where the exports hold none.
    """
    import duckdb

    listed = ", ".join(f'"{name}"::double as "{name}"' for name in SCORES)
    try:
        cur.execute("select 1").fetchall()  # closes a result the caller left open
        found = pl.from_arrow(
            cur.sql(
                "select agent_key, week, coalesce(evaluator_key, ?) as rater, coalesce(form_version, ?) as form, "
                f"{listed} from core.{BASE} where not calibration and agent_key is not null and week is not null "
                "order by agent_key, week, evaluation_id",
                params=[NOBODY, NOBODY],
            ).to_arrow_table()
        )
    except (duckdb.CatalogException, duckdb.BinderException):
        return None
    assert isinstance(found, pl.DataFrame)
    if found.is_empty():
        return None
    return Evaluations(
        agent_key=found["agent_key"].to_numpy().astype(str),
        week=found["week"].to_numpy().astype("datetime64[D]"),
        rater=found["rater"].to_numpy().astype(str),
        form=found["form"].to_numpy().astype(str),
        scores={name: found[name].fill_null(float("nan")).to_numpy() for name in SCORES},
    )
