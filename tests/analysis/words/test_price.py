"""What agents may pay for the gains, in one sentence that leaves nothing out."""

from __future__ import annotations

from analysis.words.price import Burden, sentence


def test_what_got_worse_comes_first_and_what_cannot_be_told_is_not_left_out() -> None:
    said = sentence(
        [
            Burden("Absence", "cant_tell_yet", worse=False, change=""),
            Burden("Leaving", "no_meaningful_change", worse=False, change=""),
            Burden("Handling time", "clear", worse=True, change="+8 seconds"),
            Burden("AHT of chats", "dont_use", worse=False, change=""),
        ]
    )
    assert said == (
        "What agents may pay: handling time (+8 seconds) got worse; leaving did not get worse; absence and AHT of "
        "chats cannot be told yet."
    )


def test_a_clear_change_for_the_better_is_no_price() -> None:
    said = sentence([Burden("Leaving", "clear", worse=False, change="−1 point")])
    assert said == "What agents may pay: leaving (−1 point) did not get worse."
    assert sentence([]) == ""


def test_what_got_worse_by_less_than_would_matter_says_so() -> None:
    """Elsewhere on the page it is not counted among what got worse."""
    said = sentence(
        [
            Burden("Handling time", "clear", worse=True, change="+6 seconds"),
            Burden("Long calls", "clear_but_small", worse=True, change="+0.5 points"),
            Burden("Absence", "clear_but_small", worse=False, change="−0.1 points"),
        ]
    )
    assert said == (
        "What agents may pay: handling time (+6 seconds) and long calls (+0.5 points, less than would matter) got "
        "worse; absence (−0.1 points) did not get worse."
    )
