"""What a reader of a shared dashboard may ask about: a published cell, within what the reader leads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dashboard.data.published import lattice
from dashboard.privacy.suppression import Decision
from dashboard.privacy.viewer import Viewer, current
from dashboard.state import DIMENSIONS, LABELS, Filters

if TYPE_CHECKING:
    from dashboard.data.queries import Queries


def decide(queries: Queries, filters: Filters, viewer: Viewer) -> Decision:
    """Whether a selection is a published cell of whoever asks.

    Parameters
    ----------
    queries : Queries
    filters : Filters
    viewer : Viewer
    """
    known = lattice(queries)
    if not in_scope(filters, viewer, queries):
        return Decision(False, "This is outside of what you lead.", ())
    if filters.start or filters.end:
        reason = "A shared dashboard answers for the whole period: two periods would tell of the weeks between them."
        return Decision(False, reason, ("from", "to"))
    parts = known.parts(filters, viewer)
    if parts is not None and known.kept[parts].all():
        return Decision(True, n_agents=0)
    chosen = {name: getattr(filters, name) for name in DIMENSIONS if getattr(filters, name)}
    for name, values in chosen.items():
        for value in values:
            beside = [other for other in known.tied_to(name, value) if other not in values]
            if beside and all(_leads(viewer, queries, name, other) for other in beside):
                named = f"This {LABELS[name].lower()} is shown only together with {', '.join(beside)}"
                return Decision(False, f"{named}: alone it would tell of a few agents.", (name,))
    reason = (
        "This combination is not published: with the answers that are, it would tell of fewer than "
        f"{queries.settings.min_group} agents, or nearly. Published are single values of one filter, and of most "
        "filters within one site."
    )
    return Decision(False, reason, tuple(name for name in reversed(chosen) if name not in _led(viewer)))


def _leads(viewer: Viewer, queries: Queries, name: str, value: str) -> bool:
    """Whether a site or team is within what whoever asks leads, so that it may be named; other filters are."""
    if name not in ("site", "team") or not (viewer.sites or viewer.teams):
        return True
    one = {name: (value,)}
    return in_scope(Filters(**one), viewer, queries)  # type: ignore[arg-type]


def _led(viewer: Viewer) -> tuple[str, ...]:
    return ("site",) if viewer.sites else ("team",) if viewer.teams else ()


def in_scope(filters: Filters, viewer: Viewer, queries: Queries) -> bool:
    """Whether a selection lies within the sites or teams that whoever asks leads."""
    if not (viewer.sites or viewer.teams):
        return True
    teams = {team for site, found in queries.teams_by_site().items() if site in viewer.sites for team in found}
    chosen = bool(filters.team) or (bool(viewer.sites) and bool(filters.site))
    return chosen and set(filters.site) <= set(viewer.sites) and set(filters.team) <= (teams or set(viewer.teams))


def led_teams(queries: Queries) -> frozenset[str] | None:
    """The teams that whoever asks leads; None for who is told of all."""
    viewer = current()
    if not (viewer.sites or viewer.teams):
        return None
    of_sites = {team for site in viewer.sites for team in queries.teams_by_site().get(site, [])}
    return frozenset(of_sites or viewer.teams)
