"""Who asks: made in one place, from headers that only the configured proxy may set.

On one's own machine everybody is the analyst: whoever can open the file can read it, and the minimum group is a
courtesy. Where ``[access]`` is configured a request is answered only when its connection comes from the proxy, carries
the secret, and names one person with a known role; everything else is refused before anything is worked out.

The viewer of a request is held in a context variable, so that what decides (:mod:`dashboard.data.queries`) asks here
and nobody hands it about.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from etl.configuration.access import ROLES, Access, Role

EVERY_PAGE = "*"
PAGES: dict[Role, frozenset[str]] = {
    "analyst": frozenset({EVERY_PAGE}),
    "executive": frozenset({"overview", "effects", "cohorts", "skills", "attrition", "adoption", "value", "methods"}),
    "site_lead": frozenset({"overview", "effects", "cohorts", "skills", "attrition", "adoption", "methods"}),
    "training_lead": frozenset({"overview", "effects", "cohorts", "skills", "adoption", "plan", "methods"}),
    "agent": frozenset(),
}
"""Pages of every role by their keys; a page that is not named is the analyst's alone."""
_WIDEST: tuple[Role, ...] = ("analyst", "executive", "training_lead", "site_lead", "agent")
LONGEST_NAME = 200


class NotAdmittedError(Exception):
    """A request that is not answered; the message says why, and no more than that."""


@dataclass(frozen=True)
class Viewer:
    """Who asks.

    Attributes
    ----------
    who : str
        The name that the proxy gives; empty on one's own machine.
    role : str
    sites, teams : tuple of str
        What a site lead leads, sites or teams; both are empty for everybody else.
    shared : bool
        Whether the dashboard is shared, so that rules are enforced and not a courtesy.
    """

    who: str = ""
    role: Role = "analyst"
    sites: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    shared: bool = False

    @property
    def restricted(self) -> bool:
        """Whether only published cells are answered. Analysts are exempt: they can open the file itself."""
        return self.shared and self.role != "analyst"

    @property
    def scope(self) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
        """All that an answer may depend on of whoever asks; part of the key of every kept answer."""
        return (self.role if self.shared else "", self.sites, self.teams)

    def may_open(self, page: str) -> bool:
        """Whether a page, by its key, is one of the role's."""
        return not self.shared or bool({page, EVERY_PAGE} & PAGES[self.role])


OWN_MACHINE = Viewer()
READER = Viewer("", "executive", shared=True)
"""A reader of a shared dashboard of whom no more is known: whom the report is for, and what is worked out ahead."""
_viewer: ContextVar[Viewer] = ContextVar("viewer", default=OWN_MACHINE)


def current() -> Viewer:
    """Who asks now; whoever sits at the machine where nobody is set."""
    return _viewer.get()


@contextmanager
def seen_by(viewer: Viewer) -> Iterator[None]:
    """Answer everything in the block for a viewer."""
    token = _viewer.set(viewer)
    try:
        yield
    finally:
        _viewer.reset(token)


def admit(viewer: Viewer) -> None:
    """Answer what follows in this thread for a viewer, until the next one is admitted."""
    _viewer.set(viewer)


def viewer_of(
    headers: Mapping[str, str | None],
    address: str | None,
    access: Access,
    secret: str,
    repeated: frozenset[str] = frozenset(),
) -> Viewer:
    """Who the proxy says asks.

    Parameters
    ----------
    headers : mapping
        Header to its value, several joined by commas; absent or None when not sent.
    address : str or None
        Where the connection itself comes from; empty for a socket file.
    access : Access
    secret : str
        What the proxy must send; empty where it connects through a socket file only.
    repeated : frozenset of str, optional
        Headers that came more than once, in capitals; their values are joined in ``headers``.

    Raises
    ------
    NotAdmittedError
        When the connection is not the proxy's, the secret or name is missing, doubled or wrong, or no group has a role.
    """
    if not access.is_proxy(address):
        raise NotAdmittedError("This dashboard is reached through its sign-on only.")
    if address and not hmac.compare_digest((headers.get(access.secret_header) or "").encode(), secret.encode()):
        raise NotAdmittedError("This dashboard is reached through its sign-on only.")
    if repeated & {access.user_header.upper(), access.groups_header.upper(), access.secret_header.upper()}:
        raise NotAdmittedError("The sign-on did not say who asks, or said it more than once.")
    who = (headers.get(access.user_header) or "").strip()
    if not who or "," in who or len(who) > LONGEST_NAME or not who.isprintable():
        raise NotAdmittedError("The sign-on did not say who asks, or said it more than once.")
    named = {group.strip() for group in (headers.get(access.groups_header) or "").split(access.separator)}
    groups = [group for name, group in access.groups.items() if name in named]
    if not groups:
        raise NotAdmittedError("No group of yours may see this dashboard. Ask whoever runs it for access.")
    role = next(role for role in _WIDEST if any(group.role == role for group in groups))
    led = [group for group in groups if group.role == role == "site_lead"]
    sites = tuple(sorted({site for group in led for site in group.sites}))
    teams = () if sites else tuple(sorted({team for group in led for team in group.teams}))
    if role == "agent":
        raise NotAdmittedError("Agents see nothing here: numbers are about groups, and never about one person.")
    return Viewer(who, role, sites, teams, shared=True)


assert set(PAGES) == set(ROLES)
