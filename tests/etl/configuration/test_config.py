"""empathy.toml: what is accepted, and how every mistake is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from etl.configuration.model import Config, ConfigError, load

COMPLETE = """
[project]
name = "Northwind care"
warehouse = "warehouse"
locale = "en_GB"
currency = "EUR"
ci_level = 0.95
timezone = "Europe/Madrid"
[sites."Madrid"]
timezone = "Europe/Madrid"
[sites."Bogotá"]
timezone = "America/Bogota"
[sources.contacts]
format = "amazon_connect"
path = "exports/contacts/*.jsonl"
timezone = "UTC"
max_reject_share = 0.02
[sources.qa]
format = "tabular"
path = ["exports/qa.csv", "exports/qa2.csv"]
table = "qa_evaluation"
columns = { evaluation_id = "Eval ID", source_agent_id = ["last", "first"] }
values = { critical_fail = { "J" = true } }
constants = { form_version = "v2" }
options = { delimiter = ";" }
[identity]
match = ["crosswalk", "email"]
[programme]
name = "Empathy programme"
complete = "all"
[[programme.courses]]
id = "EMP101"
skills = ["active_listening"]
[[programme.courses]]
id = "SAFETY"
treatment = false
[programme.assignment]
mode = "lowest_performers"
unit = "team"
anticipation_weeks = 1
rule = { kpi = "escalation_rate", lookback_weeks = 4, share = 0.5 }
[kpis.escalation_rate]
smallest_effect = 0.005
target = 0.08
[value]
programme_cost = { low = 1, likely = 2, high = 3 }
[value.kpis.escalation_rate]
low = 5.0
likely = 8
high = 12
per = "contact"
[privacy]
min_group = 12
"""


def read(folder: Path, text: str) -> Config:
    file = folder / "empathy.toml"
    file.write_text(text, encoding="utf-8")
    return load(file)


def fault(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    return str(caught.value)


def test_a_complete_file_is_read(tmp_path: Path) -> None:
    config = read(tmp_path, COMPLETE)

    assert config.warehouse == tmp_path / "warehouse"
    assert config.programme.treatment_courses == ("EMP101",)
    assert config.source_timezone("contacts") == "UTC"
    assert config.source_timezone("qa") == "Europe/Madrid"
    assert config.site_timezone("Bogotá") == "America/Bogota"
    assert config.site_timezone("elsewhere") == "Europe/Madrid"
    assert config.sources["qa"].paths == ("exports/qa.csv", "exports/qa2.csv")
    assert len(config.sha256) == 64


def test_an_empty_file_has_every_default(tmp_path: Path) -> None:
    config = read(tmp_path, "")

    assert config.privacy.min_group == 10
    assert config.programme.assignment.mode == "unknown"
    assert config.value.kpis == {}


def test_a_configuration_cannot_be_changed(tmp_path: Path) -> None:
    config = read(tmp_path, COMPLETE)

    with pytest.raises(Exception, match="frozen"):
        config.project.name = "another"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('[project]\ncurency = "EUR"\n', 2, ["project.curency", 'Did you mean "currency"']),
        ('[project]\ntimezone = "Europe/Madird"\n', 2, ["project.timezone", 'Did you mean "Europe/Madrid"']),
        ("[project]\n\nci_level = 95\n", 3, ["project.ci_level", "95 is out of range"]),
        ('[projet]\nname = "x"\n', 1, ["projet: unknown key", 'Did you mean "project"']),
        ('[sources.a]\nformat = "zendeks"\npath = "x"\n', 2, ["sources.a.format", 'Did you mean "zendesk"']),
        ('[sources.a]\nformat = "zendesk"\n', 1, ["sources.a.path", "is required"]),
        ('[programme.assignment]\nmode = "team_wave"\n', 2, ['"team_wave" is not one of', '"team_waves"']),
        ('[[programme.courses]]\nid = "a"\n[[programme.courses]]\nid = "b"\nskils = []\n', 5, ["courses[2].skils"]),
        ("[value.kpis.x]\nlow = 3\nlikely = 2\nhigh = 4\n", 1, ["value.kpis.x", "must rise"]),
        ('[programme.assignment]\nmode = "lowest_performers"\n', 1, ["needs rule"]),
        ('[privacy]\nmin_group = "ten"\n', 2, ["privacy.min_group", "whole number"]),
        ('[sources."9 lives"]\nformat = "xapi"\npath = "x"\n', 1, ["9 lives"]),
        ('[engine]\nkind = "spark"\n', 1, ["engine", "needs [engine.tables] interaction"]),
        ('[engine]\nkinds = "spark"\n', 2, ["engine.kinds: unknown key", 'Did you mean "kind"']),
        ('[engine]\noptions = { contact = "reduce" }\n', 2, ["engine.options.contact", 'Did you mean "contacts"']),
        ('[project]\nlocale = "xx_YY"\n', 2, ["project.locale", "is not a locale"]),
    ],
)
def test_a_mistake_is_told_with_line_key_and_fix(tmp_path: Path, text: str, line: int, words: list[str]) -> None:
    message = fault(tmp_path, text)

    assert f"empathy.toml, line {line}: " in message
    for word in words:
        assert word in message
    assert "Traceback" not in message


def test_money_in_another_currency_needs_its_rate(tmp_path: Path) -> None:
    stated = '[value]\nprogramme_cost = { low = 1, likely = 2, high = 3, currency = "USD" }\n'
    message = fault(tmp_path, stated)

    assert "cost.programme is in USD and the project in EUR" in message
    assert "[value.exchange_rates], such as USD = 0.9" in message


def test_all_mistakes_are_told_together(tmp_path: Path) -> None:
    message = fault(tmp_path, '[project]\ncurency = "EUR"\nci_level = 3\n[privacy]\nmingroup = 3\n')

    assert len(message.splitlines()) == 3


def test_text_that_is_not_toml(tmp_path: Path) -> None:
    assert "not valid TOML" in fault(tmp_path, "[project\nname = 1\n")


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="empathy init"):
        load(tmp_path / "empathy.toml")
    with pytest.raises(ConfigError, match="is a folder"):
        load(tmp_path)


def test_a_file_in_another_encoding_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "empathy.toml"
    file.write_bytes('[project]\nname = "Bogotá"\n'.encode("latin-1"))

    with pytest.raises(ConfigError, match="line 2: the file is not UTF-8"):
        load(file)


def test_a_course_listed_twice(tmp_path: Path) -> None:
    entry = '[[programme.courses]]\nid="a"\n'
    assert 'course "a" is listed twice' in fault(tmp_path, entry + entry)


def test_a_configuration_error_ends_with_code_two() -> None:
    assert ConfigError.exit_code == 2


def test_a_text_of_the_wrong_form_is_told_in_words(tmp_path: Path) -> None:
    assert '"Euro" is not three capital letters, such as EUR.' in fault(tmp_path, '[project]\ncurrency = "Euro"\n')
    assert '"lots" is not a number and MB or GB, such as 2GB.' in fault(tmp_path, '[engine]\nmemory_limit = "lots"\n')
    assert "is not a name: a letter, then" in fault(tmp_path, '[sources."my calls"]\nformat = "tabular"\npath = "a"\n')
