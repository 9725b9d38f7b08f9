"""Column by column: what follows from an exact estimate follows, for readers, from the one that is told."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import polars as pl
import pytest

from analysis.planning.waiting_time import weeks_to_decide
from analysis.study.result_tables import SCHEMAS, SIDE_TABLES
from analysis.words.change import Change, reworded
from analysis.words.verdict import settles, waiting, whole_weeks
from dashboard.data import phrases
from dashboard.data.cohorts import MADE_OF_TOLD, gains
from dashboard.data.compared import comparison_of
from dashboard.data.estimates_told import as_told
from dashboard.data.ladder import ladder
from dashboard.data.published_estimates import TOLD, levels_beside
from dashboard.data.queries import Queries
from dashboard.data.skills import chain
from dashboard.page import Context
from dashboard.pages.skills import phrases as phrases_page
from dashboard.privacy.columns import COLUMNS, as_declared
from dashboard.privacy.imprecision import ENDS, step_of
from dashboard.privacy.viewer import READER, seen_by
from dashboard.settings import from_config
from dashboard.state import Filters
from etl.warehouse.publish import Draft, keep_only
from etl.warehouse.reader import Warehouse
from tests.dashboard.pages import chain_world
from tests.dashboard.privacy.conftest import ENVIRONMENT, Corners

Row = dict[str, Any]
KPIS = ("csat_top2", "escalation_rate", "transfer_rate", "upsell_conversion", "agent_attrition")
SELECTIONS = (
    Filters(),
    Filters(site=("Lisbon",)),
    Filters(channel=("chat",)),
    Filters(site=("Madrid",), channel=("voice",)),
    Filters(tenure_band=("0-3 months",)),
)
FREE = ("as it is", "level", "volumes", "words", "counted")
"""Treatments under which a number of a row may be the exact one: it is no estimate."""
FOLLOWS = {"n_tested", "post_weeks", "pre_weeks"}
"""What weeks follow from, told to nobody: means of weeks are fractions whose parts are numbers of agents."""


def digits(value: float) -> int:
    return len(f"{value:.12e}".split("e")[0].replace(".", "").lstrip("-").rstrip("0"))


def tables(queries: Queries, kpi: str, filters: Filters) -> dict[str, pl.DataFrame]:
    found = queries.study(kpi, filters, by_week=True)
    rungs = ladder(queries, queries.settings.catalogue[kpi], filters)
    return found | ({"ladder": rungs} if not rungs.is_empty() else {})


def both(corners: Corners) -> Iterator[tuple[str, Filters, dict[str, pl.DataFrame], dict[str, pl.DataFrame]]]:
    """Every KPI and selection with the exact tables and those told."""
    for kpi in KPIS:
        for filters in SELECTIONS:
            exact = tables(corners.own.queries, kpi, filters)
            with seen_by(READER), corners.shared.queries.pinned():
                if not corners.shared.queries.decision(filters).allowed:
                    continue
                yield kpi, filters, exact, tables(corners.shared.queries, kpi, filters)


def test_a_column_that_nobody_has_named_is_blank() -> None:
    told = {name for table in (*TOLD, *SIDE_TABLES) for name in SCHEMAS[table]}
    assert told - set(COLUMNS) == FOLLOWS | {"statistic", "threshold"}
    rows = pl.DataFrame({"kpi": ["a"], "estimate": [0.5], "t_ratio": [2.34567], "percent": [12]})
    assert as_declared(rows).rows() == [("a", 0.5, None, None)]


def test_no_number_of_a_row_is_the_exact_one(corners: Corners) -> None:
    """All columns of all tables, to four digits: an estimate in another column is as good as in its own.

    Numbers in steps have as many digits as their step, so a few are near an exact one by chance.
    """
    seen, stepped, alike = set(), 0, 0
    for kpi, filters, exact, told in both(corners):
        for name, rows in told.items():
            secret = {
                f"{abs(value):.3e}"
                for row in exact[name].iter_rows(named=True)
                for column, value in row.items()
                if isinstance(value, float) and COLUMNS.get(column) not in FREE and digits(value) >= 4
            }
            for row in rows.iter_rows(named=True):
                for column, value in row.items():
                    if not isinstance(value, float) or COLUMNS[column] in FREE:
                        continue
                    seen.add((name, column))
                    found = digits(value) >= 4 and f"{abs(value):.3e}" in secret
                    if COLUMNS[column] == "in steps":
                        stepped, alike = stepped + 1, alike + found
                    else:
                        assert not found, (kpi, str(filters), name, column, value)
    assert alike < stepped / 20
    assert {"effect", "event_time", "ladder"} <= {name for name, _ in seen}
    assert ("effect", "weeks_to_know") in seen


def shifted(corners: Corners, kpi: str, rows: pl.DataFrame, by: float) -> pl.DataFrame:
    """The table that would be stored were every estimate a little larger by a part of its error; ends as far away."""
    entry, reader, made = corners.own.settings.catalogue[kpi], corners.own.settings.reader, []
    for row in rows.to_dicts():
        new = dict(row)
        if row.get("estimate") is None or not row.get("std_error"):
            made.append(new)
            continue
        for name in ("estimate", *ENDS):
            if row.get(name) is not None:
                new[name] = row[name] + by * row["std_error"]
        if "sentence" in row and "smallest_effect" in row and row["sentence"]:
            said, told = (
                Change(entry, reader, one["estimate"], one["ci_low"], one["ci_high"], abs(entry.smallest_effect))
                for one in (row, new)
            )
            new["sentence"] = reworded(row["sentence"], said, told)
        if row.get("weeks_to_know") is not None:
            new["weeks_to_know"] = weeks_of(new)
            for name in ("sentence", "reason"):
                new[name] = new[name].replace(waiting(row["weeks_to_know"]), waiting(new["weeks_to_know"]))
        made.append(new)
    return pl.DataFrame(made, schema=rows.schema)


def weeks_of(row: Mapping[str, Any]) -> float:
    """By the function that the product uses."""
    return weeks_to_decide(
        row["estimate"],
        row["std_error"],
        row["smallest_effect"],
        row["df"],
        ci_level=row["ci_level"],
        n_tested=row["n_tested"],
        post_weeks=row["post_weeks"],
        pre_weeks=row["pre_weeks"],
    )


def test_estimates_that_are_rounded_alike_are_told_alike(corners: Corners) -> None:
    """Nothing in a row, word or number, moves with an estimate that stays within its step; a made-up ratio neither."""
    compared = waited = 0
    for kpi, filters, exact, _ in both(corners):
        for name in ("effect", "event_time", "cohort_effect", "ladder"):
            rows = exact.get(name, pl.DataFrame())
            if rows.is_empty() or "std_error" not in rows.columns:
                continue
            ratio = (pl.col("estimate") / pl.col("std_error")).alias("t_ratio")
            with seen_by(READER), corners.shared.queries.pinned():
                queries = corners.shared.queries
                here, there = (
                    as_told(queries, kpi, filters, shifted(corners, kpi, rows, by).with_columns(ratio))
                    for by in (0.0, 0.003)
                )
            assert here["t_ratio"].drop_nulls().is_empty()
            for old, one, other in zip(rows.to_dicts(), here.to_dicts(), there.to_dicts(), strict=True):
                if any(one.get(end) != other.get(end) for end in ("estimate", *ENDS)):
                    continue  # on two sides of a half step, or an end put back from a number that is not crossed
                assert one == other, (kpi, str(filters), name)
                compared += one["estimate"] is not None
                waited += old.get("weeks_to_know") is not None
    assert compared > 100
    assert waited >= 3


def test_weeks_until_it_could_be_told_follow_from_what_is_told(corners: Corners) -> None:
    """They were an exact function of the estimate over its error: with volumes, the estimate was read off them."""
    apart = []
    for _, _, exact, told in both(corners):
        for row, new in zip(exact["effect"].to_dicts(), told["effect"].to_dicts(), strict=False):
            if row["weeks_to_know"] is None or new["estimate"] is None:
                continue
            if row["slice_kind"] not in ("overall", "site"):  # estimated here, not made up
                assert weeks_of(row) == pytest.approx(row["weeks_to_know"])
            known = new | {name: row[name] for name in FOLLOWS} | {"df": math.inf if new["df"] is None else new["df"]}
            weeks = weeks_of(known)
            assert new["weeks_to_know"] == (float(whole_weeks(weeks)) if settles(weeks) else None)
            assert waiting(weeks) in new["sentence"]
            assert new["reason"] == waiting(weeks)
            apart.append(waiting(weeks) != waiting(row["weeks_to_know"]))
    assert sum(apart) >= 2  # else the exact ones would do


def test_weeks_are_not_told_where_a_version_does_not_keep_what_they_follow_from(corners: Corners) -> None:
    queries = corners.shared.queries
    waits = corners.own.queries.effects(Filters()).filter(pl.col("weeks_to_know").is_not_null()).head(1)
    kpi = waits["kpi"].item()
    with seen_by(READER), queries.pinned():
        told = as_told(queries, kpi, Filters(), waits.drop(sorted(FOLLOWS)))
    assert told["weeks_to_know"].item() is None
    assert "present pace" in waits["sentence"].item()
    assert "present pace" not in told["sentence"].item()
    assert told["reason"].item() == ""


def test_the_level_before_training_is_that_by_which_cells_were_chosen(corners: Corners) -> None:
    """That of the estimate's own agents, less the one told beside gains, is that of agents who left before training."""
    compared = 0
    for kpi, filters, _, told in both(corners):
        if kpi == "agent_attrition" or told["effect"].is_empty():
            continue
        with seen_by(READER), corners.shared.queries.pinned():
            level = levels_beside(corners.shared.queries, kpi, filters).baseline
        found = told["effect"].filter(pl.col("estimate").is_not_null())["baseline"].to_list()
        assert found == [level] * len(found)
        compared += len(found)
    assert compared > 5


