"""Whatever a page, a report or a table claims of a KPI is what is stored of it; and the other way round."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from typing import Any

import pytest

from analysis.words.verdict import LABELS
from dashboard.data import cohorts as cohort_data
from dashboard.data.changes import changes, sentences
from dashboard.page import Context
from dashboard.pages import pages
from dashboard.report.contents import report_of
from dashboard.report.document import Interval, Tile
from dashboard.state import Filters
from dashboard.views import attrition, cohorts
from tests.dashboard.conftest import COHORTS, FIRST_WEEK, roster
from tests.dashboard.pages.test_every_chart import body
from tests.dashboard.pages.test_one_rounding import words

CLAIMED = ("clear", "clear_but_small")
CLAIM = r"(?: clearly)? (?:rose|fell|improved|got worse|gained)\b(?! by more than chance)"
ABOUT_EVERYBODY = ("/", "/skills", "/attrition", "/value", "/plan", "/adoption/EMP101")
READ_ALOUD = ("escalation_rate", "csat_top2", "hostile_contact_rate", "upsell_conversion", "agent_attrition", "fcr_7d")


def stored(context: Context) -> dict[str, str]:
    """Verdict of every KPI for everybody."""
    rows = context.queries.frame(
        "select kpi, verdict from result.effect where role = 'headline' and slice_kind = 'overall'"
    )
    return dict(rows.iter_rows())


def claimed(context: Context, said: list[str]) -> dict[str, str]:
    """KPIs of which some text says that they moved, with that text."""
    found = {}
    for name in stored(context):
        label = re.escape(context.settings.catalogue[name].label)
        pattern = re.compile(rf"(?:^|[.:;,] |and ){label}{CLAIM}", re.IGNORECASE)
        found |= dict.fromkeys([name], text) if (text := next(filter(pattern.search, said), "")) else {}
    return found


def texts(part: Any) -> Iterator[Any]:
    """Every text, tile and row of a report."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, list | tuple):
        for inner in part:
            yield from texts(inner)
    elif is_dataclass(part):
        if isinstance(part, Tile | Interval):
            yield part
        for field in fields(part):
            if field.name != "figure":
                yield from texts(getattr(part, field.name))


def test_the_pattern_knows_a_claim(world: Context) -> None:
    assert set(claimed(world, ["It works: escalations fell by about 1 point and satisfied customers rose."])) == {
        "escalation_rate", "csat_top2",
    }  # fmt: skip
    assert not claimed(world, ["Escalations: can't tell yet.", "…escalations were said to matter."])


@pytest.mark.parametrize("address", ABOUT_EVERYBODY)
def test_no_page_says_that_a_kpi_moved_unless_it_is_stored_as_clear(world: Context, address: str) -> None:
    verdicts = stored(world)
    for name, text in claimed(world, words(body(world, address))).items():
        assert verdicts[name] in CLAIMED, text


@pytest.mark.parametrize("name", READ_ALOUD)
def test_the_page_of_a_kpi_says_what_is_stored(world: Context, name: str) -> None:
    verdicts = stored(world)
    said = words(body(world, f"/effects/{name}"))
    labels = {text.strip() for text in said} & set(LABELS.values())
    told = claimed(world, said)

    assert labels == {LABELS[verdicts[name]]}
    assert (name in told) == (verdicts[name] in CLAIMED)
    assert all(verdicts[other] in CLAIMED for other in told), told


def test_the_board_report_says_what_is_stored(world: Context) -> None:
    verdicts, catalogue = stored(world), world.settings.catalogue
    named = {catalogue[name].label: state for name, state in verdicts.items()}
    parts = list(texts(report_of(world, today=date(2026, 3, 9)).sheets))
    shown = [part for part in parts if isinstance(part, Tile)]
    drawn = [part for part in parts if isinstance(part, Interval) and part.label in named]

    assert shown
    assert drawn
    for part in shown:
        assert part.verdict == LABELS[named[part.name]], part
        assert (part.tone != "unsure") <= (named[part.name] in CLAIMED), part
    for row in drawn:
        assert (row.tone != "unsure") <= (named[row.label] in CLAIMED), row
    for name, text in claimed(world, [part for part in parts if isinstance(part, str)]).items():
        assert verdicts[name] in CLAIMED, text


