"""``empathy changes``: differences from an earlier version."""

from __future__ import annotations

from typing import Annotated

import typer

from empathy.console import DEFAULT_CONFIG, AsJson, ConfigPath, emit, load_config, output


def changes(
    config: ConfigPath = DEFAULT_CONFIG,
    since: Annotated[str | None, typer.Option(help="Run id to compare with; the version before by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """What changed since the last version: verdicts, newly overdue, late data, restated weeks."""
    from dashboard.data.changes import changes as compare
    from dashboard.data.changes import sentences
    from dashboard.data.queries import Queries
    from dashboard.settings import from_config

    settings = from_config(load_config(config))
    found = compare(Queries(settings), since)
    if as_json:
        emit(found.to_json())
        return
    shown = output()
    if not found.since:
        shown.print("There is no earlier version with results to compare with.")
        return
    shown.print(f"Since {found.since}, data to {found.data_to_before}; now {found.until}, data to {found.data_to_now}:")
    for line in sentences(found, settings.min_group) or ("Nothing to tell has changed.",):
        shown.print(f"- {line}")
