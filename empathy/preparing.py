"""``empathy prepare``: choose in advance the figures that a shared dashboard may disclose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from empathy.console import DEFAULT_CONFIG, ConfigPath, load_config, progress, screen

if TYPE_CHECKING:
    from etl.configuration.model import Config


def prepare(config: ConfigPath = DEFAULT_CONFIG) -> None:
    """Choose which figures readers of a shared dashboard may be told, as publishing does; of every programme."""
    settings = load_config(config)
    if settings.access is None:
        screen.print(f"{config} has no [access]: nothing is shared, and nothing has to be chosen.")
        return
    choose(settings)


def choose(settings: Config) -> None:
    """Choose figures for the served versions; takes milliseconds where already done."""
    from dashboard.data.choosing import prepare_all

    with progress("Choosing what readers may be told") as step:
        prepare_all(settings, step)


def choose_after_publishing(settings: Config) -> None:
    """Choose figures after publishing; an error is only reported, since the server will choose them later."""
    if settings.access is None:
        return
    try:
        choose(settings)
    except Exception as fault:
        screen.print(
            f"What readers may be told was not chosen ({fault}). The new version is published; readers stay with the "
            "one before until the server has chosen, or `empathy prepare`.",
            style="yellow",
        )
