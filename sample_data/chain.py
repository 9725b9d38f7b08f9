"""How training affects KPIs in the sample world: through skills, directly, or only apparently."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MechanismMode = Literal["carried", "no_link", "shared_shock"]
"""``carried``: skills move KPIs, for everybody. ``no_link``: training raises skills and KPIs do not follow.
``shared_shock``: training changes skills and KPIs separately, and good spells of an agent raise both, so that they look
linked."""

MECHANISM_MODES: tuple[str, ...] = ("carried", "no_link", "shared_shock")

LIFT = 0.1
"""Increase of every skill in the potential outcome ``lifted``, on the scale 0 to 1 of a score."""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Parameters of the link between training and KPIs.

    Parameters
    ----------
    mode : {"carried", "no_link", "shared_shock"}
    drift_sd, drift_rho : float
        Drift of skills within agents, trained or not: stationary sd in sd of the starting level, and weekly
        autocorrelation (assumption). With 0 skills are constant until training, and no slope can be estimated.
    shock_sd : float
        ``shared_shock`` only: change of every skill as scored, in sd of skill, per sd of transient form.
    evaluations_spread : float
        How much teams differ in evaluations per agent-week (sd of the log), so that reliability varies (assumption).
    leaking_share, leak : float
        Share of raters who know who was trained, and how much higher they score the trained (scale 0 to 1).
    strain : float
        Harm of empathy work: addition of a full dose of training to the log-odds of absence; half of it is added to the
        log hazard of leaving (0: no harm).
    """

    mode: MechanismMode = "carried"
    drift_sd: float = 0.5
    drift_rho: float = 0.9
    shock_sd: float = 0.4
    evaluations_spread: float = 0.4
    leaking_share: float = 0.0
    leak: float = 0.05
    strain: float = 0.0

    @classmethod
    def constant(cls) -> Chain:
        """Return a chain with constant skills until training and the same number of evaluations everywhere."""
        return cls(drift_sd=0.0, evaluations_spread=0.0)
