"""Read and validate empathy.toml into a frozen ``Config``.

Every mistake is reported with file, line, key, allowed values and, for a misspelt name, the nearest existing one. All
mistakes are reported together, one line each.
"""

from __future__ import annotations

import hashlib
import os
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import Field, ValidationError, field_validator, model_validator

from etl.configuration.access import Access, Privacy
from etl.configuration.alerts import Alerts
from etl.configuration.conversations import Conversations
from etl.configuration.engine import Engine
from etl.configuration.events import Event
from etl.configuration.faults import explain
from etl.configuration.formats import FORMATS, TRANSCRIPT_FORMATS
from etl.configuration.money import Value
from etl.configuration.programme import OtherProgramme, Programme
from etl.configuration.section import Section
from etl.errors import EmpathyError
from etl.hints import did_you_mean

MatchRule = Literal["crosswalk", "employee_number", "email", "attributes"]


class ConfigError(EmpathyError):
    """A configuration that cannot be used; the message says where and what to do.

    Parameters
    ----------
    message : str
        One or more lines, each naming the file, the key and the fix.
    """


_zones = cache(available_timezones)
"""Names of time zones; cached, because listing them reads hundreds of files."""


def _zone(value: str) -> str:
    zones = _zones()
    if value not in zones:
        hint = did_you_mean(value, sorted(zones))
        raise ValueError(f'"{value}" is not a time zone.{hint} Use an IANA name such as "Europe/Madrid".')
    return value


class Project(Section):
    """``[project]``: name of the study, warehouse folder, locale, currency and time zone.

    Data older than ``stale_days`` are marked on every page. ``today`` replaces the current date for data that are not
    updated, such as the demo's; pages say so.
    """

    name: str = Field(default="Empathy programme", description="what this study is called on every page")
    warehouse: Path = Field(default=Path("warehouse"), description="folder of the warehouse, relative to this file")
    keep: tuple[str, ...] = Field(default=(), description="files and folders beside this one that a backup holds too")
    locale: str = Field(default="en_GB", description="how numbers and dates are written, such as en_GB or de_DE")
    currency: str = Field(
        default="EUR",
        pattern=r"^[A-Z]{3}$",
        description="three capital letters of ISO 4217; money in another one needs an exchange rate",
    )
    ci_level: float = Field(default=0.95, gt=0.5, lt=1.0, description="coverage of the intervals")
    timezone: str = Field(
        default="UTC",
        description="IANA zone of weeks and of times without offset, where a site or source says no other",
    )
    stale_days: int = Field(default=14, ge=1, description="age in days from which pages say how old the data are")
    today: date | None = Field(
        default=None, description="the day ages count from, for data that stay as they are; the clock's without it"
    )

    _check_zone = field_validator("timezone")(_zone)

    @field_validator("locale")
    @classmethod
    def _known_locale(cls, value: str) -> str:
        from babel import Locale, UnknownLocaleError

        try:
            Locale.parse(value)
        except (UnknownLocaleError, ValueError):
            raise ValueError(f'"{value}" is not a locale; use a name such as "en_GB" or "de_DE".') from None
        return value


class Site(Section):
    """``[sites."NAME"]``: weeks of agents at this site start on Monday in this zone."""

    timezone: str = Field(description="IANA zone in which weeks of this site start")

    _check_zone = field_validator("timezone")(_zone)


_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def _variable(found: re.Match[str]) -> str:
    """Value of an environment variable, else its default, else the text unchanged."""
    return os.environ.get(found[1]) or (found[2] if found[2] is not None else found[0])


class TableMapping(Section):
    """``[sources.NAME.also.TABLE]``: a further canonical table filled from the same records."""

    columns: dict[str, str | list[str]] = Field(
        default_factory=dict, description="canonical column = source column, or several"
    )
    values: dict[str, dict[str, str | int | float | bool]] = Field(
        default_factory=dict, description="canonical column = { source value = canonical value }"
    )
    constants: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="canonical column = one value for every row"
    )
    when: dict[str, str | bool | int | list[str]] = Field(
        default_factory=dict,
        description='source column = value (or values) a record must have to give a row; "*" is any value',
    )


