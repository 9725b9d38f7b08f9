"""Open questions (``# DECIDE:``) of a proposed configuration: list them, and write answers in.

A question follows ``# DECIDE:`` on the line of its setting, or on a line before it. A commented-out setting stays a
comment unless it is answered.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass

MARK = "# DECIDE:"
_HEADING = re.compile(r"^# \[+([^\]]+)\]+$")
_SETTING = re.compile(r"^(?P<comment># )?(?P<key>[A-Za-z0-9_-]+|\"[^\"]+\") = (?P<value>.*?)\s*$")


@dataclass(frozen=True)
class Decision:
    """One question.

    Attributes
    ----------
    question : str
        The question, with examples from the files.
    section, key : str
        Location of the setting; the key is empty for a question without a setting.
    proposal : str
        Proposed value as TOML; empty where there is none.
    asked_in, set_in : int
        Numbers of the lines of the question and of the setting, from 0.
    """

    question: str
    section: str
    key: str
    proposal: str
    asked_in: int
    set_in: int


def decisions(toml: str) -> tuple[Decision, ...]:
    """Return the questions of a proposed configuration, in order.

    Parameters
    ----------
    toml : str
    """
    found = []
    section = ""
    lines = toml.splitlines()
    for number, line in enumerate(lines):
        heading = re.fullmatch(r"\[+([^\]]+)\]+", line.strip())
        section = heading[1] if heading else section
        before, mark, question = line.partition(MARK)
        if not mark:
            continue
        setting = _SETTING.match(before.strip()) if before.strip() else None
        place = number
        if setting is None:
            more = _following(lines, number)
            if more and more[0][2]:  # one question about several sections below, such as the sites
                found += [
                    Decision(question.strip(), heading, match["key"].strip('"'), "", number, at)
                    for at, match, heading in more
                ]
                continue
            if more:
                place, setting, _ = more[0]
        found.append(
            Decision(
                question.strip(),
                section,
                setting["key"].strip('"') if setting else "",
                setting["value"] if setting and not setting["comment"] else "",
                number,
                place,
            )
        )
    return tuple(found)


def _following(lines: list[str], number: int) -> list[tuple[int, re.Match[str], str]]:
    """The settings that a question on its own line refers to, with their sections.

    The next setting, or several commented-out settings under commented-out headings.
    """
    found: list[tuple[int, re.Match[str], str]] = []
    section = ""
    for place in range(number + 1, len(lines)):
        if MARK in lines[place]:
            break
        heading = _HEADING.match(lines[place])
        setting = _SETTING.match(lines[place])
        if heading:
            section = heading[1]
        elif setting and (section or not found):
            if not section or not found or found[-1][2] != section:
                found.append((place, setting, section))
            if not section:
                break
        elif not lines[place].startswith("#"):
            break
    return found


def written(answer: str, proposal: str) -> str:
    """Return an answer as TOML: unchanged where it is a TOML value, else as a quoted text.

    Parameters
    ----------
    answer : str
        What was typed.
    proposal : str
        What was proposed; taken when nothing was typed.
    """
    text = answer.strip()
    if not text:
        return proposal
    try:
        tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text


def settled(toml: str, answers: Mapping[Decision, str]) -> str:
    """Return the configuration with answers written in and their questions removed.

    Parameters
    ----------
    toml : str
    answers : mapping of Decision to str
        What was typed; empty takes the proposal.
    """
    lines: list[str | None] = list(toml.splitlines())
    for decision, answer in answers.items():
        value = written(answer, decision.proposal)
        if decision.key and value:
            name = decision.key if re.fullmatch(r"[A-Za-z0-9_-]+", decision.key) else f'"{decision.key}"'
            above = lines[decision.set_in - 1] or ""
            if _HEADING.match(above):
                lines[decision.set_in - 1] = above.removeprefix("# ")
            lines[decision.set_in] = f"{name} = {value}"
        if decision.asked_in != decision.set_in or not decision.key:
            lines[decision.asked_in] = None if decision.key else f"# Open: {decision.question}"
    return "\n".join(line for line in lines if line is not None) + "\n"