def test_files_hold_no_digits_that_are_not_told(corners: Corners) -> None:
    """0.0855, and not 0.08549999999999999; a standard error has three digits, which are those of its interval."""
    n = 0
    for _, _, _, told in both(corners):
        for rows in told.values():
            for row in rows.iter_rows(named=True):
                for column, value in row.items():
                    if isinstance(value, float) and COLUMNS[column] == "in steps":
                        assert value == float(f"{value:.9g}"), (column, value)
                        assert column != "std_error" or digits(value) <= 3
                        n += 1
    assert n > 200
    with seen_by(READER), corners.shared.queries.pinned():
        kpi = corners.shared.queries.settings.catalogue["escalation_rate"]
        groups = gains(corners.shared.queries, kpi, "team", Filters()).rows
    for column in ("estimate", "std_error", "own_error", *MADE_OF_TOLD):
        assert all(value == float(f"{value:.9g}") for value in groups[column].drop_nulls())


# -- the same estimate in another table --------------------------------------------------------------------------------

MEASURE, SKILL = "text_active_listening", "active_listening"


@pytest.fixture(scope="module")
def spoken(corners: Corners, tmp_path_factory: pytest.TempPathFactory) -> Context:
    """The world with slopes and phrases, which hold the stored effects on goals, skills and phrases once more."""
    folder = tmp_path_factory.mktemp("spoken")
    path = corners.shared.settings.config.path
    assert path is not None
    shutil.copytree(path.parent / "warehouse", folder / "warehouse")
    with Draft.open(folder / "warehouse", "spoken", base=Warehouse(folder / "warehouse").current()) as draft:
        stored = draft.con.execute(
            "select kpi, estimate, ci_low, ci_high from result.effect "
            "where role = 'headline' and slice_kind = 'overall'"
        ).fetchall()
        heads = {kpi: numbers for kpi, *numbers in stored}
        heard = [_effect(row, "effect", heads[row["kpi"]]) for row in chain_world.heard().to_dicts()]
        slopes = [
            _effect(_effect(row, "total", heads[row["kpi"]]), "effect_on_skill", heads[row["skill"]])
            | {"slope": 0.23456, "share": 0.34567, "share_low": 0.12345, "share_high": 0.67891}
            for row in chain_world.mechanism().to_dicts()
        ]
        of_chain = chain_world.results() | {
            "heard": pl.DataFrame(heard, schema=chain_world.heard().schema),
            "mechanism": pl.DataFrame(slopes, schema=chain_world.mechanism().schema),
        }
        draft.write_results(of_chain)
        draft.publish()
    keep_only(folder / "warehouse", "spoken")
    (folder / "shared.toml").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    settings = from_config(folder / "shared.toml", environ=ENVIRONMENT)
    return Context(settings, Queries(settings))


