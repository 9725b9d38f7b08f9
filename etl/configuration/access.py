"""``[privacy]`` and ``[access]``: smallest group, pseudonyms, retention, and roles of a shared dashboard."""

from __future__ import annotations

import ipaddress
from typing import Literal, get_args

from pydantic import Field, field_validator, model_validator

from etl.configuration.section import Section

Role = Literal["executive", "site_lead", "training_lead", "analyst", "agent"]
ROLES: tuple[Role, ...] = get_args(Role)
UNIX = "unix"
"""Value of ``proxy`` for a proxy that connects through a socket file."""
MIN_SECRET_LENGTH = 32
_HEADER = r"^[A-Za-z][A-Za-z0-9-]{0,63}$"


class Privacy(Section):
    """``[privacy]``: smallest group shown, and where the key of the pseudonyms comes from."""

    min_group: int = Field(default=10, ge=1, description="smallest number of agents of which anything is shown")
    key_env: str = Field(
        default="EMPATHY_KEY",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="environment variable that holds the key of the pseudonyms",
    )
    demo: bool = Field(default=False, description="use the published demonstration key; for sample exports only")
    landing_days: int | None = Field(
        default=None,
        ge=0,
        le=3650,
        description="days after which what was read of the exports is removed from landing/; 0: after every build",
    )


class Group(Section):
    """``[access.groups."NAME"]``: what members of one group of the sign-on may see."""

    role: Role = Field(description="what members may see")
    sites: tuple[str, ...] = Field(default=(), description="sites of a site lead")
    teams: tuple[str, ...] = Field(default=(), description="teams of a site lead who leads no whole site")

    @model_validator(mode="after")
    def _scope_where_it_belongs(self) -> Group:
        if self.role == "site_lead" and not (self.sites or self.teams):
            raise ValueError(
                'role "site_lead" needs sites = ["..."] or teams = ["..."]: a lead of nothing sees nothing.'
            )
        if self.role != "site_lead" and (self.sites or self.teams):
            raise ValueError(f'role "{self.role}" has no sites or teams; remove them, or use role = "site_lead".')
        if self.sites and self.teams:
            raise ValueError("give sites or teams, not both: a site holds its teams.")
        return self


class Access(Section):
    """``[access]``: a shared dashboard; the proxy authenticates users, and roles limit what they see."""

    proxy: tuple[str, ...] = Field(
        min_length=1, description='addresses or networks the proxy connects from, or "unix" for a socket file'
    )
    hosts: tuple[str, ...] = Field(min_length=1, description="host names people type")
    user_header: str = Field(
        default="X-Forwarded-User", pattern=_HEADER, description="header with the name of who asks"
    )
    groups_header: str = Field(
        default="X-Forwarded-Groups", pattern=_HEADER, description="header with the groups of who asks"
    )
    secret_header: str = Field(
        default="X-Empathy-Secret", pattern=_HEADER, description="header with the secret shared with the proxy"
    )
    secret_env: str = Field(
        default="EMPATHY_PROXY_SECRET",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]*$",
        description="environment variable with the secret that only the proxy and this server know",
    )
    separator: str = Field(default=",", min_length=1, max_length=1, description="between groups in their header")
    groups: dict[str, Group] = Field(min_length=1, description="groups of the sign-on, one section each")

    @field_validator("proxy")
    @classmethod
    def _addresses(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for each in value:
            if each == UNIX:
                continue
            try:
                network = ipaddress.ip_network(each, strict=False)
            except ValueError:
                raise ValueError(
                    f'"{each}" is no address or network; write one such as "10.0.0.5", or "unix".'
                ) from None
            if network.num_addresses > 65_536:
                raise ValueError(f'"{each}" is most of a network; name the address of the proxy itself.')
        return value

    @field_validator("hosts")
    @classmethod
    def _lower(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(each.strip().lower() for each in value)

    @model_validator(mode="after")
    def _headers_apart(self) -> Access:
        names = [self.user_header.lower(), self.groups_header.lower(), self.secret_header.lower()]
        if len(set(names)) < len(names):
            raise ValueError("user_header, groups_header and secret_header must be three different headers.")
        return self

    @property
    def over_network(self) -> bool:
        """Whether a proxy connects through the network, and must know the secret."""
        return any(each != UNIX for each in self.proxy)

    def is_proxy(self, address: str | None) -> bool:
        """Whether a connection comes from a configured proxy.

        Parameters
        ----------
        address : str or None
            Peer address of the connection, not of a header; empty for a socket file.
        """
        if not address:
            return UNIX in self.proxy
        try:
            found = ipaddress.ip_address(address.split("%")[0])
        except ValueError:
            return False
        if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
            found = found.ipv4_mapped
        return any(found in ipaddress.ip_network(each, strict=False) for each in self.proxy if each != UNIX)
