"""``empathy demo``, ``sample``, ``serve``: simulated contact centre, and dashboard."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from empathy.console import DEFAULT_CONFIG, ConfigPath, Port, load_config, progress, screen
from empathy.estimating import build_and_estimate


def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Where the demo is made.")] = Path("demo"),
    port: Port = 8050,
    serve_it: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the dashboard afterwards.")] = True,
) -> None:
    """Simulate a contact centre, load it, estimate, and serve the dashboard.

    It is served once the goals are estimated; the other KPIs follow in the background.
    """
    from sample_data import write_demo

    if serve_it:
        from dashboard.settings import check_port

        check_port("127.0.0.1", port)  # now, and not after half a minute
    config_path = folder / "empathy.toml"
    with progress("Simulating a contact centre") as step:
        write_demo(folder, progress=step)
    build_and_estimate(load_config(config_path), as_of=None, goals_only=serve_it)
    if serve_it:
        _estimate_beside(config_path)
        _become_server(config_path, port)
    else:
        screen.print(f"Serve it with: empathy serve -c {shlex.quote(str(config_path))}")


def sample(
    out: Annotated[Path, typer.Option(help="The folder to write the exports and their empathy.toml to.")],
    agents: Annotated[int, typer.Option(min=4, help="Seats, over all teams.")] = 160,
    weeks: Annotated[int, typer.Option(min=12, help="Weeks of contacts.")] = 52,
    assignment: Annotated[
        str, typer.Option(help="randomised, team_waves, lowest_performers, volunteers or none.")
    ] = "team_waves",
    effect: Annotated[float, typer.Option(help="All effects times this; 0 makes a training that does nothing.")] = 1.0,
    seed: Annotated[int, typer.Option(help="The same seed writes the same bytes.")] = 1,
    contacts_per_week: Annotated[int | None, typer.Option(min=1, help="Contacts per agent and week.")] = None,
    dirt: Annotated[bool, typer.Option("--dirt", help="Plant the faults real exports have, and count them.")] = False,
    mechanism: Annotated[
        str, typer.Option(help="carried, no_link (skills rise, KPIs do not follow) or shared_shock (a link is faked).")
    ] = "carried",
    leaking_raters: Annotated[
        float, typer.Option(min=0, max=1, help="Share of raters who know who was trained and score them higher.")
    ] = 0.0,
    strain: Annotated[float, typer.Option(min=0, help="Harm: added to the log-odds of absence by training.")] = 0.0,
) -> None:
    """Write a simulated contact centre as exports in the formats of real systems."""
    from sample_data import write_sample

    with progress("Simulating a contact centre") as step:
        try:
            summary = write_sample(
                out,
                agents=agents,
                weeks=weeks,
                assignment=assignment,
                effect=effect,
                seed=seed,
                dirt=dirt,
                contacts_per_week=contacts_per_week,
                mechanism=mechanism,
                leaking_raters=leaking_raters,
                strain=strain,
                progress=step,
            )
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    screen.print(str(summary))


def serve(
    config: ConfigPath = DEFAULT_CONFIG,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Port = 8050,
    workers: Annotated[int, typer.Option(min=1, help="Server processes.")] = 1,
) -> None:
    """Serve the dashboard."""
    _serve(config, host, port, workers)


def _serve(config: Path, host: str, port: int, workers: int) -> None:
    from dashboard.server import serve as serve_dashboard

    serve_dashboard(config, host=host, port=port, workers=workers)


def _estimate_beside(config: Path) -> None:
    """Start ``empathy estimate`` in another process, which an interrupt from this terminal ends too."""
    log = config.parent / "estimating.log"
    command = [sys.executable, "-m", "empathy", "estimate", "--config", str(config)]
    with log.open("wb") as told:
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.STDOUT)
    screen.print(f"The goals are estimated and served now; the other KPIs follow (see {log}).")


def _become_server(config: Path, port: int) -> None:
    """Replace this process with ``empathy serve``.

    Server workers are forked. Forked from a process that has estimated, they would wait forever for threads of numeric
    libraries, which a fork does not copy.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    command = [sys.executable, "-m", "empathy", "serve", "--config", str(config), "--port", str(port)]
    if os.name == "nt":  # on Windows exec would start another process and return to the prompt
        sys.exit(subprocess.call(command))
    os.execv(sys.executable, command)