def _effect(row: Row, name: str, numbers: list[float]) -> Row:
    return row | dict(zip((name, f"{name}_low", f"{name}_high"), numbers, strict=True))


def test_phrases_give_the_effect_that_other_pages_tell(spoken: Context) -> None:
    queries, told = spoken.queries, 0
    with seen_by(READER), queries.pinned():
        found = phrases.phrases(queries)
        assert found is not None
        for row in found.heard.to_dicts():
            head = queries.headline(row["kpi"], Filters())
            assert head is not None
            assert (row["effect"], row["effect_low"]) == (head["estimate"], head["ci_low"])
            told += row["effect"] is not None
            if row["corrected"] is not None:  # the exact one would be the exact effect over how sharp phrases are
                assert digits(row["corrected"]) <= 2
                exact = queries.frame("select estimate from result.effect where kpi = ? and role = 'headline' and "
                                      "slice_kind = 'overall'", (row["kpi"],)).item()  # fmt: skip
                assert row["corrected"] == float(f"{0.1 * head['estimate'] / exact:.1e}")
        rules = found.rules.filter(pl.col("skill") == SKILL)
        assert rules.height
        fewest = comparison_of(queries, MEASURE, Filters())[0].fewest
        step = float(f"{step_of(np.array([0.01]), np.array([min(200.0, fewest)]), 5)[0]:.1e}")
        for value in rules["estimate"].to_list():
            assert value / step == pytest.approx(round(value / step))
    assert told


