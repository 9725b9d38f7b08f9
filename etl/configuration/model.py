"""empathy.toml: read once, checked whole, frozen.

Every mistake is reported with the file, the line where it can be found, the key, what is allowed and, for a
misspelt name, the nearest one that exists. All mistakes are reported together, one line each.
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

from etl.configuration.access import Access
from etl.configuration.faults import explain
from etl.configuration.formats import FORMATS
from etl.configuration.money import Value
from etl.configuration.section import Section
from etl.errors import EmpathyError
from etl.hints import did_you_mean

AssignmentMode = Literal["randomised", "team_waves", "lowest_performers", "volunteers", "unknown"]
AssignmentUnit = Literal["agent", "team", "site"]
MatchRule = Literal["crosswalk", "employee_number", "email", "attributes"]


class ConfigError(EmpathyError):
    """A configuration that cannot be used; the message says where and what to do.

    Parameters
    ----------
    message : str
        One or more lines, each naming the file, the key and the fix.
    """


_zones = cache(available_timezones)
"""Names of time zones; looking for them walks through hundreds of files."""


def _zone(value: str) -> str:
    zones = _zones()
    if value not in zones:
        hint = did_you_mean(value, sorted(zones))
        raise ValueError(f'"{value}" is not a time zone.{hint} Use an IANA name such as "Europe/Madrid".')
    return value


class Project(Section):
    """``[project]``: what this study is called, where the warehouse lies, how numbers are written."""

    name: str = "Empathy programme"
    warehouse: Path = Path("warehouse")
    locale: str = "en_GB"
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    ci_level: float = Field(default=0.95, gt=0.5, lt=1.0)
    timezone: str = "UTC"

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

    timezone: str

    _check_zone = field_validator("timezone")(_zone)


_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def _variable(found: re.Match[str]) -> str:
    """Value of an environment variable, else the default written with it, else the text as it stands."""
    return os.environ.get(found[1]) or (found[2] if found[2] is not None else found[0])


class TableMapping(Section):
    """``[sources.NAME.also.TABLE]``: a further canonical table filled from the same records."""

    columns: dict[str, str | list[str]] = Field(default_factory=dict)
    values: dict[str, dict[str, str | int | float | bool]] = Field(default_factory=dict)
    constants: dict[str, str | int | float | bool] = Field(default_factory=dict)
    when: dict[str, str | bool | int | list[str]] = Field(
        default_factory=dict, description="source column = value (or values) a record must have to give a row"
    )


class Source(Section):
    """``[sources.NAME]``: the files one system exports and how they are read."""

    format: str
    path: str | list[str]
    timezone: str | None = Field(default=None, description="zone of times without offset; the project's when absent")
    max_reject_share: float = Field(default=0.02, ge=0.0, le=1.0)
    table: str | None = Field(default=None, description="canonical table (tabular only)")
    columns: dict[str, str | list[str]] = Field(
        default_factory=dict, description="canonical column = source column, or several, joined by a slash"
    )
    values: dict[str, dict[str, str | int | float | bool]] = Field(
        default_factory=dict, description="canonical column = { source value = canonical value }"
    )
    constants: dict[str, str | int | float | bool] = Field(default_factory=dict)
    also: dict[str, TableMapping] = Field(default_factory=dict)
    options: dict[str, Any] = Field(default_factory=dict, description="options of the format, see its module")
    customer_ids: str = Field(default="", description="name space of this system's customer ids; empty = shared")
    optional: bool = Field(default=False, description="no file found is not an error")
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
        """The path patterns, always as a tuple; ``${NAME}`` and ``${NAME:-default}`` are taken from the environment."""
        patterns = (self.path,) if isinstance(self.path, str) else tuple(self.path)
        return tuple(_VARIABLE.sub(_variable, pattern) for pattern in patterns)


class Identity(Section):
    """``[identity]``: the order in which a system's agent ids are matched to people."""

    match: tuple[MatchRule, ...] = ("crosswalk", "employee_number", "email")
    attributes: tuple[str, ...] = Field(
        default=(), description="what the parts of a composite agent id are, in order; the first must always be known"
    )
    unknown: tuple[str, ...] = Field(default=(), description="texts that stand for an unknown attribute, such as NA")

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
        """Whether agents' ids may be made of attributes, and are then hidden wherever records are shown."""
        return "attributes" in self.match


class Course(Section):
    """``[[programme.courses]]``: one course, the skills it teaches, whether it is the treatment."""

    id: str
    name: str = ""
    skills: tuple[str, ...] = ()
    treatment: bool = True


