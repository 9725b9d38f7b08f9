"""Every rule is heard in its examples and not in its counter-examples; a wrong one is named with its line."""

from __future__ import annotations

import pytest

from etl.conversations.listen import Heard, Turn, listen
from etl.conversations.rules import SKILLS, RuleError, languages, load_rules, translate


def _heard(texts: list[str], language: str) -> dict[str, set[str]]:
    """Rules heard in each text, with all texts searched in one pass."""
    found: Heard = listen([Turn("agent", text) for text in texts], language)
    return {turn.text: {hit.rule for hit in hits} for turn, hits in found.turns}


@pytest.mark.parametrize("language", languages())
def test_rules_are_heard_in_their_examples_and_not_in_their_counter_examples(language: str) -> None:
    rules = load_rules(language)
    texts = list(dict.fromkeys(text for rule in rules.rules for text in (*rule.examples, *rule.counter_examples)))
    heard = _heard(texts, language)
    wrong = []
    for rule in rules.rules:
        for text in rule.examples:
            mine = {item.id for item in rules.of(rule.skill)}
            if rule.polarity == "exempts":
                wrong += [f"{rule.id} does not exempt: {text}"] if heard[text] & mine else []
            elif rule.id not in heard[text]:
                wrong.append(f"{rule.id} is not heard in: {text} ({heard[text]})")
        wrong += [f"{rule.id} is heard in: {text}" for text in rule.counter_examples if rule.id in heard[text]]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("language", languages())
def test_every_language_has_rules_for_every_skill(language: str) -> None:
    rules = load_rules(language)
    assert all(any(rule.polarity != "exempts" for rule in rules.of(skill)) for skill in SKILLS)
    assert all(rule.say_instead for rule in rules.rules if rule.polarity == "breaks")


RULE = """
[[rule]]
id = "{name}"
skill = "sympathy"
pattern = \'\'\'{pattern}\'\'\'
why = "w"
source = "s"
examples = ["sorry"]
"""


def _file(tmp_path, pattern: str):
    file = tmp_path / "xx.toml"
    rules = [("fine", "sorry"), ("wrong", pattern)]
    file.write_text("# a comment" + "".join(RULE.format(name=name, pattern=text) for name, text in rules))
    return file


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("sorry(?! for)", "look-ahead"),
        ("(?<=so )sorry", "look-behind"),
        ("so{1,3}rry", "counted repetition"),
        ("(sorry|", "missing"),
        (r"(so) \1", "back-reference"),
        ("{feelings}", 'no list "feelings"'),
    ],
)
def test_a_wrong_pattern_is_named_with_its_line(tmp_path, pattern: str, says: str) -> None:
    with pytest.raises(RuleError, match=says) as error:
        load_rules("xx", _file(tmp_path, pattern))
    assert "line 10: rule wrong: pattern" in str(error.value)


def test_an_unknown_language_is_told_with_those_there_are() -> None:
    with pytest.raises(RuleError, match='no rules for language "fr"'):
        load_rules("fr")


def test_apostrophes_and_spaces_stand_for_what_is_said() -> None:
    heard = _heard(["I’m  afraid you’ll have to wait", "youll have to wait", "you'll\nhave to wait"], "en")
    assert all("you_have_to" in rules for rules in heard.values())


def test_optional_space_is_no_space_or_some() -> None:
    assert translate("post ?code") == r"\bpost\s*code\b"


def test_quotations_negations_and_noise_are_no_hits() -> None:
    texts = [
        'The letter said "calm down, there is nothing we can do" and I have passed that on.',
        "Done.\n> You should have read the contract.\n> Calm down.",
        "All set.\n\nOn Monday, 3 March, Tom wrote:\nCalm down, you have to wait.",
        '<p class="calm down">Your order shipped.</p>',
        "You don't have to send it back.",
        "I understand.",
        "😀😀 👍",
        "שלום, כמה זמן זה נמשך",
        "",
        "x" * 200_000,
    ]
    assert not any(_heard(texts, "en").values())


def test_a_name_is_used_when_it_is_the_customers_and_not_the_agents_own() -> None:
    turns = [
        Turn("agent", "My name is Maria, how can I help?", customer_name="Maria Lopez"),
        Turn("agent", "Thanks, maria.", customer_name="Maria Lopez"),
        Turn("agent", "Hello Mariana.", customer_name="Maria Lopez"),
        Turn("agent", "Thanks, Maria."),
    ]
    used = [any(hit.rule == "customer_name" for hit in hits) for _, hits in listen(turns).turns]
    assert used == [False, True, False, False]


def test_the_customers_words_given_back_are_a_paraphrase_and_an_order_number_is_not() -> None:
    asked = Turn("customer", "The washing machine leaks since the second visit")
    given = listen([asked, Turn("agent", "Okay, the washing machine has been leaking since that visit, I see.")])
    other = listen([asked, Turn("agent", "Okay, can I have your order number?")])
    assert "paraphrase" in {hit.rule for hit in given.turns[1][1]}
    assert not other.turns[1][1]


def test_interruptions_are_counted_from_times_and_unknown_without() -> None:
    customer = Turn("customer", "It broke again and", 0, 4_000)
    assert listen([customer, Turn("agent", "Which model?", 3_000, 4_500)]).interruptions == 1
    assert listen([customer, Turn("agent", "Which model?", 3_900, 4_500)]).interruptions == 0
    assert listen([Turn("customer", "It broke"), Turn("agent", "Which model?")]).interruptions is None


def test_nobody_is_scored_when_nobody_is_known_to_be_the_agent() -> None:
    assert listen([Turn("unknown", "I am sorry"), Turn("customer", "calm down")]).scores == {}


def test_spans_are_the_words_themselves() -> None:
    text = "Okay.  I'm so sorry — ü 😀 calm down now."
    ((_, hits),) = listen([Turn("agent", text)]).turns
    assert [text[hit.start : hit.end] for hit in hits] == ["sorry", "calm down"]
