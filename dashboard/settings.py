"""Settings of the dashboard: configuration, KPI catalogue, and network access."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import re
import secrets
import socket
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from analysis.words.numbers import Reader
from etl.configuration import kpis
from etl.configuration import model as empathy_config
from etl.configuration.access import UNIX, Access
from etl.configuration.kpis import Catalogue
from etl.configuration.model import Config, ConfigError

SECRET_VARIABLE = "EMPATHY_SECRET"
"""Environment variable with the key that signs sessions; at least 32 characters."""
PROXY_VARIABLE = "EMPATHY_PROXY_HOPS"
"""Environment variable with the number of reverse proxies in front; set it only where one checks who is asking."""
HOSTS_VARIABLE = "EMPATHY_HOSTS"
"""Environment variable with the host names people type, separated by commas; needed behind a proxy."""
CONFIG_VARIABLE = "EMPATHY_CONFIG"
"""Environment variable with the path of empathy.toml, for gunicorn."""

MIN_SECRET_LENGTH = 32
MOUNTS = "/p"
"""Begins the addresses of programmes beside the first."""
LONGEST_ADDRESS_WORD = 60
SOCKET_FILE = "unix:"
"""Begins an address that is a socket file, such as ``unix:/run/empathy.sock``."""
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]", "::1")


@dataclass(frozen=True)
class ServedProgramme:
    """A programme with pages on this server.

    Attributes
    ----------
    name : str
        As the first configuration calls it.
    mounted : str
        As in :class:`Settings`.
    config : Config
        Its own configuration.
    """

    name: str
    mounted: str
    config: Config


@dataclass(frozen=True)
class Settings:
    """Everything fixed for the life of a process.

    Attributes
    ----------
    config : Config
        The configuration file.
    catalogue : Catalogue
        KPIs with the configuration's overrides.
    secret : str
        Key that signs sessions.
    proxy_hops : int
        Reverse proxies in front of the application; 0 when people reach it directly.
    hosts : tuple of str
        Host names that are answered; requests under any other name are refused.
    proxy_secret : str
        What the proxy of a shared dashboard must know; empty where it connects through a socket file only.
    mounted : str
        What the addresses of these pages begin with, such as ``/p/sales-academy``; empty for the first programme.
    served : tuple of ServedProgramme
        Every programme this server shows, the first one first; empty where there is one alone.
    """

    config: Config
    catalogue: Catalogue
    secret: str
    proxy_hops: int
    hosts: tuple[str, ...]
    proxy_secret: str = ""
    mounted: str = ""
    served: tuple[ServedProgramme, ...] = ()

    @property
    def access(self) -> Access | None:
        """Who may see what when the dashboard is shared; None on one's own machine."""
        return self.config.access

    @property
    def reader(self) -> Reader:
        """Locale and currency for every number on screen."""
        return Reader(self.config.project.locale, self.config.project.currency)

    @property
    def today(self) -> date:
        """The day from which the age of data counts: the clock's, unless the configuration fixes one."""
        return self.config.project.today or datetime.now(UTC).date()

    @property
    def min_group(self) -> int:
        """Smallest number of agents about whom anything is shown."""
        return self.config.privacy.min_group