class Source(Section):
    """``[sources.NAME]``: the export files of one system and how they are read."""

    format: str = Field(description="name of the format; see the sources page")
    path: str | list[str] = Field(
        description="path pattern of its files, or several; ${NAME} and ${NAME:-default} are environment variables"
    )
    timezone: str | None = Field(default=None, description="zone of times without offset; the project's when absent")
    max_reject_share: float = Field(
        default=0.02, ge=0.0, le=1.0, description="share of rejected records above which nothing is published"
    )
    table: str | None = Field(default=None, description="canonical table (tabular only)")
    columns: dict[str, str | list[str]] = Field(
        default_factory=dict, description="canonical column = source column, or several, joined by a slash"
    )
    values: dict[str, dict[str, str | int | float | bool]] = Field(
        default_factory=dict, description="canonical column = { source value = canonical value }"
    )
    constants: dict[str, str | int | float | bool] = Field(
        default_factory=dict, description="canonical column = one value for every row"
    )
    also: dict[str, TableMapping] = Field(
        default_factory=dict, description="further canonical tables filled from the same records"
    )
    options: dict[str, Any] = Field(default_factory=dict, description="options of the format, see its module")
    no_agent: dict[str, str | bool | int | list[str]] = Field(
        default_factory=dict, description="source column = value (or values) of a contact that reached no agent"
    )
    customer_ids: str = Field(default="", description="name space of this system's customer ids; empty = shared")
    optional: bool = Field(default=False, description="no file found is not an error")
    before: str = Field(
        default="", description="command that brings the files here, run before every build, without a shell"
    )
    before_seconds: float = Field(
        default=600, gt=0, le=86_400, description="after so long the command is ended and nothing is read"
    )
    begins: date | None = Field(default=None, description="first day of which the export speaks; found when absent")
    ends: date | None = Field(default=None, description="last day of which the export speaks; found when absent")

    @field_validator("format")
    @classmethod
    def _known_format(cls, value: str) -> str:
        if value not in FORMATS:
            raise ValueError(
                f'there is no format "{value}".{did_you_mean(value, FORMATS)} Formats: {", ".join(FORMATS)}.'
            )
        return value

    @field_validator("timezone")
    @classmethod
    def _check_zone(cls, value: str | None) -> str | None:
        return None if value is None else _zone(value)

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Source:
        if self.begins and self.ends and self.begins > self.ends:
            raise ValueError(f"begins ({self.begins}) is after ends ({self.ends}).")
        return self

    @property
    def paths(self) -> tuple[str, ...]:
        """The path patterns, always as a tuple; with ``${NAME}`` and ``${NAME:-default}`` replaced from the
        environment."""
        patterns = (self.path,) if isinstance(self.path, str) else tuple(self.path)
        return tuple(_VARIABLE.sub(_variable, pattern) for pattern in patterns)


class Identity(Section):
    """``[identity]``: the order in which a system's agent ids are matched to people."""

    match: tuple[MatchRule, ...] = Field(
        default=("crosswalk", "employee_number", "email"),
        description="ways of matching an id to a person, in the order in which they are tried",
    )
    attributes: tuple[str, ...] = Field(
        default=(), description="what the parts of a composite agent id are, in order; the first must always be known"
    )
    unknown: tuple[str, ...] = Field(default=(), description="texts that stand for an unknown attribute, such as NA")
    same_contacts: tuple[tuple[str, ...], ...] = Field(
        default=(),
        description="groups of sources whose contacts are one where their ids are; the last of a group counts",
    )
    separate_contacts: tuple[tuple[str, ...], ...] = Field(
        default=(),
        description="groups of sources whose contacts are different ones, though their ids may be the same by chance",
    )
    nobody: tuple[str, ...] = Field(
        default=(), description="customer ids that stand for nobody, besides anonymous, withheld and the like"
    )

    @model_validator(mode="after")
    def _attributes_named(self) -> Identity:
        if ("attributes" in self.match) != bool(self.attributes):
            raise ValueError(
                'match "attributes" and attributes = ["...", "..."] belong together: the second names the parts of a '
                "composite source_agent_id, in order."
            )
        return self

    @property
    def ids_are_names(self) -> bool:
        """Whether agents' ids may consist of attributes, and so are masked wherever records are shown."""
        return "attributes" in self.match


class KpiOverride(Section):
    """``[kpis.ID]``: overrides of the catalogue in sql/kpis.toml."""

    label: str | None = Field(default=None, description="name on the pages")
    short: str | None = Field(default=None, description="short name for charts and tables")
    smallest_effect: float | None = Field(
        default=None, gt=0, description="smallest change worth acting on, in the stored unit"
    )
    target: float | None = Field(default=None, description="level that is aimed at")
    role: Literal["primary", "secondary", "guardrail", "mechanism", "phrases"] | None = Field(
        default=None, description="what the KPI is for"
    )
    where: str | None = Field(default=None, description="SQL over a row of its base relation: which rows take part")
    hidden: bool = Field(default=False, description="leave the KPI out")

    @field_validator("where")
    @classmethod
    def _only_compares(cls, value: str | None) -> str | None:
        from etl.configuration.conditions import fault_of

        fault = fault_of(value) if value else ""
        if fault:
            raise ValueError(f'"{value}" cannot be used: {fault}.')
        return value


