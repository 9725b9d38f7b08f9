"""Reuse the studies of KPIs whose inputs did not change since an earlier run.

A study depends on the rows of its KPI (and of the KPIs it uses), the roster, training records, the design, the KPI's
catalogue entry and the code. A fingerprint covers all of these; equal fingerprints give identical studies. Verdicts
correct for the other KPIs, so they are decided again in every run.
"""

from __future__ import annotations

import hashlib
import io
import pickle
import platform
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.metadata import version as installed
from typing import Any

import polars as pl

from analysis.comparison.setting import Setting
from analysis.panel.inputs import fingerprints, kept_rows
from analysis.study.by_kpi import KpiStudies, VersionAtHand, named_by
from etl.code_hash import code_hash
from etl.configuration.kpis import Kpi

CODE = ("analysis", "etl.configuration")
"""Packages whose code determines the results of a study."""
LIBRARIES = ("duckdb", "numpy", "polars", "scipy", "statsmodels")
_KNOWN = {
    "analysis.checks.result": {"CheckResult"},
    "analysis.effects.answering": {"AnswerBounds"},
    "analysis.panel.facts": {"Volumes"},
    "analysis.panel.slices": {"Slice"},
    "analysis.results": {"EffectEstimate"},
    "analysis.study.by_kpi": {"KpiStudies"},
    "analysis.study.kpi_study": {"Judgement", "KpiStudy"},
    "analysis.study.request": {"Request"},
    "analysis.words.verdict": {"Verdict"},
    "builtins": {"frozenset"},
    "datetime": {"date"},
    "etl.configuration.kpis": {"Kpi"},
    "numpy": {"dtype", "ndarray"},
    "numpy._core.multiarray": {"_reconstruct", "scalar"},
    "numpy._core.numeric": {"_frombuffer"},
}
"""Modules and classes a kept study may contain; unpickling refuses all others."""


class KeptStudies:
    """Studies that an earlier run kept, and those that this run keeps.

    Parameters
    ----------
    earlier : mapping
        KPI to fingerprint and studies; see :func:`analysis.panel.inputs.kept_rows`.
    """

    def __init__(self, earlier: Mapping[str, tuple[str, bytes]]) -> None:
        self._earlier = earlier
        self._now: dict[str, tuple[str, bytes]] = {}

    @classmethod
    def read(cls, cur: Any) -> KeptStudies:
        """Read the kept studies of the cursor's version."""
        return cls(kept_rows(cur))

    def get(self, kpi: Kpi, fingerprint: str, setting: Setting) -> KpiStudies | None:
        """The studies made under an equal fingerprint; ``setting`` is that of this run."""
        known, studies = self._earlier.get(kpi.id, ("", b""))
        if known != fingerprint:
            return None
        try:
            found = _Loading(io.BytesIO(studies), setting).load()
        except Exception:  # written by another release, or damaged: estimate
            return None
        if not isinstance(found, KpiStudies):
            return None
        self._now[kpi.id] = (known, studies)
        return found

    def put(self, kpi: Kpi, fingerprint: str, studies: KpiStudies) -> None:
        """Keep what this run estimated."""
        buffer = io.BytesIO()
        _Dumping(buffer, studies.whole.context.setting).dump(studies)
        self._now[kpi.id] = (fingerprint, buffer.getvalue())

    def frame(self) -> pl.DataFrame:
        """Rows of ``meta.kept_study``."""
        rows = [(kpi, *kept) for kpi, kept in self._now.items()]
        schema = {"kpi": pl.String, "fingerprint": pl.String, "studies": pl.Binary}
        return pl.DataFrame(rows, schema=schema, orient="row")


def fingerprints_of(version: VersionAtHand, kpis: Iterable[Kpi]) -> dict[str, str]:
    """KPI to the fingerprint of all that its studies depend on."""
    listed = list(kpis)
    setting, known = version.setting, version.setting.kpis
    rows = fingerprints(version.cur, {name for kpi in listed for name in (kpi.id, *named_by(kpi, setting))})
    common = (
        [code_hash(package) for package in CODE],
        [installed(library) for library in LIBRARIES],
        platform.python_version(),
        rows[""],
        repr(replace(setting, roster=None, kpis={}, n_values={})),  # type: ignore[arg-type]
        sorted(setting.n_values.items()),
        repr(version.slices),
    )
    found = {}
    for kpi in listed:
        names = (kpi.id, *named_by(kpi, setting))
        entries = [(name, rows[name], known[name].model_dump_json() if name in known else "") for name in names]
        found[kpi.id] = hashlib.sha256(repr((common, entries)).encode()).hexdigest()
    return found


class _Dumping(pickle.Pickler):
    def __init__(self, file: io.BytesIO, setting: Setting) -> None:
        super().__init__(file, 5)
        self._setting = setting

    def persistent_id(self, found: Any) -> str | None:
        return "setting" if found is self._setting else None


class _Loading(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, setting: Setting) -> None:
        super().__init__(file)
        self._setting = setting

    def persistent_load(self, name: str) -> Setting:
        return self._setting

    def find_class(self, module: str, name: str) -> Any:
        if name not in _KNOWN.get(module, ()):
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a study")
        return super().find_class(module, name)