@pytest.mark.parametrize("by", ["cohort", "site", "team", "course"])
@pytest.mark.parametrize("name", ["escalation_rate", "csat_top2"])
def test_groups_are_claimed_alike_in_words_colours_and_downloads(world: Context, name: str, by: str) -> None:
    kpi = world.settings.catalogue[name]
    found = cohort_data.gains(world.queries, kpi, by, Filters())
    noun = "wave" if by == "cohort" else by
    groups = cohorts.groups(found, kpi, noun, {}, world.settings.reader)
    sure = [group for group in groups if group.known and group.tone != "unsure"]
    sentence = cohorts.sentence(groups, kpi, noun, found, world.settings.reader)
    title = cohorts.gains_title(groups, kpi, noun, differ=found.differ)
    taken = found.rows.filter(~found.rows["suppressed"])

    assert {row["name"] for row in taken.iter_rows(named=True) if row["claimed"]} == {g.value for g in sure}
    if not sure:
        assert "clearly" not in sentence
        assert cohorts.who(groups, kpi) == ""
        assert "most" not in title
    if not found.differ or (sure and sure[0] is not next(group for group in groups if group.known)):
        assert "most" not in title, "what differs by no more than chance is not ranked"
    if by == "course":
        assert not sure
    if by == "team" and cohorts.few_to_compare(found):
        assert not sure
    for group in sure:
        assert group.label in cohorts.who(groups, kpi) or "more" in cohorts.who(groups, kpi)
        assert (group.low > 0) or (group.high < 0), group
    assert cohorts.who(groups, kpi).count(" and ") <= 1 + sum(group.label.count(" and ") for group in sure)


def test_kinds_of_leaving_are_claimed_as_they_are_stored(world: Context) -> None:
    rows = world.queries.frame("select * from result.hazard")
    states = {row["leave_type"]: row["verdict"] for row in rows.iter_rows(named=True)}
    for kind in states:
        survival = world.queries.frame("select * from result.survival")
        shown = attrition.view(survival, rows, kind, world.settings.reader, 0.95)
        clear = [one for one in ("voluntary", "involuntary") if states.get(one) in CLAIMED]
        assert ("No kind" in shown.ratio_title) == (not clear and states.get("any") not in CLAIMED)
        assert (len(clear) == 2) == ("Both" in shown.ratio_title)


def test_the_downloads_hold_the_verdicts_of_the_pages(world: Context) -> None:
    downloads = {name: one for page in pages() for name, one in page.downloads.items()}
    frame = downloads["effects"].make(world, Filters(), {})
    rows = frame.filter((frame["role"] == "headline") & (frame["slice_kind"] == "overall"))
    verdicts = stored(world)

    assert rows.height > 1
    assert dict(rows.select("kpi", "verdict").iter_rows()).items() <= verdicts.items()


def test_what_is_new_names_the_verdicts_of_the_pages(world: Context) -> None:
    """The second version of the small world holds the verdicts of the first: no verdict is said to be another one."""
    found = changes(world.queries)
    verdicts = stored(world)

    assert found.since
    assert all(one.now == verdicts.get(one.kpi) for one in found.verdicts)
    told = [text for text in sentences(found, 10) if text.split(":")[0] in
            {world.settings.catalogue[name].label for name in verdicts}]  # fmt: skip
    assert len(told) == len(found.verdicts)


@pytest.mark.parametrize(
    ("start", "end", "sentence", "waves"),
    [
        (16, None, "have none and are left out.", COHORTS[1:2]),
        (14, None, "have none and are left out.", COHORTS[1:2]),
        (None, 20, "agents trained after 20 Oct 2025 count as not yet trained", COHORTS[:1]),
        (16, 30, "and agents trained after", COHORTS[1:2]),
    ],
)
def test_a_period_says_what_it_does_to_the_base_and_does_it(
    world: Context, start: int | None, end: int | None, sentence: str, waves: tuple[date, ...]
) -> None:
    first, last = (None if week is None else FIRST_WEEK + timedelta(weeks=week) for week in (start, end))
    filters = Filters(start=first, end=last)
    row = world.queries.headline("csat_top2", filters)

    assert sentence in filters.base()
    assert row is not None
    assert row["n_trained_agents"] == roster()["cohort"].is_in(waves).sum()


@pytest.mark.parametrize("path", ["/", "/effects/csat_top2", "/cohorts/csat_top2/site"])
def test_pages_of_a_period_say_what_the_base_is(world: Context, path: str) -> None:
    week = FIRST_WEEK + timedelta(weeks=16)
    assert any(text == Filters(start=week).base() for text in words(body(world, f"{path}?from={week}")))
    assert not any(text.startswith("Only weeks") for text in words(body(world, path)))
