"""Estimate the effect of training: panels, estimators, inference, checks and the wording of results.

The names in ``__all__`` are the public Python API; docs/analyst.md uses it on a warehouse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.errors import EstimationError, PanelError
from analysis.estimators import estimate, ladder
from analysis.panel.panel import Panel, Slice, from_contacts, from_warehouse
from analysis.results import Aggregation, EffectEstimate, EventStudy

if TYPE_CHECKING:
    from analysis.effects.mechanism import Mechanism, mechanism
    from analysis.judgement import Judged, judge

__all__ = [
    "Aggregation",
    "EffectEstimate",
    "EstimationError",
    "EventStudy",
    "Judged",
    "Mechanism",
    "Panel",
    "PanelError",
    "Slice",
    "estimate",
    "from_contacts",
    "from_warehouse",
    "judge",
    "ladder",
    "mechanism",
]

_ON_REQUEST = {
    "Judged": "analysis.judgement",
    "judge": "analysis.judgement",
    "Mechanism": "analysis.effects.mechanism",
    "mechanism": "analysis.effects.mechanism",
}
"""Names imported on first use: their modules are slow to import, and every page imports this package."""


def __getattr__(name: str) -> Any:
    if name not in _ON_REQUEST:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(_ON_REQUEST[name]), name)
    return found