def from_config(source: str | Path | Config, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from a configuration file and the environment.

    Parameters
    ----------
    source : str, Path or Config
        The empathy.toml, or one already read.
    environ : mapping, optional
        Environment variables; the process's own by default.

    Raises
    ------
    ConfigError
        When the file or a variable cannot be used; the message names it and says what to do.
    """
    environ = os.environ if environ is None else environ
    config = source if isinstance(source, Config) else empathy_config.load(source)
    hops = _hops(environ.get(PROXY_VARIABLE, "0"))
    extra = tuple(name.strip().lower() for name in environ.get(HOSTS_VARIABLE, "").split(",") if name.strip())
    if hops and config.access:
        raise ConfigError(
            f"{PROXY_VARIABLE} and [access] are both set. [access] names the proxy itself and trusts no number of "
            f"hops; unset {PROXY_VARIABLE}."
        )
    if hops and not extra:
        raise ConfigError(
            f"{PROXY_VARIABLE} is set but {HOSTS_VARIABLE} is not; name the host people type, "
            f"such as {HOSTS_VARIABLE}=training.example.org."
        )
    return Settings(
        config=config,
        catalogue=kpis.load().with_overrides(config),
        secret=_secret(environ.get(SECRET_VARIABLE, ""), required=hops > 0 or config.access is not None),
        proxy_hops=hops,
        hosts=(*LOOPBACK_NAMES, *extra, *(config.access.hosts if config.access else ())),
        proxy_secret=_proxy_secret(config.access, environ) if config.access else "",
    )


def of_command(source: str | Path | Config) -> Settings:
    """Settings of a command, which answers nobody: it signs no session and knows no proxy.

    Parameters
    ----------
    source : str, Path or Config
        As for :func:`from_config`.
    """
    config = source if isinstance(source, Config) else empathy_config.load(source)
    names = [SECRET_VARIABLE, *([config.access.secret_env] if config.access else [])]
    return from_config(config, {name: secrets.token_urlsafe(MIN_SECRET_LENGTH) for name in names})


def served_programmes(config: Config) -> tuple[ServedProgramme, ...]:
    """The programmes with pages of their own: this one, and each of ``[[programmes]]`` that names its configuration.

    Whoever may see the first may see them all, under the rules of the first: each takes over its ``[access]``, and the
    larger of both smallest groups.

    Parameters
    ----------
    config : Config
        Of the first programme.

    Returns
    -------
    tuple of ServedProgramme
        The first one first; it alone where no other names a configuration.

    Raises
    ------
    ConfigError
        When one cannot be read, shares its warehouse with another (each version would replace the other's), or has a
        name that leads to the same address.
    """
    found = [ServedProgramme(config.programme.name, "", config)]
    for other in config.programmes:
        if not other.config:
            continue
        own = empathy_config.load(config.folder / other.config)
        group = max(own.privacy.min_group, config.privacy.min_group)
        privacy = own.privacy.model_copy(update={"min_group": group})
        own = own.model_copy(update={"access": config.access, "privacy": privacy})
        address = f"{MOUNTS}/{_address_word(other.name)}"
        for earlier in found:
            if earlier.config.warehouse == own.warehouse:
                raise ConfigError(
                    f"{own.path}: [project] warehouse is {own.warehouse}, which holds “{earlier.name}”. Each programme "
                    'needs a folder of its own there, such as warehouse = "warehouse-sales".'
                )
            if earlier.mounted == address:
                raise ConfigError(
                    f"{config.path}: [[programmes]] “{other.name}” has the address of another one ({address}); give it "
                    "another name."
                )
        found.append(ServedProgramme(other.name, address, own))
    return tuple(found)


def _address_word(name: str) -> str:
    """A name as part of an address."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    word = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_ADDRESS_WORD].strip("-")
    return word or hashlib.sha256(name.encode()).hexdigest()[:8]


def check_binding(host: str, settings: Settings) -> None:
    """Refuse to listen where others could reach these pages unless something in front checks who they are.

    Parameters
    ----------
    host : str
        Address to listen on.
    settings : Settings

    Raises
    ------
    ConfigError
        When ``host`` is not a loopback address and no proxy is configured, or the configured one connects elsewhere.
    """
    access, of_file = settings.access, host.startswith(SOCKET_FILE)
    if access is not None and of_file and UNIX not in access.proxy:
        raise ConfigError(
            f"[access] proxy = {list(access.proxy)} names no proxy that connects through a socket file, so that nobody "
            'would be let in; add "unix" to it, or give --host an address.'
        )
    if access is not None and not of_file and not access.over_network:
        raise ConfigError(
            f'[access] proxy = ["unix"] lets in what comes through a socket file, and --host {host} is none, so that '
            "nobody would be let in. Use --host unix:/run/empathy/dashboard.sock, or name the proxy's address in proxy."
        )
    if is_loopback(host) or settings.proxy_hops > 0 or access is not None:
        return
    raise ConfigError(
        f"Refusing to listen on {host}: the dashboard has no sign-in of its own, so anybody who can reach that address "
        f"would see the results of your agents. Put a reverse proxy that signs people in before it, then set "
        f"{PROXY_VARIABLE}=1, {HOSTS_VARIABLE}=<the host people type> and {SECRET_VARIABLE}=<a long random text>. "
        "For yourself alone, use --host 127.0.0.1."
    )


def check_port(host: str, port: int) -> None:
    """Refuse a port that cannot be listened on, before anything else is done.

    Parameters
    ----------
    host : str
        Address to listen on.
    port : int

    Raises
    ------
    ConfigError
        When something else listens there, or this machine does not have or allow that address.
    """
    if host.startswith(SOCKET_FILE):
        folder = Path(host.removeprefix(SOCKET_FILE)).parent
        if not os.access(folder, os.W_OK | os.X_OK):
            what = "cannot be written to" if folder.is_dir() else "does not exist"
            raise ConfigError(
                f"The folder of the socket file, {folder}, {what} by the user that runs the dashboard; make it for "
                "that user (under systemd: RuntimeDirectory=)."
            )
        return
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise ConfigError(
            f"{host}:{port} cannot be listened on ({error.strerror}). Choose another port with --port "
            f"(make demo PORT={port + 1}), or stop what listens there."
        ) from None


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``."""
    if host == "localhost" or host.startswith(SOCKET_FILE):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _proxy_secret(access: Access, environ: Mapping[str, str]) -> str:
    value = environ.get(access.secret_env, "")
    if access.over_network and len(value) < MIN_SECRET_LENGTH:
        raise ConfigError(
            f"{access.secret_env} is {'too short' if value else 'not set'}; [access] needs at least "
            f"{MIN_SECRET_LENGTH} random characters there, which the proxy sends in {access.secret_header}. "
            "Make them with `openssl rand -hex 32`."
        )
    return value


def _hops(text: str) -> int:
    if not text.isdecimal() or int(text) > 5:
        raise ConfigError(f'{PROXY_VARIABLE}="{text}" must be the number of proxies in front, 0 to 5.')
    return int(text)


def _secret(value: str, *, required: bool) -> str:
    if value:
        if len(value) < MIN_SECRET_LENGTH:
            raise ConfigError(f"{SECRET_VARIABLE} is too short; use at least {MIN_SECRET_LENGTH} random characters.")
        return value
    if required:
        raise ConfigError(
            f"{SECRET_VARIABLE} is not set; behind a proxy it must be at least {MIN_SECRET_LENGTH} random characters. "
            "Make them with `openssl rand -hex 32`."
        )
    return secrets.token_urlsafe(MIN_SECRET_LENGTH)
