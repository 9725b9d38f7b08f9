"""Reports of a build and of a dry run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from etl.marts import history, identity, quality, restatement, transform
from etl.marts.coverage import Span
from etl.marts.quality import DataCheckResult


@dataclass(frozen=True)
class FileCount:
    """Record counts of one file: ``read = loaded + rejected + duplicate``."""

    path: str
    source: str
    read: int
    loaded: int
    rejected: int
    duplicate: int


@dataclass(frozen=True)
class BuildReport:
    """What a build did.

    Attributes
    ----------
    run_id : str
    warehouse : Path
        The version's file.
    files : tuple of FileCount
    relations : dict of str to int
        Rows of every relation of core and mart.
    seconds : float
        Wall time.
    unchanged : bool
        True when the inputs did not change, so that no new version was published.
    steps : tuple of etl.marts.transform.Step
        Every relation with the time it took.
    checks : tuple of DataCheckResult
    reconciliation : tuple of etl.marts.quality.Reconciliation
    coverage : tuple of etl.marts.identity.Coverage
    repairs : etl.marts.history.Repairs or None
    restated : tuple of etl.marts.restatement.Change
    without_data : str
        One line about the KPIs without data; empty when every KPI has some.
    """

    run_id: str
    warehouse: Path
    files: tuple[FileCount, ...]
    relations: Mapping[str, int]
    seconds: float
    unchanged: bool = False
    steps: tuple[transform.Step, ...] = ()
    checks: tuple[DataCheckResult, ...] = ()
    reconciliation: tuple[quality.Reconciliation, ...] = ()
    coverage: tuple[identity.Coverage, ...] = ()
    repairs: history.Repairs | None = None
    restated: tuple[restatement.Change, ...] = ()
    without_data: str = ""

    def to_json(self) -> dict[str, Any]:
        """The object that ``empathy build --json`` prints."""
        return {
            "run_id": self.run_id,
            "warehouse": str(self.warehouse),
            "files": [asdict(file) for file in self.files],
            "relations": dict(self.relations),
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True)
class CheckReport:
    """Report of a dry run.

    Attributes
    ----------
    files : tuple of FileCount
    stops : tuple of str
        Reasons why the build would stop; empty when it would not.
    coverage : tuple of etl.marts.identity.Coverage
    reasons : dict of str to int
        Reject reasons with counts, most frequent first, without values.
    seconds : float
    checks : tuple of DataCheckResult
        Results of the data checks.
    spans : tuple of etl.marts.coverage.Span
        The days on which each source has rows of each table.
    silences : tuple of str
        Sentences on missing data: fields that are missing or mostly empty, gaps, and KPIs known for part of the time
        only.
    without_data : str
        One line about the KPIs without data and what to export for them; empty when every KPI has some.
    """

    files: tuple[FileCount, ...]
    stops: tuple[str, ...]
    coverage: tuple[identity.Coverage, ...]
    reasons: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    checks: tuple[DataCheckResult, ...] = ()
    spans: tuple[Span, ...] = ()
    silences: tuple[str, ...] = ()
    without_data: str = ""

    def to_json(self) -> dict[str, Any]:
        """The object that ``empathy check --json`` prints."""
        return {
            "files": [asdict(file) for file in self.files],
            "stops": list(self.stops),
            "coverage": [asdict(source) for source in self.coverage],
            "reasons": dict(self.reasons),
            "spans": [
                {**asdict(span), "first_day": str(span.first_day), "last_day": str(span.last_day)}
                for span in self.spans
            ],
            "checks": [
                {"check": found.check, "severity": found.severity, "sentence": found.sentence}
                for found in self.checks
                if found.status == "failed"
            ],
            "silences": list(self.silences),
            "without_data": self.without_data,
            "seconds": round(self.seconds, 3),
        }
