"""``empathy report``: the board report as one file."""

from __future__ import annotations

import shlex
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from empathy.console import DEFAULT_CONFIG, ConfigPath, progress, screen

if TYPE_CHECKING:
    from dashboard.data.queries import Queries

LAST = "last"
"""``--since last``: the version that the report at ``--out`` was made from."""
ENDINGS = (".html", ".pdf", ".pptx")


def report(
    out: Annotated[Path, typer.Option(help="A file ending in .html, .pdf or .pptx.")],
    config: ConfigPath = DEFAULT_CONFIG,
    select: Annotated[
        str, typer.Option(help="A selection as in the address of a page, such as site=Madrid&channel=chat.")
    ] = "",
    since: Annotated[
        str,
        typer.Option(
            help="Run of an earlier version, or last: that of the report that lies at --out. The report says what "
            "changed since."
        ),
    ] = "",
    plotly: Annotated[
        bool, typer.Option("--plotly/--no-plotly", help="HTML only: charts can be explored (a file of about 5 MB).")
    ] = True,
    mail: Annotated[
        str, typer.Option(help="Addresses, separated by commas: writes a message with the report beside it (.eml).")
    ] = "",
    schedule: Annotated[
        bool, typer.Option("--schedule", help="Print the lines for cron and systemd that make this report each Monday.")
    ] = False,
) -> None:
    """Write one file for people who will not open a dashboard."""
    if out.suffix.lower() not in ENDINGS:
        raise typer.BadParameter(f"{out} must end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}.")
    if schedule:
        print(_schedule(out, config, select, mail, plotly))
        return
    from dashboard.data.queries import Queries
    from dashboard.page import Context
    from dashboard.privacy.viewer import OWN_MACHINE, READER, seen_by
    from dashboard.report.contents import report_of
    from dashboard.report.mail import check_addresses, message
    from dashboard.report.writers import run_of, write
    from dashboard.settings import of_command

    to = [name.strip() for name in mail.split(",") if name.strip()]
    check_addresses(to)
    with progress("Writing the report") as step:
        settings = of_command(config)
        queries = Queries(settings)
        if since == LAST:
            since, left_out = _last(run_of(out), _comparable(queries))
            if left_out:
                screen.print(f"{out} {left_out}, so the report does not say what changed.")
        # Reports may be passed on: for a shared dashboard they hold only figures that it discloses.
        with seen_by(OWN_MACHINE if settings.access is None else READER):
            made = report_of(Context(settings, queries), select, today=date.today(), since=since)
        step("laying out")
        write(made, out, with_plotly=plotly)
    screen.print(f"Wrote {out} ({out.stat().st_size / 1e6:.1f} MB). {made.about}.")
    if mail:
        letter = out.with_suffix(".eml")
        letter.write_bytes(message(made, out, to))
        screen.print(f"Wrote {letter}: open it in a mail program and send it.")


def _last(run: str, there: set[str]) -> tuple[str, str]:
    """Run id of the last report, if its version still exists, or why there is none."""
    if not run:
        return "", "holds no report yet"
    return (run, "") if run in there else ("", f"was made from run {run}, which is no longer kept or told to readers")


def _comparable(queries: Queries) -> set[str]:
    """Runs a report may be compared with; for a shared dashboard only disclosed ones."""
    kept = {version.run_id for version in queries.versions()}
    return kept if queries.settings.access is None else kept & set(queries.told(queries.served()))


def _schedule(out: Path, config: Path, select: str, mail: str, plotly: bool) -> str:
    command = [shutil.which("empathy") or "empathy", "report", "--out", str(out.resolve()), "-c", str(config.resolve())]
    command += ["--since", LAST]
    command += ["--select", select] if select else []
    command += ["--mail", mail] if mail else []
    command += [] if plotly else ["--no-plotly"]
    line = shlex.join(command)
    in_cron, in_unit = line.replace("%", r"\%"), line.replace("%", "%%").replace("$", "$$")
    return "\n".join(
        [
            "# cron: Mondays at 6",
            f"0 6 * * 1  {in_cron}",
            "",
            "# systemd: empathy-report.service",
            "[Service]",
            "Type=oneshot",
            f"ExecStart={in_unit}",
            "",
            "# systemd: empathy-report.timer",
            "[Timer]",
            "OnCalendar=Mon 06:00",
            "Persistent=true",
            "[Install]",
            "WantedBy=timers.target",
        ]
    )
