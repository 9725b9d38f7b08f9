"""Events of the served version, for ticks on charts over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from dashboard.data.queries import Queries
from dashboard.privacy.viewer import current
from dashboard.state import Filters

EVENTS = 'select event_id, label, "at", until, site, team_id from core.event order by event_id'
WAVES = "select event_id, wave, on_wave, touched_others from mart.event_wave order by event_id, wave"


EVERYBODY, TRAINED_ONLY = "trained and untrained alike", "the trained only"


@dataclass(frozen=True)
class Wave:
    """A wave whose agents an event touched.

    Attributes
    ----------
    monday : date
    on_wave : bool
        Whether the event fell within a week of it.
    touched_others : bool
        Whether it touched agents too who were not trained by then.
    """

    monday: date
    on_wave: bool
    touched_others: bool


@dataclass(frozen=True)
class Happening:
    """An event; ``place`` is the site or team it touched, empty for all."""

    number: int
    label: str
    at: date
    until: date
    place: str
    waves: tuple[Wave, ...]

    @property
    def fell_on(self) -> str:
        """Whom it touched where it fell on a wave; empty where it fell on none."""
        on = [wave for wave in self.waves if wave.on_wave]
        if not on:
            return ""
        return EVERYBODY if all(wave.touched_others for wave in on) else TRAINED_ONLY


def happenings(queries: Queries, filters: Filters = Filters()) -> tuple[Happening, ...]:  # noqa: B008
    """Events that touched a selection, in the order of their days; numbers are those of the whole version.

    Parameters
    ----------
    queries : Queries
    filters : Filters

    Returns
    -------
    tuple of Happening
        Empty for a version older than events.
    """
    if not (queries.has("core.event") and queries.has("mart.event_wave")):
        return ()
    waves: dict[int, list[Wave]] = {}
    named, whole = filters.cohort, not (current().sites or current().teams)  # whom it touched is counted over all sites
    if current().restricted:  # a wave of one agent is named nowhere
        offered = queries.facets().values["cohort"]
        named = tuple(wave for wave in offered if not named or wave in named)
    for event_id, wave, on_wave, touched_others in queries.frame(WAVES).iter_rows():
        if whole and (wave.isoformat() in named or not (named or current().restricted)):
            waves.setdefault(event_id, []).append(Wave(wave, on_wave, touched_others))
    found = []
    for event_id, label, at, until, site, team in queries.frame(EVENTS).iter_rows():
        if _touches(queries, filters, site, team):
            place = team or site or ""
            found.append(Happening(event_id, label, at, until, place, tuple(waves.get(event_id, ()))))
    return tuple(found)


def _touches(queries: Queries, filters: Filters, site: str | None, team: str | None) -> bool:
    """Whether an event of a site or team touched somebody of a selection by site and team."""
    teams, sites = set(filters.team), set(filters.site)
    of_site = queries.teams_by_site()
    if team is not None:
        home = {name for name, members in of_site.items() if team in members}
        return (not teams or team in teams) and (not sites or bool(home & sites))
    if site is not None:
        led = {name for name, members in of_site.items() if teams & set(members)}
        return (not sites or site in sites) and (not teams or site in led)
    return True
