"""Downloads: the numbers behind a chart as CSV, raw, with a header that says what they are.

An address such as ``/download/effects.csv?site=Madrid`` goes through the same query layer as the page, so it holds
nothing that the page may not show.
"""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from urllib.parse import parse_qs

import polars as pl
from flask import Flask, Response, g, request

from dashboard.admission import plain
from dashboard.page import Context, Download, is_choice
from dashboard.pages import pages
from dashboard.privacy.suppression import NotShownError
from dashboard.privacy.viewer import current
from dashboard.state import LABELS, Filters
from etl.errors import EmpathyError
from etl.warehouse.delimited import write_csv
from etl.warehouse.reader import NoVersionError, WarehouseError

_LOG = logging.getLogger("empathy.dashboard")


def register(server: Flask, context: Context) -> None:
    """Attach the downloads of every page: name to :class:`dashboard.page.Download`."""
    everything = {name: (page.key, download) for page in pages() for name, download in page.downloads.items()}

    @server.get("/download/<name>.csv")
    def _download(name: str) -> Response:
        downloads = {key: each for key, (page, each) in everything.items() if current().may_open(page)}
        found = downloads.get(name)
        if found is None and name in everything:
            return plain("Your role does not include the page that this table belongs to.", 403)
        if found is None:
            return plain(f"There is no download “{name}”. There are: {', '.join(sorted(downloads))}.", 404)
        given = parse_qs(request.query_string.decode("utf-8", "replace"))
        parts = {key: given.pop(key)[0] for key in found.parts if key in given}
        parts |= {key: given.pop(key)[0] for key in list(given) if is_choice(key, found.choices)}
        missing = [key for key in found.parts if key not in parts]
        if missing:
            return plain(f"This download needs {', '.join(missing)} in its address.", 400)
        try:
            with context.queries.pinned() as run_id:
                g.run_id = run_id
                filters = context.queries.selection(given)
                filters = applied(found, filters)
                decision = context.queries.decision(filters)
                if not decision.allowed:
                    return plain(decision.reason, 403)
                frame = found.make(context, filters, parts)
                return _csv(name, found.title, frame, about(context, filters, parts))
        except NotShownError as error:
            return plain(str(error), 403)
        except NoVersionError:
            return plain("Nothing has been published yet.", 404)
        except WarehouseError:  # names files of this server
            _LOG.exception("no download of %a (request %s)", name, g.get("request_id", ""))
            return plain("The published version cannot be read.", 503)
        except EmpathyError as error:
            return plain(str(error), 404)
        except KeyError:
            return plain("There is nothing by that name to download.", 404)
        except Exception:
            _LOG.exception("no download of %a (request %s)", name, g.get("request_id", ""))
            return plain("This could not be worked out.", 500)


def applied(download: Download, filters: Filters) -> Filters:
    """The part of a selection that a table applies; the notices say of the rest that it does not.

    Parameters
    ----------
    download : Download
    filters : Filters
        What the address selects.
    """
    if download.applies is None:
        return filters
    left = [name for name in filters.active() if name not in download.applies]
    kept = filters
    for name in left:
        kept = kept.without(name)
    named = " and ".join(LABELS[name].lower() for name in left)
    said = (f"This table is not made by {named}: it holds all of them.",) if left else ()
    return replace(kept, notices=(*filters.notices, *said))


def about(context: Context, filters: Filters, parts: dict[str, str]) -> dict[str, str]:
    """The lines above the numbers."""
    source = context.queries.about()
    config = context.settings.config
    lines = {
        "project": config.project.name,
        "selection": filters.describe(config.project.locale) or "everybody",
        **({"ignored": " ".join(filters.notices)} if filters.notices else {}),
        **parts,
        "run_id": source.run_id,
        "published_at": source.created_at.isoformat(),
        "data": f"{source.data_from} to {source.data_to}",
        "interval": f"{config.project.ci_level:.0%}",
        "units": f"as stored: shares are 0 to 1, time is in seconds, money in {config.project.currency}",
        "smallest_group": f"{context.settings.min_group} agents; smaller ones and what would reveal them are left out",
    }
    return lines


def _csv(name: str, title: str, frame: pl.DataFrame, lines: dict[str, str]) -> Response:
    out = io.BytesIO()
    write_csv(frame, {"what": title, **lines, "rows": str(frame.height)}, out)
    return Response(
        out.getvalue(),
        mimetype="text/csv",
        headers={"Content-Disposition": f'attachment; filename="empathy-{name}-{lines["run_id"]}.csv"'},
    )
