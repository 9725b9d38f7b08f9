"""Share of agents who left since training, by wave, and the share expected without training: rows of
``result.exit``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
from scipy.special import stdtrit

from analysis.comparison.setting import Setting
from analysis.effects.hazard import HazardRatio
from analysis.panel.panel import NEVER


def exit_rows(weeks: pl.DataFrame, ratio: HazardRatio | None, setting: Setting) -> list[dict[str, Any]]:
    """One row per wave, and one with an empty wave for all of them.

    Parameters
    ----------
    weeks
        Person-weeks of the whole programme (:func:`analysis.effects.hazard.person_weeks`), ``trained`` from the week
        that the design counts from.
    ratio
        Hazard ratio of all leavers; without it the expected share is missing.
    setting
        Its roster has the wave of each agent.

    Returns
    -------
    list of dict
        ``share_left`` is the share of those still there when their wave began who left by the end of the data, over
        ``weeks`` on average. ``share_expected`` is that share with the hazard of the untrained: with ``S`` the share
        still there, ``1 - S ** (1 / ratio)``, and its interval that of the ratio.
    """
    timing, roster = setting.design.timing, setting.roster
    start = roster.scheduled if timing == "scheduled" else roster.trained
    trained = weeks.filter("trained")
    if trained.is_empty():
        return []
    agents = trained.group_by("agent_ix").agg(left=pl.col("left").any(), days=pl.col("days").sum()).sort("agent_ix")
    wave = start[agents["agent_ix"].to_numpy()]
    left, days = agents["left"].fill_null(value=False).to_numpy(), agents["days"].to_numpy()
    rows = []
    for week in [NEVER, *np.unique(wave[wave < NEVER]).tolist()]:
        inside = (wave < NEVER) if week == NEVER else wave == week
        if not inside.any():
            continue
        share = float(left[inside].mean())
        rows.append(
            {
                "wave": None if week == NEVER else roster.monday(int(week)),
                "n_agents": int(inside.sum()),
                "n_left": int(left[inside].sum()),
                "weeks": float(days[inside].mean()) / 7,
                "share_left": share,
                **_expected(share, ratio, setting.ci_level),
            }
        )
    return rows


def _expected(share: float, ratio: HazardRatio | None, ci_level: float) -> dict[str, float]:
    if ratio is None or not math.isfinite(ratio.log_ratio):
        return {}
    half = float(stdtrit(ratio.df, 0.5 + ci_level / 2)) * ratio.std_error
    ends = {"expected_low": half, "share_expected": 0.0, "expected_high": -half}
    return {name: 1 - (1 - share) ** math.exp(-(ratio.log_ratio + move)) for name, move in ends.items()}
