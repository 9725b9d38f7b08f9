"""What training did: panels, estimators, inference, checks and words."""

from __future__ import annotations

from analysis.effects.mechanism import Mechanism, mechanism
from analysis.errors import EstimationError, PanelError
from analysis.estimators import estimate, ladder
from analysis.panel.panel import Panel, Slice, from_contacts, from_warehouse
from analysis.results import Aggregation, EffectEstimate, EventStudy

__all__ = [
    "Aggregation",
    "EffectEstimate",
    "EstimationError",
    "EventStudy",
    "Mechanism",
    "Panel",
    "PanelError",
    "Slice",
    "estimate",
    "from_contacts",
    "from_warehouse",
    "ladder",
    "mechanism",
]
