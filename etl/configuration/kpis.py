"""The KPI catalogue: sql/kpis.toml as frozen objects.

The only definition of a KPI: ``agent_week`` is generated from these entries (:mod:`etl.marts.agent_week`), pages take
labels from them, and estimation takes unit, direction and smallest effect.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from etl.configuration import money_overlap
from etl.configuration.kpi_kinds import KIND_OF_UNIT, KpiKind, Unit
from etl.errors import EmpathyError
from etl.hints import did_you_mean

if TYPE_CHECKING:
    from etl.configuration.model import Config


SQL_FOLDER = Path(__file__).resolve().parents[2] / "sql"
"""The folder of every SQL file, in a checkout and in an installed wheel."""

Role = Literal["primary", "secondary", "guardrail", "mechanism", "phrases"]
Dimension = Literal["site", "team", "channel", "queue", "tenure_band"]
CONTACT_DIMENSIONS: tuple[Dimension, ...] = ("channel", "queue")
"""Dimensions that exist only for KPIs of contacts."""


class KpiError(EmpathyError):
    """The catalogue is invalid, or has no KPI of that name; the message says what to do."""


EARLIER_NAMES = {"purse": "money_group", "purse_rank": "money_rank"}
"""Keys of an entry as catalogues of 0.1.0 have them."""


class Kpi(BaseModel):
    """One KPI: what it counts, in which unit, and how it may be read.

    Attributes
    ----------
    id : str
        Name of the entry and prefix of the columns in ``mart.agent_week``.
    label, short : str
        Name on a card or heading, and in a narrow table.
    claim : str
        The claim about the training that this KPI tests; groups KPIs on screens.
    question, definition, caveat : str
        In plain words: what it asks, what exactly is counted, what to be careful about.
    base : str
        Core relation whose rows are counted.
    where : str
        SQL condition on base; empty for all rows.
    numerator, denominator : str
        SQL expressions over one row of ``base`` (the denominator over ``exposure``, when given).
    exposure, exposure_where : str
        Core relation of the denominator when it is not ``base``, and its condition.
    unit : str
        Unit of numerator / denominator as stored: shares lie between 0 and 1, time is in seconds, ``per_1000`` is
        stored as a plain rate, ``points`` between -1 and 1.
    better : {"higher", "lower"}
        The direction of an improvement.
    smallest_effect : float
        The smallest change worth acting on, in the stored unit.
    role : {"primary", "secondary", "guardrail", "mechanism", "phrases"}
        Primary KPIs form the family for which multiplicity is corrected.
    binary : bool
        Whether every counted row is 0 or 1; others carry sums of squares.
    family : {"gaussian", "poisson", "logit"}
        Natural family of a generalised linear model of this KPI.
    censor_days : int
        Length of the window after a row that must have closed; later rows are left out.
    censor_by : {"", "customer_event"}
        Relation the window covers besides contacts: the window must have closed before the end of both.
    dimensions : tuple of str
        Dimensions it may be sliced by.
    per : str
        Noun for one unit of the denominator.
    money_group : str
        Name of a group of KPIs that measure the same money. Of those with a money value only one is counted: the one
        with the lowest ``money_rank`` (then the first of the catalogue).
    money_rank : int
        How directly the KPI measures the money of its ``money_group``; 1 is the most direct.
    contains : tuple of str
        Other money groups whose money the value of one unit often includes.
    answered_by : str
        Id of the KPI of the response rate, for an outcome known only for respondents.
    scale : (float, float) or None
        Lowest and highest value one row can have, as stored; ``(0, 1)`` where binary.
    first_days : int
        For a hazard that looks at the first days of employment only: how many.
    target : float or None
        The level the organisation aims at, from the configuration.
    hidden : bool
        Left out of screens by the configuration; still computed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")
    label: str = Field(min_length=1)
    short: str = Field(min_length=1)
    claim: str = Field(min_length=1)
    question: str = Field(min_length=1)
    definition: str = Field(min_length=1)
    base: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    where: str = ""
    numerator: str = Field(min_length=1)
    denominator: str = Field(default="1", min_length=1)
    exposure: str = Field(default="", pattern=r"^([a-z][a-z0-9_]*)?$")
    exposure_where: str = ""
    unit: Unit
    better: Literal["higher", "lower"]
    smallest_effect: float = Field(gt=0)
    role: Role
    binary: bool
    family: Literal["gaussian", "poisson", "logit"]
    censor_days: int = Field(default=0, ge=0)
    censor_by: Literal["", "customer_event"] = ""
    dimensions: tuple[Dimension, ...]
    per: str = Field(min_length=1)
    caveat: str = ""
    money_group: str = ""
    money_rank: int = Field(default=1, ge=1)
    contains: tuple[str, ...] = ()
    answered_by: str = Field(default="", pattern=r"^([a-z][a-z0-9_]{0,40})?$")
    scale: tuple[float, float] | None = None
    first_days: int = Field(default=0, ge=0)
    target: float | None = None
    hidden: bool = False

    @model_validator(mode="before")
    @classmethod
    def _known_by_earlier_names(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {EARLIER_NAMES.get(key, key): value for key, value in given.items()}

    @model_validator(mode="after")
    def _consistent(self) -> Kpi:
        if self.exposure and self.binary:
            raise ValueError("binary = true needs numerator and denominator on one row; it cannot have an exposure.")
        if self.exposure_where and not self.exposure:
            raise ValueError("exposure_where needs an exposure.")
        if self.censor_by and not self.censor_days:
            raise ValueError("censor_by needs censor_days.")
        if self.money_rank > 1 and not self.money_group:
            raise ValueError("money_rank needs a money_group.")
        if self.money_group and self.money_group in self.contains:
            raise ValueError("contains names other money groups than the KPI's own.")
        if self.scale is not None and not self.scale[0] < self.scale[1]:
            raise ValueError("scale is the lowest and the highest value of one row, in that order.")
        if self.answered_by and self.span is None:
            raise ValueError("answered_by needs scale = [lowest, highest] where the KPI is not binary.")
        if self.answered_by == self.id:
            raise ValueError("answered_by must name another KPI.")
        if self.first_days and not self.kind.first_days:
            allowed = " or ".join(f'"{unit}"' for unit, kind in KIND_OF_UNIT.items() if kind.first_days)
            raise ValueError(f"first_days needs unit = {allowed}.")
        return self

    @property
    def kind(self) -> KpiKind:
        """Its kind, which sets how it is estimated and shown."""
        return KIND_OF_UNIT[self.unit]

    @property
    def span(self) -> tuple[float, float] | None:
        """Lowest and highest value one row can have; None when not known."""
        return (0.0, 1.0) if self.binary else self.scale

    @property
    def exposed_to(self) -> str:
        """The relation the denominator is counted on."""
        return self.exposure or self.base

    @property
    def counts_contacts(self) -> bool:
        """Whether its denominator counts the contacts an agent handled."""
        return self.exposed_to == "interaction" and self.per == "contact"

    @property
    def columns(self) -> tuple[str, ...]:
        """Its columns of ``mart.agent_week``: ``_num``, ``_den`` and, where not binary, ``_sq``."""
        names = (f"{self.id}_num", f"{self.id}_den")
        return names if self.binary else (*names, f"{self.id}_sq")

    @property
    def by_contact(self) -> bool:
        """Whether its rows carry the channel and queue of a contact."""
        return any(dimension in self.dimensions for dimension in CONTACT_DIMENSIONS)


class Catalogue(Mapping[str, Kpi]):
    """All KPIs, by id, in the order of the file.

    Parameters
    ----------
    kpis : iterable of Kpi
        Ids must be unique.
    """

    def __init__(self, kpis: Iterator[Kpi] | tuple[Kpi, ...] | list[Kpi]) -> None:
        self._kpis = {kpi.id: kpi for kpi in kpis}

    def __getitem__(self, kpi: str) -> Kpi:
        try:
            return self._kpis[kpi]
        except KeyError:
            near = did_you_mean(kpi, self._kpis)
            raise KpiError(f'There is no KPI "{kpi}".{near} KPIs: {", ".join(self._kpis)}.') from None

    def __contains__(self, kpi: object) -> bool:
        return kpi in self._kpis

    def __iter__(self) -> Iterator[str]:
        return iter(self._kpis)

    def __len__(self) -> int:
        return len(self._kpis)

    def ids(self) -> tuple[str, ...]:
        """Ids in the order of the catalogue."""
        return tuple(self._kpis)

    def primary(self) -> tuple[str, ...]:
        """Ids of the primary KPIs: the family for which multiplicity is corrected."""
        return tuple(kpi.id for kpi in self._kpis.values() if kpi.role == "primary")

    def claims(self) -> dict[str, tuple[Kpi, ...]]:
        """KPIs grouped under the claim they test, in the order of the catalogue, hidden ones left out."""
        groups: dict[str, list[Kpi]] = {}
        for kpi in self._kpis.values():
            if not kpi.hidden:
                groups.setdefault(kpi.claim, []).append(kpi)
        return {claim: tuple(members) for claim, members in groups.items()}

    def with_overrides(self, config: Config) -> Catalogue:
        """The catalogue with the overrides of an empathy.toml.

        Parameters
        ----------
        config : Config
            Its ``[kpis.ID]`` sections are the overrides.

        Raises
        ------
        KpiError
            When an override names a KPI that the catalogue does not have.
        """
        kpis = dict(self._kpis)
        for name, override in config.kpis.items():
            if name not in kpis:
                raise KpiError(
                    f'{config.path}: [kpis.{name}]: there is no KPI "{name}" to change.{did_you_mean(name, kpis)} '
                    "To add one, add an entry to sql/kpis.toml."
                )
            named = ("label", "short", "smallest_effect", "target", "role", "where")
            changes = {key: getattr(override, key) for key in named if getattr(override, key) is not None}
            kpis[name] = kpis[name].model_copy(update={**changes, "hidden": override.hidden})
        return Catalogue(list(kpis.values()))


def configured(config: Config) -> Catalogue:
    """The catalogue of sql/kpis.toml with the overrides of an empathy.toml.

    Parameters
    ----------
    config : Config

    Raises
    ------
    KpiError
        When an override, an amount of money or the assignment rule names a KPI that does not exist.
    """
    catalogue = load()
    named = {name: f"[value.kpis.{name}]" for name in config.value.kpis}
    if config.programme.assignment.rule is not None:
        named[config.programme.assignment.rule.kpi] = "[programme.assignment] rule"
    for name, where in named.items():
        if name not in catalogue:
            near = did_you_mean(name, catalogue)
            raise KpiError(f'{config.path}: {where}: there is no KPI "{name}".{near} KPIs: {", ".join(catalogue)}.')
    for name, value in config.value.kpis.items():
        if catalogue[name].better == "lower" and value.crosses_zero:
            raise KpiError(
                f"{config.path}: [value.kpis.{name}]: {value.low:g} to {value.high:g} is on both sides of zero. Fewer "
                "are better, so one more costs: write low, likely and high all with a minus sign, or all without."
            )
    for fault in money_overlap.faults(config.value, catalogue):
        raise KpiError(f"{config.path}: {fault}")
    return catalogue.with_overrides(config)


def load(path: str | Path | None = None) -> Catalogue:
    """Read a catalogue.

    Parameters
    ----------
    path : str or Path, optional
        The file; sql/kpis.toml by default.

    Raises
    ------
    KpiError
        When the file is missing or an entry is wrong; one line per mistake with file, line, entry, key and fix.
    """
    file = Path(path) if path is not None else SQL_FOLDER / "kpis.toml"
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise KpiError(f"{file} cannot be read: {error.strerror or error}.") from None
    return _parsed(file, text)


@lru_cache(maxsize=4)
def _parsed(file: Path, text: str) -> Catalogue:
    """The catalogue of a file with this text; the same object every time, since all of it is frozen."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise KpiError(f"{file}: not valid TOML: {error}.") from None
    kpis: list[Kpi] = []
    mistakes: list[str] = []
    for name, entry in document.items():
        if not isinstance(entry, dict):
            mistakes.append(f"{file}, line {_line(text, name)}: {name} stands outside an entry; put it under [kpi_id].")
            continue
        try:
            kpis.append(Kpi(**{**entry, "id": name}))
        except ValidationError as error:
            for detail in error.errors():
                key = ".".join(str(part) for part in detail["loc"])
                hint = did_you_mean(key, Kpi.model_fields) if detail["type"] == "extra_forbidden" else ""
                message = detail["msg"].removeprefix("Value error, ")
                where = f"{file}, line {_line(text, name)}: [{name}] {key}".removesuffix(" ")
                mistakes.append(f"{where}: {message.rstrip('.')}.{hint}")
    known = {kpi.id: kpi for kpi in kpis}
    for kpi in kpis:
        if kpi.answered_by and kpi.answered_by not in known and not mistakes:
            near = did_you_mean(kpi.answered_by, known)
            mistakes.append(
                f"{file}, line {_line(text, kpi.id)}: [{kpi.id}] answered_by: there is no KPI "
                f'"{kpi.answered_by}".{near}'
            )
    if mistakes:
        raise KpiError("\n".join(mistakes))
    return Catalogue(kpis)


def _line(text: str, name: str) -> int:
    for number, line in enumerate(text.splitlines(), start=1):
        if re.match(rf"\s*(\[\s*)?\"?{re.escape(name)}\"?\s*(\]|=)", line):
            return number
    return 1