class Config(Section):
    """The content of a valid empathy.toml.

    Attributes
    ----------
    path : Path
        The file it was read from, absolute.
    sha256 : str
        Hash of the file's bytes, stored with each version.
    """

    path: Path
    sha256: str
    project: Project = Field(default=Project(), description="name, place, locale, currency and zone")
    sites: dict[str, Site] = Field(default_factory=dict, description="sites with a zone of their own")
    sources: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")], Source] = Field(
        default_factory=dict, description="the exports, one section each"
    )
    identity: Identity = Field(default=Identity(), description="how agent ids are matched to people")
    programme: Programme = Field(default=Programme(), description="the training whose effect is measured")
    kpis: dict[str, KpiOverride] = Field(default_factory=dict, description="what differs from the catalogue")
    engine: Engine = Field(default=Engine(), description="where contacts are reduced, threads, memory, versions kept")
    value: Value = Field(default=Value(), description="what a change is worth, and what the programme costs")
    programmes: tuple[OtherProgramme, ...] = Field(default=(), description="other programmes of the same people")
    events: tuple[Event, ...] = Field(default=(), description="what else happened: systems, pay rounds, incidents")
    conversations: Conversations = Field(default=Conversations(), description="what is heard in transcripts; off")
    privacy: Privacy = Field(default=Privacy(), description="smallest group and key")
    access: Access | None = Field(default=None, description="who may see what; absent on your own machine")
    alerts: Alerts = Field(default=Alerts(), description="who is told when a run failed or data are late")

    @model_validator(mode="after")
    def _sites_of_leads(self) -> Config:
        for name, group in self.access.groups.items() if self.access and self.sites else ():
            for site in group.sites:
                if site not in self.sites:
                    hint = did_you_mean(site, sorted(self.sites))
                    raise ValueError(f'[access.groups."{name}"] names a site "{site}" that [sites] does not.{hint}')
        return self

    @model_validator(mode="after")
    def _transcripts_beside_contacts(self) -> Config:
        if self.conversations.read and self.engine.kind == "spark":
            raise ValueError(
                '[conversations] read = true needs [engine] kind = "duckdb": transcripts are held against single '
                "contacts."
            )
        return self

    @model_validator(mode="after")
    def _money_has_rates(self) -> Config:
        missing = self.value.without_rate(self.project.currency)
        if missing:
            own = self.value.stated()[missing[0]].currency
            raise ValueError(
                f"[value] {missing[0]} is in {own} and the project in {self.project.currency}; add the rate to "
                f"[value.exchange_rates], such as {own} = 0.9 ({self.project.currency} paid for 1 {own})."
            )
        return self

    @model_validator(mode="after")
    def _groups_name_sources(self) -> Config:
        for key in ("same_contacts", "separate_contacts"):
            for name in (name for group in getattr(self.identity, key) for name in group):
                if name not in self.sources:
                    raise ValueError(
                        f'identity.{key}: there is no source "{name}".{did_you_mean(name, self.sources)}'
                    )
        return self

    @property
    def folder(self) -> Path:
        """The folder of the file; relative paths in it start here."""
        return self.path.parent

    @property
    def warehouse(self) -> Path:
        """The warehouse folder, absolute."""
        return (self.folder / self.project.warehouse).resolve()

    def is_read(self, name: str) -> bool:
        """Whether the files of source ``name`` are read: transcripts only where ``[conversations] read`` says so."""
        source = self.sources[name]
        speaks = source.table == "utterance" or "utterance" in source.also or source.format in TRANSCRIPT_FORMATS
        return self.conversations.read or not speaks

    def source_timezone(self, name: str) -> str:
        """The zone of times without offset in source ``name``."""
        return self.sources[name].timezone or self.project.timezone

    def site_timezone(self, site: str | None) -> str:
        """The zone in which weeks of ``site`` start; the project's for a site that is not listed."""
        return self.sites[site].timezone if site in self.sites else self.project.timezone

    def site_timezones(self) -> dict[str, str]:
        """Every listed site with its zone."""
        return {name: site.timezone for name, site in self.sites.items()}


def load(path: str | Path) -> Config:
    """Read and check an empathy.toml.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    Config

    Raises
    ------
    ConfigError
        When the file is missing, is not TOML, or anything in it is unknown, missing or out of range; the message
        has one line per mistake with file, line, key and what to do.
    """
    file = Path(path)
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        raise ConfigError(
            f"{file}: there is no such file. Write one with `empathy init DIR`, or name another with -c."
        ) from None
    except IsADirectoryError:
        raise ConfigError(f"{file} is a folder; name the empathy.toml inside it.") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror or error}.") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ConfigError(f"{file}, line {line}: the file is not UTF-8; save it as UTF-8.") from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not valid TOML: {error}.") from None
    return parse(document, file.resolve(), hashlib.sha256(content).hexdigest(), text)


def parse(document: Mapping[str, Any], path: Path, sha256: str = "", text: str = "") -> Config:
    """Validate an already parsed document; use :func:`load` for a file.

    Parameters
    ----------
    document : mapping
        The TOML document.
    path : Path
        The file it came from, for messages and relative paths.
    sha256 : str
        Hash of the file's bytes.
    text : str
        The file's text, to find the lines of mistakes.

    Raises
    ------
    ConfigError
        As :func:`load`.
    """
    reserved = {"path", "sha256"} & set(document)
    if reserved:
        raise ConfigError(f"{path}: unknown key {sorted(reserved)[0]} at the top level; remove it.")
    try:
        return Config.model_validate({**document, "path": path, "sha256": sha256})
    except ValidationError as error:
        lines = [explain(path, text, detail, Config) for detail in error.errors()]
        raise ConfigError("\n".join(dict.fromkeys(lines))) from None
