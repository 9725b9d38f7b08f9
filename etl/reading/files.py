"""Which files a source's path patterns name, and what to say when they name none."""

from __future__ import annotations

import difflib
from pathlib import Path

from etl.configuration.model import Config, ConfigError


def find_files(config: Config) -> dict[str, tuple[Path, ...]]:
    """Return the files of every source, in order.

    Parameters
    ----------
    config : Config

    Raises
    ------
    ConfigError
        When a source that is not optional has none; names what lies in the folder.
    """
    found: dict[str, tuple[Path, ...]] = {}
    faults = []
    for name, source in config.sources.items():
        paths: list[Path] = []
        for pattern in source.paths:
            matched = matching(config.folder, pattern)
            if not matched and not source.optional:
                faults.append(f"{config.path}: sources.{name}.path: {_nothing_there(config.folder, pattern)}")
            paths += matched
        found[name] = tuple(dict.fromkeys(paths))
    if not config.sources:
        faults.append(f"{config.path}: there is no [sources.NAME] section; `empathy init DIR` writes them.")
    if faults:
        raise ConfigError("\n".join(faults))
    return found


def matching(folder: Path, pattern: str) -> list[Path]:
    """Return the files a source's path pattern names, in order; hidden files and Excel's lock files are passed over.

    Parameters
    ----------
    folder : Path
        Where a relative pattern starts.
    pattern : str
    """
    absolute = Path(pattern)
    base = Path(absolute.anchor) if absolute.is_absolute() else folder
    relative = str(absolute.relative_to(absolute.anchor)) if absolute.is_absolute() else pattern
    try:
        literally = base / relative  # a name with brackets in it is a pattern besides
        matched = [literally] if literally.is_file() else [path for path in base.glob(relative) if path.is_file()]
    except (ValueError, NotImplementedError, IndexError):  # IndexError: the pattern is a folder, such as "."
        return []
    return sorted(path for path in matched if not path.name.startswith((".", "~$")))


def _nothing_there(folder: Path, pattern: str) -> str:
    whole = folder / pattern
    parent = whole.parent
    if any(sign in pattern for sign in "*?["):
        return f'no file matches "{pattern}" (looked in {parent}). Correct path, or set optional = true.'
    if whole.is_dir():
        kinds = sorted({path.suffix for path in whole.iterdir() if path.is_file() and path.suffix})
        return f'"{pattern}" is a folder; name its files, such as "{pattern.rstrip("/")}/*{kinds[0] if kinds else ""}".'
    there = sorted(path.name for path in parent.iterdir() if path.is_file()) if parent.is_dir() else []
    near = difflib.get_close_matches(whole.name, there, n=1, cutoff=0.5)
    hint = f' Did you mean "{near[0]}"?' if near else ""
    return f'there is no file "{pattern}".{hint} Correct path, or set optional = true.'