def test_phrases_of_measures_that_are_not_told_are_not_told(
    spoken: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shares of untrained weeks were told with one untrained agent left."""
    real = Queries.publishes
    for hidden in ({MEASURE}, None):

        def publishes(self: Queries, kpi: str, filters: Filters, hidden: set[str] | None = hidden) -> bool:
            return hidden is not None and kpi not in hidden and real(self, kpi, filters)

        queries = Queries(spoken.settings)
        with monkeypatch.context() as patch, seen_by(READER), queries.pinned():
            patch.setattr(Queries, "publishes", publishes)
            found = phrases.phrases(queries)
            assert found is not None
            assert MEASURE not in found.heard["kpi"].to_list()
            assert SKILL not in found.rules["skill"].to_list()
            assert bool(hidden) == (found.rules.height > 0)
            if not hidden:
                context = Context(spoken.settings, queries)
                assert "Phrases are not told" in repr(phrases_page.phrase_cards(context, {}, Filters()))


def test_slopes_give_the_effects_that_other_pages_tell(spoken: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    """Total and effect on the skill as told; parts and shares are made of these, so that they undo no rounding."""
    queries = spoken.queries
    with seen_by(READER), queries.pinned():
        found = chain(queries)
        assert found is not None
        rows = [row for row in found.slopes.to_dicts() if row["effect_on_skill"] is not None]
        for row in rows:
            goal, skill = (queries.headline(row[name], Filters()) for name in ("kpi", "skill"))
            assert goal is not None
            assert skill is not None
            assert (row["total"], row["total_low"]) == (goal["estimate"], goal["ci_low"])
            assert (row["effect_on_skill"], row["effect_on_skill_low"]) == (skill["estimate"], skill["ci_low"])
            indirect = row["slope"] * row["effect_on_skill"]
            assert row["indirect"] == float(f"{indirect:.1e}")
            assert row["direct"] == float(f"{row['total'] - indirect:.1e}")
            assert row["share"] == (float(f"{indirect / row['total']:.1e}") if row["total"] else None)
    assert rows
    real, hidden = Queries.publishes, rows[0]["skill"]
    monkeypatch.setattr(Queries, "publishes", lambda self, kpi, filters: kpi != hidden and real(self, kpi, filters))
    queries = Queries(spoken.settings)
    with seen_by(READER), queries.pinned():
        found = chain(queries)
        assert found is not None
        of_hidden = found.slopes.filter(pl.col("skill") == hidden)
        assert of_hidden.height
        ends = ("", "_low", "_high")
        names = [f"{name}{end}" for name in ("effect_on_skill", "direct", "indirect", "share") for end in ends]
        assert not of_hidden.select(pl.col(names).is_not_null().any()).row(0).count(True)
