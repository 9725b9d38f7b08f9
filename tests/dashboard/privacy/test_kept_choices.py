"""The choice of cells is kept beside the version: a restart reads it, and it never tells more than choosing again."""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from dashboard.data import choosing, kept_choices, parts, published, published_estimates, told
from dashboard.data.kept_choices import Choice, KeptChoices, content, digest, made_by
from dashboard.data.queries import Queries
from dashboard.data.versions import Prepared
from dashboard.privacy.viewer import READER, seen_by
from dashboard.settings import from_config
from etl.warehouse.beside import cells_path, read_beside, write_beside
from etl.warehouse.publish import Draft
from etl.warehouse.reader import Warehouse
from tests.dashboard.privacy.conftest import ACCESS, ENVIRONMENT

KPIS = ("escalation_rate",)
DAMAGED = "damaged: cells are chosen again"
ANOTHER = "of another version, smallest group or release"


@pytest.fixture(scope="module")
def built(build: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A version all of whose cells were chosen, for one KPI."""
    from tests.dashboard.conftest import TOML

    folder = tmp_path_factory.mktemp("kept")
    build(folder, "r1", toml=TOML + ACCESS)
    with pytest.MonkeyPatch.context() as patch:
        of_one(patch)
        kept_for_good(patch)
        choosing.prepare(asked(folder))
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    of_one(monkeypatch)
    kept_for_good(monkeypatch)
    return Path(shutil.copytree(built, tmp_path / "copy"))


def of_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Queries, "kpis", lambda self: [self.settings.catalogue[kpi] for kpi in KPIS])


def kept_for_good(patch: pytest.MonkeyPatch) -> None:
    """Other tests of this folder keep nothing."""
    patch.setattr(kept_choices, "read_beside", read_beside)
    patch.setattr(kept_choices, "write_beside", write_beside)


def asked(folder: Path) -> Queries:
    return Queries(from_config(folder / "empathy.toml", environ=ENVIRONMENT))


def cells_of(folder: Path, run_id: str = "r1") -> Path:
    return cells_path(Warehouse(folder / "warehouse").version(run_id).path)


def everything(queries: Queries) -> list[bytes]:
    """All that readers are told of, to the bit."""
    found = [published.lattice(queries).kept]
    for kpi in KPIS:
        sums, answered = published.blocks(queries, kpi)
        found += [part for block in sorted(sums) for part in (*sums[block], answered[block])]
        found += [published_estimates.estimated(queries, kpi), published_estimates.compared(queries, kpi)]
        found += [cells for _, cells in sorted(published_estimates.by_week(queries, kpi).items())]
    return [np.ascontiguousarray(part).tobytes() for part in found]


@pytest.fixture
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (published, parts, published_estimates, told):
        for name in ("Audit", "Together"):
            monkeypatch.setattr(
                module, name, lambda *_, **__: pytest.fail("cells were chosen again"), raising=hasattr(module, name)
            )


@pytest.mark.usefixtures("nothing_chosen")
def test_a_restart_chooses_nothing(folder: Path) -> None:
    queries = asked(folder)
    choosing.prepare(queries)
    assert queries.prepared == Prepared("r1", "r1")
    with seen_by(READER):
        assert len(everything(queries)) > 50


def test_what_is_kept_is_what_choosing_gives(folder: Path) -> None:
    kept = everything(asked(folder))
    cells_of(folder).unlink()
    assert everything(asked(folder)) == kept


def test_another_process_reads_what_was_kept_meanwhile(folder: Path) -> None:
    kept = KeptChoices(Warehouse(folder / "warehouse").current(), made_by(10))
    other = KeptChoices(Warehouse(folder / "warehouse").current(), made_by(10))
    choice = Choice.of({3: np.array([True, False]), 9: np.array([False, True])}, 2, {3: np.ones(2), 9: np.arange(2)})
    other.put(digest("new"), choice)
    other.write()
    assert kept.get(digest("new"), 2) is None
    kept.read()
    found = kept.get(digest("new"), 2)
    assert found is not None
    assert {part: cells.tolist() for part, cells in found.by_part.items()} == {3: [True, False], 9: [False, True]}
    assert {part: each.tolist() for part, each in found.agents_by_part.items()} == {3: [1.0, 1.0], 9: [0.0, 1.0]}
    assert kept.get(digest("new"), 3) is None  # of another number of cells


def flipped(text: str) -> str:
    at = len(text) // 2
    return text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]


@pytest.mark.parametrize(
    ("spoiled", "words"),
    [
        (flipped, DAMAGED),
        (lambda text: text[:-100], DAMAGED),
        (lambda text: "", DAMAGED),
        (lambda text: "\x00" + text, DAMAGED),
        (lambda text: text.replace("empathycells1", "empathycells2", 1), DAMAGED),
        (lambda text: text.replace(text.split()[1], "0" * 64, 1), ANOTHER),
    ],
)
def test_a_file_that_is_damaged_or_another_is_not_used(
    folder: Path, spoiled: Callable[[str], str], words: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = cells_of(folder)
    path.write_text(spoiled(path.read_text(encoding="ascii")), encoding="ascii")
    with caplog.at_level(logging.WARNING):
        queries = asked(folder)
        with queries.pinned("r1"):
            assert not queries.kept_choices()._choices
    assert words in caplog.text
    assert str(folder) not in caplog.text


def test_a_body_that_is_no_list_of_choices_is_not_used(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    """With a hash that fits, as of whoever may write the file: it says nothing, and nothing fails."""
    import hashlib

    path = cells_of(folder)
    kind, mark, _, body = path.read_text(encoding="ascii").split()
    for wrong in (body[:400], body[: len(body) // 4 * 2], "ab" * 500, "0g"):
        digested = hashlib.sha256(wrong.encode()).hexdigest()
        path.write_text(f"{kind}\n{mark}\n{digested}\n{wrong}\n", encoding="ascii")
        queries = asked(folder)
        with queries.pinned("r1"):
            assert not queries.kept_choices()._choices
    assert caplog.text.count("not understood") == 4


@pytest.mark.parametrize("change", ["smallest group", "version"])
def test_a_choice_for_something_else_is_not_used(folder: Path, change: str, caplog: pytest.LogCaptureFixture) -> None:
    if change == "smallest group":
        config = folder / "empathy.toml"
        config.write_text(config.read_text(encoding="utf-8").replace("min_group = 10", "min_group = 12"))
        queries, run_id = asked(folder), "r1"
    else:
        with Draft.open(folder / "warehouse", "r2", base=Warehouse(folder / "warehouse").current()) as draft:
            draft.publish()
        shutil.copy(cells_of(folder), cells_of(folder, "r2"))
        queries, run_id = asked(folder), "r2"
    with queries.pinned(run_id):
        assert not queries.kept_choices()._choices
    assert ANOTHER in caplog.text


def test_other_data_find_no_choice(folder: Path) -> None:
    """Twelve agents work at another site: nothing that was kept is kept under the hash of what they are now."""
    with Draft.open(folder / "warehouse", "r2", base=Warehouse(folder / "warehouse").current()) as draft:
        draft.con.execute("update mart.agent_week set site = 'Porto' where agent_ix < 12")
        draft.publish()
    one, other = asked(folder), asked(folder)
    names = []
    for queries, run_id in ((one, "r1"), (other, "r2")):
        with queries.pinned(run_id):
            names.append({content(queries), *queries.kept_choices()._choices})
    assert len(names[0]) > 3
    assert not names[0] & names[1]


def test_a_choice_of_everything_tells_no_cell_that_was_not_considered(folder: Path) -> None:
    queries = asked(folder)
    everything(queries)
    forged = asked(folder)
    with forged.pinned("r1"):
        kept = forged.kept_choices()
        lattice = published.lattice(forged).kept
        for name, choice in list(kept._choices.items()):
            if choice.parts.size:
                kept._choices[name] = Choice(choice.parts, np.ones_like(choice.cells), choice.agents)
        assert not (published.kept_of(forged, KPIS[0]) & ~lattice).any()
        start = published.kept_of(forged, KPIS[0])
        assert not any((cells & ~start).any() for cells in published.blocks(forged, KPIS[0])[1].values())


def test_estimates_anew_take_the_choice_of_the_version_they_are_of(folder: Path, nothing_chosen: None) -> None:
    with Draft.open(folder / "warehouse", "r2", base=Warehouse(folder / "warehouse").current()) as draft:
        draft.publish()
    queries = asked(folder)
    with seen_by(READER):
        choosing.prepare(queries)
        assert queries.run_id() == "r2"
    assert cells_of(folder, "r2").exists()
    assert len(everything(asked(folder))) > 50


def test_after_a_restart_readers_stay_with_the_last_version_whose_choice_is_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Draft.open(folder / "warehouse", "r2", base=Warehouse(folder / "warehouse").current()) as draft:
        draft.con.execute("update mart.agent_week set escalation_rate_den = escalation_rate_den + 1 where week_ix = 39")
        draft.publish()
    queries, during = asked(folder), []

    def looked(queries: Queries, kpi: str) -> None:
        del kpi
        during.append(Queries.run_id(queries))
        queries._local.run_id = None  # as another thread, that of a reader
        with seen_by(READER):
            during.append(queries.run_id())
        queries._local.run_id = "r2"

    monkeypatch.setattr(choosing, "blocks", looked)
    monkeypatch.setattr(choosing, "by_week", lambda *_: None)
    with seen_by(READER):
        choosing.prepare(queries)
        assert during == ["r2", "r1"] * len(KPIS)
        assert queries.run_id() == "r2"


def test_one_process_chooses_and_the_others_wait_for_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells_of(folder).unlink()
    for name in ("blocks", "by_week"):
        monkeypatch.setattr(choosing, name, lambda *_: None)
    monkeypatch.setattr(choosing, "WAIT_SECONDS", 0.02)
    queries, said = asked(folder), threading.Event()
    with FileLock(folder / "warehouse" / choosing.LOCK_FILE):
        waiting = threading.Thread(target=choosing.prepare, args=(queries, lambda _: said.set()))
        waiting.start()
        assert said.wait(20)
        assert queries.prepared is None
    waiting.join(20)
    assert queries.prepared == Prepared("r1", "r1")


def test_a_file_names_nobody(folder: Path) -> None:
    words = set(cells_of(folder).read_text(encoding="ascii").split())
    assert len(words) == 4
    assert all(len(word) > 12 for word in words)


def test_hashes_tell_kinds_of_values_apart() -> None:
    values = [("ab", "c"), ("a", "bc"), (1,), ("1",), (True,), (None,), (b"1",), (("a",), "b"), ("a", "b"),
              (np.zeros(2),), (np.zeros(2, np.int64),), (np.zeros((1, 2)),)]  # fmt: skip
    assert len({digest(*each) for each in values}) == len(values)
    with pytest.raises(TypeError, match="float"):
        digest(1.5)