class AssignmentRule(Section):
    """The recorded rule of ``lowest_performers``: the worst ``share`` on ``kpi`` over ``lookback_weeks``."""

    kpi: str
    lookback_weeks: int = Field(default=4, ge=1, le=52)
    share: float = Field(gt=0.0, le=1.0)


class Assignment(Section):
    """``[programme.assignment]``: how agents came to be trained; it decides what may be claimed."""

    mode: AssignmentMode = "unknown"
    unit: AssignmentUnit = "team"
    anticipation_weeks: int = Field(default=0, ge=0, le=12)
    rule: AssignmentRule | None = None

    @model_validator(mode="after")
    def _rule_only_where_it_applies(self) -> Assignment:
        if self.mode == "lowest_performers" and self.rule is None:
            raise ValueError(
                'mode "lowest_performers" needs rule = { kpi = "...", lookback_weeks = 4, share = 0.5 }; '
                'if the rule was not written down, use mode = "unknown".'
            )
        return self


class Programme(Section):
    """``[programme]``: the training whose effect is measured."""

    name: str = "Empathy programme"
    complete: Literal["any", "all"] = "any"
    study_from: date | None = Field(default=None, description="a day of the first week that the marts cover")
    study_to: date | None = Field(default=None, description="a day of the last week that the marts cover")
    courses: tuple[Course, ...] = ()
    assignment: Assignment = Assignment()

    @model_validator(mode="after")
    def _courses_once(self) -> Programme:
        seen: set[str] = set()
        for course in self.courses:
            if course.id in seen:
                raise ValueError(f'course "{course.id}" is listed twice; keep one [[programme.courses]] entry for it.')
            seen.add(course.id)
        return self

    @property
    def treatment_courses(self) -> tuple[str, ...]:
        """Ids of the courses that count as treatment, in the order listed."""
        return tuple(course.id for course in self.courses if course.treatment)


class KpiOverride(Section):
    """``[kpis.ID]``: what differs from the catalogue in sql/kpis.toml."""

    label: str | None = None
    short: str | None = None
    smallest_effect: float | None = Field(default=None, gt=0)
    target: float | None = None
    role: Literal["primary", "secondary", "guardrail", "mechanism"] | None = None
    where: str | None = None
    hidden: bool = False


class EngineOptions(Section):
    """``[engine] options``: ``contacts = "reduce"`` keeps agents and weeks, and no single contacts."""

    contacts: Literal["keep", "reduce"] = "keep"


class Engine(Section):
    """``[engine]``: with how much the work is done, and how much of it is kept."""

    threads: int | None = Field(default=None, ge=1)
    memory_limit: str | None = Field(default=None, pattern=r"^\d+(\.\d+)? ?(MB|GB|MiB|GiB)$")
    keep_versions: int = Field(default=3, ge=1)
    options: EngineOptions = EngineOptions()


class Privacy(Section):
    """``[privacy]``: smallest group shown, and where the key of the pseudonyms comes from."""

    min_group: int = Field(default=10, ge=1)
    key_env: str = Field(default="EMPATHY_KEY", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    demo: bool = Field(default=False, description="use the published demonstration key; for sample exports only")


class Config(Section):
    """The whole of one empathy.toml, frozen.

    Attributes
    ----------
    path : Path
        The file it was read from, absolute.
    sha256 : str
        Hash of the file's bytes, by which a version tells what it was configured with.
    """

    path: Path
    sha256: str
    project: Project = Project()
    sites: dict[str, Site] = Field(default_factory=dict)
    sources: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")], Source] = Field(default_factory=dict)
    identity: Identity = Identity()
    programme: Programme = Programme()
    kpis: dict[str, KpiOverride] = Field(default_factory=dict)
    engine: Engine = Engine()
    value: Value = Value()
    privacy: Privacy = Privacy()
    access: Access | None = None

    @model_validator(mode="after")
    def _sites_of_leads(self) -> Config:
        for name, group in self.access.groups.items() if self.access and self.sites else ():
            for site in group.sites:
                if site not in self.sites:
                    hint = did_you_mean(site, sorted(self.sites))
                    raise ValueError(f'[access.groups."{name}"] names a site "{site}" that [sites] does not.{hint}')
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

    @property
    def folder(self) -> Path:
        """The folder of the file; relative paths in it start here."""
        return self.path.parent

    @property
    def warehouse(self) -> Path:
        """The warehouse folder, absolute."""
        return (self.folder / self.project.warehouse).resolve()

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
    """Check an already parsed document; :func:`load` is the usual way in.

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
