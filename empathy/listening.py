"""``empathy listen``: which skills are heard in a text or a transcript, and how well rules agree with labels."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from empathy.console import AsJson, emit, output

if TYPE_CHECKING:
    from etl.conversations.listen import Agreement, Heard, Turn

STYLES = {"shows": "bold green", "breaks": "bold red"}
SYMPATHY_STYLE = "bold yellow"


def listen(
    file: Annotated[
        Path | None,
        typer.Argument(
            help='A transcript whose lines begin with "Agent:" or "Customer:", or one contact as a system exports it '
            "(Contact Lens and others); - reads standard input."
        ),
    ] = None,
    text: Annotated[str, typer.Option("--text", help="What an agent says, instead of a file.")] = "",
    language: Annotated[str, typer.Option(help="Language of the rules: a file of sql/skills.")] = "en",
    measure: Annotated[
        Path | None,
        typer.Option(help="Labelled turns (CSV: labels, agent, customer, customer_name) to measure rules on."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Hear the five skills, sympathy and trigger phrases in a text or a transcript."""
    from etl.conversations.exported import is_export
    from etl.conversations.listen import Turn, read_transcript
    from etl.conversations.listen import listen as hear

    if sum(given for given in (file is not None, bool(text), measure is not None)) != 1:
        raise typer.BadParameter("give one of a file, --text or --measure.")
    if measure is not None:
        _measure(measure, language, as_json)
        return
    if file is not None:
        turns = read_transcript(_read(file)) if str(file) == "-" or not is_export(file) else _exported(file)
        if not turns:
            raise typer.BadParameter(f"{file}: there is no text in it.")
    else:
        turns = (Turn("agent", text),)
    heard = hear(turns, language)
    if as_json:
        emit(heard.to_json())
    else:
        _show(heard)


def _exported(file: Path) -> tuple[Turn, ...]:
    from etl.conversations.exported import read_export

    try:
        return read_export(file)
    except ValueError as error:
        raise typer.BadParameter(f"{file}: {error}") from None


def _read(file: Path) -> str:
    if str(file) == "-":
        return sys.stdin.read()
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{file}: not UTF-8 text; save it as UTF-8.") from None


def _show(heard: Heard) -> None:
    from etl.conversations.rules import load_rules

    rules = {rule.id: rule for rule in load_rules(heard.language).rules}
    out = output()
    for turn, hits in heard.turns:
        line = Text(f"{turn.speaker:>10}  ")
        start = len(line)
        line.append(turn.text)
        for hit in hits:
            style = SYMPATHY_STYLE if hit.skill == "sympathy" else STYLES[hit.polarity]
            if hit.end - hit.start < len(turn.text) or len(hits) == 1:
                line.stylize(f"{style} underline", start + hit.start, start + hit.end)
        out.print(line)
        for hit in hits:
            name = "trigger phrase" if hit.polarity == "breaks" else hit.skill.replace("_", " ")
            out.print(Text(f"{'':12}{name} ({hit.rule}): {turn.text[hit.start : hit.end]}", style="dim"))
            if hit.rule in rules and rules[hit.rule].say_instead:
                out.print(Text(f"{'':12}say instead: {rules[hit.rule].say_instead}", style="dim italic"))
    if not heard.scores:
        out.print("No turn is an agent's, so nothing is scored: who speaks is never guessed.")
        out.print("Begin lines with Agent: or Customer:, or give what an agent says with --text.")
        return
    table = Table("skill", "heard in", box=None)
    for skill, score in heard.scores.items():
        words = "turns without a trigger phrase" if skill == "trigger_free_language" else "of the agent's turns"
        table.add_row(skill.replace("_", " "), f"{score:.0%} {words}")
    out.print(table)
    if heard.interruptions is not None:
        out.print(f"Turns of the agent that interrupt: {heard.interruptions}.")


def _measure(path: Path, language: str, as_json: bool) -> None:
    from etl.conversations.listen import measure

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            found = measure(list(csv.DictReader(file)), language)
    except ValueError as error:
        raise typer.BadParameter(f"{path}: {error}") from None
    if as_json:
        emit({"language": language, "rules": [_numbers(item) for item in found]})
        return
    table = Table("skill: rule", "labelled", "heard", "both", "precision", "recall", "kappa", box=None)
    for item in found:
        numbers = _numbers(item)
        table.add_row(
            item.name, *(str(numbers[name]) for name in ("labelled", "heard", "both")),
            *("" if numbers[name] is None else f"{numbers[name]:.2f}" for name in ("precision", "recall", "kappa")),
        )  # fmt: skip
    output().print(table)


def _numbers(item: Agreement) -> dict[str, Any]:
    return {
        "name": item.name,
        "turns": item.turns,
        "labelled": item.labelled,
        "heard": item.heard,
        "both": item.both,
        "precision": item.precision,
        "recall": item.recall,
        "false_alarms": item.false_alarms,
        "kappa": item.kappa,
    }
