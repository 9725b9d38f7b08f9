"""Generate the reference pages of the documentation: ``python -m empathy.documentation``.

Commands come from the command line, keys from the configuration's model, KPIs from the catalogue, checks from their
files. A test checks that the pages are up to date.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import typer
from pydantic import BaseModel
from pydantic.fields import FieldInfo

DOCS = Path(__file__).parents[1] / "docs"
MADE = "<!-- Made by `python -m empathy.documentation`; change the program, not this page. -->"


def commands() -> str:
    """Return the page of every command with its arguments and options, as Markdown."""
    from empathy import app

    lines = ["# Commands", "", MADE, "", "`empathy COMMAND --help` says the same in the terminal. Exit codes: 0 done;"]
    lines += ["1 the data fail a stop-rule or a check, nothing was published; 2 wrong usage or configuration.", ""]
    root = typer.main.get_command(app)
    for path, command in _leaves(root, "empathy"):
        lines += [f"## {path}", "", _one_line(command.help or ""), ""]
        shown = [_option(parameter) for parameter in command.params if not getattr(parameter, "hidden", False)]
        if shown:
            lines += ["| option | meaning | default |", "|---|---|---|", *shown, ""]
    return "\n".join(lines).rstrip() + "\n"


def configuration() -> str:
    """Return the page of every key of empathy.toml, as Markdown."""
    from etl.configuration.model import Config

    lines = ["# empathy.toml", "", MADE, "", "Every section and key. Relative paths start at the folder of the file."]
    lines += ["A misspelt key is refused with its line and the nearest name that exists.", ""]
    first: dict[type[BaseModel], str] = {}
    for header, model in _sections(Config):
        known = next((first[kind] for kind in first if _same_keys(model, kind)), "")
        if known:
            lines += [f"## {header}", "", f"{_one_line(_about(model))} Keys as in {known}.", ""]
            continue
        first[model] = header
        lines += [f"## {header}", "", _one_line(_about(model)), "", "| key | kind | meaning | default |"]
        lines += ["|---|---|---|---|"]
        for name, field in model.model_fields.items():
            if model is Config and name in ("path", "sha256"):
                continue
            lines.append(
                f"| `{field.alias or name}` | {_cell(_kind(field.annotation))} | {_cell(field.description or '')} | "
                f"{_default(field)} |"
            )
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def kpis() -> str:
    """Return the page of every KPI of the catalogue, as Markdown."""
    from etl.configuration.kpis import load

    lines = ["# KPIs", "", MADE, "", "Defined in `sql/kpis.toml` and nowhere else; `[kpis.ID]` of empathy.toml may"]
    lines += ["change label, smallest effect, target, role and which rows take part.", ""]
    claim = ""
    for kpi in load().values():
        if kpi.claim != claim:
            claim = kpi.claim
            lines += [f"## {claim}", ""]
        lines += [f"### {kpi.label}", "", f"`{kpi.id}` · {kpi.role} · {kpi.unit} · {kpi.better} is better", ""]
        lines += [_one_line(kpi.definition)]
        lines += [f"*{_one_line(kpi.caveat)}*"] if kpi.caveat else []
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def checks() -> str:
    """Return the page of every check of data and of estimates, as Markdown."""
    from etl.marts.quality import checks as data_checks
    from etl.marts.quality import counted

    def of_many(sentence: str) -> str:
        return _cell(counted(sentence.replace("{n}", "N"), 2))

    lines = ["# Checks", "", MADE, "", "## Of the data", "", "One SELECT a file in `sql/checks`; rows it returns"]
    lines += ["are violations. A failed check of severity *error* stops a build before anything is published."]
    lines += ["N is how many there are.", ""]
    lines += ["| check | severity | what it says | what to do |", "|---|---|---|---|"]
    lines += [
        f"| `{one.name}` | {one.severity} | {of_many(one.sentence)} | {of_many(one.advice)} |" for one in data_checks()
    ]
    lines += ["", "## Of an estimate", "", "One module a check in `analysis/checks`.", ""]
    lines += ["| check | on the pages | question |", "|---|---|---|"]
    for module in _estimate_checks():
        lines.append(f"| `{module.ID}` | {_cell(module.LABEL)} | {_cell(_one_line(_first(module.__doc__)))} |")
    return "\n".join(lines).rstrip() + "\n"


PAGES = {"commands.md": commands, "configuration.md": configuration, "kpis.md": kpis, "checks.md": checks}
"""File in ``docs`` to the function that writes it."""


def _leaves(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name, child in children.items():
        yield from _leaves(child, f"{path} {name}")


def _option(parameter: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    if parameter.param_type_name == "argument":
        names = f"`{(parameter.metavar or parameter.name).upper()}`"
    default = "" if parameter.default in (None, False, ()) or parameter.required else f"`{parameter.default}`"
    default = "required" if parameter.required else default
    return f"| {names} | {_cell(getattr(parameter, 'help', None) or '')} | {_cell(default)} |"


def _sections(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Every section with the header under which it stands, parents first."""
    yield f"[{prefix}]" if prefix else "The file", model
    for name, field in model.model_fields.items():
        for inner, repeated in _models(field.annotation):
            place = f"{prefix}.{name}" if prefix else name
            yield from _sections(inner, f"{place}.NAME" if repeated else place)


def _same_keys(one: type[BaseModel], other: type[BaseModel]) -> bool:
    return set(one.model_fields) == set(other.model_fields)


def _models(annotation: Any, repeated: bool = False) -> Iterator[tuple[type[BaseModel], bool]]:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        yield annotation, repeated
        return
    mapping = get_origin(annotation) is dict
    for part in get_args(annotation)[1 if mapping else 0 :]:
        yield from _models(part, repeated or mapping)


def _kind(annotation: Any) -> str:
    if annotation is None or annotation is type(None):
        return "nothing"
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is None:
        words = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false", "date": "day"}
        if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
            return "section"
        name = str(annotation.__name__)
        return words.get(name, name.lower())
    if origin is tuple or origin is list:
        return f"list of {_kind(parts[0])}"
    if origin is dict:
        return f"name = {_kind(parts[1])}"
    if all(isinstance(part, str) for part in parts):
        return ", ".join(f"`{part}`" for part in parts)
    known = [_kind(part) for part in parts if part is not type(None) and not isinstance(part, FieldInfo)]
    return " or ".join(dict.fromkeys(known))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value in (None, (), {}, "") or isinstance(value, BaseModel):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _about(model: type[BaseModel]) -> str:
    """First paragraph of a section's docstring, without the header that it repeats."""
    return _first(model.__doc__)


def _estimate_checks() -> list[Any]:
    import analysis.checks

    names = sorted(module.name for module in pkgutil.iter_modules(analysis.checks.__path__))
    modules = [importlib.import_module(f"analysis.checks.{name}") for name in names]
    return [module for module in modules if hasattr(module, "ID") and hasattr(module, "LABEL")]


def _first(text: str | None) -> str:
    return inspect.cleandoc(text or "").split("\n\n")[0]


def _one_line(text: str) -> str:
    return " ".join(text.replace("``", "`").replace("\b", "").split())


def _cell(text: str) -> str:
    return _one_line(text).replace("|", "\\|")


def write(folder: Path = DOCS) -> list[Path]:
    """Write every page; return their paths.

    Parameters
    ----------
    folder : Path
        The folder of the documentation.
    """
    written = []
    for name, make in PAGES.items():
        (folder / name).write_text(make(), encoding="utf-8")
        written.append(folder / name)
    return written


if __name__ == "__main__":
    for page in write():
        print(page)
